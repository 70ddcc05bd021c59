"""Data."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.data.copies import Copies, find_copies
from engine.data.index import SPLITS, Index
from engine.errors import EngineError
from engine.jobs import Cancelled, JobControl
from engine.params import params_of
from engine.spec.data import DataSpec
from gui.pages.data.dataset_panel import DatasetPanel
from gui.pages.data.facts import example_of, too_small
from gui.pages.data.grid_panel import GridPanel
from gui.pages.data.health_list import ListDialog
from gui.pages.data.receives_panel import ReceivesPanel
from gui.pages.data.start import DataStart
from gui.pages.shared.background import LatestAnswer
from gui.pages.shared.choosing import choose_data_file, choose_folder
from gui.pages.shared.viewer import PictureViewer
from gui.theme import theme
from gui.widgets.notice import ErrorBar
from gui.widgets.segmented import Segmented

log = logging.getLogger(__name__)

COPIES = {"copies": "groups", "leaks": "across_splits", "contradictions": "across_classes"}
"""Which copies a line of the health list shows."""

LEFT, RIGHT = 300, 310  # px at 100 % text size
TOO_NARROW = 860  # px at 100 % text size: below, both side panels share one place


class DataPage(QWidget):
    """Choose pictures, look at them, say how they are divided and what the network gets of them."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._session, self._document = studio, studio.data, studio.document
        self._shown_problem: EngineError | str | None = None
        self._was_resized_by_user = False
        self._copies: Copies | None = None
        self._compared: Index | None = None  # what the copies were, or are, looked for in
        self._comparing = JobControl()
        self._compare = LatestAnswer(self)
        self._compare.answered.connect(self._on_compared)
        self._compare.failed.connect(self._on_not_compared)
        self._example: int | None = None  # the picture that shows what the network receives
        self.setObjectName("data")
        self.setAccessibleName(self.tr("Data"))
        self.start = DataStart(studio.samples())
        self.dataset, self.receives = DatasetPanel(), ReceivesPanel()
        self.grid = GridPanel(studio.settings)
        self.notice = ErrorBar()
        self.notice.close_button.hide()  # it goes when the problem goes
        self._lay_out()
        self._connect_parts()
        self._connect_studio()
        self._show_spec()
        self._show_report()
        self._show_index()
        self._show_state()

    def _lay_out(self) -> None:
        gap = theme().tokens.space_large
        self.sides = Segmented()
        self.sides.setObjectName("data.sides")
        self.sides.setAccessibleName(self.tr("Panel"))
        self.sides.add("dataset", self.tr("Data set"))
        self.sides.add("receives", self.tr("Network input"))
        self.sides.chosen.connect(self._arrange)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(theme().tokens.space)
        side.addWidget(self.sides)
        side.addWidget(self.dataset, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(gap)
        self.splitter.setChildrenCollapsible(False)
        for part in (self._side, self.grid, self.receives):
            self.splitter.addWidget(part)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.splitterMoved.connect(self._on_splitter_moved)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start)
        self._stack.addWidget(self.splitter)
        column = QVBoxLayout(self)
        column.setContentsMargins(gap, gap, gap, gap)
        column.setSpacing(gap)
        column.addWidget(self.notice)
        column.addWidget(self._stack, 1)
        # The panels rearrange themselves to the width they get; they must not dictate it first.
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)

    def _connect_parts(self) -> None:
        for part in (self.start, self.dataset):
            part.dropped.connect(self._take)
            part.choose_wanted.connect(self.choose)
            part.file_wanted.connect(self.choose_file)
        self.start.sample_wanted.connect(self._start_from_sample)
        self.dataset.class_filtered.connect(self.grid.filters.set_label)
        self.dataset.list_wanted.connect(self._show_list)
        self.dataset.fix_wanted.connect(self._fix)
        self.grid.filters.label_chosen.connect(self.dataset.classes.show_filter)
        self.grid.opened.connect(self.open_picture)
        self.grid.picture_chosen.connect(self._take_example)
        self.grid.cancelled.connect(self._session.cancel)
        for panel in (self.dataset, self.receives):
            panel.setting_changed.connect(self._set)
        self.receives.edited.connect(self._edit)
        self.receives.network_wanted.connect(self._go_to_network)

    def _connect_studio(self) -> None:
        self._document.data_changed.connect(self._show_spec)
        self._document.report_changed.connect(self._show_report)
        self._session.index_changed.connect(self._show_index)
        self._session.pictures_changed.connect(self._show_pictures)
        self._session.changed.connect(self._show_state)
        self._studio.closing.connect(self.stop_comparing)

    # ---- what document and session say

    def _show_spec(self) -> None:
        data = self._document.data
        self.dataset.show_spec(data)
        self.receives.show_spec(data)

    def _show_report(self) -> None:
        self.receives.show_problem(too_small(self._document.spec.network, self._document.report))

    def _show_index(self) -> None:
        index = self._session.index
        self.grid.show_index(index)
        self._example = None
        self._show_pictures()

    def _show_pictures(self) -> None:
        session = self._session
        self._look_for_copies()
        self._show_dataset()
        self.grid.show_pictures(session.pictures)
        self._choose_example()

    def _show_dataset(self) -> None:
        session = self._session
        self.dataset.show_index(session.index, session.pictures, self._document.data, self._copies)

    def _look_for_copies(self) -> None:
        """Compare the files once all were read; anew for another index."""
        index, pictures = self._session.index, self._session.pictures
        if index is not self._compared:
            self._comparing.stop()
            self._compare.forget()
            self._copies = self._compared = None
        if index is None or pictures is None or self._compared is not None:
            return
        self._compared, self._comparing = index, JobControl()
        control, left_out = self._comparing, frozenset(pictures.failures)
        self._compare.ask(lambda: (index, find_copies(index, left_out, control)))

    def _on_compared(self, answer: tuple[Index, Copies]) -> None:
        index, copies = answer
        if index is self._session.index:
            self._copies = copies
            self._show_dataset()

    @staticmethod
    def _on_not_compared(error: Exception) -> None:
        if not isinstance(error, Cancelled):  # for another index, or the window closes
            log.error("copies could not be looked for", exc_info=error)

    def _fix(self, which: str) -> None:
        """Leave images out of the project, as one step; the files stay as they are."""
        data = self._document.data
        if which == "take_back":
            self._document.edit(self.tr("Take images back"), data=replace(data, left_out=()))
            return
        index = self._session.index
        if index is None or self._copies is None:
            return
        numbers = self._copies.to_leave_out(index, COPIES[which])
        paths = tuple(str(index.paths[number]) for number in numbers)
        many = self.tr("Leave out {count} images").format(count=len(paths))
        text = self.tr("Leave out 1 image") if len(paths) == 1 else many
        self._document.edit(text, data=replace(data, left_out=(*data.left_out, *paths)))

    def stop_comparing(self) -> None:
        """Look no further for copies, because the window closes."""
        self._comparing.stop()

    def _choose_example(self) -> None:
        """Keep the example as long as it can be read."""
        index, pictures = self._session.index, self._session.pictures
        if index is None:
            self.receives.set_example(None)
        elif self._example is None or (pictures is not None and self._example in pictures.failures):
            self._example = example_of(index, pictures)
            self.receives.set_example(None if self._example is None else index.path(self._example))

    def _show_state(self) -> None:
        session = self._session
        chosen = self._document.data.source is not None or session.index is not None or session.state == "scanning"
        self._stack.setCurrentWidget(self.splitter if chosen else self.start)
        waiting = {"scanning": self.tr("Looking for images"), "decoding": self.tr("Reading images")}
        self.grid.show_progress(session.progress, waiting.get(session.state, ""))
        if session.state == "stopped":
            self._offer_to_go_on()
        else:
            self._show_problem(session.problem if session.state == "failed" else None)

    def _offer_to_go_on(self) -> None:
        if self._shown_problem != "stopped":
            self._shown_problem = "stopped"
            actions = [(self.tr("Go on"), self._session.rescan)]
            what, why = self.tr("Reading the images was stopped."), self.tr("What was read so far is kept.")
            self.notice.show_message("info", what, why, self.tr("Training needs all of them."), actions)

    def _show_problem(self, problem: EngineError | None) -> None:
        if problem is self._shown_problem:
            return
        self._shown_problem = problem
        if problem is None:
            self.notice.clear()
            return
        actions = [(self.tr("Choose folder…"), self.choose), (self.tr("Try again"), self._session.rescan)]
        what, why, fix = (getattr(problem, name, "") for name in ("what", "why", "fix"))
        self.notice.show_error(what or str(problem), why, fix, actions)

    # ---- what the user does

    def choose(self) -> None:
        """Ask for a folder and take it."""
        self._shown_problem = None  # the notice closes with its button; a problem that stays is shown again
        folder = choose_folder(self, self._studio.settings, "data", self.tr("Choose a folder of images"))
        if folder is not None:
            self._take_folder(folder)
        self._show_state()

    def choose_file(self) -> None:
        """Ask for a file that holds images and take it."""
        self._shown_problem = None
        path = choose_data_file(self, self._studio.settings)
        if path is not None:
            self._studio.handle_drop([path], "data")
        self._show_state()

    def _take(self, paths: list[Path]) -> None:
        if len(paths) == 1 and paths[0].is_dir():
            self._take_folder(paths[0])
        else:
            self._studio.handle_drop(paths, "data")

    def _take_folder(self, folder: Path) -> None:
        if self._document.is_open:
            self._studio.choose_data(folder)
        else:
            self._studio.start_from_folder(folder)

    def _go_to_network(self) -> None:
        self._studio.place_wanted.emit("network")

    def _start_from_sample(self, name: str) -> None:
        self._studio.start_from_sample(name)

    def _set(self, name: str, value: object, merge_key: str) -> None:
        label = next(setting.label for setting in params_of(DataSpec) if setting.name == name)
        text = self.tr("Set {name}").format(name=label)
        self._edit(text, replace(self._document.data, **{name: value}), merge_key)

    def _edit(self, text: str, data: DataSpec, merge_key: str) -> None:
        self._document.edit(text, data=data, merge_key=f"data/{merge_key}" if merge_key else "")

    def _take_example(self, number: int) -> None:
        if self._session.index is not None:
            self._example = number
            self.receives.set_example(self._session.index.path(number))

    def open_picture(self, number: int) -> PictureViewer:
        """Show one picture large."""
        viewer = PictureViewer(self.grid.grid.pictures, self._document.data, number, self)
        viewer.walked.connect(self._follow)
        self._session.index_changed.connect(viewer.close)
        viewer.open()
        return viewer

    def _follow(self, number: int) -> None:
        row = self.grid.grid.pictures.row_of(number)
        if row >= 0:
            self.grid.grid.setCurrentIndex(self.grid.grid.pictures.index(row))

    def _show_list(self, what: str) -> None:
        index, pictures = self._session.index, self._session.pictures
        if what == "failures" and index is not None and pictures is not None:
            rows = [(str(index.paths[number]), reason) for number, reason in sorted(pictures.failures.items())]
            title = self.tr("Files that cannot be read")
            sentence = self.tr(
                "These files are left out of training, validation and test. Nothing was changed on disk."
            )
        elif what in COPIES and index is not None and self._copies is not None:
            groups = getattr(self._copies, COPIES[what])
            rows = [self._said_copy(index, group) for group in groups]
            title = self.tr("The same image several times")
            sentence = self.tr(
                "These files are equal byte for byte. Keep one of each group; nothing was changed on disk."
            )
        elif what == "left_out":
            rows = [(path, "") for path in self._document.data.left_out]
            title = self.tr("Images left out")
            sentence = self.tr("They are neither trained with nor tested on. The files are where they were.")
        elif what == "notes" and index is not None:
            rows = [("", note) for note in index.notes]
            title, sentence = self.tr("Notes"), self.tr("What was noticed while looking for images.")
        else:
            return
        dialog = ListDialog(title, sentence, rows, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @staticmethod
    def _said_copy(index: Index, group: tuple[int, ...]) -> tuple[str, str]:
        """The first of a group, and where the others are with what they are for."""
        places = [f"{index.paths[number]} ({SPLITS[index.splits[number]]})" for number in group]
        return places[0], " = " + ", ".join(places[1:])

    # ---- sizes

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(420), theme().px(300))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Give the side panels a place each, or one place with a switch where there is too little room."""
        narrow = self.width() < theme().px(TOO_NARROW)
        if narrow == (self.splitter.indexOf(self.receives) >= 0):
            self._was_resized_by_user = False
            if narrow:
                self._side.layout().addWidget(self.receives, 1)
            else:
                self.splitter.insertWidget(2, self.receives)
        shown = self.sides.current()
        self.sides.setVisible(narrow)
        self.dataset.setVisible(not narrow or shown == "dataset")
        self.receives.setVisible(not narrow or shown == "receives")
        if not self._was_resized_by_user:
            self._divide(narrow)

    def _divide(self, narrow: bool) -> None:
        if narrow:
            side = min(theme().px(LEFT), self.width() * 42 // 100)
            self.splitter.setSizes([side, max(1, self.splitter.width() - side)])
            return
        left = min(theme().px(LEFT), self.width() * 26 // 100)
        right = min(theme().px(RIGHT), self.width() * 28 // 100)
        self.splitter.setSizes([left, max(1, self.splitter.width() - left - right - 24), right])

    def _on_splitter_moved(self) -> None:
        self._was_resized_by_user = True
