"""The keys in the heading row of a chart."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import theme

SMALL = 12  # px, as small labels have
STROKE = 13  # px of line before the words


class LegendKey(QWidget):
    """A piece of line in a colour token, and its name."""

    def __init__(
        self, text: str, token: str, *, dashed: bool = False, small: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._small = small
        self._text, self._token, self._dashed = text, token, dashed
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        theme().changed.connect(self._take_font)
        self._take_font()

    def _take_font(self) -> None:
        if self._small:
            self.setFont(theme().font(SMALL))
        self.updateGeometry()

    def set_text(self, text: str) -> None:
        """Change the words."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()

    def text(self) -> str:
        """Return the words."""
        return self._text

    def set_token(self, token: str) -> None:
        """Change the colour."""
        self._token = token
        self.update()

    def sizeHint(self) -> QSize:
        words = self.fontMetrics().horizontalAdvance(self._text)
        return QSize(theme().px(STROKE) + 5 + words + 1, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme().color(self._token), 1.4 if self._dashed else 3)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if self._dashed:
            pen.setDashPattern([3, 2])
        painter.setPen(pen)
        middle, end = self.height() / 2, theme().px(STROKE)
        painter.drawLine(QPointF(0, middle), QPointF(end, middle))
        painter.setPen(theme().color("dim"))
        painter.drawText(self.rect().adjusted(end + 5, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._text)
