"""The curve within epochs of a run, kept so that it is there again when the project is opened anew.

`steps.bin` of a run holds one row for each `BatchDone`: four little-endian float64, its place in epochs, loss, accuracy
and learning rate. An hour of training takes about 2 MB.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.files import write_atomically

if TYPE_CHECKING:
    from engine.train.events import BatchDone

NAME = "steps.bin"
_NUMBER = np.dtype("<f8")
_ROW = 4 * _NUMBER.itemsize  # bytes


class StepCurve(NamedTuple):
    """Columns of (n,) float64.

    Attributes:
        place: in epochs, ascending; the last step of the first epoch is at 1.
        loss, accuracy: means of the batches since the row before, measured while the weights were changing.
        learning_rate: of the step.
    """

    place: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    learning_rate: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> StepCurve:
        """Make it of (n, 4)."""
        return cls(*np.asarray(rows, dtype=np.float64).reshape(-1, 4).T)

    @classmethod
    def none(cls) -> StepCurve:
        """One without rows."""
        return cls.of(np.zeros((0, 4)))


def place(event: BatchDone, steps_per_epoch: int) -> float:
    """Where a step is drawn, in epochs."""
    return event.epoch - 1 + event.step / max(1, steps_per_epoch)


class StepWriter:
    """Collects the rows of an epoch, and adds them to the file when it is done.

    Args:
        steps_per_epoch: of this run.
    """

    def __init__(self, folder: Path, steps_per_epoch: int):
        self._path, self._steps_per_epoch = folder / NAME, steps_per_epoch
        self._rows: list[tuple[float, float, float, float]] = []

    def add(self, event: BatchDone) -> None:
        """Remember a step until its epoch is done."""
        self._rows.append((place(event, self._steps_per_epoch), event.loss, event.accuracy, event.learning_rate))

    def write(self) -> None:
        """Add what was remembered to the file. Raises: OSError."""
        with open(self._path, "ab") as file:
            file.truncate(file.tell() // _ROW * _ROW)  # a disk that was full may have taken a part of a row
            file.write(np.array(self._rows, dtype=_NUMBER).tobytes())
        self._rows.clear()


def cut(folder: Path, epochs: int) -> None:
    """Forget what came after an epoch, for a run that resumes there. Raises: OSError."""
    if (folder / NAME).exists():
        rows = _rows(folder)
        write_atomically(folder / NAME, rows[rows[:, 0] <= epochs].tobytes())


def read(folder: Path, epochs: int | None = None) -> StepCurve:
    """Whole rows of numbers, as far as their places ascend; no rows where there is no file.

    Args:
        epochs: only what belongs to the first so many; None: all.
    """
    rows = _rows(folder)
    rows = rows if epochs is None else rows[rows[:, 0] <= epochs]
    ascends = np.diff(rows[:, 0], prepend=-np.inf) > 0  # also false beside a place that is no number
    return StepCurve.of(rows if ascends.all() else rows[: int(np.argmin(ascends))])


def _rows(folder: Path) -> np.ndarray:
    """(n, 4) of all whole rows; what a killed process left half written is ignored."""
    try:
        content = (folder / NAME).read_bytes()
    except OSError:
        content = b""
    whole = len(content) // _ROW * 4
    return np.frombuffer(content, dtype=_NUMBER, count=whole).reshape(-1, 4)
