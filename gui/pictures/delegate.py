"""Draws one tile: thumbnail, badge, and under it the answer with its history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gui.pictures.cache import Thumbnail
from gui.pictures.model import SUREST, Badge, PictureModel
from gui.theme import theme
from gui.theme.icons import paint_icon
from gui.widgets.bars import percent

ROUND = 6.0  # px, corners of thumbnails
EDGE = 2.0  # px, border of a tile
INSET = 3  # px between border and thumbnail of a tile with caption
MARKED_STATES = QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_HasFocus
MOST_POINTS = 120  # of a history line; more cannot be told apart at this width


@dataclass(frozen=True)
class TileLook:
    """What every tile of a grid has.

    Attributes:
        ratio: height of a thumbnail / its width.
        caption: a line of words: the answer where there is one, else the class.
        history: a little line of the right class's probability over the epochs.
        epochs: how many epochs the width of that line stands for; 0: those there are.
        whole: show pictures whole, with nothing beside them, instead of filling the tile with their middle.
        strip: in place of the line, a strip of right and wrong answers over the epochs.
    """

    ratio: float = 1.0
    caption: bool = False
    history: bool = False
    epochs: int = 0
    whole: bool = False
    strip: bool = False


class PictureDelegate(QStyledItemDelegate):
    """Draws tiles; asks `thumbnail(row)` for pictures and draws a quiet place while there is none."""

    def __init__(self, thumbnail: Callable[[int], Thumbnail | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnail = thumbnail
        self.look = TileLook()
        self._caption_lines = 1
        theme().changed.connect(self._take_fonts)
        self._take_fonts()

    def _take_fonts(self) -> None:
        # Kept, because making one asks the font database, and a screen of tiles needs a hundred of them.
        self._font = theme().font(12, QFont.Weight.Medium)
        self._badge_font = theme().font(11, QFont.Weight.Medium)
        self._metrics = QFontMetrics(self._font)

    # ---- measures

    def _caption_height(self) -> int:
        return self._caption_lines * self._metrics.height() + 6 if self.look.caption else 0

    def _history_height(self) -> int:
        return theme().px(16) if self.look.history else 0

    def _is_card(self) -> bool:
        return self.look.caption or self.look.history

    def fit_captions(self, classes: Sequence[str], width: int) -> None:
        """Give captions in tiles `width` px wide a second line where a wrong answer and the truth need it."""
        longest = sorted(map(self._metrics.horizontalAdvance, classes), reverse=True)[:2]
        extra = self._metrics.horizontalAdvance(f"✗ {self._truth('')}{percent(0.99999, 0)}") + 10
        self._caption_lines = 1 if sum(longest) + extra <= width - 14 else 2

    def _truth(self, label: str) -> str:
        return self.tr(", is {truth}").format(truth=label)

    def thumbnail_size(self, width: int) -> QSize:
        """Return the size of the thumbnail in a tile `width` px wide."""
        inner = width - 2 * INSET if self._is_card() else width
        return QSize(inner, round(inner * self.look.ratio))

    def tile_height(self, width: int) -> int:
        """Return the height of a tile `width` px wide."""
        extra = 2 * INSET if self._is_card() else 0
        return self.thumbnail_size(width).height() + extra + self._caption_height() + self._history_height()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(option.rect.width(), self.tile_height(option.rect.width()))

    # ---- drawing

    def begin(self, painter: QPainter) -> None:
        """Prepare a painter for a screen of tiles.

        Not in `paint`: each call to a painter lets another thread take the interpreter, and while a network trains it
        takes it for up to 5 ms. Fewer calls per tile are what keeps the window fluent.
        """
        painter.setRenderHints(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw one tile with a painter that `begin` has prepared; pen and brush are changed."""
        model = index.model()
        assert isinstance(model, PictureModel)
        row, tile, state = index.row(), QRectF(option.rect), option.state
        answer = model.answer(row)
        token = "dim" if answer is None or answer[2] is None else "good" if answer[2] else "bad"
        place = QRectF(tile.topLeft(), self.thumbnail_size(option.rect.width()).toSizeF())
        if self._is_card():
            place.translate(INSET, INSET)
            self._paint_card(painter, tile, "line" if answer is None else token, state)
        badge = model.badge(row)
        self._paint_thumbnail(painter, place, self._thumbnail(row), has_badge=badge is not None)
        if badge is not None:
            self._paint_badge(painter, place, badge)
        below = QRectF(tile.left() + 7, place.bottom(), tile.width() - 14, self._caption_height())
        if self.look.caption:
            self._paint_caption(painter, below, model.label(row), answer)
        marker = model.answers.marker if model.answers is not None else -1
        room = QRectF(below.left(), below.bottom() - 1, below.width(), self._history_height() - 4)
        if self.look.strip:
            self._paint_strip(painter, room, model.strip(row), marker)
        elif self.look.history:
            self._paint_history(painter, room, model.history(row), token, marker)
        if not self._is_card() and answer is not None:
            self._paint_edge(painter, tile, token)
        if state & MARKED_STATES:
            self._paint_marks(painter, tile, state)

    def _paint_card(self, painter: QPainter, tile: QRectF, token: str, state: QStyle.StateFlag) -> None:
        width = 1.0 if token == "line" else EDGE - 0.4
        painter.setPen(QPen(theme().color(token), width))
        painter.setBrush(theme().color("selection" if state & QStyle.StateFlag.State_Selected else "raised"))
        painter.drawRoundedRect(tile.adjusted(EDGE / 2, EDGE / 2, -EDGE / 2, -EDGE / 2), ROUND + 1, ROUND + 1)

    def _paint_thumbnail(
        self, painter: QPainter, place: QRectF, thumbnail: Thumbnail | None, *, has_badge: bool
    ) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("hover"))
        if thumbnail is None or thumbnail.image is None:
            painter.drawRoundedRect(place, ROUND, ROUND)
            if thumbnail is not None:
                self._paint_unreadable(painter, place, in_words=not has_badge)
            return
        image = thumbnail.image
        ratio = min(1.0, place.width() / image.width(), place.height() / image.height())
        wanted = place.size() * painter.device().devicePixelRatioF()
        if image.width() >= wanted.width() - 1 and image.height() >= wanted.height() - 1:
            drawn = place
        else:  # an odd shape, shown whole
            painter.drawRoundedRect(place, ROUND, ROUND)
            drawn = QRectF(0, 0, image.width() * ratio, image.height() * ratio)
            drawn.moveCenter(place.center())
        painter.drawImage(drawn, image)

    def _paint_unreadable(self, painter: QPainter, place: QRectF, *, in_words: bool) -> None:
        # A badge says it, or something that matters more; both on a small tile would be in each other's way.
        side = min(28.0, place.height() / 3)
        icon = QRectF(0, 0, side, side)
        icon.moveCenter(place.center() - QPointF(0, side / 3))
        paint_icon(painter, "warning", icon, "bad")
        words = QRectF(place.left() + 4, icon.bottom() + 2, place.width() - 8, self._metrics.height())
        if in_words and words.bottom() < place.bottom():
            painter.setPen(theme().color("dim"))
            text = painter.fontMetrics().elidedText(
                self.tr("unreadable"), Qt.TextElideMode.ElideRight, int(words.width())
            )
            painter.drawText(words, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_badge(self, painter: QPainter, place: QRectF, badge: Badge) -> None:
        metrics = QFontMetrics(self._badge_font)
        room = int(place.width()) - 20
        text = metrics.elidedText(badge.text, Qt.TextElideMode.ElideRight, room)
        box = QRectF(0, 0, metrics.horizontalAdvance(text) + 12, metrics.height() + 3)
        box.moveBottomLeft(place.bottomLeft() + QPointF(4, -4))
        ground = theme().color(badge.token)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 4, 4)
        painter.setFont(self._badge_font)
        painter.setPen(QColor(theme().tokens.readable_on(ground.name())))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.setFont(self._font)

    def _paint_caption(
        self, painter: QPainter, room: QRectF, label: str, answer: tuple[str, float, bool | None] | None
    ) -> None:
        metrics, middle = painter.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        below = room.adjusted(0, metrics.height(), 0, 0)
        room = room.adjusted(0, 0, 0, (1 - self._caption_lines) * metrics.height())
        if answer is None:
            painter.setPen(theme().color("dim"))
            text = metrics.elidedText(label, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | middle, text)
            return
        name, probability, right = answer
        figure = percent(min(probability, SUREST), 0)
        painter.setPen(theme().color("text"))
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | middle, figure)
        painter.setPen(theme().color("good" if right else "bad"))
        mark = "" if right is None else "✓" if right else "✗"
        if mark:
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | middle, mark)
        start = metrics.horizontalAdvance(mark) + 4 if mark else 0
        words = room.adjusted(start, 0, -metrics.horizontalAdvance(figure) - 6, 0)
        painter.setPen(theme().color("text"))
        is_short = self._caption_lines == 1
        told = name + self._truth(label) if is_short and not right and label else name
        text = metrics.elidedText(told, Qt.TextElideMode.ElideRight, max(0, int(words.width())))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | middle, text)
        if not is_short and not right and label:
            painter.setPen(theme().color("dim"))
            truth = self.tr("is {truth}").format(truth=label)
            words = below.adjusted(start, 0, 0, 0)
            text = metrics.elidedText(truth, Qt.TextElideMode.ElideMiddle, max(0, int(words.width())))
            painter.drawText(words, Qt.AlignmentFlag.AlignLeft | middle, text)

    def _paint_history(
        self, painter: QPainter, room: QRectF, history: np.ndarray | None, token: str, marker: int
    ) -> None:
        painter.setPen(QPen(theme().color("line"), 1))
        painter.drawLine(QPointF(room.left(), room.bottom()), QPointF(room.right(), room.bottom()))
        if history is None or not len(history):
            return
        count = len(history)
        steps = max(self.look.epochs, count, 2) - 1
        columns = np.arange(count) if count <= MOST_POINTS else np.linspace(0, count - 1, MOST_POINTS).astype(int)
        known = columns[np.isfinite(history[columns])]
        height = room.height() - 3
        points = QPolygonF(
            [
                QPointF(room.left() + room.width() * column / steps, room.top() + 1 + height * (1 - history[column]))
                for column in known.tolist()
            ]
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme().color(token), 1.4))
        painter.drawPolyline(points)
        if len(points) == 1 or (0 <= marker < count and marker in known):
            column = int(known[0]) if len(points) == 1 else marker
            x = room.left() + room.width() * column / steps
            painter.setBrush(theme().color(token))
            painter.drawEllipse(QPointF(x, room.top() + 1 + height * (1 - float(history[column]))), 1.8, 1.8)

    def _paint_strip(self, painter: QPainter, room: QRectF, strip: np.ndarray | None, marker: int) -> None:
        """Draw right and wrong epochs as one image of a pixel each: one call to the painter however many there are."""
        painter.setPen(QPen(theme().color("line"), 1))
        painter.drawLine(QPointF(room.left(), room.bottom()), QPointF(room.right(), room.bottom()))
        if strip is None or not len(strip):
            return
        inks = [theme().color(token).rgba() for token in ("bad", "good")]
        pixels = np.array([*inks, 0], dtype=np.uint32)[strip]
        image = QImage(pixels.data, len(pixels), 1, 4 * len(pixels), QImage.Format.Format_ARGB32)
        width = room.width() * len(strip) / max(self.look.epochs, len(strip))
        painter.drawImage(QRectF(room.left(), room.top() + 1, width, room.height() - 3), image)
        if 0 <= marker < len(strip) - 1:  # somebody looks back; the newest epoch is where the strip ends anyway
            x = room.left() + width * (marker + 0.5) / len(strip)
            painter.setPen(QPen(theme().color("text"), 2))
            painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom() - 1))

    def _paint_edge(self, painter: QPainter, tile: QRectF, token: str) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme().color(token), EDGE - 0.4))
        painter.drawRoundedRect(tile.adjusted(EDGE / 2, EDGE / 2, -EDGE / 2, -EDGE / 2), ROUND, ROUND)

    def _paint_marks(self, painter: QPainter, tile: QRectF, state: QStyle.StateFlag) -> None:
        """Draw what mouse, selection and keyboard do to a tile."""
        inner = tile.adjusted(EDGE / 2, EDGE / 2, -EDGE / 2, -EDGE / 2)
        radius = ROUND + (1 if self._is_card() else 0)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if state & QStyle.StateFlag.State_MouseOver and not state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(theme().color("dim"), 1))
            painter.drawRoundedRect(inner.adjusted(1, 1, -1, -1), radius - 1, radius - 1)
        if state & QStyle.StateFlag.State_Selected:
            self._paint_selected(painter, inner, radius)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme().color("text"), 1, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(inner.adjusted(2, 2, -2, -2), radius - 2, radius - 2)

    def _paint_selected(self, painter: QPainter, inner: QRectF, radius: float) -> None:
        painter.setPen(QPen(theme().color("accent"), EDGE + 0.5))
        painter.drawRoundedRect(inner, radius, radius)
        side = theme().px(18)
        dot = QRectF(inner.right() - side - 5, inner.top() + 5, side, side)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("accent"))
        painter.drawEllipse(dot)
        paint_icon(painter, "check", dot.adjusted(3, 3, -3, -3), "on_accent")
