"""The training of the open project, and the runs it has had."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.data.cache import Pictures
from engine.errors import EngineError
from engine.jobs import Progress
from engine.spec import ProjectSpec
from engine.train import history, layer_looks, runs, step_curve
from engine.train.events import BatchDone, EpochDone, RunStarted, Told, Watched
from engine.train.experiments.runner import TrialDone, TrialStarted
from engine.train.history import EpochLine
from engine.train.job import Origin, PicturesReady, continue_run, resume_run, start_run
from engine.train.layer_health import LayersSeen
from engine.train.runs import RunInfo
from engine.train.step_curve import StepCurve
from engine.train.watch import WatchFolder
from gui.document import ProjectDocument
from gui.jobs import Failed, JobRunner, Outcome
from gui.jobs.runner import Work
from gui.studio.data_session import DataSession
from gui.studio.stored_epoch import StoredEpoch

MOST_STEPS = 20_000
"""Points kept of the curve within epochs; beyond, every second one is dropped."""


LONG = 60.0
"""Seconds of training that nobody throws away without being asked."""


class TrainSession(QObject):
    """Starts, pauses and stops one run at a time, and keeps what the run shown on the page has told so far.

    Attributes:
        state: "idle", "preparing" (listing and decoding), "training", "paused", "stopping".
        run: of the live run, None when none has started in this session.
        epochs, steps: of the run that is shown; the steps are those of the live run since it is shown.
        past_steps: of the run that is shown, what its files held when it was shown.
        shown_run: its number, None when there is none.
        pictures: of the live run; picture numbers in its events are numbers of their index.
        trial: of the experiment that is being worked on; None for a run of its own.
        layers: the last look at the layers of the live run, or of the one that was; None before the first.
        beside: what else is done with the network while nothing is trained, in words; empty for nothing.
        may_discard: asks whether the live run, which took more than `LONG`, is to be lost for good.
    """

    state_changed = Signal()
    prepared = Signal(object)
    started = Signal(object)
    batch_done = Signal(object)
    watched = Signal(object)
    epoch_done = Signal(object)
    layers_seen = Signal(object)
    ended = Signal(object)
    runs_changed = Signal()
    shown_changed = Signal()
    failed = Signal(object)
    told = Signal(str)  # a sentence about the live run, no error
    trial_started = Signal(object)
    trial_done = Signal(object)

    def __init__(self, document: ProjectDocument, data: DataSession, parent: QObject | None = None):
        super().__init__(parent)
        self._document, self._data = document, data
        self._path: Path | None = None  # of the project whose runs are listed
        self._preparing = self._stopping = False
        self.run: RunStarted | None = None
        self.epochs: list[StoredEpoch] = []
        self.steps: list[BatchDone] = []
        self.past_steps = StepCurve.none()
        self.runs: tuple[RunInfo, ...] = ()
        self.shown_run: int | None = None
        self.pictures: Pictures | None = None
        self._coming: Pictures | None = None  # of the run that is about to start
        self._told_epochs = 0  # of the live run: its files may be ahead of its news
        self.last_watched: Watched | None = None
        self.layers: LayersSeen | None = None
        self.progress: Progress | None = None
        self.trial: TrialStarted | None = None
        self.beside = ""
        self._begun = 0.0  # when the live run did
        self.may_discard: Callable[[], bool] = lambda: True
        self._runner = JobRunner(self)
        self._runner.progressed.connect(self._on_progressed)
        self._runner.ended.connect(self._on_ended)
        self._runner.state_changed.connect(self.state_changed)
        document.replaced.connect(self._on_replaced)
        document.state_changed.connect(self._on_document_state)
        data.index_changed.connect(self._on_index_changed)
        self._handlers = {
            Progress: self._on_preparing,
            PicturesReady: self._on_pictures,
            RunStarted: self._on_started,
            BatchDone: self._on_batch,
            Watched: self._on_watched,
            EpochDone: self._on_epoch,
            LayersSeen: self._on_layers,
            Told: self._on_told,
            TrialStarted: self._on_trial,
            TrialDone: self._on_trial_done,
        }

    # ---- what can be done

    @property
    def state(self) -> str:
        if not self._runner.is_running:
            return "idle"
        if self._stopping:
            return "stopping"
        if self._runner.is_paused:
            return "paused"
        return "preparing" if self._preparing else "training"

    @property
    def is_active(self) -> bool:
        """Whether a run is being trained, also while it is paused."""
        return self._runner.is_running

    @property
    def seconds_left(self) -> float | None:
        """Until the planned end of the live run; None before it is known."""
        return self.steps[-1].seconds_left if self.is_active and self.steps and self.is_live_shown else None

    @property
    def images_per_second(self) -> float:
        return self.steps[-1].images_per_second if self.is_active and self.steps and self.is_live_shown else 0.0

    @property
    def is_live_shown(self) -> bool:
        """Whether the run on the page is the one being trained."""
        return self.is_active and self.run is not None and self.shown_run == self.run.run

    def blocker(self) -> EngineError | None:
        """Why a training cannot start now; None when it can."""
        if not self._document.is_open:
            return EngineError(self.tr("No project is open."), fix=self.tr("Choose a folder of images or a sample."))
        if self.is_active:
            return EngineError(self.tr("A training is running."), fix=self.tr("Wait for it, or stop it."))
        if self._document.data.source is None:
            return EngineError(
                self.tr("No images have been chosen."),
                why=self.tr("The network needs images to learn from."),
                fix=self.tr("Choose a folder in Data."),
            )
        if self._data.problem is not None:
            return self._data.problem
        if self._data.index is None and self._data.state == "stopped":
            return EngineError(self.tr("Reading the images was stopped."), fix=self.tr("Let it go on in Data."))
        if self._data.index is None:
            return EngineError(self.tr("The images are still being listed."), fix=self.tr("Just a moment."))
        problems = self._document.report.problems
        return problems[0].raised() if problems else None

    def start(self) -> None:
        """Train the project as it is now, as a new run."""
        if self.blocker() is None:
            spec, path = self._document.spec, self._document.path
            self.run_work(lambda control: start_run(spec, path, control))

    def start_project(self, project: ProjectSpec, origin: Origin) -> None:
        """Train something else than the project as it is now, as a new run beside its others."""
        if not self.is_active and self._path is not None:
            path = self._path
            self.run_work(lambda control: start_run(project, path, control, origin))

    def resume_run(self, number: int) -> None:
        """Go on with a run that was interrupted or stopped, with the settings it began with."""
        if not self.is_active:
            path = self._path
            self.run_work(lambda control: resume_run(path, number, control))

    def continue_run(self, number: int, epochs: int) -> None:
        """Go on from the end of a run for more epochs, as a new run."""
        if not self.is_active:
            path = self._path
            self.run_work(lambda control: continue_run(path, number, epochs, control))

    def run_work(self, work: Work) -> None:
        """Drive a training, or several one after the other; only while none is active."""
        self._preparing, self._stopping = True, False
        self.run = self.progress = self._coming = self.trial = None
        self._runner.start(work)

    def tell_beside(self, words: str) -> None:
        """Let everybody know what else is done with the network; empty when it is over."""
        if words != self.beside:
            self.beside = words
            self.state_changed.emit()

    def pause(self) -> None:
        self._runner.pause()

    def resume(self) -> None:
        self._runner.resume()

    def stop(self, keep: bool = True) -> None:
        """End the run: keep its best epoch, or leave no trace of it, which is asked about when much would be lost."""
        if self.is_active and (keep or self._may_be_lost()):
            self._stopping = True
            self._runner.stop(keep)

    def _may_be_lost(self) -> bool:
        run = self.run
        if run is None or self._seconds_done() < LONG:
            return True
        # While somebody thinks about it, another trial of an experiment may begin: that was not the question.
        return self.may_discard() and self.is_active and self.run is run

    def _seconds_done(self) -> float:
        """What the live run has been trained for: in its finished epochs, or since it was begun or resumed."""
        before = sum(line.seconds for line in history.read(self.run.folder))
        return max(before, time.monotonic() - self._begun)

    def close(self) -> None:
        """End it in order so that it can be resumed, and wait; for leaving the project. No `ended` follows."""
        if self.is_active:
            self._runner.close()
            self._preparing = self._stopping = False
            self.progress = self.trial = None
            self._reload_runs()
            self.state_changed.emit()

    # ---- what the run tells

    def _on_progressed(self, event: object) -> None:
        self._handlers[type(event)](event)

    def _on_preparing(self, event: Progress) -> None:
        self.progress = event
        self.prepared.emit(event)

    def _on_pictures(self, event: PicturesReady) -> None:
        # Only with the run itself: until then the page shows the run before, whose picture numbers are of other ones.
        self._coming = event.pictures

    def _on_started(self, event: RunStarted) -> None:
        self._preparing, self.run, self.progress, self.layers = False, event, None, None
        self._told_epochs, self._begun = event.first_epoch - 1, time.monotonic()
        self.pictures, self._coming = self._coming, None
        self._show_files(event.run)
        self._reload_runs()
        self.state_changed.emit()
        self.started.emit(event)

    def _on_batch(self, event: BatchDone) -> None:
        if self.is_live_shown:
            self.steps.append(event)
            if len(self.steps) > MOST_STEPS:
                del self.steps[::2]
        self.batch_done.emit(event)

    def _on_watched(self, event: Watched) -> None:
        self.last_watched = event
        self.watched.emit(event)

    def _on_trial(self, event: TrialStarted) -> None:
        self.trial, self._preparing = event, True
        self.state_changed.emit()
        self.trial_started.emit(event)

    def _on_trial_done(self, event: TrialDone) -> None:
        self.reload_runs()  # how its run ended
        self.trial_done.emit(event)

    def _on_told(self, event: Told) -> None:
        self.told.emit(event.text)

    def _on_layers(self, event: LayersSeen) -> None:
        self.layers = event
        self.layers_seen.emit(event)

    def _on_epoch(self, event: EpochDone) -> None:
        line = EpochLine.of(event)
        self._told_epochs = line.epoch
        if self.is_live_shown:
            self.epochs.append(StoredEpoch(line, self.run.folder, event.numbers))
        self.runs = tuple(_grown(info, line) if info.number == self.run.run else info for info in self.runs)
        self.runs_changed.emit()
        self.epoch_done.emit(event)

    def _on_ended(self, outcome: Outcome) -> None:
        self._preparing = self._stopping = False
        self.progress = self.trial = None
        self._catch_up()
        was_discarded = self.run is not None and not self.run.folder.exists()
        self._reload_runs()
        if (was_discarded and self.shown_run == self.run.run) or self._shows_nothing():
            self._show_newest()
        self._on_document_state()
        self.ended.emit(outcome)
        if isinstance(outcome, Failed):
            self.failed.emit(outcome)

    def _shows_nothing(self) -> bool:
        """Whether the shown run was ended before its first epoch, though others have some.

        One that has failed stays: why it did is what there is to see of it.
        """
        info = next((info for info in self.runs if info.number == self.shown_run), None)
        has_more = any(other.epochs_done for other in self.runs)
        return has_more and info is not None and not info.epochs_done and info.state != "failed"

    def _catch_up(self) -> None:
        """Add the epoch that was written when a stop arrived, before it could be told."""
        if self.run is None or self.shown_run != self.run.run:
            return
        for line in history.read(self.run.folder)[len(self.epochs) :]:
            numbers = WatchFolder(self.run.folder).numbers(self.pictures.index)
            self.epochs.append(StoredEpoch(line, self.run.folder, numbers))
            self.epoch_done.emit(self.epochs[-1])

    # ---- runs of the past

    def _on_replaced(self) -> None:
        self.close()  # what still runs belongs to the project before
        self.run = self.pictures = self.last_watched = self.layers = None
        self._path = self._document.path
        if self._path is not None:
            runs.sweep(self._path)
        self._reload_runs()
        self._show_newest()

    def _on_document_state(self) -> None:
        if self._document.path != self._path and not self.is_active:
            self._on_replaced()  # saved under another name: other runs lie beside it

    def _on_index_changed(self) -> None:
        # Picture numbers are those of the index: what is shown of a stored run must be looked up anew.
        if self.shown_run is not None and not self.is_live_shown and self._data.index is not None:
            self._show_files(self.shown_run)

    def reload_runs(self) -> None:
        """Read the list of runs anew: one was deleted, brought back, or has another note."""
        self._reload_runs()
        if self.shown_run is not None and all(info.number != self.shown_run for info in self.runs):
            self._show_newest()

    def _reload_runs(self) -> None:
        self.runs = runs.list_runs(self._path) if self._path else ()
        self.runs_changed.emit()

    def look_at_layers(self, number: int | None, epoch: int | None = None) -> LayersSeen | None:
        """The last look at the layers of a run, at the latest in `epoch`; None where nothing was measured."""
        if self.run is not None and self.run.run == number and epoch is None and self.layers is not None:
            return self.layers
        info = next((info for info in self.runs if info.number == number), None)
        return None if info is None else layer_looks.last_look(info.folder, epoch)

    def _show_newest(self) -> None:
        newest = next((info for info in self.runs if info.epochs_done), None)
        if newest is not None:
            self._show_files(newest.number)
        else:
            self.shown_run, self.epochs, self.steps, self.past_steps = None, [], [], StepCurve.none()
            self.shown_changed.emit()

    def show_run(self, number: int) -> None:
        """Show another run on the page; the live one goes on meanwhile."""
        if number != self.shown_run:
            self._show_files(number)

    def _show_files(self, number: int) -> None:
        folder = runs.run_folder(self._path, number)
        index = self._data.index if self.pictures is None else self.pictures.index
        numbers = WatchFolder(folder).numbers(index) if index is not None else np.zeros(0, dtype=np.int64)
        is_live = self.is_active and self.run is not None and self.run.run == number
        until = self._told_epochs if is_live else None  # what comes after is told in a moment, and counts only once
        self.epochs = [StoredEpoch(line, folder, numbers) for line in history.read(folder)[:until]]
        self.steps, self.past_steps, self.shown_run = [], step_curve.read(folder, until), number
        self.shown_changed.emit()


def _grown(info: RunInfo, line: EpochLine) -> RunInfo:
    """A run's entry in the list after one more epoch."""
    grown = replace(info, epochs_done=line.epoch)
    if line.is_best:
        grown = replace(grown, best_epoch=line.epoch, best_accuracy=line.validation_accuracy)
    return grown
