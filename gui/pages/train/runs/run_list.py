"""The list of the runs of a project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QToolTip,
    QWidget,
)

from engine.train.experiments.store import Experiment
from engine.train.runs import RunInfo
from gui.pages.train.runs.compared_runs import ComparedRuns
from gui.pages.train.runs.run_folds import Folds
from gui.pages.train.runs.run_groups import ORDERS, Group, arranged, sorted_runs
from gui.pages.train.runs.run_rows import KEY, RunRows, key_of, tip_of
from gui.studio.experiment_words import left_in_words
from gui.theme import theme

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
        self._folds = Folds()
        self._seen: int | None = None  # the run that was shown when the list last looked
        self._beside = ComparedRuns()
        self._adds = False  # what is just being done adds to what is chosen
        self._rows = RunRows(self)
        self._current: int | None = None  # key of the row that the keys go on from
        self.setObjectName("train.runs")
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
        self._rows.resume_wanted.connect(self._on_resume)
        self._rows.menu_wanted.connect(self.menu_wanted)
        self._rows.note_written.connect(self.note_written)
        self._rows.note_left.connect(self.setFocus)  # where the keys were before
        self._rows.fold_wanted.connect(self.toggle_experiment)
        self._rows.table_wanted.connect(self.experiment_wanted)
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
            self._folds.settle()
            self._folds.show_run(self._info(self._training.shown_run))
            if self._beside.keep(listed):
                self._tell_compared()
        live = self._training.run
        self._rows.show_entries(
            arranged(sorted_runs(runs, self._order), self._experiments, self._folds.is_open),
            runs,
            {experiment.number: experiment.title for experiment in self._experiments},
            idle=self._training.state == "idle",
            paused=live.run if self._training.state == "paused" and live is not None else None,
            left=left_in_words(self._experiments, runs),
        )
        self._mark_rows()
        self._select()
        self._put_current()

    def _draw_anew(self) -> None:
        self._rows.forget()
        self.update_runs()

    def _forget(self) -> None:
        """Another project is open: nothing that was chosen in the one before is meant for its runs."""
        self._experiments = ()
        self._folds.forget()
        self._current = None
        self._beside.clear()
        self._tell_compared()

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
            self._folds.show_run(self._info(self._training.shown_run))
            self.update_runs()

    def toggle_experiment(self, number: int) -> None:
        """Show or hide the runs of an experiment."""
        entry = next((e for e in self._rows.entries if isinstance(e, Group) and e.experiment == number), None)
        if entry is not None:
            self._folds.want(number, not entry.is_open)
            self._current = -number
            self.update_runs()

    def _on_shown(self) -> None:
        shown, live = self._training.shown_run, self._training.run
        if shown != self._seen:
            self._seen = self._current = shown
            self._beside.unpick()
            info = self._info(shown)
            self._folds.show_run(info)
            # The next trial of an experiment is shown by itself, which is no wish to see what was folded away.
            if info is not None and not (self._training.is_active and live is not None and live.run == shown):
                self._folds.reveal(info)
        self.update_runs()

    def _info(self, number: int | None) -> RunInfo | None:
        return next((info for info in self._training.runs if info.number == number), None)

    # ---- places

    def edit_note(self, number: int) -> None:
        """Let the user write the note on a run, in its row."""
        info = self._info(number)
        if info is not None and self._rows.place_of(number) is None and info.experiment is not None:
            self.toggle_experiment(info.experiment)
        place = self._rows.place_of(number)
        if place is not None:
            self._rows.edit_note(place)
            self.row_wanted.emit(number)

    def row_of(self, key: int) -> QRect:
        """Return the place of a row, see the class; empty where there is none."""
        place = self._rows.place_of(key)
        return QRect() if place is None else self.visualItemRect(self.item(place))

    # ---- what is chosen

    def chosen(self) -> tuple[int, ...]:
        """Return the numbers of the runs that are chosen in the list, the shown one included, newest first."""
        return tuple(sorted((item.data(KEY) for item in self.selectedItems()), reverse=True))

    def compared_runs(self) -> tuple[int, ...]:
        """Return the numbers of the shown run and of all that are compared with it, newest first."""
        return self._beside.with_shown(self._training.shown_run)

    def compare(self, numbers: Sequence[int]) -> None:
        """Mark these runs as compared with the shown one, without telling it; none of them is chosen by that."""
        self._beside.choose(numbers)
        self._mark_rows()
        self._select()

    def _mark_rows(self) -> None:
        self._rows.mark(self._beside.tokens(self._training.runs, self._training.shown_run))

    def _select(self) -> None:
        """Let the shown run, and what was chosen with it, look chosen."""
        self.blockSignals(True)
        for place, entry in enumerate(self._rows.entries):
            key = key_of(entry)
            wanted = key > 0 and (key == self._training.shown_run or key in self._beside.picked)
            # Only where it is not so: to set one ends the range that Shift is just drawing up, which could only grow.
            if key > 0 and self.item(place).isSelected() != wanted:
                self.item(place).setSelected(wanted)
        self.blockSignals(False)
        self.viewport().update()

    def _put_current(self) -> None:
        """Let the keys go on from the row they were at, wherever it is now, or else from the shown run."""
        place = self._rows.place_of(self._current)
        if place is None:
            self._current = self._training.shown_run
            place = self._rows.place_of(self._current)
        if place is not None and place != self.currentRow():
            self.blockSignals(True)
            index = self.indexFromItem(self.item(place))
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.blockSignals(False)

    def _on_current(self, item: QListWidgetItem | None, before: QListWidgetItem | None) -> None:
        key = item.data(KEY) if item is not None else None
        if key is None:
            return
        self._current = key
        if key > 0 and key != self._training.shown_run and not self._adds:
            self._drop_compared()
            self._training.show_run(key)
        if self.hasFocus():
            self.row_wanted.emit(key)

    def _tell_compared(self) -> None:
        self.compared.emit(self._beside.newest_first())

    def _drop_compared(self) -> None:
        if self._beside.clear():
            self._tell_compared()

    def _on_selected(self) -> None:
        has_changed = self._beside.pick(set(self.chosen()) - {self._training.shown_run}, adds=self._adds)
        self._mark_rows()
        self._select()  # the shown one stays chosen
        if has_changed:
            self._tell_compared()

    def _on_clicked(self, item: QListWidgetItem) -> None:
        key = item.data(KEY)
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
            place = self._rows.place_of(current)
            wanted = FOLD_KEYS[key]
            if place is not None and wanted in (None, not self._rows.entries[place].is_open):
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
        if not 0 <= row < len(self._rows.entries):
            return ""
        entry = self._rows.entries[row]
        return tip_of(entry, self._info(entry.parent) if isinstance(entry, RunInfo) else None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        item = self.itemAt(event.pos()) if event.reason() != QContextMenuEvent.Reason.Keyboard else self.currentItem()
        key = item.data(KEY) if item is not None else None
        if key is not None and key > 0:
            place = event.globalPos()
            if event.reason() == QContextMenuEvent.Reason.Keyboard:
                place = self.viewport().mapToGlobal(self.visualItemRect(item).bottomLeft())
            self.menu_wanted.emit(key, place)

    # ---- room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.doItemsLayout()  # the rows' widgets would keep the width of before
        self._rows.fit()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(200), self._rows.height() + 2 * self.frameWidth() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(120), self.sizeHint().height())
