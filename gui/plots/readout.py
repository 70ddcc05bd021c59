"""The values at one place of a chart: in a box beside the mouse, and in a row below the heading."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.plots.legend import SMALL, LegendKey
from gui.plots.series import MOST_OTHERS
from gui.theme import theme
from gui.widgets.panel import text_label

Parts = list[tuple[str, str]]
"""Words and the colour token of each."""


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
        self._levels: tuple[Parts, ...] = ([],)
        theme().changed.connect(self._take_font)
        self._take_font()

    def _take_font(self) -> None:
        self.setFont(theme().font(SMALL))
        self.setFixedHeight(self.fontMetrics().height())
        self._tell()

    def show_parts(self, *levels: Parts) -> None:
        """Show words and their colour tokens: the first of the levels, from the longest to the shortest, that has
        room. All that there is to say is in the tool tip wherever the longest has none."""
        if levels != self._levels:
            self._levels = levels
            self.setAccessibleName(", ".join(self.texts()))
            self._tell()
            self.update()

    def texts(self) -> list[str]:
        """Return all there is to say, also what has no room."""
        return [text for text, _ in self._levels[0]]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell()

    def _tell(self) -> None:
        self.setToolTip("" if self.fitting() == self._levels[0] else "\n".join(self.texts()))

    def fitting(self) -> Parts:
        """Return the words that are shown: half of one would say nothing. The last says how many have no room."""
        return self._fitted()[0]

    def _fitted(self) -> tuple[Parts, int]:
        """The words that are shown, and the gaps between them in pixels."""
        *longer, shortest = self._levels
        gap, small_gap = theme().tokens.space_large, theme().tokens.space
        for parts in longer:
            if self._width_of(parts, gap) <= self.width():
                return parts, gap
        if self._width_of(shortest, small_gap) <= self.width():
            return shortest, small_gap
        cuts = ([*shortest[:count], (f"+{len(shortest) - count}", "dim")] for count in reversed(range(len(shortest))))
        return next((cut for cut in cuts if self._width_of(cut, small_gap) <= self.width()), []), small_gap

    def _width_of(self, parts: Parts, gap: int) -> int:
        words = sum(self.fontMetrics().horizontalAdvance(text) for text, _ in parts)
        return words + gap * max(0, len(parts) - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        parts, gap = self._fitted()
        painter, left = QPainter(self), 0
        for text, token in parts:
            painter.setPen(theme().color(token))
            painter.drawText(self.rect().adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)
            left += self.fontMetrics().horizontalAdvance(text) + gap
