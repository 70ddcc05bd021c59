"""Successive halving: the best of a rung go on, those that fail are replaced, and an answer is found if one can be."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from experiment_helpers import diverging, gone_on, halving, halving_project, interrupted, outcome, started
from hypothesis import given
from hypothesis import strategies as st
from training_helpers import numbers, trained
from training_helpers import one_thread as one_thread

from engine.errors import EngineError
from engine.spec import ProjectSpec
from engine.train import runs
from engine.train.events import EpochDone
from engine.train.experiments import read_experiment, results_of, runner
from engine.train.experiments.halving import settled, standing
from engine.train.experiments.plans import halving_rungs
from engine.train.experiments.runner import TrialDone, TrialStarted
from engine.train.experiments.settings import with_values
from engine.train.experiments.store import Experiment, Trial

Fails = Callable[[str, int], bool]


class Race:
    """A search without trainings: trial "t3" is better than "t2" on every rung, and fails where it is told to.

    Attributes:
        log: (trial, rung) in the order in which they were trained.
    """

    def __init__(self, count: int, epochs: int, factor: int, fails: Fails = lambda name, rung: False):
        self.rungs, self.factor, self.fails = halving_rungs(count, epochs, factor), factor, fails
        self.trials = tuple(Trial(f"t{n}", f"trial {n}") for n in range(count))
        self.log: list[tuple[str, int]] = []

    def step(self) -> bool:
        """Train what is next. Returns: whether there was something."""
        following = standing(self.trials, self.rungs, self.factor).following
        if following is None:
            return False
        rung = len(following.marks)
        self.log.append((following.name, rung))
        if self.fails(following.name, rung):
            after = replace(following, state="failed", reason="diverged")
        else:
            mark = (int(following.name[1:]) / 1000, 1.0)
            state = "finished" if rung + 1 == len(self.rungs) else "judged"
            after = replace(following, state=state, marks=(*following.marks, mark), epochs=self.rungs[rung])
        changed = tuple(after if trial.name == after.name else trial for trial in self.trials)
        self.trials = settled(changed, self.rungs, self.factor)
        return True

    def whole(self) -> "Race":
        while self.step():
            pass
        return self

    def on(self, rung: int) -> list[str]:
        return [name for name, at in self.log if at == rung]

    def states(self) -> dict[str, str]:
        return {trial.name: trial.state for trial in self.trials}

    def found(self, state: str = "finished"):
        experiment = Experiment(1, Path(), "search", "Search", state, self.trials, rungs=self.rungs, factor=self.factor)
        return results_of(experiment)


def test_of_nine_three_go_on_and_then_one():
    race = Race(9, 9, 3).whole()
    assert race.rungs == (1, 3, 9)
    assert race.on(1) == ["t6", "t7", "t8"] and race.on(2) == ["t8"]
    assert sorted(race.states().values()) == 8 * ["dropped"] + ["finished"]
    assert all("Others did better after" in trial.reason for trial in race.trials if trial.state == "dropped")


def test_the_best_go_on_by_accuracy_then_by_loss_then_in_order():
    marks = {"a": (0.5, 1.0), "b": (0.9, 0.4), "c": (0.9, 0.3), "d": (0.1, 9.0), "e": (0.9, 0.4), "f": (0.1, 0.1)}
    trials = [Trial(name, name, state="judged", marks=(mark,), epochs=1) for name, mark in marks.items()]
    assert standing(trials, (1, 2), 3).entrants[1] == ("b", "c")
    assert [trial.name for trial in settled(trials, (1, 2), 3) if trial.state == "dropped"] == ["a", "d", "e", "f"]


def test_the_one_that_diverges_on_the_last_rung_is_replaced_by_its_runner_up():
    race = Race(9, 9, 3, lambda name, rung: (name, rung) == ("t8", 2)).whole()
    assert race.on(2) == ["t8", "t7"] and race.on(1) == ["t6", "t7", "t8"], "nothing is trained twice"
    assert race.found().best.name == "t7" and race.found().best.reason == ""
    assert race.found().in_words() == "Best: 0.7 % with trial 7; 1 failed"


def test_failed_trials_do_not_make_fewer_go_on():
    race = Race(9, 9, 3, lambda name, rung: name in ("t5", "t6", "t7", "t8")).whole()
    assert race.on(1) == ["t2", "t3", "t4"] and race.on(2) == ["t4"]


def test_who_fails_within_a_rung_is_replaced_on_that_rung():
    race = Race(9, 9, 3, lambda name, rung: (name, rung) in {("t7", 1), ("t5", 1)}).whole()
    assert race.on(1) == ["t6", "t7", "t5", "t4", "t8"] and race.on(2) == ["t8"]


def test_where_all_fail_that_came_from_a_rung_the_next_of_the_rung_below_is_called_up():
    race = Race(9, 9, 3, lambda name, rung: rung == 2 and name in ("t6", "t7", "t8")).whole()
    assert race.on(2) == ["t8", "t7", "t6", "t5"] and race.on(1) == ["t6", "t7", "t8", "t5"]
    assert race.found().best.name == "t5"


def test_where_all_fail_at_the_end_the_best_of_those_that_came_furthest_is_the_answer():
    race = Race(4, 4, 2, lambda name, rung: rung == 2).whole()
    assert set(race.states().values()) == {"failed"}
    assert race.found().best.name == "t3"
    assert race.found().in_words() == "Best after 2 epochs: 0.3 % with trial 3; 4 failed"
    nothing = Race(4, 4, 2, lambda name, rung: True).whole()
    assert nothing.found().best is None and nothing.found().in_words() == "All 4 trials failed."


def test_a_search_under_way_says_who_is_ahead():
    race = Race(4, 4, 2)
    assert race.found("running").in_words() == "No trial has come to its end yet."
    for _ in range(5):
        race.step()
    assert race.found("running").in_words() == "Best after 2 epochs: 0.2 % with trial 2", "t2 alone came so far"


@st.composite
def races(draw) -> Race:
    count, factor = draw(st.integers(2, 30)), draw(st.integers(2, 4))
    bad = draw(st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, 4)), max_size=60))
    return Race(count, draw(st.integers(1, 60)), factor, lambda name, rung: (int(name[1:]), rung) in bad)


@given(races())
def test_whatever_fails_the_best_go_on_and_there_is_an_answer(race):
    count = len(race.trials)
    while race.step():
        # Killed here, whoever goes on sees that something is left.
        is_over = standing(race.trials, race.rungs, race.factor).following is None
        assert is_over == all(trial.is_done for trial in race.trials)
    assert len(set(race.log)) == len(race.log), "no part is trained twice"
    places, last = count, len(race.rungs) - 1
    for rung in range(last):
        came = [trial for trial in race.trials if len(trial.marks) > rung]
        places = max(1, places // race.factor)
        let_in = race.on(rung + 1)
        failed = [name for name in let_in if race.fails(name, rung + 1)]
        assert len(let_in) - len(failed) >= min(places, len(came) - len(failed))
        ahead = sorted((int(trial.name[1:]) for trial in came), reverse=True)
        if last == 1:  # with more rungs, who is called up late may be better than those before
            assert sorted((int(name[1:]) for name in let_in), reverse=True) == ahead[: len(let_in)]
    could = [n for n in range(count) if not any(race.fails(f"t{n}", rung) for rung in range(last + 1))]
    finished = [trial for trial in race.trials if trial.state == "finished"]
    assert finished or not could, "who could come to its end does"
    assert (race.found().best is None) == all(not trial.marks for trial in race.trials)
    if not any(trial.state == "failed" for trial in race.trials):
        assert race.found().best.name == f"t{count - 1}" and len(finished) == places


@given(races())
def test_a_race_depends_on_nothing_but_what_is_stored(race):
    race.whole()
    for _ in range(2):
        assert settled(race.trials, race.rungs, race.factor) == race.trials


# ---- with trainings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P" / "P.atelier"


def late(trial: Trial) -> Callable[[ProjectSpec, int], bool]:
    """Whether it is this trial, on its last rung."""
    return lambda project, epoch: project.recipe.learning_rate == trial.values["learning_rate"] and epoch == 3


def test_the_runner_up_goes_on_exactly_where_it_stopped(picture_folder, path, tmp_path, monkeypatch):
    project = halving_project(picture_folder)
    first = started(project, tmp_path / "all" / "P.atelier", halving(project)).result.best
    with monkeypatch.context() as patch:
        diverging(patch, late(first))
        watching = started(project, path, halving(project))
    found = watching.result
    assert found.best is not None and found.best.state == "finished" and found.best.values != first.values
    (failed,) = [trial for trial in found.trials if trial.state == "failed"]
    assert failed.values == first.values and len(failed.marks) == 2
    alone = tmp_path / "alone" / "P.atelier"
    trained(with_values(project, found.best.values), alone)
    assert numbers(runs.run_folder(path, found.best.run)) == numbers(runs.run_folder(alone, 1))
    assert len(runs.list_runs(path)) == 4, "it is its own run that went on"


@pytest.mark.parametrize("kind", [TrialDone, TrialStarted, EpochDone])
@pytest.mark.parametrize("count", [6, 7, 8])
def test_left_around_a_failure_it_goes_on_and_ends_as_if_it_had_not(
    picture_folder, path, tmp_path, monkeypatch, kind, count
):
    project, whole = halving_project(picture_folder), tmp_path / "whole" / "P.atelier"
    first = started(project, tmp_path / "all" / "P.atelier", halving(project)).result.best
    diverging(monkeypatch, late(first))
    started(project, whole, halving(project))
    interrupted(project, path, halving(project), count, kind)
    left = read_experiment(path, 1)
    if any(trial.state not in ("finished", "failed", "dropped") for trial in left.trials):
        assert left.can_resume
        gone_on(path)
    assert outcome(path) == outcome(whole)


def test_what_stops_a_trial_from_going_on_is_no_answer(picture_folder, path, monkeypatch):
    """As a full disk, or images that are away for a while: not the fault of its learning rate."""
    project = halving_project(picture_folder)

    def refuse(*args):
        raise EngineError("The drive is gone.")

    with monkeypatch.context() as patch:
        patch.setattr(runner, "resume_run", refuse)
        with pytest.raises(EngineError, match="drive is gone"):
            started(project, path, halving(project))
    assert not [trial for trial in read_experiment(path, 1).trials if trial.state == "failed"]
    assert gone_on(path).result.state == "finished"


def test_images_that_are_gone_do_not_fail_the_trials_that_have_not_begun(picture_folder, path, monkeypatch):
    project, real, begun = halving_project(picture_folder), runner.start_run, []

    def start(*args, **named):
        begun.append(1)
        if len(begun) == 2:
            next(picture_folder.rglob("*.png")).unlink()
            raise EngineError("An image cannot be read.")
        return real(*args, **named)

    monkeypatch.setattr(runner, "start_run", start)
    with pytest.raises(EngineError, match="cannot be read"):
        started(project, path, halving(project))
    assert [trial.state for trial in read_experiment(path, 1).trials] == ["judged", "waiting", "waiting", "waiting"]
