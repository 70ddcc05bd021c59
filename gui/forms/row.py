"""One setting in a form: its words, its editor, and the sentence that says why a value is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from engine.errors import EngineError
from engine.params import Param, Value
from gui.forms import reading
from gui.forms.editor import Editor
from gui.forms.editors import EDITORS
from gui.theme import restyle, theme
from gui.widgets.panel import text_label

BEYOND = 1e6  # a bound that nobody comes near
LABEL_SHARE, EDITOR_SHARE = 46, 54  # of the width, the same in every row so that editors stand in one column

_gestures = count(1)  # one number for all forms: two gestures never share a merge key


class Label(QLabel):
    """The words of a row: they wrap, and never take room from the editors."""

    def __init__(self, text: str, parent: QWidget | None = None):
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("dim", True)
        self.setWordWrap(True)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(40), super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(theme().px(90), super().sizeHint().height())


def labelled(label: QWidget, editor: QWidget) -> QHBoxLayout:
    """A line with `label` at the left and `editor` at the right, divided as in every form."""
    line = QHBoxLayout()
    line.setSpacing(theme().tokens.space)
    line.addWidget(label, LABEL_SHARE)
    line.addWidget(editor, EDITOR_SHARE)
    return line


class Row(QWidget):
    """Label, editor, complaint.

    Signals:
        changed(name, value, merge_key): the user set an acceptable value. Changes of one gesture (typing in this field
            until it is left) carry the same key, which is empty where every change is a step of its own. Text that is
            no acceptable value brings back the value from before the gesture, with the same key: "10" on the way to
            "1000" is not what was meant.
    """

    changed = Signal(str, object, str)

    def __init__(
        self,
        setting: Param,
        key: str,
        parent: QWidget | None = None,
        editors: Mapping[str, Callable[[Param, QWidget | None], Editor]] = EDITORS,
    ):
        super().__init__(parent)
        self.setting = setting
        self._key = key
        self._gesture = next(_gestures)
        self._value: Value = setting.default
        self._before: Value = setting.default  # of this gesture
        self.editor = editors[setting.sort](setting, None)
        self.error = text_label(wrap=True, small=True, tone="bad")
        self.error.hide()
        label = Label(setting.label)
        label.setBuddy(self.editor.widget)
        self._describe(label)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space_small)
        column.addLayout(labelled(label, self.editor.body))
        column.addWidget(self.error)
        self.editor.edited.connect(self._on_edited)
        self.editor.left.connect(self._on_left)
        self.editor.abandoned.connect(self._on_abandoned)
        self.editor.taken_back.connect(lambda: self.force_value(self._value))

    def _describe(self, label: QWidget) -> None:
        widget, setting = self.editor.widget, self.setting
        widget.setObjectName(f"{self._key}.{setting.name}" if self._key else setting.name)
        widget.setAccessibleName(setting.label)
        widget.setAccessibleDescription(setting.help)
        widget.setWhatsThis(setting.help)
        size = widget.sizePolicy()
        if setting.sort != "switch":
            widget.setSizePolicy(QSizePolicy.Policy.Expanding, size.verticalPolicy())
        parts = (setting.help, _bounds_in_words(setting))
        for each in (widget, label):
            each.setToolTip("".join(f"<p>{part}</p>" for part in parts if part))

    @property
    def value(self) -> Value:
        """The last acceptable value, shown or set."""
        return self._value

    def show_value(self, value: Value) -> None:
        """Show `value`; nothing happens where it is the value already, so an echo never disturbs typing."""
        if value == self._value and type(value) is type(self._value):
            return
        self.force_value(value)  # it was changed elsewhere, for example by undo

    def force_value(self, value: Value) -> None:
        """Show `value` whatever stands there now."""
        self._value = value
        self._begin_gesture()
        self._complain(None)
        self.editor.show_value(value)

    def _begin_gesture(self) -> None:
        self._gesture, self._before = next(_gestures), self._value

    def _merge_key(self) -> str:
        return f"{self._key}.{self.setting.name}#{self._gesture}" if self.editor.merges else ""

    def _on_edited(self, raw: object) -> None:
        if raw is reading.INCOMPLETE:
            self._complain(None)
            self._take(self._before)
            return
        try:
            value = self.setting.clean(raw)
        except EngineError as error:
            self._complain(error)
            self._take(self._before)
            return
        self._complain(None)
        self._take(value)

    def _take(self, value: Value) -> None:
        if value != self._value or type(value) is not type(self._value):
            self._value = value
            self.changed.emit(self.setting.name, value, self._merge_key())

    def _on_left(self) -> None:
        self._begin_gesture()
        raw = self.editor.raw()
        if raw == "" and self.setting.sort != "text":
            self.force_value(self._value)  # an emptied field asks for nothing
            return
        try:
            value = self.setting.clean(raw)
        except EngineError as error:
            self._complain(error)
            return
        if value == self._value:
            self.editor.show_value(value)  # "3x5" becomes "3 × 5"

    def _on_abandoned(self) -> None:
        """Nobody waits for a correction any more: what counts is shown again, and the sentence says why."""
        if not self.editor.is_invalid():
            return
        self.editor.show_value(self._value)
        restyle(self.editor.widget, invalid=False)

    def _complain(self, error: EngineError | None) -> None:
        invalid = error is not None
        self.error.setText(" ".join(filter(None, (error.what, error.why))) if error else "")
        self.error.setVisible(invalid)
        if bool(self.editor.widget.property("invalid")) != invalid:
            restyle(self.editor.widget, invalid=invalid)


def _bounds_in_words(setting: Param) -> str:
    """What may be typed, "From 1 to 31."; empty where one only chooses, or where nobody meets the bounds."""
    low, high = setting.low, setting.high
    if setting.sort not in ("integer", "number", "pair", "size") or low is None or high is None:
        return ""
    if high >= BEYOND or reading.spans_decades(setting):
        return ""
    first = reading.write_number(low) + reading.unit_suffix(setting)
    if setting.zero_means and low == 0:
        first = f"0 ({setting.zero_means})"
    last = reading.write_number(high) + reading.unit_suffix(setting)
    return QCoreApplication.translate("Row", "From {low} to {high}.").format(low=first, high=last)
