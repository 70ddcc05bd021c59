"""The classes with their counts; thousands of them cost no more than ten."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPen,
)
from PySide6.QtWidgets import QListView, QMenu, QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui.pages.data.facts import images
from gui.pages.data.incoming import can_take
from gui.pages.shared.splits import split_names
from gui.pictures import DRAGGED, dragged_numbers
from gui.theme import theme
from gui.widgets.bars import number

QWIDGETSIZE_MAX = (1 << 24) - 1  # of Qt, which does not bring it to Python
TOKENS = ("train", "validation", "good")  # colours of train, validation, test
FEWEST_ROWS = 6  # shown however little room there is
COUNTS, TARGET = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
MOST_IN_MENU = 40  # classes; with more, merging goes by typing the name of the other
ModelIndex = QModelIndex | QPersistentModelIndex


class ClassModel(QAbstractListModel):
    """Class names with (train, validation, test) counts."""

    renamed = Signal(str, str)  # name, the name that was typed

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._counts = np.zeros((0, 3), np.int64)
        self._target = -1

    @property
    def names(self) -> tuple[str, ...]:
        """All class names."""
        return self._names

    def name(self, row: int) -> str:
        """The name of one class."""
        return self._names[row]

    def set_target(self, row: int) -> None:
        """Mark the row that something hangs over; -1: none."""
        self._target = row
        if self._names:
            self.dataChanged.emit(self.index(0), self.index(len(self._names) - 1))

    def flags(self, index: ModelIndex) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable

    def setData(self, index: ModelIndex, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        # The project answers with other classes, or with a sentence that says why not.
        if role != Qt.ItemDataRole.EditRole or not index.isValid() or value == self._names[index.row()]:
            return False
        self.renamed.emit(self._names[index.row()], str(value))
        return True

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
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._names[row]
        if role == TARGET:
            return row == self._target
        if role == COUNTS:
            return tuple(int(count) for count in self._counts[row])
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            if not self._counts[:, 1:].any():  # not divided yet
                return f"{self._names[row]}: {images(int(self._counts[row].sum()))}"
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
        if index.data(TARGET):
            painter.setPen(QPen(color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(option.rect.adjusted(1, 1, -1, -1), 4, 4)
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

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: ModelIndex) -> None:
        editor.setGeometry(option.rect.adjusted(1, 1, -1, -1))

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
    rename_wanted = Signal(str, str)  # name, new name; that of another class merges them
    hide_wanted = Signal(str)
    images_dropped = Signal(object, str)  # picture numbers, class name
    files_dropped = Signal(object, str)  # QMimeData, class name
    paste_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target = -1  # the row that something hangs over
        self.setAcceptDrops(True)
        self.setEditTriggers(QListView.EditTrigger.EditKeyPressed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self.setObjectName("data.classes")
        self.setAccessibleName(self.tr("Classes"))
        self.classes = ClassModel(self)
        self.setModel(self.classes)
        self.classes.renamed.connect(self.rename_wanted)
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

    # ---- names

    def _open_menu(self, place: QPoint) -> None:
        index = self.indexAt(place)
        if not index.isValid():
            return
        name, names = self.classes.name(index.row()), self.classes.names
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rename = menu.addAction(self.tr("Rename\tF2"))
        rename.triggered.connect(partial(self.edit, QPersistentModelIndex(index)))
        merge = menu.addMenu(self.tr("Merge into"))
        merge.setEnabled(len(names) > 1)
        for other in names[:MOST_IN_MENU]:
            if other != name:
                action = merge.addAction(other.replace("&", "&&"))
                action.triggered.connect(partial(self.rename_wanted.emit, name, other))
        hide = menu.addAction(self.tr("Hide"))
        hide.setToolTip(self.tr("Use none of its images; the files stay"))
        hide.setEnabled(len(names) > 1)
        hide.triggered.connect(partial(self.hide_wanted.emit, name))
        menu.addSeparator()
        menu.addAction(self.tr("Paste images into it")).triggered.connect(partial(self.paste_wanted.emit, name))
        menu.popup(self.viewport().mapToGlobal(place))

    # ---- what is dropped on a class

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(DRAGGED) or can_take(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._aim(self.indexAt(event.position().toPoint()).row())
        event.setAccepted(self._target >= 0)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._aim(-1)

    def dropEvent(self, event: QDropEvent) -> None:
        row = self.indexAt(event.position().toPoint()).row()
        self._aim(-1)
        if row < 0:
            return
        event.acceptProposedAction()
        numbers = dragged_numbers(event.mimeData())
        if len(numbers):
            self.images_dropped.emit(numbers, self.classes.name(row))
        else:
            self.files_dropped.emit(event.mimeData(), self.classes.name(row))

    def _aim(self, row: int) -> None:
        if row != self._target:
            self._target = row
            self.classes.set_target(row)

    def _fit(self) -> None:
        """As high as there is room, from a few classes up to all of them."""
        rows = max(1, self.classes.rowCount())
        self.setMinimumHeight(min(FEWEST_ROWS, rows) * row_height() + 4)
        self.setMaximumHeight(min(rows * row_height() + 4, QWIDGETSIZE_MAX))

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumHeight())
