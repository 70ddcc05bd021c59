"""What is good and what is not about the open data set, found in the background while the user looks at it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from engine.data.health import Finding, Known, examine, examined
from engine.data.index import Index
from engine.errors import EngineError
from engine.jobs import JobControl, Progress
from gui.document import ProjectDocument
from gui.jobs import Failed, JobRunner, Outcome
from gui.studio.data_session import DataSession
from gui.studio.train_session import TrainSession

FEWEST_EPOCHS = 3  # of a run, before its answers are asked


@dataclass(frozen=True, eq=False)
class _Examined:
    known: Known
    findings: list[Finding]


class HealthSession(QObject):
    """Follows the data session: examines each index once all its images were read, and pauses while a network trains.

    Attributes:
        known: what was measured so far; None while there is no index.
        progress: how far the examination is; None while nothing is done.
        was_stopped: the user stopped it before the end.
    """

    changed = Signal()
    progressed = Signal()

    def __init__(
        self, document: ProjectDocument, data: DataSession, training: TrainSession, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._data, self._training = document, data, training
        self.known: Known | None = None
        self.progress: Progress | None = None
        self.was_stopped = False
        self._findings: list[Finding] | None = None
        self._examined: Index | None = None  # what is being examined, or was
        self._is_closed = False
        self._runner, self._doubter = JobRunner(self), JobRunner(self)
        self._runner.progressed.connect(self._on_progressed)
        self._runner.ended.connect(self._on_ended)
        self._doubter.ended.connect(self._on_doubts)
        self._doubted: tuple[Index, int, int] | None = None  # index, run and epochs whose answers were asked last
        self._answers: tuple[Index, tuple[Finding, ...]] | None = None  # and what came of it
        data.index_changed.connect(self._follow)
        data.pictures_changed.connect(self._follow)
        document.data_changed.connect(self._on_spec)
        document.recipe_changed.connect(self._on_spec)
        training.state_changed.connect(self._give_way)
        training.ended.connect(self._ask_the_last_run)
        training.shown_changed.connect(self._ask_the_last_run)

    @property
    def findings(self) -> list[Finding]:
        """What can be said so far."""
        if self._findings is None:
            self._findings = examined(self.known) if self.known is not None else []
        return self._findings

    def cancel(self) -> None:
        """Look no further, at the wish of the user."""
        self.was_stopped = self._runner.is_running
        self._runner.stop()

    def examine_again(self) -> None:
        """Go on where it was stopped; what was seen by then is remembered."""
        self._examined = None
        self._follow()

    def close(self) -> None:
        """For closing the window."""
        self._is_closed = True
        for runner in (self._runner, self._doubter):
            runner.close()

    # ---- when to work

    def _follow(self) -> None:
        index, pictures = self._data.index, self._data.pictures
        if index is None:
            self._runner.stop()
            self._examined = None
            self._show(None)
            return
        failures = pictures.failures if pictures is not None else None
        if self.known is None or self.known.index is not index or self.known.failures is not failures:
            self._show(Known(index, self._document.spec, failures, shortcuts=self._shortcuts_before(index)))
        if pictures is not None and index is not self._examined:
            self._start(index)

    def _shortcuts_before(self, index: Index) -> object:
        """An image left out does not change these figures by much; they stay until the new ones are there."""
        before = self.known
        return before.shortcuts if before is not None and before.index.root == index.root else None

    def _start(self, index: Index) -> None:
        if self._is_closed:
            return
        if self._runner.is_running:
            self._runner.stop()  # `_on_ended` comes back here
            return
        self._examined, self.was_stopped = index, False
        spec, failures = self._document.spec, self.known.failures

        shortcuts = self.known.shortcuts

        def work(control: JobControl) -> Generator:
            for event in examine(index, spec, failures, control):
                if isinstance(event, Known):
                    known = event if event.shortcuts is not None else replace(event, shortcuts=shortcuts)
                    known = self._with_answers(known)
                    # Here, not in the window: with a million images the sentences take part of a second.
                    yield _Examined(known, examined(known))
                else:
                    yield event

        self._runner.start(work)
        self._give_way()
        self._ask_the_last_run()

    def _give_way(self) -> None:
        """A training needs the processor more."""
        if self._training.is_active:
            self._runner.pause()
        else:
            self._runner.resume()

    # ---- what comes of it

    def _on_progressed(self, event: object) -> None:
        if self._examined is not self._data.index:
            return
        if isinstance(event, _Examined):
            known = event.known
            if known.project == self._document.spec and self._with_answers(known) is known:
                self.known, self._findings = known, event.findings
                self.changed.emit()
            else:
                self._show(replace(known, project=self._document.spec))
        elif isinstance(event, Progress):
            self.progress = event
            self.progressed.emit()

    def _on_ended(self, outcome: Outcome) -> None:
        self.progress = None
        self.progressed.emit()
        if isinstance(outcome, Failed) and isinstance(outcome.error, EngineError):
            self.was_stopped = True
        if self._data.index is not None and self._examined is not self._data.index:
            self._follow()

    def _on_spec(self) -> None:
        """Some sentences depend on the project; none of them needs another look."""
        if self.known is not None and self.known.index is self._data.index:
            self._show(replace(self.known, project=self._document.spec))

    def _show(self, known: Known | None) -> None:
        self.known, self._findings = self._with_answers(known) if known is not None else None, None
        self.changed.emit()

    def _with_answers(self, known: Known) -> Known:
        """With what the last run says, where it was asked about this index."""
        told = self._answers
        if told is None or told[0] is not known.index or told[1] is known.answers:
            return known
        return replace(known, answers=told[1])

    # ---- what a run makes one doubt

    def _ask_the_last_run(self, *_: object) -> None:
        index = self._data.index
        if index is None or self._is_closed or self._training.is_active or self._doubter.is_running:
            return
        run = next((info for info in self._training.runs if info.epochs_done >= FEWEST_EPOCHS), None)
        asked = (index, run.number, run.epochs_done) if run is not None else None
        if asked is None or asked == self._doubted:
            return
        self._doubted = asked
        folder, number = run.folder, run.number

        def work(control: JobControl) -> Generator:
            from engine.evaluate.doubts import doubts  # here, on a worker: it needs torch's neighbours

            yield Progress(0, 0, "Asking the last run")
            return index, doubts(folder, number, index)

        self._doubter.start(work)

    def _on_doubts(self, outcome: Outcome) -> None:
        value = getattr(outcome, "value", None)
        if value is not None:
            self._answers = value
            if self.known is not None:
                self._show(self.known)
        self._ask_the_last_run()  # the index or the run may have changed meanwhile
