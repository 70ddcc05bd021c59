"""The watched images: what the user has pinned, own photographs among it, and some that were chosen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.train.pins import PinnedAnswers
from gui.pictures import Answers, Pictured
from gui.pictures.cache import Source

MOST_EPOCHS = 1024  # of the answers to one pinned image


class WithPhotographs:
    """An index, and behind its last picture some files that are not of the data set: no class, no split."""

    def __init__(self, index: Pictured, photographs: Sequence[Path]) -> None:
        self.index, self.photographs = index, tuple(photographs)
        nothing = np.full(len(self.photographs), -1)
        self.classes = index.classes
        self.labels = np.concatenate([index.labels, nothing.astype(index.labels.dtype)])
        self.splits = np.concatenate([index.splits, nothing.astype(index.splits.dtype)])

    def __len__(self) -> int:
        return len(self.index) + len(self.photographs)

    def path(self, number: int) -> Source:
        """Where picture `number` lies."""
        count = len(self.index)
        return self.index.path(number) if number < count else self.photographs[number - count]


class PinBook:
    """What one run has answered to pinned pictures, epoch by epoch: by their path in the index, or their file."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._told: dict[str, tuple[list[int], list[np.ndarray]]] = {}

    def load(self, stored: Mapping[str, PinnedAnswers]) -> None:
        """Take what is stored of a run; answers that came since stay. More is stored than is told while it trains."""
        for name, answers in stored.items():
            came = self._told.pop(name, ([], []))
            for epoch, row in zip(answers.epochs.tolist(), answers.probabilities, strict=True):
                self.add(name, epoch, row)
            last = int(answers.epochs[-1]) if len(answers.epochs) else 0
            for epoch, row in zip(*came, strict=True):
                if epoch >= last:
                    self.add(name, epoch, row)

    def add(self, name: str, epoch: int, row: np.ndarray) -> None:
        """Note (classes,) probabilities of an epoch; of the same epoch, the last ones count."""
        epochs, rows = self._told.setdefault(name, ([], []))
        while epochs and epochs[-1] >= epoch:  # done again, after a training was resumed
            epochs.pop(), rows.pop()
        epochs.append(epoch)
        rows.append(np.asarray(row, dtype=np.float32))
        if len(epochs) > MOST_EPOCHS:
            del epochs[:-1:2], rows[:-1:2]

    def at(self, name: str, epoch: int) -> np.ndarray | None:
        """Return (classes,) answers of an epoch, or of the last one before it; None where there are none."""
        epochs, rows = self._told.get(name, ([], []))
        place = bisect_right(epochs, epoch) - 1
        return rows[place] if place >= 0 else None

    def history(self, name: str, answer: int, epochs: Sequence[int]) -> np.ndarray:
        """Return (epochs,) the probability of class `answer`, the last one known at each; NaN before the first."""
        known, rows = self._told.get(name, ([], []))
        if not known:
            return np.empty(0, np.float32)
        places = np.searchsorted(known, epochs, "right") - 1
        values = np.array([row[answer] if 0 <= answer < len(row) else np.nan for row in rows], dtype=np.float32)
        return np.where(places >= 0, values[np.maximum(places, 0)], np.nan)


class _Rows:
    """Histories row by row, from two places."""

    def __init__(self, rows: Sequence[np.ndarray]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> np.ndarray:
        return self._rows[row]


def with_pinned(
    answers: Answers, labels: np.ndarray, told: Mapping[int, np.ndarray], histories: Mapping[int, np.ndarray]
) -> Answers:
    """Put answers to pinned pictures in place of those of their rows.

    Args:
        labels: (n,) right classes of the rows; -1: not known.
        told: (classes,) by row.
        histories: (epochs,) by row.
    """
    said, sure, right = (np.array(part) for part in (answers.answers, answers.probabilities, answers.right))
    sure = sure.astype(np.float32)
    for row, probabilities in told.items():
        said[row] = int(probabilities.argmax()) if len(probabilities) <= len(answers.classes) else -1
        sure[row] = probabilities.max()
        right[row] = said[row] == labels[row]
    lines = answers.history
    if histories and lines is not None:
        lines = _Rows([histories[row] if row in histories else lines[row] for row in range(len(said))])
    return Answers(answers.classes, said, sure, right, lines, answers.marker)
