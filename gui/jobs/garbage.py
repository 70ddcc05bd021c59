"""Collect garbage in the GUI thread only."""

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 500


class GuiCollector(QObject):
    """Takes over from Python's automatic collector.

    The automatic one runs in whichever thread happens to allocate, a training's thread too, and would destroy Qt
    objects there, which Qt does not allow. It would also stop the window now and then for a long look at torch's
    modules: `spare` excludes what is there to stay.
    """

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self._collect)

    def start(self) -> None:
        """Switch the automatic collector off, and this one on."""
        gc.disable()
        self._timer.start()

    def stop(self) -> None:
        """Give the work back to Python."""
        self._timer.stop()
        gc.enable()

    def spare(self) -> None:
        """Do not look again at what exists now, for example all that torch has just loaded."""
        gc.collect()
        gc.freeze()

    def _collect(self) -> None:
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > thresholds[generation]:
                gc.collect(generation)
                return
