"""The answers of every epoch, in columns, so that any epoch can be shown at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.train.biography import RIGHT, UNKNOWN, WRONG, Biography, biography
from gui.pictures import Answers

MOST_WORST = 100
MOST_CELLS = 1 << 21  # answers in the history of all images: 10 MiB
LEAST_EPOCHS, MOST_EPOCHS = 16, 1024  # in the history: fewer say nothing, more cannot be drawn
MOST_WHOLE = 6  # epochs of which all answers stay at hand


class EpochAnswers(Protocol):
    """What is read of `engine.train.events.EpochDone`."""

    epoch: int
    numbers: np.ndarray  # (N,) picture numbers; -1: the picture is gone
    probabilities: np.ndarray  # (N, classes)


@dataclass(frozen=True, eq=False)
class _Answered:
    """The answers of one epoch: of each picture the class, its probability, and that of the right class."""

    said: np.ndarray  # (N,) int32, -1: no answer
    sure: np.ndarray  # (N,) float32
    own: np.ndarray  # (N,) float32, NaN: no answer


class Histories:
    """The history of each row of a grid, cut out only when it is drawn.

    Args:
        kept: (epochs kept, N).
        columns: (rows,) of `kept`; -1: not validated.
        row_of: (epochs,) which kept epoch stands for each.
    """

    def __init__(self, kept: np.ndarray, columns: np.ndarray, row_of: np.ndarray) -> None:
        self._kept, self._columns, self._row_of = kept, columns, row_of

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, row: int) -> np.ndarray:
        column = self._columns[row]
        return self._kept[self._row_of, column] if column >= 0 else self._kept[:0, 0]


class Replay:
    """Validation answers of one run: for each epoch and picture the answer, its probability, and the right class's.

    The answers of the few epochs looked at last are there whole. Of the others a history stays: the probability of
    the right class, and whether the answer was right, of every epoch; of every second, fourth, ... epoch where ten
    thousand epochs of ten thousand pictures would fill the memory. The history of a stored run is read on another
    thread: `waiting` says what is missing, `read` reads it there, `take` puts it in.
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
        self._begin(next((done.numbers for done in self._epochs if len(done.numbers)), np.empty(0, dtype=np.int64)))

    def append(self, done: EpochAnswers, stored: EpochAnswers | None = None) -> None:
        """Add one more epoch.

        Args:
            done: whose answers are at hand.
            stored: the same epoch, to be kept instead where its answers can be read again when they are needed.
        """
        place = len(self._epochs)
        self._epochs.append(done)
        if not len(self.numbers) and len(done.numbers):
            self._begin(done.numbers)
        elif self._rows(len(self._epochs)) > self._most_rows:
            self._thin()
        elif self._rows(len(self._epochs)) > len(self._own):
            self._grow(2 * len(self._own))
        self._at(place)
        self._epochs[place] = stored or done

    def __len__(self) -> int:
        return len(self._epochs)

    def epoch(self, place: int) -> int:
        """Return the number (1-based) of the `place`-th epoch."""
        return self._epochs[place].epoch

    def place_of(self, epoch: int) -> int:
        """Return where an epoch stands, -1 when it is not there."""
        if 0 < epoch <= len(self) and self._epochs[epoch - 1].epoch == epoch:
            return epoch - 1
        return next((place for place, done in enumerate(self._epochs) if done.epoch == epoch), -1)

    # ---- reading

    def waiting(self) -> list[tuple[int, EpochAnswers]]:
        """Return places and epochs whose answers are missing in the history, newest first."""
        missing = np.flatnonzero(~self._is_read[: self._rows(len(self))])[::-1] * self._every
        return [(place, self._epochs[place]) for place in missing.tolist()]

    @staticmethod
    def read(waiting: Sequence[tuple[int, EpochAnswers]], seconds: float) -> list[tuple[int, np.ndarray]]:
        """Read the answers of epochs for about so long; may run on any thread. Returns: places and their answers."""
        end, found = time.monotonic() + seconds, []
        for place, done in waiting:
            found.append((place, np.asarray(done.probabilities, dtype=np.float32)))
            if time.monotonic() > end:
                break
        return found

    def take(self, found: Sequence[tuple[int, np.ndarray]]) -> None:
        """Put answers of `read` into the history."""
        for place, told in found:
            self._note(place, self._answered(told))

    def _at(self, place: int) -> _Answered:
        """The answers of one epoch, read when they are not at hand."""
        if place in self._whole:
            self._whole.move_to_end(place)
            return self._whole[place]
        answered = self._answered(np.asarray(self._epochs[place].probabilities, dtype=np.float32))
        self._whole[place] = answered
        if len(self._whole) > MOST_WHOLE:
            self._whole.popitem(last=False)
        self._note(place, answered)
        return answered

    def _answered(self, told: np.ndarray) -> _Answered:
        if told.ndim != 2 or len(told) != self._given or not told.shape[1]:
            # The file of this epoch is lost or damaged: it has no answers, the others stay.
            nothing = np.full(len(self.numbers), np.nan, np.float32)
            return _Answered(np.full(len(self.numbers), -1, np.int32), nothing, nothing)
        told = told[self._kept]
        rows, known = np.arange(len(told)), self._labels < told.shape[1]
        said = told.argmax(axis=1).astype(np.int32)
        own = np.where(known, told[rows, np.where(known, self._labels, 0)], np.nan).astype(np.float32)
        return _Answered(said, told[rows, said], own)

    def _note(self, place: int, answered: _Answered) -> None:
        if place % self._every:
            return
        row = place // self._every
        self._own[row] = answered.own
        right = np.where(answered.said == self._labels, RIGHT, WRONG)
        self._noted[row] = np.where(answered.said < 0, UNKNOWN, right)
        self._is_read[row] = True

    # ---- room

    def _begin(self, numbers: np.ndarray) -> None:
        numbers = np.asarray(numbers, dtype=np.int64)
        self._given = len(numbers)
        self._kept = np.flatnonzero((numbers >= 0) & (numbers < len(self._index_labels)))
        self.numbers = numbers[self._kept]
        self._order = np.argsort(self.numbers, kind="stable")
        self._labels = np.asarray(self._index_labels)[self.numbers].astype(np.int64)
        self._whole: OrderedDict[int, _Answered] = OrderedDict()
        self._most_rows = max(LEAST_EPOCHS, min(MOST_EPOCHS, MOST_CELLS // max(1, len(self.numbers))))
        self._every = 1
        while self._rows(len(self._epochs)) > self._most_rows:
            self._every *= 2
        shape = (0, len(self.numbers))
        self._own, self._noted = np.empty(shape, np.float32), np.empty(shape, np.uint8)
        self._is_read = np.empty(0, bool)
        self._grow(max(16, 2 * self._rows(len(self._epochs))))

    def _rows(self, epochs: int) -> int:
        """How many of so many epochs are in the history."""
        return -(-epochs // self._every)

    def _grow(self, rows: int) -> None:
        rows = min(rows, self._most_rows)
        for name, nothing in (("_own", np.nan), ("_noted", UNKNOWN), ("_is_read", False)):
            old = getattr(self, name)
            grown = np.full((rows, *old.shape[1:]), nothing, dtype=old.dtype)
            grown[: len(old)] = old
            setattr(self, name, grown)

    def _thin(self) -> None:
        """Keep every second epoch of those in the history."""
        self._every *= 2
        for name in ("_own", "_noted", "_is_read"):
            setattr(self, name, getattr(self, name)[::2].copy())
        self._grow(self._most_rows)

    def _row_of(self) -> np.ndarray:
        return np.arange(len(self)) // self._every

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
        return self._at(place).said == self._labels

    def worst(self, place: int) -> np.ndarray:
        """Return picture numbers, those first whose right class got the least probability."""
        order = np.argsort(self._at(place).own, kind="stable")
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
        now, before = self._at(place), self._at(place - 1)
        changed = (now.said == self._labels) != (before.said == self._labels)
        return self.numbers[changed & (now.said >= 0) & (before.said >= 0)]

    def answers(self, place: int, numbers: np.ndarray, classes: Sequence[str]) -> Answers:
        """Return what was answered to these pictures at the `place`-th stored epoch, with their histories."""
        columns = self.columns(numbers)
        known = columns >= 0
        if not len(self.numbers):
            blank = np.zeros(len(columns))
            return Answers(classes, columns, blank, known, Histories(self._own, columns, self._row_of()[:0]))
        now = self._at(place)
        said = np.where(known & (now.said[columns] < len(classes)), now.said[columns], -1)
        right = known & (now.said == self._labels)[columns]
        row_of = self._row_of()
        return Answers(
            classes,
            said,
            now.sure[columns],
            right,
            Histories(self._own, columns, row_of),
            place,
            Histories(self._noted, columns, row_of),
        )

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
        histories = Histories(self._own, columns, self._row_of())
        return Answers(classes, said, sure, said == np.asarray(labels), histories, len(self) - 1)

    # ---- biography

    def biography(self) -> Callable[[], Biography]:
        """Return the work that tells the biography of `numbers` over the history so far; it may run on any thread."""
        rows = self._rows(len(self))
        noted, own = self._noted[:rows].copy(), self._own[:rows].copy()  # they change while the other thread works
        return lambda: biography(noted, own)
