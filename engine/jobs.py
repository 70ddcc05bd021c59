"""The shape of long work: an iterator of typed events, and a control that other threads may use to pause or stop it."""

import threading
from dataclasses import dataclass


class Cancelled(Exception):  # no "Error" in its name: the user asked for it
    """Raised inside the work at its next checkpoint after a stop was asked for.

    Attributes:
        keep: keep what was reached (True) or leave no trace (False).
    """

    def __init__(self, keep: bool = True):
        super().__init__("stopped")
        self.keep = keep


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long piece of work is.

    Attributes:
        done, total: in units of the work, for example pictures; total 0 means unknown.
        text: what is being done, ready to show.
    """

    done: int
    total: int
    text: str


class JobControl:
    """Pause, resume and stop a piece of work from any thread.

    The methods are plain thread-safe flags on purpose: a queued Qt slot of the worker would be delivered only after
    its work has ended.
    """

    def __init__(self) -> None:
        self._may_run = threading.Event()
        self._may_run.set()
        self._stop: bool | None = None
        # Without it, a pause that saw no stop yet could hold the work after the stop has let it go, for ever.
        self._asking = threading.Lock()

    def pause(self) -> None:
        """Hold the work at its next checkpoint. Has no effect once a stop was asked for."""
        with self._asking:
            if self._stop is None:
                self._may_run.clear()

    def resume(self) -> None:
        """Let paused work go on."""
        self._may_run.set()

    def stop(self, keep: bool = True) -> None:
        """End the work at its next checkpoint; a later call to discard wins over an earlier one to keep."""
        with self._asking:
            self._stop = keep if self._stop is None else self._stop and keep
            self._may_run.set()

    @property
    def is_paused(self) -> bool:
        return not self._may_run.is_set()

    @property
    def is_stopping(self) -> bool:
        return self._stop is not None

    @property
    def is_discarding(self) -> bool:
        """Whether a stop was asked for that leaves no trace."""
        return self._stop is False

    def checkpoint(self) -> None:
        """Called by the work between two steps: waits while paused, raises `Cancelled` when asked to stop."""
        self._may_run.wait()
        if self._stop is not None:
            raise Cancelled(self._stop)
