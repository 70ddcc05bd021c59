"""The values at one place of a chart: in a box beside the mouse, and in a row below the heading."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.plots.legend import SMALL, LegendKey
from gui.plots.series import MOST_OTHERS
from gui.theme import theme
from gui.widgets.panel import text_label


class Readout(QFrame):
    """The box beside the cross-hair: the values at one place."""

    def __init__(self, tone: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.epoch = text_label(dim=True, small=True)
        self.train = text_label(tone=tone, small=True)
        self.validation = text_label(tone="validation", small=True)
        self.others = [LegendKey("", "dim", dashed=True, small=True) for _ in range(MOST_OTHERS)]
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 6)
        column.setSpacing(2)
        for widget in (self.epoch, self.train, self.validation, *self.others):
            column.addWidget(widget)
        self.hide()

    def show_texts(self, epoch: str, train: str, validation: str, others: Sequence[tuple[str, str]]) -> None:
        """Show lines of words; empty ones take no room. `others`: words and colour token of each."""
        for label, text in ((self.epoch, epoch), (self.train, train), (self.validation, validation)):
            label.setText(text)
            label.setVisible(bool(text))
        for key in self.others[len(others) :]:
            key.hide()
        for key, (text, token) in zip(self.others, others, strict=False):
            key.set_text(text)
            key.set_token(token)
            key.show()
        self.adjustSize()

    def texts(self) -> list[str]:
        """Return the lines that are shown."""
        labels = (self.epoch, self.train, self.validation, *self.others)
        return [label.text() for label in labels if not label.isHidden()]


class Reading(QWidget):
    """The values at the epoch that is replayed, in one row that covers nothing and is always as high."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._long: list[tuple[str, str]] = []
        self._short: list[tuple[str, str]] = []
        theme().changed.connect(self._take_font)
        self._take_font()

    def _take_font(self) -> None:
        self.setFont(theme().font(SMALL))
        self.setFixedHeight(self.fontMetrics().height())

    def show_parts(self, long: list[tuple[str, str]], short: list[tuple[str, str]]) -> None:
        """Show words and their colour tokens: the long ones, or where they have no room the short ones."""
        if (long, short) != (self._long, self._short):
            self._long, self._short = long, short
            self.setAccessibleName(", ".join(self.texts()))
            self.update()

    def texts(self) -> list[str]:
        """Return all there is to say, also what has no room."""
        return [text for text, _ in self._long]

    def _width_of(self, parts: Sequence[tuple[str, str]]) -> int:
        gaps = theme().tokens.space_large * (len(parts) - 1)
        return sum(self.fontMetrics().horizontalAdvance(text) for text, _ in parts) + gaps

    def fitting(self) -> list[tuple[str, str]]:
        """Return the words that are shown: half of one would say nothing."""
        parts = self._long if self._width_of(self._long) <= self.width() else list(self._short)
        while parts and self._width_of(parts) > self.width():
            parts = parts[:-1]
        return parts

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, left = QPainter(self), 0
        for text, token in self.fitting():
            painter.setPen(theme().color(token))
            painter.drawText(self.rect().adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)
            left += self.fontMetrics().horizontalAdvance(text) + theme().tokens.space_large
