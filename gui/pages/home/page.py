"""Home."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui.pages.home.recents import RecentList
from gui.pages.home.samples import SampleCards
from gui.pages.shared.choosing import choose_data_file, choose_file, choose_folder
from gui.theme import theme
from gui.widgets.drop_well import DropWell
from gui.widgets.panel import heading, text_label

PROJECT_SUFFIX = ".atelier"
SIDE_WIDTH = 360  # px, the recent projects at 100 % text size
TOO_NARROW = 780  # px at 100 % text size: below, the recent projects go under the rest
WIDEST = 1500


class HomePage(QWidget):
    """Where one starts: drop or choose a folder, take a sample, go on with a project."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setObjectName("home")
        self.setAccessibleName(self.tr("Home"))
        self.well = self._make_well()
        self.samples = SampleCards(studio.samples())
        self.samples.chosen.connect(self._start_from_sample)
        self.recents = RecentList()
        self.recents.opened.connect(self._open_project)
        self.recents.removed.connect(self._forget)
        self._content = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._content)
        self._columns.addLayout(self._make_start(), 1)
        self._side = QWidget()
        self._columns.addWidget(self._side)
        self._fill_side()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        studio.recents.changed.connect(self._show_recents)
        theme().changed.connect(self._arrange)
        self._show_recents()
        self._arrange()

    def _make_well(self) -> DropWell:
        well = DropWell(
            self.tr("Drop a folder of images anywhere"),
            self.tr("one sub-folder per class, or a zip file of it"),
            prominent=True,
        )
        well.setObjectName("home.drop")
        well.dropped.connect(self._take)
        choose = well.add_button(self.tr("Choose folder…"), primary=True)
        choose.setObjectName("home.choose_folder")
        choose.clicked.connect(self._choose_folder)
        self.choose_button = choose
        choose_file = well.add_button(self.tr("Choose file…"))
        choose_file.setObjectName("home.choose_file")
        choose_file.setToolTip(self.tr("A zip or tar file of such a folder, or the files of MNIST and CIFAR"))
        choose_file.clicked.connect(self._choose_file)
        opener = well.add_button(self.tr("Open project…"))
        opener.setObjectName("home.open_project")
        opener.clicked.connect(self._choose_project)
        return well

    def _make_start(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(theme().tokens.space)
        column.addWidget(text_label(self.tr("Teach a network to see."), wrap=True, display=True))
        sentence = self.tr(
            "Pick images, stack layers, press Train, and watch it learn. Everything stays on this computer."
        )
        column.addWidget(text_label(sentence, wrap=True, dim=True))
        column.addSpacing(theme().tokens.space_large)
        self.well.setMinimumHeight(theme().px(150))
        column.addWidget(self.well)
        column.addSpacing(theme().tokens.space_large)
        if self.samples.cards:
            column.addWidget(heading(self.tr("Start from a sample")))
            column.addWidget(self.samples)
        column.addStretch(1)
        return column

    def _fill_side(self) -> None:
        column = QVBoxLayout(self._side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addWidget(heading(self.tr("Recent")))
        column.addWidget(self.recents)
        column.addStretch(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Put the recent projects beside or under the rest, whichever fits."""
        narrow = self.width() < theme().px(TOO_NARROW)
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(direction)
        side = theme().px(SIDE_WIDTH) if self.width() > theme().px(1100) else theme().px(260)
        self._side.setMinimumWidth(0 if narrow else side)
        self._side.setMaximumWidth(16_777_215 if narrow else side)
        self._columns.setSpacing(theme().px(26))
        edge = theme().px(56) if self.width() > theme().px(1100) else theme().px(24)
        spare = max(edge, (self.width() - theme().px(WIDEST)) // 2)
        self._columns.setContentsMargins(spare, theme().px(40), spare, theme().px(24))

    def _show_recents(self) -> None:
        self.recents.load(self._studio.recents.entries)

    def _take(self, paths: list[Path]) -> None:
        if len(paths) == 1 and paths[0].is_dir():
            self._studio.start_from_folder(paths[0])
        else:
            self._studio.handle_drop(paths, "home")

    def _choose_folder(self) -> None:
        folder = choose_folder(self, self._studio.settings, "data", self.tr("Choose a folder of images"))
        if folder is not None:
            self._studio.start_from_folder(folder)

    def _choose_file(self) -> None:
        path = choose_data_file(self, self._studio.settings)
        if path is not None:
            self._studio.handle_drop([path], "home")

    def _choose_project(self) -> None:
        pattern = self.tr("Atelier projects (*{suffix})").format(suffix=PROJECT_SUFFIX)
        path = choose_file(self, self._studio.settings, "projects", self.tr("Open a project"), pattern)
        if path is not None:
            self._studio.open_project(path)

    def _start_from_sample(self, name: str) -> None:
        self._studio.start_from_sample(name)

    def _open_project(self, path: Path) -> None:
        self._studio.open_project(path)

    def _forget(self, path: Path) -> None:
        self._studio.recents.remove(path)
