"""A label that takes a second line before it shortens its text."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

MOST_LINES = 2


class TwoLinesLabel(QLabel):
    """Plain text over at most two lines, the second shortened with "…" where that is too little; the tool tip then has
    it whole.

    `text()` always returns the whole text.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(" ".join(text.split("\n")))
        self.setAccessibleName(self.text())
        self._update_tool_tip()
        self.updateGeometry()

    def shown_lines(self, width: int | None = None) -> tuple[str, ...]:
        """Return the lines as they are drawn.

        Args:
            width: px; None: the present one.
        """
        width = max(1, self.contentsRect().width() if width is None else width)
        layout = QTextLayout(self.text(), self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        lines: list[str] = []
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            start = line.textStart()
            if len(lines) + 1 == MOST_LINES:
                rest = self.text()[start:]
                lines.append(self.fontMetrics().elidedText(rest, Qt.TextElideMode.ElideRight, width))
                break
            lines.append(self.text()[start : start + line.textLength()].rstrip())
        layout.endLayout()
        return tuple(lines)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return max(1, len(self.shown_lines(width))) * self.fontMetrics().height()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 2, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        few = self.fontMetrics().horizontalAdvance("mm…")
        return QSize(min(few, self.sizeHint().width()), self.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._update_tool_tip()

    def _update_tool_tip(self) -> None:
        is_whole = not self.shown_lines() or not self.shown_lines()[-1].endswith("…")
        self.setToolTip("" if is_whole else self.text())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, room, line = QPainter(self), self.contentsRect(), self.fontMetrics().height()
        for place, text in enumerate(self.shown_lines()):
            # Through the style, so that the style sheet's colour and the disabled state apply.
            self.style().drawItemText(
                painter,
                QRect(room.left(), room.top() + place * line, room.width(), line),
                int(self.alignment()) | int(Qt.TextFlag.TextSingleLine),
                self.palette(),
                self.isEnabled(),
                text,
                self.foregroundRole(),
            )
