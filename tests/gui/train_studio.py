"""A studio whose training replays made-up events: pages are shown them, and what they ask of it is written down."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.data.index import PATH_TYPE, Index
from engine.errors import EngineError
from engine.spec import Chosen, DataSpec, NetworkSpec, ProjectSpec, RecipeSpec
from engine.train.events import BatchDone, EpochDone, RunStarted, Watched
from engine.train.history import NAME, EpochLine
from engine.train.runs import RunInfo
from engine.train.step_curve import StepCurve
from gui.document import ProjectDocument
from gui.plots import Curves
from gui.studio.experiment_session import ExperimentSession
from gui.studio.pins import PinBoard

STEPS = 20
CLASSES = ("chihuahua", "muffin")


def make_index(root: Path, classes: tuple[str, ...] = CLASSES) -> Index:
    """An index of all pictures below `root`; every third one is for validation."""
    found = (path for path in root.rglob("*") if path.suffix in (".png", ".jpg"))
    paths = sorted(path.relative_to(root).as_posix() for path in found)
    count = len(paths)
    return Index(
        root=root,
        classes=classes,
        paths=np.array(paths, dtype=PATH_TYPE),
        labels=(np.arange(count) * len(classes) // max(1, count)).astype(np.int32),
        splits=(np.arange(count) % 3 == 0).astype(np.int8),
        sizes=np.zeros(count, np.int64),
        modified=np.zeros(count, np.int64),
        brings_splits=False,
    )


def drawn_epochs(chart: Curves, line: str) -> int:
    """How many points of a line are drawn by now."""
    points = None if chart._area is None else getattr(chart._area, line).getOriginalDataset()[0]
    return 0 if points is None else len(points)


class FakeData(QObject):
    changed = Signal()
    index_changed = Signal()
    pictures_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.state, self.index, self.pictures, self.progress, self.problem = "empty", None, None, None, None

    def become(self, state: str, index: Index | None = None, progress: object = None) -> None:
        """Take a state and tell it as the real session does."""
        is_new = index is not self.index
        self.state, self.index, self.progress = state, index, progress
        if is_new:
            self.index_changed.emit()
        self.changed.emit()


class FakeTraining(QObject):
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
    trial_started = Signal(object)
    trial_done = Signal(object)

    def __init__(self, data: FakeData, folder: Path) -> None:
        super().__init__()
        self._data, self._folder = data, folder
        self.state, self.problem = "idle", None
        self.run = self.shown_run = self.pictures = self.progress = self.layers = self.trial = None
        self.beside = ""
        self.epochs, self.steps, self.runs = [], [], ()
        self.past_steps = StepCurve.none()
        self.histories: dict[int, list] = {}
        self.asked: list[tuple] = []
        self._rng = np.random.default_rng(0)

    # what pages call

    @property
    def is_active(self) -> bool:
        return self.state in ("preparing", "training", "paused", "stopping")

    def blocker(self) -> EngineError | None:
        return self.problem

    def tell_beside(self, words: str) -> None:
        self.beside = words
        self.state_changed.emit()

    def start(self) -> None:
        self.asked.append(("start",))

    def pause(self) -> None:
        self.asked.append(("pause",))

    def resume(self) -> None:
        self.asked.append(("resume",))

    def stop(self, keep: bool = True) -> None:
        self.asked.append(("stop", keep))

    def resume_run(self, number: int) -> None:
        self.asked.append(("resume_run", number))

    def continue_run(self, number: int, epochs: int) -> None:
        self.asked.append(("continue_run", number, epochs))

    def run_work(self, work: object) -> None:
        self.asked.append(("run_work",))

    def reload_runs(self) -> None:
        self.runs_changed.emit()

    def start_project(self, project: ProjectSpec, origin: object) -> None:
        self.asked.append(("start_project", project, origin))

    def show_run(self, number: int) -> None:
        self.shown_run, self.epochs, self.steps = number, self.histories.get(number, []), []
        self.shown_changed.emit()

    # what tests do

    def become(self, state: str) -> None:
        self.state = state
        self.state_changed.emit()

    def add_run(self, number: int, state: str, epochs: int = 12, planned: int = 12, network: str = "Small VGG") -> None:
        """A run of the past, with its history on disk."""
        folder = self._folder / f"{number:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        done = [self.epoch(epoch, planned, late=0.05) for epoch in range(1, epochs + 1)]
        lines = [json.dumps(asdict(EpochLine.of(event))) for event in done]
        (folder / NAME).write_text("\n".join(lines), "utf-8")
        self.histories[number] = done
        best = max((event.validation_accuracy for event in done), default=None)
        info = RunInfo(number, folder, state, epochs, planned, epochs, best, network, 21_000, datetime.now(UTC))
        self.runs = (info, *self.runs)
        self.runs_changed.emit()

    def begin(self, number: int = 3, planned: int = 30) -> None:
        """Start a live run."""
        validation = self._data.index.where(1)
        folder = self._folder / f"{number:04d}"
        self.run = RunStarted(
            run=number,
            folder=folder,
            device="cpu",
            device_reason="no graphics processor was found",
            precision="bfloat16",
            precision_reason="this processor computes it natively",
            parameters=21_000,
            epochs=planned,
            first_epoch=1,
            steps_per_epoch=STEPS,
            batch_size=32,
            classes=self._data.index.classes,
            train_images=len(self._data.index) - len(validation),
            validation_images=len(validation),
            watched=tuple(validation[:14].tolist()),
            left_out=0,
        )
        self.epochs, self.steps, self.shown_run = [], [], number
        info = RunInfo(
            number, folder, "running", 0, planned, 0, None, "Small VGG + residual", 21_000, datetime.now(UTC)
        )
        self.runs = (info, *self.runs)
        self.pictures = SimpleNamespace(index=self._data.index)
        self.shown_changed.emit()
        self.runs_changed.emit()
        self.become("training")
        self.started.emit(self.run)

    def probabilities(self, numbers: np.ndarray, skill: float) -> np.ndarray:
        """(n, classes): answers that are the better the nearer `skill` is to 1."""
        classes = len(self._data.index.classes)
        raw = self._rng.random((len(numbers), classes)) * 1.4
        raw[np.arange(len(numbers)), self._data.index.labels[numbers]] += 2 * skill
        raw = np.exp(raw)
        return (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)

    def epoch(self, epoch: int, planned: int, late: float = 0.0) -> EpochDone:
        """The event of one epoch."""
        numbers = self._data.index.where(1)
        told = self.probabilities(numbers, skill=epoch / planned)
        accuracy = 0.96 - 0.45 * float(np.exp(-epoch / 4)) - late + 0.004 * (epoch % 3)
        loss = 1.1 * float(np.exp(-epoch / 4)) + 0.1
        return EpochDone(
            epoch, loss, accuracy + 0.02, loss * 1.2 + late, accuracy, 1e-3, 2.5, 1840.0, True, numbers, told
        )

    def play(self, epochs: int, within: int = 0) -> None:
        """Send the events of whole epochs, and of `within` steps of one more."""
        first = len(self.epochs) + 1
        for epoch in range(first, first + epochs):
            for step in range(1, STEPS + 1):
                self.play_step(epoch, step)
            event = self.epoch(epoch, self.run.epochs)
            self.epochs.append(event)
            grown = {"epochs_done": epoch, "best_epoch": epoch, "best_accuracy": event.validation_accuracy}
            self.runs = (replace(self.runs[0], **grown), *self.runs[1:])
            self.runs_changed.emit()
            self.epoch_done.emit(event)
        for step in range(1, within + 1):
            self.play_step(first + epochs, step)

    def play_step(self, epoch: int, step: int) -> None:
        done = epoch - 1 + step / STEPS
        loss = 1.1 * float(np.exp(-done / 4)) + 0.1 + 0.1 * float(self._rng.random())
        accuracy = 0.98 - 0.5 * float(np.exp(-done / 4)) - 0.05 * float(self._rng.random())
        total = (epoch - 1) * STEPS + step
        event = BatchDone(epoch, step, total, loss, accuracy, 1e-3, 1840.0, (self.run.epochs - done) * 7.2)
        self.steps.append(event)
        self.batch_done.emit(event)

    def watch(self) -> Watched:
        """Send fresh answers to the watched pictures."""
        numbers = np.array(self.run.watched)
        event = Watched(len(self.epochs) + 1, 1, self.run.watched, self.probabilities(numbers, 1.5))
        self.watched.emit(event)
        return event

    def end(self, outcome: object) -> None:
        """End the live run; `outcome` is one of gui.jobs, None a run that came to its end."""
        states = {"Stopped": "stopped", "Failed": "failed"}
        if self.runs and self.run is not None:
            ended = replace(self.runs[0], state=states.get(type(outcome).__name__, "finished"))
            self.runs = (ended, *self.runs[1:])
            self.runs_changed.emit()
        self.become("idle")
        self.ended.emit(outcome)


class FakeStudio(QObject):
    failed = Signal(object)
    told = Signal(str)
    place_wanted = Signal(str)
    closing = Signal()
    machine_changed = Signal()
    replay_changed = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.machine = None
        self.document = ProjectDocument(self)
        self.data = FakeData()
        self.training = FakeTraining(self.data, folder / "runs")
        self.experiments = ExperimentSession(self.document, self.training, self)
        self.pins = PinBoard(self.document, self)
        self.replayed: tuple[int, int] | None = None

    def replay(self, run: int | None, epoch: int | None) -> None:
        self.replayed = (run, epoch) if run is not None and epoch is not None else None
        self.replay_changed.emit()

    def seen_layers(self, run: int | None) -> None:
        """Made-up trainings have no layers."""

    def open(self, folder: Path, classes: tuple[str, ...] = CLASSES) -> None:
        """Open a project with a source, so that nothing but what a test wants is missing."""
        data = DataSpec(source=Chosen("folder", {"path": str(folder)}), classes=classes)
        self.document.create(ProjectSpec(data, NetworkSpec(), RecipeSpec()), folder / "Muffins.atelier")
