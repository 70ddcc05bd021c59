"""An epoch of a run whose answers are read from its files only when somebody looks at them."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from engine.train.history import EpochLine
from engine.train.watch import WatchFolder


@lru_cache(maxsize=8)
def _answers_at(folder: Path, epoch: int, modified: int) -> np.ndarray | None:
    return WatchFolder(folder).load(epoch)


def _answers(folder: Path, epoch: int) -> np.ndarray | None:
    # A number is used again for another run once the last one was discarded.
    return _answers_at(folder, epoch, WatchFolder(folder).modified(epoch))


class StoredEpoch:
    """The numbers of `EpochLine`, and the answers of that epoch. Ten thousand epochs cost no memory for answers.

    Args:
        numbers: (N,) picture numbers in today's index of the stored answers, -1 for pictures that are gone.
    """

    __slots__ = ("_all", "_folder", "line")

    def __init__(self, line: EpochLine, folder: Path, numbers: np.ndarray):
        self.line = line
        self._folder = folder
        self._all = numbers  # one array for all epochs of a run: no copies of it are kept

    def __getattr__(self, name: str) -> object:
        return getattr(self.line, name)

    @property
    def numbers(self) -> np.ndarray:
        """Picture numbers of the answers, without pictures that are gone."""
        return self._all[self._all >= 0]

    @property
    def probabilities(self) -> np.ndarray:
        """(len(numbers), classes) float32; no rows where the file is missing."""
        found = _answers(self._folder, self.line.epoch)
        if found is None or len(found) != len(self._all):
            return np.zeros((0, 0), dtype=np.float32)
        return found[self._all >= 0]
