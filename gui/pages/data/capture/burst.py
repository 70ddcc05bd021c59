"""When to take an image: as long as a key is held, or by itself after a countdown."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal


class Burst(QObject):
    """Turns presses and releases into moments to take an image.

    Held, it takes images until it is released. With a countdown, a press counts down and then takes `number` images;
    another press stops that.

    Signals:
        shot_due(): take one now.
        counted(int): seconds left of the countdown; 0 when it is over or was stopped.
        running_changed(bool): it began or ended.
    """

    shot_due = Signal()
    counted = Signal(int)
    running_changed = Signal(bool)

    SECOND = 1000  # ms

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rate = 5  # images per second
        self.countdown = 0  # seconds; 0 for none
        self.number = 10  # images after a countdown
        self._left: int | None = None  # images still to take; None while there is no such limit
        self._seconds = 0
        self._is_running = False
        self._beat, self._clock = QTimer(self), QTimer(self)
        self._beat.timeout.connect(self._on_beat)
        self._clock.timeout.connect(self._on_second)

    @property
    def is_running(self) -> bool:
        """Whether images are being taken, or are about to be after the countdown."""
        return self._is_running

    def press(self) -> None:
        """The key or button went down."""
        if self._is_running:
            self.stop()
            return
        self._is_running = True
        self.running_changed.emit(True)
        if self.countdown:
            self._left, self._seconds = self.number, self.countdown
            self._clock.start(self.SECOND)
            self.counted.emit(self._seconds)
        else:
            self._left = None
            self._take()

    def release(self) -> None:
        """The key or button came up."""
        if self._left is None:
            self.stop()

    def stop(self) -> None:
        """Take no more."""
        if not self._is_running:
            return
        self._is_running = False
        self._beat.stop()
        self._clock.stop()
        self.counted.emit(0)
        self.running_changed.emit(False)

    def missed(self) -> None:
        """There was nothing to take at the last `shot_due`: it does not count."""
        if self._left is not None:
            self._left += 1

    def _take(self) -> None:
        self._beat.start(round(self.SECOND / self.rate))
        self._on_beat()

    def _on_second(self) -> None:
        self._seconds -= 1
        self.counted.emit(self._seconds)
        if self._seconds <= 0:
            self._clock.stop()
            self._take()

    def _on_beat(self) -> None:
        if self._left is not None:
            self._left -= 1
        self.shot_due.emit()
        if self._left is not None and self._left <= 0:
            self.stop()
