"""Commands about several runs at once; each returns what `--json` prints."""

import argparse
from dataclasses import asdict
from typing import Any

from engine.cli.bar import Bar
from engine.cli.commands import Result, followed, open_project, refuse_given, tell_training, with_options
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.spec import ProjectSpec
from engine.train.experiments.plans import FEW_TRIALS, FoldsPlan, Plan, SearchPlan, SeedsPlan


def experiment(options: argparse.Namespace, control: JobControl) -> Result:
    """Start an experiment, or go on with one."""
    from engine.train.experiments.runner import run_experiment, start_experiment

    project = with_options(open_project(options.project), options)
    if not options.search:
        refuse_given(options, "--folds, --seeds and --resume", ("method", "trials"))
    if options.resume:
        refuse_given(options, "--resume", ("epochs", "device", "method", "trials", "tensorboard"))
        work = run_experiment(options.project, _last_resumable(options), control)
    else:
        plan = _plan(project, options)
        work = start_experiment(project, options.project, plan, control, tensorboard=options.tensorboard or None)
    results = followed(work, _tell)
    print(f"experiment {results.number}, {results.title}: {results.in_words()}")
    for trial in results.trials:
        score = "–" if trial.accuracy is None else f"{trial.accuracy:.1%}"
        run = f", run {trial.run}" if trial.run else ""
        print(f"  {trial.label}: {trial.state}, {score}{run} {trial.reason}".rstrip())
    return results.as_json()


def _last_resumable(options: argparse.Namespace) -> int:
    from engine.train.experiments.store import list_experiments

    for known in list_experiments(options.project):
        if known.can_resume:
            return known.number
    raise EngineError("There is no experiment to resume.", fix="Start one with --folds, --seeds or --search.")


def _plan(project: ProjectSpec, options: argparse.Namespace) -> Plan:
    from engine.train.experiments.settings import parse_choice

    if options.folds is not None:
        return FoldsPlan(options.folds)
    if options.seeds is not None:
        return SeedsPlan(options.seeds)
    choices = []
    for text in options.search:
        name, equals, values = text.partition("=")
        if not equals:
            raise EngineError(
                f"“{text}” does not say what to try.", fix="Write a setting and values: learning_rate=0.001,0.01"
            )
        choices.append(parse_choice(project, name.strip().replace("-", "_"), values))
    method = options.method or "grid"
    if method == "grid":
        refuse_given(options, "a grid", ("trials",))
    return SearchPlan(method, tuple(choices), FEW_TRIALS if options.trials is None else options.trials)


def _tell(event: Any, bar: Bar) -> None:
    from engine.train.experiments.runner import TrialDone, TrialStarted

    if isinstance(event, TrialStarted):
        until = f", up to epoch {event.until}" if event.until else ""
        bar.line(f"{event.title}: {event.place} of {event.total}, {event.label}{until}")
    elif not isinstance(event, TrialDone):
        tell_training(event, bar)


def compare(options: argparse.Namespace, control: JobControl) -> Result:
    """Say which of two runs is better."""
    from engine.train import runs
    from engine.train.changes import changes_between
    from engine.train.compare import compare_runs

    open_project(options.project)  # a wrong path gets its own sentence
    first, second = (runs.find_run(options.project, number) for number in (options.first, options.second))
    found = compare_runs(first, second)
    difference, low, high = found.gain()
    changes = changes_between(*(runs.read_run_spec(info.folder) for info in (first, second)))
    for change in changes:
        print(change)
    print(found.verdict_in_words())
    return {
        "first": found.first,
        "second": found.second,
        "images": found.images,
        "only_first": [found.paths[place] for place in found.only_first],
        "only_second": [found.paths[place] for place in found.only_second],
        "difference": difference,
        "interval": [low, high],
        "p_value": found.p_value,
        "changes": [asdict(change) for change in changes],
    }
