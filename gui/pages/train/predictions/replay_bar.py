"""The slider through the epochs, with a play button."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QWidget

from gui.theme import icon, theme
from gui.widgets.panel import dim_label

WHOLE_REPLAY_MS = 8000
FASTEST_MS, SLOWEST_MS = 60, 500


class ReplayBar(QWidget):
    """Which of the finished epochs is looked at. At its end it follows the training."""

    place_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._following, self._live = True, False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        self.play = QToolButton()
        self.play.setObjectName("train.play")
        self.play.setProperty("raised", True)
        self.play.clicked.connect(self._toggle)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("train.replay")
        self.slider.setAccessibleName(self.tr("Epoch"))
        self.slider.setPageStep(1)
        self.slider.valueChanged.connect(self._on_value)
        self.words = dim_label()
        self.words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().tokens.space_large)
        row.addWidget(self.play)
        row.addWidget(dim_label(self.tr("epoch")))
        row.addWidget(self.slider, 1)
        row.addWidget(self.words)
        theme().changed.connect(self._size)
        self._size()
        self.set_epochs(0, live=False)

    def set_epochs(self, count: int, *, live: bool) -> None:
        """Offer epochs 1 to `count`; `live`: more are coming."""
        self._live = live
        self.slider.blockSignals(True)
        self.slider.setRange(min(1, count), count)
        if self._following:
            self.slider.setValue(count)
        self.slider.blockSignals(False)
        self.setEnabled(count > 0)
        self.play.setEnabled(count > 1)
        if count < 2:
            self._stop()
        self._size()
        self._tell()

    def follow(self) -> None:
        """Go to the end and stay there while epochs come."""
        self._stop()
        self._following = True
        self.slider.setValue(self.slider.maximum())
        self._tell()

    def is_following(self) -> bool:
        """Whether the newest answers are shown."""
        return self._following

    def is_playing(self) -> bool:
        """Whether the epochs run by."""
        return self._timer.isActive()

    def count(self) -> int:
        """Return how many epochs are offered."""
        return self.slider.maximum()

    def place(self) -> int:
        """Return which stored epoch is looked at, counted from 0; -1 when there is none."""
        return self.slider.value() - 1

    def go_to(self, place: int) -> None:
        """Look at a stored epoch, counted from 0."""
        self.slider.setValue(place + 1)

    def _on_value(self, value: int) -> None:
        self._following = value == self.slider.maximum()
        self._tell()
        self.place_changed.emit()

    def _toggle(self) -> None:
        if self.is_playing():
            self._stop()
            return
        if self._following:
            self.slider.setValue(self.slider.minimum())
        each = WHOLE_REPLAY_MS // max(1, self.slider.maximum())
        self._timer.start(max(FASTEST_MS, min(SLOWEST_MS, each)))
        self._tell()

    def _step(self) -> None:
        self.slider.setValue(self.slider.value() + 1)
        if self.slider.value() >= self.slider.maximum():
            self._stop()

    def _stop(self) -> None:
        self._timer.stop()
        self._tell()

    def _tell(self) -> None:
        value, last = self.slider.value(), self.slider.maximum()
        if last == 0:
            text = self.tr("live") if self._live else ""
        elif self._following and self._live:
            text = self.tr("{epoch} · live").format(epoch=value)
        else:
            text = self.tr("{epoch} of {last}").format(epoch=value, last=last)
        self.words.setText(text)
        self.slider.setAccessibleDescription(text)
        playing = self.is_playing()
        self.play.setIcon(icon("pause" if playing else "play"))
        words = self.tr("Hold the replay") if playing else self.tr("Play through all epochs")
        self.play.setToolTip(words)
        self.play.setAccessibleName(words)

    def _size(self) -> None:
        self.play.setIconSize(QSize(theme().px(14), theme().px(14)))
        # Wide enough for the longest, so that the slider does not change its length while epochs run by.
        last = self.slider.maximum()
        texts = (
            self.tr("{epoch} · live").format(epoch=last),
            self.tr("{epoch} of {last}").format(epoch=last, last=last),
        )
        self.words.setMinimumWidth(max(map(self.words.fontMetrics().horizontalAdvance, texts)))
