"""Editors that are a line of text: numbers of any magnitude, pairs, words."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from engine.params import Param, Value
from gui.forms import reading
from gui.forms.editor import Editor, field_size
from gui.widgets.fields import ElidingCombo


class _Line(QLineEdit):
    """A line that hands arrow keys and the wheel to `step`, and selects its text when it is entered."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.step: Callable[[int], None] | None = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 3, Qt.Key.Key_PageDown: -3}
        if self.step is not None and event.key() in steps:
            self.step(steps[event.key()])
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.step is None or not self.hasFocus() or not event.angleDelta().y():
            event.ignore()  # the panel behind scrolls
        else:
            self.step(1 if event.angleDelta().y() > 0 else -1)

    def minimumSizeHint(self) -> QSize:
        return field_size(56)

    def sizeHint(self) -> QSize:
        return field_size(110)


class TextEditor(Editor):
    """Any text, taken as it is typed."""

    def __init__(self, setting: Param, parent: QWidget | None = None):
        self.line = _Line(parent)
        super().__init__(setting, self.line)
        self._shown: Value = setting.default
        self.line.textEdited.connect(self._on_edited)
        self.line.returnPressed.connect(self.left)

    def show_value(self, value: Value) -> None:
        self._shown = value
        text = self._write(value)
        if text != self.line.text():
            self.line.setText(text)
            self.line.setCursorPosition(0)

    def raw(self) -> object:
        value = self._read(self.line.text())
        return self.line.text() if value is reading.INCOMPLETE else value

    def _on_edited(self, text: str) -> None:
        self.edited.emit(self._read(text))

    def _read(self, text: str) -> object:
        return text

    def _write(self, value: Value) -> str:
        return str(value)


class NumberEditor(TextEditor):
    """A number of any magnitude, never rounded to a fixed number of decimals."""

    def __init__(self, setting: Param, parent: QWidget | None = None):
        super().__init__(setting, parent)
        self.line.step = self._step

    def _step(self, steps: int) -> None:
        value = self._read(self.line.text())
        if not isinstance(value, float) or (value <= 0 and reading.spans_decades(self.setting)):
            value = float(self._shown)
        value = reading.stepped(value, steps, self.setting)
        self.line.setText(self._write(value))
        self.line.selectAll()
        self.edited.emit(value)

    def _read(self, text: str) -> object:
        return reading.read_number(text, self.setting)

    def _write(self, value: Value) -> str:
        return reading.write_value(float(value), self.setting)


class PairEditor(TextEditor):
    """Height and width: "3" means both, "3 × 5" each; the arrow keys change both."""

    def __init__(self, setting: Param, parent: QWidget | None = None):
        super().__init__(setting, parent)
        self.line.step = self._step

    def _step(self, steps: int) -> None:
        value = self._read(self.line.text())
        numbers = value if isinstance(value, tuple) else (value, value) if isinstance(value, int) else None
        if numbers is None:
            return
        low, high = int(self.setting.low or 0), int(self.setting.high or 2**31 - 1)
        first, second = (min(high, max(low, number + steps)) for number in numbers)
        stepped = first if first == second else (first, second)
        self.line.setText(self._write(stepped))
        self.edited.emit(stepped)

    def _read(self, text: str) -> object:
        return reading.read_pair(text, self.setting)

    def _write(self, value: Value) -> str:
        return reading.write_value(value, self.setting)


class QuietCombo(ElidingCombo):
    """A combo box that lets the panel scroll while it does not have the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus() or (self.lineEdit() is not None and self.lineEdit().hasFocus()):
            super().wheelEvent(event)
        else:
            event.ignore()

    def minimumSizeHint(self) -> QSize:
        return field_size(56)

    def sizeHint(self) -> QSize:
        return field_size(110)


class SizeEditor(Editor):
    """A combo box of words in which a whole number can be typed as well."""

    def __init__(self, setting: Param, parent: QWidget | None = None):
        self.combo = QuietCombo(parent)
        self.combo.setEditable(True)
        super().__init__(setting, self.combo)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.setCompleter(None)  # it would complete "v" to "valid" behind our back
        self.combo.addItems(setting.choice_labels or setting.choices)
        self.combo.activated.connect(self._on_picked)
        self.combo.lineEdit().textEdited.connect(self._on_edited)
        self.combo.lineEdit().returnPressed.connect(self.left)

    def show_value(self, value: Value) -> None:
        if isinstance(value, str) and value in self.setting.choices:
            self.combo.setCurrentIndex(self.setting.choices.index(value))
        else:
            self.combo.setCurrentIndex(-1)
            self.combo.setEditText(reading.write_value(value, self.setting))

    def raw(self) -> object:
        value = reading.read_size(self.combo.currentText(), self.setting)
        return self.combo.currentText() if value is reading.INCOMPLETE else value

    def _on_picked(self, index: int) -> None:
        self.edited.emit(self.setting.choices[index])

    def _on_edited(self, text: str) -> None:
        self.edited.emit(reading.read_size(text, self.setting))
