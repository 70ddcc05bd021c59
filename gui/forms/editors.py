"""Which editor a sort of setting gets."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, QSize
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
        return value if isinstance(value, int) else self.value()

    def validate(self, text: str, position: int) -> object:
        value = reading.read_integer(text, self._setting)
        if isinstance(value, int):
            fits = abs(value) <= _LARGEST
            return (QValidator.State.Acceptable if fits else QValidator.State.Invalid), text, position
        # The word for zero while it is typed, and a unit that is being deleted letter by letter.
        zero_word, unit = self._setting.zero_means.casefold(), self._setting.unit.replace(" ", "")
        unfinished = value is reading.INCOMPLETE or (
            zero_word.startswith(str(value).casefold()) or str(value).lstrip("-0123456789") in unit
        )
        state = QValidator.State.Intermediate if unfinished else QValidator.State.Invalid
        return state, text, position

    def fixup(self, text: str) -> str:
        digits = "".join(character for character in text if character.isdigit())
        return digits or self.textFromValue(self.value())

    def stepBy(self, steps: int) -> None:
        self.setValue(min(self._high, max(self._low, self.value() + steps)))
        self.selectAll()

    def stepEnabled(self) -> QSpinBox.StepEnabledFlag:
        flags = QSpinBox.StepEnabledFlag.StepNone
        if self.value() < self._high:
            flags |= QSpinBox.StepEnabledFlag.StepUpEnabled
        if self.value() > self._low:
            flags |= QSpinBox.StepEnabledFlag.StepDownEnabled
        return flags

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # "off" cannot be typed into; a digit means a number in its place.
        if self.lineEdit().text() == self._setting.zero_means and event.text().isdigit():
            self.selectAll()
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
        self.spin.valueChanged.connect(self.edited.emit)
        self.spin.editingFinished.connect(self.left)

    def show_value(self, value: Value) -> None:
        with QSignalBlocker(self.spin):
            self.spin.setValue(int(value))
        text = self.spin.textFromValue(int(value))
        if self.spin.lineEdit().text() != text:  # the same number in another writing, such as "032"
            with QSignalBlocker(self.spin.lineEdit()):
                self.spin.lineEdit().setText(text)

    def raw(self) -> object:
        return self.spin.value()


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
