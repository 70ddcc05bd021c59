"""The pictures of the open project: listed and decoded in the background whenever the project asks for others."""

from collections.abc import Generator
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal

from engine.data.cache import Pictures, decode
from engine.data.index import Index
from engine.data.load import load_index
from engine.data.sources import SOURCES
from engine.errors import EngineError
from engine.jobs import JobControl, Progress
from engine.spec import DataSpec
from gui.document import ProjectDocument
from gui.jobs import Failed, Finished, JobRunner, Outcome

SETTLE_MS = 250
"""A size being typed or a slider being dragged should not start a decoding at every step."""


@dataclass(frozen=True, eq=False)
class _Listed:
    index: Index


class DataSession(QObject):
    """Follows `document.data`.

    Attributes:
        state: "empty" (nothing chosen), "scanning", "decoding", "ready", "failed" (see `problem`), "stopped" (by the
            user, before everything was read).
        index: what was found; None before, and after a failed scan.
        pictures: decoded as the project says now; None until they are.
    """

    changed = Signal()
    index_changed = Signal()
    pictures_changed = Signal()
    _made = Signal(int, int)  # emitted on the worker's thread, received in ours

    def __init__(self, document: ProjectDocument, parent: QObject | None = None):
        super().__init__(parent)
        self._document = document
        self.state = "empty"
        self.index: Index | None = None
        self.pictures: Pictures | None = None
        self.progress: Progress | None = None
        self.problem: EngineError | None = None
        self._listed_for: DataSpec | None = None
        self._decoded_for: DataSpec | None = None
        self._working_for: DataSpec | None = None
        self._is_wanted = False  # another job, when the present one has come to rest
        self._is_urgent = False  # at once then, rather than after the next digit
        self._is_outdated = False  # what the present job still tells is about data that nobody asks for any more
        self._runner = JobRunner(self)
        self._runner.progressed.connect(self._on_progressed)
        self._runner.ended.connect(self._on_ended)
        self._made.connect(self._on_made)
        self._timer = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._timer.timeout.connect(self._start)
        document.data_changed.connect(self._on_data_changed)
        document.replaced.connect(self._on_replaced)

    def rescan(self) -> None:
        """List the folder anew, because its files may have changed."""
        self._listed_for = self._decoded_for = None
        self._request(at_once=True)

    def cancel(self) -> None:
        """Stop listing or decoding; `rescan` begins where it was."""
        self._is_wanted = False
        self._timer.stop()
        if self._runner.is_running:
            self._runner.stop()
        elif self._is_behind():
            self._set(state="stopped", progress=None)

    def close(self) -> None:
        """For closing the window."""
        self._timer.stop()
        self._runner.close()

    # ---- when to work

    def _on_replaced(self) -> None:
        self._forget()
        self.index_changed.emit()
        self.pictures_changed.emit()

    def _forget(self) -> None:
        """Drop everything that was found, and what a running job is still going to find."""
        self._timer.stop()
        self._is_wanted = False
        self._is_outdated = self._runner.is_running
        self._runner.stop()
        self.index = self.pictures = self.progress = self.problem = None
        self._listed_for = self._decoded_for = None

    def _on_data_changed(self) -> None:
        data = self._document.data
        if data.source is None:
            had_index = self.index is not None
            self._forget()
            self._set(state="empty")
            if had_index:
                self.index_changed.emit()
                self.pictures_changed.emit()
        elif self._runner.is_running and not self._is_outdated:
            if _decoding(self._working_for) != _decoding(data):
                self._request(at_once=self._working_for.source != data.source)
        elif self._needs_listing(data):
            # At once for another folder; a number being typed may wait for its next digit.
            same_source = self._listed_for is not None and self._listed_for.source == data.source
            self._request(at_once=not same_source)
        elif self._needs_decoding(data):
            self._request()
        elif not self._runner.is_running and self.state != "ready":
            self._set(state="ready", progress=None, problem=None)  # an undo led back to what was read before

    def _needs_listing(self, data: DataSpec) -> bool:
        return self._listed_for is None or _listing(self._listed_for) != _listing(data)

    def _needs_decoding(self, data: DataSpec) -> bool:
        return self._decoded_for is None or _decoding(self._decoded_for) != _decoding(data)

    def _is_behind(self) -> bool:
        data = self._document.data
        return data.source is not None and (self._needs_listing(data) or self._needs_decoding(data))

    def _request(self, at_once: bool = False) -> None:
        if self._runner.is_running:
            self._is_wanted = self._is_outdated = True
            self._is_urgent = at_once
            self._runner.stop()
        elif at_once:
            self._start()
        else:
            self._timer.start()

    def _start(self) -> None:
        self._timer.stop()
        data = self._document.data
        if data.source is None or self._runner.is_running:
            return
        index = None if self.index is None or self._needs_listing(data) else self.index
        self._working_for, self._is_outdated = data, False
        self._set(state="decoding" if index is not None else "scanning", problem=None, progress=None)
        self._runner.start(lambda control: self._work(data, index, control))

    def _work(self, data: DataSpec, index: Index | None, control: JobControl) -> Generator:
        if index is None:
            index = load_index(data, control, self._made.emit)
            yield _Listed(index)
        return (yield from decode(index, data, control))

    # ---- what comes of it

    def _on_made(self, done: int, total: int) -> None:
        if self._runner.is_running and not self._is_outdated:
            source = self._working_for.source
            words = SOURCES[source.kind].doing if source.kind in SOURCES else ""
            self._set(progress=Progress(done, total, words))

    def _on_progressed(self, event: object) -> None:
        if self._is_outdated:
            return
        if isinstance(event, _Listed):
            self._take_index(event.index)
        elif isinstance(event, Progress):
            self._set(state="decoding", progress=event)

    def _take_index(self, index: Index) -> None:
        self.index, self.pictures, self._decoded_for = index, None, None
        # Before the document hears of the classes: its signal asks whether the present job is still the right one.
        self._listed_for = self._working_for = replace(self._working_for, classes=index.classes)
        self._document.settle_classes(index.classes)
        self._set(state="decoding", progress=None)
        self.index_changed.emit()

    def _on_ended(self, outcome: Outcome) -> None:
        if self._is_outdated:
            pass  # the project asks for something else by now
        elif isinstance(outcome, Finished):
            self.pictures, self._decoded_for = outcome.value, self._working_for
            self._set(state="ready", progress=None)
            self.pictures_changed.emit()
        elif isinstance(outcome, Failed):
            self._fail(outcome)
        else:
            self._set(state="stopped" if self._is_behind() else "ready", progress=None)
        self._is_outdated = False
        if self._is_wanted:
            self._is_wanted = False
            self._request(self._is_urgent)

    def _fail(self, outcome: Failed) -> None:
        error = outcome.error
        problem = (
            error
            if isinstance(error, EngineError)
            else EngineError(self.tr("The images could not be read."), why=str(error))
        )
        # Forgotten too for what it was found, so that going back to that reads it again.
        if self.state == "scanning":
            self.index = self._listed_for = None
            self.index_changed.emit()
        self.pictures = self._decoded_for = None
        self._set(state="failed", problem=problem, progress=None)
        self.pictures_changed.emit()

    def _set(self, **changes: object) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        self.changed.emit()


def _listing(data: DataSpec) -> tuple:
    """What decides which pictures there are and how they are divided."""
    shares = data.seed, data.validation_percent, data.test_percent, data.folds, data.fold, data.group_by
    return data.source, data.edits, data.classes, shares


def _decoding(data: DataSpec) -> tuple:
    """What decides how a picture is decoded."""
    return *_listing(data), data.size, data.colour, data.fit
