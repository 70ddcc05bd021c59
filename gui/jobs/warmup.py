"""Import torch while the user reads the first page."""

import logging
import threading

from PySide6.QtCore import QObject, Signal

log = logging.getLogger(__name__)


class WarmUp(QObject):
    """Imports torch on a thread of its own after the first paint; the window stalls at most 0.2 s by it.

    Signals:
        done(str): what training will run on, in words ("CPU · 2 cores").
        failed(str): torch cannot be imported; why.
    """

    done = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._thread = threading.Thread(target=self._import, name="warm-up", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def wait(self) -> None:
        """Let the import come to its end: leaving the program in the middle of it can crash the interpreter."""
        if self._thread.is_alive():
            self._thread.join()

    def _import(self) -> None:
        # Signals emitted here are received by slots in the GUI thread: Qt queues them, since that is another thread.
        try:
            from engine.train.device import describe

            self.done.emit(describe())
        except Exception as error:  # a damaged installation can raise anything here, and the window must live on
            log.exception("torch could not be imported")
            self.failed.emit(str(error))
