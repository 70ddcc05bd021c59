"""What a good teacher would say of runs as they are met: one row each, with its numbers and the verdict."""

import math
import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from training_helpers import one_thread as one_thread
from training_helpers import small_project, trained

from engine.spec import Chosen, ProjectSpec
from engine.spec.network import NetworkSpec, chain
from engine.tasks.losses import Binary, CrossEntropy, Focal, MeanSquared
from engine.train import history, runs
from engine.train.diagnosis import Diagnosis, Story, Trouble, diagnose, trouble_of
from engine.train.next_step import next_steps
from engine.train.stories import story_of

USUAL = {"learning_rate": 1e-3, "usual_rate": 1e-3, "reached_rate": 1e-3, "recent_rate": 1e-3, "train_pictures": 8000}
EVEN, FEW = (500, 500), (5, 5)


@dataclass(frozen=True)
class Row:
    """A run and its verdict.

    Attributes:
        train, validation: loss of each epoch, and accuracy.
        verdict: the code, or several where each would do.
        more: attributes of the story.
        trouble: what the list of runs says; it knows neither the loss nor how common the classes are.
    """

    name: str
    train: tuple[list[float], list[float]]
    validation: tuple[list[float], list[float]]
    verdict: str
    more: dict[str, Any] = field(default_factory=dict)
    trouble: Trouble = ""

    @property
    def story(self) -> Story:
        return Story(
            train_loss=self.train[0],
            train_accuracy=self.train[1],
            validation_loss=self.validation[0],
            validation_accuracy=self.validation[1],
            **{"counts": EVEN, "ended": True, **USUAL, **self.more},
        )


def to(first: float, last: float, epochs: int, speed: float = 0.7) -> list[float]:
    """From the first value towards the last, each step smaller than the one before."""
    return [last + (first - last) * speed**epoch for epoch in range(epochs)]


def even(first: float, last: float, epochs: int) -> list[float]:
    """In equal steps."""
    return np.linspace(first, last, epochs).tolist()


def wavering(values: list[float], by: float, seed: int = 0) -> list[float]:
    """Each value up to `by` of itself higher or lower."""
    chance = np.random.default_rng(seed)
    return [float(value * (1 + by * chance.uniform(-1, 1))) for value in values]


def flat(value: float, epochs: int) -> list[float]:
    return [value] * epochs


NOISY = [0.52, 0.44, 0.53, 0.45, 0.52, 0.46, 0.51, 0.47, 0.53, 0.45, 0.51, 0.46, 0.53, 0.45, 0.52, 0.46, 0.5, 0.54]
JUMPS = [0.69, 0.62, 0.68, 0.61, 0.69, 0.62, 0.68, 0.63, 0.69, 0.62, 0.68, 0.63]
TURN = [0.6, 0.45, 0.36, 0.32, 0.30]
CLIMB = [0.70, 0.80, 0.85, 0.88, 0.90]
GUESSED = [0.5, 0.52, 0.51, 0.53, *flat(0.52, 16)]  # of 200 images, two classes

ROWS = (
    # ---- balanced class weights: the training loss is weighted, validation is not
    Row(
        "balanced 97:3, healthy",
        (to(0.70, 0.23, 10), even(0.6, 0.93, 10)),
        (to(0.66, 0.21, 10, 0.8), even(0.65, 0.96, 10)),
        "still_learning",
        {"counts": (970, 30), "is_balanced": True},
    ),
    Row(
        "balanced 99:1, healthy and done",
        (to(0.77, 0.05, 20, 0.5), to(0.8, 1.0, 20, 0.5)),
        (to(0.57, 0.09, 20, 0.4), [0.78, 0.73, *flat(0.989, 18)]),
        "plateau",
        {"counts": (594, 6), "is_balanced": True},
    ),
    Row(
        "balanced 97:3, a wavering loss of the rare class",
        (wavering(flat(0.35, 12), 0.12), flat(0.9, 12)),
        (wavering(flat(0.19, 12), 0.03), flat(0.955, 12)),
        "plateau",
        {"counts": (970, 30), "is_balanced": True},
    ),
    Row(
        "balanced 97:3, nothing learnt",
        (flat(0.693, 12), flat(0.5, 12)),
        (wavering(flat(0.69, 12), 0.01), flat(0.97, 12)),
        "at_chance",
        {"counts": (970, 30), "is_balanced": True},
    ),
    Row(
        "balanced 97:3, thrown far off",
        ([0.7, 9.0, *flat(0.72, 8)], flat(0.5, 10)),
        ([0.6, 4.0, *flat(0.69, 8)], flat(0.97, 10)),
        "rate_too_high",
        {"counts": (970, 30), "is_balanced": True},
        "exploded",
    ),
    Row(
        "balanced and smoothed 97:3: the loss has a floor of its own",
        (to(1.06, 0.66, 25), to(0.6, 0.97, 25)),
        (to(0.9, 0.24, 25), to(0.6, 0.96, 25)),
        "plateau",
        {"counts": (970, 30), "is_balanced": True, "loss": CrossEntropy(label_smoothing=0.1)},
    ),
    # ---- mixed images
    Row(
        "mixing, wavering on its floor",
        (wavering([1.0, *flat(0.55, 19)], 0.09), [0.5, *flat(0.7, 19)]),
        ([0.6, 0.3, *flat(0.11, 18)], [0.7, 0.9, *flat(0.993, 18)]),
        "plateau",
        {"mixes": True},
    ),
    Row(
        "mixing, jumping about on its floor",
        ([1.0, 0.8, *(0.7 * loss for loss in JUMPS)], [0.5, 0.6, *flat(0.75, 12)]),
        ([0.6, 0.3, *flat(0.11, 12)], [0.7, 0.9, *flat(0.993, 12)]),
        "plateau",
        {"mixes": True},
    ),
    Row(
        "mixing, jumping about where validation is not good yet",
        ([0.8, 0.75, *JUMPS], [0.5, 0.6, *flat(0.62, 12)]),
        ([0.68, 0.63, *flat(0.55, 12)], [0.6, 0.7, *flat(0.75, 12)]),
        "plateau",
        {"mixes": True},
    ),
    Row(
        "mixing, at a rate below the usual",
        (wavering(to(0.72, 0.6, 20), 0.02), to(0.5, 0.68, 20)),
        (to(0.68, 0.11, 20, 0.6), to(0.6, 0.97, 20, 0.6)),
        "plateau",
        {"mixes": True, "learning_rate": 1e-4, "reached_rate": 1e-4, "recent_rate": 1e-4},
    ),
    Row(
        "mixing, training .66 and validation .97",
        ([1.2, *flat(0.6, 19)], [0.5, *flat(0.66, 19)]),
        ([0.5, *flat(0.12, 19)], [0.8, *flat(0.97, 19)]),
        "plateau",
        {"mixes": True},
    ),
    Row(
        "mixing, nothing learnt",
        (flat(0.694, 20), flat(0.5, 20)),
        (wavering(flat(0.6931, 20), 0.002), wavering(flat(0.5, 20), 0.03)),
        "at_chance",
        {"mixes": True},
    ),
    # ---- training is harder than validation
    Row(
        "strong augmentation, training .80 and validation .96",
        ([1.0, *flat(0.5, 19)], [0.5, *flat(0.80, 19)]),
        ([0.5, *flat(0.12, 19)], [0.8, *flat(0.96, 19)]),
        "plateau",
    ),
    Row(
        "much dropout, and neither is any good",
        ([0.69, *flat(0.62, 19)], [0.5, *flat(0.65, 19)]),
        ([0.65, *flat(0.58, 19)], [0.6, *flat(0.70, 19)]),
        "underfitting",
    ),
    Row(
        "strong augmentation at a rate below the usual",
        (to(0.75, 0.55, 30), to(0.5, 0.78, 30)),
        (to(0.7, 0.12, 30), to(0.5, 0.96, 30)),
        "plateau",
        {"learning_rate": 1e-4, "reached_rate": 1e-4, "recent_rate": 1e-4},
    ),
    # ---- spikes
    Row(
        "one early spike, then 98 good epochs",
        ([0.7, 2.9, *to(0.6, 0.02, 98, 0.9)], [0.5, 0.5, *to(0.6, 0.995, 98, 0.8)]),
        ([0.7, 2.0, *to(0.6, 0.03, 98, 0.9)], [0.5, 0.5, *to(0.6, 0.99, 98, 0.8)]),
        "plateau",
    ),
    Row(
        "a spike that it never recovered from",
        ([0.6, 0.3, 0.2, 5.0, *flat(0.693, 8)], [0.7, 0.88, 0.92, *flat(0.5, 9)]),
        ([0.6, 0.3, 0.22, 5.0, *flat(0.693, 8)], [0.7, 0.88, 0.92, *flat(0.5, 9)]),
        "rate_too_high",
        trouble="exploded",
    ),
    Row(
        "a spike after which it learns, but never again so well",
        ([0.6, 0.3, 0.2, 5.0, *flat(0.55, 8)], [0.7, 0.88, 0.92, 0.5, *flat(0.72, 8)]),
        ([0.6, 0.3, 0.22, 5.0, *flat(0.55, 8)], [0.7, 0.88, 0.92, 0.5, *flat(0.72, 8)]),
        "rate_too_high",
        trouble="exploded",
    ),
    Row(
        "a spike after which it is nearly what it was, at a constant rate",
        ([*to(0.6, 0.02, 30), 4.0, *flat(0.025, 20)], [*to(0.6, 0.99, 30), 0.9, *flat(0.99, 20)]),
        ([*to(0.6, 0.03, 30), 0.5, *flat(0.034, 20)], [*to(0.6, 0.992, 30), 0.9, *flat(0.989, 20)]),
        "plateau",
    ),
    Row(
        "a network without norms that begins far off",
        ([40.0, 12.0, 5.0, 1.0, 0.6, *to(0.4, 0.1, 10)], to(0.5, 0.96, 15)),
        ([20.0, 8.0, 2.0, 0.8, 0.5, *to(0.4, 0.12, 10)], to(0.5, 0.95, 15)),
        "still_learning",
    ),
    Row(
        "a rate that is too high: it jumps and gets nowhere",
        (JUMPS, flat(0.58, 12)),
        (wavering(flat(0.64, 12), 0.01), [0.58, 0.62, *flat(0.6, 10)]),
        "rate_too_high",
    ),
    Row(
        "jumps at the end of a schedule are not the rate's doing",
        (JUMPS, flat(0.58, 12)),
        (wavering(flat(0.64, 12), 0.001), [0.58, 0.62, *flat(0.6, 10)]),
        "underfitting",
        {"recent_rate": 2e-5},
    ),
    Row(
        "a plateau schedule: the loss falls again with the rate",
        ([*to(0.6, 0.3, 12), *to(0.24, 0.2, 8)], to(0.7, 0.93, 20)),
        ([*to(0.6, 0.35, 12), *to(0.32, 0.30, 8)], [*to(0.7, 0.86, 12), *to(0.87, 0.89, 8, 0.9)]),
        "still_learning",
        {"recent_rate": 1e-4},
    ),
    # ---- overfitting, and what only looks like it
    Row(
        "accuracy still climbs while the loss rises",
        (to(0.65, 0.0, 20, 0.8), even(0.7, 1.0, 20)),
        ([*TURN, *even(0.31, 0.40, 15)], [*CLIMB, *even(0.903, 0.945, 15)]),
        "overconfident",
        {"counts": (1000, 1000)},
    ),
    Row(
        "the best accuracy was a while ago, but long after the loss turned",
        (to(0.65, 0.0, 26, 0.8), even(0.7, 1.0, 26)),
        ([*TURN, *even(0.31, 0.45, 21)], [*CLIMB, *even(0.903, 0.945, 15), *flat(0.943, 6)]),
        "overconfident",
        {"counts": (1000, 1000)},
    ),
    Row(
        "accuracy lost while the loss rises",
        (to(0.65, 0.0, 20, 0.8), even(0.7, 1.0, 20)),
        ([*TURN, *even(0.31, 0.80, 15)], [*CLIMB, *even(0.90, 0.84, 15)]),
        "overfitting",
        {"counts": (1000, 1000)},
    ),
    Row(
        "a focal loss that doubles",
        (to(0.1, 0.0, 20, 0.8), even(0.7, 1.0, 20)),
        ([0.1, 0.06, 0.045, 0.04, *even(0.0427, 0.083, 16)], [0.8, 0.88, 0.9, 0.92, *flat(0.915, 16)]),
        "overfitting",
        {"counts": (100, 100), "loss": Focal()},
    ),
    Row(
        "a squared error that doubles",
        (to(0.2, 0.0, 20, 0.8), even(0.7, 1.0, 20)),
        ([0.2, 0.12, 0.09, 0.08, *even(0.085, 0.16, 16)], [0.7, 0.84, 0.88, 0.89, *even(0.885, 0.80, 16)]),
        "overfitting",
        {"counts": (500, 500), "loss": MeanSquared()},
    ),
    Row(
        "a wavering validation loss with one lucky epoch",
        (to(0.6, 0.2, 20, 0.9), flat(0.9, 20)),
        ([0.6, 0.38, *NOISY], [0.7, 0.84, *flat(0.82, 18)]),
        "plateau",
    ),
    Row(
        "nearly nothing, and a little more of it",
        (to(0.3, 0.0, 20), flat(0.999, 20)),
        ([0.05, 0.02, 0.01, *even(0.01, 0.04, 17)], flat(0.99, 20)),
        "plateau",
    ),
    # ---- each loss, at the level of guessing and above it
    Row("cross-entropy at chance", (flat(0.693, 20), flat(0.5, 20)), (flat(0.6931, 20), GUESSED), "at_chance",
        {"counts": (100, 100)}),
    Row("squared error at chance", (flat(0.25, 20), flat(0.5, 20)), (flat(0.2501, 20), GUESSED), "at_chance",
        {"counts": (100, 100), "loss": MeanSquared()}),
    Row("focal at chance", (flat(0.1733, 20), flat(0.5, 20)), (flat(0.1734, 20), GUESSED), "at_chance",
        {"counts": (100, 100), "loss": Focal()}),
    Row("binary at chance", (flat(0.6931, 20), flat(0.5, 20)), (flat(0.6933, 20), GUESSED), "at_chance",
        {"counts": (100, 100), "loss": Binary()}),
    Row("smoothed at chance", (flat(0.6931, 20), flat(0.5, 20)), (flat(0.6933, 20), GUESSED), "at_chance",
        {"counts": (100, 100), "loss": CrossEntropy(label_smoothing=0.2)}),
    Row(
        "squared error, surely wrong half the time",
        ([0.26, *flat(0.5, 19)], flat(0.5, 20)),
        ([0.25, *flat(0.5, 19)], flat(0.5, 20)),
        "rate_too_high",
        {"loss": MeanSquared()},
    ),
    Row(
        "binary, ten classes, thrown far off",
        ([0.33, 30.0, *flat(4.0, 8)], flat(0.1, 10)),
        ([0.33, 20.0, *flat(4.0, 8)], flat(0.1, 10)),
        "diverged",
        {"classes": 10, "counts": (20,) * 10, "loss": Binary()},
        "diverged",
    ),
    Row(
        "binary, ten classes, at a tiny rate: it begins far above guessing",
        (even(0.709, 0.708, 6), flat(0.1, 6)),
        (even(0.71, 0.709, 6), flat(0.12, 6)),
        "rate_too_low",
        {"classes": 10, "counts": (50,) * 10, "loss": Binary(), "learning_rate": 1e-6, "reached_rate": 1e-6},
    ),
    Row(
        "binary, ten classes, and good",
        (to(0.33, 0.02, 20), to(0.2, 0.98, 20)),
        (to(0.32, 0.06, 20), to(0.2, 0.9, 20)),
        "plateau",
        {"classes": 10, "counts": (20,) * 10, "loss": Binary()},
    ),
    Row(
        "smoothing keeps the training loss high",
        (to(2.2, 0.95, 20), to(0.3, 0.99, 20)),
        (to(2.1, 0.5, 20), to(0.3, 0.93, 20)),
        "plateau",
        {"classes": 10, "counts": (50,) * 10, "loss": CrossEntropy(label_smoothing=0.2)},
    ),
    # ---- uneven classes
    Row(
        "95:5, right as often as the commonest class is, and far surer",
        ([0.3, *flat(0.08, 19)], flat(0.95, 20)),
        ([0.25, *flat(0.08, 19)], flat(0.95, 20)),
        "plateau",
        {"counts": (950, 50)},
    ),
    Row(
        "95:5, and nothing learnt but that",
        ([0.3, *flat(0.199, 19)], flat(0.95, 20)),
        ([0.25, *flat(0.199, 19)], flat(0.95, 20)),
        "at_chance",
        {"counts": (950, 50)},
    ),
    Row(
        "trained on even classes, validated on uneven ones, and nothing learnt",
        (flat(0.693, 12), flat(0.5, 12)),
        (flat(0.68, 12), flat(0.93, 12)),
        "at_chance",
        {"counts": (950, 50), "train_counts": (4000, 4000)},
    ),
    Row(
        "trained on even classes, validated on uneven ones, and learnt",
        ([0.6, *flat(0.2, 19)], [0.7, *flat(0.93, 19)]),
        ([0.6, *flat(0.24, 19)], [0.7, *flat(0.93, 19)]),
        "plateau",
        {"counts": (950, 50), "train_counts": (4000, 4000)},
    ),
    Row(
        "97:3, a loss that begins as that of an untrained network",
        ([0.60, 0.15, *flat(0.135, 10)], flat(0.97, 12)),
        ([0.2, *flat(0.135, 11)], flat(0.97, 12)),
        "at_chance",
        {"counts": (970, 30)},
    ),
    Row(
        "97:3, still worse than guessing, but on its way from the untrained network",
        (to(0.66, 0.23, 10), to(0.6, 0.93, 10)),
        (to(0.60, 0.21, 10), to(0.65, 0.94, 10)),
        "at_chance",
        {"counts": (970, 30)},
    ),
    # ---- many classes
    Row(
        "a hundred classes, still far from good",
        (to(4.5, 2.0, 20, 0.9), to(0.02, 0.5, 20, 0.9)),
        (to(4.4, 2.3, 20, 0.9), to(0.03, 0.42, 20, 0.9)),
        "still_learning",
        {"classes": 100, "counts": (20,) * 100},
    ),
    Row(
        "a hundred classes, nothing learnt",
        (flat(4.606, 12), flat(0.01, 12)),
        (flat(4.607, 12), wavering(flat(0.01, 12), 0.3)),
        "at_chance",
        {"classes": 100, "counts": (20,) * 100},
    ),
    Row(
        "a hundred classes, going on with a trained network at a low rate",
        (to(1.0, 0.8, 20), flat(0.80, 20)),
        (to(1.0, 0.85, 20), to(0.75, 0.79, 20)),
        "underfitting",
        {"classes": 100, "counts": (20,) * 100, "learning_rate": 1e-4, "reached_rate": 1e-4, "recent_rate": 1e-4},
    ),
    # ---- ten validation images
    Row(
        "ten images, the best of many epochs is luck",
        (wavering(flat(0.693, 40), 0.01), wavering(flat(0.5, 40), 0.05)),
        (wavering(flat(0.69, 40), 0.01), [0.5, 0.8, *([0.4, 0.6, 0.5] * 13)][:40]),
        "at_chance",
        {"counts": FEW, "train_pictures": 400},
    ),
    Row(
        "ten images, all right",
        (to(0.7, 0.01, 20), to(0.6, 1.0, 20)),
        (to(0.7, 0.02, 20), [0.7, 0.9, *flat(1.0, 18)]),
        "plateau",
        {"counts": FEW, "train_pictures": 400},
    ),
    Row(
        "ten images, one of them lost at the end",
        (to(0.7, 0.01, 20), to(0.6, 1.0, 20)),
        ([*to(0.7, 0.2, 14), *flat(0.26, 6)], [0.7, *flat(0.9, 13), *flat(0.8, 6)]),
        "plateau",
        {"counts": FEW, "train_pictures": 400},
    ),
    # ---- short, stopped and resumed
    Row("one epoch of a live run", ([0.5], [0.7]), ([0.4], [0.8]), "early", {"ended": False}),
    Row("one epoch was all, and it learnt", ([0.5], [0.7]), ([0.4], [0.8]), "still_learning"),
    Row("one epoch was all, and it did not", ([0.694], [0.5]), ([0.6931], [0.5]), "at_chance"),
    Row("stopped after one epoch of many", ([0.694], [0.5]), ([0.6931], [0.5]), "early", {"cut_short": True}),
    Row(
        "stopped early: no better for five epochs",
        (to(0.65, 0.1, 15, 0.8), to(0.6, 0.97, 15, 0.8)),
        ([*to(0.6, 0.3, 10), *flat(0.315, 5)], [*to(0.7, 0.9, 10), *flat(0.897, 5)]),
        "plateau",
    ),
    Row(
        "resumed with a schedule that began anew",
        ([*to(0.65, 0.1, 10), 0.3, 0.34, 0.3, 0.24, 0.18, 0.13], [*to(0.6, 0.96, 10), *even(0.88, 0.96, 6)]),
        ([*to(0.6, 0.2, 10), 0.36, 0.4, 0.36, 0.3, 0.25, 0.22], [*to(0.7, 0.92, 10), *even(0.86, 0.912, 6)]),
        "plateau",
    ),
    Row(
        "a rate a thousand times too low",
        (even(0.70, 0.69, 20), flat(0.52, 20)),
        (even(0.70, 0.69, 20), flat(0.52, 20)),
        "rate_too_low",
        {"learning_rate": 1e-6, "reached_rate": 1e-6, "recent_rate": 1e-6},
    ),
    Row(
        "perfect for a long time, and the loss still falls by nothing",
        ([0.3, *even(0.002, 0.001, 29)], [0.9, *flat(1.0, 29)]),
        ([0.2, *even(0.002, 0.001, 29)], [0.9, *flat(1.0, 29)]),
        "plateau",
    ),
    Row(
        "ten thousand images that waver by a handful",
        (flat(0.3, 40), flat(0.9, 40)),
        (flat(0.4, 40), [*wavering(flat(0.9, 39), 0.0003), 0.9008]),
        "plateau",
        {"counts": (5000, 5000), "train_pictures": 60_000},
    ),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_good_teacher_would_say_so(row):
    assert diagnose(row.story)[0].code == row.verdict


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_list_of_runs_knows_less_and_never_says_more(row):
    story = row.story
    known = Story(
        story.train_loss,
        story.train_accuracy,
        story.validation_loss,
        story.validation_accuracy,
        classes=story.classes,
        ended=True,
    )
    assert trouble_of(known) == row.trouble


# ---- the evidence


def of(name: str) -> Story:
    return next(row for row in ROWS if row.name == name).story


def test_every_verdict_has_numbers_that_bear_it_out():
    for row in ROWS:
        found, story = diagnose(row.story)[0], row.story
        assert found.epochs == story.epochs and found.blind_loss > 0 and found.train_blind_loss > 0, row.name
        assert 0 <= found.since <= story.epochs, row.name
        if found.code == "overfitting":
            assert found.loss_rose or found.lost > 0, row.name
        if found.code == "overconfident":
            assert found.loss_rose and found.best_epoch > found.since, row.name
        if found.code == "at_chance":
            assert found.loss_low > 0.95 * found.blind_loss or found.least_loss > 0.95 * found.train_blind_loss, (
                row.name
            )
        if found.code == "rate_too_high":
            assert found.jumps or found.top_loss > 1.5 * found.train_blind_loss, row.name
        if found.code == "underfitting":
            assert max(found.train_accuracy, found.accuracy_now) < 0.85, row.name


def test_guessing_is_measured_as_training_and_validation_measure():
    found = diagnose(of("balanced 97:3, nothing learnt"))[0]
    assert found.train_blind_loss == pytest.approx(math.log(2))
    assert found.blind_loss == pytest.approx(math.log(2)), "the answer that training asks for, not the best one"
    plain = diagnose(of("95:5, and nothing learnt but that"))[0]
    assert plain.train_blind_loss == plain.blind_loss == pytest.approx(0.1985, abs=1e-4)
    assert diagnose(of("squared error at chance"))[0].blind_loss == pytest.approx(0.25)


def test_what_threw_a_network_far_off_is_named_by_its_epoch():
    assert diagnose(of("binary, ten classes, thrown far off"))[0].since == 2
    assert diagnose(of("a spike that it never recovered from"))[0].since == 4
    assert diagnose(of("squared error, surely wrong half the time"))[0].since == 2


def test_a_spike_is_not_yet_forgotten_while_it_lasts():
    during = Story([0.7, 2.9, 0.72], flat(0.5, 3), [0.7, 2.0, 0.71], flat(0.5, 3), counts=EVEN, ended=True)
    found = diagnose(during)[0]
    assert (found.code, found.since, found.top_loss) == ("rate_too_high", 2, 2.9)
    after = Story([0.7, 2.9, 0.5, 0.4], [0.5, 0.5, 0.7, 0.8], [0.7, 2.0, 0.5, 0.4], [0.5, 0.5, 0.7, 0.8], counts=EVEN)
    assert diagnose(after)[0].code == "still_learning"


def test_a_jumping_loss_counts_against_the_rate_only_where_it_does_harm():
    story = of("a rate that is too high: it jumps and gets nowhere")
    found = diagnose(story)[0]
    assert found.code == "rate_too_high" and found.jumps >= 2 and found.since == 7
    for change in (
        {"mixes": True},
        {"recent_rate": 1e-5},
        {"validation_accuracy": [*story.validation_accuracy[:-3], 0.63, 0.65, 0.67]},  # gets better all the same
        {"validation_accuracy": [0.95] * 12, "validation_loss": [0.15] * 12},  # is good
    ):
        assert diagnose(replace(story, **change))[0].code != "rate_too_high", change


def test_the_loss_of_the_best_answers_to_mixed_images_is_no_underfitting():
    story = of("mixing, training .66 and validation .97")
    plain = replace(story, mixes=False, validation_accuracy=story.train_accuracy)
    assert diagnose(plain)[0].code == "underfitting"
    assert diagnose(replace(plain, mixes=True))[0].code == "plateau"


@pytest.mark.parametrize("kind", [CrossEntropy(), CrossEntropy(label_smoothing=0.1), Focal(), MeanSquared(), Binary()])
@pytest.mark.parametrize("counts", [(100, 100), (95, 5), (20,) * 10], ids=str)
@pytest.mark.parametrize("is_balanced", [False, True])
def test_a_run_at_the_loss_of_guessing_is_at_chance_whatever_the_loss(kind, counts, is_balanced):
    story = Story(classes=len(counts), counts=counts, loss=kind, is_balanced=is_balanced, ended=True)
    guess = {"train_loss": [story.train_blind_loss] * 12, "validation_loss": [story.blind_loss] * 12}
    chance = {"train_accuracy": [story.chance] * 12, "validation_accuracy": [story.chance] * 12}
    assert diagnose(replace(story, **guess, **chance))[0].code == "at_chance"
    good = {name: np.array(losses) * np.linspace(0.9, 0.2, 12) for name, losses in guess.items()}
    fine = {name: np.linspace(story.chance, 0.99, 12).tolist() for name in chance}
    learnt = diagnose(replace(story, **{name: losses.tolist() for name, losses in good.items()}, **fine))
    assert learnt[0].code == "still_learning"


def test_ten_thousand_epochs_are_judged_at_once():
    epochs = 10_000
    chance = np.random.default_rng(0)
    for losses in (to(0.7, 0.1, epochs, 0.999), flat(0.3, epochs), [0.3, *flat(9.0, epochs - 2), 0.3]):
        noisy = (np.array(losses) * chance.uniform(0.9, 1.1, epochs)).tolist()
        story = Story(noisy, flat(0.8, epochs), noisy, flat(0.8, epochs), counts=EVEN, ended=True, **USUAL)
        took = []
        for _ in range(5):
            began = time.perf_counter()
            diagnose(story)
            took.append(time.perf_counter() - began)
        assert min(took) < 0.02, "a few milliseconds, and room for a slow machine"


@given(
    st.lists(st.tuples(*[st.floats(0) | st.just(math.nan)] * 2, *[st.floats(0, 1)] * 2), max_size=25),
    st.sampled_from([(), (0, 7), (3, 0, 4), (1, 1), (500, 5), (2,) * 40]),
    st.sampled_from([(), (9, 0), (1, 1, 1), (500, 5)]),
    st.sampled_from([CrossEntropy(), CrossEntropy(label_smoothing=0.9), Focal(gamma=10.0), MeanSquared(), Binary()]),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_no_history_is_too_odd_to_be_judged(lines, counts, train_counts, kind, switches):
    columns = [list(column) for column in zip(*lines, strict=True)] or [[], [], [], []]
    is_balanced, mixes, ended = switches
    more = {"counts": counts, "train_counts": train_counts, "loss": kind, "classes": len(counts) or 2}
    story = Story(
        columns[0], columns[2], columns[1], columns[3], is_balanced=is_balanced, mixes=mixes, ended=ended, **more
    )
    found = diagnose(story)
    assert found and 0 <= found[0].since <= story.epochs + 1
    assert trouble_of(story) in ("", "diverged", "exploded")


# ---- real trainings


def squares_and_bars(folder, counts: dict[str, int], noise: float = 30) -> None:
    """Noisy images of squares, and of two bars."""
    chance = np.random.default_rng(0)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = chance.normal(120, noise, (16, 16, 3))
            x, y = chance.integers(1, 9, 2)
            if name == "square":
                pixels[y : y + 6, x : x + 6] += 45
            else:
                pixels[y : y + 2, x : x + 7] += 45
                pixels[y + 4 : y + 6, x : x + 7] += 45
            Image.fromarray(pixels.clip(0, 255).astype("u1")).save(folder / name / f"{number:04d}.png")


def small_but_able() -> NetworkSpec:
    layers = [("conv2d", {"filters": 8}), ("batch_norm", {}), ("relu", {}), ("max_pool", {}), ("flatten", {})]
    return chain([("image", {}), *layers, ("classes", {})])


def learnt(folder, counts: dict[str, int], augment=(), noise: float = 30, **recipe) -> tuple[Story, runs.RunInfo]:
    squares_and_bars(folder / "images", counts, noise)
    data = {"augment": augment, "test_percent": 0}
    project = small_project(folder / "images", data=data, network=small_but_able(), batch_size=32, **recipe)
    trained(project, folder / "p" / "Test.atelier")
    run = runs.run_folder(folder / "p" / "Test.atelier", 1)
    return story_of(run, ended=True), runs.run_info(run)


def test_a_real_run_with_balanced_weights_is_not_called_too_fast(tmp_path):
    story, info = learnt(tmp_path, {"bars": 12, "square": 388}, class_weights="balanced", epochs=10)
    assert story.is_balanced and not story.mixes and sum(story.train_counts) == story.train_pictures
    assert max(story.train_counts) > 0.9 * story.train_pictures, "uneven in training too"
    assert story.train_blind_loss == pytest.approx(math.log(2))
    assert story.validation_accuracy[-1] > 0.9
    found = diagnose(story)[0].code
    assert found in ("still_learning", "plateau", "overconfident") and info.trouble == ""


def test_a_real_run_with_mixed_images_is_no_underfitting(tmp_path):
    augment = (Chosen("mixup", {"alpha": 1.0}), Chosen("cutmix", {"probability": 1.0}))
    story, info = learnt(tmp_path, {"bars": 150, "square": 150}, augment, noise=8, epochs=15, learning_rate=0.01)
    assert story.mixes and story.train_accuracy[-1] < 0.85 and story.validation_accuracy[-1] > 0.95
    found = diagnose(story)[0].code
    assert found in ("still_learning", "plateau", "overconfident") and info.trouble == ""


@pytest.mark.parametrize("kind", ["mean_squared", "focal", "binary"])
def test_a_real_run_that_learns_nothing_is_at_chance_whatever_its_loss(tmp_path, kind):
    """Of the same noise in both classes nothing can be learnt; a rate that does not move the network much."""
    chance = np.random.default_rng(0)
    for name in ("one", "other"):
        (tmp_path / "noise" / name).mkdir(parents=True)
        for number in range(60):
            pixels = chance.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "noise" / name / f"{number:02d}.png")
    network = chain([("image", {}), ("conv2d", {"filters": 4}), ("global_avg_pool", {}), ("classes", {})])
    project = small_project(tmp_path / "noise", network=network, epochs=6, batch_size=32, loss=Chosen(kind))
    trained(project, tmp_path / "p" / "Test.atelier")
    story = story_of(runs.run_folder(tmp_path / "p" / "Test.atelier", 1), ended=True)
    assert type(story.loss).__name__.lower().startswith(kind[:4])
    assert diagnose(story)[0].code == "at_chance"


# ---- what to try


@pytest.fixture
def project(picture_folder) -> ProjectSpec:
    made = small_project(picture_folder)
    return replace(made, data=replace(made.data, classes=("disc", "stripes")))


def tried(project: ProjectSpec) -> dict:
    return {step.name: step for step in next_steps(Diagnosis("overconfident", chance=0.5), project)}


def test_one_that_is_too_sure_is_asked_never_to_be(project):
    step = tried(project)["smooth"]
    assert step.value == 0.1
    smooth = step.apply(project)
    assert smooth.recipe.loss == Chosen("cross_entropy", {"label_smoothing": 0.1})
    assert "smooth" not in tried(smooth)
    focal = replace(project, recipe=replace(project.recipe, loss=Chosen("focal")))
    assert "smooth" not in tried(focal), "only cross-entropy can"


# ---- what the files tell


def test_a_run_of_an_older_version_has_no_counts(tmp_path):
    squares_and_bars(tmp_path / "images", {"bars": 12, "square": 28})
    path = tmp_path / "p" / "Test.atelier"
    trained(small_project(tmp_path / "images", epochs=1), path)
    run = runs.run_folder(path, 1)
    assert sum(story_of(run).train_counts) == story_of(run).train_pictures
    for damaged in (None, "many", [1, "two"], [-1, 4], 7):
        runs.write_state(run, {"train_counts": damaged})
        assert story_of(run).train_counts == () and story_of(run).train_blind_loss > 0
    runs.write_state(run, {"train_counts": [0, 0]})
    assert story_of(run).train_blind_loss > 0
    spec = (run / runs.SPEC).read_text("utf-8")
    (run / runs.SPEC).write_text(spec.replace('"cross_entropy"', '"of_tomorrow"').replace('"zoom"', '"swirl"'), "utf-8")
    assert story_of(run).loss == CrossEntropy() and story_of(run).learning_rate == 0.001
    (run / runs.SPEC).write_text("no spec")
    assert story_of(run).learning_rate == 0 and story_of(run).loss == CrossEntropy()


@pytest.mark.parametrize("damaged", [{"classes": 5}, {"classes": None}, {"epochs": "many"}, {"validation_counts": "x"}])
def test_a_state_that_makes_no_sense_keeps_no_run_from_the_list(tmp_path, damaged):
    squares_and_bars(tmp_path / "images", {"bars": 12, "square": 28})
    path = tmp_path / "p" / "Test.atelier"
    trained(small_project(tmp_path / "images", epochs=2), path)
    runs.write_state(runs.run_folder(path, 1), damaged)
    (info,) = runs.list_runs(path)
    assert info.epochs_done == 2 and story_of(info.folder).classes == 2


def test_a_run_that_was_killed_counts_as_cut_short(tmp_path):
    squares_and_bars(tmp_path / "images", {"bars": 12, "square": 28})
    path = tmp_path / "p" / "Test.atelier"
    trained(small_project(tmp_path / "images", epochs=2), path)
    run = runs.run_folder(path, 1)
    assert not story_of(run).cut_short
    runs.write_state(run, {"state": "running", "epochs": 30})  # and nobody writes it any more
    assert story_of(run).cut_short
    runs.claim(run)
    assert not story_of(run).cut_short
    runs.release(run)


def test_the_list_of_runs_judges_a_loss_by_its_own_scale(tmp_path):
    squares_and_bars(tmp_path / "images", {"bars": 20, "square": 20})
    path = tmp_path / "p" / "Test.atelier"
    trained(small_project(tmp_path / "images", epochs=4, loss=Chosen("mean_squared")), path)
    run = runs.run_folder(path, 1)
    assert runs.run_info(run).trouble == ""
    lines = history.read(run)
    # Squared errors of two classes are 0.25 at chance: what is nothing to cross-entropy is an explosion to them.
    history.rewrite(run, [replace(line, train_loss=0.8, validation_loss=0.8) for line in lines])
    assert runs.run_info(run).trouble == "exploded"
    spec = (run / runs.SPEC).read_text("utf-8")
    (run / runs.SPEC).write_text(spec.replace('"mean_squared"', '"cross_entropy"'), "utf-8")
    assert runs.run_info(run).trouble == ""
