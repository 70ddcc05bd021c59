"""Small pieces of work off the GUI thread: a thumbnail, a preview, a look at the disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QMetaMethod, QObject, QRunnable, Qt, QThreadPool, Signal, Slot

log = logging.getLogger(__name__)

Work = Callable[[], Any]


class _Bridge(QObject):
    """Carries one answer to the GUI thread. Nobody's child: the task keeps it alive until it has answered."""

    answered = Signal(object)
    failed = Signal(object)


class _Task(QRunnable):
    def __init__(self, work: Work, bridge: _Bridge) -> None:
        super().__init__()
        self._work, self._bridge = work, bridge

    def run(self) -> None:
        try:
            answer = self._work()
        except Exception as error:
            self._bridge.failed.emit(error)
        else:
            self._bridge.answered.emit(answer)


class LatestAnswer(QObject):
    """Asks one question at a time off the GUI thread; of several that wait, only the newest is asked.

    Signals (in the GUI thread, never for a question that was replaced by a newer one):
        answered(object): what the work returned.
        failed(Exception): what it raised.
    """

    answered = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked: _Bridge | None = None  # never the task itself: its pool deletes that
        self._waiting: Work | None = None
        self._is_wanted = False

    @property
    def is_busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._asked is not None and (self._is_wanted or self._waiting is not None)

    def ask(self, work: Work) -> None:
        """Run `work()` on a thread; an answer to an earlier question is no longer delivered."""
        if self._asked is not None:
            self._waiting, self._is_wanted = work, False
            return
        self._is_wanted = True
        bridge = self._asked = _Bridge()
        # Queued, and to methods of an object that lives in the GUI thread: anything else would run over there.
        bridge.answered.connect(self._on_answered, Qt.ConnectionType.QueuedConnection)
        bridge.failed.connect(self._on_failed, Qt.ConnectionType.QueuedConnection)
        QThreadPool.globalInstance().start(_Task(work, bridge))

    def forget(self) -> None:
        """No answer is wanted any more."""
        self._waiting, self._is_wanted = None, False

    @Slot(object)
    def _on_answered(self, answer: object) -> None:
        if self._next():
            self.answered.emit(answer)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if self._next():
            if not self.isSignalConnected(QMetaMethod.fromSignal(self.failed)):
                log.error("background work failed", exc_info=error)
            self.failed.emit(error)

    def _next(self) -> bool:
        """Start the question that waits; returns whether the answer at hand is still wanted."""
        wanted, self._is_wanted = self._is_wanted, False
        work, self._waiting, self._asked = self._waiting, None, None
        if work is not None:
            self.ask(work)
        return wanted
