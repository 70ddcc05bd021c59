"""A training that dies at any moment, while it computes or in the middle of a file, ends as one that lived."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing.connection import Listener
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, USER_FOLDERS
from training_helpers import assert_same_run, small_project
from training_helpers import one_thread as one_thread

from engine.files import cache_folder
from engine.spec import ProjectSpec
from engine.spec.files import read_project, write_project
from engine.train import runs

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")

COMPUTING, NOWHERE = "step", -1


@dataclass(frozen=True)
class Ended:
    """How a training ended: the exit status, what it announced, and what it printed."""

    status: int
    announced: tuple[str, ...]
    printed: tuple[str, ...]


class Announced:
    """Trainings in processes of their own that announce what they do, and can be killed wherever they are."""

    def __init__(self, folder: Path):
        script = Path(__file__).with_name("announced_trainings.py")
        env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": None}
        self._server = subprocess.Popen([sys.executable, str(script)], env=env, text=True, encoding="utf-8", **pipes)
        self._address = str(folder / "socket")
        self._listener = Listener(self._address, family="AF_UNIX")

    def train(self, project: Path, *options: str, kill_at: int = NOWHERE, hold: bool = True) -> Ended:
        """`python -m engine train PROJECT`, killed at its `kill_at`-th announcement, counted from 0.

        Args:
            hold: it stands still there when it is killed; otherwise it goes on until the signal hits it.
        """
        order = {
            "arguments": ["train", str(project), "--json", *options],
            "address": self._address,
            "hold_at": kill_at if hold else NOWHERE,
            "folders": [str(project.parent), str(cache_folder())],
            "environment": {name: os.environ[name] for name in USER_FOLDERS},
        }
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        process = int(self._server.stdout.readline())
        announced = self._followed(process, kill_at)
        printed = []
        while not (line := self._server.stdout.readline()).startswith("ended"):
            assert line, "the server of trainings has gone"
            printed.append(line)
        return Ended(int(line.split()[1]), tuple(announced), tuple(printed))

    def _followed(self, process: int, kill_at: int) -> list[str]:
        announced: list[str] = []
        with self._listener.accept() as connection:
            while True:
                try:
                    announced.append(connection.recv())
                except (EOFError, ConnectionResetError):
                    return announced
                if len(announced) == kill_at + 1:
                    os.kill(process, signal.SIGKILL)

    def close(self) -> None:
        self._server.stdin.close()
        self._server.stdout.read()
        self._server.stdout.close()
        self._server.wait(30)
        self._listener.close()


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    made = Announced(tmp_path_factory.mktemp("announced"))
    yield made
    made.close()


def empty_cache() -> None:
    shutil.rmtree(cache_folder(), ignore_errors=True)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def half_written() -> list[Path]:
    """What a writer left in the cache: parts of files, and rows that no table knows."""
    parts = list(cache_folder().rglob("*.part"))
    return parts + [path for folder in cache_folder().glob("pictures/*") for path in sorted(folder.glob("rows-*"))[1:]]


def go_on(trainings: Announced, path: Path, wanted: ProjectSpec, **settings: object) -> Ended | None:
    """Open the project as after a crash and let its training go on. Returns: None where it had ended already."""
    spec, problems = read_project(path)
    assert spec == wanted and not problems
    runs.sweep(path)
    known = runs.list_runs(path)
    if known and known[0].state == "finished":
        return None
    for info in known:
        assert info.state == "interrupted" and info.can_resume
    return trainings.train(path, *(["--resume"] if known else []), **settings)


def moments(announced: tuple[str, ...], count: int, random: np.random.Generator) -> list[int]:
    """Half of them while it computes; the others while it writes, each sort of announcement before any comes twice."""
    steps = [place for place, text in enumerate(announced) if text.startswith(COMPUTING)]
    sorts: dict[str, list[int]] = {}
    for place, text in enumerate(announced):
        if not text.startswith(COMPUTING):
            sorts.setdefault(sort_of(text), []).append(place)
    names = list(sorts)
    random.shuffle(names)
    writing = [int(random.choice(sorts[names[turn % len(names)]])) for turn in range(count - count // 2)]
    return sorted(random.choice(steps, count // 2, replace=count // 2 > len(steps)).tolist() + writing)


def sort_of(text: str) -> str:
    """An announcement without what is random or counted in a name: "half last.safetensors", "replace #.npy"."""
    return re.sub(r"\d+", "#", re.sub(r"(\w+) \.?(.+?)(\.\d+-\w+\.part|-[0-9a-f]{16}\.bin)?$", r"\1 \2", text))


@pytest.fixture
def uninterrupted(trainings, picture_folder, tmp_path) -> tuple[ProjectSpec, Path, Ended]:
    """A project, where it was trained without a break, and all that this training announced."""
    project = small_project(picture_folder, epochs=4, learning_rate=0.01)
    path = tmp_path / "whole" / "P.atelier"
    write_project(project, path)
    ended = trainings.train(path)
    assert ended.status == 0 and json.loads(ended.printed[-1])["epochs"] == 4
    assert not half_written()
    written = {sort_of(text) for text in ended.announced if text.startswith("half")}
    # What is tested here is worth something only while all that is written is announced.
    names = {sort_of(f"half {file.name}") for file in path.parent.rglob("*") if file.is_file() and file != path}
    assert names <= written | {"half log.txt"} and "half table.npz" in written
    return project, path, ended


def kill_once(trainings, uninterrupted, tmp_path, count: int, seed: int) -> None:
    """Kill one training after the other, each at a moment of its own, and let each go on to its end."""
    project, whole, ended = uninterrupted
    random = np.random.default_rng(seed)
    for turn, moment in enumerate(moments(ended.announced, count, random)):
        hold = bool(random.integers(2))
        print(f"seed {seed}, moment {moment}, {'held' if hold else 'not held'}: {ended.announced[moment]}")
        path = tmp_path / f"cut-{turn}" / "P.atelier"
        write_project(project, path)
        empty_cache()  # so that it decodes, and can die while it does
        cut = trainings.train(path, kill_at=moment, hold=hold)
        assert cut.status == -signal.SIGKILL
        result = go_on(trainings, path, project)
        assert result is None or result.status == 0
        assert_same_run(runs.run_folder(whole, 1), runs.run_folder(path, 1))
        assert files_in(path.parent) == files_in(whole.parent)
        assert not half_written()


def test_killed_at_one_of_four_moments_it_ends_with_the_same_bits(trainings, uninterrupted, tmp_path):
    kill_once(trainings, uninterrupted, tmp_path, count=4, seed=3)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [11, 12])
def test_killed_at_one_of_forty_moments_it_ends_with_the_same_bits(trainings, uninterrupted, tmp_path, seed):
    kill_once(trainings, uninterrupted, tmp_path, count=40, seed=seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [21, 22])
def test_killed_again_and_again_before_it_comes_far_it_ends_with_the_same_bits(
    trainings, uninterrupted, tmp_path, seed
):
    """Twenty deaths in one run, in its preparation, in its files, and in the resuming itself."""
    project, whole, _ = uninterrupted
    random = np.random.default_rng(seed)
    path = tmp_path / "cut" / "P.atelier"
    write_project(project, path)
    empty_cache()
    told = []
    for _ in range(20):
        moment = int(random.integers(0, 60))
        cut = go_on(trainings, path, project, kill_at=moment, hold=bool(random.integers(2)))
        if cut is None or cut.status == 0:
            break  # it came to its end before
        assert cut.status == -signal.SIGKILL
        told.append(cut.announced[-1])
        print(f"seed {seed}, moment {moment}: {told[-1]}")
    else:
        assert (ended := go_on(trainings, path, project)) is None or ended.status == 0
    assert len(told) >= 3
    assert_same_run(runs.run_folder(whole, 1), runs.run_folder(path, 1))
    assert files_in(path.parent) == files_in(whole.parent)
    assert not half_written()
