"""Which editor a sort of setting gets."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QSpinBox, QWidget

from engine.params import Param, Value
from gui.forms import reading
from gui.forms.editor import Editor, field_size
from gui.forms.text_editors import NumberEditor, PairEditor, QuietCombo, SizeEditor, TextEditor
from gui.theme import theme

_LARGEST = 2**31 - 1  # of Qt's spin box


class _Spin(QSpinBox):
    """A spin box that lets any whole number be typed, so that the form can say in words why one is refused; the
    arrows stay within the bounds. Unit and the word for zero are part of its text."""

    stepped = Signal(int)  # also where the number stayed: refused text went

    def __init__(self, setting: Param, parent: QWidget | None = None):
        super().__init__(parent)
        self._setting = setting
        self._low = int(setting.low) if setting.low is not None else -_LARGEST
        self._high = int(setting.high) if setting.high is not None else _LARGEST
        self.setRange(-_LARGEST, _LARGEST)
        # Qt ignores the style sheet's left padding in a spin box whose buttons are styled.
        self.lineEdit().setTextMargins(theme().tokens.space, 0, 0, 0)

    def textFromValue(self, value: int) -> str:
        return reading.write_value(value, self._setting)

    def valueFromText(self, text: str) -> int:
        value = reading.read_integer(text, self._setting)
        return value if isinstance(value, int) and abs(value) <= _LARGEST else self.value()

    def validate(self, text: str, position: int) -> object:
        # Qt would swallow the letters of "1e9" and make 19 of it. Everything may stand here; the form judges it.
        return QValidator.State.Acceptable, text, position

    def stepBy(self, steps: int) -> None:
        self.setValue(min(self._high, max(self._low, self.value() + steps)))
        self.selectAll()
        self.stepped.emit(self.value())

    def stepEnabled(self) -> QSpinBox.StepEnabledFlag:
        flags = QSpinBox.StepEnabledFlag.StepNone
        if self.value() < self._high or self.property("invalid"):
            flags |= QSpinBox.StepEnabledFlag.StepUpEnabled
        if self.value() > self._low or self.property("invalid"):
            flags |= QSpinBox.StepEnabledFlag.StepDownEnabled
        return flags

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # "off" cannot be typed into; a digit means a number in its place.
        if self.lineEdit().text() == self._setting.zero_means and event.text().isdigit():
            self.selectAll()
        is_number = isinstance(reading.read_integer(self.lineEdit().text(), self._setting), int)
        refused = self.property("invalid") or not is_number
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and refused:
            self.editingFinished.emit()  # Qt would put the last number in the place of what was refused
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()  # the panel behind scrolls

    def minimumSizeHint(self) -> QSize:
        return field_size(56)

    def sizeHint(self) -> QSize:
        return field_size(110)


class IntegerEditor(Editor):
    """A whole number in a spin box."""

    def __init__(self, setting: Param, parent: QWidget | None = None):
        self.spin = _Spin(setting, parent)
        super().__init__(setting, self.spin)
        self.spin.valueChanged.connect(self._on_number)
        self.spin.stepped.connect(self.edited.emit)
        self.spin.lineEdit().textEdited.connect(self._on_text)
        self.spin.editingFinished.connect(self.left)

    def show_value(self, value: Value) -> None:
        with QSignalBlocker(self.spin):
            self.spin.setValue(int(value))
        text = self.spin.textFromValue(int(value))
        if self.spin.lineEdit().text() != text:  # the same number in another writing, such as "032"
            with QSignalBlocker(self.spin.lineEdit()):
                self.spin.lineEdit().setText(text)

    def raw(self) -> object:
        text = self.spin.lineEdit().text()
        value = reading.read_integer(text, self.setting)
        return text if value is reading.INCOMPLETE else value

    def _on_number(self, value: int) -> None:
        if reading.read_integer(self.spin.lineEdit().text(), self.setting) == value:
            self.edited.emit(value)

    def _on_text(self, text: str) -> None:
        value = reading.read_integer(text, self.setting)
        self.edited.emit(reading.INCOMPLETE if reading.may_become_integer(value, self.setting) else value)


class SwitchEditor(Editor):
    """Yes or no."""

    merges = False

    def __init__(self, setting: Param, parent: QWidget | None = None):
        self.box = QCheckBox(parent)
        super().__init__(setting, self.box)
        self.box.toggled.connect(self.edited.emit)

    def show_value(self, value: Value) -> None:
        with QSignalBlocker(self.box):
            self.box.setChecked(bool(value))

    def raw(self) -> object:
        return self.box.isChecked()


class ChoiceEditor(Editor):
    """One of a few words."""

    merges = False

    def __init__(self, setting: Param, parent: QWidget | None = None):
        self.combo = QuietCombo(parent)
        super().__init__(setting, self.combo)
        self.combo.addItems(setting.choice_labels or setting.choices)
        self.combo.currentIndexChanged.connect(self._on_picked)

    def show_value(self, value: Value) -> None:
        with QSignalBlocker(self.combo):
            self.combo.setCurrentIndex(self.setting.choices.index(value) if value in self.setting.choices else -1)

    def raw(self) -> object:
        index = self.combo.currentIndex()
        return self.setting.choices[index] if index >= 0 else self.setting.default

    def _on_picked(self, index: int) -> None:
        if index >= 0:
            self.edited.emit(self.setting.choices[index])


EDITORS: dict[str, Callable[[Param, QWidget | None], Editor]] = {
    "switch": SwitchEditor,
    "integer": IntegerEditor,
    "number": NumberEditor,
    "choice": ChoiceEditor,
    "pair": PairEditor,
    "size": SizeEditor,
    "text": TextEditor,
}
"""By `Param.sort`; each is made with the setting and a parent widget."""
