"""The real studio on small pictures, and waiting for what it does."""

import shutil
from collections import deque
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from conftest import draw_pictures
from shiboken6 import delete

from engine.compile import Facts
from engine.jobs import JobControl
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.spec.files import write_project
from engine.templates import fitted
from engine.train.events import EpochDone
from engine.train.job import start_run
from gui.studio import Studio, train_session

PATIENCE = 60_000  # ms; a busy machine
SIDE = 16


@contextmanager
def running_studio() -> Generator[Studio, None, None]:
    """A studio that is closed and deleted in order."""
    studio = Studio()
    yield studio
    studio.close()
    # Not left to the garbage collector, which runs on any thread when a failed test has kept its variables.
    delete(studio)


def small_project(folder: Path, *, epochs: int = 2, template: str = "mlp", **recipe: Any) -> ProjectSpec:
    """A project that trains an epoch within a few milliseconds."""
    data = DataSpec(size=SIDE, source=Chosen("folder", {"path": str(folder)}))
    network = fitted(template, Facts(data.shape, 2))
    return ProjectSpec(data, network, RecipeSpec(epochs=epochs, batch_size=8, precision="float32", **recipe))


def open_project(qtbot: Any, studio: Studio, spec: ProjectSpec, path: Path) -> None:
    """Make a project and wait until its pictures are there."""
    studio.document.create(spec, path)
    wait_ready(qtbot, studio)


def wait_ready(qtbot: Any, studio: Studio) -> None:
    """Wait until the pictures are decoded as the project says now."""
    qtbot.waitUntil(lambda: studio.data.state == "ready" and not studio.data._timer.isActive(), timeout=PATIENCE)


def make_trained(folder: Path) -> Path:
    """Draw pictures and train on them without a window, once for many tests. Returns: the project's file."""
    draw_pictures(folder / "pictures", per_class=12, side=32)
    path = folder / "project" / "Test.atelier"
    spec = small_project(folder / "pictures", epochs=6)
    write_project(spec, path)
    deque(start_run(spec, path, JobControl()), maxlen=0)
    return path


def open_copy(studio: Studio, made: Path, folder: Path) -> None:
    """Open a copy of a trained project, with its runs."""
    shutil.copytree(made.parent, folder / "project")
    studio.document.open(folder / "project" / made.name)


def set_epochs(studio: Studio, epochs: int) -> None:
    studio.document.edit("Set epochs", recipe=replace(studio.document.recipe, epochs=epochs))


def set_data(studio: Studio, **changes: Any) -> None:
    studio.document.edit("Set data", data=replace(studio.document.data, **changes))


def train(qtbot: Any, studio: Studio) -> Any:
    """Train to the end. Returns: the outcome."""
    with qtbot.waitSignal(studio.training.ended, timeout=PATIENCE) as ended:
        studio.training.start()
        assert studio.training.is_active
    return ended.args[0]


def until(qtbot: Any, condition: Any) -> None:
    """Wait for a condition with the patience that a busy machine needs."""
    qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE)


def hold_after(monkeypatch: Any, epoch: int) -> None:
    """Let every new run pause itself after this epoch, so that a test finds it in the middle however fast it is."""
    real = train_session.start_run

    def start_run(spec: ProjectSpec, path: Path, control: JobControl) -> Generator:
        with closing(real(spec, path, control)) as events:
            for event in events:
                if isinstance(event, EpochDone) and event.epoch == epoch:
                    control.pause()
                yield event

    monkeypatch.setattr(train_session, "start_run", start_run)
