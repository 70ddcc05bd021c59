"""Number and choice fields that behave inside a scrolling form."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
    QWidget,
)

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


class ElidingCombo(QComboBox):
    """A combo box whose text ends with "…" where it has no room, and is whole in the tool tip: Qt just cuts it."""

    def shown_text(self) -> str:
        """Return what is drawn of the chosen entry."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return self._fitting(option)

    def _fitting(self, option: QStyleOptionComboBox) -> str:
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self).width()
        return option.fontMetrics.elidedText(option.currentText, Qt.TextElideMode.ElideRight, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.isEditable():
            super().paintEvent(event)
            return
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self._fitting(option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def event(self, event: QEvent) -> bool:
        asks = isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and not self.isEditable()
        if asks and self.shown_text() != self.currentText():
            QToolTip.showText(event.globalPos(), f"<p><b>{escape(self.currentText())}</b></p>{self.toolTip()}", self)
            return True
        return super().event(event)


class ComboBox(_Calm, ElidingCombo):
    """One of several."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._be_calm()
