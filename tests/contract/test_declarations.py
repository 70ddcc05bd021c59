"""Every declared setting, of whatever registry: explained, bounded, checked, and kept by the file format."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import NUMERIC, instances, just_outside
from engine.errors import EngineError
from engine.layers import LAYERS
from engine.params import params_of
from engine.spec import Chosen, DataSpec, NetworkSpec, Node, ProjectSpec, RecipeSpec
from engine.spec.files import from_json, to_json
from engine.tasks import LOSSES
from engine.train.optimizers import OPTIMIZERS
from engine.train.schedules import SCHEDULES

REGISTRIES = {"layer": LAYERS, "optimizer": OPTIMIZERS, "schedule": SCHEDULES, "loss": LOSSES}
ENTRIES = [pytest.param(kind, id=f"{sort}-{kind.name}") for sort, registry in REGISTRIES.items() for kind in registry]
SPECS = [pytest.param(DataSpec, id="spec-data"), pytest.param(RecipeSpec, id="spec-recipe")]
SETTINGS = [
    pytest.param(entry.values[0], setting, id=f"{entry.id}-{setting.name}")
    for entry in ENTRIES + SPECS
    for setting in params_of(entry.values[0])
]
NEVER = (None, {}, [], [1, 2, 3], b"bytes", math.nan, math.inf, 10**400, -(10**400))


def full_sentences(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Z“].*[.?]", text, re.DOTALL)) and "  " not in text and "\n" not in text


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_introduces_itself(kind):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", kind.name)
    assert kind.title and kind.title == kind.title.strip()
    help_text = " ".join(kind.__doc__.split("\n\n")[0].split())
    assert full_sentences(help_text) and 40 < len(help_text) < 260


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_is_frozen_and_equal_by_value(kind):
    assert kind() == kind() and hash(kind()) == hash(kind())
    with pytest.raises(AttributeError):
        kind().something = 1
    assert kind(**kind().values()) == kind()


@pytest.mark.parametrize("sort", REGISTRIES)
def test_titles_are_told_apart(sort):
    titles = [kind.title for kind in REGISTRIES[sort]]
    assert len(titles) == len(set(titles)) >= 3


@pytest.mark.parametrize(("kind", "setting"), SETTINGS)
def test_a_setting_is_explained(kind, setting):
    assert setting.label[0].isupper() and len(setting.label) <= 24
    assert full_sentences(setting.help) and len(setting.help) < 160
    assert setting.accepts() and setting.said(setting.default)
    if setting.sort in NUMERIC:
        assert setting.low is not None and setting.high is not None and setting.low < setting.high
    if setting.choice_labels:
        assert len(setting.choice_labels) == len(setting.choices) and all(setting.choice_labels)
    if setting.zero_means:
        assert setting.low == 0 and setting.said(0) == setting.zero_means


@pytest.mark.parametrize(("kind", "setting"), SETTINGS)
def test_a_setting_takes_its_default_and_nothing_outside(kind, setting):
    assert setting.clean(setting.default) == setting.default
    assert type(setting.clean(setting.default)) is type(setting.default)
    for value in setting.choices:
        assert setting.clean(value) == value
    if setting.sort in NUMERIC:
        assert setting.clean(setting.low) == setting.low and setting.clean(setting.high) == setting.high
    wrong = [*NEVER, *(just_outside(setting) if setting.sort in NUMERIC else ())]
    if setting.sort != "switch":
        wrong.append(True)
    if setting.sort != "text":
        wrong.append("no such choice")
    for value in wrong:
        with pytest.raises(EngineError) as caught:
            kind(**{setting.name: value})
        assert setting.label in caught.value.what and caught.value.why and caught.value.fix


@pytest.mark.parametrize("sort", ("pair",))
def test_pairs_take_one_or_two_numbers(sort):
    pairs = [entry.values[1] for entry in SETTINGS if entry.values[1].sort == sort]
    assert pairs
    for setting in pairs:
        low, high = int(setting.low), int(setting.high)
        assert setting.clean([low, high]) == (low, high)
        assert setting.clean((low, low)) == low, "two equal numbers are stored as one"
        for wrong in ([low], [low, high + 1], [low - 1, high], [low, "2"], [low, None]):
            with pytest.raises(EngineError):
                setting.clean(wrong)


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in LAYERS])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_layer_survives_the_file(kind, data):
    layer = data.draw(instances(kind))
    project = ProjectSpec(network=NetworkSpec((Node("a", kind.name, layer.values()),)))
    read, notes = from_json(to_json(project))
    assert not notes and read == project
    assert kind(**read.network["a"].params) == layer


@pytest.mark.parametrize("kind", [entry for entry in ENTRIES if not entry.id.startswith("layer")])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_choice_survives_the_file(kind, data):
    made = data.draw(instances(kind))
    role = next(name for name, registry in REGISTRIES.items() if kind in tuple(registry))
    project = ProjectSpec(recipe=RecipeSpec(**{role: Chosen(kind.name, made.values())}))
    read, notes = from_json(to_json(project))
    assert not notes and read == project
    assert kind(**getattr(read.recipe, role).params) == made
