"""The middle of Data: the pictures."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QWidget

from engine.data.cache import Pictures
from engine.data.index import Index
from engine.jobs import Progress
from gui.pages.data.facts import Wanted, chosen_numbers, images
from gui.pages.data.filters import LARGEST, SMALLEST, FilterBar
from gui.pages.shared.background import LatestAnswer
from gui.pictures import Badge, PictureView
from gui.widgets.bars import number
from gui.widgets.busy import BusyRow
from gui.widgets.panel import Panel

USUAL_TILE = 92


class GridPanel(Panel):
    """Filters over the grid, and how far reading is."""

    opened = Signal(int)  # a picture number
    picture_chosen = Signal(int)  # the user went to this picture
    cancelled = Signal()

    def __init__(self, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._settings = settings
        self._index: Index | None = None
        self._failures: dict[int, str] = {}
        self._numbers = np.empty(0, np.int64)
        self.filters = FilterBar()
        self.busy = BusyRow()
        self.busy.setObjectName("data.progress")
        tile = settings.value("data/tile", USUAL_TILE, type=int)
        self.grid = PictureView(tile=max(SMALLEST, min(LARGEST, tile)))
        self.grid.setObjectName("data.grid")
        self.grid.setAccessibleName(self.tr("Images"))
        self.filters.tile.setValue(self.grid.tile())
        self.body.addWidget(self.filters)
        self.body.addWidget(self.busy)
        self.body.addWidget(self.grid, 1)
        self._finder = LatestAnswer(self)
        self._finder.answered.connect(self._show_found)
        self.filters.changed.connect(self.apply)
        self.filters.tile_wanted.connect(self._set_tile)
        self.grid.tile_changed.connect(self.filters.tile.setValue)
        self.grid.opened.connect(self.opened)
        self.grid.selectionModel().currentChanged.connect(self._on_current)
        self.busy.cancelled.connect(self.cancelled)

    def show_index(self, index: Index | None) -> None:
        """Show the pictures of `index` through the filters."""
        self._index, self._failures = index, {}
        self.filters.set_classes(index.classes if index is not None else ())
        self.filters.setVisible(index is not None)
        self.apply()

    def show_pictures(self, pictures: Pictures | None) -> None:
        """Mark the pictures that cannot be read."""
        self._failures = pictures.failures if pictures is not None else {}
        self.grid.pictures.set_badges(self._badge if self._failures else None)
        self._show_count()

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

    def apply(self) -> None:
        """Filter anew."""
        index, wanted = self._index, self.filters.wanted()
        if index is None:
            self._finder.forget()
            self._show(None, np.empty(0, np.int64))
        elif wanted.text:
            self._finder.ask(lambda: (index, chosen_numbers(index, wanted)))
        else:
            self._finder.forget()
            self._show(index, chosen_numbers(index, wanted))

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
        label.setText(all_of_them if self.filters.wanted() == Wanted() else few)
        one = self.tr("1 file that cannot be read is shown too, but not counted.")
        more = self.tr("{count} files that cannot be read are shown too, but not counted.")
        said = one if unreadable == 1 else more.format(count=number(unreadable))
        label.setToolTip(said if unreadable else "")

    def _badge(self, picture: int) -> Badge | None:
        return Badge(self.tr("cannot be read"), "bad") if picture in self._failures else None

    def _set_tile(self, side: int) -> None:
        self.grid.set_tile(side)
        self._settings.setValue("data/tile", side)

    def _on_current(self) -> None:
        current = self.grid.currentIndex()
        if current.isValid():
            self.picture_chosen.emit(self.grid.pictures.number(current.row()))
