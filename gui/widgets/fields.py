"""Number and choice fields that behave inside a scrolling form."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QSpinBox, QWidget

INDENT = 8  # px, as line edits and combo boxes have


class _Calm:
    """The wheel changes the value only once the field was chosen: scrolling past a form must not edit it."""

    def _be_calm(self: QWidget) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self: QWidget, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


def indent(box: QAbstractSpinBox) -> None:
    """Move the figures of a spin box in: Qt 6.11 gives its edit field no left padding from the style sheet."""
    box.lineEdit().setTextMargins(INDENT, 0, 0, 0)


class SpinBox(_Calm, QSpinBox):
    """A whole number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._be_calm()
        indent(self)


class DoubleSpinBox(_Calm, QDoubleSpinBox):
    """A number with decimals."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._be_calm()
        indent(self)


class ComboBox(_Calm, QComboBox):
    """One of several."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._be_calm()
