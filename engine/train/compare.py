"""Which of two runs is better: on the same images, and by how much chance alone could have made it look so.

Both runs answered their validation images after every epoch; compared are the answers of the best epoch of each, on
the images that both were validated with. Runs with other splits, such as the folds of a cross-validation, may share
few images or none.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.data.index import Index
from engine.errors import EngineError
from engine.statistics import mcnemar, paired_difference
from engine.train.runs import RunInfo
from engine.train.watch import WatchFolder

SURE = 0.05
"""A difference that chance alone makes in fewer than one of twenty comparisons counts as one."""


@dataclass(frozen=True, eq=False)
class StoredAnswers:
    """What a run answered to its validation images at its best epoch.

    Attributes:
        paths: (N,) of the images, relative to the data folder.
        labels: (N,) the right classes by name.
        classes: names, in the order of the network's outputs.
        probabilities: (N, classes) float32, stored in half precision: of two classes whose probabilities differ by
            less than a thousandth the first counts as the answer.
    """

    run: int
    paths: tuple[str, ...]
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: np.ndarray

    @cached_property
    def right(self) -> np.ndarray:
        """(N,) bool."""
        places = {name: place for place, name in enumerate(self.classes)}
        wanted = np.array([places.get(label, -1) for label in self.labels], dtype=np.int64)
        return self.probabilities.argmax(axis=1) == wanted


def stored_answers(info: RunInfo) -> StoredAnswers:
    """Read them. Raises: EngineError, where the run has none or they are damaged."""
    watch = WatchFolder(info.folder)
    probabilities = watch.load(info.best_epoch) if info.best_epoch else None
    try:
        raw = json.loads((watch.folder / "pictures.json").read_text("utf-8"))
        classes = tuple(str(name) for name in raw["classes"])
        labels = tuple(classes[place] for place in raw["labels"])
        paths = tuple(str(path) for path in raw["paths"])
        if probabilities is None or probabilities.shape != (len(paths), len(classes)) or len(labels) != len(paths):
            raise ValueError("the answers do not belong to these images")
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise EngineError(
            f"Run {info.number} cannot be compared.",
            why="Its answers are missing or damaged." if info.best_epoch else "It has no finished epoch.",
            fix="Choose another run.",
        ) from error
    return StoredAnswers(info.number, paths, labels, classes, probabilities)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs on the images that both were validated with.

    Attributes:
        first, second: numbers of the runs.
        paths: (N,) of the shared images, in the order of the first run.
        rows: two (N,) arrays: where these images stand in the answers of each run.
        first_right, second_right: (N,) bool.
    """

    first: int
    second: int
    paths: tuple[str, ...]
    rows: tuple[np.ndarray, np.ndarray]
    first_right: np.ndarray
    second_right: np.ndarray

    @property
    def images(self) -> int:
        return len(self.paths)

    @property
    def only_first(self) -> np.ndarray:
        """Places of the images that only the first run gets right."""
        return np.flatnonzero(self.first_right & ~self.second_right)

    @property
    def only_second(self) -> np.ndarray:
        """Places of the images that only the second run gets right."""
        return np.flatnonzero(self.second_right & ~self.first_right)

    @property
    def p_value(self) -> float:
        """Of McNemar's exact test."""
        return mcnemar(len(self.only_first), len(self.only_second))

    @property
    def is_sure(self) -> bool:
        """Whether chance alone hardly makes such a difference: the exact test and the interval must agree."""
        if self.p_value >= SURE:  # so it is without any image
            return False
        _, low, high = self.gain()
        return not low <= 0 <= high

    def gain(self) -> tuple[float, float, float]:
        """(difference, low, high), 0..1: how much more accurate the second run is than the first, 95 %.

        Raises: EngineError, when the runs share no images.
        """
        if not self.images:
            raise EngineError(
                f"Runs {self.first} and {self.second} were validated with different images.",
                why="Their data are divided differently, so that no image says which of them is better.",
                fix="Compare runs of the same division.",
            )
        both = int((self.first_right & self.second_right).sum())
        only_first, only_second = len(self.only_first), len(self.only_second)
        return paired_difference(both, only_second, only_first, self.images - both - only_first - only_second)

    def verdict_in_words(self) -> str:
        """What McNemar's test says, in sentences for a reader who knows no statistics. Raises: as `gain`."""
        difference, low, high = self.gain()
        ones, others = len(self.only_first), len(self.only_second)
        if not ones and not others:
            return f"Both runs get the same {self.images} shared images right and wrong; nothing tells them apart."
        better, worse = (self.second, self.first) if difference > 0 else (self.first, self.second)
        more, fewer = max(ones, others), min(ones, others)
        interval = f"{points(difference)} of accuracy (95 %: {signed(low)} to {signed(high)})"
        figures = f"Run {self.second} against run {self.first}: {interval}."
        chance = f"would differ so much in {share_in_words(self.p_value)}."
        if self.is_sure:
            return (
                f"Of {self.images} shared images, run {better} gets {more} right that run {worse} gets wrong, and "
                f"{fewer} the other way round: run {better} is better than run {worse}. Equally good runs {chance} "
                f"{figures}"
            )
        # With few disagreements the exact test is the stricter one; the reader sees both and must not be left puzzled.
        strict = "" if low <= 0 <= high else " The interval leaves 0 out, but so few images do not bear it."
        return (
            f"Of {self.images} shared images, run {self.first} alone gets {ones} right and run {self.second} alone "
            f"{others}: that is not enough to call either better. Equally good runs {chance} {figures}{strict}"
        )


def compare(first: StoredAnswers, second: StoredAnswers) -> Comparison:
    """Put two runs side by side, on the images of both whose class is the same in both."""
    places = {path: place for place, path in enumerate(second.paths)}
    pairs = [
        (place, places[path])
        for place, path in enumerate(first.paths)
        if path in places and first.labels[place] == second.labels[places[path]]
    ]
    ones, others = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    paths = tuple(first.paths[place] for place in ones)
    return Comparison(first.run, second.run, paths, (ones, others), first.right[ones], second.right[others])


def compare_runs(first: RunInfo, second: RunInfo) -> Comparison:
    """Compare two runs by their files. Raises: EngineError, where one has no answers."""
    return compare(stored_answers(first), stored_answers(second))


def numbers_in(index: Index, paths: Sequence[str]) -> np.ndarray:
    """(n,) numbers of these images in today's index, whatever split they are in; -1 for images that are gone."""
    wanted = {path: place for place, path in enumerate(paths)}
    numbers = np.full(len(paths), -1, dtype=np.int64)
    for number, path in enumerate(index.paths.tolist()):
        if (place := wanted.get(path)) is not None:
            numbers[place] = number
    return numbers


def points(difference: float) -> str:
    """0.021 as "+2.1 points"."""
    return f"{signed(difference)} points"


def signed(difference: float) -> str:
    """0.021 as "+2.1": hundredths, with a real minus sign."""
    rounded = round(100 * difference, 1)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else '±'}{abs(rounded):.1f}"


def share_in_words(p_value: float) -> str:
    """A probability of chance as a count: "1 of 8 such comparisons"."""
    if p_value < 0.001:
        return "fewer than 1 of 1000 such comparisons"
    if p_value > 0.5:
        return "most such comparisons" if p_value < 0.99 else "nearly every such comparison"
    return f"1 of {round(1 / p_value)} such comparisons"
