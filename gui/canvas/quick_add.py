"""The little window of the "+": type a few letters, press Enter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from gui.canvas.kinds import Kinds, find_kinds
from gui.theme import theme


def family_square(family: str, side: int = 10) -> QIcon:
    """A small rounded square in the colour of a layer family, in the look that is on."""
    ratio = 2.0
    picture = QPixmap(round(side * ratio), round(side * ratio))
    picture.fill(Qt.GlobalColor.transparent)
    picture.setDevicePixelRatio(ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color(f"family.{family}"))
    painter.drawRoundedRect(0, 0, side, side, 2, 2)
    painter.end()
    return QIcon(picture)


class QuickAdd(QFrame):
    """A search field over the layer kinds; closes when one is picked or something else is clicked."""

    picked = Signal(str)  # name of a layer kind
    closed = Signal()

    def __init__(self, parent: QWidget | None = None, own: Kinds = ()):
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("panel", True)
        self.setObjectName("network.quick_add")
        self._own = own
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Add a layer…"))
        self.search.setAccessibleName(self.tr("Layer to add"))
        self.search.setClearButtonEnabled(True)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Matching layers"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setIconSize(QSize(theme().px(10), theme().px(10)))
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme().tokens.space] * 4)
        column.addWidget(self.search)
        column.addWidget(self.list)
        self.search.textChanged.connect(self._show_matches)
        self.search.installEventFilter(self)
        self.list.itemClicked.connect(self._on_picked)
        self.setFocusProxy(self.search)
        self.resize(theme().px(260), theme().px(330))
        self._show_matches("")

    def open_at(self, point: QPoint) -> None:
        """Open with the upper middle at `point` of the screen, inside the screen."""
        corner = point - QPoint(self.width() // 2, -theme().px(12))
        room = self.screen().availableGeometry()
        corner.setX(max(room.left(), min(corner.x(), room.right() - self.width())))
        corner.setY(max(room.top(), min(corner.y(), room.bottom() - self.height())))
        self.move(corner)
        self.show()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    def _show_matches(self, query: str) -> None:
        self.list.clear()
        for kind in find_kinds(query, self._own):
            item = QListWidgetItem(family_square(kind.family, theme().px(10)), kind.title)
            item.setData(Qt.ItemDataRole.UserRole, kind.name)
            item.setToolTip(kind.help())
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _on_picked(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        self.close()
        self.picked.emit(item.data(Qt.ItemDataRole.UserRole))

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        if event.key() in steps:
            row = self.list.currentRow() + steps[event.key()]
            self.list.setCurrentRow(max(0, min(self.list.count() - 1, row)))
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_picked(self.list.currentItem())
            return True
        return False
