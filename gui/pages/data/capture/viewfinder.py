"""What the camera sees, with the square that is kept and the countdown over it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.pages.shared.strips import whole_in
from gui.theme import theme

FLASH = 90  # ms that the frame lights up when an image was taken
SHADE = QColor(0, 0, 0, 130)  # over what is cut off; the image beneath has any colour, so no token would fit


def middle_square(size: QSize) -> QRect:
    """The largest square in the middle of an image of `size`."""
    side = min(size.width(), size.height())
    return QRect((size.width() - side) // 2, (size.height() - side) // 2, side, side)


class Viewfinder(QWidget):
    """Shows one frame after the other; Space held over it is a press.

    Signals:
        pressed(), released(): of the space key.
    """

    pressed = Signal()
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_mirrored, self.keeps_square = True, True
        self._image = QImage()
        self._count, self._is_down = 0, False
        self._flash = QTimer(self)
        self._flash.setSingleShot(True)
        self._flash.setInterval(FLASH)
        self._flash.timeout.connect(self.update)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self.update)

    def image(self) -> QImage:
        """The frame that is shown, as it came; null before the first."""
        return self._image

    def show_image(self, image: QImage) -> None:
        """Show a frame; a null one clears the place."""
        self._image = image
        self.update()

    def show_count(self, seconds: int) -> None:
        """Show a countdown over the image; 0 takes it away."""
        self._count = seconds
        self.update()

    def flash(self) -> None:
        """Show for a moment that an image was taken."""
        self._flash.start()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(460), theme().px(345))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(200), theme().px(150))

    # ---- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self._is_down = True
            self.pressed.emit()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space:
            super().keyReleaseEvent(event)
        elif not event.isAutoRepeat():
            self._let_go()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._let_go()  # the release would go elsewhere, and the images would never end
        super().focusOutEvent(event)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def _let_go(self) -> None:
        if self._is_down:
            self._is_down = False
            self.released.emit()

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        place = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        outline = QPainterPath()
        outline.addRoundedRect(place, theme().tokens.radius, theme().tokens.radius)
        painter.fillPath(outline, theme().color("raised"))
        if not self._image.isNull():
            painter.save()
            painter.setClipPath(outline)
            self._paint_image(painter, whole_in(self._image.size(), place))
            painter.restore()
        self._paint_frame(painter, outline)
        if self._count:
            self._paint_count(painter, place)

    def _paint_image(self, painter: QPainter, target: QRectF) -> None:
        painter.save()
        if self.is_mirrored:
            painter.translate(2 * target.center().x(), 0)
            painter.scale(-1, 1)
        painter.drawImage(target, self._image)
        painter.restore()
        if not self.keeps_square:
            return
        side = min(target.width(), target.height())
        square = QRectF(0, 0, side, side)
        square.moveCenter(target.center())
        around = QPainterPath()
        around.addRect(target)
        inside = QPainterPath()
        inside.addRect(square)
        painter.fillPath(around.subtracted(inside), SHADE)
        painter.setPen(QPen(theme().color("accent"), 2))
        painter.drawRect(square.adjusted(1, 1, -1, -1))

    def _paint_frame(self, painter: QPainter, outline: QPainterPath) -> None:
        lit = self._flash.isActive()
        if lit or self.hasFocus():
            painter.setPen(QPen(theme().color("good" if lit else "accent"), 5 if lit else 2))
            painter.drawPath(outline)

    def _paint_count(self, painter: QPainter, place: QRectF) -> None:
        radius = theme().px(56)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(SHADE)
        painter.drawEllipse(QPointF(place.center()), radius, radius)
        painter.setFont(theme().font(64, QFont.Weight.Bold))
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, str(self._count))
