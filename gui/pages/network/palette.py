"""All layer kinds, by family or by what is typed; from here they go into the network."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QMimeData, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.layers import LayerKind
from gui.canvas import layer_mime
from gui.canvas.kinds import by_family, family_title, find_kinds
from gui.theme import icon, theme
from gui.widgets.panel import dim_label

KIND = Qt.ItemDataRole.UserRole
FAMILY = Qt.ItemDataRole.UserRole + 1


class _RowPainter(QStyledItemDelegate):
    """A kind is a small button with its family's colour; a family is a dim heading."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, theme().px(31 if index.data(KIND) else 26))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room, px = QRectF(option.rect), theme().px
        if not index.data(KIND):
            painter.setFont(theme().font(12))
            painter.setPen(theme().color("dim"))
            painter.drawText(room.adjusted(1, 0, 0, -px(4)), Qt.AlignmentFlag.AlignBottom, index.data())
        else:
            self._paint_kind(painter, option, index, room.adjusted(0.5, 1.5, -0.5, -2.5))
        painter.restore()

    @staticmethod
    def _paint_kind(painter, option, index, room: QRectF) -> None:
        px, state = theme().px, option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        lit = chosen and bool(state & QStyle.StateFlag.State_Active)
        painter.setPen(QPen(theme().color("accent" if lit else "line"), 1))
        painter.setBrush(theme().color("selection" if chosen else "hover" if hovered else "raised"))
        painter.drawRoundedRect(room, 6, 6)
        side = px(9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(f"family.{index.data(FAMILY)}"))
        painter.drawRoundedRect(QRectF(room.left() + px(9), room.center().y() - side / 2, side, side), 2, 2)
        words = room.adjusted(px(25), 0, -px(3), 0)
        painter.setFont(theme().font(12.5))
        painter.setPen(theme().color("text"))
        shown = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)


class _KindList(QListWidget):
    """The kinds; each can be dragged onto the canvas."""

    def __init__(self) -> None:
        super().__init__()
        self.setItemDelegate(_RowPainter(self))
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QListWidget.DragDropMode.DragOnly)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        return layer_mime(items[0].data(KIND))

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    def show_kinds(self, groups: list[tuple[str, list[type[LayerKind]]]]) -> None:
        """Show kinds under headings; an empty heading is left out."""
        self.clear()
        for title, kinds in groups:
            if title:
                heading = QListWidgetItem(title)
                heading.setFlags(Qt.ItemFlag.NoItemFlags)
                self.addItem(heading)
            for kind in kinds:
                item = QListWidgetItem(kind.title)
                item.setData(KIND, kind.name)
                item.setData(FAMILY, kind.family)
                item.setToolTip(f"<p>{kind.help()}</p>")
                self.addItem(item)

    def kinds(self) -> list[str]:
        """The names of the kinds that are shown, in order."""
        return [self.item(row).data(KIND) for row in range(self.count()) if self.item(row).data(KIND)]

    def select_kind(self, name: str) -> None:
        """Make a kind the current one."""
        for row in range(self.count()):
            if self.item(row).data(KIND) == name:
                self.setCurrentRow(row)


class LayerPalette(QFrame):
    """A search field over the layer kinds.

    Signals:
        picked(kind): Enter or a double-click: put it where it makes sense.
        left(): Escape: back to the canvas.
    """

    picked = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("bar", "left")
        self.search = QLineEdit()
        self.search.setObjectName("network.search")
        self.search.setPlaceholderText(self.tr("Add a layer…"))
        self.search.setAccessibleName(self.tr("Add a layer by name"))
        self.search.setToolTip(self.tr("Type a part of its name, Enter adds it behind the selected layer."))
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._slash = QLabel("/", self.search)
        self._slash.setProperty("dim", True)
        self._slash.setToolTip(self.tr("Press / to come here"))
        self._own: list[type[LayerKind]] = []
        self.list = _KindList()
        self.list.setObjectName("network.palette")
        self.list.setAccessibleName(self.tr("Layers to add"))
        self._nothing = dim_label("", wrap=True)
        self._nothing.hide()
        column = QVBoxLayout(self)
        tokens = theme().tokens
        column.setContentsMargins(tokens.space + 2, tokens.space + 2, tokens.space, 0)
        column.setSpacing(tokens.space_small)
        column.addWidget(self.search)
        column.addWidget(self._nothing)
        column.addWidget(self.list, 1)
        self.search.textChanged.connect(self._show)
        self.search.installEventFilter(self)
        self.list.installEventFilter(self)
        self.list.itemDoubleClicked.connect(self._on_double_click)
        theme().changed.connect(self._wear)
        self._wear()
        self._show("")

    def set_own(self, kinds: list[type[LayerKind]]) -> None:
        """Offer these blocks of the user's own too."""
        if [(kind.name, kind.title) for kind in kinds] != [(kind.name, kind.title) for kind in self._own]:
            self._own = kinds
            self._show(self.search.text())

    def start_search(self) -> None:
        """Put the focus into the search field, with what it holds selected."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _wear(self) -> None:
        self.setMinimumWidth(theme().px(108))
        self.list.doItemsLayout()

    def _show(self, query: str) -> None:
        if query.strip():
            kinds = find_kinds(query, self._own)
            self.list.show_kinds([("", kinds)])
        else:
            groups = [(family_title(family), kinds) for family, kinds in by_family(self._own)]
            kinds = []
            self.list.show_kinds(groups)
        if kinds:
            self.list.select_kind(kinds[0].name)
        self._slash.setVisible(not query)
        self._nothing.setVisible(bool(query.strip()) and not kinds)
        self._nothing.setText(self.tr("No layer is called “{query}”.").format(query=query.strip()))

    def _pick(self, kind: str | None) -> None:
        if kind:
            self.search.clear()
            self.picked.emit(kind)

    def _on_double_click(self, item: QListWidgetItem) -> None:
        self._pick(item.data(KIND))

    def _current(self) -> str | None:
        item = self.list.currentItem()
        return item.data(KIND) if item is not None else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and event.type() == QEvent.Type.Resize and isinstance(event, QResizeEvent):
            self._slash.adjustSize()
            right = event.size().width() - self._slash.width() - theme().px(10)
            self._slash.move(right, (event.size().height() - self._slash.height()) // 2)
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if watched is self.list or self.search.text().strip():
                self._pick(self._current())
            return True
        if event.key() == Qt.Key.Key_Escape:
            self.search.clear()
            self.left.emit()
            return True
        if watched is self.search and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._step(1 if event.key() == Qt.Key.Key_Down else -1)
            return True
        return False

    def _step(self, step: int) -> None:
        """Move the current kind while the focus stays in the search field."""
        kinds = self.list.kinds()
        if kinds:
            current = self._current()
            place = kinds.index(current) + step if current in kinds else 0
            self.list.select_kind(kinds[max(0, min(len(kinds) - 1, place))])
