"""The answers of every epoch, in columns, so that any epoch can be shown at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from gui.pictures import Answers

MOST_WORST = 100


class EpochAnswers(Protocol):
    """What is read of `engine.train.events.EpochDone`."""

    epoch: int
    numbers: np.ndarray  # (N,) picture numbers; -1: the picture is gone
    probabilities: np.ndarray  # (N, classes)


class Histories:
    """The history of each row of a grid, cut out only when it is drawn."""

    def __init__(self, own: np.ndarray, columns: np.ndarray) -> None:
        self._own, self._columns = own, columns  # (epochs, N) and (rows,), -1: not validated

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, row: int) -> np.ndarray:
        column = self._columns[row]
        return self._own[:, column] if column >= 0 else np.empty(0, np.float32)


class Replay:
    """Validation answers of one run: for each epoch and picture the answer, its probability, and the right class's.

    The answers of a stored epoch are read from its file when they are first needed; `load_some` reads the others bit
    by bit, newest first, so that neither showing a long run nor its histories ever hold the window up.
    """

    def __init__(self) -> None:
        self.show((), np.empty(0, dtype=np.int64))

    def show(self, epochs: Sequence[EpochAnswers], labels: np.ndarray) -> None:
        """Take another run.

        Args:
            labels: (pictures,) right class of every picture of the index. Pictures beyond it are left out.
        """
        self._epochs = list(epochs)
        self._index_labels = labels
        self._waiting = list(range(len(self._epochs)))  # the last one is read first
        self._begin(next((done.numbers for done in self._epochs if len(done.numbers)), np.empty(0, dtype=np.int64)))

    def append(self, done: EpochAnswers) -> None:
        """Add one more epoch."""
        place = len(self._epochs)
        self._epochs.append(done)
        self._waiting.append(place)
        if not len(self.numbers) and len(done.numbers):
            self._begin(done.numbers)
        elif place >= len(self._said):
            self._grow(2 * place)
        self._load(place)

    def __len__(self) -> int:
        return len(self._epochs)

    def epoch(self, place: int) -> int:
        """Return the number (1-based) of the `place`-th epoch."""
        return self._epochs[place].epoch

    def place_of(self, epoch: int) -> int:
        """Return where an epoch stands, -1 when it is not there."""
        return next((place for place, done in enumerate(self._epochs) if done.epoch == epoch), -1)

    # ---- reading

    def load_some(self, seconds: float) -> bool:
        """Read answers for about so long; return whether some are left."""
        end = time.monotonic() + seconds
        while self._waiting and time.monotonic() < end:
            self._load(self._waiting[-1])
        return bool(self._waiting)

    def _load(self, place: int) -> None:
        if place not in self._waiting:
            return
        self._waiting.remove(place)
        told = np.asarray(self._epochs[place].probabilities, dtype=np.float32)
        if told.ndim != 2 or len(told) != self._given or not told.shape[1]:
            return  # the file of this epoch is lost or damaged: it has no answers, the others stay
        told = told[self._kept]
        rows, known = np.arange(len(told)), self._labels < told.shape[1]
        self._said[place] = told.argmax(axis=1)
        self._sure[place] = told[rows, self._said[place]]
        self._own[place] = np.where(known, told[rows, np.where(known, self._labels, 0)], np.nan)

    def _begin(self, numbers: np.ndarray) -> None:
        numbers = np.asarray(numbers, dtype=np.int64)
        self._given = len(numbers)
        self._kept = np.flatnonzero((numbers >= 0) & (numbers < len(self._index_labels)))
        self.numbers = numbers[self._kept]
        self._order = np.argsort(self.numbers, kind="stable")
        self._labels = np.asarray(self._index_labels)[self.numbers].astype(np.int64)
        shape = (0, len(self.numbers))
        self._said, self._sure, self._own = np.empty(shape, np.int32), np.empty(shape, np.float32), np.empty(shape)
        self._grow(max(16, 2 * len(self._epochs)))

    def _grow(self, epochs: int) -> None:
        for name, kind, nothing in (
            ("_said", np.int32, -1),
            ("_sure", np.float32, np.nan),
            ("_own", np.float32, np.nan),
        ):
            old = getattr(self, name)
            grown = np.full((epochs, len(self.numbers)), nothing, dtype=kind)
            grown[: len(old)] = old
            setattr(self, name, grown)

    # ---- what was answered

    def columns(self, numbers: np.ndarray) -> np.ndarray:
        """Return where these pictures stand among the validated ones; -1: not among them."""
        numbers = np.asarray(numbers, dtype=np.int64)
        if not len(self.numbers):
            return np.full(len(numbers), -1)
        found = np.searchsorted(self.numbers, numbers, sorter=self._order)
        places = self._order[np.minimum(found, len(self._order) - 1)]
        return np.where(self.numbers[places] == numbers, places, -1)

    def right(self, place: int) -> np.ndarray:
        """(N,) whether each picture was answered rightly at the `place`-th stored epoch."""
        self._load(place)
        return self._said[place] == self._labels

    def worst(self, place: int) -> np.ndarray:
        """Return picture numbers, those first whose right class got the least probability."""
        self._load(place)
        order = np.argsort(self._own[place], kind="stable")
        return self.numbers[order[:MOST_WORST]]

    def probabilities(self, place: int, number: int) -> np.ndarray | None:
        """Return (classes,) what was answered to one picture at the `place`-th stored epoch; None: nothing is known."""
        done = self._epochs[place]
        rows = np.flatnonzero(done.numbers == number)
        told = done.probabilities
        return np.asarray(told[rows[0]]) if len(rows) and rows[0] < len(told) else None

    def flipped(self, place: int) -> np.ndarray:
        """Return the pictures whose answer turned right or wrong since the epoch before."""
        if place < 1:
            return np.empty(0, dtype=np.int64)
        changed = self.right(place) != self.right(place - 1)
        return self.numbers[changed & (self._said[place] >= 0) & (self._said[place - 1] >= 0)]

    def answers(self, place: int, numbers: np.ndarray, classes: Sequence[str]) -> Answers:
        """Return what was answered to these pictures at the `place`-th stored epoch, with their histories."""
        self._load(place)
        columns = self.columns(numbers)
        known = columns >= 0
        if not len(self.numbers):
            blank = np.zeros(len(columns))
            return Answers(classes, columns, blank, known, Histories(self._own[:0], columns))
        said = np.where(known & (self._said[place][columns] < len(classes)), self._said[place][columns], -1)
        right = known & self.right(place)[columns]
        histories = Histories(self._own[: len(self)], columns)
        return Answers(classes, said, self._sure[place][columns], right, histories, marker=place)

    def with_fresh(
        self, numbers: np.ndarray, probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str]
    ) -> Answers:
        """Return answers newer than any stored epoch, with the histories so far.

        Args:
            probabilities: (n, classes) for `numbers`.
            labels: (n,) their right classes.
        """
        columns = self.columns(numbers)
        said = np.asarray(probabilities).argmax(axis=1) if len(numbers) else np.empty(0, dtype=np.int64)
        sure = np.asarray(probabilities)[np.arange(len(said)), said]
        histories = Histories(self._own[: len(self)], columns)
        return Answers(classes, said, sure, said == np.asarray(labels), histories, len(self) - 1)
