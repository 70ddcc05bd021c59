"""A layer's output drawn as a small block: how high and wide the picture is, how many channels deep."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from engine.layers import Shape

SLANT = (0.82, -0.57)  # where depth goes on the screen
LONGEST = 30.0


def block(shape: Shape) -> tuple[float, float, float]:
    """(width, height, depth) in pixels of the block for `shape`, on a logarithmic scale: halving the picture is one
    step smaller, whatever its size. A vector is a thin bar, as long as it has numbers."""
    if len(shape) == 3:
        channels, height, width = shape
        return _side(width), _side(height), min(LONGEST, 3 + 1.7 * math.log2(max(1, channels)))
    length = min(LONGEST, 4 + 2.0 * math.log2(max(1, shape[-1])))
    return (_side(shape[0]) if len(shape) == 2 else 5.0), 5.0, length


def _side(pixels: int) -> float:
    return max(3.0, min(24.0, 2.7 * math.log2(max(1, pixels))))


def paint_volume(painter: QPainter, room: QRectF, shape: Shape, color: QColor, scale: float = 1.0) -> None:
    """Draw the block for `shape` in the middle of `room`, made smaller where it does not fit."""
    width, height, depth = (length * scale for length in block(shape))
    whole_width, whole_height = width + depth * SLANT[0], height - depth * SLANT[1]
    fit = min(1.0, room.width() / whole_width, room.height() / whole_height)
    width, height, depth = width * fit, height * fit, depth * fit
    back = QPointF(depth * SLANT[0], depth * SLANT[1])
    left = room.center().x() - whole_width * fit / 2
    top = room.center().y() + whole_height * fit / 2 - height
    front = [QPointF(left + x, top + y) for x, y in ((0, 0), (width, 0), (width, height), (0, height))]
    faces = (
        (front, 0.55),
        ([front[0], front[0] + back, front[1] + back, front[1]], 0.18),
        ([front[1], front[1] + back, front[2] + back, front[2]], 0.32),
    )
    painter.setPen(QPen(color, 1.1))
    for corners, strength in faces:
        fill = QColor(color)
        fill.setAlphaF(strength)
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF(corners))
