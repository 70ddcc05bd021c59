"""Run an engine generator on a thread of its own."""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from engine.errors import EngineError
from engine.jobs import Cancelled, JobControl
from gui.jobs.outcomes import Failed, Finished, Outcome, Stopped

Work = Callable[[JobControl], Generator[Any, None, Any]]

NICENESS = 10

log = logging.getLogger(__name__)


class JobWorker(QObject):
    """Lives on the job's thread and drives one generator to its end."""

    progressed = Signal(object)
    ended = Signal(object)

    def __init__(self, work: Work, control: JobControl):
        super().__init__()
        self._work, self._control = work, control

    @Slot()
    def run(self) -> None:
        """Emit every event, then exactly one outcome."""
        _let_the_window_go_first()
        self.ended.emit(self._outcome())

    def _outcome(self) -> Outcome:
        try:
            with closing(self._work(self._control)) as events:
                while True:
                    try:
                        event = next(events)
                    except StopIteration as end:
                        return Finished(end.value)
                    self.progressed.emit(event)
                    self._control.checkpoint()
        except Cancelled as stop:
            return Stopped(stop.keep)
        except BaseException as error:  # a thread must never die silently
            if not isinstance(error, EngineError):
                log.exception("a job failed")
            return Failed(error, traceback.format_exc())


def _let_the_window_go_first() -> None:
    """Lower the priority of this thread, and of those it will start.

    With a network training on both of two cores, 99 of 100 turns of the window come less than 11 instead of 19 ms late.
    Linux gives every thread a niceness of its own and ignores QThread's priorities, which the other systems obey.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a process that is nicer than that already may not become less so
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class JobRunner(QObject):
    """Runs one job at a time; a finished runner can start the next.

    Signals (emitted in the GUI thread):
        progressed(object): every event of the generator.
        ended(Outcome): once, after the thread has come to rest: a new job may be started from a slot of it.
        state_changed: running, paused or idle.
    """

    progressed = Signal(object)
    ended = Signal(object)
    state_changed = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._thread: QThread | None = None
        self._worker: JobWorker | None = None
        self._control: JobControl | None = None
        self._outcome: Outcome | None = None

    @property
    def is_running(self) -> bool:
        """Also true while paused."""
        return self._thread is not None

    @property
    def is_paused(self) -> bool:
        return self._control is not None and self._control.is_paused

    def start(self, work: Work) -> None:
        """Start `work(control)`, a generator. Raises: RuntimeError while another job runs."""
        if self.is_running:
            raise RuntimeError("a job is already running")
        self._control = JobControl()
        self._worker, self._thread = JobWorker(work, self._control), QThread()
        self._worker.moveToThread(self._thread)
        self._thread.started.connect(self._worker.run)
        # Only methods of QObjects that live in the GUI thread: anything else would run in the worker's thread.
        self._worker.progressed.connect(self._on_progressed)
        self._worker.ended.connect(self._on_ended)
        self._worker.ended.connect(self._thread.quit)
        self._thread.finished.connect(self._on_thread_finished)
        self._thread.start(QThread.Priority.LowPriority)
        self.state_changed.emit()

    def pause(self) -> None:
        """Hold the job at its next step."""
        if self._control is not None:
            self._control.pause()
            self.state_changed.emit()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._control is not None:
            self._control.resume()
            self.state_changed.emit()

    def stop(self, keep: bool = True) -> None:
        """Ask the job to end; `ended` follows. A direct call: the worker reads no queued event until its run ends."""
        if self._control is not None:
            self._control.stop(keep)
            self.state_changed.emit()

    def close(self) -> None:
        """End the job and wait for its thread, for closing the window. No `ended` follows."""
        if self._thread is None:
            return
        self.stop()
        self._thread.finished.disconnect(self._on_thread_finished)
        self._thread.quit()
        self._thread.wait()
        self._forget()

    @Slot(object)
    def _on_progressed(self, event: object) -> None:
        if self._is_from_present_job():
            self.progressed.emit(event)

    @Slot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        if self._is_from_present_job():
            self._outcome = outcome

    def _is_from_present_job(self) -> bool:
        # What was queued before `close` must reach nobody. Its sender may be deleted: then `sender` is None.
        return self._worker is not None and self.sender() is self._worker

    @Slot()
    def _on_thread_finished(self) -> None:
        outcome = self._outcome
        self._forget()
        self.state_changed.emit()
        self.ended.emit(outcome)

    def _forget(self) -> None:
        self._thread = self._worker = self._control = self._outcome = None
