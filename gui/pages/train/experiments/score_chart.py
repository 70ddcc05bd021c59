"""Charts of accuracy that are drawn for an experiment: the axis that all of them have, and dots over a setting."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.params import short_number
from engine.train.experiments.results import Tried
from gui.plots.ticks import log_ticks, percent_ticks, value_ticks, write_axis, write_percents
from gui.theme import theme
from gui.widgets.bars import percent

ROOM = 0.12  # of the span of the values, above and below them
LEAST_ROOM = 0.01
MOST_STEPS = 4.5  # between ticks, in the height of the chart
DOT, NEAR = 5.0, 14.0  # px: radius of a dot, and how far from one the mouse still means it
AXIS_TICKS = 6


def score_range(values: Sequence[float]) -> tuple[float, float, tuple[float, ...]]:
    """Return the lowest and highest accuracy to draw, within 0..1, and the ticks between them."""
    least, most = max(0.0, min(values)), min(1.0, max(values))
    room = max(LEAST_ROOM, ROOM * (most - least))
    least, most = max(0.0, least - room), min(1.0, most + room)
    return least, most, tuple(percent_ticks(least, most, MOST_STEPS))


class ScoreChart(QWidget):
    """A chart whose vertical axis is an accuracy, fitted to what is drawn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._low, self._high, self._ticks = 0.0, 1.0, (0.0, 0.5, 1.0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self.update)

    def fit(self, values: Sequence[float]) -> None:
        """Choose the part of 0..1 that the axis shows."""
        self._low, self._high, self._ticks = score_range(values)

    def shown_range(self) -> tuple[float, float]:
        """Return the lowest and highest accuracy of the axis."""
        return self._low, self._high

    def sizeHint(self) -> QSize:
        return QSize(theme().px(420), theme().px(200))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(200), theme().px(110))

    def room(self) -> QRectF:
        """Return where values are drawn, between the axes, in px."""
        metrics = self.fontMetrics()
        left, below = metrics.horizontalAdvance("99.9 %") + theme().px(10), metrics.height() + theme().px(4)
        return QRectF(left, theme().px(8), self.width() - left - theme().px(16), self.height() - below - theme().px(12))

    def height_of(self, accuracy: float) -> float:
        """Return how far from the top an accuracy is drawn, in px; beyond the axis, at its end."""
        room, span = self.room(), self._high - self._low
        share = (min(self._high, max(self._low, accuracy)) - self._low) / span
        return room.bottom() - share * room.height()

    def paint_axes(self, painter: QPainter, below: Sequence[tuple[float, str]]) -> None:
        """Draw the lines of the accuracies, and words under places (in px) of the other axis."""
        metrics, room = self.fontMetrics(), self.room()
        for tick, words in zip(self._ticks, write_percents(self._ticks), strict=True):
            y = self.height_of(tick)
            painter.setPen(QPen(theme().color("line"), 1))
            painter.drawLine(QPointF(room.x(), y), QPointF(room.right(), y))
            painter.setPen(theme().color("dim"))
            label = QRectF(0, y - metrics.height() / 2, room.x() - theme().px(6), metrics.height())
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(label, side, words)
        end = -math.inf
        for x, words in below:
            width = metrics.horizontalAdvance(words)
            left = min(max(0.0, x - width / 2), self.width() - width)
            if left > end + theme().px(6):  # words that would run into the last ones are left out
                painter.drawText(QRectF(left, room.bottom() + theme().px(4), width + 2, metrics.height()), words)
                end = left + width


class DotsChart(ScoreChart):
    """Trials of a search as dots: their accuracy over the value of one setting."""

    picked = Signal(str)  # the name of the trial whose dot was clicked

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tried: Tried | None = None
        self.setObjectName("experiment.dots")

    def show_tried(self, tried: Tried) -> None:
        """Draw other trials."""
        self._tried = tried
        self.fit(tried.accuracies)
        best = tried.best
        self.setAccessibleName(self.tr("Validation accuracy over {setting}").format(setting=tried.label))
        words = self.tr("{count} trials, the best with {value}: {accuracy}")
        value, accuracy = tried.texts[best], percent(tried.accuracies[best])
        self.setAccessibleDescription(words.format(count=len(tried.trials), value=value, accuracy=accuracy))
        self.update()

    def tried(self) -> Tried | None:
        """Return what is drawn."""
        return self._tried

    def points(self) -> list[QPointF]:
        """Return the places of the dots in px, in the order of the trials."""
        return [
            QPointF(self._across(value), self.height_of(accuracy))
            for value, accuracy in zip(self._tried.values, self._tried.accuracies, strict=True)
        ]

    def _names(self) -> list[str]:
        """The values of a setting that is no number, in the order they were tried."""
        return list(dict.fromkeys(self._tried.texts))

    def _on_scale(self, value: float) -> float:
        return math.log10(value) if self._tried.is_logarithmic else float(value)

    def _across(self, value: object) -> float:
        room = self.room().adjusted(2 * DOT, 0, -2 * DOT, 0)
        if not self._tried.is_numeric:
            names = self._names()
            place = names.index(self._tried.texts[self._tried.values.index(value)])
            return room.x() + (place + 0.5) / len(names) * room.width()
        low, high = self._on_scale(min(self._tried.values)), self._on_scale(max(self._tried.values))
        share = (self._on_scale(value) - low) / (high - low) if high > low else 0.5
        return room.x() + share * room.width()

    def _below(self) -> list[tuple[float, str]]:
        tried = self._tried
        if not tried.is_numeric:
            firsts = [tried.values[tried.texts.index(name)] for name in self._names()]
            return [(self._across(value), name) for value, name in zip(firsts, self._names(), strict=True)]
        low, high = min(tried.values), max(tried.values)
        listed = sorted(set(tried.values))
        is_round = all(float(short_number(value, 2)) == value for value in listed)
        if low == high or (is_round and len(listed) <= AXIS_TICKS):
            ticks = listed
        elif tried.is_logarithmic:
            ticks = [10**tick for tick in log_ticks(math.log10(low), math.log10(high))]
        else:
            ticks, _ = value_ticks(low, high, AXIS_TICKS)
        return [(self._across(tick), words) for tick, words in zip(ticks, write_axis(ticks), strict=True)]

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._tried is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_axes(painter, self._below())
        for place, (point, trial) in enumerate(zip(self.points(), self._tried.trials, strict=True)):
            is_over = trial.state in ("finished", "running", "judged")
            ink = theme().color("good" if place == self._tried.best else "validation" if is_over else "faint")
            painter.setPen(QPen(ink, 1.6))
            painter.setBrush(ink if is_over else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(point, DOT, DOT)

    def _nearest(self, place: QPointF) -> int | None:
        apart = [math.hypot(p.x() - place.x(), p.y() - place.y()) for p in self.points()] if self._tried else []
        nearest = min(range(len(apart)), key=apart.__getitem__, default=None)
        return nearest if nearest is not None and apart[nearest] <= NEAR else None

    def text_at(self, place: QPointF) -> str:
        """Return what the dot at a place is, in words; empty where there is none."""
        found = self._nearest(place)
        if found is None:
            return ""
        trial = self._tried.trials[found]
        words = self.tr("{label}: {accuracy} after {epochs} epochs (run {run})")
        accuracy = percent(self._tried.accuracies[found])
        return words.format(label=trial.label, accuracy=accuracy, epochs=trial.epochs, run=trial.run)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.text_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._nearest(event.position())
        if found is not None:
            self.picked.emit(self._tried.trials[found].name)
