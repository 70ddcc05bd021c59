"""Settings: declared once, checked always, said in words."""

from dataclasses import dataclass, fields

import pytest

from engine.errors import EngineError
from engine.params import Declared, both, param, params_of


@dataclass(frozen=True)
class Every(Declared):
    """One setting of each sort."""

    switch: bool = param(True, label="Switch")
    whole: int = param(3, label="Whole", low=0, high=10, unit="pixels", zero_means="off")
    number: float = param(0.5, label="Number", low=0.0, high=1.0)
    angle: float = param(15.0, label="Angle", low=0.0, high=180.0, unit="°")
    choice: str = param("a", label="Choice", choices={"a": "the first", "b": "the second"})
    pair: int | tuple[int, int] = param(2, label="Pair", pair=True, low=1, high=9)
    size: str | int = param("same", label="Size", choices=("same", "valid"), low=0, high=9)
    text: str = param("", label="Text")
    apart: tuple[str, ...] = ()


BY_NAME = {setting.name: setting for setting in params_of(Every)}


def test_the_sort_follows_from_the_declaration():
    sorts = {name: setting.sort for name, setting in BY_NAME.items()}
    assert sorts == {
        "switch": "switch",
        "whole": "integer",
        "number": "number",
        "angle": "number",
        "choice": "choice",
        "pair": "pair",
        "size": "size",
        "text": "text",
    }
    assert "apart" not in sorts and "apart" in {field.name for field in fields(Every)}


def test_values_are_brought_to_their_stored_form():
    made = Every(whole=4.0, number=1, pair=[3, 3], size=2.0)
    assert made.values() == {
        "switch": True,
        "whole": 4,
        "number": 1.0,
        "angle": 15.0,
        "choice": "a",
        "pair": 3,
        "size": 2,
        "text": "",
    }
    assert [type(made.whole), type(made.number), type(made.size)] == [int, float, int]
    assert Every(pair=[2, 5]).pair == (2, 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("switch", 1),
        ("whole", 2.5),
        ("whole", "3"),
        ("whole", True),
        ("whole", 10**400),
        ("number", False),
        ("number", float("nan")),
        ("number", -(10**400)),
        ("choice", "c"),
        ("choice", 0),
        ("pair", "3"),
        ("pair", (1, 2, 3)),
        ("pair", (1, 2.5)),
        ("size", "sam"),
        ("size", 10),
        ("text", 5),
        ("text", None),
    ],
)
def test_what_does_not_fit_is_refused_in_words(name, value):
    with pytest.raises(EngineError) as caught:
        Every(**{name: value})
    setting = BY_NAME[name]
    assert caught.value.what.startswith(f"“{setting.label}” cannot be ")
    assert caught.value.why == f"It takes {setting.accepts()}."
    assert caught.value.fix.startswith("The usual value is ")
    assert len(str(caught.value)) < 260


def test_what_is_accepted_in_words():
    assert {name: setting.accepts() for name, setting in BY_NAME.items()} == {
        "switch": "yes or no",
        "whole": "a whole number from 0 to 10",
        "number": "a number from 0 to 1",
        "angle": "a number from 0 to 180",
        "choice": "one of: a, b",
        "pair": "one or two whole numbers from 1 to 9",
        "size": "same, valid or a whole number from 0 to 9",
        "text": "text",
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("switch", True, "yes"),
        ("switch", False, "no"),
        ("whole", 3, "3 pixels"),
        ("whole", 0, "off"),
        ("number", 0.25, "0.25"),
        ("angle", 15.0, "15°"),
        ("choice", "b", "the second"),
        ("pair", (3, 5), "3 × 5"),
        ("pair", 3, "3"),
        ("size", "valid", "valid"),
        ("size", 4, "4"),
    ],
)
def test_values_in_words(name, value, words):
    assert BY_NAME[name].said(value) == words


def test_open_bounds_in_words():
    @dataclass(frozen=True)
    class Half(Declared):
        up: int = param(1, label="Up", low=1)
        down: float = param(0.0, label="Down", high=2.5)

    assert [setting.accepts() for setting in params_of(Half)] == [
        "a whole number of at least 1",
        "a number of at most 2.5",
    ]
    assert Half(up=10**6, down=-1e9).values() == {"up": 10**6, "down": -1e9}


def test_tolerant_keeps_what_can_be_used_and_names_the_rest():
    notes: list[str] = []
    made = Every.tolerant({"whole": 99, "number": 0.75, "colour": "red", "choice": []}, notes.append, "Test")
    assert made == Every(number=0.75)
    assert len(notes) == 3
    assert "“Whole” cannot be 99." in notes[0] and "3 is used instead" in notes[0]
    assert notes[1] == "Test: the setting “colour” is unknown here and was left out."
    assert "“Choice”" in notes[2] and all(note.startswith("Test: ") for note in notes)


def test_an_endless_wrong_value_does_not_make_an_endless_message():
    with pytest.raises(EngineError) as caught:
        Every(choice="x" * 10_000)
    assert len(str(caught.value)) < 250


def test_one_number_stands_for_both_directions():
    assert both(4) == (4, 4) and both((4, 5)) == (4, 5)
