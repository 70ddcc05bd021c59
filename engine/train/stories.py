"""What the files of a run tell for its diagnosis."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.train import history, runs
from engine.train.diagnosis import WINDOW, Story
from engine.train.history import EpochLine
from engine.train.optimizers import OPTIMIZERS
from engine.train.watch import WatchFolder


def story_of(folder: Path, lines: Sequence[EpochLine] | None = None, *, ended: bool = False) -> Story:
    """The story of one run; what is missing or damaged is left open.

    Args:
        folder: of the run.
        lines: its finished epochs, where they are known; else they are read.
        ended: no more epochs come.
    """
    lines = history.read(folder) if lines is None else lines
    counts = _counts(folder)
    state = runs.read_state(folder)
    rate, usual = _rates(folder)
    train_images, planned = state.get("train_images", 0), state.get("epochs", 0)
    can_go_on = isinstance(planned, int) and len(lines) < planned and state.get("state") in ("stopped", "interrupted")
    return Story.of(
        lines,
        classes=max(2, len(counts) or len(state.get("classes") or ())),
        counts=counts,
        answers=_answers(folder, [line.epoch for line in lines[-WINDOW:]]),
        train_pictures=train_images if isinstance(train_images, int) else 0,
        learning_rate=rate,
        usual_rate=usual,
        reached_rate=max((line.learning_rate for line in lines), default=0.0),
        ended=ended,
        cut_short=can_go_on,
        diverged=bool(state.get("diverged")),
    )


@lru_cache(maxsize=64)
def _counts_at(folder: Path, modified: int) -> tuple[int, ...]:
    try:
        stored = json.loads((folder / "watch" / "pictures.json").read_text("utf-8"))
        return tuple(np.bincount(stored["labels"], minlength=len(stored["classes"])).tolist())
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _counts(folder: Path) -> tuple[int, ...]:
    """Validation pictures of each class; empty where that is not known."""
    try:
        # A number is used again for another run once the last one was discarded.
        return _counts_at(folder, (folder / "watch" / "pictures.json").stat().st_mtime_ns)
    except OSError:
        return ()


def _answers(folder: Path, epochs: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """How many validation pictures were given to each class at the end of `epochs`; none where one is missing."""
    watch, found = WatchFolder(folder), []
    for epoch in epochs:
        probabilities = watch.load(epoch)
        if probabilities is None or probabilities.ndim != 2 or not len(probabilities):
            return ()
        found.append(tuple(np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1]).tolist()))
    return tuple(found)


@lru_cache(maxsize=64)
def _rates_at(folder: Path, modified: int) -> tuple[float, float]:
    try:
        recipe = runs.read_run_spec(folder).recipe
    except EngineError:
        return 0.0, 0.0
    kind = recipe.optimizer.kind
    return recipe.learning_rate, OPTIMIZERS[kind].usual_learning_rate if kind in OPTIMIZERS else 0.0


def _rates(folder: Path) -> tuple[float, float]:
    """The learning rate of the recipe, and the usual one of its optimizer; 0 where they are not known."""
    try:
        return _rates_at(folder, (folder / runs.SPEC).stat().st_mtime_ns)
    except OSError:
        return 0.0, 0.0
