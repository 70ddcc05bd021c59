"""What the canvas draws beside cards: links, the "+" in a gap, the line that says where something will land."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

from gui.canvas.card import LayerCard
from gui.canvas.look import look
from gui.theme import theme


class Link(QGraphicsPathItem):
    """From the output of one card to the input of another: straight between neighbours, else a bow at the side."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(-1)
        self.is_bow = False
        self._ends: tuple[float, ...] = ()

    def connect_cards(self, source: LayerCard, target: LayerCard, *, neighbours: bool) -> None:
        """Lead from `source` to `target`, where they are now."""
        ends = (source.y() + source.height, target.y(), target.y() + target.height, float(neighbours), look().width)
        if ends == self._ends:
            return
        self._ends, self.is_bow = ends, not neighbours
        path = QPainterPath(QPointF(0, ends[0]))
        if neighbours:
            path.lineTo(0, ends[1])
        else:
            self._bow(path, ends)
        self.setPath(path)
        self.wear()

    @staticmethod
    def _bow(path: QPainterPath, ends: tuple[float, ...]) -> None:
        edge, end = -look().width / 2, (ends[1] + ends[2]) / 2
        out = edge - min(theme().px(90), theme().px(30) + abs(end - ends[0]) * 0.12)
        start = ends[0] + look().gap / 2
        path.lineTo(0, start)
        path.lineTo(edge, start)  # past the corner of the card below
        path.cubicTo(out, start, out, start, out, (start + end) / 2)
        path.cubicTo(out, end, out, end, edge, end)

    def wear(self) -> None:
        """Take the colours of the look that is on."""
        pen = QPen(theme().color("family.merge" if self.is_bow else "faint"), 1.6 if self.is_bow else 1.2)
        self.setPen(pen)


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
