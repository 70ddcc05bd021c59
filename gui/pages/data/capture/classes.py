"""Which class the images are of, how many each has, and a way to name a new one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.data.collect import safe_class_name
from engine.errors import EngineError
from gui.pages.data.capture.popup_box import PopupBox
from gui.theme import icon, theme
from gui.widgets.bars import number
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import text_label

LISTED = 12  # classes whose counts are written out; of more, only the extremes


class ClassChooser(QWidget):
    """A list of classes with their counts; "New class…" turns into a field for the name.

    Signals:
        chosen(str): another class is the current one, by the user or by `choose`; empty for none.
        settled(): the user is done with choosing or naming a class.
    """

    chosen = Signal(str)
    settled = Signal()

    def __init__(self, classes: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: dict[str, int] | None = None
        self._change: dict[str, int] = {}  # since the counts are known, or until they are
        self.box = PopupBox()
        self.box.setObjectName("collect.class")
        self.box.setAccessibleName(self.tr("Class"))
        self.box.setToolTip(self.tr("Keys 1 to 9 choose one of the first nine"))
        for name in dict.fromkeys(classes):
            self.box.addItem(name, name)
        self.box.currentIndexChanged.connect(self._on_chosen)
        self.box.folded.connect(self.settled)
        self._make_new()
        self.counts = ElidedLabel()
        self.counts.setObjectName("collect.counts")
        self.counts.setProperty("dim", True)
        self._lay_out()
        self._show_counts()
        self._show_field(not classes)

    def _make_new(self) -> None:
        self.new = QPushButton(self.tr("New class…"))
        self.new.setIcon(icon("plus"))
        self.new.setObjectName("collect.new_class")
        self.new.setAutoDefault(False)
        self.new.clicked.connect(self._on_new)
        self.name = QLineEdit()
        self.name.setObjectName("collect.new_class.name")
        self.name.setAccessibleName(self.tr("Name of the new class"))
        self.name.setPlaceholderText(self.tr("Name of the new class"))
        self.name.returnPressed.connect(self._on_named)
        self.name.textChanged.connect(self._on_typed)
        self.name.installEventFilter(self)
        self.make = QPushButton(self.tr("Add class"))
        self.make.setObjectName("collect.new_class.add")
        self.make.setAutoDefault(False)
        self.make.clicked.connect(self._on_named)
        self.leave = QPushButton(self.tr("Cancel"))
        self.leave.setObjectName("collect.new_class.cancel")
        self.leave.setAutoDefault(False)
        self.leave.clicked.connect(self._on_left)
        for button in (self.new, self.make, self.leave):
            button.setAccessibleName(button.text())
        self.problem = text_label(wrap=True, tone="bad")
        self.problem.hide()

    def _lay_out(self) -> None:
        tokens = theme().tokens
        row = QHBoxLayout()
        row.setSpacing(tokens.space)
        label = text_label(self.tr("Class"))
        label.setBuddy(self.box)
        row.addWidget(label)
        row.addWidget(self.box, 1)
        row.addWidget(self.name, 1)
        for button in (self.new, self.make, self.leave):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.space_small)
        column.addLayout(row)
        column.addWidget(self.problem)
        column.addWidget(self.counts)

    # ---- the classes

    def names(self) -> list[str]:
        """All classes, in order."""
        return [self.box.itemData(place) for place in range(self.box.count())]

    def current(self) -> str:
        """The chosen class; empty while there is none."""
        return self.box.currentData() or ""

    def choose(self, name: str) -> None:
        """Choose a class; one that is not there changes nothing."""
        place = self.box.findData(name)
        if place >= 0:
            self.box.setCurrentIndex(place)

    def choose_number(self, place: int) -> None:
        """Choose a class by its place, 0 for the first; a place that is not there changes nothing."""
        if 0 <= place < self.box.count():
            self.box.setCurrentIndex(place)

    def add_class(self, typed: str) -> None:
        """Take a new class and choose it; one that is there, in capitals or not, is chosen instead.

        Raises: EngineError, for a name that cannot be a class.
        """
        name = typed.strip()
        if name not in self.names():
            name = safe_class_name(name)
            folded = {other.casefold(): other for other in self.names()}
            name = name if name in self.names() else folded.get(name.casefold(), name)
        if name not in self.names():
            if self._counts is not None:
                self._counts.setdefault(name, 0)
            self.box.addItem(name, name)
            self._show_counts()
        self.choose(name)

    # ---- counts

    def set_counts(self, counts: dict[str, int]) -> None:
        """Say how many images each class has now."""
        self._counts, self._change = dict(counts), {}
        self._show_counts()

    def count(self, name: str, change: int) -> None:
        """There are `change` more images of a class, or fewer."""
        self._change[name] = self._change.get(name, 0) + change
        self._show_counts()

    def count_of(self, name: str) -> int:
        """Images of a class, as far as is known."""
        return (self._counts or {}).get(name, 0) + self._change.get(name, 0)

    def _show_counts(self) -> None:
        counts = {name: self.count_of(name) for name in self.names()}
        known = self._counts is not None
        for place, (name, count) in enumerate(counts.items()):
            key = f"{place + 1}   " if place < 9 else ""
            self.box.setItemText(place, f"{key}{name} ({number(count)})" if known else f"{key}{name}")
        self.counts.setText(self._said(counts) if known else self.tr("Counting the images…"))
        self.counts.setVisible(bool(counts))

    def _said(self, counts: dict[str, int]) -> str:
        if len(counts) <= LISTED:
            return " · ".join(f"{name} {number(count)}" for name, count in counts.items())
        fewest, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
        said = self.tr("Fewest: {fewest} {least} · most: {most} {largest}")
        return said.format(fewest=fewest, least=number(counts[fewest]), most=most, largest=number(counts[most]))

    # ---- what the user does

    def _on_chosen(self) -> None:
        self.chosen.emit(self.current())

    def _on_new(self) -> None:
        self._show_field(True)
        self.name.setFocus()

    def _on_left(self) -> None:
        self._show_field(False)
        self.box.setFocus()

    def _on_typed(self) -> None:
        self.problem.hide()
        self.make.setEnabled(bool(self.name.text().strip()))

    def _on_named(self) -> None:
        try:
            self.add_class(self.name.text())
        except EngineError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self._show_field(False)
        self.settled.emit()

    def _show_field(self, shown: bool) -> None:
        """Show the field for a new name instead of the list; without classes there is no list to go back to."""
        with QSignalBlocker(self.name):
            self.name.clear()
        self._on_typed()
        for widget in (self.box, self.new):
            widget.setVisible(not shown)
        for widget in (self.name, self.make):
            widget.setVisible(shown)
        self.leave.setVisible(shown and self.box.count() > 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Escape leaves the field, not the window.
        pressed = watched is self.name and event.type() == QEvent.Type.KeyPress
        if pressed and event.key() == Qt.Key.Key_Escape and self.box.count():
            self._on_left()
            return True
        return super().eventFilter(watched, event)
