"""Decodes thumbnails on a few threads, always the ones wanted last first."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRunnable, Qt, QThread, QThreadPool, Signal, Slot
from PySide6.QtGui import QBrush, QImage, QPainter
from shiboken6 import isValid

from engine.errors import EngineError
from gui.pictures.cache import Key, Source, Thumbnail

if TYPE_CHECKING:
    from PIL import Image

THREADS = max(1, min(4, (os.cpu_count() or 2) // 2))
ODD_SHAPE = 2.0  # longer than this, a picture is shown whole rather than cut to its middle
LEAST_SIDE = 6  # px: a picture of 3000 × 2 is drawn higher than it is, for a line of one pixel is nothing to the eye

_log = logging.getLogger(__name__)

Wanted = tuple[Key, Source]


class _Worker(QRunnable):
    """Takes wanted pictures from its loader until there are none."""

    def __init__(self, loader: ThumbnailLoader) -> None:
        super().__init__()
        self._loader = loader

    def run(self) -> None:
        while (wanted := self._loader._take()) is not None:
            key, source = wanted
            self._loader._decoded.emit(key, decode(source, *key[1:]))


class ThumbnailLoader(QObject):
    """Decodes what is wanted now; what is no longer wanted is not decoded.

    Signals:
        loaded(Key, Thumbnail): in the GUI thread.
    """

    loaded = Signal(object, object)
    _decoded = Signal(object, object)  # emitted on worker threads

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._queue: list[Wanted] = []  # the last one is decoded first
        self._running = 0
        self._busy: set[Key] = set()
        self._closed = False
        # Without a parent: the pool waits for its threads when it is deleted, and they need the interpreter, which a
        # deletion from C++ would hold.
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(THREADS)
        self._pool.setThreadPriority(QThread.Priority.LowPriority)  # training and the window come first
        self._decoded.connect(self._on_decoded)

    def want(self, wanted: Sequence[Wanted]) -> None:
        """Decode these, the most urgent first, in place of everything asked for before."""
        with self._lock:
            if self._closed:
                return
            self._queue = [each for each in reversed(wanted) if each[0] not in self._busy]
            starting = max(0, min(THREADS - self._running, len(self._queue)))
            self._running += starting
        for _ in range(starting):
            self._pool.start(_Worker(self))

    def waiting(self) -> int:
        """Return how many pictures are still to be decoded."""
        with self._lock:
            return len(self._queue)

    def is_idle(self) -> bool:
        """Whether no thread is at work."""
        with self._lock:
            return self._running == 0

    def close(self) -> None:
        """Forget what is wanted and wait for the pictures that are being decoded; nothing is loaded afterwards."""
        with self._lock:
            already, self._closed = self._closed, True
            self._queue.clear()
        if not already and isValid(self._pool):  # at the very end of the process it may be gone before its view
            self._pool.waitForDone()

    def _take(self) -> Wanted | None:
        with self._lock:
            if not self._queue:
                self._running -= 1
                return None
            wanted = self._queue.pop()
            self._busy.add(wanted[0])
            return wanted

    @Slot(object, object)
    def _on_decoded(self, key: Key, thumbnail: Thumbnail) -> None:
        with self._lock:
            self._busy.discard(key)
        if not self._closed:
            self.loaded.emit(key, thumbnail)


def key_of(source: Source, width: int, height: int, radius: int, whole: bool = False) -> Key:
    """Return what a thumbnail of `source` is cached under; sizes in device pixels."""
    return (source if isinstance(source, bytes) else str(source), width, height, radius, whole)


def decode(source: Source, width: int, height: int, radius: int, whole: bool = False) -> Thumbnail:
    """Return a thumbnail of `width` × `height` device pixels, or less for an odd shape, with rounded corners.

    Called on any thread; never raises.

    Args:
        whole: cut nothing off, whatever the shape.
    """
    from engine.data.thumbnails import thumbnail  # here, on a worker: the window is up before Pillow is needed

    try:
        # Half as much again: the shorter side of a usual photograph (3:2) then fills the tile without being enlarged.
        picture = thumbnail(source, round(1.5 * max(width, height)))
        return Thumbnail(_rounded(to_image(_fitted(picture, width, height, whole)), radius))
    except EngineError as error:
        return Thumbnail(None, str(error))
    except Exception as error:
        # One odd file must end neither the thread nor the grid; it gets the tile of an unreadable one.
        _log.exception("a thumbnail of %s", Path(source).name if not isinstance(source, bytes) else "a picture")
        return Thumbnail(None, str(error))


def _fitted(picture: Image.Image, width: int, height: int, whole: bool = False) -> Image.Image:
    """Fill the tile with the middle of the picture; `whole`, and a very long one always: shown whole, on nothing."""
    from PIL import Image

    across, down = width / picture.width, height / picture.height
    # Pixels of tiny pictures (digits of 8 × 8) are what there is to see: they stay sharp.
    method = Image.Resampling.NEAREST if max(across, down) > 2 else Image.Resampling.BILINEAR
    ratio = max(across, down) / min(across, down)
    if whole or ratio > ODD_SHAPE:
        scale = min(across, down)
        sides = ((picture.width, width), (picture.height, height))
        return picture.resize([min(room, max(LEAST_SIDE, round(side * scale))) for side, room in sides], method)
    scale = max(across, down)
    # Clamped: 386 × 256 scaled to the tile and back ends 1e-14 px outside of itself, which Pillow refuses.
    across_box = _middle(picture.width, width / scale)
    down_box = _middle(picture.height, height / scale)
    return picture.resize((width, height), method, box=(across_box[0], down_box[0], across_box[1], down_box[1]))


def _middle(side: int, part: float) -> tuple[float, float]:
    """Return the beginning and end of the middle `part` of a side, never outside of it."""
    return max(0.0, (side - part) / 2), min(float(side), (side + part) / 2)


def to_image(picture: Image.Image) -> QImage:
    """Return a Pillow picture as an image that owns its pixels."""
    plain = picture.convert("RGB")
    data = plain.tobytes()
    image = QImage(data, plain.width, plain.height, 3 * plain.width, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)  # copies, so that `data` may go


def _rounded(image: QImage, radius: int) -> QImage:
    # Once here, off the GUI thread, and not at every paint, where it took twenty times as long as drawing the picture.
    result = QImage(image.size(), QImage.Format.Format_ARGB32_Premultiplied)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(image))
    painter.drawRoundedRect(result.rect(), radius, radius)
    painter.end()
    return result
