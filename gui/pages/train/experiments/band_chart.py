"""Several runs of the same training as one curve: their mean, and a band of one standard deviation around it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from engine.train.experiments.results import Band
from gui.pages.train.experiments.score_chart import ScoreChart
from gui.plots.ticks import epoch_ticks
from gui.theme import theme
from gui.widgets.bars import percent


class BandChart(ScoreChart):
    """Validation accuracy over epochs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._band: Band | None = None
        self.setObjectName("experiment.band")
        self.setAccessibleName(self.tr("Validation accuracy over the epochs"))

    def show_band(self, band: Band) -> None:
        """Draw another band; its values are 0..1."""
        self._band = band
        self.fit([*band.low.tolist(), *band.high.tolist()])
        words = self.tr("{runs} runs, epoch {epoch}: {mean}, from {low} to {high}").format(
            runs=int(band.counts[-1]),  # those that came so far
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

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._band is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ticks = epoch_ticks(1, int(self._band.epochs[-1]))
        self.paint_axes(painter, [(self._point(epoch, 0).x(), str(epoch)) for epoch in ticks])
        self._paint_band(painter)

    def _point(self, epoch: float, value: float) -> QPointF:
        room, last = self.room(), float(self._band.epochs[-1])
        share = (epoch - 1) / (last - 1) if last > 1 else 0.5
        return QPointF(room.x() + share * room.width(), self.height_of(value))

    def _paint_band(self, painter: QPainter) -> None:
        band = self._band
        rows = list(zip(band.epochs.tolist(), band.low.tolist(), band.mean.tolist(), band.high.tolist(), strict=True))
        upper = [self._point(epoch, high) for epoch, _, _, high in rows]
        lower = [self._point(epoch, low) for epoch, low, _, _ in rows]
        shade = theme().color("validation")
        shade.setAlphaF(0.22)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawPolygon(QPolygonF([*upper, *reversed(lower)]))
        painter.setPen(QPen(theme().color("validation"), 2))
        middle = [self._point(epoch, mean) for epoch, _, mean, _ in rows]
        painter.drawPolyline(QPolygonF(middle))
        if len(middle) == 1:
            painter.setPen(QPen(theme().color("validation"), 1.5))
            painter.drawLine(upper[0], lower[0])
            painter.setBrush(theme().color("validation"))
            painter.drawEllipse(middle[0], 3, 3)
