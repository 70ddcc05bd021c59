"""The whole network in small at the corner of the canvas, with a frame round what is seen of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QEnterEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from gui.canvas.view import NetworkView
from gui.theme import theme

WIDEST, TALLEST = 132, 168  # px of the drawing inside
PALE = 0.3  # how much of the map is seen while cards lie below it
LEAST_ROOM = 520  # px of the canvas below which the map would cover what it shows


class Overview(QWidget):
    """Click or drag in it to move the canvas. Hidden while all of the network is seen anyway."""

    def __init__(self, view: NetworkView, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("network.overview")
        self.setAccessibleName(self.tr("Overview of the network"))
        self.setToolTip(self.tr("The whole network: click or drag to move in it"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._view = view
        self._drawing: QPixmap | None = None
        view.network_scene.placed.connect(self._on_placed)
        view.zoomed.connect(self.settle)
        for bar in (view.verticalScrollBar(), view.horizontalScrollBar()):
            bar.valueChanged.connect(self._on_scrolled)
        theme().changed.connect(self._on_placed)
        self.settle()

    def _on_placed(self, *_: object) -> None:
        self._drawing = None
        self.settle()

    def _on_scrolled(self, *_: object) -> None:
        if self.isVisible():
            self.update()

    # ---- measures

    def seen(self) -> QRectF:
        """What the canvas shows, in the scene."""
        return self._view.mapToScene(self._view.viewport().rect()).boundingRect()

    def settle(self, *_: object) -> None:
        """Take its place at the upper right, and its size from the network's; go away where it is not needed."""
        px, whole, seen = theme().px, self._view.sceneRect(), self.seen()
        fits = seen.width() >= whole.width() - 1 and seen.height() >= whole.height() - 1
        room = self.parentWidget().width()
        self.setVisible(bool(self._view.network_scene.cards) and not fits and room >= px(LEAST_ROOM))
        size = whole.size().scaled(QSizeF(px(WIDEST), px(TALLEST)), Qt.AspectRatioMode.KeepAspectRatio)
        width, height = max(px(34), size.width()) + 2 * px(5), size.height() + 2 * px(5)
        self.setFixedSize(round(width), round(height))
        bar = self._view.verticalScrollBar()
        taken = bar.width() if bar.isVisible() else 0
        self.move(round(room - taken - width - px(10)), round(px(8)))
        self.update()

    def _scale(self) -> float:
        return (self.height() - 2 * theme().px(5)) / max(1.0, self._view.sceneRect().height())

    def _origin(self) -> QPointF:
        """Where the scene's upper left corner is drawn."""
        return QPointF((self.width() - self._view.sceneRect().width() * self._scale()) / 2, theme().px(5))

    def to_scene(self, point: QPointF) -> QPointF:
        """The place in the scene that is drawn at `point`."""
        return self._view.sceneRect().topLeft() + (point - self._origin()) / self._scale()

    def _from_scene(self, area: QRectF) -> QRectF:
        scale, corner = self._scale(), self._view.sceneRect().topLeft()
        return QRectF((area.topLeft() - corner) * scale + self._origin(), area.size() * scale)

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._drawing is None or self._drawing.deviceIndependentSize() != self.size().toSizeF():
            self._draw()
        painter = QPainter(self)
        painter.setOpacity(PALE if self._covers_cards() and not self.underMouse() else 1.0)
        painter.drawPixmap(0, 0, self._drawing)  # type: ignore[arg-type]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        inside = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        frame = self._from_scene(self.seen()).intersected(inside)
        painter.setPen(QPen(theme().color("accent"), 1.5))
        painter.drawRoundedRect(frame, 2, 2)

    def _covers_cards(self) -> bool:
        """Whether cards lie below the map: it must not hide what is worked on."""
        below = self._view.mapToScene(self.geometry()).boundingRect()
        return bool(self._view.network_scene.cards_in(below))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        self._drawing = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        self._drawing.setDevicePixelRatio(ratio)
        self._drawing.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._drawing)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body, radius = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme().tokens.radius
        painter.setPen(QPen(theme().color("line"), 1))
        painter.setBrush(theme().color("panel"))
        painter.drawRoundedRect(body, radius, radius)
        painter.setPen(Qt.PenStyle.NoPen)
        for card in self._view.network_scene.cards.values():
            painter.setBrush(theme().color("bad" if card.face.problem else f"family.{card.face.family}"))
            area = self._from_scene(card.frame().translated(card.pos()))
            painter.drawRect(QRectF(area.left(), area.top(), area.width(), max(1.0, area.height() - 0.5)))
        painter.end()

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._view.centerOn(self.to_scene(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._view.centerOn(self.to_scene(event.position()))
