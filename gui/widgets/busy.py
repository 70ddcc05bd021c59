"""One row that tells how far long work is, with a way out."""

from __future__ import annotations

import time

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from gui.theme import icon, theme
from gui.widgets.durations import duration_in_words
from gui.widgets.elided import ElidedLabel

SAID_AFTER = 3.0  # s of work: what ends sooner needs no forecast
SMOOTHING = 0.1  # share of the newest figure in the forecast


class _Pace:
    """How long work will still take, by how fast it went so far."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None
        self._total = 0
        self._rate = 0.0
        self._last = (0.0, 0)

    def left(self, done: int, total: int) -> str | None:
        """The time left in words; None while nobody can know."""
        now = time.monotonic()
        if self._began is None or total != self._total or done < self._last[1]:
            self._began, self._total, self._rate = (now, done), total, 0.0  # what was there already cost no time
            self._last = (now, done)
            return None
        since, got = now - self._last[0], done - self._last[1]
        if since > 0.5 and got > 0:
            rate = got / since
            self._rate = rate if not self._rate else (1 - SMOOTHING) * self._rate + SMOOTHING * rate
            self._last = (now, done)
        if now - self._began[0] < SAID_AFTER or not self._rate:
            return None
        return duration_in_words((total - done) / self._rate)


class BusyRow(QWidget):
    """Words, a thin bar and a cancel button; hidden until `start`."""

    cancelled = Signal()  # the user asked to stop; the row stays until `finish`

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pace, self._text = _Pace(), ""
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
        self._pace = _Pace()
        self.cancel_button.setVisible(can_cancel)
        self.cancel_button.setEnabled(True)
        self.set_progress(0, 0, text)
        self.show()

    def set_progress(self, done: int, total: int, text: str | None = None) -> None:
        """Show `done` of `total`; a total of 0 means that it is not known. `text` changes the words."""
        left = self._pace.left(done, total) if total > 0 else None
        # Qt counts in 32 bits; thousandths are as fine as the bar can show.
        self.bar.setRange(0, 1000 if total > 0 else 0)
        if total > 0:
            self.bar.setValue(round(1000 * min(done, total) / total))
        if text is not None:
            self._text = text
        words = self._text if left is None else self.tr("{text} · {left} left").format(text=self._text, left=left)
        self.label.setText(words)
        self.bar.setAccessibleName(words)

    def finish(self) -> None:
        """Hide the row."""
        self.hide()

    def _on_cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.cancelled.emit()

    def _size_icon(self) -> None:
        self.cancel_button.setIconSize(QSize(theme().px(14), theme().px(14)))
