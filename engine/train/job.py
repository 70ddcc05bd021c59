"""A whole training as one piece of work: find the pictures, decode them, train."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.cache import Pictures, decode
from engine.data.load import load_index
from engine.errors import EngineError
from engine.jobs import JobControl, Progress
from engine.spec import DataSpec, ProjectSpec
from engine.train import runs
from engine.train.continuing import make_continuation
from engine.train.events import RunSummary, TrainEvent
from engine.train.tensorboard import with_event_file, writes_event_files


@dataclass(frozen=True, slots=True, eq=False)
class PicturesReady:
    """The pictures a run uses; picture numbers in later events are numbers of `pictures.index`."""

    pictures: Pictures


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a new run comes from.

    Attributes:
        parent: number of the run that it is compared with; None without one.
        label: why it was started, in words: "another seed", "fold 2 of 5".
        experiment, trial: number of the experiment that it is a trial of, and the trial's name in it.
    """

    parent: int | None = None
    label: str = ""
    experiment: int | None = None
    trial: str = ""

    def facts(self) -> dict[str, Any]:
        """What is noted in the run's state."""
        known = {"parent": self.parent, "label": self.label, "experiment": self.experiment, "trial": self.trial}
        return {name: value for name, value in known.items() if value}


Training = Generator[Progress | PicturesReady | TrainEvent, None, RunSummary]


def prepared(data: DataSpec, control: JobControl) -> Generator[Progress, None, Pictures]:
    """List and decode the pictures of `data`; quick when they are in the cache.

    Raises: EngineError, when there are none.
    """
    yield Progress(0, 0, "Looking for images")
    index = load_index(data, control)
    return (yield from decode(index, data, control))


def start_run(
    project: ProjectSpec,
    project_path: Path,
    control: JobControl,
    origin: Origin | None = None,
    tensorboard: bool | None = None,
) -> Training:
    """Train a project as a new run.

    Args:
        origin: where it comes from; None: from the newest run that has an epoch and is of no experiment.
        tensorboard: write event files into the run's folder as well; None: as was chosen once for all projects.
    Raises:
        As `trainer.train`.
    """
    if origin is None:
        origin = Origin(parent=_newest(project_path))
    pictures = yield from prepared(project.data, control)
    yield PicturesReady(pictures)
    from engine.train.trainer import train  # torch, late: the pictures may be all that is wrong

    tensorboard = writes_event_files() if tensorboard is None else tensorboard
    facts = origin.facts() | ({"tensorboard": True} if tensorboard else {})
    work = train(project, pictures, project_path, control, facts=facts)
    return (yield from with_event_file(work) if tensorboard else work)


def _newest(project_path: Path) -> int | None:
    infos = (info for info in runs.list_runs(project_path) if info.epochs_done and info.experiment is None)
    return next((info.number for info in infos), None)


def resume_run(project_path: Path, number: int, control: JobControl) -> Training:
    """Continue a run with the settings it began with, whatever the project says today. Raises: as `trainer.train`."""
    runs.must_be_free(runs.run_folder(project_path, number))
    info = runs.find_run(project_path, number)
    if not info.can_resume:
        failed = info.state == "failed"
        raise EngineError(
            f"Run {number} cannot be resumed.",
            why=f"It failed: {info.reason or 'the reason was not noted.'}" if failed else "It came to its end.",
            fix="Start a new run.",
        )
    project = runs.read_run_spec(info.folder)
    pictures = yield from prepared(project.data, control)
    yield PicturesReady(pictures)
    from engine.train.trainer import train

    work = train(project, pictures, project_path, control, resume=number)
    wants_events = runs.read_state(info.folder).get("tensorboard") is True
    return (yield from with_event_file(work) if wants_events else work)


def continue_run(project_path: Path, number: int, epochs: int, control: JobControl) -> Training:
    """Go on from the end of a run for `epochs` more, as a new run; see `continuing`. Raises: as `trainer.train`."""
    made = make_continuation(project_path, number, epochs)
    return (yield from resume_run(project_path, made, control))
