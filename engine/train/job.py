"""A whole training as one piece of work: find the pictures, decode them, train."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from engine.data.cache import Pictures, decode
from engine.data.load import load_index
from engine.errors import EngineError
from engine.jobs import JobControl, Progress
from engine.spec import DataSpec, ProjectSpec
from engine.train import runs
from engine.train.events import RunSummary, TrainEvent


@dataclass(frozen=True, slots=True, eq=False)
class PicturesReady:
    """The pictures a run uses; picture numbers in later events are numbers of `pictures.index`."""

    pictures: Pictures


def prepared(data: DataSpec, control: JobControl) -> Generator[Progress, None, Pictures]:
    """List and decode the pictures of `data`; quick when they are in the cache.

    Raises: EngineError, when there are none.
    """
    yield Progress(0, 0, "Looking for images")
    index = load_index(data, control)
    return (yield from decode(index, data, control))


def start_run(
    project: ProjectSpec, project_path: Path, control: JobControl
) -> Generator[Progress | PicturesReady | TrainEvent, None, RunSummary]:
    """Train a project as a new run. Raises: as `trainer.train`."""
    pictures = yield from prepared(project.data, control)
    yield PicturesReady(pictures)
    from engine.train.trainer import train  # torch, late: the pictures may be all that is wrong

    return (yield from train(project, pictures, project_path, control))


def resume_run(
    project_path: Path, number: int, control: JobControl
) -> Generator[Progress | PicturesReady | TrainEvent, None, RunSummary]:
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

    return (yield from train(project, pictures, project_path, control, resume=number))
