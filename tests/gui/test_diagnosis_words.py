"""Whatever the engine can find in a training has words and a look of its own."""

import ast
from dataclasses import replace
from inspect import getsource
from typing import get_args

import pytest

from engine.train import diagnosis
from engine.train.diagnosis import RULES, Code, Diagnosis
from gui.pages.train.diagnosis.diagnosis_box import LOOKS
from gui.pages.train.diagnosis.diagnosis_words import SENTENCES, doubt_in_words, sentences_of

CODES = get_args(Code)
MEASURED = Diagnosis(
    "plateau",
    epochs=9,
    since=4,
    best_accuracy=0.7,
    best_epoch=5,
    gap=0.08,
    best_gap=0.06,
    loss_low=0.5,
    loss_now=0.51,
    first_loss=0.7,
    top_loss=0.9,
    train_accuracy=0.6,
    train_loss=0.45,
    accuracy_now=0.64,
    chance=0.5,
    blind_loss=0.69,
    train_blind_loss=0.69,
    pictures=200,
    per_class=40,
    learning_rate=0.5,
    usual_rate=0.001,
    reached_rate=0.1,
    answered=1,
    answered_share=0.99,
)
"""The evidence that a rule is given."""

OTHERWISE = (
    MEASURED,
    replace(MEASURED, needed=0),  # an early run whose learning rate still rises
    replace(MEASURED, gain=0.02),
    replace(MEASURED, loss_now=0.9),
    replace(MEASURED, train_accuracy=0.95),
    replace(MEASURED, jumps=4),
    replace(MEASURED, top_loss=400.0),
    replace(MEASURED, learning_rate=0.0),
    replace(MEASURED, answered=7),  # a class without a name
    replace(MEASURED, best_gap=-0.05, mixes=True),
    *(replace(MEASURED, best_gap=gap) for gap in (-0.2, -0.05, 0.0, 0.01, 0.3)),
)
"""Evidence of which each makes at least one diagnosis say something else."""


def named_by_the_engine() -> set[str]:
    """The codes that its rules give, as they are written there: `code="early"`, `Diagnosis("waiting")`."""
    found = set()
    for node in ast.walk(ast.parse(getsource(diagnosis))):
        if isinstance(node, ast.Call):
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            given += node.args[:1] if ast.unparse(node.func) == "Diagnosis" else []
            found |= {value.value for value in given if isinstance(value, ast.Constant)}
    return found


def test_every_diagnosis_of_the_engine_has_words_and_a_look():
    assert len(CODES) > len(RULES) and named_by_the_engine() == set(CODES)
    assert set(SENTENCES) == set(CODES), "give it a function in SENTENCES"
    assert set(CODES) <= set(LOOKS), "give it colours in LOOKS"


@pytest.mark.parametrize("code", CODES)
def test_what_a_diagnosis_says_is_whole(code):
    for facts in OTHERWISE:
        title, words = sentences_of(replace(facts, code=code), ("cat", "dog"))
        assert title and not title.endswith(".") and "{" not in title
        assert words.rstrip().endswith(".") and "{" not in words


def test_no_two_diagnoses_say_the_same():
    said = [sentences_of(replace(MEASURED, code=code), ("cat", "dog")) for code in CODES]
    assert len(set(said)) == len({title for title, _ in said}) == len(CODES)


@pytest.mark.parametrize("facts", OTHERWISE[1:], ids=range(1, len(OTHERWISE)))
def test_the_evidence_changes_what_is_said(facts):
    assert any(sentences_of(replace(facts, code=code)) != sentences_of(replace(MEASURED, code=code)) for code in CODES)


def test_the_class_that_is_always_answered_is_named_where_its_name_is_known():
    found = replace(MEASURED, code="collapse")
    assert sentences_of(found, ("cat", "dog"))[0] == "Always answers “dog”"
    assert sentences_of(found, ())[0] == "Always answers “class 2”"
    assert sentences_of(replace(found, answered=-1), ("cat", "dog"))[0] == "Always answers “class 0”"


@pytest.mark.parametrize(("pictures", "words"), [(0, ""), (1, "Only 1 validation image:"), (29, "Only 29"), (30, "")])
def test_few_images_are_a_doubt_that_is_told(pictures, words):
    said = doubt_in_words(replace(MEASURED, pictures=pictures))
    assert said.startswith(words) and bool(said) == bool(words)
    assert not doubt_in_words(replace(MEASURED, pictures=pictures, code="diverged"))
