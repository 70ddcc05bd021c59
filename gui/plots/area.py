"""The drawing of `Curves`; importing this module imports pyqtgraph (about half a second)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from gui.plots.series import (
    OTHER_TOKENS,
    SMALLEST_LOG,
    Line,
    in_columns,
    peaks_above,
)
from gui.plots.ticks import epoch_ticks, log_ticks, percent_ticks, value_ticks, write_axis, write_percents
from gui.theme import theme
from gui.theme.tokens import Tokens

STEP_ALPHA = 60
NOTCH = 120  # of a wheel, as Qt counts
ZOOM_FACTOR = 1.25  # per notch
MOVE_SHARE = 0.1  # of the width in view, per notch
RAW_ALPHA = 90  # of epochs behind their smooth line
DOT = 6  # px across: a line of one point
PEAK = 12  # px across: the arrow where a line leaves the chart at the top
PEAKS_APART = 16  # px at least
SIDE_ROOM = 6  # px right of the axis: for half of “30”
MOST_TICKS, TICK_ROOM = 5, 28  # of values, and px between two of them
PADDING = 0.015  # of the width: room beside the first and the last epoch


class _EpochAxis(pg.AxisItem):
    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[int]]]:
        most = max(2, math.ceil(size / theme().px(58)))
        last = high - PADDING * (high - low) / (1 + 2 * PADDING)  # beyond it is only room
        return [(1.0, epoch_ticks(low, last + 1e-6 * (high - low), most))]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [str(round(value)) for value in values]

    def generateDrawSpecs(self, p: QPainter) -> tuple | None:
        specs = super().generateDrawSpecs(p)
        if specs is not None:
            # Half of a long number under the last epoch would stand out of the chart.
            right = self.mapRectFromParent(self.geometry()).right() + SIDE_ROOM
            for rect, _, _ in specs[2]:
                rect.moveRight(min(rect.right(), right))
        return specs


class _ValueAxis(pg.AxisItem):
    """Percent, loss, or loss whose logarithm is drawn."""

    def __init__(self, percent: bool) -> None:
        super().__init__("left")
        self.percent, self.logarithmic = percent, False

    def boundingRect(self) -> QRectF:
        # With a grid, pyqtgraph keeps no room for the half lines of text that stand out at the top and the bottom.
        return super().boundingRect().adjusted(0, -theme().px(10), 0, theme().px(10))

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        if self.percent:
            ticks = percent_ticks(low, high)
            return [(ticks[1] - ticks[0] if len(ticks) > 1 else 0.25, ticks)]
        if self.logarithmic:
            return [(1.0, log_ticks(low, high))]
        ticks, step = value_ticks(low, high, max(3, min(MOST_TICKS, int(size / theme().px(TICK_ROOM)))))
        return [(step, ticks)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        if self.percent:
            return write_percents(values)
        if self.logarithmic:
            return write_axis([10**value for value in values])
        return write_axis(values, spacing)


def _arrow() -> QPainterPath:
    """A triangle below its tip, 1 wide."""
    path = QPainterPath(QPointF(0.0, 0.0))
    path.lineTo(0.5, 0.8)
    path.lineTo(-0.5, 0.8)
    path.closeSubpath()
    return path


class _Upright(pg.InfiniteLine):
    """A line from top to bottom, as thick wherever it stands: on whole pixels of the screen."""

    def __init__(self) -> None:
        super().__init__(angle=90, movable=False)

    def paint(self, painter: QPainter, *_: object) -> None:
        low, high = (painter.transform().map(QPointF(end, 0.0)) for end in self._endPoints)
        first, last = (painter.deviceTransform().map(QPointF(end, 0.0)) for end in self._endPoints)
        ratio = (last.y() - first.y()) / (high.y() - low.y()) if high != low else 1.0  # pixels of the screen for one
        thick = max(1, math.floor(self.pen.widthF() * ratio + 0.501))  # pixels of the screen; 1.4999 is 1.5
        aside = (math.floor(first.x() - thick / 2 + 0.5) + thick / 2 - first.x()) / ratio
        pen = QPen(self.pen.color(), thick / ratio, self.pen.style(), Qt.PenCapStyle.FlatCap)
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(pen)
        painter.drawLine(low + QPointF(aside, 0.0), high + QPointF(aside, 0.0))
        painter.restore()


class PlotArea(pg.PlotWidget):
    """Axes and lines; knows nothing of where the numbers come from."""

    hovered = Signal(object)  # the place under the mouse in epochs, None when it left
    pressed = Signal(float)  # clicked at this place, in epochs
    zoomed = Signal(float, float)  # the wheel turned at this place; factor of the width in view
    moved = Signal(float)  # turned sideways: by this share of the width in view

    def __init__(
        self,
        percent: bool,
        main: str = "train",
        *,
        rate: bool = False,
        look: Tokens | None = None,
        ratio: float = 1.0,
        parent: QWidget | None = None,
    ) -> None:
        """Make empty axes.

        Args:
            percent: values are shares.
            main: the colour token of what is drawn as `train`.
            rate: values are learning rates, which may be far smaller than any loss that is told from 0.
            look: colours to draw in whatever the window wears; None: those of the window.
            ratio: pixels of what it is drawn on for each of its own, where that is not the screen.
        """
        self._look, self._ratio = look, ratio
        self._epoch_axis, self._value_axis = _EpochAxis("bottom"), _ValueAxis(percent)
        super().__init__(parent, axisItems={"bottom": self._epoch_axis, "left": self._value_axis})
        self._logarithmic, self._main, self._is_rate = False, main, rate
        self._range = (0.0, 1.0)  # epochs in view
        self._top = 1.0  # the highest value in view, as it is drawn
        self._others: list[pg.PlotDataItem] = []
        self._peak_lines: Sequence[tuple[np.ndarray, np.ndarray, str]] = ()
        self.setFrameShape(self.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setMouseEnabled(x=False, y=False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # that of the chart around it opens
        self.viewport().installEventFilter(self)
        self.getPlotItem().setContentsMargins(0, 6, SIDE_ROOM, 0)  # for the half of “100 %” and “30” that stands out
        # Single steps are noise a pixel wide: smooth edges would cost ten times the time and show nothing more.
        self.steps = self._add_line(z=1, antialias=False)
        self.raw_train, self.raw_validation = self._add_line(z=2), self._add_line(z=2)
        self.train, self.tail = self._add_line(z=3), self._add_line(z=3)
        self.validation = self._add_line(z=4)
        self.best_line = self._add_mark()
        self.joint = self._add_mark()
        self.joint_words = pg.TextItem(self.tr("continued"), anchor=(1, 1), angle=90)
        self.joint_words.hide()
        self.getPlotItem().addItem(self.joint_words, ignoreBounds=True)
        self.cursor = self._add_mark()
        self.best_dot = pg.ScatterPlotItem(size=9, antialias=True)
        self.best_dot.setZValue(6)
        self.getPlotItem().addItem(self.best_dot, ignoreBounds=True)
        self.peaks = pg.ScatterPlotItem(size=PEAK, symbol=_arrow(), pen=None, antialias=True)
        self.peaks.setZValue(5)
        self.getPlotItem().addItem(self.peaks, ignoreBounds=True)
        if look is None:
            theme().changed.connect(self.wear_theme)
        self.wear_theme()

    def _add_line(self, z: int, antialias: bool = True) -> pg.PlotDataItem:
        line = pg.PlotDataItem(connect="finite", antialias=antialias)
        line.setZValue(z)
        self.getPlotItem().addItem(line, ignoreBounds=True)
        return line

    def _add_mark(self) -> pg.InfiniteLine:
        mark = _Upright()
        mark.setZValue(2)
        mark.hide()
        self.getPlotItem().addItem(mark, ignoreBounds=True)
        return mark

    # ---- what is drawn

    def set_logarithmic(self, on: bool) -> None:
        """Draw the logarithm of the values from the next `draw` on."""
        self._logarithmic = self._value_axis.logarithmic = on
        self._value_axis.picture = None

    def draw(self, item: pg.PlotDataItem, x: np.ndarray, y: np.ndarray) -> None:
        """Give a line its points, x ascending, as many as the screen has room for; NaN and infinity leave gaps.

        Call `set_ranges` before it when the epochs in view change.
        """
        x, y = in_columns(x, y, *self._range, self.columns())
        heights = self._scaled(y)
        known = np.count_nonzero(np.isfinite(heights))
        # A line through one point has no length: show the point itself.
        item.setSymbol("o" if known == 1 and (item in (self.train, self.validation) or item in self._others) else None)
        if known:
            # Where every column of pixels has several points, smooth edges take twice the time and show nothing more.
            item.setData(x, heights, antialias=item is not self.steps and len(x) <= self.columns())
        else:  # pyqtgraph warns about each column in which there is nothing
            item.setData([], [])

    def columns(self) -> int:
        """Return how many columns of pixels the screen has for the lines."""
        return max(100, round(self.width() * max(self._ratio, self.devicePixelRatioF())))

    def draw_others(self, lines: Sequence[Line]) -> None:
        """Draw other runs, dashed."""
        is_other = len(self._others) != len(lines)
        while len(self._others) > len(lines):
            self.getPlotItem().removeItem(self._others.pop())
        while len(self._others) < len(lines):
            self._others.append(self._add_line(z=0))
        for item, line in zip(self._others, lines, strict=True):
            self.draw(item, line.x, line.y)
        if is_other:
            self._wear_others()

    def draw_peaks(self, lines: Sequence[tuple[np.ndarray, np.ndarray, str]]) -> None:
        """Mark with an arrow where lines go on above what is in view; each is (n,) epochs, (n,) values and its colour
        token. Call `set_ranges` before it."""
        self._peak_lines = lines
        first, last = self._range
        apart = theme().px(PEAKS_APART) * (last - first) / max(1, self.width())
        edge = self.viewRange()[1][1]
        spots = []
        for x, y, token in lines:
            places = peaks_above(x, self._scaled(y), self._top, apart)
            brush = pg.mkBrush(self._color(token))
            spots += [{"pos": (place, edge), "brush": brush} for place in places if first <= place <= last]
        self.peaks.setData(spots)

    def draw_best(self, epoch: float | None, value: float) -> None:
        """Mark the best epoch; None takes the mark away."""
        self.best_line.setVisible(epoch is not None)
        height = float(self._scaled(np.array([value]))[0])
        shown = epoch is not None and math.isfinite(height)
        self.best_dot.setData([epoch] if shown else [], [height] if shown else [])
        if epoch is not None:
            self.best_line.setValue(epoch)

    def draw_joint(self, epoch: float | None, *, at_foot: bool = False) -> None:
        """Mark the epoch after which the run was continued; None takes the mark away. Call `set_ranges` before it.

        Args:
            at_foot: the word beside it stands at the foot of the line, not at its top.
        """
        first, last = self._range
        shown = epoch is not None and bool(first < epoch < last)
        self.joint.setVisible(shown)
        self.joint_words.setVisible(shown)
        if shown:
            foot, top = self.viewRange()[1]
            self.joint_words.setAnchor((0, 1) if at_foot else (1, 1))
            self.joint_words.setPos(epoch, foot if at_foot else top)
            self.joint.setValue(epoch)

    def draw_cursor(self, epoch: float | None) -> None:
        """Put the upright line at an epoch; None takes it away."""
        self.cursor.setVisible(epoch is not None)
        if epoch is not None:
            self.cursor.setValue(epoch)
        # All of it: the ends of the line stand out of the strip that Qt thinks it covers, and pieces of it would stay.
        self.viewport().update()

    def set_ranges(self, first: float, last: float, low: float, high: float) -> None:
        """Show these epochs and values; `low` and `high` are logarithms when the axis is logarithmic."""
        self._range = (first, max(first + 1.0, last))
        self.setXRange(*self._range, padding=PADDING)
        self.setYRange(low, high, padding=0.0 if self._logarithmic else 0.02)
        self._top = high

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        if not self._logarithmic:
            return np.where(np.isfinite(y), y, np.nan)
        if self._is_rate:
            return np.log10(np.where(np.isfinite(y) & (y > 0), y, np.nan))
        finite = np.where(np.isfinite(y), y, np.nan)
        return np.log10(np.maximum(finite, SMALLEST_LOG))

    def place_of(self, epoch: float) -> float:
        """Return where an epoch is drawn, in pixels from the left of this widget."""
        return self.mapFromScene(self.getViewBox().mapViewToScene(QPointF(epoch, 0))).x()

    def drawn_room(self) -> tuple[float, float]:
        """Return the left and right end of the room between the axes, in pixels."""
        box = self.getViewBox().sceneBoundingRect()
        return box.left(), box.right()

    # ---- mouse

    def eventFilter(self, watched: QWidget, event: QEvent) -> bool:
        if watched is self.viewport():
            if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
                self._tell(event.position())
            elif event.type() == QEvent.Type.Leave:
                self.hovered.emit(None)
            elif event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
                if event.button() == Qt.MouseButton.LeftButton:
                    self.pressed.emit(self._epoch_at(event.position()))
            elif event.type() == QEvent.Type.Wheel and isinstance(event, QWheelEvent):
                self._on_wheel(event)
                return True
        return super().eventFilter(watched, event)

    def _on_wheel(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        sideways = turned.x() or (turned.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways:
            self.moved.emit(-sideways / NOTCH * MOVE_SHARE)
        elif turned.y():
            self.zoomed.emit(self._epoch_at(event.position()), ZOOM_FACTOR ** (-turned.y() / NOTCH))
        event.accept()

    def _epoch_at(self, place: QPointF) -> float:
        return self.getViewBox().mapSceneToView(self.mapToScene(place.toPoint())).x()

    def _tell(self, place: QPointF) -> None:
        inside = self.getViewBox().sceneBoundingRect().contains(self.mapToScene(place.toPoint()))
        self.hovered.emit(self._epoch_at(place) if inside else None)

    # ---- look

    def wear_theme(self) -> None:
        """Take the colours and the text size of the theme."""
        color = self._color
        self.setBackground(color("panel"))
        font = theme().font(11)
        for axis in (self._epoch_axis, self._value_axis):
            axis.setPen(pg.mkPen(None))
            axis.setTextPen(pg.mkPen(color("dim")))
            axis.setStyle(tickFont=font, tickLength=0, tickTextOffset=6, autoExpandTextSpace=False)
            axis.setStyle(hideOverlappingLabels=False)  # it would hide the first and the last
        self._epoch_axis.setTickPen(pg.mkPen(None))
        self._epoch_axis.setHeight(theme().px(24))
        self._value_axis.setWidth(theme().px(46))
        self._value_axis.setGrid(60)
        self._value_axis.setTickPen(pg.mkPen(color("dim"), width=1))
        self._wear_lines()

    def _color(self, token: str) -> QColor:
        return theme().color(token) if self._look is None else QColor(self._look.color(token))

    def _pen(self, color: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
        """A pen for lines of values, whose width pyqtgraph counts in pixels of what is drawn on."""
        return pg.mkPen(color, width=width * self._ratio, style=style)

    def _faint(self, token: str, alpha: int) -> QColor:
        color = self._color(token)
        color.setAlpha(alpha)
        return color

    def _wear_lines(self) -> None:
        color, faint = self._color, self._faint
        for item, token in ((self.train, self._main), (self.validation, "validation")):
            item.setPen(self._pen(color(token), 2))
            item.setSymbolBrush(color(token))
            item.setSymbolPen(pg.mkPen(None))
            item.setSymbolSize(DOT)
        self.steps.setPen(self._pen(faint(self._main, STEP_ALPHA), 1))
        self.tail.setPen(self._pen(color(self._main), 1.4))
        self.raw_train.setPen(self._pen(faint(self._main, RAW_ALPHA), 1.2))
        self.raw_validation.setPen(self._pen(faint("validation", RAW_ALPHA), 1.2))
        self.best_line.setPen(pg.mkPen(color("good"), width=2, style=Qt.PenStyle.DotLine))
        self.cursor.setPen(pg.mkPen(color("dim"), width=1))
        self.joint.setPen(pg.mkPen(color("faint"), width=1, style=Qt.PenStyle.DashLine))
        self.joint_words.setColor(color("dim"))
        self.joint_words.setFont(theme().font(11))
        self.best_dot.setBrush(color("good"))
        self.best_dot.setPen(pg.mkPen(color("panel"), width=1.5))
        self._wear_others()
        self.draw_peaks(self._peak_lines)

    def _wear_others(self) -> None:
        for place, item in enumerate(self._others):
            ink = self._color(OTHER_TOKENS[place % len(OTHER_TOKENS)])
            item.setPen(self._pen(ink, 1.2, Qt.PenStyle.DashLine))
            item.setSymbolBrush(ink)
            item.setSymbolPen(pg.mkPen(None))
            item.setSymbolSize(DOT)
