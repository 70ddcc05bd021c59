"""Registries: added once, found everywhere, an unknown name gets a hint."""

import pytest

from engine.errors import EngineError
from engine.registry import Registry


def fruits(load=None) -> Registry:
    registry = Registry("fruit", load)
    for name, title in (("apple", "Apple"), ("banana", "Banana"), ("cherry", "Cherry")):
        registry.add(name, title)(type(title, (), {}))
    return registry


def test_entries_keep_their_order_and_know_their_names():
    registry = fruits()
    assert registry.names() == ("apple", "banana", "cherry") and len(registry) == 3
    assert [kind.title for kind in registry] == ["Apple", "Banana", "Cherry"]
    assert registry["banana"].name == "banana"
    assert "apple" in registry and "pear" not in registry and None not in registry


def test_the_same_name_twice_is_a_programming_error():
    with pytest.raises(ValueError, match="'apple' is registered twice"):
        fruits().add("apple", "Another")(type("Another", (), {}))


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(EngineError) as caught:
        fruits()["bananna"]
    assert caught.value.what == "There is no fruit called “bananna”."
    assert caught.value.why and caught.value.fix == "Did you mean “banana”?"


def test_a_name_like_nothing_lists_all():
    with pytest.raises(EngineError) as caught:
        fruits()["zzz"]
    assert caught.value.fix == "Known: apple, banana, cherry."


@pytest.mark.parametrize("look", [len, list, Registry.names, lambda r: "late" in r, lambda r: r["late"]])
def test_declaring_modules_are_loaded_once_at_the_first_look(look):
    loaded = []

    def load():
        loaded.append(True)
        registry.add("late", "Late")(type("Late", (), {}))

    registry = Registry("thing", load)
    assert not loaded
    look(registry)
    assert registry.names() == ("late",) and len(loaded) == 1


def test_loading_may_look_into_the_registry_itself():
    def load():
        registry.add("first", "First")(type("First", (), {}))
        assert "first" in registry

    registry = Registry("thing", load)
    assert len(registry) == 1
