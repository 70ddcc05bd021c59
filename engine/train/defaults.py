"""Batch size, learning rate, epochs and augmentation that suit data and network, each with its reason in words.

Rules of thumb, not a search: they are there at once, change nothing by chance, and somebody who knows nothing of them
gets a good result by pressing Train. `tests/benchmarks/test_defaults.py` holds them against one fixed recipe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from engine.compile import Facts, NetworkReport, infer
from engine.data.choose import make
from engine.data.sources import SOURCES
from engine.errors import EngineError
from engine.params import short_number
from engine.spec import Chosen, ProjectSpec, RecipeSpec
from engine.train.optimizers import OPTIMIZERS

BATCHES = ((200, 16), (5_000, 32), (50_000, 64))
"""Up to how many training images which batch size; beyond, `LARGEST_BATCH`."""

LARGEST_BATCH = 128

USUAL_BATCH = 32
"""What the usual learning rates of the optimizers are meant for."""

WITH_NORMS = 3.0
"""Times the usual learning rate for a network that is normalised all through: it bears longer steps."""

DEEP = 8
"""Layers with weights from which a network without normalisation needs shorter steps."""

STEPS = 1_000
"""Steps that a small network takes to learn a set of images; so many epochs are planned."""

FEWEST_EPOCHS, MOST_EPOCHS = 10, 40

LINEAR = ("sgd",)
"""Optimizers whose learning rate grows with the batch; that of the others, with its root."""


@dataclass(frozen=True)
class Choice:
    """One setting that was chosen.

    Attributes:
        name: of the setting in `RecipeSpec`, or "augment".
        value: what was chosen.
        reason: why, one sentence.
    """

    name: str
    value: Any
    reason: str


def suggested(project: ProjectSpec, images: int) -> tuple[Choice, ...]:
    """What suits a project.

    Args:
        images: for training.
    """
    report = infer(project.network, Facts(project.data.shape, len(project.data.classes)))
    batch = _batch_size(images, report)
    rate = _learning_rate(project.recipe, report, batch.value)
    return batch, rate, _epochs(images, batch.value), _augmentation(project)


def suggested_rate(project: ProjectSpec, images: int = 0) -> float:
    """The learning rate that suits the network and the optimizer of a project.

    Args:
        images: for training, for the batch size that is suggested for so many; 0: for the one that the project has.
    """
    report = infer(project.network, Facts(project.data.shape, len(project.data.classes)))
    batch = _batch_size(images, report).value if images else project.recipe.assumed_batch_size
    return _learning_rate(project.recipe, report, batch).value


def applied(project: ProjectSpec, choices: tuple[Choice, ...]) -> ProjectSpec:
    """The project with these choices."""
    recipe = {choice.name: choice.value for choice in choices if choice.name != "augment"}
    augment = next((choice.value for choice in choices if choice.name == "augment"), project.data.augment)
    data = replace(project.data, augment=augment)
    return replace(project, data=data, recipe=replace(project.recipe, **recipe))


def with_defaults(project: ProjectSpec, images: int) -> ProjectSpec:
    """The project with everything that `suggested` chooses."""
    return applied(project, suggested(project, images))


def is_untouched(project: ProjectSpec) -> bool:
    """Whether nobody has changed anything yet of what is chosen here."""
    return project.recipe == RecipeSpec(seed=project.recipe.seed)


# ---- the choices


def _batch_size(images: int, report: NetworkReport) -> Choice:
    size = next((size for most, size in BATCHES if images <= most), LARGEST_BATCH)
    steps = math.ceil(images / size)
    reason = f"{_counted(images, 'training image')} make {_counted(steps, 'step')} an epoch."
    if size < USUAL_BATCH:
        reason = f"Few images: small batches make more steps of them, {steps} an epoch."
    elif size > USUAL_BATCH:
        reason = f"Many images: larger batches are computed faster, and there are still {steps} steps an epoch."
    return Choice("batch_size", size, reason)


def _learning_rate(recipe: RecipeSpec, report: NetworkReport, batch: int) -> Choice:
    kind = recipe.optimizer.kind
    if kind not in OPTIMIZERS:
        return Choice("learning_rate", recipe.learning_rate, "This version does not know the optimizer.")
    title, usual = OPTIMIZERS[kind].title, OPTIMIZERS[kind].usual_learning_rate
    factor, why = _by_network(report)
    by_batch = batch / USUAL_BATCH if kind in LINEAR else math.sqrt(batch / USUAL_BATCH)
    rate = float(f"{usual * factor * by_batch:.1g}")
    reason = f"{short_number(usual)} is usual for {title}; {why}"
    if batch != USUAL_BATCH:
        reason = f"{reason[:-1]}, and batches of {batch} want {'longer' if batch > USUAL_BATCH else 'shorter'} steps."
    return Choice("learning_rate", rate, reason)


def _by_network(report: NetworkReport) -> tuple[float, str]:
    """What the usual rate is multiplied by, and why."""
    norms, weights = _layers(report)
    hidden = weights - 1  # the last layer is never normalised
    if hidden > 0 and norms >= 0.6 * hidden:
        return WITH_NORMS, "a network with normalisation bears longer steps."
    if weights >= DEEP and not norms:
        return 0.3, f"{weights} layers without normalisation need shorter steps."
    return 1.0, "this network needs nothing else."


def _layers(report: NetworkReport) -> tuple[int, int]:
    """How many layers normalise, and how many have weights, also inside blocks."""
    norms = weights = 0
    for entry in report.nodes.values():
        if entry.inside is not None:
            more = _layers(entry.inside)
            norms, weights = norms + more[0], weights + more[1]
        elif entry.layer is not None and entry.layer.family == "normalisation":
            norms += 1
        elif entry.parameters:
            weights += 1
    return norms, weights


def _epochs(images: int, batch: int) -> Choice:
    steps = max(1, math.ceil(images / batch))
    wanted = 5 * math.ceil(STEPS / steps / 5)
    epochs = max(FEWEST_EPOCHS, min(MOST_EPOCHS, wanted))
    reason = f"About {_counted(epochs * steps, 'step')} in all"
    if wanted > MOST_EPOCHS:
        return Choice("epochs", epochs, f"{reason}; with so few images, more epochs only learn them by heart.")
    if wanted < FEWEST_EPOCHS:
        return Choice("epochs", epochs, f"{reason}; with so many images, few epochs are enough.")
    return Choice("epochs", epochs, f"{reason}, which a network of this kind needs.")


def _augmentation(project: ProjectSpec) -> Choice:
    try:
        source = make(SOURCES, project.data.source) if project.data.source is not None else None
    except EngineError:
        source = None
    if source is None:
        return Choice("augment", project.data.augment, "No images have been chosen yet.")
    names = source.suggested_augmentations
    if "mirror" in names and _are_signs(project.data.classes):
        left = tuple(Chosen(name) for name in names if name != "mirror")
        return Choice("augment", left, "The classes are digits or letters: mirrored they would be none any more.")
    augment = tuple(Chosen(name) for name in names)
    if "mirror" not in names:
        return Choice("augment", augment, "Small changes leave these images what they are; mirrored, they are not.")
    return Choice("augment", augment, "Mirrored, turned and zoomed a little, photographs show the same thing.")


_SIGNS = frozenset(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


def _are_signs(classes: tuple[str, ...]) -> bool:
    """Whether all classes are digits or letters by their names."""
    return len(classes) > 1 and all(
        name.isdecimal() or len(name) == 1 or name.lower() in _SIGNS for name in map(str.strip, classes)
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,}".replace(",", "\u202f") + f" {what}{'' if number == 1 else 's'}"
