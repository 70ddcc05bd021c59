"""The keys in the heading row of a chart."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from gui.theme import theme

SMALL = 12  # px, as small labels have
STROKE = 13  # px of line before the words


def stroke_pen(color: QColor, *, dashed: bool) -> QPen:
    """Return what a key draws its piece of line with."""
    pen = QPen(color, 1.4 if dashed else 3)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if dashed:
        pen.setDashPattern([3, 2])
    return pen


class LegendKey(QWidget):
    """A piece of line in a colour token, and its name; without a colour, words alone."""

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
        return QSize(self._before_words() + words + 1, self.fontMetrics().height())

    def _before_words(self) -> int:
        return theme().px(STROKE) + 5 if self._token else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._token:
            painter.setPen(stroke_pen(theme().color(self._token), dashed=self._dashed))
            middle = self.height() / 2
            painter.drawLine(QPointF(0, middle), QPointF(theme().px(STROKE), middle))
        painter.setPen(theme().color("dim"))
        room = self.rect().adjusted(self._before_words(), 0, 0, 0)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self._text)


class LegendRow(QWidget):
    """The keys of all lines of a chart, side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[tuple[str, str, bool]] = []
        self._keys: list[LegendKey] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme().tokens.space)

    def set_lines(self, lines: Sequence[tuple[str, str, bool]]) -> None:
        """Name these lines: name, colour token and whether it is dashed, of each. The first keys stay as they are for
        as long as their lines do."""
        kept = 0
        while kept < min(len(lines), len(self._lines)) and lines[kept] == self._lines[kept]:
            kept += 1
        for key in self._keys[kept:]:
            self._row.removeWidget(key)
            key.hide()
            key.deleteLater()
        added = [LegendKey(name, token, dashed=dashed) for name, token, dashed in lines[kept:]]
        for key in added:
            self._row.addWidget(key)
        self._lines, self._keys = list(lines), [*self._keys[:kept], *added]

    def names(self) -> list[str]:
        """Return the names of all lines, in the order of their keys."""
        return [key.text() for key in self._keys]

    def whole_width(self) -> int:
        """Return how wide it is when no key is cut off, in pixels."""
        return sum(key.sizeHint().width() for key in self._keys) + self._row.spacing() * (len(self._keys) - 1)
