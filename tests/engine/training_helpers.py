"""Small trainings that take well under a second, and what tests ask of them."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from engine.jobs import JobControl
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.spec.files import write_project
from engine.spec.network import NetworkSpec, chain
from engine.train import history, runs, trainer
from engine.train.job import resume_run, start_run

SIDE = 16
CLOCKS = ("seconds", "images_per_second")
"""Fields of a history line that no two runs share."""

AUGMENT = (Chosen("mirror"), Chosen("rotate"), Chosen("zoom"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """For every test of a module that imports it: with two busy cores, threads of so small a network only wait."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small_network(*more: tuple[str, dict], outputs: int = 0) -> NetworkSpec:
    """Four filters with batch norm and dropout; `more` comes before the last layer."""
    return chain(
        [
            ("image", {}),
            ("conv2d", {"filters": 4}),
            ("batch_norm", {}),
            ("relu", {}),
            ("max_pool", {}),
            ("dropout", {"rate": 0.3}),
            ("flatten", {}),
            *more,
            ("classes", {"outputs": outputs}),
        ]
    )


def plain_network() -> NetworkSpec:
    """Nothing that holds values within bounds."""
    return chain(
        [
            ("image", {}),
            ("conv2d", {"filters": 4}),
            ("conv2d", {"filters": 4}),
            ("flatten", {}),
            ("dense", {"units": 8}),
            ("classes", {}),
        ]
    )


def small_project(folder: Path, *, data: dict[str, Any] | None = None, **recipe: Any) -> ProjectSpec:
    """A project on `folder` that any test may train: 3 epochs of float32 on the CPU unless `recipe` says otherwise."""
    network = recipe.pop("network", None) or small_network()
    settings = {"epochs": 3, "batch_size": 5, "device": "cpu", "precision": "float32"} | recipe
    chosen = {"size": SIDE, "augment": AUGMENT, "validation_percent": 30, "test_percent": 20} | (data or {})
    return ProjectSpec(DataSpec(source=source(folder), **chosen), network, RecipeSpec(**settings))


def source(folder: Path) -> Chosen:
    return Chosen("folder", {"path": str(folder)})


@dataclass
class Watching:
    """Everything a training told, and how it ended."""

    events: list = field(default_factory=list)
    result: Any = None

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


def followed(work: Generator, watching: Watching | None = None) -> Watching:
    """Run `work` to its end; what it told is in `watching` even when it raises."""
    watching = watching or Watching()
    while True:
        try:
            watching.events.append(next(work))
        except StopIteration as end:
            watching.result = end.value
            return watching


def trained(project: ProjectSpec, path: Path, control: JobControl | None = None) -> Watching:
    return followed(start_run(project, path, control or JobControl()))


def resumed(path: Path, number: int = 1, control: JobControl | None = None) -> Watching:
    return followed(resume_run(path, number, control or JobControl()))


def until(work: Iterator, kind: type, count: int = 1) -> Any:
    """Drive `work` up to its `count`-th event of `kind`."""
    for event in work:
        if isinstance(event, kind):
            count -= 1
            if not count:
                return event
    raise AssertionError(f"the work ended before its {kind.__name__}")


def numbers(folder: Path) -> list[dict]:
    """The history without its clocks: what must be the same in every run of the same training."""
    lines = [asdict(line) for line in history.read(folder)]
    return [{name: value for name, value in line.items() if name not in CLOCKS} for line in lines]


def same_weights(one: Path, other: Path) -> bool:
    """Whether two weight files hold the same bits."""
    first, second = load_file(one), load_file(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def lasting(folder: Path) -> set[str]:
    """What lies in a run, but for what the room on the disk or the clock decides: kept weights, looks at layers."""
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    return {name for name in names if name.split("/")[0] not in ("kept", "layers.jsonl")}


def assert_same_run(one: Path, other: Path) -> None:
    """Everything that lasts is equal to the last bit, and nothing is left half written."""
    assert numbers(one) == numbers(other)
    assert numbers(one), "an empty history proves nothing"
    for name in ("last.safetensors", "best.safetensors"):
        assert same_weights(one / name, other / name), name
    for first in sorted((one / "watch").iterdir()):
        assert first.read_bytes() == (other / "watch" / first.name).read_bytes(), first.name
    assert lasting(one) == lasting(other)
    assert not list(other.rglob("*.part")) + list(other.rglob("owner.json"))


def first_image(folder: Path) -> Path:
    """Some image file of a folder of classes."""
    return sorted(folder.rglob("*.png"))[0]


def info_of(path: Path, number: int = 1) -> runs.RunInfo:
    return runs.find_run(path, number)


@contextmanager
def everything_told(monkeypatch) -> Iterator[None]:
    """News at every batch, however fast the machine is."""
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "BATCH_NEWS", 0.0)
        patch.setattr(trainer, "WATCH_EVERY", 0.0)
        yield


def saved_project(folder: Path, path: Path, **recipe: Any) -> ProjectSpec:
    """A small project as a document at `path`, for the command line."""
    project = small_project(folder, **recipe)
    write_project(project, path)
    return project
