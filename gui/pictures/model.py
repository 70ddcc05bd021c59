"""Which pictures a grid shows, and what is known of them: columns, never an object per picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from engine.train.biography import RIGHT, UNKNOWN
from gui.pictures.cache import Source
from gui.widgets.bars import percent

ModelIndex = QModelIndex | QPersistentModelIndex
SPLIT_NAMES = ("train", "validation", "test")
SUREST = 1 - 1e-6  # what an answer is shown with at most: no network is ever sure, only its numbers are rounded


class Pictured(Protocol):
    """What the grid asks of an index: `engine.data.index.Index` is one."""

    classes: Sequence[str]
    labels: np.ndarray  # (N,), positions in `classes`; -1 where the class is not known
    splits: np.ndarray  # (N,), 0 train, 1 validation, 2 test

    def __len__(self) -> int: ...

    def path(self, number: int) -> Source: ...


@dataclass(frozen=True)
class Badge:
    """A word on a thumbnail, on a colour token."""

    text: str
    token: str = "dim"


class Role(IntEnum):
    """What the delegate and other readers ask for."""

    NUMBER = Qt.ItemDataRole.UserRole + 1  # of the picture, in the index
    SOURCE = Qt.ItemDataRole.UserRole + 2  # Path or bytes
    LABEL = Qt.ItemDataRole.UserRole + 3  # name of its class
    SPLIT = Qt.ItemDataRole.UserRole + 4  # "train", "validation" or "test"
    ANSWER = Qt.ItemDataRole.UserRole + 5  # name of the class that the network says, None without answer
    PROBABILITY = Qt.ItemDataRole.UserRole + 6  # of the answer, 0..1
    RIGHT = Qt.ItemDataRole.UserRole + 7  # bool, None without answer
    HISTORY = Qt.ItemDataRole.UserRole + 8  # (epochs,) probability of the right class, None without
    BADGE = Qt.ItemDataRole.UserRole + 9  # Badge or None


class Rows(Protocol):
    """(n, epochs) numbers, row by row: an array, or something that makes a row when it is drawn."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network says of the pictures in a grid, row by row.

    Attributes:
        classes: names, in the order of the network's outputs.
        answers: (n,) positions in `classes`; -1: no answer.
        probabilities: (n,) of the answer, 0..1.
        right: (n,) bool; of a picture whose class is not known it says nothing.
        history: (n, epochs) probability of the right class, oldest epoch first; or None.
        marker: column of `history` and `strip` that is being looked at; -1: none.
        strip: (n, epochs) what came of each epoch: 0 wrong, 1 right, 2 not known; or None.
    """

    classes: Sequence[str]
    answers: np.ndarray
    probabilities: np.ndarray
    right: np.ndarray
    history: Rows | None = None
    marker: int = -1
    strip: Rows | None = None


MOST_STRETCHES = 4  # of epochs that are listed one by one


class PictureModel(QAbstractListModel):
    """Some pictures of an index, in any order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._index: Pictured | None = None
        self._numbers = np.empty(0, dtype=np.int64)
        self._answers: Answers | None = None
        self._badge: Callable[[int], Badge | None] | None = None

    # ---- what is shown

    def set_pictures(self, index: Pictured | None, numbers: np.ndarray, answers: Answers | None = None) -> None:
        """Show other pictures: (n,) numbers in `index`. The same ones again change only the answers."""
        numbers = np.asarray(numbers, dtype=np.int64)
        if index is self._index and np.array_equal(numbers, self._numbers):
            self.set_answers(answers)
            return
        _check_rows(answers, len(numbers))
        self.beginResetModel()
        self._index, self._numbers, self._answers = index, numbers, answers
        self.endResetModel()

    def set_answers(self, answers: Answers | None) -> None:
        """Show other answers for the same pictures; nothing moves.

        Raises:
            ValueError: there is not one answer for each row.
        """
        _check_rows(answers, len(self._numbers))
        if answers is None and self._answers is None:
            return
        self._answers = answers
        self._tell_all_changed()

    def set_badges(self, badge: Callable[[int], Badge | None] | None) -> None:
        """Mark pictures: `badge` gets a picture's number, and is asked only for those on screen."""
        self._badge = badge
        self._tell_all_changed()

    def _tell_all_changed(self) -> None:
        if len(self._numbers):
            self.dataChanged.emit(self.index(0), self.index(len(self._numbers) - 1))

    @property
    def pictures(self) -> Pictured | None:
        """The index that the numbers refer to."""
        return self._index

    @property
    def classes(self) -> Sequence[str]:
        """The names of the pictures' classes."""
        return self._index.classes if self._index is not None else ()

    @property
    def numbers(self) -> np.ndarray:
        """(n,) picture numbers, in the order shown; not to be changed."""
        return self._numbers

    @property
    def answers(self) -> Answers | None:
        """The answers shown."""
        return self._answers

    def row_of(self, number: int) -> int:
        """Return the row of a picture, -1 when it is not shown."""
        found = np.flatnonzero(self._numbers == number)
        return int(found[0]) if len(found) else -1

    # ---- one row

    def number(self, row: int) -> int:
        """Return the picture's number in the index."""
        return int(self._numbers[row])

    def source(self, row: int) -> Source:
        """Return where the picture is."""
        assert self._index is not None
        return self._index.path(self.number(row))

    def label(self, row: int) -> str:
        """Return the name of the picture's class, empty when it is not known."""
        assert self._index is not None
        label = int(self._index.labels[self.number(row)])
        return self._index.classes[label] if 0 <= label < len(self._index.classes) else ""

    def has_label(self, row: int) -> bool:
        """Return whether the picture's class is known."""
        assert self._index is not None
        return int(self._index.labels[self.number(row)]) >= 0

    def split(self, row: int) -> str:
        """Return "train", "validation" or "test"; empty where it is none of them."""
        assert self._index is not None
        split = int(self._index.splits[self.number(row)])
        return SPLIT_NAMES[split] if 0 <= split < len(SPLIT_NAMES) else ""

    def answer(self, row: int) -> tuple[str, float, bool | None] | None:
        """Return (class, probability, right?) of a row, None without an answer; `right` is None without a class."""
        told = self._answers
        if told is None or told.answers[row] < 0:
            return None
        name = told.classes[int(told.answers[row])]
        right = bool(told.right[row]) if self.has_label(row) else None
        return name, float(told.probabilities[row]), right

    def history(self, row: int) -> np.ndarray | None:
        """Return (epochs,) probabilities of the right class, None without a history."""
        told = self._answers
        return None if told is None or told.history is None else told.history[row]

    def strip(self, row: int) -> np.ndarray | None:
        """Return (epochs,) what came of each epoch, None without; see `Answers`."""
        told = self._answers
        return None if told is None or told.strip is None else told.strip[row]

    def badge(self, row: int) -> Badge | None:
        """Return the badge of a row."""
        return self._badge(self.number(row)) if self._badge is not None else None

    # ---- Qt

    def rowCount(self, parent: ModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._numbers)

    def flags(self, index: ModelIndex) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled  # whether anybody lets them is for the view to say

    def data(self, index: ModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = index.row()
        if not index.isValid() or row >= len(self._numbers):
            return None
        if role == Role.NUMBER:
            return self.number(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._name(row)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self._in_words(row, "\n" if role == Qt.ItemDataRole.ToolTipRole else ", ")
        readers = {Role.SOURCE: self.source, Role.LABEL: self.label, Role.SPLIT: self.split}
        readers |= {Role.HISTORY: self.history, Role.BADGE: self.badge}
        if role in readers:
            return readers[role](row)
        if role in (Role.ANSWER, Role.PROBABILITY, Role.RIGHT):
            answer = self.answer(row)
            return None if answer is None else answer[role - Role.ANSWER]
        return None

    def _name(self, row: int) -> str:
        source = self.source(row)
        return source.name if isinstance(source, Path) else ""

    def _life_in_words(self, strip: np.ndarray) -> str:
        """Return in which epochs an answer was right: "right in epochs 4–6, 9"."""
        known, right = strip != UNKNOWN, strip == RIGHT
        if not right.any():
            return self.tr("right in no epoch so far")
        if right[known].all():
            return self.tr("right in all epochs so far")
        parts = stretches(right)
        if len(parts) > MOST_STRETCHES:
            words = self.tr("right in {right} of {known} epochs")
            return words.format(right=int(right.sum()), known=int(known.sum()))
        spans = (str(first) if first == last else f"{first}–{last}" for first, last in parts)
        return self.tr("right in epochs {spans}").format(spans=", ".join(spans))

    def _in_words(self, row: int, between: str) -> str:
        parts = [self._name(row), self.label(row), self.split(row)]
        answer = self.answer(row)
        if answer is not None:
            name, probability, right = answer
            words = self.tr("right: {name} {percent}") if right else self.tr("wrong: {name} {percent}, is {truth}")
            words = words if right is not None else self.tr("says {name} {percent}")
            figure = percent(min(probability, SUREST), 0)
            parts.append(words.format(name=name, percent=figure, truth=self.label(row) or "–"))
        strip = self.strip(row)
        if strip is not None and (strip != UNKNOWN).any():
            parts.append(self._life_in_words(strip))
        badge = self.badge(row)
        if badge is not None:
            parts.append(badge.text)
        return between.join(part for part in parts if part)


def stretches(right: np.ndarray) -> list[tuple[int, int]]:
    """Return first and last place, counted from 1, of each stretch of True in (n,) bool."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], right, [False]]).astype(np.int8)))
    return [(int(first) + 1, int(after)) for first, after in edges.reshape(-1, 2)]


def _check_rows(answers: Answers | None, rows: int) -> None:
    if answers is None:
        return
    parts = [answers.answers, answers.probabilities, answers.right]
    parts += [rows for rows in (answers.history, answers.strip) if rows is not None]
    if any(len(part) != rows for part in parts):
        raise ValueError(f"answers for {[len(part) for part in parts]} pictures, but {rows} are shown")


def answers_from(
    classes: Sequence[str], probabilities: np.ndarray, labels: np.ndarray, history: np.ndarray | None = None
) -> Answers:
    """Make `Answers` of network outputs.

    Args:
        probabilities: (n, classes); a row of NaN is no answer.
        labels: (n,) right classes.
    """
    probabilities = np.asarray(probabilities, dtype=np.float32)
    if probabilities.ndim != 2:
        raise ValueError(f"probabilities of shape {probabilities.shape}, not (n, classes)")
    known = np.isfinite(probabilities).all(axis=1) if probabilities.size else np.zeros(len(probabilities), bool)
    filled = np.where(known[:, None], probabilities, 0)
    said = filled.argmax(axis=1) if filled.shape[1] else np.zeros(len(filled), int)
    chosen = filled[np.arange(len(filled)), said] if filled.shape[1] else np.full(len(filled), math.nan)
    answers = np.where(known, said, -1)
    return Answers(tuple(classes), answers, chosen, known & (said == np.asarray(labels)), history)
