"""Answers of the newest trained run for pictures that are dropped in."""

import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import EngineError
from engine.evaluate.predict import Prediction, pictures_in
from engine.jobs import Cancelled, JobControl, Progress
from engine.train.runs import RunInfo, answering
from gui.document import ProjectDocument
from gui.jobs import Failed, JobRunner, Outcome
from gui.studio.train_session import TrainSession

TELL_S = 0.1
"""Answers within this time are shown together: a folder of thousands should not repaint a thousand times."""


@dataclass(frozen=True)
class _Answers:
    found: tuple[Prediction, ...]
    done: int
    total: int


class PredictSession(QObject):
    """Classifies pictures in the background, with the best epoch of the run that stands for the project.

    Attributes:
        results: newest first.
        progress: of a long list; None when nothing is being done.
    """

    model_changed = Signal()
    results_changed = Signal()
    progress_changed = Signal()
    failed = Signal(object)

    def __init__(self, document: ProjectDocument, training: TrainSession, parent: QObject | None = None):
        super().__init__(parent)
        self._document, self._training = document, training
        self.results: list[Prediction] = []
        self.progress: Progress | None = None
        self._is_outdated = False  # what the present job still answers is for a project or list that is gone
        self._queue: deque[tuple[list[Path | bytes], list[str] | None]] = deque()
        self._model_key: tuple | None = None
        self._model = None
        self._runner = JobRunner(self)
        self._runner.progressed.connect(self._on_answers)
        self._runner.ended.connect(self._on_ended)
        training.runs_changed.connect(self.model_changed)
        document.replaced.connect(self._on_replaced)

    @property
    def run(self) -> RunInfo | None:
        """The run that answers."""
        return answering(self._training.runs)

    @property
    def has_model(self) -> bool:
        return self.run is not None

    @property
    def model_text(self) -> str:
        """Which network answers: "run 3, best epoch 11"; empty when there is none."""
        run = self.run
        return self.tr("run {0}, best epoch {1}").format(run.number, run.best_epoch) if run else ""

    def predict(self, sources: list[Path | bytes], names: list[str] | None = None) -> None:
        """Classify files, all pictures in folders, or the bytes of pictures; answers arrive in `results`."""
        if self.has_model and sources:
            self._queue.append((sources, names))
            self._next()

    def clear(self) -> None:
        """Forget all answers, and those under way."""
        self.cancel()
        self._is_outdated = self._runner.is_running
        self.results = []
        self.results_changed.emit()

    def cancel(self) -> None:
        """Stop after the present picture; what was answered stays."""
        self._queue.clear()
        self._runner.stop()

    def close(self) -> None:
        """For closing the window."""
        self._queue.clear()
        self._runner.close()

    def _on_replaced(self) -> None:
        self.clear()
        self._model = self._model_key = None

    def _next(self) -> None:
        if self._runner.is_running or not self._queue or self.run is None:
            return
        sources, names = self._queue.popleft()
        run, self._is_outdated = self.run, False
        self._set_progress(Progress(0, len(sources), self.tr("Classifying")))
        self._runner.start(lambda control: self._work(run, sources, names, control))

    def _work(
        self, run: RunInfo, sources: list[Path | bytes], names: list[str] | None, control: JobControl
    ) -> Generator:
        from engine.evaluate.model import load_model
        from engine.evaluate.predict import predict

        key = (run.folder, run.when, run.best_epoch)  # the time too: a discarded run leaves its number to the next
        if key != self._model_key:
            # On the CPU: a training on the graphics processor keeps all of its memory, and one picture is quick anyway.
            self._model, self._model_key = load_model(run.folder, "cpu"), key
        paths = pictures_in(sources) if all(isinstance(source, Path) for source in sources) else sources
        if not paths:
            raise EngineError(
                self.tr("There are no images in “{0}”.").format(sources[0].name),
                fix=self.tr("Choose a folder that holds images, or drop the images themselves."),
            )
        batch: list[Prediction] = []
        told = time.monotonic()
        done = 0
        try:
            for done, answer in enumerate(predict(self._model, paths, control, names), start=1):
                batch.append(answer)
                if done == len(paths) or time.monotonic() - told >= TELL_S:
                    yield _Answers(tuple(batch), done, len(paths))
                    batch, told = [], time.monotonic()
        except Cancelled:
            if batch:
                yield _Answers(tuple(batch), done, len(paths))
            raise

    def _on_answers(self, event: _Answers) -> None:
        if self._is_outdated:
            return
        self.results = [*reversed(event.found), *self.results]
        self.results_changed.emit()
        self._set_progress(Progress(event.done, event.total, self.tr("Classifying")))

    def _on_ended(self, outcome: Outcome) -> None:
        self._set_progress(None)
        if isinstance(outcome, Failed) and not self._is_outdated:
            self._queue.clear()
            self.failed.emit(outcome)
        self._next()

    def _set_progress(self, progress: Progress | None) -> None:
        self.progress = progress
        self.progress_changed.emit()
