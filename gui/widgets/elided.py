"""A label and a button that shorten their text to the room they have."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter, QWidget


class ElidedLabel(QLabel):
    """One line of plain text, shortened with "…" (right, or in the middle for paths); the tool tip has it whole.

    `text()` always returns the whole text. A tool tip set from outside is kept only until the next change of text.
    """

    def __init__(self, text: str = "", *, middle: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def setText(self, text: str) -> None:
        # One line only: a line break inside a file name would be drawn below the visible part.
        super().setText(" ".join(text.split("\n")))
        self.setAccessibleName(self.text())
        self._update_tool_tip()

    def shown_text(self) -> str:
        """Return the text as it is drawn at the present width."""
        return self.fontMetrics().elidedText(self.text(), self._mode, self.contentsRect().width())

    def sizeHint(self) -> QSize:
        margins = self.contentsMargins()
        width = self.fontMetrics().horizontalAdvance(self.text()) + margins.left() + margins.right() + 2
        return QSize(width, self.fontMetrics().height() + margins.top() + margins.bottom())

    def minimumSizeHint(self) -> QSize:
        few = self.fontMetrics().horizontalAdvance("mm…")
        return QSize(min(few, self.sizeHint().width()), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._update_tool_tip()

    def _update_tool_tip(self) -> None:
        self.setToolTip("" if self.shown_text() == self.text() else self.text())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        # Through the style, so that the style sheet's colour and the disabled state apply.
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            int(self.alignment()) | int(Qt.TextFlag.TextSingleLine),
            self.palette(),
            self.isEnabled(),
            self.shown_text(),
            self.foregroundRole(),
        )


class ElidedButton(QPushButton):
    """A button whose text ends with "…" where it has no room, instead of being cut at both sides."""

    def shown_text(self) -> str:
        """Return the text as it is drawn at the present width."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        return self._fitted(option)

    def _fitted(self, option: QStyleOptionButton) -> str:
        room = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self).width()
        return self.fontMetrics().elidedText(option.text, Qt.TextElideMode.ElideRight, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self._fitted(option)
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)
