"""A class, a bar and a percentage on one line, for places where a widget for each would be too many."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from gui.theme import theme
from gui.widgets.bars import percent

LABEL_SHARE = 0.38  # of the line, at most


def line_height(metrics: QFontMetrics) -> int:
    """Height of one line in px."""
    return metrics.height() + 5


def label_width(metrics: QFontMetrics, labels: list[str], room: int) -> int:
    """Width in px that all these words share on lines `room` px wide."""
    widest = max((metrics.horizontalAdvance(label) for label in labels), default=0)
    return min(widest + theme().tokens.space_large, round(room * LABEL_SHARE))


def paint_bar(painter: QPainter, line: QRect, label: str, value: float, words: int, token: str) -> None:
    """Draw one line: `label` in `words` px, a bar for `value` (0..1) in the colour `token`, its percentage."""
    metrics, color = painter.fontMetrics(), theme().color
    figure = metrics.horizontalAdvance(percent(0.99999)) + theme().tokens.space
    middle = Qt.AlignmentFlag.AlignVCenter
    painter.setPen(color("text"))
    shown = metrics.elidedText(label, Qt.TextElideMode.ElideRight, words - theme().tokens.space_small)
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | middle, shown)
    painter.drawText(line, Qt.AlignmentFlag.AlignRight | middle, percent(value))
    thick = theme().px(7)
    track = QRectF(line.x() + words, line.center().y() - thick / 2 + 1, line.width() - words - figure, thick)
    painter.setPen(QPen(color("line"), 1))
    painter.setBrush(color("raised"))
    painter.drawRoundedRect(track, 3, 3)
    if value > 0:
        # At least a hair: a small probability is not none.
        filled = QRectF(track.x(), track.y(), max(2.0, track.width() * min(1.0, value)), thick)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(token))
        painter.drawRoundedRect(filled, min(3.0, filled.width() / 2), 3)
