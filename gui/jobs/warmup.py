"""Import torch, and all else that takes time, while the user reads the first page."""

import logging
import threading
from collections.abc import Iterable
from importlib import import_module

from PySide6.QtCore import QObject, Signal

log = logging.getLogger(__name__)


class WarmUp(QObject):
    """Imports torch on a thread of its own after the first paint; the window stalls at most 0.2 s by it.

    Args:
        modules: to import as well, first: what the next pages are made of.

    Signals:
        done(Machine): what training will run on (`engine.train.device.Machine`).
        failed(str): torch cannot be imported; why.
    """

    done = Signal(object)
    failed = Signal(str)

    def __init__(self, modules: Iterable[str] = (), parent: QObject | None = None):
        super().__init__(parent)
        self._modules = tuple(modules)
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
            for module in self._modules:
                import_module(module)
            from engine.train.warm_up import warm_up

            self.done.emit(warm_up())
        except Exception as error:  # a damaged installation can raise anything here, and the window must live on
            log.exception("torch could not be imported")
            self.failed.emit(str(error))
