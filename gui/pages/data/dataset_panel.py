"""The left side of Data: where the pictures come from, their classes, how they are divided, what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from engine.data.cache import Pictures
from engine.data.choose import make
from engine.data.health import Finding
from engine.data.index import TEST, VALIDATION, Index
from engine.data.sources import SOURCES
from engine.params import params_of
from engine.spec.data import Chosen, DataSpec
from gui.pages.data.class_list import TOKENS, ClassList
from gui.pages.data.facts import brings, usable_counts
from gui.pages.data.health_list import HealthList
from gui.pages.data.side_scroll import SideScroll
from gui.pages.shared.roomy_form import RoomyForm
from gui.pages.shared.splits import split_names
from gui.theme import theme
from gui.widgets.bars import Part, SplitBar, number
from gui.widgets.drop_well import DropWell
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import Panel, dim_label, heading

SPLIT_SETTINGS = ("validation_percent", "test_percent", "seed", "folds", "fold", "group_by")


class DatasetPanel(Panel):
    """Shows an index; what the user wants of it leaves as signals."""

    dropped = Signal(object)  # list[Path]
    choose_wanted = Signal()
    file_wanted = Signal()
    collect_wanted = Signal()
    paste_wanted = Signal()
    download_wanted = Signal()
    write_wanted = Signal()
    class_filtered = Signal(int)  # position, -1 for all
    setting_changed = Signal(str, object, str)  # of DataSpec: name, value, merge key

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Data set"))
        self._known: list[QWidget] = []  # shown only when it is known which images there are
        self._content = QWidget()
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, 0, theme().tokens.space_small, 0)
        self._column.setSpacing(theme().tokens.space)
        self._make_well()
        self._make_classes()
        self._make_split()
        self._make_health()
        self._column.addStretch(1)
        self.body.addWidget(SideScroll(self._content))

    def _make_well(self) -> None:
        self.well = DropWell("")
        self.well.setObjectName("data.drop")
        self.well.dropped.connect(self.dropped)
        self.choose_button = self.well.add_button(self.tr("Change…"))
        self.choose_button.setObjectName("data.choose")
        self.choose_button.setAccessibleName(self.tr("Choose another folder of images"))
        self.choose_button.clicked.connect(self.choose_wanted)
        self.more_button = self.well.add_button(self.tr("More"))
        self.more_button.setObjectName("data.more")
        self.more_button.setAccessibleName(self.tr("More ways to get images, and to write them"))
        self.more_button.setMenu(self._more_menu())
        self.path = ElidedLabel(middle=True)
        self.path.setProperty("dim", True)
        self.path.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.well.layout().insertWidget(3, self.path)  # between the words and the button
        self._column.addWidget(self.well)

    def _more_menu(self) -> QMenu:
        menu = QMenu(self)
        entries = (
            ("file", self.tr("Take a file (zip, CSV, idx)…"), self.file_wanted),
            ("collect", self.tr("Collect images by camera or drawing…"), self.collect_wanted),
            ("paste", self.tr("Paste images\tCtrl+V"), self.paste_wanted),
            ("download", self.tr("A known data set from the internet…"), self.download_wanted),
            ("", "", None),
            ("write", self.tr("Write as a new folder…"), self.write_wanted),
        )
        for name, words, wanted in entries:
            if wanted is None:
                menu.addSeparator()
                continue
            action = menu.addAction(words)
            action.setObjectName(f"data.more.{name}")
            action.triggered.connect(lambda _=False, wanted=wanted: wanted.emit())
        return menu

    def _make_classes(self) -> None:
        self.class_count = dim_label()
        title = self._add_heading(self.tr("Classes"), self.class_count)
        self.classes = ClassList()
        self.classes.filtered.connect(self.class_filtered)
        self._column.addWidget(self.classes, 1000)  # before the empty room at the end
        self._known += [title, self.classes]

    def _make_split(self) -> None:
        self.split_note = dim_label()
        self._add_heading(self.tr("Split"), self.split_note)
        self.split_bar = SplitBar()
        self.split_bar.setAccessibleName(self.tr("Split"))
        self.split_form = RoomyForm("data")
        self.split_form.changed.connect(self.setting_changed)
        self.split_reason = dim_label(wrap=True, small=True)
        for widget in (self.split_bar, self.split_form, self.split_reason):
            self._column.addWidget(widget)
        self._known += [self.split_note, self.split_bar]

    def _make_health(self) -> None:
        title = self._add_heading(self.tr("Health"), dim_label())
        self.health = HealthList()
        self._known += [title, self.health]
        self._column.addWidget(self.health)

    def _add_heading(self, title: str, extra: QWidget) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, theme().tokens.space_small, 0, 0)
        row.addWidget(heading(title))
        row.addStretch(1)
        row.addWidget(extra)
        self._column.addWidget(box)
        return box

    # ---- what is shown

    def show_spec(self, data: DataSpec) -> None:
        """Show where the pictures come from and how they are to be divided."""
        title, path = said_source(data.source)
        self.well.set_text(title)
        self.well.setToolTip(self.tr("Drop another folder here to change it."))
        self.path.setText(path)
        self.path.setVisible(bool(path))
        others = [setting.name for setting in params_of(DataSpec) if setting.name not in SPLIT_SETTINGS]
        self.split_form.show(data, hide=others)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show what is good and what is not."""
        self.health.set_lines(findings)

    def show_index(self, index: Index | None, pictures: Pictures | None, data: DataSpec) -> None:
        """Show classes and split; None: not known yet."""
        for widget in self._known:
            widget.setVisible(index is not None)
        if index is None:
            self.classes.set_classes((), np.zeros((0, 3), np.int64))
            self._show_brought(frozenset(), data)
            return
        counts = usable_counts(index, pictures)
        self.class_count.setText(number(len(index.classes)))
        self.classes.set_classes(index.classes, counts)
        sums = counts.sum(axis=0)
        names = split_names()
        parts = [Part(names[split], float(sums[split]), TOKENS[split]) for split in names if sums[split]]
        self.split_bar.set_parts(parts)
        self._show_brought(brings(index), data)

    def _show_brought(self, brought: frozenset[int], data: DataSpec) -> None:
        """Say what the folder prescribes, and switch off the settings that it overrules."""
        own = VALIDATION in brought
        overruled = {"validation_percent": own or data.folds > 0, "test_percent": TEST in brought}
        overruled |= dict.fromkeys(("seed", "folds", "group_by"), own)
        overruled["fold"] = own or not data.folds
        for name, is_overruled in overruled.items():
            self.split_form.row(name).setEnabled(not is_overruled)
        if VALIDATION in brought:
            reason = self.tr("The folder itself says which images are for training, validation and test.")
        elif TEST in brought:
            reason = self.tr("The folder brings its own test images; validation is taken from the training images.")
        else:
            reason = ""
        self.split_reason.setText(reason)
        self.split_reason.setVisible(bool(reason))
        stratified = self.tr("stratified, seed {seed}").format(seed=data.seed)
        if data.folds:
            stratified = self.tr("fold {fold} of {folds}").format(fold=data.fold, folds=data.folds)
        self.split_note.setText(self.tr("as in the folder") if VALIDATION in brought else stratified)


def said_source(source: Chosen | None) -> tuple[str, str]:
    """(title, path) of where pictures come from; a path only for a folder of the user's own."""
    if source is None:
        return "", ""
    path = str(source.params.get("path", ""))
    if path:
        return Path(path).name or path, path
    return (make(SOURCES, source).title if source.kind in SOURCES else source.kind), ""
