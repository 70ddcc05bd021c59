"""Numbers with a slider beside them, for forms that ask for it: see `SLIDER_EDITORS`."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from engine.params import Param, Value
from gui.forms.editor import Editor
from gui.forms.editors import EDITORS, IntegerEditor
from gui.forms.text_editors import NumberEditor
from gui.theme import theme

FINENESS = 100  # places on a slider, at least
SHORTEST = 44  # px at 100 % text size, of a slider that can still be set
NUMBER_WIDTH = 64  # px at 100 % text size: "0.55", "100 %" or "180°" with the arrows of a spin box


class _Slider(QSlider):
    """A slider that lets the panel scroll while it does not have the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class _WithSlider(Editor):
    """What both editors of bounded numbers have in common; `widget` stays the field that is typed into.

    To press the slider begins a gesture and to let it go ends it: one drag is one step for undo.
    """

    def __init__(self, setting: Param, parent: QWidget | None = None):
        super().__init__(setting, parent)
        self._step = slider_step(setting)
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.setAccessibleName(setting.label)
        self.slider.setAccessibleDescription(setting.help)
        self.slider.setRange(self._place_of(setting.low), self._place_of(setting.high))
        self.slider.setPageStep(max(1, (self.slider.maximum() - self.slider.minimum()) // 10))
        self.slider.installEventFilter(self)
        self._body = QWidget(parent)
        line = QHBoxLayout(self._body)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme().tokens.space)
        line.addWidget(self.slider, 1)
        line.addWidget(self.widget)
        self.slider.valueChanged.connect(self._on_slid)
        self.slider.sliderPressed.connect(self.left)
        self.slider.sliderReleased.connect(self.left)
        self.edited.connect(self._follow)
        theme().changed.connect(self._size)
        self._size()

    @property
    def body(self) -> QWidget:
        return self._body

    def show_value(self, value: Value) -> None:
        super().show_value(value)
        self._follow(value)

    def _size(self) -> None:
        self.widget.setFixedWidth(theme().px(NUMBER_WIDTH))
        self._body.setMinimumWidth(theme().px(NUMBER_WIDTH + SHORTEST) + theme().tokens.space)

    def _place_of(self, value: float) -> int:
        return round(value / self._step)

    def _value_at(self, place: int) -> Value:
        value = min(self.setting.high, max(self.setting.low, float(f"{place * self._step:.10g}")))
        return round(value) if self.setting.sort == "integer" else value

    def _on_slid(self, place: int) -> None:
        value = self._value_at(place)
        super().show_value(value)
        self.edited.emit(value)

    def _follow(self, raw: object) -> None:
        """Bring the slider to what was typed, as far as that is a number."""
        if isinstance(raw, (int, float)):
            within = min(self.setting.high, max(self.setting.low, raw))  # a slider holds 32 bits, a person types more
            with QSignalBlocker(self.slider):
                self.slider.setValue(self._place_of(within))


class NumberSlider(_WithSlider, NumberEditor):
    """A bounded number."""


class IntegerSlider(_WithSlider, IntegerEditor):
    """A bounded whole number."""


def slider_step(setting: Param) -> float:
    """From one place of a slider to the next: 1, 2 or 5 times a power of ten, 1 at least for whole numbers."""
    wanted = (setting.high - setting.low) / FINENESS * (1 + 1e-9)
    decade = 10.0 ** math.floor(math.log10(wanted))
    step = max(step * decade for step in (1, 2, 5) if step * decade <= wanted)
    return max(1, round(step)) if setting.sort == "integer" else step


def _number(setting: Param, parent: QWidget | None = None) -> Editor:
    is_bounded = setting.low is not None and setting.high is not None
    kinds = {"number": NumberSlider, "integer": IntegerSlider} if is_bounded else EDITORS
    return kinds[setting.sort](setting, parent)


SLIDER_EDITORS = {**EDITORS, "number": _number, "integer": _number}
"""`EDITORS`, with a slider where a number has both bounds."""
