"""Small drawings of pictures: before and after, and the variants of one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import theme
from gui.theme.icons import paint_icon

SHARP_BELOW = 96  # px: pictures smaller than this are shown as the pixels they are


THINNEST = 3  # px at 100 % text size: even a picture of 3000 × 2 is seen to be one


def whole_in(size: QSize, place: QRectF) -> QRectF:
    """Where a picture of `size` is drawn whole in the middle of `place`; never thinner than can be seen."""
    shown = size.toSizeF().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
    least = QSizeF(theme().px(THINNEST), theme().px(THINNEST))
    shown = shown.expandedTo(least).boundedTo(place.size())
    target = QRectF(QPointF(0, 0), shown)
    target.moveCenter(place.center())
    return target


def paint_picture(painter: QPainter, place: QRectF, image: QImage | None) -> None:
    """Draw `image` whole into the middle of `place`, on a rounded ground; without one, only the ground."""
    outline = QPainterPath()
    outline.addRoundedRect(place, 5, 5)
    painter.fillPath(outline, theme().color("raised"))
    if image is None or image.isNull():
        return
    target = whole_in(image.size(), place)
    clip = QPainterPath()
    radius = min(5.0, target.width() / 4, target.height() / 4)
    clip.addRoundedRect(target, radius, radius)
    painter.save()
    painter.setClipPath(clip)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() >= SHARP_BELOW)
    painter.drawImage(target, image)
    painter.restore()


def _wide_as_needed() -> QSizePolicy:
    """As wide as there is room, and as high as square pictures then are."""
    policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    policy.setHeightForWidth(True)
    return policy


class BeforeAfter(QWidget):
    """The original, an arrow, what the network gets of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before = self._after = QImage()
        self.setSizePolicy(_wide_as_needed())
        theme().changed.connect(self.updateGeometry)

    def set_images(self, before: QImage, after: QImage) -> None:
        """Show two pictures; null ones leave their places empty."""
        self._before, self._after = before, after
        self.update()

    def after(self) -> QImage:
        """What the network gets."""
        return self._after

    def sizeHint(self) -> QSize:
        return QSize(theme().px(200), theme().px(108))

    def heightForWidth(self, width: int) -> int:
        return min(theme().px(120), (width - theme().px(16) - 16) // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        arrow = theme().px(16)
        side = (self.width() - arrow - 16) / 2
        paint_picture(painter, QRectF(0, 0, side, self.height()), self._before)
        paint_picture(painter, QRectF(self.width() - side, 0, side, self.height()), self._after)
        place = QRectF((self.width() - arrow) / 2, (self.height() - arrow) / 2, arrow, arrow)
        paint_icon(painter, "chevron-right", place, "dim")


class VariantStrip(QWidget):
    """Variants of one picture, three in a row."""

    COLUMNS, ROWS = 3, 2

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: tuple[QImage, ...] = ()
        self.setSizePolicy(_wide_as_needed())
        self.setAccessibleName(self.tr("Variants of one image"))
        theme().changed.connect(self.updateGeometry)

    def set_images(self, images: Sequence[QImage]) -> None:
        """Show these variants."""
        self._images = tuple(images)
        self.update()

    def images(self) -> tuple[QImage, ...]:
        """What is shown."""
        return self._images

    def sizeHint(self) -> QSize:
        return QSize(theme().px(200), theme().px(168))

    def heightForWidth(self, width: int) -> int:
        gap = theme().tokens.space
        side = min(theme().px(90), (width - gap * (self.COLUMNS - 1)) // self.COLUMNS)
        return self.ROWS * side + gap * (self.ROWS - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        gap = theme().tokens.space
        wide = (self.width() - gap * (self.COLUMNS - 1)) / self.COLUMNS
        high = (self.height() - gap * (self.ROWS - 1)) / self.ROWS
        for place in range(self.COLUMNS * self.ROWS):
            row, column = divmod(place, self.COLUMNS)
            image = self._images[place] if place < len(self._images) else None
            paint_picture(painter, QRectF(column * (wide + gap), row * (high + gap), wide, high), image)
