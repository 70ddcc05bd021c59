"""Writes images of a data folder off the GUI thread: one after the other, none forgotten, also when the window goes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.data.collect import Given, add_images, count_images, undo_added
from engine.errors import PictureError
from gui.pages.shared.background import LatestAnswer


@dataclass(frozen=True, eq=False)
class Written:
    """Images that are files now.

    Attributes:
        tag: what was given to `ImageWriter.add` with them.
        problems: what was left out, because it is no image.
    """

    class_name: str
    paths: list[Path]
    tag: object = None
    problems: list[PictureError] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Removed:
    """Images that were taken back."""

    class_name: str
    paths: list[Path]
    kept: list[Path]  # they were changed or removed by somebody else since they were written


@dataclass(frozen=True, eq=False)
class Counted:
    """How many images each class has."""

    counts: dict[str, int]


class ImageWriter(QObject):
    """Does what it is asked to in order, on a thread. After a failure, what was waiting is dropped.

    Signals (in the GUI thread):
        written(Written), removed(Removed), counted(Counted): what was done.
        failed(Exception): an EngineError, or a mistake of ours.
        idled(): nothing is left to do.
    """

    written = Signal(object)
    removed = Signal(object)
    counted = Signal(object)
    failed = Signal(object)
    idled = Signal()

    def __init__(
        self, folder: Path, classes: tuple[str, ...], split: str = "train", parent: QObject | None = None
    ) -> None:
        """Args: as `engine.data.collect.add_images`; `split` may be empty, meaning "train"."""
        super().__init__(parent)
        self._folder, self._classes, self._split = folder, classes, split or "train"
        self._queue = _Queue()
        self._thread = LatestAnswer(self)
        self._thread.answered.connect(self._on_answered)

    @property
    def waiting(self) -> int:
        """How many pieces of work are not done yet."""
        return self._queue.unfinished

    def add(
        self,
        class_name: str,
        images: Iterable[Given] | Callable[[], Iterable[Given]],
        *,
        prefix: str = "image",
        tag: object = None,
    ) -> None:
        """Write images of a class; a function is called on the thread to give them. `written` tells with `tag`."""

        folder, split, classes = self._folder, self._split, self._classes  # the thread may outlive this object

        def work() -> Written:
            problems: list[PictureError] = []
            given = images() if callable(images) else images
            paths = add_images(
                folder, class_name, given, split=split, prefix=prefix, classes=classes, problems=problems
            )
            return Written(class_name, paths, tag, problems)

        self._do(work)

    def remove(self, class_name: str, paths: list[Path]) -> None:
        """Take back what was written, as far as nobody has changed it since."""

        def work() -> Removed:
            gone = undo_added(paths)
            return Removed(class_name, gone, [path for path in paths if path not in gone])

        self._do(work)

    def count(self, names: Iterable[str]) -> None:
        """Count the images of classes; in its turn, so that `written` and `removed` only ever add to the answer."""
        folder, split, classes, names = self._folder, self._split, self._classes, tuple(names)
        self._do(lambda: Counted(count_images(folder, names, split=split, classes=classes)))

    def _do(self, work: Callable[[], object]) -> None:
        self._queue.append(work)
        self._go_on()

    def _go_on(self) -> None:
        if not self._thread.is_busy:
            self._thread.ask(self._queue.empty)

    def _on_answered(self, outcomes: list[object]) -> None:
        signals = {Written: self.written, Removed: self.removed, Counted: self.counted}
        self._queue.finish(len(outcomes))
        for outcome in outcomes:
            if outcome is not _DROPPED:
                signals.get(type(outcome), self.failed).emit(outcome)
        if self._queue.unfinished:
            self._go_on()
        else:
            self.idled.emit()


class _Queue:
    """Work that waits, shared with the thread; it is emptied to the end even when the window is gone by then."""

    def __init__(self) -> None:
        self._work: deque[Callable[[], object]] = deque()
        self._lock = threading.Lock()
        self.unfinished = 0  # only the GUI thread counts

    def append(self, work: Callable[[], object]) -> None:
        """Called in the GUI thread."""
        self.unfinished += 1
        with self._lock:
            self._work.append(work)

    def empty(self) -> list[object]:
        """Do all that waits, also what comes meanwhile; returns what each gave, the exception where one failed.

        What waits behind a failure (a full disk) would fail in the same way: it is dropped and counts as done.
        """
        outcomes: list[object] = []
        while True:
            with self._lock:
                if not self._work:
                    return outcomes
                work = self._work.popleft()
            try:
                outcomes.append(work())
            except Exception as error:
                outcomes.append(error)
                with self._lock:
                    dropped = len(self._work)
                    self._work.clear()
                outcomes += [_DROPPED] * dropped

    def finish(self, number: int) -> None:
        """Called in the GUI thread, with as many as `empty` returned."""
        self.unfinished -= number


_DROPPED = object()
