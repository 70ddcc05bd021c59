"""Experiments on disk: beside the runs, one folder each, every change of it written whole or not at all.

experiments/0001/
  spec.json         the project that all trials begin with
  experiment.json   what is asked, the trials, and how far each has come
  entry-001.json    of a queue: what a trial is called, and whether it writes event files
  queued-001.json   of a queue: the project of a trial that waits; `begun-001.json` once it has begun, and
                    `removed-001.json` where it was taken out. Who can rename it decides what becomes of it: a trial
                    is never begun and taken out at once, whichever processes try, and whenever one of them dies.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.compile import Facts
from engine.errors import EngineError
from engine.files import part_name, sweep_dead_parts, write_atomically
from engine.params import Value
from engine.spec import ProjectSpec
from engine.spec.files import read_project, to_json
from engine.templates import title_of
from engine.train import runs
from engine.train.changes import NOTHING, Change, changes_between, uncapitalised
from engine.train.experiments.plans import Plan, QueuePlan
from engine.train.experiments.settings import with_values
from engine.train.runs import RunInfo
from engine.train.tensorboard import writes_event_files

FORMAT = 1
NAME, SPEC = "experiment.json", "spec.json"
DONE = ("finished", "dropped", "failed")
"""States of trials that nothing is left to do for."""

WAITS, BEGUN, REMOVED = "queued", "begun", "removed"
"""How the names of the files begin that hold the projects of a queue."""

_PROJECT = re.compile(rf"(?:{WAITS}|{BEGUN})-(\d+)\.json")
_NUMBERED = re.compile(rf"(?:entry|{WAITS}|{BEGUN}|{REMOVED})-(\d+)\.json")
_MOST_VALUES = 3


@dataclass(frozen=True)
class Trial:
    """One training of an experiment and how far it has come.

    Attributes:
        name, label, values, spec_file: see `plans.PlannedTrial`.
        state: "waiting", "running" (or interrupted: the run knows), "judged" (waits for others of its rung),
            "finished", "dropped" (others did better, see `reason`; called up again where those fail) or "failed".
        run: number of its run; None before it began.
        marks: (accuracy, loss) of its best epoch at each rung it reached; for trials without rungs, at its end.
        last_accuracy: at its last epoch, which nobody chose; None before it is done.
        epochs, best_epoch: when it was judged last.
        tensorboard: of a queue: its run writes event files, as was chosen when it was added.
    """

    name: str
    label: str
    values: Mapping[str, Value] = field(default_factory=dict)
    spec_file: str = ""
    state: str = "waiting"
    run: int | None = None
    marks: tuple[tuple[float, float], ...] = ()
    last_accuracy: float | None = None
    epochs: int = 0
    best_epoch: int = 0
    reason: str = ""
    tensorboard: bool = False

    @property
    def accuracy(self) -> float | None:
        """Validation accuracy of its best epoch, 0..1; None before it was judged."""
        return self.marks[-1][0] if self.marks else None

    @property
    def is_done(self) -> bool:
        return self.state in DONE


@dataclass(frozen=True)
class Experiment:
    """Several trainings with one question.

    Attributes:
        kind: "folds", "seeds", "search" or "queue".
        state: "running" (some living process works on it), "interrupted", "stopped" (by the user), "finished".
        rungs, factor: of successive halving; see `plans.SearchPlan`.
        pictures: fingerprint of the images it began with.
        tensorboard: its runs write event files.
    """

    number: int
    folder: Path
    kind: str
    title: str
    state: str
    trials: tuple[Trial, ...]
    method: str = ""
    rungs: tuple[int, ...] = ()
    factor: int = 0
    pictures: str = ""
    tensorboard: bool = False
    when: datetime | None = None

    @property
    def done(self) -> int:
        """Trials that nothing is left to do for."""
        return sum(trial.is_done for trial in self.trials)

    @property
    def can_resume(self) -> bool:
        # A queue that was just leaving when something was added to it has ended, and has something left to do.
        is_left = self.state in ("interrupted", "stopped") or (self.kind == "queue" and self.state == "finished")
        return is_left and self.done < len(self.trials)

    def trial(self, name: str) -> Trial:
        """Raises: KeyError."""
        for trial in self.trials:
            if trial.name == name:
                return trial
        raise KeyError(name)


def experiments_folder(project_path: Path) -> Path:
    """Where a project keeps its experiments."""
    return project_path.parent / "experiments"


def create_experiment(
    project_path: Path, project: ProjectSpec, plan: Plan, *, pictures: str = "", tensorboard: bool = False
) -> Experiment:
    """Make the folder of a new experiment; all or nothing of it.

    Raises: EngineError: the plan does not suit the project, or it cannot be written.
    """
    trials = tuple(Trial(t.name, t.label, t.values, t.spec_file) for t in plan.trials(project))
    for trial in trials:
        with_values(project, trial.values)  # what cannot be set is said before the first training, not after hours
    content = {
        "format": FORMAT,
        "kind": plan.kind,
        "title": plan.title,
        "created": datetime.now(UTC).isoformat(),
        "state": "stopped",
        "rungs": plan.rungs(project),
        "pictures": pictures,
        "tensorboard": tensorboard,
        **plan.stored(),
        "trials": [asdict(trial) for trial in trials],
    }
    folder = experiments_folder(project_path)
    made = folder / part_name("experiment")
    try:
        made.mkdir(parents=True)
        write_atomically(made / SPEC, to_json(runs.movable(project, project_path, made)))
        write_atomically(made / NAME, json.dumps(content, indent=1))
        number, _ = runs.take_number(folder, made)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        raise _cannot_write(folder, error) from error
    return read_experiment(project_path, number)


def _cannot_write(folder: Path, error: OSError) -> EngineError:
    return EngineError(
        f"The experiment cannot be kept in “{folder}”.",
        why=f"{error.strerror or error}.",
        fix="Free some space, or save the project in a folder where you may write.",
    )


def list_experiments(project_path: Path) -> tuple[Experiment, ...]:
    """All experiments of a project, newest first. Folders that are none, and damaged ones, are left out."""
    try:
        names = sorted((path.name for path in experiments_folder(project_path).iterdir()), reverse=True)
    except OSError:
        return ()
    found = (_read(experiments_folder(project_path) / name) for name in names if name.isascii() and name.isdecimal())
    return tuple(experiment for experiment in found if experiment is not None)


def read_experiment(project_path: Path, number: int) -> Experiment:
    """One experiment. Raises: EngineError, when there is none of this number, or its file is damaged."""
    found = _read(experiments_folder(project_path) / f"{number:04d}")
    if found is None:
        known = ", ".join(str(entry.number) for entry in list_experiments(project_path)) or "none"
        raise EngineError(
            f"There is no experiment {number} that can be read.", why=f"It has: {known}.", fix="Choose one of them."
        )
    return found


def _read(folder: Path) -> Experiment | None:
    raw = runs.read_object(folder / NAME)
    if not raw or raw.get("format") != FORMAT:
        return None
    try:
        state = str(raw["state"])
        if state == "running" and not runs.owner_is_alive(folder):
            state = "interrupted"
        experiment = Experiment(
            number=int(folder.name),
            folder=folder,
            kind=str(raw["kind"]),
            title=str(raw["title"]),
            state=state,
            trials=(*(_trial(entry) for entry in raw["trials"]),),
            method=str(raw.get("method", "")),
            rungs=tuple(int(epochs) for epochs in raw.get("rungs", ())),
            factor=int(raw.get("factor", 0)),
            pictures=str(raw.get("pictures", "")),
            tensorboard=raw.get("tensorboard") is True,
            when=datetime.fromisoformat(raw["created"]),
        )
        return with_queued(experiment) if experiment.kind == "queue" else experiment
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _trial(raw: dict[str, Any]) -> Trial:
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in raw["values"].items()}
    marks = tuple((float(accuracy), float(loss)) for accuracy, loss in raw["marks"])
    return Trial(**{**raw, "values": values, "marks": marks})


def write_experiment(experiment: Experiment, state: str | None = None) -> Experiment:
    """Keep what has changed. Raises: EngineError, where it cannot be written."""
    experiment = replace(experiment, state=state or experiment.state)
    changes = {"state": experiment.state, "trials": [asdict(trial) for trial in experiment.trials]}
    try:
        raw = runs.read_object(experiment.folder / NAME)
        write_atomically(experiment.folder / NAME, json.dumps({**raw, **changes}, indent=1))
    except OSError as error:
        raise _cannot_write(experiment.folder, error) from error
    return experiment


def with_trial(experiment: Experiment, trial: Trial) -> Experiment:
    """The experiment with another state of one trial."""
    trials = tuple(trial if known.name == trial.name else known for known in experiment.trials)
    return replace(experiment, trials=trials)


def base_project(experiment: Experiment) -> ProjectSpec:
    """The project that its trials begin with. Raises: EngineError."""
    return read_project(experiment.folder / SPEC)[0]


def trial_project(experiment: Experiment, trial: Trial) -> ProjectSpec:
    """What one trial trains. Raises: EngineError."""
    if trial.spec_file:
        return read_project(experiment.folder / trial.spec_file)[0]
    return with_values(base_project(experiment), trial.values)


# ---- the queue


def open_queue(project_path: Path) -> Experiment | None:
    """The queue of a project that still has something to train; None where there is none."""
    for experiment in list_experiments(project_path):
        if experiment.kind == "queue" and (experiment.state != "finished" or experiment.done < len(experiment.trials)):
            return experiment
    return None


def add_to_queue(project_path: Path, project: ProjectSpec, tensorboard: bool | None = None) -> Experiment:
    """Let a project be trained after all that waits already; a queue is made where there is none.

    The trial is a file of its own, which whoever works on the queue finds: two threads, or the window and a command,
    never write the same file.

    Args:
        tensorboard: write event files into the folder of its run as well; None: as is chosen now for all projects.
    Raises: EngineError, where it cannot be written.
    """
    queue = open_queue(project_path) or create_experiment(project_path, project, QueuePlan())
    events = writes_event_files() if tensorboard is None else tensorboard
    try:
        named = (_NUMBERED.fullmatch(path.name) for path in queue.folder.iterdir())
        number = 1 + max((int(found[1]) for found in named if found is not None), default=0)
        about = {"label": _label(queue.folder, project), "tensorboard": events}
        write_atomically(queue.folder / _about(number), json.dumps(about))
        file = queue.folder / f"{WAITS}-{number:03d}.json"
        write_atomically(file, to_json(runs.movable(project, project_path, queue.folder)))
    except OSError as error:
        raise _cannot_write(queue.folder, error) from error
    return with_queued(queue)


def begin_queued(queue: Experiment, trial: Trial) -> Trial | None:
    """The trial with a file that nobody can take out any more; None where somebody has done so.

    Raises: EngineError, where that cannot be written.
    """
    if not trial.spec_file.startswith(WAITS):
        return trial
    begun = trial.spec_file.replace(WAITS, BEGUN, 1)
    return replace(trial, spec_file=begun) if _renamed(queue, trial.spec_file, begun) else None


def remove_waiting(queue: Experiment, trial: Trial) -> None:
    """Take a training that waits out of the queue; whoever works on the queue meanwhile goes on with the next.

    Raises: EngineError: it has begun meanwhile, or that cannot be written.
    """
    removed = trial.spec_file.replace(WAITS, REMOVED, 1)
    if trial.state != "waiting" or not _renamed(queue, trial.spec_file, removed):
        raise EngineError(
            f"“{trial.label}” does not wait any more.",
            why="It has begun meanwhile, or was removed elsewhere.",
            fix="Where it is being trained, stop it.",
        )


def remove_begun(queue: Experiment, trial: Trial) -> Experiment:
    """The queue without a training whose run was discarded. Raises: EngineError, where that cannot be written."""
    _renamed(queue, trial.spec_file, f"{REMOVED}-{trial.spec_file.partition('-')[2]}")
    return with_queued(queue)


def _renamed(queue: Experiment, name: str, new: str) -> bool:
    """Give a file of the queue another name; False where somebody else has done so before."""
    try:
        os.rename(queue.folder / name, queue.folder / new)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _cannot_write(queue.folder, error) from error
    return True


def waiting_alike(project_path: Path, project: ProjectSpec) -> int:
    """How many trainings of the very same settings, seed included, wait in the queue."""
    queue = open_queue(project_path)
    waiting = (trial for trial in queue.trials if trial.state == "waiting") if queue is not None else ()
    found = 0
    for trial in waiting:
        with suppress(EngineError):
            found += not changes_between(trial_project(queue, trial), project)
    return found


def run_alike(project_path: Path, project: ProjectSpec) -> RunInfo | None:
    """The newest run that has had the very same settings, seed included, and came to its end or is on the way there;
    None where there is none."""
    for info in runs.list_runs(project_path):
        with suppress(EngineError):
            can_be_it = info.state in ("finished", "running") and not info.restarted_after
            if can_be_it and not changes_between(runs.read_run_spec(info.folder), project):
                return info
    return None


def with_queued(queue: Experiment) -> Experiment:
    """The queue with a trial for every file in it that has none yet, and without those that were taken out of it."""
    files = {f"{WAITS}-{number:03d}": path for number, path in _projects(queue.folder).items()}
    known = {trial.name for trial in queue.trials}
    trials = [_as_its_file(trial, files.get(trial.name)) for trial in queue.trials]
    trials += [_as_its_file(_added(name, path), path) for name, path in files.items() if name not in known]
    left = tuple(trial for trial in trials if trial is not None)
    is_over = queue.state in ("interrupted", "stopped") and all(trial.is_done for trial in left)
    return replace(queue, trials=left, state="finished" if is_over else queue.state)


def _as_its_file(trial: Trial, file: Path | None) -> Trial | None:
    """A trial as the name of its file says; None where it was taken out."""
    if trial.is_done:
        return trial
    if file is None:
        return None
    has_begun = trial.state == "waiting" and file.name.startswith(BEGUN)
    return replace(trial, spec_file=file.name, state="running" if has_begun else trial.state)


def _added(name: str, file: Path) -> Trial:
    """The trial of a file that nobody has worked on yet."""
    about = runs.read_object(file.parent / _about(int(file.stem.rpartition("-")[2])))
    label = about.get("label")
    if not isinstance(label, str):  # it was added before labels were kept
        try:
            label = _label(file.parent, read_project(file)[0], file)
        except EngineError:
            label = name
    return Trial(name, label, spec_file=file.name, tensorboard=about.get("tensorboard") is True)


def _about(number: int) -> str:
    return f"entry-{number:03d}.json"


def _projects(folder: Path) -> dict[int, Path]:
    """The projects of a queue by number, ascending; without those that were taken out."""
    found: dict[int, Path] = {}
    for path in sorted(folder.glob("*-*.json"), reverse=True):  # where one is just being renamed, its new name wins
        named = _PROJECT.fullmatch(path.name)
        if named is not None:
            found[int(named[1])] = path
    return {number: found[number] for number in sorted(found)}


def _label(folder: Path, project: ProjectSpec, file: Path | None = None) -> str:
    """What a training of the queue is called: its network and epochs, or the settings in which it is not as the first.

    Told by their values, without those of the first: they are true whatever is being trained when they are read.

    Args:
        file: its own, where it is among the others already.
    """
    title = title_of(project.network, Facts(project.data.shape, len(project.data.classes)))
    epochs = project.recipe.epochs
    whole = f"{title}, {epochs} epoch{'' if epochs == 1 else 's'}"
    first = next(iter(_projects(folder).values()), file)
    if first is None or first == file:
        return whole
    try:
        return _values_in_words(changes_between(read_project(first)[0], project)) or f"{whole}, the same again"
    except EngineError:
        return whole


def _values_in_words(changes: Sequence[Change]) -> str:
    """The settings that were changed as they are now: "batch size 64 images, learning rate 0.008"."""
    shown = [_value_in_words(change) for change in changes[:_MOST_VALUES]]
    left = len(changes) - len(shown)
    return ", ".join([*shown, f"{left} more"] if left else shown)


def _value_in_words(change: Change) -> str:
    is_told = change.before not in ("", NOTHING) and change.after not in ("", NOTHING)
    return f"{uncapitalised(change.label)} {change.after}" if is_told else str(change)


def sweep_experiments(project_path: Path) -> None:
    """Remove what killed processes left half made."""
    sweep_dead_parts(experiments_folder(project_path))
    for experiment in list_experiments(project_path):
        sweep_dead_parts(experiment.folder)
