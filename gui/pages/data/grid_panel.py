"""The middle of Data: the pictures, what narrows them down, and what can be done with those that are selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QSettings, Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from engine.data.cache import Pictures
from engine.data.health import Finding, Looks
from engine.data.index import Index
from engine.jobs import Progress
from gui.pages.data.facts import Wanted, chosen_numbers, images
from gui.pages.data.filters import LARGEST, SMALLEST, FilterBar
from gui.pages.data.note_bar import KEYS, FindingBar, SelectionBar, fill_move_menu
from gui.pages.shared.background import LatestAnswer
from gui.pictures import Badge, PictureView
from gui.widgets.bars import number
from gui.widgets.busy import BusyRow
from gui.widgets.panel import Panel

USUAL_TILE = 92
_CHORD = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
MOST_BADGES = 20_000  # images of one finding; beyond, the grid of that finding is the place to look
TONES = {"unreadable": "bad", "labels": "bad", "contradictions": "bad", "near_contradictions": "bad"}


class GridPanel(Panel):
    """Filters over the grid, and how far reading is."""

    opened = Signal(int)  # a picture number
    picture_chosen = Signal(int)  # the user went to this picture
    cancelled = Signal()
    move_wanted = Signal(object, str)  # picture numbers; class name, empty: ask for a new one
    leave_out_wanted = Signal(object)  # picture numbers
    watch_wanted = Signal(object)  # picture numbers
    fix_wanted = Signal(object)  # Fix
    list_wanted = Signal(object)  # Finding

    def __init__(self, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._settings = settings
        self._index: Index | None = None
        self._looks: Looks | None = None
        self._side = 0
        self._failures: dict[int, str] = {}
        self._badges: dict[int, Badge] = {}
        self._found: frozenset[int] = frozenset()  # the images of the finding that is shown
        self._numbers = np.empty(0, np.int64)
        self.filters = FilterBar()
        self.finding, self.selection = FindingBar(), SelectionBar()
        self.busy = BusyRow()
        self.busy.setObjectName("data.progress")
        tile = settings.value("data/tile", USUAL_TILE, type=int)
        self.grid = PictureView(tile=max(SMALLEST, min(LARGEST, tile)))
        self.grid.setObjectName("data.grid")
        self.grid.setAccessibleName(self.tr("Images"))
        self.grid.set_draggable(True)
        self.filters.tile.setValue(self.grid.tile())
        for part in (self.filters, self.finding, self.busy):
            self.body.addWidget(part)
        self.body.addWidget(self.grid, 1)
        self.body.addWidget(self.selection)  # below: its coming must not move what is about to be pressed twice
        self._finder = LatestAnswer(self)
        self._finder.answered.connect(self._show_found)
        self._connect()
        self.grid.installEventFilter(self)

    def _connect(self) -> None:
        self.filters.changed.connect(self.apply)
        self.filters.tile_wanted.connect(self._set_tile)
        self.finding.closed.connect(partial(self.show_finding, None))
        self.finding.fix_wanted.connect(self.fix_wanted)
        self.finding.list_wanted.connect(self.list_wanted)
        self.selection.closed.connect(self.grid.clearSelection)
        self.selection.move_wanted.connect(self._move_selected)
        self.selection.leave_out_wanted.connect(self._leave_out_selected)
        self.grid.tile_changed.connect(self.filters.tile.setValue)
        self.grid.opened.connect(self.opened)
        self.grid.selection_changed.connect(self._show_selection)
        self.grid.selectionModel().currentChanged.connect(self._on_current)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._open_menu)
        self.busy.cancelled.connect(self.cancelled)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.grid and event.type() == QEvent.Type.KeyPress and not event.modifiers() & _CHORD:
            return self._on_key(event.key())
        return super().eventFilter(watched, event)

    def _on_key(self, key: int) -> bool:
        """Do what a key over the pictures means. Returns: whether it meant something."""
        if Qt.Key.Key_1 <= key < Qt.Key.Key_1 + KEYS:
            self._move_by_key(key - Qt.Key.Key_1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._leave_out_selected()
        elif key == Qt.Key.Key_Escape:
            self._on_escape()
        else:
            return False
        return True

    # ---- what is shown

    def show_index(self, index: Index | None) -> None:
        """Show the pictures of `index` through the filters."""
        self._index, self._failures, self._badges = index, {}, {}
        names = index.classes if index is not None else ()
        self.filters.set_classes(names)
        self.selection.set_classes(names)
        self.filters.setVisible(index is not None)
        self.finding.show_finding(None)  # its numbers are those of the index before
        self.apply()

    def show_pictures(self, pictures: Pictures | None) -> None:
        """Mark the pictures that cannot be read."""
        self._failures = pictures.failures if pictures is not None else {}
        self._show_badges()
        self._show_count()

    def show_findings(self, findings: Sequence[Finding], looks: Looks | None, side: int) -> None:
        """Mark what was found.

        Args:
            looks: widths and heights, for filters and orders; None: not known yet.
            side: pixels of what the network receives.
        """
        badges: dict[int, Badge] = {}
        for finding in findings:
            if finding.badge and finding.level == "warning" and len(finding.images) <= MOST_BADGES:
                badge = Badge(finding.badge, TONES.get(finding.check, "validation"))
                badges |= {image: badge for image in finding.images if image not in badges}
        self._badges = badges
        self._show_badges()
        shown = self.finding.finding
        if shown is not None:
            self.show_finding(next((finding for finding in findings if finding.check == shown.check), None))
        self.filters.set_measured(looks is not None)
        if (looks is None) != (self._looks is None) or side != self._side:
            self._looks, self._side = looks, side
            if self.filters.wanted() != Wanted():
                self.apply()
        self._looks = looks

    def show_finding(self, finding: Finding | None) -> None:
        """Limit the grid to the images of a finding; None: show all again."""
        before = self.finding.finding
        if finding == before:
            return
        self.finding.show_finding(finding)
        self._found = frozenset(finding.images) if finding is not None else frozenset()
        if finding is not None and (before is None or before.check != finding.check):
            self.filters.reset()  # applies too
        else:
            self.apply()

    def show_progress(self, progress: Progress | None, waiting: str) -> None:
        """Show how far the work is; `waiting` is said where there is no number yet, empty when nothing is done."""
        if self._index is None:
            self.grid.set_placeholder(waiting or self.tr("There are no images to show."))
        if progress is None and not waiting:
            self.busy.finish()
            return
        if self.busy.isHidden():
            self.busy.start(waiting)
        if progress is not None:
            self.busy.set_progress(progress.done, progress.total, progress.text)

    def wanted(self) -> Wanted:
        """What the filters and the finding let through."""
        finding = self.finding.finding
        return replace(self.filters.wanted(), only=finding.images if finding is not None else None)

    def apply(self) -> None:
        """Filter anew."""
        index, wanted, looks, side = self._index, self.wanted(), self._looks, self._side
        if index is None:
            self._finder.forget()
            self._show(None, np.empty(0, np.int64))
        elif wanted.text or wanted.order != "name":
            self._finder.ask(lambda: (index, chosen_numbers(index, wanted, looks, side)))
        else:
            self._finder.forget()
            self._show(index, chosen_numbers(index, wanted, looks, side))

    def _show_found(self, found: tuple[Index, np.ndarray]) -> None:
        self._show(*found)

    def _show(self, index: Index | None, numbers: np.ndarray) -> None:
        self.grid.set_pictures(index, numbers)
        self._numbers = numbers
        if index is not None:
            self.grid.set_placeholder(self.tr("No image fits these filters."))
        self._show_count()

    def _show_count(self) -> None:
        """Say how many images are shown; files that turned out to be no images are shown too, but are none."""
        index, label = self._index, self.filters.count
        if index is None:
            label.setText("")
            return
        failed = np.fromiter(self._failures, np.int64, len(self._failures))
        unreadable = int(np.isin(failed, self._numbers).sum())
        shown, all_of_them = len(self._numbers) - unreadable, images(len(index) - len(failed))
        few = self.tr("{count} of {all}").format(count=number(shown), all=all_of_them)
        is_all = replace(self.wanted(), order="name") == Wanted()
        label.setText(all_of_them if is_all else few)
        one = self.tr("1 file that cannot be read is shown too, but not counted.")
        more = self.tr("{count} files that cannot be read are shown too, but not counted.")
        said = one if unreadable == 1 else more.format(count=number(unreadable))
        label.setToolTip(said if unreadable else "")

    def _show_badges(self) -> None:
        self.grid.pictures.set_badges(self._badge if self._failures or self._badges else None)

    def _badge(self, picture: int) -> Badge | None:
        if picture in self._failures:
            return Badge(self.tr("cannot be read"), "bad")
        shown = self.finding.finding
        if shown is not None and shown.badge and picture in self._found:
            return Badge(shown.badge, TONES.get(shown.check, "validation"))
        return self._badges.get(picture)

    def _set_tile(self, side: int) -> None:
        self.grid.set_tile(side)
        self._settings.setValue("data/tile", side)

    # ---- what the user does with pictures

    def _on_current(self) -> None:
        current = self.grid.currentIndex()
        if current.isValid():
            self.picture_chosen.emit(self.grid.pictures.number(current.row()))

    def _show_selection(self) -> None:
        self.selection.show_count(len(self.grid.selected_numbers()))

    def _move_selected(self, name: str) -> None:
        numbers = self.grid.selected_numbers()
        if len(numbers):
            self.move_wanted.emit(numbers, name)

    def _move_by_key(self, place: int) -> None:
        if self._index is not None and place < len(self._index.classes):
            self._move_selected(self._index.classes[place])

    def _leave_out_selected(self) -> None:
        numbers = self.grid.selected_numbers()
        if len(numbers):
            self.leave_out_wanted.emit(numbers)

    def _on_escape(self) -> None:
        if len(self.grid.selected_numbers()):
            self.grid.clearSelection()
        else:
            self.show_finding(None)

    def _open_menu(self, place: QPoint) -> None:
        numbers = self.grid.selected_numbers()
        if not len(numbers) or self._index is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        under = self.grid.indexAt(place)
        if under.isValid():
            picture = self.grid.pictures.number(under.row())
            menu.addAction(self.tr("Look at it large")).triggered.connect(partial(self.opened.emit, picture))
        move = menu.addMenu(self.tr("Move to"))
        fill_move_menu(move, self._index.classes, self._move_selected)
        words = self.tr("Watch this") if len(numbers) == 1 else self.tr("Watch these")
        menu.addAction(words).triggered.connect(partial(self.watch_wanted.emit, numbers))
        menu.addAction(self.tr("Leave out\tDel")).triggered.connect(self._leave_out_selected)
        menu.popup(self.grid.viewport().mapToGlobal(place))
