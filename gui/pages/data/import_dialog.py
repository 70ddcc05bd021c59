"""Before a table or a folder of named images becomes a data set: what stands where, and what comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.data.csv_labels import Columns
from engine.errors import EngineError
from engine.jobs import Cancelled, JobControl
from engine.spec.data import Chosen
from gui.pages.data.class_list import ClassList
from gui.pages.data.example_strip import ExampleStrip
from gui.pages.data.facts import images
from gui.pages.data.import_facts import (
    Look,
    NamesLook,
    Note,
    TableLook,
    look_at_names,
    look_at_table,
    named_columns,
)
from gui.pages.shared.background import LatestAnswer
from gui.theme import theme
from gui.widgets.bars import number
from gui.widgets.empty import IconView
from gui.widgets.fields import ComboBox
from gui.widgets.panel import dim_label, heading, text_label

log = logging.getLogger(__name__)

WIDTH, HEIGHT = 920, 620  # px at 100 % text size
SIGNS = {"good": ("check", "good"), "warning": ("warning", "validation"), "info": ("info", "dim")}
LONGEST_CELL = 200  # characters of a cell that are shown


class ImportDialog(QDialog):
    """Shows what a table (`path` is a file) or the names in a folder give, live, while the user says how to read them.

    Signals:
        accepted_source(Chosen): a source “table” or “named”; the dialog has closed.
    """

    accepted_source = Signal(object)

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        is_table = not path.is_dir()
        title = self.tr("Classes from a table") if is_table else self.tr("Classes from the names of files")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.reading: TableReading | NamesReading = TableReading(path) if is_table else NamesReading(path)
        self.reading.wanted.connect(self._look)
        self.result = ResultView()
        self._control = JobControl()
        self._answers = LatestAnswer(self)
        self._answers.answered.connect(self._show)
        self._answers.failed.connect(self._show_problem)
        self._lay_out()
        self.use_button.setEnabled(False)
        self.resize(theme().px(WIDTH), theme().px(HEIGHT))
        self.finished.connect(self._stop)
        self._look()

    def _lay_out(self) -> None:
        tokens = theme().tokens
        self.use_button = QPushButton(self.tr("Use these images"))
        self.use_button.setObjectName("import.use")
        self.use_button.setAccessibleName(self.use_button.text())
        self.use_button.setProperty("primary", True)
        self.use_button.setDefault(True)
        self.use_button.clicked.connect(self.accept)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setObjectName("import.cancel")
        cancel.setAccessibleName(cancel.text())
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        sides = QHBoxLayout()
        sides.setSpacing(2 * tokens.space_large)
        sides.addWidget(self.reading, 3)
        sides.addWidget(self.result, 2)
        foot = QHBoxLayout()
        foot.setSpacing(tokens.space)
        self.sum = dim_label()
        foot.addWidget(self.sum)
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.use_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[tokens.space_large] * 4)
        column.setSpacing(tokens.space_large)
        column.addLayout(sides, 1)
        column.addLayout(foot)

    def is_busy(self) -> bool:
        """Whether what is shown is still going to change."""
        return self._answers.is_busy

    def _look(self) -> None:
        """Look at the files as the user says now; an earlier look is given up."""
        self._control.stop()
        self._control = JobControl()
        self.use_button.setEnabled(False)
        self.sum.setText(self.tr("Looking for the images …"))
        self._answers.ask(self.reading.work(self._control))

    def _show(self, look: Look) -> None:
        self.reading.show_look(look)
        self.result.show_look(look)
        self.use_button.setEnabled(look.usable > 0)
        classes = self.tr("1 class") if len(look.classes) == 1 else self.tr("{count} classes")
        said = self.tr("{images} in {classes}")
        words = said.format(images=images(look.usable), classes=classes.format(count=number(len(look.classes))))
        self.sum.setText(words if look.usable else "")

    def _show_problem(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            return
        self.sum.setText("")
        self.result.show_look(Look(lines=(Note("warning", str(error)),)))
        if not isinstance(error, EngineError):
            log.error("the files could not be looked at", exc_info=error)

    def _stop(self) -> None:
        self._control.stop()
        self._answers.forget()

    def accept(self) -> None:
        if not self.use_button.isEnabled():  # Enter, before it is known what comes of it
            return
        source = self.reading.source()
        super().accept()
        self.accepted_source.emit(source)


# ---- what the user says


class TableReading(QWidget):
    """Which column of a table is what, over its first lines."""

    wanted = Signal()  # another look

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._look: TableLook | None = None
        self.file, self.label, self.split = (
            self._make_box("import.file", self.tr("File column")),
            self._make_box("import.class", self.tr("Class column")),
            self._make_box("import.split", self.tr("Split column")),
        )
        form = QGridLayout()
        form.setHorizontalSpacing(theme().tokens.space)
        form.setVerticalSpacing(theme().tokens.space_small)
        words = (self.tr("File"), self.tr("Class"), self.tr("Split"))
        for place, (said, box) in enumerate(zip(words, (self.file, self.label, self.split), strict=True)):
            form.addWidget(dim_label(said), 0, place)
            form.addWidget(box, 1, place)
            form.setColumnStretch(place, 1)
        self.table = _make_table("import.rows", self.tr("First rows"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        sentence = self.tr("Which columns of “{name}” name the image and its class?")
        column.addWidget(text_label(sentence.format(name=path.name), wrap=True, strong=True))
        column.addLayout(form)
        self.note = dim_label(self.tr("The table has no headings; its columns are numbered."), wrap=True)
        self.note.hide()
        column.addWidget(self.note)
        column.addWidget(self.table, 1)

    def _make_box(self, name: str, accessible: str) -> ComboBox:
        box = ComboBox()
        box.setObjectName(name)
        box.setAccessibleName(accessible)
        box.setMinimumContentsLength(6)
        box.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.activated.connect(self.wanted)
        return box

    def columns(self) -> Columns | None:
        """What is chosen; None before the table was looked at."""
        if self._look is None:
            return None
        split = self.split.currentIndex() - 1  # the first entry is for none
        return Columns(self.file.currentIndex(), self.label.currentIndex(), None if split < 0 else split)

    def work(self, control: JobControl) -> Callable[[], TableLook]:
        """What is to be done on a thread."""
        path, columns = self._path, self.columns()
        return lambda: look_at_table(path, columns, control)

    def show_look(self, look: TableLook) -> None:
        """Fill in headings and rows; what the user chose stays."""
        if self._look is None:
            for box in (self.file, self.label):
                box.addItems(look.head.columns)
            self.split.addItems([self.tr("none"), *look.head.columns])
            used = look.columns
            self.file.setCurrentIndex(used.file)
            self.label.setCurrentIndex(used.label)
            self.split.setCurrentIndex(0 if used.split is None else used.split + 1)
            self.note.setVisible(not look.head.has_heading)
            _fill(self.table, look.head.columns, look.rows)
        self._look = look
        used = look.columns
        _stress(self.table, {used.file, used.label, used.split} - {None})

    def source(self) -> Chosen:
        """What reads the table as chosen."""
        head, columns = self._look.head, self.columns()
        # As it is dropped anywhere else, where nothing was changed: the two then share what they make.
        names = ("", "", "") if columns == head.usual else named_columns(head, columns)
        settings = dict(zip(("file_column", "label_column", "split_column"), names, strict=True))
        return Chosen("table", {"path": str(self._path), **{key: name for key, name in settings.items() if name}})


class NamesReading(QWidget):
    """How names are built, over some of them with the class that comes of it."""

    wanted = Signal()  # another look

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._look: NamesLook | None = None
        self.pattern = ComboBox()
        self.pattern.setObjectName("import.pattern")
        self.pattern.setAccessibleName(self.tr("Pattern"))
        self.pattern.setEditable(True)
        self.pattern.setInsertPolicy(ComboBox.InsertPolicy.NoInsert)
        self.pattern.setCompleter(None)  # it would change the capitals and braces that were typed
        self.pattern.editTextChanged.connect(self._on_edited)
        self.pattern.setToolTip(self.tr("The list has patterns that fit these names."))
        self.table = _make_table("import.rows", self.tr("Names and classes"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        sentence = self.tr("Where in the names of “{name}” does the class stand?")
        column.addWidget(text_label(sentence.format(name=folder.name), wrap=True, strong=True))
        column.addWidget(self.pattern)
        help_text = self.tr("{class} stands for the class, {number} for digits, {rest} for anything.")
        column.addWidget(dim_label(help_text, wrap=True))
        column.addWidget(self.table, 1)

    def work(self, control: JobControl) -> Callable[[], NamesLook]:
        """What is to be done on a thread."""
        folder, look = self._folder, self._look
        pattern = None if look is None else self.pattern.currentText()
        files = None if look is None else look.files
        return lambda: look_at_names(folder, files, pattern, control)

    def show_look(self, look: NamesLook) -> None:
        """Fill in suggestions and names; what the user types stays."""
        if self._look is None:
            self.pattern.blockSignals(True)
            self.pattern.addItems(look.suggested)
            self.pattern.setEditText(look.pattern)
            self.pattern.blockSignals(False)
        self._look = look
        rows = [(name, label or "–") for name, label in look.rows]
        _fill(self.table, (self.tr("Name"), self.tr("Class")), rows)
        _stress(self.table, {1})

    def _on_edited(self) -> None:
        if self._look is not None:
            self.wanted.emit()

    def source(self) -> Chosen:
        """What reads the names as said."""
        return Chosen("named", {"path": str(self._folder), "pattern": self.pattern.currentText().strip()})


def _make_table(name: str, accessible: str) -> QTableWidget:
    table = QTableWidget()
    table.setObjectName(name)
    table.setAccessibleName(accessible)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.horizontalHeader().setHighlightSections(False)
    return table


def _fill(table: QTableWidget, columns: tuple[str, ...], rows: object) -> None:
    table.setColumnCount(len(columns))
    table.setHorizontalHeaderLabels(columns)
    table.setRowCount(len(rows))
    for line, cells in enumerate(rows):
        for place in range(len(columns)):
            text = cells[place].strip()[:LONGEST_CELL] if place < len(cells) else ""
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            table.setItem(line, place, item)
    header = table.horizontalHeader()
    if len(columns) <= 4:  # few enough to share the width; more are scrolled
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    else:
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for place in range(len(columns)):
            table.setColumnWidth(place, theme().px(120))


def _stress(table: QTableWidget, columns: set[int]) -> None:
    """Set off what is used."""
    for place in range(table.columnCount()):
        font = QFont()
        font.setWeight(QFont.Weight.DemiBold if place in columns else QFont.Weight.Normal)
        for item in (table.horizontalHeaderItem(place), *(table.item(row, place) for row in range(table.rowCount()))):
            item.setFont(font)


# ---- what comes of it


class ResultView(QWidget):
    """Classes with counts, a few images, and what is to be said about them. Press a class to see images of it only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = Look()
        self.count = dim_label()
        self.classes = ClassList()
        self.classes.setObjectName("import.classes")
        self.classes.filtered.connect(self._show_examples)
        # Nothing to rename or drop on yet: there is no data set.
        self.classes.setEditTriggers(ClassList.EditTrigger.NoEditTriggers)
        self.classes.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.classes.setAcceptDrops(False)
        self.strip = ExampleStrip()
        self.strip.setObjectName("import.examples")
        self.strip.setAccessibleName(self.tr("Some images"))
        self.notes = NoteList()
        self.notes.setObjectName("import.notes")
        title = QHBoxLayout()
        title.addWidget(heading(self.tr("Classes")))
        title.addStretch(1)
        title.addWidget(self.count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addLayout(title)
        column.addWidget(self.classes, 1000)
        self._some = heading(self.tr("Some images"))
        column.addWidget(self._some)
        column.addWidget(self.strip)
        column.addSpacing(theme().tokens.space)
        column.addWidget(self.notes)
        column.addStretch(1)

    def show_look(self, look: Look) -> None:
        """Show what would come of it."""
        self._look = look
        self.count.setText(number(len(look.classes)) if look.classes else "")
        self.classes.set_classes(look.classes, look.counts)
        self.classes.show_filter(-1)
        self._show_examples(-1)
        for widget in (self.classes, self._some, self.strip):
            widget.setVisible(bool(look.classes))
        self.notes.set_notes(look.lines)

    def _show_examples(self, label: int) -> None:
        self.strip.set_examples(self._look.of_all() if label < 0 else self._look.of_class(label))


class NoteList(QWidget):
    """Sentences, each behind a sign for its kind."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notes: tuple[Note, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme().tokens.space_small)

    def notes(self) -> tuple[Note, ...]:
        """What is shown."""
        return self._notes

    def set_notes(self, notes: tuple[Note, ...]) -> None:
        """Show these in place of the ones before."""
        if notes == self._notes:
            return
        self._notes = notes
        while (item := self._column.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        for note in notes:
            row = QWidget()
            across = QHBoxLayout(row)
            across.setContentsMargins(0, 0, 0, 0)
            across.setSpacing(theme().tokens.space)
            name, token = SIGNS[note.kind]
            across.addWidget(IconView(name, 15, color=token), 0, Qt.AlignmentFlag.AlignTop)
            across.addWidget(text_label(note.text, wrap=True), 1)
            self._column.addWidget(row)
        self.setAccessibleDescription(" ".join(note.text for note in notes))
