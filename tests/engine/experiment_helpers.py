"""Small experiments, and what tests ask of them."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from training_helpers import Watching, followed, numbers, small_project, until

from engine.errors import TrainingDiverged
from engine.jobs import JobControl
from engine.spec import ProjectSpec
from engine.train import runs, trainer
from engine.train.events import EpochDone
from engine.train.experiments import Plan, SearchPlan, read_experiment
from engine.train.experiments.runner import run_experiment, start_experiment
from engine.train.experiments.settings import parse_choice


def started(project: ProjectSpec, path: Path, plan: Plan, control: JobControl | None = None) -> Watching:
    return followed(start_experiment(project, path, plan, control or JobControl()))


def gone_on(path: Path, number: int = 1) -> Watching:
    return followed(run_experiment(path, number, JobControl()))


def interrupted(project: ProjectSpec, path: Path, plan: Plan, count: int, kind: type = EpochDone) -> None:
    """Work on an experiment up to its `count`-th event of `kind`, and leave it as a closing window does."""
    with closing(start_experiment(project, path, plan, JobControl())) as work:
        until(work, kind, count)


def search(project: ProjectSpec, method: str = "grid", count: int = 9, **texts: str) -> SearchPlan:
    choices = tuple(parse_choice(project, name.replace("__", "."), text) for name, text in texts.items())
    return SearchPlan(method, choices, count)


def halving_project(folder: Path) -> ProjectSpec:
    return small_project(folder, epochs=4, learning_rate=0.01)


def halving(project: ProjectSpec) -> SearchPlan:
    return SearchPlan("halving", (parse_choice(project, "learning_rate", "1e-6, 0.001, 0.01, 0.1"),), 4, factor=2)


def diverging(monkeypatch: pytest.MonkeyPatch, fails: Callable[[ProjectSpec, int], bool]) -> None:
    """Let trainings diverge, by what they train and in which epoch."""
    real = trainer.Record.keep

    def keep(record: trainer.Record, event: EpochDone) -> None:
        if fails(runs.read_run_spec(record.folder), event.epoch):
            raise TrainingDiverged("It diverged.")
        real(record, event)

    monkeypatch.setattr(trainer.Record, "keep", keep)


def all_numbers(path: Path) -> dict[str, list[dict]]:
    """The histories of all runs without their clocks, by the names of the trials they belong to."""
    return {runs.read_state(folder).get("trial", ""): numbers(folder) for folder in runs.folders(path)}


def outcome(path: Path, number: int = 1) -> list[tuple]:
    """All that an experiment says of its trials, but for the numbers of runs."""
    trials = read_experiment(path, number).trials
    return [(t.name, t.state, t.marks, t.last_accuracy, t.epochs, t.best_epoch, t.reason) for t in trials]
