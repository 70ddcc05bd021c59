"""What the files of a run tell for its diagnosis."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.augment import AUGMENTATIONS
from engine.data.augment.base import Mixing
from engine.data.choose import make
from engine.errors import EngineError
from engine.spec import RecipeSpec
from engine.tasks import LOSSES
from engine.tasks.losses import CrossEntropy, LossKind
from engine.train import history, runs
from engine.train.diagnosis import WINDOW, Story
from engine.train.history import EpochLine
from engine.train.optimizers import OPTIMIZERS
from engine.train.watch import WatchFolder

MOST_RUNS = 2000
"""Whose recipes and counts are kept, so that a list of them is read once; a few hundred bytes each."""


def story_of(
    folder: Path,
    lines: Sequence[EpochLine] | None = None,
    *,
    state: Mapping[str, Any] | None = None,
    ended: bool = False,
    with_answers: bool = True,
) -> Story:
    """The story of one run; what is missing or damaged is left open.

    Args:
        folder: of the run.
        lines: its finished epochs, where they are known; else they are read.
        state: what `runs.read_state` gives, where that is known; else it is read.
        ended: no more epochs come.
        with_answers: read what was answered at the last epochs, too; a list of runs does without.
    """
    lines = history.read(folder) if lines is None else lines
    state = runs.read_state(folder) if state is None else state
    counts, classes = _class_counts(state, "validation_counts") or _counts(folder), state.get("classes")
    train_images, planned = state.get("train_images", 0), state.get("epochs", 0)
    can_go_on = isinstance(planned, int) and len(lines) < planned and _was_cut(folder, state)
    return Story.of(
        lines,
        classes=max(2, len(counts) or (len(classes) if isinstance(classes, list) else 0)),
        counts=counts,
        answers=_answers(folder, [line.epoch for line in lines[-WINDOW:]]) if with_answers else (),
        train_pictures=train_images if isinstance(train_images, int) else 0,
        train_counts=_class_counts(state, "train_counts"),
        reached_rate=max((line.learning_rate for line in lines), default=0.0),
        recent_rate=max((line.learning_rate for line in lines[-2 * WINDOW :]), default=0.0),
        ended=ended,
        cut_short=can_go_on,
        diverged=bool(state.get("diverged")),
        **_recipe(folder),
    )


def _was_cut(folder: Path, state: Mapping[str, Any]) -> bool:
    """Whether a run was ended before its plan; one that was killed says that it still goes on."""
    said = state.get("state")
    return said in ("stopped", "interrupted") or (said == "running" and not runs.owner_is_alive(folder))


def _class_counts(state: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """Pictures of each class; empty where that is not known, as in damaged files."""
    counts = state.get(name)
    is_whole = isinstance(counts, list) and all(isinstance(count, int) and count >= 0 for count in counts)
    return tuple(counts) if is_whole else ()


@lru_cache(maxsize=MOST_RUNS)
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


@lru_cache(maxsize=MOST_RUNS)
def _recipe_at(folder: Path, modified: int) -> Mapping[str, Any]:
    try:
        project = runs.read_run_spec(folder)
    except EngineError:
        return {}
    recipe, kind = project.recipe, project.recipe.optimizer.kind
    chosen = (AUGMENTATIONS[one.kind] for one in project.data.augment if one.kind in AUGMENTATIONS)
    return {
        "learning_rate": recipe.learning_rate,
        "usual_rate": OPTIMIZERS[kind].usual_learning_rate if kind in OPTIMIZERS else 0.0,
        "loss": _loss(recipe),
        "is_balanced": recipe.class_weights == "balanced",
        "mixes": any(issubclass(one, Mixing) for one in chosen),
    }


def _loss(recipe: RecipeSpec) -> LossKind:
    """What was trained with; cross-entropy where this version does not know it."""
    try:
        return make(LOSSES, recipe.loss)
    except EngineError:
        return CrossEntropy()


def _recipe(folder: Path) -> Mapping[str, Any]:
    """What the recipe of a run tells; nothing where it cannot be read."""
    try:
        return _recipe_at(folder, (folder / runs.SPEC).stat().st_mtime_ns)
    except OSError:
        return {}
