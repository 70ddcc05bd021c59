"""The window onto the drawing: scrolling, zoom, mouse and keys. It only asks; the page decides."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsView, QRubberBand, QWidget

from engine.layers import LAYERS
from gui.canvas.dragging import Cable, Reorder, dragged_kind
from gui.canvas.keys import KeyMap
from gui.canvas.menu import GroundMenu, LayerMenu
from gui.canvas.scene import Gap, NetworkScene
from gui.theme import theme

SMALLEST, LARGEST = 0.08, 2.5
SMALLEST_OWN = 0.6  # that the view takes by itself, to fit its width
TILE = 8  # dots in a row of the tile that is repeated
DOTS_FROM = 0.45  # zoom below which the dots would be a grey haze
FREE_FROM = 110  # px beside a column, or between, from which a dropped layer stands by itself
SCROLL_MARGIN, SCROLL_STEP = 36, 14  # px at the edge, px per tick, while something is dragged there


class NetworkView(QGraphicsView):
    """See `NetworkCanvas` for the signals."""

    selected = Signal(str)
    several_selected = Signal(object)  # ids
    link_selected = Signal(object)  # a LinkKey
    insert_wanted = Signal(object, str)
    insert_on_link_wanted = Signal(object, str)
    move_wanted = Signal(str, object)
    move_to_link_wanted = Signal(str, object)
    connect_wanted = Signal(str, str)
    disconnect_wanted = Signal(object)
    remove_wanted = Signal(object)
    duplicate_wanted = Signal(object)
    copy_wanted = Signal(object)
    cut_wanted = Signal(object)
    paste_wanted = Signal()
    fold_wanted = Signal(object)
    unfold_wanted = Signal(str)
    open_wanted = Signal(str)
    leave_wanted = Signal()
    add_free_wanted = Signal(str)
    inside_wanted = Signal(str)  # show or hide the inside of a block where it stands
    replace_wanted = Signal(str)  # by a kind still to be chosen
    add_wanted = Signal(object)  # a Gap: open the quick-add window there
    zoomed = Signal(float)

    def __init__(self, scene: NetworkScene, parent: QWidget | None = None):
        super().__init__(scene, parent)
        self._scene = scene
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self._keys = KeyMap(self)
        self._pressed: tuple[str, QPoint] | None = None
        self._reorder: Reorder | None = None
        self._cable: Cable | None = None
        self._band: tuple[QRubberBand, QPoint] | None = None
        self.judge: Callable[[str, str], str] = lambda source, target: ""
        self.menu: LayerMenu | GroundMenu | None = None
        self._zoom_is_chosen = False
        self._tile: tuple[tuple, QPixmap, float] | None = None
        scene.sceneRectChanged.connect(self._fit_width)
        self._scroller = QTimer(self, interval=30)
        self._scroller.timeout.connect(self._scroll_at_edge)
        theme().changed.connect(self.viewport().update)

    @property
    def network_scene(self) -> NetworkScene:
        """What it shows."""
        return self._scene

    # ---- zoom

    @property
    def zoom(self) -> float:
        """1.0 is drawn size."""
        return self.transform().m11()

    def reset_zoom(self) -> None:
        """Drawn size, and smaller where the column would not fit in: a figure is not to be cut at the edge."""
        self._zoom_is_chosen = False
        self._fit_width()

    def _fit_width(self, *_: object) -> None:
        if self._zoom_is_chosen:
            return
        # Always without the scroll bar, which comes and goes with the zoom.
        room = self.width() - self.verticalScrollBar().sizeHint().width()
        wanted = room / max(1.0, self._scene.sceneRect().width())
        bar = self.verticalScrollBar()
        at_top = bar.value() == bar.minimum()
        self.set_zoom(max(SMALLEST_OWN, min(1.0, wanted)))
        self._zoom_is_chosen = False
        if at_top:
            bar.setValue(bar.minimum())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_width()

    def set_zoom(self, zoom: float) -> None:
        """Zoom around the mouse, or around the middle where the mouse is elsewhere."""
        self._zoom_is_chosen = True
        zoom = max(SMALLEST, min(LARGEST, zoom))
        if math.isclose(zoom, self.zoom):
            return
        under = self.underMouse()
        anchor = QGraphicsView.ViewportAnchor
        self.setTransformationAnchor(anchor.AnchorUnderMouse if under else anchor.AnchorViewCenter)
        self.scale(zoom / self.zoom, zoom / self.zoom)
        self.zoomed.emit(self.zoom)

    def fit(self) -> None:
        """Show the whole network, at drawn size at most."""
        if not self._scene.cards:
            self.set_zoom(1.0)
            return
        whole, room = self._scene.sceneRect(), self.viewport().rect()
        self.set_zoom(min(1.0, room.width() / whole.width(), room.height() / whole.height()))
        self.centerOn(whole.center())

    def show_card(self, node_id: str) -> None:
        """Scroll so that a card is visible."""
        card = self._scene.cards.get(node_id)
        if card is not None:
            self.ensureVisible(card.frame().translated(card.pos()), 0, theme().px(24))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self.zoom * 1.2 ** (event.angleDelta().y() / 120))
            event.accept()
        else:
            super().wheelEvent(event)

    # ---- background

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        painter.fillRect(rect, theme().color("window"))
        if self.zoom < DOTS_FROM:
            return
        dots, side = self._dots()
        # In pixels of the screen, where a tile is copied; the scene's origin carries the dots along.
        transform = painter.worldTransform()
        painter.save()
        painter.setWorldTransform(QTransform())
        area = transform.mapRect(rect)
        origin = transform.map(QPointF(0, 0))
        painter.drawTiledPixmap(
            area, dots, QPointF((area.left() - origin.x()) % side, (area.top() - origin.y()) % side)
        )
        painter.restore()

    def _dots(self) -> tuple[QPixmap, float]:
        """A tile of the dotted ground at the zoom of now, and its side in pixels of the screen."""
        ratio = self.devicePixelRatioF()
        key = (self.zoom, theme().px(24), theme().color("line").rgb(), ratio)
        if self._tile is None or self._tile[0] != key:
            step = theme().px(24) * self.zoom
            side = round(TILE * step)
            tile = QPixmap(round(side * ratio), round(side * ratio))
            tile.setDevicePixelRatio(ratio)
            tile.fill(Qt.GlobalColor.transparent)
            pen = QPainter(tile)
            pen.setRenderHint(QPainter.RenderHint.Antialiasing)
            pen.setPen(QPen(theme().color("line"), 2 * self.zoom, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            step = side / TILE
            places = [(number + 0.5) * step for number in range(TILE)]
            pen.drawPoints([QPointF(x, y) for y in places for x in places])
            pen.end()
            self._tile = (key, tile, float(side))
        return self._tile[1], self._tile[2]

    # ---- keys

    def event(self, event: QEvent) -> bool:
        # While the canvas has the focus its keys come before the window's shortcuts of the same keys.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._keys.claims(event, self._scene)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_dragging = self._reorder is not None or self._cable is not None
        if is_dragging and event.key() == Qt.Key.Key_Escape:
            self.cancel_drag()
        elif self._cable is not None and self._pressed is None:
            self._steer_cable(event)
        elif not self._keys.handle(event, self._scene):
            event.ignore()  # the page and the window have keys of their own; scrolling by arrows is not one

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        place = event.position().toPoint()
        point = self.mapToScene(place)
        port = self._scene.output_at(point)
        gap, card = self._scene.gap_under(point), self._scene.card_at(point)
        over_plus = gap is not None and math.dist(point.toTuple(), (gap.x, gap.y)) <= self._scene.plus.radius()
        adds = bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))
        fold = self._scene.fold_mark_at(point)
        if fold:
            self.inside_wanted.emit(fold)
        elif port:
            self._cable = Cable(self._scene, port, self.judge)
            self._pressed = (port, place)
        elif gap is not None and (over_plus or card is None) and not adds:
            self.add_wanted.emit(gap)
        elif card is not None and adds:
            self._toggle(card.node_id)
        elif card is not None:
            self._pressed = (card.node_id, place)
            if card.node_id not in self._scene.selection or len(self._scene.selection) == 1:
                self.selected.emit(card.node_id)
        elif (key := self._scene.link_at(point)) is not None:
            self.link_selected.emit(key)
        else:
            self._begin_band(place, keep=adds)

    def _toggle(self, node_id: str) -> None:
        chosen = list(self._scene.selection)
        if node_id in chosen:
            chosen.remove(node_id)
        else:
            chosen.append(node_id)
        self.several_selected.emit(chosen)

    def _begin_band(self, place: QPoint, *, keep: bool) -> None:
        if not keep:
            self.selected.emit("")
        band = QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())
        band.setGeometry(QRect(place, place))
        self._band = (band, place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        point = self.mapToScene(place)
        if self._band is not None:
            band, start = self._band
            band.setGeometry(QRect(start, place).normalized())
            band.show()
        elif self._cable is not None:
            self._cable.move(point)
            self._scroller.start()
        elif self._reorder is not None:
            self._reorder.move(point)
        elif self._pressed and event.buttons() & Qt.MouseButton.LeftButton:
            node_id, start = self._pressed
            if (place - start).manhattanLength() >= QApplication.startDragDistance() and node_id in self._scene.cards:
                self._reorder = Reorder(self._scene, self._scene.cards[node_id], self.mapToScene(start))
                self._reorder.move(point)
                self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
                self._scene.show_plus(None)
                self._scroller.start()
        else:
            over_port = self._scene.output_at(point) is not None
            self.viewport().setCursor(Qt.CursorShape.CrossCursor if over_port else Qt.CursorShape.ArrowCursor)
            self._scene.show_plus(self._scene.gap_under(point))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if self._band is not None:
            self._end_band()
        elif self._cable is not None:
            self._end_cable(pressed)
        elif self._reorder is not None:
            self._end_reorder(drop=True)
        else:
            if pressed is not None and len(self._scene.selection) > 1:
                self.selected.emit(pressed[0])  # a click on one of several chooses it
            super().mouseReleaseEvent(event)

    def _end_band(self) -> None:
        (band, _), self._band = self._band, None  # type: ignore[misc]
        area = band.geometry()
        band.deleteLater()
        if max(area.width(), area.height()) >= QApplication.startDragDistance():
            inside = self._scene.cards_in(self.mapToScene(area).boundingRect())
            self.several_selected.emit([*self._scene.selection, *inside])

    def _end_cable(self, pressed: tuple[str, QPoint] | None) -> None:
        cable, self._cable = self._cable, None
        self._scroller.stop()
        target, reason = cable.finish()  # type: ignore[union-attr]
        if target and not reason:
            self.connect_wanted.emit(cable.source, target)  # type: ignore[union-attr]
        elif not cable.has_moved and pressed is not None:  # type: ignore[union-attr]
            self.selected.emit(pressed[0])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        point = self.mapToScene(event.position().toPoint())
        card = self._scene.card_at(point)
        if self._scene.fold_mark_at(point):
            self.mousePressEvent(event)  # a quick second click on the mark is a click
        elif card is not None and card.face.family == "block":
            self._pressed = None
            self.open_wanted.emit(card.node_id)
        elif card is None:
            self.mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        under = self._scene.card_at(self.mapToScene(event.pos()))
        card = self._scene.cards.get(self._scene.selected) if by_key else under
        if card is None:
            self._open_ground_menu(event)
            return
        if card.node_id in self._scene.selection:  # what was chosen stays chosen
            self.several_selected.emit([*(one for one in self._scene.selection if one != card.node_id), card.node_id])
        else:
            self.selected.emit(card.node_id)
        middle = self.mapFromScene(card.pos() + QPointF(0, card.height / 2))
        if self.menu is not None:
            self.menu.deleteLater()  # not when it closes: what was picked in it is told afterwards
        self.menu = LayerMenu(self, self._scene, card.node_id)
        self.menu.popup(self.viewport().mapToGlobal(middle) if by_key else event.globalPos())

    def _open_ground_menu(self, event: QContextMenuEvent) -> None:
        """The menu of a link, or of the ground."""
        key = self._scene.link_at(self.mapToScene(event.pos()))
        if self.menu is not None:
            self.menu.deleteLater()
        if key is not None:
            self.link_selected.emit(key)
        self.menu = GroundMenu(self, self._scene, key)
        self.menu.popup(event.globalPos())

    def leaveEvent(self, event) -> None:
        self._scene.show_plus(None)
        super().leaveEvent(event)

    # ---- a link by keys

    def begin_cable(self, source: str) -> None:
        """Begin a link from a layer: arrows choose where to, Enter makes it, Escape leaves it."""
        if self._scene.cards[source].face.family == "output":
            return
        self._cable = Cable(self._scene, source, self.judge)
        self._cable.step(1)
        self.show_card(self._cable.target)

    def _steer_cable(self, event: QKeyEvent) -> None:
        cable = self._cable
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Left):
            cable.step(1 if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Right) else -1)  # type: ignore[union-attr]
            self.show_card(cable.target)  # type: ignore[union-attr]
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._end_cable(None)
        event.accept()

    def cancel_drag(self) -> None:
        """Put a card or a link that is being dragged back."""
        if self._cable is not None:
            self._cable.finish()
            self._cable = self._pressed = None
            self._scroller.stop()
        if self._reorder is not None:
            self._end_reorder(drop=False)

    def _end_reorder(self, *, drop: bool) -> None:
        reorder, self._reorder, self._pressed = self._reorder, None, None
        self._scroller.stop()
        self.viewport().unsetCursor()
        gap = reorder.finish()
        if not drop or gap is None:
            return
        if gap.key is not None:
            self.move_to_link_wanted.emit(reorder.card.node_id, gap.key)
        else:
            self.move_wanted.emit(reorder.card.node_id, gap.after)

    def _scroll_at_edge(self) -> None:
        place = self.viewport().mapFromGlobal(self.cursor().pos())
        bar = self.verticalScrollBar()
        if place.y() < SCROLL_MARGIN:
            bar.setValue(bar.value() - SCROLL_STEP)
        elif place.y() > self.viewport().height() - SCROLL_MARGIN:
            bar.setValue(bar.value() + SCROLL_STEP)

    # ---- layer kinds dragged in from the palette

    def _drop_gap(self, event: QDropEvent) -> tuple[Gap | None, str]:
        kind = dragged_kind(event.mimeData())
        point = self.mapToScene(event.position().toPoint())
        family = LAYERS[kind].family if kind in LAYERS else ""
        return (self._scene.nearest_gap(point, family) if kind else None), kind

    def _is_free(self, event: QDropEvent, gap: Gap | None, kind: str) -> bool:
        """Whether a drop is so far from every gap that the layer is to stand by itself; inputs and outputs never do."""
        if kind in LAYERS and LAYERS[kind].family in ("input", "output"):
            return False
        point = self.mapToScene(event.position().toPoint())
        if gap is None or not self._scene.cards:
            return False
        return gap.far_from(point.x(), point.y()) > theme().px(FREE_FROM)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        gap, kind = self._drop_gap(event)
        self._scene.show_marker(None if self._is_free(event, gap, kind) else gap)
        if gap is None:
            event.ignore()  # files dropped on the page are for the window
        else:
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._scene.show_marker(None)

    def dropEvent(self, event: QDropEvent) -> None:
        gap, kind = self._drop_gap(event)
        self._scene.show_marker(None)
        if gap is None:
            event.ignore()
            return
        event.acceptProposedAction()
        if self._is_free(event, gap, kind):
            self.add_free_wanted.emit(kind)
        elif gap.key is not None:
            self.insert_on_link_wanted.emit(gap.key, kind)
        else:
            self.insert_wanted.emit(gap.after, kind)
