"""The loss of blind guessing: of the best answer that is the same for every image, by somebody who knows only how
common the classes are. What a network must beat before anybody may say that it learnt something.

It depends on the loss, and it is another one for training than for validation: only training weighs classes and
smooths labels, see `Classification.judge`. Pure functions, without torch: a test compares them with what torch finds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from engine.tasks.classification import balanced_weights
from engine.tasks.losses import Binary, CrossEntropy, Focal, LossKind, MeanSquared

FEWEST = 0.5  # images that a class counts as for an answer, so that none is called impossible: its loss had no bounds


def blind_losses(
    kind: LossKind, train_counts: Sequence[int], counts: Sequence[int], *, is_balanced: bool = False
) -> tuple[float, float]:
    """The loss of blind guessing in training, and what validation measures of the same guess.

    A loss that is not known here is taken for cross-entropy, the largest of all: then too little is said of a run,
    never too much.

    Args:
        kind: the loss of the recipe.
        train_counts: training images of each class.
        counts: validation images of each class, as many classes.
        is_balanced: whether every class counts the same in training.
    """
    return _blind_losses(kind, tuple(train_counts), tuple(counts), is_balanced)


@lru_cache(maxsize=1024)
def untrained_loss(kind: LossKind, classes: int) -> float:
    """The loss where a network begins, whose outputs are all near 0: of saying the same of every class. Classes that
    are asked for one by one are each half believed; that costs far more than to guess."""
    if isinstance(kind, Binary):
        return math.log(2)
    return blind_losses(kind, [1] * classes, [1] * classes)[0]


@lru_cache(maxsize=1024)
def _blind_losses(
    kind: LossKind, train_counts: tuple[int, ...], counts: tuple[int, ...], is_balanced: bool
) -> tuple[float, float]:
    kind = kind if isinstance(kind, CrossEntropy | Focal | MeanSquared | Binary) else CrossEntropy()
    weights = np.array(balanced_weights(train_counts)) if is_balanced else np.ones(len(train_counts))
    amounts = _amounts(kind, _shares(train_counts), weights)
    training = _loss(kind, amounts, _best(kind, amounts))
    # A class that training never saw is no surprise without bounds, so that it is answered at least a little.
    seen = np.maximum(np.array(train_counts), FEWEST)
    weights = np.array(balanced_weights(seen.tolist())) if is_balanced else weights
    guess = _best(kind, _amounts(kind, _shares(seen), weights))
    plain = kind.plain()
    return training, _loss(plain, _amounts(plain, _shares(counts), np.ones(len(counts))), guess)


def _shares(counts: Sequence[float]) -> np.ndarray:
    there = np.array(counts, dtype=float)
    return there / there.sum()


def _amounts(kind: LossKind, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How much each class is asked for: (classes,); they add up to 1 unless weights and smoothing both play."""
    smoothing = kind.label_smoothing if isinstance(kind, CrossEntropy) else 0.0
    return weights * (shares * (1 - smoothing) + smoothing / len(shares))


def _best(kind: LossKind, amounts: np.ndarray) -> np.ndarray:
    """The probabilities (classes,) that cost least when they are the same for every image.

    For proper scoring rules these are the shares themselves: Gneiting and Raftery, 2007, "Strictly proper scoring
    rules, prediction, and estimation". The focal loss is none.
    """
    shares = amounts / amounts.sum()
    return _best_focal(shares, kind.gamma) if isinstance(kind, Focal) and kind.gamma else shares


def _best_focal(shares: np.ndarray, gamma: float) -> np.ndarray:
    """At the best answer no class is worth more than another: share * slope is one number for all that are there."""
    logits = np.linspace(-25.0, 25.0, 4001)
    answers = 1 / (1 + np.exp(-logits))
    doubts = 1 / (1 + np.exp(logits))  # 1 - answer, exact near 1 too
    slopes = np.log(doubts**gamma / answers - gamma * doubts ** (gamma - 1) * np.log(answers))
    there = shares > 0
    logarithms = np.log(shares[there])

    def answer(level: float) -> np.ndarray:
        # Slopes fall with the answer; np.interp wants them to rise.
        return 1 / (1 + np.exp(-np.interp(level - logarithms, slopes[::-1], logits[::-1])))

    low, high = slopes.min() + logarithms.min(), slopes.max() + logarithms.max()
    for _ in range(60):  # the higher the level, the less is answered altogether
        middle = (low + high) / 2
        low, high = (middle, high) if answer(middle).sum() > 1 else (low, middle)
    found = np.zeros_like(shares)
    found[there] = answer(low)
    return found / found.sum()


def _loss(kind: LossKind, amounts: np.ndarray, answer: np.ndarray) -> float:
    """What `answer`, given to all, costs where the classes are asked for as much as `amounts`."""
    everything, classes = amounts.sum(), len(amounts)
    if isinstance(kind, MeanSquared):
        return float(everything * (answer**2).sum() - 2 * (amounts * answer).sum() + everything) / classes
    yes = _times_logarithm(amounts, answer)
    if isinstance(kind, Binary):
        return (yes + _times_logarithm(everything - amounts, 1 - answer)) / classes
    if isinstance(kind, Focal):
        return _times_logarithm(amounts * (1 - answer) ** kind.gamma, answer)
    return yes


def _times_logarithm(amounts: np.ndarray, answer: np.ndarray) -> float:
    """- sum of amounts * log(answer); what is not asked for costs nothing."""
    asked = amounts > 0
    # Not quite 0: the rounding of 1 - answer.
    return float(-(amounts[asked] * np.log(np.maximum(answer[asked], math.ulp(0.5)))).sum())
