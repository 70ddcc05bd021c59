"""Small experiments, and what tests ask of them."""

from pathlib import Path

from training_helpers import Watching, followed, numbers, small_project

from engine.jobs import JobControl
from engine.spec import ProjectSpec
from engine.train import runs
from engine.train.experiments import Plan, SearchPlan, read_experiment
from engine.train.experiments.runner import run_experiment, start_experiment
from engine.train.experiments.settings import parse_choice


def started(project: ProjectSpec, path: Path, plan: Plan, control: JobControl | None = None) -> Watching:
    return followed(start_experiment(project, path, plan, control or JobControl()))


def gone_on(path: Path, number: int = 1) -> Watching:
    return followed(run_experiment(path, number, JobControl()))


def search(project: ProjectSpec, method: str = "grid", count: int = 9, **texts: str) -> SearchPlan:
    choices = tuple(parse_choice(project, name.replace("__", "."), text) for name, text in texts.items())
    return SearchPlan(method, choices, count)


def halving_project(folder: Path) -> ProjectSpec:
    return small_project(folder, epochs=4, learning_rate=0.01)


def halving(project: ProjectSpec) -> SearchPlan:
    return SearchPlan("halving", (parse_choice(project, "learning_rate", "1e-6, 0.001, 0.01, 0.1"),), 4, factor=2)


def all_numbers(path: Path) -> dict[str, list[dict]]:
    """The histories of all runs without their clocks, by the names of the trials they belong to."""
    return {runs.read_state(folder).get("trial", ""): numbers(folder) for folder in runs.folders(path)}


def outcome(path: Path, number: int = 1) -> list[tuple]:
    """All that an experiment says of its trials, but for the numbers of runs."""
    trials = read_experiment(path, number).trials
    return [(t.name, t.state, t.marks, t.last_accuracy, t.epochs, t.best_epoch, t.reason) for t in trials]
