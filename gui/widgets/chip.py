"""A pill with a dim caption and a bold value, as in the top bar."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui.theme import theme
from gui.theme.icons import paint_icon

SIDE, TOP, GAP, ARROW = 11, 6, 5, 11  # px at 100 % text size


class Chip(QAbstractButton):
    """Caption and value in one pill. Clickable ones are buttons (`clicked`, Space, Enter); `menu` shows an arrow."""

    def __init__(
        self,
        caption: str = "",
        value: str = "",
        *,
        clickable: bool = False,
        menu: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._caption, self._value, self._menu = caption, value, menu
        self._clickable = clickable or menu
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if self._clickable else Qt.FocusPolicy.NoFocus)
        if self._clickable:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)
        self._changed()

    def caption(self) -> str:
        """Return the dim part."""
        return self._caption

    def value(self) -> str:
        """Return the bold part."""
        return self._value

    def set_caption(self, caption: str) -> None:
        """Change the dim part."""
        self._caption = caption
        self._changed()

    def set_value(self, value: str) -> None:
        """Change the bold part."""
        self._value = value
        self._changed()

    def _changed(self) -> None:
        self.setAccessibleName(f"{self._caption} {self._value}".strip())
        self.updateGeometry()
        self.update()

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _caption_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(self._caption) + theme().px(GAP) if self._caption else 0

    def _arrow_width(self) -> int:
        return theme().px(ARROW + GAP) if self._menu else 0

    def sizeHint(self) -> QSize:
        value = QFontMetrics(self._bold()).horizontalAdvance(self._value)
        width = 2 * theme().px(SIDE) + self._caption_width() + value + self._arrow_width() + 2
        return QSize(width, self.fontMetrics().height() + 2 * theme().px(TOP))

    def minimumSizeHint(self) -> QSize:
        few = QFontMetrics(self._bold()).horizontalAdvance("mmm…")
        hint = self.sizeHint()
        return QSize(min(hint.width(), 2 * theme().px(SIDE) + few + self._arrow_width()), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, color = theme().tokens, theme().color
        lively = self._clickable and (self.underMouse() or self.isDown())
        width = 2 if self.hasFocus() else 1
        painter.setPen(QPen(color("accent" if self.hasFocus() else "line"), width))
        painter.setBrush(color("hover" if lively else "raised"))
        frame = QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.drawRoundedRect(frame, tokens.radius, tokens.radius)
        self._paint_words(painter)

    def _paint_words(self, painter: QPainter) -> None:
        color, side = theme().color, theme().px(SIDE)
        room = self.rect().adjusted(side, 0, -side - self._arrow_width(), 0)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        value_width = QFontMetrics(self._bold()).horizontalAdvance(self._value)
        # Too narrow for both: the caption goes first, the value tells more.
        if self._caption and self._caption_width() + min(value_width, theme().px(40)) <= room.width():
            painter.setPen(color("dim" if self.isEnabled() else "faint"))
            painter.drawText(room, flags, self._caption)
            room.setLeft(room.left() + self._caption_width())
        painter.setFont(self._bold())
        painter.setPen(color("text" if self.isEnabled() else "faint"))
        elided = QFontMetrics(self._bold()).elidedText(self._value, Qt.TextElideMode.ElideRight, room.width() + 1)
        painter.drawText(room, flags, elided)
        if self._menu:
            arrow = theme().px(ARROW)
            place = QRectF(self.width() - side - arrow, (self.height() - arrow) / 2, arrow, arrow)
            paint_icon(painter, "chevron-down", place, "dim")

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            whole = self.width() >= self.sizeHint().width()
            if not self.toolTip() or self.toolTip() == self.accessibleName():
                self.setToolTip("" if whole else self.accessibleName())
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._clickable:
            super().mousePressEvent(event)
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._clickable and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)
