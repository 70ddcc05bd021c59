"""Runs in words: what became of one, what it was trained with, and what is different from its parent."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine.errors import EngineError
from engine.params import short_number
from engine.train.changes import changes_between, in_one_line
from engine.train.compare import Comparison, compare_runs, points, signed
from engine.train.experiments.results import results_of
from engine.train.experiments.store import Experiment
from engine.train.optimizers import OPTIMIZERS
from engine.train.runs import SPEC, RunInfo
from gui.pages.train.runs.run_spec import spec_of
from gui.widgets.bars import number


def _tr(text: str) -> str:
    return QCoreApplication.translate("Runs", text)


def state_in_words(info: RunInfo, *, is_paused: bool = False, left: str = "") -> str:
    """Return what became of a run: "finished · 30 epochs", "interrupted · 9 of 30".

    Args:
        left: what a search did with it that did not train it to its end; see `left_in_words`.
    """
    states = {
        "running": _tr("training"),
        "paused": _tr("paused"),
        "finished": _tr("finished"),
        "stopped": _tr("stopped"),
        "interrupted": _tr("interrupted"),
        "failed": _tr("failed"),
    }
    broken = {"diverged": _tr("diverged"), "exploded": _tr("loss exploded")}
    state = "paused" if is_paused else info.state
    words = left or states.get(state, state)
    if not left and state not in ("running", "paused"):
        words = broken.get(info.trouble, _tr("stopped early") if info.ended_early else words)
    is_whole = (words == states["finished"]) or info.epochs_done >= info.epochs
    whole = _tr("1 epoch") if info.epochs_done == 1 else _tr("{done} epochs")
    place = whole if is_whole else _tr("{done} of {all}")
    return f"{words} · {place}".format(done=number(info.epochs_done), all=number(info.epochs))


def recipe_in_words(info: RunInfo) -> str:
    """Return what a run was trained with, line by line, read from its files; empty where they cannot be read."""
    spec = spec_of(info.folder)
    if spec is None:
        return ""
    recipe = spec.recipe
    kind = recipe.optimizer.kind
    size = _tr("batch size {size}").format(size=number(recipe.batch_size))
    lines = (
        _tr("{count} epochs").format(count=number(recipe.epochs)),
        size if recipe.batch_size else _tr("automatic batch size"),
        OPTIMIZERS[kind].title if kind in OPTIMIZERS else kind,
        _tr("learning rate {rate}").format(rate=short_number(recipe.learning_rate)),
        _tr("{count} parameters").format(count=number(info.parameters)),
    )
    return "\n".join(lines)


@lru_cache(maxsize=2000)
def _changes_at(parent: Path, child: Path, parent_modified: int, child_modified: int) -> str:
    before, after = spec_of(parent), spec_of(child)
    if before is None or after is None:
        return ""
    changes = changes_between(before, after)
    return in_one_line(changes) or _tr("same settings as {run}").format(
        run=_tr("run {number}").format(number=int(parent.name))
    )


def _changes(parent: Path, child: Path) -> str:
    """The line of changes; read once, for the specification of a run never changes."""
    try:
        # A number is used again for another run once the last one was discarded.
        return _changes_at(parent, child, *((folder / SPEC).stat().st_mtime_ns for folder in (parent, child)))
    except OSError:
        return ""


def change_in_words(info: RunInfo, parent: RunInfo | None) -> str:
    """Return what is different from the parent: "learning rate 0.001 → 0.0003".

    A trial of an experiment says what it is of that, and a run that was continued where it began. Empty for the first
    run of all.
    """
    if info.restarted_after and info.parent is not None:
        more = max(0, info.epochs - info.restarted_after)
        one, many = _tr("continued from run {run}, 1 more epoch"), _tr("continued from run {run}, {count} more epochs")
        return (one if more == 1 else many).format(run=info.parent, count=number(more))
    return info.label if info.experiment is not None or parent is None else _changes(parent.folder, info.folder)


def experiment_in_words(experiment: Experiment, *, brief: bool = False) -> str:
    """Return how far an experiment is and what it has found: "3 of 5 done · 81.2 % ± 2.1 points over 3 folds".

    Args:
        brief: without what the mean is of, unless some failed: "81.2 % ± 2.1 points".
    """
    done, total = experiment.done, len(experiment.trials)
    found = results_of(experiment)
    parts = [] if done == total and experiment.state == "finished" else [_tr("{done} of {all} done")]
    result = found.score_in_words() if brief and found.mean is not None else found.in_words()
    is_told = found.best is not None or (total > 0 and found.failed == total)
    parts += [result] if is_told and experiment.kind != "queue" else []
    words = {"running": _tr("running"), "interrupted": _tr("interrupted"), "stopped": _tr("stopped")}
    # A queue that has ended is open again for what was added since; nobody has stopped that, nor what never began.
    has_begun = experiment.state != "finished" and any(trial.state != "waiting" for trial in experiment.trials)
    state = words.get(experiment.state, "") if has_begun or experiment.state == "running" else _tr("waiting")
    parts += [state] if done < total else []
    return " · ".join(parts).format(done=done, all=total) or _tr("done")


def difference_in_words(info: RunInfo, parent: RunInfo | None) -> str:
    """Return what came of the change: "+1.2 points"; empty while that is not known."""
    is_known = parent is not None and parent.best_accuracy is not None and info.best_accuracy is not None
    if not is_known or info.experiment is not None or info.state == "running":
        return ""
    return points(info.best_accuracy - parent.best_accuracy)


def lengths_in_words(first: RunInfo, second: RunInfo) -> str:
    """Return for how many epochs two runs were trained: "Run 4 was trained for 1 of 30 planned epochs, run 5 for 34."

    Empty where both have come to the end of the same plan.
    """
    if first.epochs_done == second.epochs_done and all(info.epochs_done == info.epochs for info in (first, second)):
        return ""
    words = _tr("Run {first} was trained for {first_length}, run {second} for {second_length}.")
    lengths = {"first_length": _length(first), "second_length": _length(second)}
    return words.format(first=first.number, second=second.number, **lengths)


def _length(info: RunInfo) -> str:
    if info.epochs_done < info.epochs:
        words = _tr("{done} of {all} planned epochs")
    else:
        words = _tr("1 epoch") if info.epochs_done == 1 else _tr("{done} epochs")
    return words.format(done=number(info.epochs_done), all=number(info.epochs))


def added_nothing(info: RunInfo) -> bool:
    """Whether a run that was continued is as good as it was before: its best epoch is one that it began with."""
    return bool(info.restarted_after) and info.best_epoch <= info.restarted_after < info.epochs_done


def added_nothing_in_words(info: RunInfo) -> str:
    """Return what came of the epochs of a run for which `added_nothing` holds."""
    more = info.epochs_done - info.restarted_after
    one, many = _tr("The added epoch brought"), _tr("The {count} added epochs brought")
    words = _tr("nothing better than epoch {best}, which run {run} had reached.").format(
        best=number(info.best_epoch), run=info.parent
    )
    return f"{one if more == 1 else many.format(count=number(more))} {words}"


def gain_in_words(info: RunInfo, parent: RunInfo | None) -> str:
    """Return how sure it is that a run is better or worse than its parent; read from files, empty where that cannot
    be said."""
    if parent is None or info.state == "running":
        return ""
    if added_nothing(info):
        return added_nothing_in_words(info)
    try:
        return against_in_words(compare_runs(parent, info), parent, info)
    except EngineError:
        return ""


def against_in_words(found: Comparison, parent: RunInfo, child: RunInfo) -> str:
    """Return a verdict for everybody, and behind it the numbers for those who know them. Raises: EngineError."""
    difference, low, high = found.gain()
    if _is_repeat(found, parent, child):
        return _tr("The same result as run {number}: same settings and same seed.").format(number=parent.number)
    size = f"{abs(100 * difference):.1f}"
    if size == "0.0":
        words = _tr("As good as run {number}{luck} (on {images}; 95 %: {range}).")
    elif difference > 0:
        words = _tr("{size} points better than run {number}{luck} (on {images}; 95 %: {range}).")
    else:
        words = _tr("{size} points worse than run {number}{luck} (on {images}; 95 %: {range}).")
    one, many = _tr("1 image"), _tr("{count} images").format(count=number(found.images))
    return words.format(
        size=size,
        number=parent.number,
        luck="" if found.is_sure or size == "0.0" else _tr(", but that may be luck"),
        images=one if found.images == 1 else many,
        range=_range(low, high),
    )


def so_far_in_words(info: RunInfo) -> str:
    """Return what stands before a verdict on a run that has not come to its end: "At epoch 14 of 300: "."""
    if not info.can_resume or info.epochs_done >= info.epochs:
        return ""
    return _tr("At epoch {done} of {all}: ").format(done=number(info.epochs_done), all=number(info.epochs))


def _range(low: float, high: float) -> str:
    """Both ends of an interval; where they say the same thing, in words."""
    if low > 0:
        return _tr("{low} to {high} better").format(low=f"{100 * low:.1f}", high=f"{100 * high:.1f}")
    if high < 0:
        return _tr("{low} to {high} worse").format(low=f"{-100 * high:.1f}", high=f"{-100 * low:.1f}")
    return _tr("{low} to {high}").format(low=signed(low), high=signed(high))


def _is_repeat(found: Comparison, parent: RunInfo, child: RunInfo) -> bool:
    """Whether the same was trained again, seed included, and came out the same."""
    if len(found.only_first) or len(found.only_second) or parent.best_accuracy != child.best_accuracy:
        return False
    before, after = spec_of(parent.folder), spec_of(child.folder)
    return before is not None and after is not None and not changes_between(before, after)
