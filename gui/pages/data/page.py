"""Data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QInputDialog, QLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.data.health import Finding
from engine.data.index import SPLITS
from engine.errors import EngineError
from engine.params import both, params_of
from engine.spec.data import DataSpec
from gui.pages.data.actions import DataActions
from gui.pages.data.dataset_panel import DatasetPanel
from gui.pages.data.facts import example_of, partners_of, too_small
from gui.pages.data.grid_panel import GridPanel
from gui.pages.data.health_list import ListDialog
from gui.pages.data.intake import Intake
from gui.pages.data.receives_panel import ReceivesPanel
from gui.pages.data.start import DataStart
from gui.pages.shared.choosing import choose_data_file, choose_folder
from gui.pages.shared.viewer import PictureViewer
from gui.theme import theme
from gui.widgets.notice import ErrorBar
from gui.widgets.segmented import Segmented

LEFT, RIGHT = 300, 310  # px at 100 % text size
TOO_NARROW = 860  # px at 100 % text size: below, both side panels share one place


class DataPage(QWidget):
    """Choose pictures, look at them, say how they are divided and what the network gets of them."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._session, self._document = studio, studio.data, studio.document
        self._shown_problem: EngineError | str | None = None
        self._was_resized_by_user = False
        self._health = studio.health
        self.edits = DataActions(studio.document, studio.data, self)
        self.intake = Intake(studio, self)
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
        self._show_health()
        self._show_examination()
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
        self._connect_health()
        self._connect_edits()
        self.grid.filters.label_chosen.connect(self.dataset.classes.show_filter)
        self.grid.opened.connect(self.open_picture)
        self.grid.picture_chosen.connect(self._take_example)
        self.grid.cancelled.connect(self._session.cancel)
        self.grid.cancelled.connect(self.intake.cancel)
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
        self._health.changed.connect(self._on_health)
        self._health.progressed.connect(self._show_examination)

    def _connect_health(self) -> None:
        health = self.dataset.health
        health.asked.connect(self._show_finding)
        health.cancelled.connect(self._health.cancel)
        health.go_on_wanted.connect(self._health.examine_again)
        for part in (health, self.grid):
            part.fix_wanted.connect(self.edits.fix)
        self.grid.list_wanted.connect(self._list_finding)

    def _connect_edits(self) -> None:
        self.grid.leave_out_wanted.connect(self.edits.leave_out)
        self.grid.watch_wanted.connect(self._watch)
        self.grid.move_wanted.connect(self._move)
        self.edits.refused.connect(self._studio.failed)
        classes = self.dataset.classes
        classes.rename_wanted.connect(self.edits.rename)
        classes.hide_wanted.connect(self.edits.hide)
        classes.images_dropped.connect(self.edits.move)
        classes.files_dropped.connect(self.intake.add)
        classes.paste_wanted.connect(self._paste_into)
        for part in (self.dataset, self.start):
            part.collect_wanted.connect(self.intake.collect)
            part.download_wanted.connect(self.intake.download)
        self.dataset.paste_wanted.connect(self.paste)
        self.dataset.write_wanted.connect(self.intake.write_out)
        self.intake.progressed.connect(self._show_state)
        self._studio.import_wanted.connect(self.intake.look_into)
        paste = QShortcut(QKeySequence.StandardKey.Paste, self)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.paste)

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
        self._show_dataset()
        self.grid.show_pictures(session.pictures)
        self._choose_example()

    def _show_dataset(self) -> None:
        session = self._session
        self.dataset.show_index(session.index, session.pictures, self._document.data)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_health_late:
            self._show_health()

    def _on_health(self) -> None:
        # All lines are made anew: not while somebody watches a training, whose end has a say in them.
        self._is_health_late = not self.isVisible()
        if not self._is_health_late:
            self._show_health()

    def _show_health(self) -> None:
        self._is_health_late = False
        findings, known = self._health.findings, self._health.known
        self.dataset.show_findings(findings)
        looks = known.looks if known is not None and known.index is self._session.index else None
        self.grid.show_findings(findings, looks, max(both(self._document.data.size)))

    def _show_examination(self) -> None:
        self.dataset.health.show_progress(self._health.progress, was_stopped=self._health.was_stopped)

    def _choose_example(self) -> None:
        """Keep the example as long as it can be read."""
        index, pictures = self._session.index, self._session.pictures
        if index is None:
            self.receives.set_example(None)
            return
        self.receives.set_partners([index.path(number) for number in partners_of(index, pictures)])
        if self._example is None or (pictures is not None and self._example in pictures.failures):
            self._example = example_of(index, pictures)
            self.receives.set_example(None if self._example is None else index.path(self._example))

    def _show_state(self) -> None:
        session = self._session
        chosen = self._document.data.source is not None or session.index is not None or session.state == "scanning"
        self._stack.setCurrentWidget(self.splitter if chosen else self.start)
        waiting = {"scanning": self.tr("Looking for images"), "decoding": self.tr("Reading images")}
        writing = self.intake.progress
        self.grid.show_progress(session.progress or writing, waiting.get(session.state, ""))
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

    def _watch(self, numbers: np.ndarray) -> None:
        """Pin images, so that Train shows what the network says of them."""
        before = len(self._studio.pins.pins)
        self._studio.pins.pin_images(self._session.index, numbers)
        if len(self._studio.pins.pins) > before:
            self._studio.told.emit(self.tr("Watched from now on: Train shows what the network says of it."))

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

    def _show_finding(self, finding: Finding) -> None:
        """Limit the grid to the images of a finding; list what has no images there."""
        if finding.images:
            self.grid.show_finding(finding)
        else:
            self._list_finding(finding)

    def _list_finding(self, finding: Finding) -> None:
        """Show a finding as a table."""
        index = self._session.index
        if index is None:
            return
        if finding.check == "left_out":
            rows = [(path, "") for path in self._document.data.edits.left_out]
        elif finding.check == "notes":
            rows = [("", note) for note in index.notes]
        elif finding.groups:
            rows = [self._said_group(group) for group in finding.groups]
        else:
            rows = [(str(index.paths[number]), finding.reasons.get(number, "")) for number in finding.images]
        sentence = self.tr("Nothing was changed on disk.")
        title = finding.text[0].upper() + finding.text[1:]
        dialog = ListDialog(title, f"{title}. {sentence}", rows, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _said_group(self, group: Sequence[int]) -> tuple[str, str]:
        """The first of a group, and where the others are with what they are for."""
        index = self._session.index
        places = [f"{index.paths[number]} ({SPLITS[index.splits[number]]})" for number in group]
        return places[0], " = " + ", ".join(places[1:])

    def _move(self, numbers: Sequence[int], name: str) -> None:
        """Move images to a class; ask for its name where it is a new one."""
        if not name:
            name, wanted = QInputDialog.getText(self, self.tr("New class"), self.tr("Name of the class:"))
            if not wanted:
                return
        self.edits.move(numbers, name)

    def paste(self) -> None:
        """Paste into the class that is shown; where all are, the user must say which."""
        label, index = self.grid.filters.wanted().label, self._session.index
        if index is None:
            return
        if label < 0:
            what = self.tr("Into which class are the images to be pasted?")
            fix = self.tr("Press a class on the left, then paste again; or paste from the menu of a class.")
            self._studio.failed.emit(EngineError(what, why=self.tr("All classes are shown."), fix=fix))
            return
        self._paste_into(index.classes[label])

    def _paste_into(self, name: str) -> None:
        data: QMimeData = QGuiApplication.clipboard().mimeData()
        self.intake.add(data, name, prefix="pasted")

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
