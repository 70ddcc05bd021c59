"""What the numbers of a training say, judged by plain rules; each judgement carries its evidence.

No Qt and no words here: a code and numbers, from which the page makes a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WINDOW = 3  # epochs that are compared with those before: one alone is chance
LOSS_ROSE = 1.05  # the validation loss is called rising when its mean over WINDOW epochs is this many times the lowest
LOSS_FELL = 0.99  # and still falling when the new lowest is at most this many times the old
EXPLODED = 1.5  # times the loss of blind guessing, and of the first epoch

Code = Literal["waiting", "early", "diverged", "at_chance", "overfitting", "improving", "flat"]


@dataclass(frozen=True)
class Diagnosis:
    """One judgement.

    Attributes:
        code: "waiting" (no epoch yet), "early" (too few to judge), "diverged", "at_chance" (answers no better than
            always saying the commonest class), "overfitting", "improving", "flat" (no longer improving).
        epochs: finished ones.
        since: the epoch from which it holds: the first rising one, or the best one.
        best_accuracy: highest validation accuracy, 0..1.
        best_epoch: where it was reached, 1-based.
        gain: how much the best validation accuracy rose in the last `WINDOW` epochs, 0..1.
        gap: training accuracy - validation accuracy at the last epoch.
        loss_low, loss_now: validation loss at its lowest and now (mean of the last `WINDOW`).
        chance: what blind answering would reach, 0..1.
    """

    code: Code
    epochs: int = 0
    since: int = 0
    best_accuracy: float = 0.0
    best_epoch: int = 0
    gain: float = 0.0
    gap: float = 0.0
    loss_low: float = 0.0
    loss_now: float = 0.0
    chance: float = 0.0


def diagnose(
    train_loss: Sequence[float],
    train_accuracy: Sequence[float],
    validation_loss: Sequence[float],
    validation_accuracy: Sequence[float],
    *,
    chance: float,
    classes: int,
    pictures: int,
) -> Diagnosis:
    """Judge the finished epochs of one run; all four lists have one value per epoch, oldest first.

    Args:
        chance: share of the commonest class among the validation pictures, 0..1.
        classes: how many.
        pictures: how many validation pictures; with few of them, accuracy wavers by chance.
    """
    epochs = len(validation_loss)
    if epochs == 0:
        return Diagnosis("waiting")
    facts = _facts(train_accuracy, validation_loss, validation_accuracy, chance)
    if _has_diverged(train_loss, validation_loss, classes):
        return Diagnosis("diverged", since=_first_bad(train_loss, validation_loss), **facts)
    if epochs < WINDOW:
        return Diagnosis("early", **facts)
    if facts["best_accuracy"] <= chance + _noise(chance, pictures) and train_loss[-1] > 0.95 * train_loss[0]:
        return Diagnosis("at_chance", since=1, **facts)
    lowest = min(range(epochs), key=validation_loss.__getitem__)
    rises = facts["loss_now"] > LOSS_ROSE * validation_loss[lowest]
    if epochs - 1 - lowest >= WINDOW and rises and train_loss[-1] < train_loss[lowest]:
        return Diagnosis("overfitting", since=lowest + 2, **facts)
    if _still_improves(validation_loss, facts["gain"], pictures):
        return Diagnosis("improving", **facts)
    return Diagnosis("flat", since=max(lowest + 1, facts["best_epoch"]), **facts)


def _facts(
    train_accuracy: Sequence[float], validation_loss: Sequence[float], accuracy: Sequence[float], chance: float
) -> dict:
    best = max(range(len(accuracy)), key=accuracy.__getitem__)
    before = max(accuracy[:-WINDOW], default=accuracy[0])
    last = validation_loss[-WINDOW:]
    return {
        "epochs": len(accuracy),
        "best_accuracy": accuracy[best],
        "best_epoch": best + 1,
        "gain": accuracy[best] - before,
        "gap": train_accuracy[-1] - accuracy[-1],
        "loss_low": min(validation_loss),
        "loss_now": sum(last) / len(last),
        "chance": chance,
    }


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
    """Two standard errors of a share measured on so many pictures."""
    return 2 * math.sqrt(max(0.0, share * (1 - share)) / max(1, pictures))


def _still_improves(validation_loss: Sequence[float], gain: float, pictures: int) -> bool:
    """A new lowest loss, or a higher accuracy by more than one picture, within the last epochs."""
    if len(validation_loss) <= WINDOW:
        return validation_loss[-1] < LOSS_FELL * validation_loss[0] or gain > 1.5 / max(1, pictures)
    before, now = min(validation_loss[:-WINDOW]), min(validation_loss[-WINDOW:])
    return now < LOSS_FELL * before or gain > 1.5 / max(1, pictures)
