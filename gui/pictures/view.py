"""The grid itself. Not a QListView: its layout of 100 000 items takes a tenth of a second and more at each resize."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import (
    QAbstractItemModel,
    QCoreApplication,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QDrag,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QStyle, QStyleOptionViewItem, QWidget

from gui.pictures.cache import Key, Thumbnail, thumbnails
from gui.pictures.delegate import ROUND, PictureDelegate, TileLook
from gui.pictures.grid import Grid, fitted
from gui.pictures.loader import ThumbnailLoader, Wanted, key_of
from gui.pictures.model import Answers, ModelIndex, Pictured, PictureModel
from gui.theme import theme

SMALLEST_TILE, LARGEST_TILE = 40, 400
DRAGGED = "application/x-atelier-images"
"""Type of what is dragged: picture numbers, little-endian int64 each."""

LINE_MS = 15  # between the repaints of two lines whose answers have changed


def dragged_numbers(data: QMimeData) -> np.ndarray:
    """(n,) int64: the picture numbers that are being dragged out of a grid; none where something else is."""
    return np.frombuffer(data.data(DRAGGED).data(), "<i8").astype(np.int64)


class PictureView(QAbstractItemView):
    """Pictures in equal tiles. Scrolling, selecting and drawing cost the same for ten and for a million."""

    opened = Signal(int)  # a double click or Enter on this picture number
    selection_changed = Signal()
    tile_changed = Signal(int)  # the user changed the tile size with Ctrl and the wheel

    def __init__(
        self,
        *,
        tile: int = 96,
        ratio: float = 1.0,
        caption: bool = False,
        history: bool = False,
        whole: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Make an empty grid; see `TileLook`.

        Args:
            tile: width of a tile that is aimed at, px at 100 % text size; tiles stretch to fill each line.
        """
        super().__init__(parent)
        self._wanted_tile = tile
        self._grid = Grid()
        self._pixels = self._pixels_before = (0, 0, 0, whole)
        self._placeholder = ""
        self._keys_on_screen: dict[Key, int] = {}
        self._is_missing = False  # something that was painted had no thumbnail yet
        self._hovered = -1
        self._stale_lines: list[int] = []  # whose tiles have changed and are still to be repainted
        self._line_timer = QTimer(self, singleShot=True, interval=LINE_MS)
        self._line_timer.timeout.connect(self._repaint_a_line)
        self._kept: tuple[Pictured | None, int, int] | None = None
        self._delegate = PictureDelegate(self._thumbnail, self)
        self._delegate.look = TileLook(ratio, caption, history, whole=whole)
        self.setItemDelegate(self._delegate)
        self._loader = ThumbnailLoader()
        self._loader.loaded.connect(self._on_loaded)
        self.destroyed.connect(self._loader.close)
        QCoreApplication.instance().aboutToQuit.connect(self._loader.close)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.NoDragDrop)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.doubleClicked.connect(self._on_double_clicked)
        theme().changed.connect(self._relayout)
        self.setModel(PictureModel(self))

    # ---- what is shown

    @property
    def pictures(self) -> PictureModel:
        """The model; fill it with `set_pictures`."""
        model = self.model()
        assert isinstance(model, PictureModel)
        return model

    def set_pictures(self, index: Pictured | None, numbers: np.ndarray, answers: Answers | None = None) -> None:
        """Show these pictures. Of the same index, the place scrolled to and the current picture stay."""
        self.pictures.set_pictures(index, numbers, answers)

    def set_tile(self, side: int) -> None:
        """Aim at tiles `side` px wide (at 100 % text size); the picture at the top left stays in sight."""
        side = max(SMALLEST_TILE, min(LARGEST_TILE, side))
        if side == self._wanted_tile:
            return
        top = self._grid.row_at(0, self.verticalOffset() + self._grid.pitch_y // 2)
        self._wanted_tile = side
        self._relayout()
        if top >= 0:
            self.verticalScrollBar().setValue(self._grid.rect(top).top())

    def tile(self) -> int:
        """Return the tile width that is aimed at."""
        return self._wanted_tile

    def set_planned(self, epochs: int) -> None:
        """Let the width of each history line stand for this many epochs; 0: for those there are."""
        look = self._delegate.look
        if look.epochs != epochs:
            self._delegate.look = replace(look, epochs=epochs)
            self.viewport().update()

    def set_strip(self, on: bool) -> None:
        """Draw right and wrong answers over the epochs in place of the history line."""
        look = self._delegate.look
        if look.strip != on:
            self._delegate.look = replace(look, strip=on)
            self.viewport().update()

    def set_placeholder(self, text: str) -> None:
        """Say this in the middle while there are no pictures."""
        if text != self._placeholder:
            self._placeholder = text
            self.viewport().update()

    def selected_numbers(self) -> np.ndarray:
        """Return the selected picture numbers, in the order shown."""
        spans = [np.arange(span.top(), span.bottom() + 1) for span in self.selectionModel().selection()]
        rows = np.unique(np.concatenate(spans)) if spans else np.empty(0, dtype=np.int64)
        return self.pictures.numbers[rows]

    def visible_rows(self) -> range:
        """Return the rows that are at least partly on screen."""
        top = self.verticalOffset()
        return self._grid.rows_between(top, top + self.viewport().height() - 1)

    def is_loading(self) -> bool:
        """Whether thumbnails are still being decoded."""
        return not self._loader.is_idle() or self._loader.waiting() > 0

    def close_workers(self) -> None:
        """Stop decoding for good; also happens by itself when the view is deleted or the application quits."""
        self._loader.close()

    # ---- thumbnails

    def _pixels_now(self) -> tuple[int, int, int, bool]:
        """Return width, height and corner radius (device pixels) at which thumbnails are decoded, and whether whole."""
        size = self._delegate.thumbnail_size(self._grid.tile.width()) * self.devicePixelRatioF()
        return size.width(), size.height(), round(ROUND * self.devicePixelRatioF()), self._delegate.look.whole

    def _thumbnail(self, row: int) -> Thumbnail | None:
        source = self.pictures.source(row)
        key = key_of(source, *self._pixels)
        found = thumbnails().get(key)
        self._keys_on_screen[key] = row
        self._is_missing |= found is None
        # While the tile size changes, the picture of a moment ago, stretched, is better than none.
        return found if found is not None else thumbnails().get(key_of(source, *self._pixels_before))

    def _ask_for_missing(self) -> None:
        """Want what is on screen first, then the lines below and above it."""
        seen = self.visible_rows()
        ahead = max(self._grid.columns, len(seen) // 2)
        below, above = (
            range(seen.stop, min(self._grid.count, seen.stop + ahead)),
            range(max(0, seen.start - ahead), seen.start),
        )
        size, cache = self._pixels, thumbnails()
        wanted: list[Wanted] = []
        for row in (*seen, *below, *above):
            source = self.pictures.source(row)
            key = key_of(source, *size)
            if key not in cache:
                wanted.append((key, source))
        self._loader.want(wanted)

    @Slot(object, object)
    def _on_loaded(self, key: Key, thumbnail: Thumbnail) -> None:
        thumbnails().put(key, thumbnail)
        row = self._keys_on_screen.get(key, -1)
        if 0 <= row < self._grid.count:
            self.viewport().update(self._rect(row))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._loader.want([])

    # ---- layout

    def _room(self) -> int:
        """Return the px for tiles; the scroll bar's are left free, so that its coming changes no tile."""
        return max(1, self.contentsRect().width() - self.verticalScrollBar().sizeHint().width())

    def _relayout(self) -> None:
        self._stale_lines.clear()
        self._line_timer.stop()
        count = self.model().rowCount() if self.model() is not None else 0
        columns, width, gap = fitted(self._room(), theme().px(self._wanted_tile))
        self._delegate.fit_captions(self.pictures.classes if self.model() is not None else (), width)
        self._grid = Grid(count, columns, QSize(width, self._delegate.tile_height(width)), gap)
        if self._pixels != self._pixels_now():
            self._pixels_before, self._pixels = self._pixels, self._pixels_now()
        self.updateGeometries()
        self.viewport().update()

    def updateGeometries(self) -> None:
        super().updateGeometries()
        bar, page = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, self._grid.height - page))
        bar.setPageStep(page)
        bar.setSingleStep(max(12, self._grid.pitch_y // 3))

    def resizeEvent(self, event: QResizeEvent) -> None:
        before, top = self._grid, self._grid.row_at(0, self.verticalOffset() + self._grid.pitch_y // 2)
        self._relayout()
        if top > 0 and before.columns != self._grid.columns:
            self.verticalScrollBar().setValue(self._grid.rect(top).top())
        super().resizeEvent(event)

    def _rect(self, row: int) -> QRect:
        return self._grid.rect(row).translated(0, -self.verticalOffset())

    # ---- model

    def setModel(self, model: QAbstractItemModel) -> None:
        super().setModel(model)
        model.modelAboutToBeReset.connect(self._on_about_to_reset)
        model.modelReset.connect(self._on_reset)
        self._relayout()

    @Slot()
    def _on_about_to_reset(self) -> None:
        current = self.currentIndex()
        number = self.pictures.number(current.row()) if current.isValid() else -1
        self._kept = (self.pictures.pictures, self.verticalScrollBar().value(), number)

    @Slot()
    def _on_reset(self) -> None:
        self._keys_on_screen.clear()
        self._relayout()
        same_index = self._kept is not None and self._kept[0] is self.pictures.pictures
        row = self.pictures.row_of(self._kept[2]) if same_index and self._kept[2] >= 0 else -1
        if row >= 0:
            self.selectionModel().setCurrentIndex(self.pictures.index(row), QItemSelectionModel.SelectionFlag.NoUpdate)
        # Last, since making a picture current scrolls to it.
        self.verticalScrollBar().setValue(self._kept[1] if same_index else 0)
        self.selection_changed.emit()

    def dataChanged(self, top_left: QModelIndex, bottom_right: QModelIndex, roles: list[int] = ()) -> None:
        seen = self.visible_rows()
        changed = range(max(seen.start, top_left.row()), min(seen.stop, bottom_right.row() + 1))
        lines = {row // self._grid.columns for row in changed}
        self._stale_lines = sorted(lines | set(self._stale_lines))
        if self._stale_lines and not self._line_timer.isActive():
            self._repaint_a_line()

    def _repaint_a_line(self) -> None:
        """Repaint one line of changed tiles per turn: all of them at once would hold up the window for 20 ms."""
        line = self._stale_lines.pop(0)
        first = self._rect(line * self._grid.columns)
        self.viewport().update(0, first.top(), self.viewport().width(), first.height())
        if self._stale_lines:
            self._line_timer.start()

    # ---- what QAbstractItemView asks for

    def visualRect(self, index: ModelIndex) -> QRect:
        return self._rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = self._grid.row_at(point.x(), point.y() + self.verticalOffset())
        return self.model().index(row, 0) if row >= 0 else QModelIndex()

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: ModelIndex) -> bool:
        return False

    def scrollTo(
        self, index: ModelIndex, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        if not index.isValid():
            return
        rect, bar, page = self._rect(index.row()), self.verticalScrollBar(), self.viewport().height()
        hints = QAbstractItemView.ScrollHint
        if hint == hints.PositionAtCenter:
            bar.setValue(bar.value() + rect.center().y() - page // 2)
        elif hint == hints.PositionAtTop or rect.top() < 0:
            bar.setValue(bar.value() + rect.top())
        elif hint == hints.PositionAtBottom or rect.bottom() >= page:
            bar.setValue(bar.value() + min(rect.top(), rect.bottom() - page + 1))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(0, dy)

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        count = self._grid.count
        if count == 0:
            return QModelIndex()
        current, columns = self.currentIndex().row(), self._grid.columns
        page = columns * max(1, self.viewport().height() // self._grid.pitch_y)
        actions = QAbstractItemView.CursorAction
        steps = {
            actions.MoveUp: -columns,
            actions.MoveDown: columns,
            actions.MoveLeft: -1,
            actions.MovePrevious: -1,
            actions.MoveRight: 1,
            actions.MoveNext: 1,
            actions.MovePageUp: -page,
            actions.MovePageDown: page,
            actions.MoveHome: -count,
            actions.MoveEnd: count,
        }
        row = max(0, min(count - 1, current + steps[action])) if current >= 0 else 0
        # Up in the first line and down in the last stay in their column.
        if action in (actions.MoveUp, actions.MoveDown) and not 0 <= current + steps[action] < count and current >= 0:
            row = current
        return self.model().index(row, 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        area = rect.normalized().translated(0, self.verticalOffset())
        banding = self.state() == QAbstractItemView.State.DragSelectingState
        spans = self._grid.spans_in(area) if banding else self._run_between(area)
        selection, model = QItemSelection(), self.model()
        for first, last in spans:
            selection.select(model.index(first, 0), model.index(last, 0))
        self.selectionModel().select(selection, command)

    def _run_between(self, area: QRect) -> list[tuple[int, int]]:
        """Return the rows from anchor to current as one run, as people know it from text; `area` spans both tiles."""
        start, end = self._grid.row_at(area.left(), area.top()), self._grid.row_at(area.right(), area.bottom())
        if start < 0 or end < 0:
            return []
        (top, left), (bottom, right) = divmod(start, self._grid.columns), divmod(end, self._grid.columns)
        falling = top * self._grid.columns + right, bottom * self._grid.columns + left
        pair = falling if self.currentIndex().row() in falling and left != right and top != bottom else (start, end)
        return [(min(pair), max(pair))]

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region, seen = QRegion(), self.visible_rows()
        for span in selection:
            for row in range(max(span.top(), seen.start), min(span.bottom() + 1, seen.stop)):
                region += self._rect(row)
        return region

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit()

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        if self._grid.count == 0:
            painter.setPen(theme().color("dim"))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.viewport().rect().adjusted(16, 16, -16, -16), flags, self._placeholder)
            return
        dirty = event.rect().translated(0, self.verticalOffset())
        rows = self._grid.rows_between(dirty.top(), dirty.bottom())
        whole = rows == self.visible_rows()
        if whole:
            self._keys_on_screen.clear()
        self._is_missing = False
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain, current = option.state & ~QStyle.StateFlag.State_HasFocus, self.currentIndex().row()
        self._delegate.begin(painter)
        for row in rows:
            option.rect = self._rect(row)
            if not option.rect.intersects(event.rect()):
                continue
            index = self.model().index(row, 0)
            option.state = plain
            if self.selectionModel().isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            if row == current and self.hasFocus():
                option.state |= QStyle.StateFlag.State_HasFocus
            if row == self._hovered:
                option.state |= QStyle.StateFlag.State_MouseOver
            self._delegate.paint(painter, option, index)
        if self._is_missing:
            self._ask_for_missing()

    # ---- keys and mouse

    def set_draggable(self, draggable: bool) -> None:
        """Let the selected pictures be dragged elsewhere; see `dragged_numbers`."""
        mode = QAbstractItemView.DragDropMode
        self.setDragDropMode(mode.DragOnly if draggable else mode.NoDragDrop)

    def startDrag(self, supported: Qt.DropAction) -> None:
        numbers = self.selected_numbers()
        if not len(numbers):
            return
        data = QMimeData()
        data.setData(DRAGGED, numbers.astype("<i8").tobytes())
        drag = QDrag(self)
        drag.setMimeData(data)
        row = self.currentIndex().row()
        thumbnail = self._thumbnail(row) if row >= 0 else None
        if thumbnail is not None and thumbnail.image is not None:
            side = theme().px(56)
            drag.setPixmap(QPixmap.fromImage(thumbnail.image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)))
        drag.exec(Qt.DropAction.MoveAction)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current.isValid():
            self.opened.emit(self.pictures.number(current.row()))
        else:
            super().keyPressEvent(event)

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex | QPersistentModelIndex) -> None:
        self.opened.emit(self.pictures.number(index.row()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._set_hovered(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._set_hovered(-1)

    def _set_hovered(self, row: int) -> None:
        before, self._hovered = self._hovered, row
        for changed in {before, row} - {-1} if before != row else ():
            self.viewport().update(self._rect(changed))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_tile(round(self._wanted_tile * 1.001 ** event.angleDelta().y()))
            self.tile_changed.emit(self._wanted_tile)
            event.accept()
        else:
            super().wheelEvent(event)
