"""The curve of a learning-rate range test: loss over learning rate, both by their logarithms, with a band."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.plots.ticks import value_ticks, write_axis
from gui.theme import theme


class RangeCurve(QWidget):
    """A small plot that paints itself: it is there before pyqtgraph is."""

    def __init__(self, lowest: float, highest: float, parent: QWidget | None = None) -> None:
        """Make an empty plot.

        Args:
            lowest, highest: ends of the axis of learning rates.
        """
        super().__init__(parent)
        self._ends = math.log10(lowest), math.log10(highest)
        self._rates: tuple[float, ...] = ()
        self._losses: tuple[float, ...] = ()
        self._band: tuple[float, float] | None = None
        self._rate: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Loss by learning rate"))

    def show_curve(self, rates: Sequence[float], losses: Sequence[float]) -> None:
        """Show these points."""
        self._rates, self._losses = tuple(rates), tuple(losses)
        self.update()

    def show_band(self, low: float | None, high: float | None = None, rate: float | None = None) -> None:
        """Mark a band of rates and one value in it; None takes the marks away."""
        self._band = None if low is None or high is None else (low, high)
        self._rate = rate
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(420), theme().px(220))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(220), theme().px(140))

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        low, high = self._levels()
        ticks: list[tuple[float, str]] = []
        if self._losses:
            values, step = value_ticks(low, high)
            ticks = list(zip(values, write_axis(values, step), strict=True))
        left = max((metrics.horizontalAdvance(words) for _, words in ticks), default=metrics.height()) + theme().px(8)
        # Half a "1e-7" stands out at the left, and half a "10" at the right.
        left = max(left, metrics.horizontalAdvance("1e-7") / 2)
        area = QRectF(self.rect()).adjusted(left, 1.4 * metrics.height(), -theme().px(10), -2.8 * metrics.height())
        self._paint_axes(painter, area, low, high, ticks)
        self._paint_band(painter, area)
        points = [self._point(area, *one, low, high) for one in zip(self._rates, self._losses, strict=True)]
        painter.setClipRect(area.adjusted(0, -2, 0, 2))
        painter.setPen(QPen(theme().color("train"), 2))
        painter.drawPolyline(QPolygonF(points))
        self._paint_value(painter, area, low, high)

    def _levels(self) -> tuple[float, float]:
        """The losses at the foot and the top; what diverges may leave at the top."""
        if not self._losses:
            return 0.0, 1.0
        low, first = min(self._losses), self._losses[0]
        room = max(first - low, 0.05 * first, 1e-6)
        return max(0.0, low - 0.15 * room), first + 0.6 * room

    def _across(self, area: QRectF, rate: float) -> float:
        first, last = self._ends
        return area.left() + area.width() * (math.log10(rate) - first) / (last - first)

    def _point(self, area: QRectF, rate: float, loss: float, low: float, high: float) -> QPointF:
        return QPointF(self._across(area, rate), area.bottom() - area.height() * (loss - low) / (high - low))

    def _paint_axes(
        self, painter: QPainter, area: QRectF, low: float, high: float, ticks: Sequence[tuple[float, str]]
    ) -> None:
        height = painter.fontMetrics().height()
        right = Qt.AlignmentFlag.AlignRight
        for value, words in ticks:
            y = area.bottom() - area.height() * (value - low) / (high - low)
            painter.setPen(QPen(theme().color("line"), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(theme().color("dim"))
            room = QRectF(0, y - height / 2, area.left() - theme().px(6), height)
            painter.drawText(room, right | Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(theme().color("dim"))
        top, foot = QRectF(self.rect()), QRectF(self.rect())
        top.setHeight(height)
        foot.setTop(foot.bottom() - height)
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft, self.tr("loss"))
        painter.drawText(foot, right, self.tr("learning rate"))
        first, last = self._ends
        powers = range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1)
        for power, words in zip(powers, write_axis([10.0**power for power in powers]), strict=True):
            x = area.left() + area.width() * (power - first) / (last - first)
            wide = painter.fontMetrics().horizontalAdvance("0.00001")
            room = QRectF(x - wide / 2, area.bottom() + 0.4 * height, wide, height)
            side = Qt.AlignmentFlag.AlignHCenter
            if room.right() > self.width():  # the last figure stays whole
                room.moveRight(self.width())
                side = Qt.AlignmentFlag.AlignRight
            painter.drawText(room, side | Qt.AlignmentFlag.AlignTop, words)

    def _paint_band(self, painter: QPainter, area: QRectF) -> None:
        if self._band is None:
            return
        left, right = (self._across(area, rate) for rate in self._band)
        color = theme().color("good")
        color.setAlpha(48)
        least = theme().px(3)
        painter.fillRect(QRectF(left, area.top(), max(least, right - left), area.height()), color)

    def _paint_value(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        if self._rate is None:
            return
        x = self._across(area, self._rate)
        painter.setPen(QPen(theme().color("good"), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        nearest = min(range(len(self._rates)), key=lambda place: abs(math.log(self._rates[place] / self._rate)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("good"))
        place = self._point(area, self._rate, self._losses[nearest], low, high)
        painter.drawEllipse(place, theme().px(4), theme().px(4))
