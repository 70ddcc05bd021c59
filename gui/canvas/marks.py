"""What the canvas draws beside cards: links, the "+" in a gap, the line that says where something will land."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPainterPathStroker, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

from gui.canvas.layout import Point, Route
from gui.canvas.look import look
from gui.theme import theme


def _path(points: Sequence[Point]) -> QPainterPath:
    path = QPainterPath(QPointF(*points[0]))
    for (x1, y1), (x2, y2) in pairwise(points):
        if x1 == x2:
            path.lineTo(x2, y2)
        else:
            middle = (y1 + y2) / 2
            path.cubicTo(x1, middle, x2, middle, x2, y2)
    return path


class Link(QGraphicsPathItem):
    """From the output of one card to the input of another: straight where it can, else in calm curves."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(-1)
        self._route: Route | None = None
        self._final = QPainterPath()
        self._lit = False

    @property
    def route(self) -> Route | None:
        """How it runs, or will run once it has come to rest."""
        return self._route

    def follow(self, route: Route) -> None:
        """Run as `route` says."""
        if route == self._route:
            return
        self._route = route
        self._final = _path(route.points)
        self.setPath(self._final)
        self.wear()

    def bend(self, points: Sequence[Point]) -> None:
        """Run through `points` for the moment, on the way to where it belongs."""
        self.setPath(_path(points))

    def rest(self) -> None:
        """Run where it belongs."""
        self.setPath(self._final)

    def set_lit(self, lit: bool) -> None:
        """Draw the link as the selected one, or not."""
        self._lit = lit
        self.wear()

    def touches(self, area: QRectF) -> bool:
        """Whether the line passes through `area`."""
        if not self._final.boundingRect().adjusted(-2, -2, 2, 2).intersects(area):
            return False
        # Without an area of its own a line would count as the shape that it closes.
        stroker = QPainterPathStroker()
        stroker.setWidth(1)
        return stroker.createStroke(self._final).intersects(area)

    def wear(self) -> None:
        """Take the colours of the look that is on."""
        is_skip = self._route is not None and self._route.is_skip
        token = "accent" if self._lit else "family.merge" if is_skip else "faint"
        self.setPen(QPen(theme().color(token), 2.4 if self._lit else 1.6 if is_skip else 1.2))


class Rubber(QGraphicsPathItem):
    """The link that is being drawn with the mouse."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(5)
        self.setVisible(False)

    def stretch(self, start: QPointF, end: QPointF, good: bool) -> None:
        """Run from `start` to `end`, in the colour of what is possible or not."""
        path = QPainterPath(start)
        middle = (start.y() + end.y()) / 2
        path.cubicTo(start.x(), middle, end.x(), middle, end.x(), end.y())
        self.setPath(path)
        style = Qt.PenStyle.SolidLine if good else Qt.PenStyle.DashLine
        self.setPen(QPen(theme().color("accent" if good else "dim"), 2, style))
        self.setVisible(True)


class GapButton(QGraphicsItem):
    """The round "+"."""

    RADIUS = 10.0

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(2)
        self.setVisible(False)

    def radius(self) -> float:
        return theme().px(self.RADIUS)

    def boundingRect(self) -> QRectF:
        side = self.radius() + 2
        return QRectF(-side, -side, 2 * side, 2 * side)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius, arm = self.radius(), self.radius() * 0.45
        painter.setPen(QPen(theme().color("window"), 2))
        painter.setBrush(theme().color("accent"))
        painter.drawEllipse(QPointF(0, 0), radius, radius)
        painter.setPen(QPen(theme().color("on_accent"), 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(-arm, 0), QPointF(arm, 0))
        painter.drawLine(QPointF(0, -arm), QPointF(0, arm))


class Marker(QGraphicsItem):
    """The line in the gap where what is dragged will land."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(3)
        self.setVisible(False)

    def boundingRect(self) -> QRectF:
        return QRectF(-look().width / 2 - 6, -6, look().width + 12, 12)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        half = look().width / 2
        painter.setPen(QPen(theme().color("accent"), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(-half, 0), QPointF(half, 0))
        painter.setBrush(theme().color("accent"))
        painter.drawEllipse(QPointF(-half, 0), 3, 3)
        painter.drawEllipse(QPointF(half, 0), 3, 3)
