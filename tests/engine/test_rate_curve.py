"""The learning rate between the steps that were told: as the schedule had it, or not at all."""

import json

import numpy as np
import pytest
from training_helpers import everything_told, resumed, small_project, trained
from training_helpers import one_thread as one_thread

from engine.spec import Chosen
from engine.train import step_curve
from engine.train.continuing import make_continuation
from engine.train.rate_curve import ENOUGH, filled
from engine.train.runs import SPEC
from engine.train.step_curve import StepCurve


def thin(curve: StepCurve) -> StepCurve:
    """The first and the last step, and some between."""
    places = [0, 4, len(curve.place) - 1]
    return StepCurve(*(column[places] for column in curve))


@pytest.fixture
def run(picture_folder, tmp_path, monkeypatch):
    """Train with a schedule; returns the folder of the run and all its steps."""

    def train(schedule: str):
        project = small_project(picture_folder, schedule=Chosen(schedule))
        with everything_told(monkeypatch):
            trained(project, tmp_path / "P" / "P.atelier")
        folder = tmp_path / "P" / "runs" / "0001"
        return folder, step_curve.read(folder)

    return train


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "warmup_cosine", "step", "constant"])
def test_every_step_has_the_rate_that_it_had(run, schedule):
    folder, whole = run(schedule)
    place, rate = filled(folder, thin(whole))
    assert place == pytest.approx(whole.place) and len(place) == 9
    assert rate == pytest.approx(whole.learning_rate)


def test_a_continued_run_has_the_rates_of_both_parts(run, picture_folder, tmp_path, monkeypatch):
    run("one_cycle")
    path = tmp_path / "P" / "P.atelier"
    made = make_continuation(path, 1, 2)
    with everything_told(monkeypatch):
        resumed(path, made)
    folder = path.parent / "runs" / f"{made:04d}"
    whole = step_curve.read(folder)
    kept = StepCurve(*(np.delete(column, [11, 12]) for column in whole))
    place, rate = filled(folder, kept)
    assert place == pytest.approx(whole.place) and rate == pytest.approx(whole.learning_rate)


def test_nothing_is_guessed(run, tmp_path):
    folder, whole = run("one_cycle")
    few = thin(whole)
    elsewhere = few._replace(learning_rate=few.learning_rate * np.array([1.0, 0.5, 1.0]))
    assert filled(folder, elsewhere)[0] is elsewhere.place, "the rate was lowered on the way"
    late = few._replace(place=few.place + 0.1)
    assert filled(folder, late)[0] is late.place
    assert len(filled(folder, StepCurve.none())[0]) == 0
    assert filled(tmp_path / "nowhere", few)[0] is few.place
    changed = json.loads((folder / SPEC).read_text("utf-8"))
    changed["recipe"]["learning_rate"] /= 2
    (folder / SPEC).write_text(json.dumps(changed), "utf-8")
    assert filled(folder, few)[0] is few.place
    changed["recipe"] |= {"learning_rate": 2 * changed["recipe"]["learning_rate"], "epochs": 1}
    (folder / SPEC).write_text(json.dumps(changed), "utf-8")
    assert filled(folder, few)[0] is few.place, "it went on beyond its plan"


def test_a_long_curve_is_left_as_it_is(tmp_path):
    rows = np.ones((ENOUGH, 4))
    rows[:, 0] = np.arange(1, ENOUGH + 1) / 10
    curve = StepCurve.of(rows)
    assert filled(tmp_path, curve)[0] is curve.place
