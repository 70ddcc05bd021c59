"""What a trained layer looks for: its filters, side by side."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from engine.explain.filters import Filters
from gui.theme import theme
from gui.widgets.panel import dim_label, heading, separator

FEW, MANY = 4, 6
"""Columns for few filters, and for more."""


class FilterGrid(QWidget):
    """Draws tiles: colours as they are, everything else from the look's ground to its accent."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._filters: Filters | None = None
        self._images: list[QImage] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        theme().changed.connect(self._paint_tiles)

    def show_filters(self, found: Filters | None) -> None:
        """Show these; None shows nothing."""
        self._filters = found
        self._paint_tiles()
        self._take_height()

    def _paint_tiles(self, *_: object) -> None:
        tiles = self._filters.tiles if self._filters is not None else ()
        self._images = [_image(tile) for tile in tiles]
        self.update()

    def _side(self, width: int) -> tuple[int, int]:
        """Columns, and pixels of a tile with its gap."""
        columns = FEW if len(self._images) <= FEW * FEW else MANY
        return columns, max(8, width // columns)

    def heightForWidth(self, width: int) -> int:
        columns, side = self._side(width)
        return math.ceil(len(self._images) / columns) * side

    def sizeHint(self) -> QSize:
        return QSize(theme().px(200), self.heightForWidth(theme().px(200)))

    def _place(self, number: int) -> QRect:
        columns, side = self._side(self.width())
        gap = theme().px(5)
        return QRect(number % columns * side, number // columns * side, side - gap, side - gap)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        # Every weight is a square of its own: smoothing would show what was not learnt.
        for number, image in enumerate(self._images):
            place = self._place(number)
            painter.drawImage(place, image)
            painter.setPen(theme().color("line"))
            painter.drawRect(place.adjusted(0, 0, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_height()

    def _take_height(self) -> None:
        # Scroll areas ask nobody how high something is at their width.
        self.setFixedHeight(max(1, self.heightForWidth(self.width())))

    def event(self, event) -> bool:
        if event.type() == QHelpEvent.Type.ToolTip and self._filters is not None:
            here = self._at(event.pos())
            if here is not None:
                words = self.tr("Filter {number} of {total}")
                number = int(self._filters.numbers[here]) + 1
                QToolTip.showText(event.globalPos(), words.format(number=number, total=self._filters.total), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def _at(self, point: QPoint) -> int | None:
        return next((one for one in range(len(self._images)) if self._place(one).contains(point)), None)


def _image(tile: np.ndarray) -> QImage:
    """(h, w) or (h, w, 3), -1 to 1 -> a picture of one pixel per weight."""
    if tile.ndim == 3:
        shown = np.clip((tile + 1) * 127.5, 0, 255).astype(np.uint8)
    else:
        ends = [np.array(theme().color(name).getRgb()[:3], dtype=np.float32) for name in ("bad", "panel", "train")]
        part = np.clip(tile, -1, 1)[..., None]
        shown = np.where(part < 0, ends[1] + (ends[1] - ends[0]) * part, ends[1] + (ends[2] - ends[1]) * part)
        shown = shown.astype(np.uint8)
    shown = np.ascontiguousarray(shown)
    height, width = shown.shape[:2]
    # A copy: the picture must not outlive the numbers it was made of.
    return QImage(shown.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


class Sights(QWidget):
    """Hidden while nothing has been trained, or the layer has nothing to show."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("network.sights")
        self.source = dim_label(small=True)
        self.grid = FilterGrid()
        self.note = dim_label(wrap=True, small=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addWidget(separator())
        title = heading(self.tr("What it sees"))
        column.addWidget(title)
        column.addWidget(self.source)
        column.addWidget(self.grid)
        column.addWidget(self.note)
        self.hide()

    def show_filters(self, found: Filters | None, run: int = 0) -> None:
        """Show the filters that `run` has learnt; None hides all."""
        self.setVisible(found is not None)
        self.grid.show_filters(found)
        if found is None:
            return
        self.source.setText(self.tr("run {0}, epoch {1}").format(run, found.epoch))
        in_colour = found.tiles.ndim == 4
        words = (
            self.tr("Grey is no weight; a colour is what it answers to.")
            if in_colour
            else self.tr("Blue speaks for it, red against; the mean over all channels it receives.")
        )
        if len(found.numbers) < found.total:
            words += " " + self.tr("The {0} strongest of {1}.").format(len(found.numbers), found.total)
        self.note.setText(words)
        self.grid.setAccessibleName(self.tr("{0} filters").format(len(found.numbers)))
