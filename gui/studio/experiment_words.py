"""Experiments in words: where one is, what came of it, and how successive halving goes about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QCoreApplication

from engine.train.changes import uncapitalised
from engine.train.experiments.halving import places
from engine.train.experiments.results import results_of
from engine.train.experiments.store import Experiment
from engine.train.runs import RunInfo


def _tr(text: str) -> str:
    return QCoreApplication.translate("Experiments", text)


def place_in_words(experiment: Experiment | None, run: int | None) -> str:
    """Return which trial of an experiment a run is, as the experiment is now: "fold 2 of 5", "training 1 of 3".

    Empty where it is none of it, and for successive halving, which trains each of its trials several times.
    """
    if experiment is None or experiment.rungs or run is None:
        return ""
    place = next((place for place, trial in enumerate(experiment.trials, start=1) if trial.run == run), None)
    if place is None:
        return ""
    if experiment.kind == "folds":
        return experiment.trials[place - 1].label
    return _tr("training {place} of {total}").format(place=place, total=len(experiment.trials))


def end_in_words(experiment: Experiment) -> str:
    """Return what came of an experiment that is not worked on any more: "Cross-validation finished · 97.9 % ± 0.6
    points", "Search stopped · 3 of 9 done · best after 2 epochs: 90.1 % with learning rate 0.01"."""
    found, total = results_of(experiment), len(experiment.trials)
    titles = {
        "folds": _tr("Cross-validation"),
        "seeds": _tr("Training with {count} seeds"),
        "search": _tr("Search"),
        "queue": _tr("Queue"),
    }
    states = {"finished": _tr("finished"), "stopped": _tr("stopped")}
    title = titles.get(experiment.kind, experiment.title).format(count=total)
    parts = [f"{title} {states.get(experiment.state, _tr('interrupted'))}"]
    if experiment.state != "finished":
        parts.append(_tr("{done} of {all} done").format(done=experiment.done, all=total))
    is_told = found.best is not None or (total > 0 and found.failed == total)
    if is_told and not (experiment.kind == "queue" and experiment.state != "finished"):
        parts.append(found.score_in_words() or uncapitalised(found.in_words()))
    return " · ".join(parts)


def left_in_words(experiments: Iterable[Experiment], infos: Iterable[RunInfo]) -> dict[int, str]:
    """Return what successive halving did with runs that it did not train to their end, by number: "given up by the
    search". Those that somebody trained further by hand are not among them."""
    words = {"dropped": _tr("given up by the search"), "judged": _tr("waits for others")}
    trials = {trial.run: trial for experiment in experiments if experiment.rungs for trial in experiment.trials}
    found: dict[int, str] = {}
    for info in infos:
        trial = trials.get(info.number) if info.experiment is not None and info.state == "stopped" else None
        if trial is not None and trial.state in words and trial.epochs == info.epochs_done:
            found[info.number] = words[trial.state]
    return found


def halving_in_words(trials: int, rungs: Sequence[int], factor: int) -> str:
    """Return one sentence on what successive halving does with so many trials.

    Args:
        rungs: the epochs after which they are judged, ascending; more than one.
        factor: one of so many goes on.
    """
    shares = {
        2: _tr("half"),
        3: _tr("third"),
        4: _tr("quarter"),
        5: _tr("fifth"),
        6: _tr("sixth"),
        7: _tr("seventh"),
        8: _tr("eighth"),
        9: _tr("ninth"),
        10: _tr("tenth"),
    }
    step, kept = _tr("{count} after epoch {epoch}"), places(trials, len(rungs), factor)[1:]
    steps = [step.format(count=count, epoch=epoch) for count, epoch in zip(kept, rungs[:-1], strict=True)]
    words = _tr(
        "Successive halving gives the worse ones up early: {trials} trainings begin, and each time only the best "
        "{share} goes on: {steps}, up to epoch {last}."
    )
    return words.format(trials=trials, share=shares.get(factor, f"1/{factor}"), steps=", ".join(steps), last=rungs[-1])
