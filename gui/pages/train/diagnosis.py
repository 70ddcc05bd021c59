"""What the numbers of a training say, judged by plain rules; each judgement carries its evidence.

No Qt and no words here: a code and numbers, from which the page makes a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal, NamedTuple

from engine.train.history import best_of

WINDOW = 3  # epochs that are compared with those before: one alone is chance
PATIENCE = 10  # epochs that a network which still learns its training images may take to answer others better
# The validation loss is called rising when its mean over WINDOW epochs is this many times the lowest, and this much
# above it: from 0.023 to 0.025 is nothing.
LOSS_ROSE, LOSS_ROSE_BY = 1.1, 0.05
LOSS_FELL = 0.99  # and still falling when the new lowest is at most this many times the old
EXPLODED = 1.5  # times the loss of blind guessing, and of the first epoch
BLIND = 0.95  # times the loss of blind guessing: below it, something was learnt
LEARNS_BY_HEART = 0.15  # training accuracy above chance while validation stays at it
FEW_PICTURES = 30  # fewer validation pictures than this make an uncertain number

Code = Literal["waiting", "early", "diverged", "at_chance", "overfitting", "improving", "flat"]


@dataclass(frozen=True)
class Diagnosis:
    """One judgement.

    Attributes:
        code: "waiting" (no epoch yet), "early" (too few to judge), "diverged", "at_chance" (answers no better than
            always saying the commonest class), "overfitting", "improving", "flat" (no longer improving).
        epochs: finished ones.
        needed: "early": how many it takes to judge.
        since: the epoch from which it holds: the first rising one, or the best one.
        best_accuracy: validation accuracy of the epoch whose weights are kept, 0..1.
        best_epoch: which one that is, 1-based; `engine.train.history.is_better` decides.
        gain: how much the best validation accuracy rose in the last `WINDOW` epochs, 0..1.
        gap: training accuracy - validation accuracy at the last epoch.
        loss_low, loss_now: validation loss at its lowest and now (mean of the last `WINDOW`).
        train_accuracy, train_loss: at the last epoch.
        accuracy_now: validation, mean of the last `WINDOW`.
        chance: what blind answering would reach, 0..1.
        blind_loss: the loss of an answer that knows only how common the classes are.
        pictures: validation pictures; 0: not known.
    """

    code: Code
    epochs: int = 0
    needed: int = WINDOW
    since: int = 0
    best_accuracy: float = 0.0
    best_epoch: int = 0
    gain: float = 0.0
    gap: float = 0.0
    loss_low: float = 0.0
    loss_now: float = 0.0
    train_accuracy: float = 0.0
    train_loss: float = 0.0
    accuracy_now: float = 0.0
    chance: float = 0.0
    blind_loss: float = 0.0
    pictures: int = 0

    @property
    def loss_is_large(self) -> bool:
        """Whether the network is far worse than one that knows nothing: its steps are too long."""
        return self.loss_now > EXPLODED * self.blind_loss and self.train_loss > self.blind_loss

    @property
    def learns_by_heart(self) -> bool:
        """Whether it knows the training images and no others."""
        return self.train_accuracy > self.chance + LEARNS_BY_HEART

    @property
    def loss_rose(self) -> bool:
        """Whether the validation loss is materially above its lowest."""
        return self.loss_now > LOSS_ROSE * self.loss_low and self.loss_now - self.loss_low > LOSS_ROSE_BY

    @property
    def lost(self) -> float:
        """How far the accuracy fell from that of the best epoch, 0..1."""
        return self.best_accuracy - self.accuracy_now

    @property
    def is_uncertain(self) -> bool:
        """Whether there are so few validation pictures that the accuracy says little."""
        return 0 < self.pictures < FEW_PICTURES


class _Line(NamedTuple):
    """What `history.best_of` compares."""

    epoch: int
    validation_accuracy: float
    validation_loss: float


def diagnose(
    train_loss: Sequence[float],
    train_accuracy: Sequence[float],
    validation_loss: Sequence[float],
    validation_accuracy: Sequence[float],
    *,
    chance: float,
    classes: int,
    pictures: int,
    blind_loss: float | None = None,
    ended: bool = False,
) -> Diagnosis:
    """Judge the finished epochs of one run; all four lists have one value per epoch, oldest first.

    Args:
        chance: share of the commonest class among the validation pictures, 0..1.
        classes: how many.
        pictures: how many validation pictures; with few of them, accuracy wavers by chance.
        blind_loss: the loss of answering how common each class is; by default that of equally common ones.
        ended: no more epochs come, so that nothing is too early to say.
    """
    if not len(validation_loss):
        return Diagnosis("waiting")
    found = _facts(train_loss, train_accuracy, validation_loss, validation_accuracy)
    blind = math.log(max(2, classes)) if blind_loss is None else blind_loss
    found = replace(found, chance=chance, blind_loss=blind, pictures=pictures)
    if _has_diverged(train_loss, validation_loss, classes):
        return replace(found, code="diverged", since=_first_bad(train_loss, validation_loss))
    if found.epochs < WINDOW and not ended:
        return replace(found, code="early")
    if _is_at_chance(found):
        still_falls = train_loss[-1] <= BLIND * train_loss[0] and not found.loss_is_large
        if still_falls and found.epochs < PATIENCE and not ended:
            return replace(found, code="early", needed=PATIENCE)
        return replace(found, code="at_chance", since=1)
    overfits_since = _overfits_since(found, train_loss, validation_loss)
    if overfits_since:
        return replace(found, code="overfitting", since=overfits_since)
    if _still_improves(validation_loss, found.gain, pictures):
        return replace(found, code="improving")
    return replace(found, code="flat", since=found.best_epoch)


def _facts(
    train_loss: Sequence[float],
    train_accuracy: Sequence[float],
    validation_loss: Sequence[float],
    accuracy: Sequence[float],
) -> Diagnosis:
    pairs = enumerate(zip(accuracy, validation_loss, strict=True), start=1)
    best = best_of([_Line(epoch, *values) for epoch, values in pairs])
    before = max(accuracy[:-WINDOW], default=accuracy[0])
    return Diagnosis(
        "flat",
        epochs=len(accuracy),
        best_accuracy=best.validation_accuracy,
        best_epoch=best.epoch,
        gain=max(accuracy) - before,
        gap=train_accuracy[-1] - accuracy[-1],
        loss_low=min(validation_loss),
        loss_now=fmean(validation_loss[-WINDOW:]),
        train_accuracy=train_accuracy[-1],
        train_loss=train_loss[-1],
        accuracy_now=fmean(accuracy[-WINDOW:]),
    )


def _has_diverged(train_loss: Sequence[float], validation_loss: Sequence[float], classes: int) -> bool:
    if not (math.isfinite(train_loss[-1]) and math.isfinite(validation_loss[-1])):
        return True
    blind = math.log(max(2, classes))
    return len(train_loss) >= 2 and train_loss[-1] > EXPLODED * max(blind, train_loss[0])


def _first_bad(train_loss: Sequence[float], validation_loss: Sequence[float]) -> int:
    pairs = enumerate(zip(train_loss, validation_loss, strict=True), start=1)
    broken = (epoch for epoch, losses in pairs if not all(map(math.isfinite, losses)))
    return next(broken, len(train_loss))


def _noise(share: float, pictures: int) -> float:
    """Two standard errors of a share measured on so many pictures, which is never 0: all of two may well be luck."""
    careful = (share * pictures + 2) / (pictures + 4)
    return 2 * math.sqrt(careful * (1 - careful) / (pictures + 4))


def _is_at_chance(found: Diagnosis) -> bool:
    if found.best_accuracy <= found.chance or (found.loss_is_large and found.train_loss > EXPLODED * found.blind_loss):
        return True
    # A little above chance may be chance too, unless the loss says that something was learnt.
    is_near = found.best_accuracy <= found.chance + _noise(found.chance, found.pictures)
    return is_near and found.loss_low > BLIND * found.blind_loss


def _overfits_since(found: Diagnosis, train_loss: Sequence[float], validation_loss: Sequence[float]) -> int:
    """Return the epoch after the lowest validation loss when it has risen, or accuracy was lost, since; else 0."""
    lowest = min(range(len(validation_loss)), key=validation_loss.__getitem__)
    if len(validation_loss) - 1 - lowest < WINDOW or train_loss[-1] >= train_loss[lowest]:
        return 0
    lost = found.loss_now > found.loss_low and found.lost > 1.5 * _noise(found.best_accuracy, found.pictures)
    return lowest + 2 if found.loss_rose or lost else 0


def _still_improves(validation_loss: Sequence[float], gain: float, pictures: int) -> bool:
    """A new lowest loss, or a higher accuracy by more than one picture, within the last epochs."""
    if len(validation_loss) <= WINDOW:
        return validation_loss[-1] < LOSS_FELL * validation_loss[0] or gain > 1.5 / max(1, pictures)
    before, now = min(validation_loss[:-WINDOW]), min(validation_loss[-WINDOW:])
    return now < LOSS_FELL * before or gain > 1.5 / max(1, pictures)
