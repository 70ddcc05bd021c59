"""The classes with their counts; thousands of them cost no more than ten."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QListView, QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui.pages.data.facts import images
from gui.pages.shared.splits import split_names
from gui.theme import theme
from gui.widgets.bars import number

QWIDGETSIZE_MAX = (1 << 24) - 1  # of Qt, which does not bring it to Python
TOKENS = ("train", "validation", "good")  # colours of train, validation, test
FEWEST_ROWS = 6  # shown however little room there is
COUNTS = Qt.ItemDataRole.UserRole
ModelIndex = QModelIndex | QPersistentModelIndex


class ClassModel(QAbstractListModel):
    """Class names with (train, validation, test) counts."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._counts = np.zeros((0, 3), np.int64)

    @property
    def largest(self) -> int:
        """Images in the largest class: what a whole bar stands for."""
        return int(self._counts.sum(axis=1).max(initial=1))

    def set_classes(self, names: tuple[str, ...], counts: np.ndarray) -> None:
        """Show `names` with `counts`, (classes, 3)."""
        self.beginResetModel()
        self._names, self._counts = names, counts
        self.endResetModel()

    def rowCount(self, parent: ModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._names)

    def data(self, index: ModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = index.row()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._names[row]
        if role == COUNTS:
            return tuple(int(count) for count in self._counts[row])
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            words = split_names().values()
            parts = [f"{word} {number(count)}" for word, count in zip(words, self._counts[row], strict=True)]
            return f"{self._names[row]}: {images(int(self._counts[row].sum()))} ({', '.join(parts)})"
        return None


class ClassDelegate(QStyledItemDelegate):
    """Name, count and a thin bar of the splits on the scale of the largest class."""

    def sizeHint(self, option: QStyleOptionViewItem, index: ModelIndex) -> QSize:
        return QSize(theme().px(80), row_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: ModelIndex) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color, state = theme().color, option.state
        if state & QStyle.StateFlag.State_Selected or state & QStyle.StateFlag.State_MouseOver:
            selected = bool(state & QStyle.StateFlag.State_Selected)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("selection" if selected else "hover"))
            painter.drawRoundedRect(option.rect, 4, 4)
        inner = option.rect.adjusted(6, 4, -6, -6)
        counts = index.data(COUNTS)
        painter.setFont(theme().font())
        painter.setPen(color("dim"))
        total = number(sum(counts))
        line = QRect(inner.x(), inner.y(), inner.width(), painter.fontMetrics().height())
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, total)
        room = line.width() - painter.fontMetrics().horizontalAdvance(total) - theme().tokens.space
        painter.setFont(theme().font(weight=QFont.Weight.DemiBold))
        painter.setPen(color("text"))
        name = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, room)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        self._paint_bar(painter, QRectF(inner.x(), inner.bottom() - 4, inner.width(), 5), counts, index.model().largest)
        painter.restore()

    def _paint_bar(self, painter: QPainter, bar: QRectF, counts: tuple[int, ...], largest: int) -> None:
        outline = QPainterPath()
        outline.addRoundedRect(bar, 2.5, 2.5)
        painter.setClipPath(outline)
        painter.fillRect(bar, theme().color("line"))
        left = bar.left()
        for count, token in zip(counts, TOKENS, strict=True):
            width = bar.width() * count / largest
            painter.fillRect(QRectF(left, bar.top(), width, bar.height()), theme().color(token))
            left += width


def row_height() -> int:
    """px of one class."""
    return QFontMetrics(theme().font()).height() + 19


class ClassList(QListView):
    """Press a class to see only its pictures, once more to see all."""

    filtered = Signal(int)  # position of the class, -1 for all

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("data.classes")
        self.setAccessibleName(self.tr("Classes"))
        self.classes = ClassModel(self)
        self.setModel(self.classes)
        self.setItemDelegate(ClassDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._shown = -1
        self.clicked.connect(self._toggle)
        theme().changed.connect(self._fit)

    def set_classes(self, names: tuple[str, ...], counts: np.ndarray) -> None:
        """Show classes with their (train, validation, test) counts."""
        self.classes.set_classes(names, counts)
        self._fit()
        self.show_filter(self._shown if self._shown < len(names) else -1)

    def show_filter(self, label: int) -> None:
        """Show which class the grid is limited to; nothing is emitted."""
        self._shown = label
        if label < 0:
            self.clearSelection()
        elif self.currentIndex().row() != label or not self.selectionModel().hasSelection():
            self.setCurrentIndex(self.classes.index(label))

    def _toggle(self, index: QModelIndex) -> None:
        label = -1 if index.row() == self._shown else index.row()
        self.show_filter(label)
        self.filtered.emit(label)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Not `activated`: a double click is two clicks here, and must not toggle a third time.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentIndex().isValid():
            self._toggle(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _fit(self) -> None:
        """As high as there is room, from a few classes up to all of them."""
        rows = max(1, self.classes.rowCount())
        self.setMinimumHeight(min(FEWEST_ROWS, rows) * row_height() + 4)
        self.setMaximumHeight(min(rows * row_height() + 4, QWIDGETSIZE_MAX))

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumHeight())
