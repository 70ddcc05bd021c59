"""Curves as the text of a table that any spreadsheet opens."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import numpy as np

HEADER = (
    "run",
    "kind",
    "epoch",
    "train_loss",
    "validation_loss",
    "train_accuracy",
    "validation_accuracy",
    "learning_rate",
)


class CurveTable:
    """One row per epoch ("epoch") and per step ("step", whose epoch is a fraction); what is not known stays empty."""

    def __init__(self) -> None:
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(HEADER)

    def add_epochs(self, run: int, epochs: Iterable) -> None:
        """Add finished epochs: objects with the fields of `engine.train.history.EpochLine`."""
        for done in epochs:
            losses = done.train_loss, done.validation_loss
            accuracies = done.train_accuracy, done.validation_accuracy
            self._writer.writerow((run, "epoch", done.epoch, *losses, *accuracies, done.learning_rate))

    def add_steps(self, run: int, x: np.ndarray, loss: np.ndarray, accuracy: np.ndarray, rate: np.ndarray) -> None:
        """Add single steps: (n,) fractional epochs, and (n,) values at each."""
        rows = zip(x.tolist(), loss.tolist(), accuracy.tolist(), rate.tolist(), strict=True)
        self._writer.writerows((run, "step", round(at, 6), a, "", b, "", c) for at, a, b, c in rows)

    def text(self) -> str:
        """Return all of it."""
        return self._text.getvalue()
