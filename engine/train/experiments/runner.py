"""The work on an experiment: a generator of what its trainings tell, which goes on wherever it was left."""

from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.data.load import load_index
from engine.errors import EngineError
from engine.files import sweep_dead_parts
from engine.jobs import Cancelled, JobControl, Progress
from engine.spec import ProjectSpec
from engine.train import history, runs
from engine.train.events import EpochDone, RunStarted, TrainEvent
from engine.train.experiments.halving import settled, standing
from engine.train.experiments.plans import Plan
from engine.train.experiments.results import Results, results_of
from engine.train.experiments.store import (
    Experiment,
    Trial,
    base_project,
    begin_queued,
    create_experiment,
    read_experiment,
    remove_begun,
    sweep_experiments,
    trial_project,
    with_queued,
    with_trial,
    write_experiment,
)
from engine.train.fingerprint import fingerprint
from engine.train.job import Origin, PicturesReady, Training, resume_run, start_run
from engine.train.runs import RunInfo
from engine.train.tensorboard import writes_event_files


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """A trial begins, or goes on.

    Attributes:
        experiment: its number.
        place, total: 1-based, of the trials; under successive halving, of those that were let into its rung.
        label: "fold 2 of 5".
        until: the epoch after which it is judged; 0: its last.
    """

    experiment: int
    title: str
    place: int
    total: int
    label: str
    until: int


@dataclass(frozen=True, slots=True)
class TrialDone:
    """A trial was judged, has failed or was dropped; it is on disk when this event is sent."""

    experiment: int
    trial: Trial


Event = Progress | PicturesReady | TrainEvent | TrialStarted | TrialDone


class _TrialControl(JobControl):
    """Obeys whoever controls the experiment, and can end one trial alone."""

    def __init__(self, whole: JobControl):
        super().__init__()
        self._whole = whole

    @property
    def is_paused(self) -> bool:
        return self._whole.is_paused

    @property
    def is_stopping(self) -> bool:
        return self._whole.is_stopping or super().is_stopping

    @property
    def is_discarding(self) -> bool:
        return self._whole.is_discarding

    def checkpoint(self) -> None:
        self._whole.checkpoint()
        super().checkpoint()


def start_experiment(
    project: ProjectSpec, project_path: Path, plan: Plan, control: JobControl, tensorboard: bool | None = None
) -> Generator[Event, None, Results]:
    """Make an experiment and work on it until all its trials are done.

    Raises: EngineError: the plan does not suit the project; Cancelled, as `run_experiment`.
    """
    yield Progress(0, 0, "Looking for images")
    plan.trials(project)  # a wrong plan first: listing a million images takes a while
    seen = _look(project, plan, control)
    events = writes_event_files() if tensorboard is None else tensorboard
    made = create_experiment(project_path, project, plan, pictures=seen, tensorboard=events)
    return (yield from run_experiment(project_path, made.number, control))


def _look(project: ProjectSpec, plan: Plan, control: JobControl) -> str:
    """The fingerprint of the images. Raises: EngineError, where folds would all be the same."""
    if plan.kind == "queue":
        return ""  # its trials may have data of their own
    index = load_index(project.data, control)
    if plan.kind == "folds":
        first, second = (
            load_index(replace(project.data, folds=plan.trials(project)[0].values["data.folds"], fold=fold), control)
            for fold in (1, 2)
        )
        if np.array_equal(first.splits, second.splits):
            raise EngineError(
                "These images cannot be divided into folds.",
                why="Their folder brings a validation set of its own, which is kept."
                if index.brings_splits
                else "There are too few of them.",
                fix="Repeat the training with other seeds instead, or choose the folder with the training images.",
            )
    return fingerprint(index)


def run_experiment(project_path: Path, number: int, control: JobControl) -> Generator[Event, None, Results]:
    """Work on an experiment until all its trials are done; what was done already is not done again.

    A stop that keeps leaves it as it is, to go on later; one that discards removes the run that was just trained and
    keeps those of trials that are done. A queue is then without the trial as well: nobody wants it trained again.

    Raises:
        EngineError: it is worked on elsewhere, its images have changed, or a training cannot go on.
        Cancelled: it was stopped.
    """
    sweep_experiments(project_path)
    experiment = read_experiment(project_path, number)
    _claim(experiment)
    work = _Work(project_path, experiment, control)
    state = "interrupted"
    try:
        sweep_dead_parts(experiment.folder)  # not those of another thread that is adding to a queue
        work.keep(state="running")
        if not _has_same_pictures(experiment, control):
            raise EngineError(
                "This experiment cannot go on: the images have changed since.",
                why="Its trials would have learnt from different data, and could not be compared.",
                fix="Start a new experiment, or bring the former images back.",
            )
        yield from work.trials()
        state = "finished"
    except (Cancelled, GeneratorExit):
        # A stop that arrives between two events closes the work instead of going through it.
        state = "stopped" if control.is_stopping else "interrupted"
        if control.is_discarding:
            work.forget_discarded()
        raise
    finally:
        work.close(state)
    return results_of(work.experiment)


def _has_same_pictures(experiment: Experiment, control: JobControl) -> bool:
    if not experiment.pictures:
        return True
    return fingerprint(load_index(base_project(experiment).data, control)) == experiment.pictures


def _claim(experiment: Experiment) -> None:
    if runs.owner_is_alive(experiment.folder):
        raise EngineError(
            f"Experiment {experiment.number} is being worked on already.",
            why="Another window or command works on it.",
            fix="Wait for it or stop it there.",
        )
    try:
        runs.claim(experiment.folder)
    except OSError as error:
        raise EngineError(
            f"Experiment {experiment.number} cannot go on.",
            why=f"Its folder cannot be written to: {(error.strerror or str(error)).lower()}.",
            fix="Free some space, or check that you may write there.",
        ) from error


class _Work:
    """One experiment being worked on by this process; only this process writes its file."""

    def __init__(self, project_path: Path, experiment: Experiment, control: JobControl):
        self._path, self.experiment, self._control = project_path, experiment, control
        self._under_way = ""  # the name of the trial

    def keep(self, trial: Trial | None = None, state: str | None = None) -> None:
        """Write what has changed. Raises: EngineError."""
        changed = with_trial(self.experiment, trial) if trial is not None else self.experiment
        if changed.rungs:
            changed = replace(changed, trials=settled(changed.trials, changed.rungs, changed.factor))
        self.experiment = write_experiment(changed, state)

    def close(self, state: str) -> None:
        """Leave it; never fails itself: without its last state it counts as interrupted, which is true as well."""
        with suppress(EngineError):
            self.keep(state=state)
        with suppress(OSError):
            runs.release(self.experiment.folder)

    def forget_discarded(self) -> None:
        """Take the trial out of the queue whose run was discarded; never fails itself, as `close`."""
        trial = next((trial for trial in self.experiment.trials if trial.name == self._under_way), None)
        if self.experiment.kind == "queue" and trial is not None and self._run_of(trial) is None:
            with suppress(EngineError):
                self.experiment = remove_begun(self.experiment, trial)

    # ---- what is next

    def trials(self) -> Generator[Event, None, None]:
        """Train everything that is left."""
        while True:
            if self.experiment.kind == "queue":
                self.experiment = with_queued(self.experiment)
            following = self._following()
            if following is None:
                return
            self._control.checkpoint()
            yield from self._trial(*following)

    def _following(self) -> tuple[Trial, int, int, int] | None:
        """(trial, epoch at which it is judged or 0, place, total) of what is to be trained next; None at the end."""
        trials, rungs = self.experiment.trials, self.experiment.rungs
        if not rungs:
            left = ((trial, 0, place, len(trials)) for place, trial in enumerate(trials, start=1) if not trial.is_done)
            return next(left, None)
        found = standing(trials, rungs, self.experiment.factor)
        if found.following is None:
            return None
        names = found.entrants[-1]
        until = rungs[len(found.entrants) - 1]
        return found.following, until, names.index(found.following.name) + 1, len(names)

    # ---- one trial

    def _trial(self, trial: Trial, until: int, place: int, total: int) -> Generator[Event, None, None]:
        if self.experiment.kind == "queue":
            begun = begin_queued(self.experiment, trial)
            if begun is None:
                return  # it was taken out while it was about to begin
            trial = replace(begun, state="running")
            self.keep(trial)
        self._under_way = trial.name
        yield TrialStarted(self.experiment.number, self.experiment.title, place, total, trial.label, until)
        run = self._run_of(trial)
        if run is not None and not self._is_ready(run, until):
            trial = replace(trial, run=run.number, state="running", reason="")
        try:
            if run is None or not self._is_ready(run, until):
                yield from self._trained(trial, run, until)
        except EngineError as error:
            if not self._may_go_on(trial):
                raise
            self.keep(replace(self.experiment.trial(trial.name), state="failed", reason=str(error)))
        else:
            self._judge(self.experiment.trial(trial.name), until)
        self._under_way = ""
        yield TrialDone(self.experiment.number, self.experiment.trial(trial.name))

    def _run_of(self, trial: Trial) -> RunInfo | None:
        """The run of a trial that has begun: also one whose number was not noted before the process died."""
        folders = [runs.run_folder(self._path, trial.run)] if trial.run else []
        folders += [] if trial.run else runs.folders(self._path)
        for folder in folders:
            state = runs.read_state(folder)
            if state.get("experiment") == self.experiment.number and state.get("trial") == trial.name:
                return runs.run_info(folder)
        return None

    def _is_ready(self, run: RunInfo, until: int) -> bool:
        """Whether a run can be judged as it is; one that died after its last epoch still has to end as finished."""
        return run.state in ("finished", "failed") or self._is_judged_after(run.epochs_done, until)

    def _trained(self, trial: Trial, run: RunInfo | None, until: int) -> Generator[Event, None, None]:
        control = _TrialControl(self._control)
        try:
            with closing(self._training(trial, run, control)) as work:
                for event in work:
                    if isinstance(event, RunStarted):
                        self.keep(replace(trial, run=event.run, state="running"))
                    # Its last epoch is left to the run itself: it then ends as finished.
                    if isinstance(event, EpochDone) and self._is_judged_after(event.epoch, until):
                        control.stop()
                    yield event
        except Cancelled:
            if self._control.is_stopping:
                raise

    def _is_judged_after(self, epoch: int, until: int) -> bool:
        return 0 < until <= epoch and until < self.experiment.rungs[-1]

    def _training(self, trial: Trial, run: RunInfo | None, control: JobControl) -> Training:
        if run is not None:
            return resume_run(self._path, run.number, control)
        project = trial_project(self.experiment, trial)
        origin = Origin(label=trial.label, experiment=self.experiment.number, trial=trial.name)
        tensorboard = self.experiment.tensorboard or trial.tensorboard
        return start_run(project, self._path, control, origin, tensorboard=tensorboard)

    def _may_go_on(self, trial: Trial) -> bool:
        """Whether a trial that cannot be trained is an answer too, as a learning rate that is too high."""
        run = self._run_of(self.experiment.trial(trial.name))
        if run is not None:
            return run.state == "failed"  # otherwise the disk is full, or the images have gone
        # A setting that no network can be made with is an answer; a drive that is gone would fail all that follow.
        is_question = self.experiment.kind in ("search", "queue")
        return is_question and _has_same_pictures(self.experiment, self._control)

    def _judge(self, trial: Trial, until: int) -> None:
        """Note how well a trial does, from the history of its run."""
        run = self._run_of(trial)
        lines = history.read(run.folder) if run is not None else []
        if run is None or not lines:
            reason = run.reason if run is not None else ""
            self.keep(replace(trial, state="failed", reason=reason or "It has no finished epoch."))
            return
        if run.state == "failed":
            self.keep(replace(trial, run=run.number, state="failed", reason=run.reason))
            return
        best = history.best_of(lines[:until] if until else lines)
        is_last = not self.experiment.rungs or until == self.experiment.rungs[-1]
        # A trial that early stopping has ended is judged at every later rung as it is.
        self.keep(
            replace(
                trial,
                run=run.number,
                state="finished" if is_last else "judged",
                marks=(*trial.marks, (best.validation_accuracy, best.validation_loss)),
                last_accuracy=lines[-1].validation_accuracy,
                epochs=len(lines),
                best_epoch=best.epoch,
            )
        )
