"""The list of the runs of a project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from engine.train.experiments.store import Experiment
from engine.train.runs import RunInfo
from gui.pages.train.run_groups import ORDERS, Entry, Group, GroupRow, arranged, sorted_runs
from gui.pages.train.run_row import RunRow
from gui.pages.train.run_words import change_in_words, difference_in_words, gain_in_words, recipe_in_words
from gui.plots.series import OTHER_TOKENS
from gui.theme import theme

ITEM_PADDING = 12  # px above and below together that the style sheet gives the items of a list, and a little air
WORDS = Qt.ItemDataRole.UserRole + 1
"""Where an item keeps what its row says, without what is only true for the moment."""

Cursor = QAbstractItemView.CursorAction
MOVES = {
    Qt.Key.Key_Up: Cursor.MoveUp,
    Qt.Key.Key_Down: Cursor.MoveDown,
    Qt.Key.Key_Home: Cursor.MoveHome,
    Qt.Key.Key_End: Cursor.MoveEnd,
}
PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
FOLD_KEYS = {
    Qt.Key.Key_Right: True,
    Qt.Key.Key_Left: False,
    Qt.Key.Key_Space: None,
    Qt.Key.Key_Return: None,
    Qt.Key.Key_Enter: None,
}
"""On a heading: whether its runs are to be seen; None: whichever they are not."""


class _FocusFrame(QStyledItemDelegate):
    """Draws a frame around the heading that the keys act on; runs that are shown stand out by themselves."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        if option.state & QStyle.StateFlag.State_HasFocus and (index.data(Qt.ItemDataRole.UserRole) or 0) < 0:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(theme().color("accent"))
            radius = theme().tokens.space_small
            painter.drawRoundedRect(QRectF(option.rect).adjusted(1.5, 1.5, -1.5, -1.5), radius, radius)
            painter.restore()


class RunList(QListWidget):
    """All runs; choosing one shows its curves and pictures, and others can be chosen with it to compare.

    The runs of an experiment stand under a heading, which hides them. As high as all its rows: what it lies in scrolls.
    A row has a key: the number of its run, or that of its experiment, negative, where it is a heading.
    """

    compared = Signal(object)  # numbers of the runs that are compared with the one that is shown; None: none
    menu_wanted = Signal(int, QPoint)  # what can be done with this run, at this place of the screen
    delete_wanted = Signal(int)  # as the menu of this run would
    note_written = Signal(int, str)
    row_wanted = Signal(int)  # the user looks for the row with this key
    experiment_wanted = Signal(int)  # all trials of this experiment are to be shown

    def __init__(self, training: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._home: Path | None = None  # where the runs that are listed lie
        self._listed: frozenset[int] = frozenset()  # numbers of all runs, those that are folded away too
        self._experiments: tuple[Experiment, ...] = ()
        self._order = ORDERS[0]
        self._folds: dict[int, bool] = {}  # by experiment: whether the user wants to see its runs
        self._opened: set[int] = set()  # experiments that are open because one of their runs was shown
        self._seen: int | None = None  # the run that was shown when the list last looked
        self._compared: frozenset[int] = frozenset()
        self._picked: frozenset[int] = frozenset()  # those of them that were chosen in the list
        self._adds = False  # what is just being done adds to what is chosen
        self._entries: tuple[Entry, ...] = ()  # what each row shows
        self._drawn: dict[int, tuple] = {}  # by place: what each row was drawn for
        self._current: int | None = None  # key of the row that the keys go on from
        self.setObjectName("train.runs")
        self.setItemDelegate(_FocusFrame(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAccessibleName(self.tr("Runs"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        training.runs_changed.connect(self.update_runs)
        training.state_changed.connect(self.update_runs)
        training.shown_changed.connect(self._on_shown)
        theme().changed.connect(self._draw_anew)
        self.currentItemChanged.connect(self._on_current)
        self.itemSelectionChanged.connect(self._on_selected)
        self.itemClicked.connect(self._on_clicked)
        self._on_shown()

    # ---- rows

    def update_runs(self) -> None:
        """Read the runs anew."""
        runs = self._training.runs
        home = runs[0].folder.parent if runs else None
        if home != self._home:
            self._home = home
            self._forget()
        listed = frozenset(info.number for info in runs)
        if listed != self._listed:
            self._listed = listed
            self._opened.clear()  # what was looked at before the newest run came is folded again
            self._open_shown()
            self._drop_gone()
        self._entries = arranged(sorted_runs(runs, self._order), self._experiments, self._is_open)
        self.blockSignals(True)
        while self.count() > len(self._entries):
            self.takeItem(self.count() - 1)
        while self.count() < len(self._entries):
            self.addItem(QListWidgetItem())
        known = {info.number: info for info in runs}
        has_changed = len(self._drawn) != len(self._entries)
        under: int | None = None  # experiment whose runs are being drawn
        for place, entry in enumerate(self._entries):
            is_heading = isinstance(entry, Group)
            under = entry.experiment if is_heading or (entry.experiment == under and not entry.is_pinned) else None
            has_changed |= self._draw(place, entry, known, inner=not is_heading and under is not None)
        self._drawn = {place: drawn for place, drawn in self._drawn.items() if place < len(self._entries)}
        self.blockSignals(False)
        if has_changed:
            self._fit_rows()
        self._mark_rows()
        self._select()
        self._put_current()

    def _draw(self, place: int, entry: Entry, known: Mapping[int, RunInfo], *, inner: bool) -> bool:
        """Let a row show something, further in where it stands under a heading. Returns: whether it has changed."""
        idle, live = self._training.state == "idle", self._training.run
        is_run = isinstance(entry, RunInfo)
        is_paused = is_run and self._training.state == "paused" and live is not None and live.run == entry.number
        parent = known.get(entry.parent) if is_run else None
        whole = "" if inner or not is_run else self._title_of(entry.experiment)
        drawn = (entry, parent, idle, is_paused, inner, whole)
        if self._drawn.get(place) == drawn:
            return False  # after each epoch there is news of one run, and there may be hundreds
        self._drawn[place] = drawn
        item, row = self.item(place), self._row_for(place, RunRow if is_run else GroupRow)
        if is_run:
            words = row.show_run(
                entry,
                can_resume=idle and entry.can_resume,
                is_paused=is_paused,
                change=" · ".join(part for part in (change_in_words(entry, parent), whole) if part),
                difference=difference_in_words(entry, parent),
                is_same_network=parent is not None and parent.network == entry.network,
            )
            row.set_inner(inner)
        else:
            words = row.show_group(entry)
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable if is_run else Qt.ItemFlag.ItemIsEnabled
        item.setFlags(flags)
        item.setData(Qt.ItemDataRole.UserRole, _key(entry))
        item.setData(WORDS, words)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
        return True

    def _title_of(self, experiment: int | None) -> str:
        """Of an experiment by its number, for a trial of it that stands alone; empty for none."""
        return next((known.title for known in self._experiments if known.number == experiment), "")

    def _row_for(self, place: int, kind: type[QWidget]) -> QWidget:
        """The widget of a row, made anew where it was of another kind."""
        item = self.item(place)
        row = self.itemWidget(item)
        if isinstance(row, kind):
            return row
        if row is not None:
            row.hide()  # the list deletes it only when it comes to it
        row = kind()
        if isinstance(row, RunRow):
            row.resume_wanted.connect(self._on_resume)
            row.menu_wanted.connect(self.menu_wanted)
            row.note_written.connect(self.note_written)
            row.note.ended.connect(self._fit_rows)
            row.note_left.connect(self.setFocus)  # where the keys were before
        else:
            row.toggled.connect(self.toggle_experiment)
            row.shown.connect(self.experiment_wanted)
        self.setItemWidget(item, row)
        return row

    def _draw_anew(self) -> None:
        self._drawn.clear()
        self.update_runs()

    def _fit_rows(self) -> None:
        """Make each row as high as what it shows."""
        for place in range(self.count()):
            item = self.item(place)
            row = self.itemWidget(item)
            if row is None:
                continue  # it is just being added
            item.setSizeHint(QSize(0, row.height_in(row.width()) + ITEM_PADDING))
        self.updateGeometry()

    def _forget(self) -> None:
        """Another project is open: nothing that was chosen in the one before is meant for its runs."""
        self._experiments = ()
        self._folds.clear()
        self._opened.clear()
        self._current = None
        self._compared = self._picked = frozenset()
        self.compared.emit(None)

    def set_order(self, order: str) -> None:
        """Sort by one of `ORDERS`: "newest" or "best" first."""
        if order not in ORDERS:
            raise ValueError(order)
        if order != self._order:
            self._order = order
            self.update_runs()

    def order(self) -> str:
        """Return how the runs are sorted."""
        return self._order

    # ---- experiments

    def show_experiments(self, experiments: Sequence[Experiment]) -> None:
        """Put the runs of these experiments under headings."""
        if tuple(experiments) != self._experiments:
            self._experiments = tuple(experiments)
            self._open_shown()
            self.update_runs()

    def _is_open(self, experiment: Experiment) -> bool:
        usual = experiment.state == "running" or experiment.number in self._opened
        return self._folds.get(experiment.number, usual)

    def toggle_experiment(self, number: int) -> None:
        """Show or hide the runs of an experiment."""
        entry = next((e for e in self._entries if isinstance(e, Group) and e.experiment == number), None)
        if entry is not None:
            self._folds[number] = not entry.is_open
            self._current = -number
            self.update_runs()

    def _open_shown(self) -> None:
        """Open the experiment of the run that is shown."""
        info = self._info(self._training.shown_run)
        if info is not None and info.experiment is not None and not info.is_pinned:
            self._opened.add(info.experiment)

    def _on_shown(self) -> None:
        shown, live = self._training.shown_run, self._training.run
        if shown != self._seen:
            self._seen = self._current = shown
            self._picked = frozenset()  # what was chosen with the run before is not meant with this one
            self._open_shown()
            info = self._info(shown)
            # The next trial of an experiment is shown by itself, which is no wish to see what was folded away.
            if info is not None and not (self._training.is_active and live is not None and live.run == shown):
                self._unfold(info)
        self.update_runs()

    def _unfold(self, info: RunInfo) -> None:
        if self._folds.get(info.experiment) is False:
            del self._folds[info.experiment]
            self._opened.add(info.experiment)

    def _info(self, number: int | None) -> RunInfo | None:
        return next((info for info in self._training.runs if info.number == number), None)

    # ---- places

    def edit_note(self, number: int) -> None:
        """Let the user write the note on a run, in its row."""
        info = self._info(number)
        if info is not None and self._place_of(number) is None and info.experiment is not None:
            self.toggle_experiment(info.experiment)
        place = self._place_of(number)
        if place is not None:
            self.itemWidget(self.item(place)).edit_note()
            self._fit_rows()
            self.row_wanted.emit(number)

    def _place_of(self, key: int | None) -> int | None:
        return next((place for place, entry in enumerate(self._entries) if _key(entry) == key), None)

    def row_of(self, key: int) -> QRect:
        """Return the place of a row, see the class; empty where there is none."""
        place = self._place_of(key)
        return QRect() if place is None else self.visualItemRect(self.item(place))

    # ---- what is chosen

    def chosen(self) -> tuple[int, ...]:
        """Return the numbers of the runs that are chosen in the list, the shown one included, newest first."""
        return tuple(sorted((item.data(Qt.ItemDataRole.UserRole) for item in self.selectedItems()), reverse=True))

    def compared_runs(self) -> tuple[int, ...]:
        """Return the numbers of the shown run and of all that are compared with it, newest first."""
        shown = self._training.shown_run
        return tuple(sorted(self._compared | ({shown} if shown is not None else set()), reverse=True))

    def compare(self, numbers: Sequence[int]) -> None:
        """Mark these runs as compared with the shown one, without telling it; none of them is chosen by that."""
        self._compared = frozenset(numbers)
        self._picked &= self._compared
        self._mark_rows()
        self._select()

    def _mark_rows(self) -> None:
        """Give the runs that are compared the colours that the charts draw them in."""
        others = (info.number for info in self._training.runs if info.epochs_done)
        compared = [number for number in others if number in self._compared and number != self._training.shown_run]
        tokens = dict(zip(compared, OTHER_TOKENS, strict=False))
        for place, entry in enumerate(self._entries):
            if isinstance(entry, RunInfo):
                item, token = self.item(place), tokens.get(entry.number, "")
                self.itemWidget(item).set_mark(token)
                words = item.data(WORDS)
                said = self.tr("{run}, compared").format(run=words) if token else words
                if item.data(Qt.ItemDataRole.AccessibleTextRole) != said:
                    item.setData(Qt.ItemDataRole.AccessibleTextRole, said)

    def _select(self) -> None:
        """Let the shown run, and what was chosen with it, look chosen."""
        self.blockSignals(True)
        for place, entry in enumerate(self._entries):
            key = _key(entry)
            wanted = key > 0 and (key == self._training.shown_run or key in self._picked)
            # Only where it is not so: to set one ends the range that Shift is just drawing up, which could only grow.
            if key > 0 and self.item(place).isSelected() != wanted:
                self.item(place).setSelected(wanted)
        self.blockSignals(False)
        self.viewport().update()

    def _put_current(self) -> None:
        """Let the keys go on from the row they were at, wherever it is now, or else from the shown run."""
        place = self._place_of(self._current)
        if place is None:
            self._current = self._training.shown_run
            place = self._place_of(self._current)
        if place is not None and place != self.currentRow():
            self.blockSignals(True)
            index = self.indexFromItem(self.item(place))
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.blockSignals(False)

    def _on_current(self, item: QListWidgetItem | None, before: QListWidgetItem | None) -> None:
        key = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if key is None:
            return
        self._current = key
        if key > 0 and key != self._training.shown_run and not self._adds:
            self._drop_compared()
            self._training.show_run(key)
        if self.hasFocus():
            self.row_wanted.emit(key)

    def _drop_gone(self) -> None:
        """Compare with no run that was deleted: another one may be given its number."""
        if not self._compared <= self._listed:
            self._compared &= self._listed
            self._picked &= self._listed
            self._tell_compared()

    def _tell_compared(self) -> None:
        self.compared.emit(tuple(sorted(self._compared, reverse=True)) or None)

    def _drop_compared(self) -> None:
        if self._compared:
            self._compared = self._picked = frozenset()
            self.compared.emit(None)

    def _on_selected(self) -> None:
        picked = frozenset(self.chosen()) - {self._training.shown_run}
        kept = self._compared - self._picked if self._adds else frozenset()  # those of the menu of the charts
        before, self._picked, self._compared = self._compared, picked, kept | picked
        self._mark_rows()
        self._select()  # the shown one stays chosen
        if self._compared != before:
            self._tell_compared()

    def _on_clicked(self, item: QListWidgetItem) -> None:
        key = item.data(Qt.ItemDataRole.UserRole)
        if key is not None and key < 0:
            self.toggle_experiment(-key)
        elif key is not None and key != self._training.shown_run and not self._adds:
            self._drop_compared()  # it was current already, since it was the last that was added
            self._training.show_run(key)

    def _on_resume(self, number: int) -> None:
        self._training.resume_run(number)

    # ---- mouse and keys

    @contextmanager
    def _doing(self, modifiers: Qt.KeyboardModifier) -> Iterator[None]:
        self._adds = bool(modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))
        try:
            yield
        finally:
            self._adds = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            return  # the menu acts on what is chosen, or on the run it opens on: nothing else is to be shown for it
        with self._doing(event.modifiers()):
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        with self._doing(event.modifiers()):
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        with self._doing(event.modifiers()):
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        with self._doing(event.modifiers()):
            if not self._acts_on_key(event):
                super().keyPressEvent(event)

    def _acts_on_key(self, event: QKeyEvent) -> bool:
        """Do what a key means here. Returns: False for one that every list understands."""
        key, current = event.key(), self._current
        if event.matches(QKeySequence.StandardKey.Delete):
            if current is not None and current > 0:
                self.delete_wanted.emit(current)
            return True
        if key in PAGES and not self._adds:
            self._move_page(PAGES[key])
            return True
        if key in MOVES and not self._adds:
            # Qt would choose the row first and make it the current one afterwards: shown is what is current.
            index = self.moveCursor(MOVES[key], Qt.KeyboardModifier.NoModifier)
            if index.isValid():
                self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            return True
        if current is not None and current < 0 and not self._adds and key in FOLD_KEYS:
            place = self._place_of(current)
            wanted = FOLD_KEYS[key]
            if place is not None and wanted in (None, not self._entries[place].is_open):
                self.toggle_experiment(-current)
            return True
        return False

    def _move_page(self, direction: int) -> None:
        """Go on by as many rows as are in sight: the list itself is as high as all of them."""
        rows, seen = self.count(), self.visibleRegion().boundingRect().height()
        place = self.currentRow()
        distance = 0
        while 0 <= place + direction < rows:
            place += direction
            distance += self.visualItemRect(self.item(place)).height()
            if distance >= 0.8 * seen:
                break
        if 0 <= place < rows:
            index = self.indexFromItem(self.item(place))
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tool_tip_at(event.pos()), self)
            return True
        return super().viewportEvent(event)

    def tool_tip_at(self, place: QPoint) -> str:
        """Return the recipe of the run at a place, and how it compares with its parent; read only when somebody asks,
        for there may be hundreds of runs."""
        row = self.indexAt(place).row()
        if not 0 <= row < len(self._entries):
            return ""
        entry = self._entries[row]
        if isinstance(entry, Group):
            return "\n".join(part for part in (entry.title, entry.words) if part)
        parts = (recipe_in_words(entry), gain_in_words(entry, self._info(entry.parent)), entry.note)
        return "\n".join(part for part in parts if part)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        item = self.itemAt(event.pos()) if event.reason() != QContextMenuEvent.Reason.Keyboard else self.currentItem()
        key = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if key is not None and key > 0:
            place = event.globalPos()
            if event.reason() == QContextMenuEvent.Reason.Keyboard:
                place = self.viewport().mapToGlobal(self.visualItemRect(item).bottomLeft())
            self.menu_wanted.emit(key, place)

    # ---- room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.doItemsLayout()  # the rows' widgets would keep the width of before
        self._fit_rows()

    def sizeHint(self) -> QSize:
        heights = [self.item(place).sizeHint().height() for place in range(self.count())]
        return QSize(theme().px(200), sum(heights) + 2 * self.frameWidth() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(120), self.sizeHint().height())


def _key(entry: Entry) -> int:
    """Of a row, see `RunList`."""
    return entry.number if isinstance(entry, RunInfo) else -entry.experiment
