"""How one result looks in the list."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gui.pages.predict.bar_painting import label_width, line_height, paint_bar
from gui.pages.predict.results_model import PREDICTION, THUMBNAIL
from gui.pages.predict.words import WRAPPED, duration, fitting, ranked, reason
from gui.pages.shared.strips import whole_in
from gui.theme import theme
from gui.theme.icons import paint_icon
from gui.widgets.bars import percent

GAP = 6  # px around a card, half the distance of two
MOST_BARS = 5


class ResultDelegate(QStyledItemDelegate):
    """Draws a thumbnail, the class, the likeliest probabilities, file name and time; or why a file is unreadable."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bars = 2  # lines of probabilities that every card has room for
        self.cell_width = 0  # px; the view sets it, for a list takes cards no wider than they ask to be

    def card_height(self) -> int:
        """Height of a cell in px: all cards are alike, so that thousands need no measuring."""
        metrics = QFontMetrics(theme().font())
        title = QFontMetrics(self._title_font()).height() + 4
        lines = max(3, self.bars) * line_height(metrics) + metrics.height() + 4
        return title + lines + 2 * theme().tokens.space_large + 2 * GAP

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(self.cell_width or theme().px(320), self.card_height())

    def _title_font(self) -> QFont:
        return theme().font(16, QFont.Weight.DemiBold)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = option.rect.adjusted(GAP, GAP, -GAP, -GAP)
        self._paint_frame(painter, card, option.state)
        edge = theme().tokens.space_large
        inner = card.adjusted(edge, edge, -edge, -edge)
        prediction = index.data(PREDICTION)
        side = min(inner.height(), inner.width() * 2 // 5)
        picture = QRect(inner.topLeft(), QSize(side, side))
        words = inner.adjusted(picture.width() + edge, 0, 0, 0)
        if prediction.error is not None:
            self._paint_error(painter, picture, words, prediction)
        else:
            self._paint_picture(painter, picture, index.data(THUMBNAIL))
            self._paint_answer(painter, words, prediction)
        painter.restore()

    def _paint_frame(self, painter: QPainter, card: QRect, state: QStyle.StateFlag) -> None:
        color = theme().color
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(QPen(color("accent" if selected else "line"), 2 if selected else 1))
        painter.setBrush(color("hover" if hovered and not selected else "panel"))
        painter.drawRoundedRect(QRectF(card).adjusted(1, 1, -1, -1), theme().tokens.radius, theme().tokens.radius)

    def _paint_picture(self, painter: QPainter, place: QRect, image: QImage | None) -> None:
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(place), 4, 4)
        painter.fillPath(outline, theme().color("raised"))
        if image is None or image.isNull():
            side = place.width() // 3
            middle = QRectF(place.center().x() - side / 2, place.center().y() - side / 2, side, side)
            paint_icon(painter, "image", middle, "faint")
            return
        # Whole, not cropped: what the network was shown may be at the edge.
        painter.save()
        painter.setClipPath(outline)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(whole_in(image.size(), QRectF(place)), image)
        painter.restore()

    def _paint_answer(self, painter: QPainter, place: QRect, prediction: object) -> None:
        painter.setFont(self._title_font())
        painter.setPen(theme().color("text"))
        metrics = painter.fontMetrics()
        title = QRect(place.x(), place.y(), place.width(), metrics.height())
        figure = percent(prediction.probability)
        room = title.width() - metrics.horizontalAdvance(figure) - theme().tokens.space_large
        shown = metrics.elidedText(prediction.class_name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(title, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.drawText(title, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, figure)
        painter.setFont(theme().font())
        metrics = painter.fontMetrics()
        best = ranked(prediction, MOST_BARS)
        width = label_width(metrics, [name for name, _ in best], place.width())
        top = title.bottom() + 5
        for number, (name, value) in enumerate(best):
            line = QRect(place.x(), top, place.width(), line_height(metrics))
            paint_bar(painter, line, name, value, width, "accent" if number == 0 else "dim")
            top = line.bottom() + 1
        self._paint_foot(painter, place, top + 4, f"{prediction.name} · {duration(prediction.seconds)}")

    def _paint_foot(self, painter: QPainter, place: QRect, top: int, text: str) -> None:
        painter.setPen(theme().color("dim"))
        line = QRect(place.x(), top, place.width(), painter.fontMetrics().height())
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_error(self, painter: QPainter, picture: QRect, place: QRect, prediction: object) -> None:
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(picture), 4, 4)
        painter.fillPath(outline, theme().color("raised"))
        side = theme().px(32)
        middle = QRectF(picture.center().x() - side / 2, picture.center().y() - side / 2, side, side)
        paint_icon(painter, "warning", middle, "bad")
        painter.setFont(self._title_font())
        painter.setPen(theme().color("bad"))
        title = QRect(place.x(), place.y(), place.width(), painter.fontMetrics().height())
        words = QCoreApplication.translate("Predict", "Cannot be read")
        painter.drawText(title, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.setFont(theme().font())
        painter.setPen(theme().color("text"))
        foot = painter.fontMetrics().height()
        room = QRect(place.x(), title.bottom() + 5, place.width(), place.bottom() - title.bottom() - foot - 8)
        text = fitting(reason(prediction.error), painter.fontMetrics(), room.size())
        painter.drawText(room, WRAPPED, text)
        self._paint_foot(painter, place, place.bottom() - foot + 1, prediction.name)
