"""A progress bar for a terminal; silent lines where there is none."""

import shutil
from typing import TextIO

from engine.train.pace import Due


class Bar:
    """One line at the bottom of the terminal that shows how far the work is.

    Attributes:
        epochs, steps: of the training being shown; set by the caller once they are known.
    """

    WIDTH = 24

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._live = stream.isatty()
        self._shown = False
        self._due = Due(0.05, at_once=True)
        self.epochs = self.steps = 0

    def show(self, done: int, total: int, text: str) -> None:
        """Redraw, at most 20 times a second. `total` 0 means unknown."""
        if not self._live or not self._due():
            return
        filled = self.WIDTH * done // total if total else 0
        bar = f"[{'=' * filled}{' ' * (self.WIDTH - filled)}] {done}/{total} " if total else ""
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(f"\r\x1b[K{(bar + text)[:width]}")
        self._stream.flush()
        self._shown = True

    def line(self, text: str, stream: TextIO | None = None) -> None:
        """Print a line above the bar."""
        self.clear()
        print(text, file=stream or self._stream, flush=True)

    def clear(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False
