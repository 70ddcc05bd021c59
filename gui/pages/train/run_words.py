"""Runs in words: what became of one, what it was trained with, and what is different from its parent."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine.errors import EngineError
from engine.params import short_number
from engine.train.changes import changes_between, in_one_line
from engine.train.compare import Comparison, compare_runs, points, signed
from engine.train.optimizers import OPTIMIZERS
from engine.train.runs import RunInfo, read_run_spec
from gui.widgets.bars import number


def _tr(text: str) -> str:
    return QCoreApplication.translate("Runs", text)


def state_in_words(info: RunInfo, *, is_paused: bool = False) -> str:
    """Return what became of a run: "finished · 30 epochs", "interrupted · 9 of 30 epochs"."""
    sentences = {
        "running": _tr("training · {done} of {all} epochs done"),
        "paused": _tr("paused · {done} of {all} epochs done"),
        "finished": _tr("finished · {done} epochs"),
        "stopped": _tr("stopped · {done} of {all} epochs"),
        "interrupted": _tr("interrupted · {done} of {all} epochs"),
        "failed": _tr("failed · {done} of {all} epochs"),
    }
    broken = {
        "diverged": _tr("diverged · {done} of {all} epochs"),
        "exploded": _tr("loss exploded · {done} of {all} epochs"),
    }
    state = "paused" if is_paused else info.state
    if state != "running" and not is_paused:
        sentences[state] = broken.get(info.trouble, sentences.get(state, state))
    return sentences.get(state, state).format(done=number(info.epochs_done), all=number(info.epochs))


def recipe_in_words(info: RunInfo) -> str:
    """Return what a run was trained with, line by line, read from its files; empty where they cannot be read."""
    try:
        recipe = read_run_spec(info.folder).recipe
    except EngineError:
        return ""
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
def _changes(parent: Path, child: Path) -> str:
    """The line of changes; read once, for the specification of a run never changes."""
    try:
        changes = changes_between(read_run_spec(parent), read_run_spec(child))
    except EngineError:
        return ""
    return in_one_line(changes) or _tr("same settings as {run}").format(
        run=_tr("run {number}").format(number=int(parent.name))
    )


def change_in_words(info: RunInfo, parent: RunInfo | None) -> str:
    """Return what is different from the parent: "learning rate 0.001 → 0.0003".

    A trial of an experiment says what it is of that. Empty for the first run of all.
    """
    return info.label if info.experiment is not None or parent is None else _changes(parent.folder, info.folder)


def difference_in_words(info: RunInfo, parent: RunInfo | None) -> str:
    """Return what came of the change: "+1.2 points"; empty while that is not known."""
    is_known = parent is not None and parent.best_accuracy is not None and info.best_accuracy is not None
    if not is_known or info.experiment is not None or info.state == "running":
        return ""
    return points(info.best_accuracy - parent.best_accuracy)


def gain_in_words(info: RunInfo, parent: RunInfo | None) -> str:
    """Return how sure it is that a run is better or worse than its parent; read from files, empty where that cannot
    be said."""
    if parent is None or info.state == "running":
        return ""
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
    try:
        return not changes_between(read_run_spec(parent.folder), read_run_spec(child.folder))
    except EngineError:
        return False
