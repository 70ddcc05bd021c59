"""Several runs of the same training as one curve: their mean, and a band of one standard deviation around it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.train.experiments.results import Band
from gui.plots.series import epoch_ticks
from gui.theme import theme
from gui.widgets.bars import percent

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class BandChart(QWidget):
    """Validation accuracy over epochs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._band: Band | None = None
        self.setObjectName("experiment.band")
        self.setAccessibleName(self.tr("Validation accuracy over the epochs"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self.update)

    def show_band(self, band: Band) -> None:
        """Draw another band; its values are 0..1."""
        self._band = band
        words = self.tr("{runs} runs, epoch {epoch}: {mean}, from {low} to {high}").format(
            runs=band.runs,
            epoch=int(band.epochs[-1]),
            mean=percent(band.mean[-1]),
            low=percent(max(0.0, band.low[-1])),
            high=percent(min(1.0, band.high[-1])),
        )
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        self.update()

    def band(self) -> Band | None:
        """Return what is drawn."""
        return self._band

    def sizeHint(self) -> QSize:
        return QSize(theme().px(420), theme().px(180))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(200), theme().px(110))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._band is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        left, below = metrics.horizontalAdvance("100 %") + theme().px(10), metrics.height() + theme().px(4)
        room = QRectF(left, theme().px(8), self.width() - left - theme().px(12), self.height() - below - theme().px(12))
        self._paint_axes(painter, room)
        self._paint_band(painter, room)

    def _point(self, room: QRectF, epoch: float, value: float) -> QPointF:
        last = float(self._band.epochs[-1])
        share = (epoch - 1) / (last - 1) if last > 1 else 0.5
        value = min(1.0, max(0.0, value))
        return QPointF(room.x() + share * room.width(), room.bottom() - value * room.height())

    def _paint_axes(self, painter: QPainter, room: QRectF) -> None:
        metrics, last = self.fontMetrics(), int(self._band.epochs[-1])
        for tick in TICKS:
            y = self._point(room, 1, tick).y()
            painter.setPen(QPen(theme().color("line"), 1))
            painter.drawLine(QPointF(room.x(), y), QPointF(room.right(), y))
            painter.setPen(theme().color("dim"))
            label = QRectF(0, y - metrics.height() / 2, room.x() - theme().px(6), metrics.height())
            painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{100 * tick:.0f} %")
        for epoch in epoch_ticks(1, last):
            x = self._point(room, epoch, 0).x()
            label = QRectF(x - 40, room.bottom() + theme().px(4), 80, metrics.height())
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, str(epoch))

    def _paint_band(self, painter: QPainter, room: QRectF) -> None:
        band = self._band
        rows = list(zip(band.epochs.tolist(), band.low.tolist(), band.mean.tolist(), band.high.tolist(), strict=True))
        upper = [self._point(room, epoch, high) for epoch, _, _, high in rows]
        lower = [self._point(room, epoch, low) for epoch, low, _, _ in rows]
        shade = theme().color("validation")
        shade.setAlphaF(0.22)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawPolygon(QPolygonF([*upper, *reversed(lower)]))
        painter.setPen(QPen(theme().color("validation"), 2))
        middle = [self._point(room, epoch, mean) for epoch, _, mean, _ in rows]
        painter.drawPolyline(QPolygonF(middle))
        if len(middle) == 1:
            painter.setPen(QPen(theme().color("validation"), 1.5))
            painter.drawLine(upper[0], lower[0])
            painter.setBrush(theme().color("validation"))
            painter.drawEllipse(middle[0], 3, 3)
