"""The curves as an image for a report: a title, a legend that is whole, axes, and nothing that could be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QIODevice, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter

from gui.plots.curves import Curves
from gui.plots.legend import SMALL, STROKE, stroke_pen
from gui.theme import theme
from gui.theme.tokens import LIGHT

RATIO = 2.0  # pixels of the image for each of the window: sharp on paper and on any screen
TITLE = 16  # px at 100 % text size, as are all of these
MARGIN, GAP, LINE_GAP, ABOVE_CHARTS = 20, 28, 4, 10
HEIGHT, WIDTH_OF_SHARE = 260, 92  # of the axes

Key = tuple[str, str, str]
"""A name in the legend, its colour token, and how it is drawn: "line", "dashed", "dotted", or "" for words alone."""


@dataclass(frozen=True)
class Part:
    """One chart of the image, and its share of the width."""

    chart: Curves
    share: int


def report_image(title: str, subtitle: str, parts: Sequence[Part], keys: Sequence[Key]) -> QImage:
    """Draw charts side by side as they are in view now, `RATIO` times as large as in the window.

    It is in the light look whatever the window wears: reports and papers are white, a dark image in one wastes ink and
    cannot be read in print, and what two people paste side by side should look alike.

    Args:
        title: what was trained.
        subtitle: what else there is to know of it; empty: nothing.
    """
    margin, gap = theme().px(MARGIN), theme().px(GAP)
    inner = sum(_width_of(part) for part in parts) + gap * (len(parts) - 1)
    rows = _rows(keys, inner)
    height = _head_height(title, subtitle, rows) + _chart_height()
    size = QSize(inner + 2 * margin, height + 2 * margin)
    image = QImage(size * RATIO, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(RATIO)
    image.fill(QColor(LIGHT.panel))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(margin, margin)
    _paint_head(painter, title, subtitle, rows, inner)
    painter.translate(0, _head_height(title, subtitle, rows))
    for part in parts:
        _paint_part(painter, part)
        painter.translate(_width_of(part) + gap, 0)
    painter.end()
    return image


def png_bytes(image: QImage) -> bytes:
    """Return an image as the content of a PNG file."""
    content, buffer = QByteArray(), QBuffer()
    buffer.setBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(content.data())


# ---- charts


def _width_of(part: Part) -> int:
    return theme().px(WIDTH_OF_SHARE * part.share)


def _chart_height() -> int:
    return _row_height(_bold_font()) + theme().px(HEIGHT) + _row_height(_small_font())


def _paint_part(painter: QPainter, part: Part) -> None:
    """Draw a chart below its heading, from the place that the painter is at."""
    wide, top = _width_of(part), _row_height(_bold_font())
    _write(painter, QRect(0, 0, wide, top), part.chart.title(), _bold_font(), LIGHT.text)
    area = part.chart.drawn_in(LIGHT, QSize(wide, theme().px(HEIGHT)), RATIO)
    area.render(painter, QRectF(0, top, wide, theme().px(HEIGHT)), area.viewport().rect())
    area.close()
    area.deleteLater()
    foot = QRect(0, top + theme().px(HEIGHT), wide, _row_height(_small_font()))
    words = QCoreApplication.translate("Curves", "epoch")
    _write(painter, foot, words, _small_font(), LIGHT.dim, Qt.AlignmentFlag.AlignRight)


# ---- words


def _title_font() -> QFont:
    return theme().font(TITLE, QFont.Weight.DemiBold)


def _bold_font() -> QFont:
    return theme().font(weight=QFont.Weight.DemiBold)


def _small_font() -> QFont:
    return theme().font(SMALL)


def _row_height(font: QFont) -> int:
    return QFontMetrics(font).height() + theme().px(LINE_GAP)


def _write(
    painter: QPainter,
    room: QRect,
    text: str,
    font: QFont,
    ink: str,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    painter.setFont(font)
    painter.setPen(QColor(ink))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, side | Qt.AlignmentFlag.AlignTop, shown)


# ---- title and legend


def _head_height(title: str, subtitle: str, rows: Sequence[Sequence[Key]]) -> int:
    texts = _row_height(_title_font()) * bool(title) + _row_height(_small_font()) * bool(subtitle)
    return texts + _row_height(_small_font()) * len(rows) + theme().px(ABOVE_CHARTS)


def _paint_head(painter: QPainter, title: str, subtitle: str, rows: Sequence[Sequence[Key]], width: int) -> None:
    y, tall = 0, _row_height(_small_font())
    for text, font, ink in ((title, _title_font(), LIGHT.text), (subtitle, _small_font(), LIGHT.dim)):
        if text:
            _write(painter, QRect(0, y, width, _row_height(font)), text, font, ink)
            y += _row_height(font)
    for row in rows:
        x = 0
        for key in row:
            _paint_key(painter, key, QRect(x, y, _key_width(key), tall))
            x += _key_width(key) + theme().tokens.space_large
        y += tall


def _key_width(key: Key) -> int:
    words, token, _ = key
    return _before_words(token) + QFontMetrics(_small_font()).horizontalAdvance(words) + 1


def _before_words(token: str) -> int:
    return theme().px(STROKE) + 5 if token else 0


def _rows(keys: Sequence[Key], width: int) -> list[list[Key]]:
    """The keys in as many lines as they need."""
    rows: list[list[Key]] = []
    left = 0
    for key in keys:
        wide = _key_width(key)
        if not rows or left + wide > width:
            rows.append([])
            left = 0
        rows[-1].append(key)
        left += wide + theme().tokens.space_large
    return rows


def _paint_key(painter: QPainter, key: Key, room: QRect) -> None:
    words, token, kind = key
    if token:
        pen = stroke_pen(QColor(LIGHT.color(token)), dashed=kind == "dashed")
        if kind == "dotted":
            pen.setStyle(Qt.PenStyle.DotLine)
            pen.setWidthF(2)
        painter.setPen(pen)
        middle = room.top() + QFontMetrics(_small_font()).height() / 2
        painter.drawLine(QPointF(room.left(), middle), QPointF(room.left() + theme().px(STROKE), middle))
    _write(painter, room.adjusted(_before_words(token), 0, 0, 0), words, _small_font(), LIGHT.text)
