"""The cards of the samples that come along, each with a strip of its own pictures."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from gui.pages.home.card import CardButton
from gui.pages.home.sample_pictures import sample_pictures
from gui.pages.shared.background import LatestAnswer
from gui.theme import theme
from gui.widgets.panel import dim_label, text_label

STRIP = 92  # px, height of the strip of pictures at 100 % text size
CARD_WIDTH = 230  # px, narrowest card at 100 % text size
WIDEST = 460


class SampleCard(CardButton):
    """Pictures, title and summary of one sample."""

    def __init__(self, name: str, title: str, summary: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.setObjectName(f"home.sample.{name}")
        self.setAccessibleName(title)
        self.setAccessibleDescription(summary)
        self._pictures: list[QImage] = []
        self._loader = LatestAnswer(self)
        self._loader.answered.connect(self._show_pictures)
        labels = (text_label(title, wrap=True, strong=True), dim_label(summary, wrap=True))
        self.let_through(*labels)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(theme().tokens.space_small)
        for label in labels:
            self._column.addWidget(label)
        self._column.addStretch(1)
        theme().changed.connect(self._set_margins)
        self._set_margins()
        self._loader.ask(lambda: sample_pictures(name))

    def pictures(self) -> list[QImage]:
        """The pictures in the strip; empty until they are drawn, and where the sample has none to show."""
        return self._pictures

    def _show_pictures(self, pictures: list[QImage]) -> None:
        self._pictures = pictures
        self.update()

    def _set_margins(self) -> None:
        side = theme().tokens.space_large
        self._column.setContentsMargins(side, theme().px(STRIP) + side, side, side)

    def sizeHint(self) -> QSize:
        return QSize(theme().px(CARD_WIDTH), super().sizeHint().height())

    def paint_inside(self, painter: QPainter) -> None:
        height = theme().px(STRIP)
        painter.save()
        painter.setClipPath(self.outline())
        painter.fillRect(0, 0, self.width(), height, theme().color("raised"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place, picture in enumerate(self._pictures):
            left = place * height
            if left < self.width():
                painter.drawImage(QRectF(left, 0, height, height), picture)
        painter.restore()


class SampleCards(QWidget):
    """The cards side by side, as many in a row as fit."""

    chosen = Signal(str)  # the name of a sample

    def __init__(self, samples: Sequence, parent: QWidget | None = None) -> None:
        """Make a card for each of `samples` (name, title, summary)."""
        super().__init__(parent)
        self.cards = [SampleCard(sample.name, sample.title, sample.summary) for sample in samples]
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme().tokens.space_large)
        self._columns = 0
        for card in self.cards:
            card.setMaximumWidth(theme().px(WIDEST))
            card.clicked.connect(self._on_clicked)
        theme().changed.connect(self._arrange)
        self._arrange()

    def _on_clicked(self) -> None:
        self.chosen.emit(self.sender().name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        gap = self._grid.spacing()
        columns = max(1, min(len(self.cards), (self.width() + gap) // (theme().px(CARD_WIDTH) + gap)))
        for card in self.cards:
            card.setMaximumWidth(theme().px(WIDEST))
        if columns == self._columns:
            return
        self._columns = columns
        for place, card in enumerate(self.cards):
            self._grid.addWidget(card, place // columns, place % columns)
        for column in range(len(self.cards) + 1):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._grid.setAlignment(Qt.AlignmentFlag(0))

    def minimumSizeHint(self) -> QSize:
        # One card wide: the grid would ask for the present number of columns and never let go of it.
        return QSize(theme().px(CARD_WIDTH) // 2, super().minimumSizeHint().height())
