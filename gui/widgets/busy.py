"""One row that tells how far long work is, with a way out."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from gui.theme import icon, theme
from gui.widgets.elided import ElidedLabel


class BusyRow(QWidget):
    """Words, a thin bar and a cancel button; hidden until `start`."""

    cancelled = Signal()  # the user asked to stop; the row stays until `finish`

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = ElidedLabel()
        self.label.setProperty("dim", True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.cancel_button = QToolButton()
        self.cancel_button.setIcon(icon("close"))
        self.cancel_button.setToolTip(self.tr("Cancel"))
        self.cancel_button.setAccessibleName(self.tr("Cancel"))
        self.cancel_button.clicked.connect(self._on_cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().tokens.space)
        row.addWidget(self.label, 3)
        row.addWidget(self.bar, 2)
        row.addWidget(self.cancel_button)
        theme().changed.connect(self._size_icon)
        self._size_icon()
        self.hide()

    def start(self, text: str, *, can_cancel: bool = True) -> None:
        """Show the row with a bar that only says "at work"."""
        self.cancel_button.setVisible(can_cancel)
        self.cancel_button.setEnabled(True)
        self.set_progress(0, 0, text)
        self.show()

    def set_progress(self, done: int, total: int, text: str | None = None) -> None:
        """Show `done` of `total`; a total of 0 means that it is not known. `text` changes the words."""
        # Qt counts in 32 bits; thousandths are as fine as the bar can show.
        self.bar.setRange(0, 1000 if total > 0 else 0)
        if total > 0:
            self.bar.setValue(round(1000 * min(done, total) / total))
        if text is not None:
            self.label.setText(text)
            self.bar.setAccessibleName(text)

    def finish(self) -> None:
        """Hide the row."""
        self.hide()

    def _on_cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.cancelled.emit()

    def _size_icon(self) -> None:
        self.cancel_button.setIconSize(QSize(theme().px(14), theme().px(14)))
