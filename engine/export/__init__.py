"""What of a project can be taken elsewhere: one entry per form.

A new form is one decorated function here or in a module of its own that this one imports.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.compile import Facts, infer
from engine.compile.source import source
from engine.compile.table import as_csv, rows
from engine.errors import EngineError
from engine.files import save_for_user
from engine.importing.network_file import save_network
from engine.spec import ProjectSpec
from engine.templates import title_of
from engine.train import runs

Write = Callable[[ProjectSpec, Path, Path], None]


@dataclass(frozen=True)
class Target:
    """A form.

    Attributes:
        suffix: of its file.
        needs_weights: whether something must have been trained.
        write: (project, folder of the run or of the project, file) -> None; raises EngineError.
    """

    name: str
    suffix: str
    help: str
    needs_weights: bool
    write: Write


TARGETS: dict[str, Target] = {}


def _target(name: str, suffix: str, help: str, *, needs_weights: bool = False) -> Callable[[Write], Write]:
    def register(write: Write) -> Write:
        TARGETS[name] = Target(name, suffix, help, needs_weights, write)
        return write

    return register


def export(project: ProjectSpec, path: Path, target: str, out: Path, run: int | None = None) -> Path:
    """Write a project, or one of its runs, in another form.

    Args:
        path: of the project's document.
        out: a file, or a folder in which a file of the project's name is made.
        run: its number; None takes the network as it is drawn, or the newest run where weights are needed.
    Returns: the file.
    Raises: EngineError, where there is nothing to take along, or the place cannot be written.
    """
    wanted = TARGETS[target]
    folder = path.parent
    if wanted.needs_weights or run is not None:
        info = runs.find_run(path, run)
        project, folder = runs.read_run_spec(info.folder), info.folder
    file = out / f"{path.stem}{wanted.suffix}" if out.is_dir() else out
    wanted.write(project, folder, file)
    return file


def facts_of(project: ProjectSpec) -> Facts:
    """What the data tell the network; without data, of two classes, the fewest there can be."""
    return Facts(project.data.shape, len(project.data.classes) or 2)


@_target("code", ".py", "a PyTorch program that runs alone")
def _code(project: ProjectSpec, folder: Path, file: Path) -> None:
    facts = facts_of(project)
    title = title_of(project.network, facts) if project.network.template else file.stem
    save_for_user(file, source(project.network, facts, title))


@_target("network", ".json", "the network alone, for other projects")
def _network(project: ProjectSpec, folder: Path, file: Path) -> None:
    save_network(project.network, file)


@_target("table", ".csv", "the layers as a table, those inside blocks too")
def _table(project: ProjectSpec, folder: Path, file: Path) -> None:
    save_for_user(file, as_csv(rows(infer(project.network, facts_of(project)), inside=True)))


@_target("weights", ".safetensors", "the weights of the best epoch, which the program takes", needs_weights=True)
def _weights(project: ProjectSpec, folder: Path, file: Path) -> None:
    best = folder / runs.BEST
    if not best.is_file():
        raise EngineError(
            f"Run {int(folder.name)} has no weights.", why="It ended before its first epoch.", fix="Train again."
        )

    def copy(opened) -> None:
        with best.open("rb") as content:
            shutil.copyfileobj(content, opened)

    save_for_user(file, copy)
