"""What is done with runs beside training one: experiments, the queue, and the shelf of runs itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QFile, QObject, Signal

from engine.errors import EngineError
from engine.spec import ProjectSpec
from engine.train import runs
from engine.train.continuing import repeat_blocker, with_another_seed
from engine.train.experiments.plans import Plan
from engine.train.experiments.runner import run_experiment, start_experiment
from engine.train.experiments.store import (
    Experiment,
    Trial,
    add_to_queue,
    list_experiments,
    open_queue,
    remove_waiting,
    run_alike,
    sweep_experiments,
    waiting_alike,
)
from engine.train.job import Origin
from engine.train.runs import RunInfo
from gui.document import ProjectDocument
from gui.jobs import Finished, Outcome
from gui.studio.train_session import TrainSession

Gone = tuple[int, Path, Path]
"""A run that was deleted, 0 for what is none; where it lies now, and where it was."""

NOWHERE = Path()
"""Where something lies that cannot be brought back from here."""


@dataclass(frozen=True)
class Queued:
    """A training that was added to the queue.

    Attributes:
        label: what it is called in the queue.
        begins_now: nothing else is being trained.
        before: how many wait that were added before it.
        alike: how many of these have the very same settings.
        run: that has had the very same settings, or is being trained with them; None where there is none.
    """

    label: str
    begins_now: bool
    before: int
    alike: int
    run: RunInfo | None


def to_trash(folder: Path) -> Path | None:
    """Put a folder into the system's trash.

    Returns:
        Where it lies now, `NOWHERE` where the system does not tell; None where there is no trash, and it stays.
    """
    file = QFile(str(folder))
    if not file.moveToTrash():
        return None
    return Path(file.fileName()) if file.fileName() else NOWHERE


class ExperimentSession(QObject):
    """The experiments of the open project, and what the user does with its runs.

    Signals:
        changed: experiments came, went on or ended.
        failed(EngineError): what was asked for could not be done.
        deleted(tuple of int, str): these runs are in the trash, or gone; `can_undo_delete` says which. The title of
            the experiment that went with them, empty where none did.

    Attributes:
        experiments: newest first.
    """

    changed = Signal()
    failed = Signal(object)
    deleted = Signal(object, str)

    def __init__(self, document: ProjectDocument, training: TrainSession, parent: QObject | None = None):
        super().__init__(parent)
        self._document, self._training = document, training
        self.experiments: tuple[Experiment, ...] = ()
        self._trashed: list[tuple[Path, Path]] = []  # where each lies now, and where it was
        self._going: Path | None = None  # the project whose queue goes on by itself; see `_on_ended`
        self._is_stopping = False
        document.replaced.connect(self._on_replaced)
        training.trial_started.connect(self.reload)
        training.started.connect(self._on_started)  # only now its trial is noted as the one in training
        training.trial_done.connect(self.reload)
        training.state_changed.connect(self._on_training_state)
        training.ended.connect(self._on_ended)

    def reload(self) -> None:
        """Read the experiments anew."""
        path = self._document.path
        self.experiments = list_experiments(path) if path is not None else ()
        self.changed.emit()

    def _on_started(self) -> None:
        if self._training.trial is not None:
            self.reload()

    def _on_replaced(self) -> None:
        self._trashed, self._going = [], None
        if self._document.path is not None:
            sweep_experiments(self._document.path)
        self.reload()

    # ---- experiments

    def start(self, plan: Plan) -> None:
        """Begin an experiment on the project as it is now; why that is not possible is for `blocker` to say."""
        if self._training.blocker() is None:
            spec, path = self._document.spec, self._document.path
            self._training.run_work(lambda control: start_experiment(spec, path, plan, control))

    def resume(self, number: int) -> None:
        """Go on with an experiment where it was left."""
        if not self._training.is_active and self._document.path is not None:
            path = self._document.path
            if self.is_queue(number):
                self._going = path
            self._training.run_work(lambda control: run_experiment(path, number, control))

    def known(self, number: int | None) -> Experiment | None:
        """The experiment of this number, as it was when they were last read; None where there is none."""
        return next((experiment for experiment in self.experiments if experiment.number == number), None)

    def is_queue(self, number: int) -> bool:
        """Whether this experiment is a queue."""
        experiment = self.known(number)
        return experiment is not None and experiment.kind == "queue"

    def waiting(self) -> int:
        """How many trainings of the queue have not begun."""
        queue = next((e for e in self.experiments if e.kind == "queue" and e.done < len(e.trials)), None)
        return 0 if queue is None else sum(trial.state == "waiting" for trial in queue.trials)

    def add_to_queue(self) -> Queued | None:
        """Let the project as it is now be trained after what is being trained; at once, where nothing is.

        Returns:
            What became of it; None where it was not added.
        """
        path, spec = self._document.path, self._document.spec
        if path is None or self.queue_blocker() is not None:
            return None
        before, alike, run = self.waiting(), waiting_alike(path, spec), run_alike(path, spec)
        try:
            queue = add_to_queue(path, spec)
        except EngineError as error:
            self.failed.emit(error)
            return None
        self._going = path
        self.reload()
        begins_now = not self._training.is_active
        if begins_now:
            self.resume(queue.number)
        return Queued(queue.trials[-1].label, begins_now, before, alike, run)

    def remove_from_queue(self, number: int, names: Collection[str]) -> None:
        """Take the trials of these names out of a queue, as far as they wait, also while another one is trained."""
        queue = self.known(number)
        for trial in queue.trials if queue is not None else ():
            if trial.name in names:
                self._remove_waiting(queue, trial)
        self.reload()

    def _remove_waiting(self, queue: Experiment, trial: Trial) -> None:
        try:
            remove_waiting(queue, trial)
        except EngineError as error:
            self.failed.emit(error)

    def queue_blocker(self) -> EngineError | None:
        """Why the project cannot be trained; that something else is being trained is no reason."""
        if not self._training.is_active:
            return self._training.blocker()
        problems = self._document.report.problems
        return problems[0].raised() if problems else None

    def _on_training_state(self) -> None:
        is_stopping = self._training.state == "stopping"
        if is_stopping and not self._is_stopping:
            self._going = None  # even where its last step was done before it heard of that
        self._is_stopping = is_stopping

    def _on_ended(self, outcome: Outcome) -> None:
        """Go on with the queue where the user counts on it: it was added to or resumed, and since then nothing was
        stopped, nothing has failed, and no other project was opened. Otherwise it is left until they ask for it."""
        self.reload()
        path = self._document.path
        if not isinstance(outcome, Finished):
            self._going = None
        if path is not None and self._going == path and not self._training.is_active:
            queue = open_queue(path)
            if queue is not None and queue.can_resume:
                self.resume(queue.number)

    # ---- runs

    def open_network(self, number: int) -> None:
        """Put what a run has trained into the project, as one step that can be undone. Its notes stay."""
        spec = self._spec(number)
        if spec is not None:
            # Which fold a run was given says nothing of the project.
            data = replace(spec.data, folds=self._document.data.folds, fold=self._document.data.fold)
            text = self.tr("Open the network of run {number}").format(number=number)
            self._document.edit(text, data=data, network=spec.network, recipe=spec.recipe)

    def start_again(self, number: int) -> None:
        """Train what a run has trained from another seed, as its child."""
        info = next((info for info in self._training.runs if info.number == number), None)
        blocker = repeat_blocker(info) if info is not None else None
        if blocker is not None:
            self.failed.emit(blocker)
            return
        spec = self._spec(number)
        if spec is not None and not self._training.is_active:
            other = with_another_seed(spec, self._training.runs)
            self._training.start_project(other, Origin(parent=number, label=self.tr("another seed")))

    def _spec(self, number: int) -> ProjectSpec | None:
        try:
            return runs.read_run_spec(runs.run_folder(self._document.path, number))
        except EngineError as error:
            self.failed.emit(error)
            return None

    def set_note(self, number: int, note: str) -> None:
        """Keep a note on a run; an empty one is none."""
        self._mark(number, note=note.strip())

    def set_pinned(self, number: int, pinned: bool) -> None:
        """Let a run stand first in the list, or no longer."""
        self._mark(number, pinned=pinned)

    def _mark(self, number: int, **marks: str | bool) -> None:
        try:
            runs.write_marks(runs.run_folder(self._document.path, number), **marks)
        except EngineError as error:
            self.failed.emit(error)
        self._training.reload_runs()

    def delete(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Put runs into the system's trash. Returns: those for which there is none; they are where they were.

        A run that is being trained stays, here and wherever else.
        """
        trashed, refused = self._to_trash(numbers)
        self._tell_deleted(trashed)
        return refused

    def _to_trash(self, numbers: tuple[int, ...]) -> tuple[list[Gone], tuple[int, ...]]:
        trashed, refused = [], []
        for number in numbers:
            folder = runs.run_folder(self._document.path, number)
            if runs.owner_is_alive(folder):
                continue
            place = to_trash(folder)
            if place is None:
                refused.append(number)
            else:
                trashed.append((number, place, folder))
        return trashed, tuple(refused)

    def delete_for_good(self, numbers: tuple[int, ...]) -> None:
        """Remove runs where there is no trash; this cannot be undone."""
        self._tell_deleted(self._discarded(numbers))

    def _discarded(self, numbers: tuple[int, ...]) -> list[Gone]:
        gone = []
        for number in numbers:
            folder = runs.run_folder(self._document.path, number)
            if not runs.owner_is_alive(folder):
                runs.discard(folder)
                gone.append((number, NOWHERE, folder))
        return gone

    def delete_experiment(self, number: int) -> bool:
        """Put an experiment and the runs of its trials into the system's trash.

        Returns:
            False where there is no trash: all of it is where it was. One that is being worked on stays as well.
        """
        experiment = self._idle(number)
        if experiment is None:
            return True
        place = to_trash(experiment.folder)
        if place is None:
            return False
        trashed, _ = self._to_trash(self._runs_of(number))
        self._tell_deleted([*trashed, (0, place, experiment.folder)], experiment.title)
        return True

    def delete_experiment_for_good(self, number: int) -> None:
        """Remove an experiment and its runs where there is no trash; this cannot be undone."""
        experiment = self._idle(number)
        if experiment is not None:
            runs.discard(experiment.folder)
            gone = self._discarded(self._runs_of(number))
            self._tell_deleted([*gone, (0, NOWHERE, experiment.folder)], experiment.title)

    def _idle(self, number: int) -> Experiment | None:
        known = self.known(number)
        return None if known is None or runs.owner_is_alive(known.folder) else known

    def _runs_of(self, number: int) -> tuple[int, ...]:
        return tuple(info.number for info in self._training.runs if info.experiment == number)

    def _tell_deleted(self, gone: list[Gone], experiment: str = "") -> None:
        if gone:
            self._trashed = [(place, folder) for _, place, folder in gone if place != NOWHERE]
            self._training.reload_runs()
            self.reload()
            self.deleted.emit(tuple(number for number, _, _ in gone if number), experiment)

    @property
    def can_undo_delete(self) -> bool:
        """Whether the runs that were deleted last can be brought back from here."""
        return bool(self._trashed)

    def undo_delete(self) -> None:
        """Bring back the runs that were deleted last."""
        trashed, self._trashed = self._trashed, []
        for place, folder in trashed:
            try:
                runs.bring_back(place, folder)
            except EngineError as error:
                self.failed.emit(error)
        self._training.reload_runs()
        self.reload()
