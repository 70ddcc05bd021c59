"""Runs are read from their files: numbered, listed, owned by one living process, and forgiving of damage."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.data.index import VALIDATION
from engine.errors import EngineError
from engine.spec import NetworkSpec, ProjectSpec
from engine.train import history, runs
from engine.train.watch import WatchFolder, choose_watched

ROOT = Path(__file__).resolve().parents[2]
FACTS = {"epochs": 3, "network": "Small VGG", "parameters": 1234}


def epoch(number: int, accuracy: float) -> history.EpochLine:
    return history.EpochLine(number, 1.0, 0.5, 1.0, accuracy, 0.1, 1.0, 10.0, False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "P.atelier"


def made(project: Path, state: str = "running", epochs: int = 0) -> Path:
    _, folder = runs.create_run(project, ProjectSpec(), FACTS)
    runs.write_state(folder, {"state": state})
    for number in range(1, epochs + 1):
        history.append(folder, epoch(number, number / 10))
    return folder


@contextmanager
def another_process(code: str) -> Iterator[subprocess.Popen]:
    """A process that runs `code` and then waits for the end of its input."""
    command = [sys.executable, "-c", code + "\nprint('ready', flush=True)\nimport sys; sys.stdin.read()"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.communicate(timeout=20)  # closes its input


def claiming(folder: Path) -> str:
    return f"from pathlib import Path\nfrom engine.train import runs\nruns.claim(Path({str(folder)!r}))"


def test_runs_are_numbered_and_frozen_with_what_is_trained(project):
    spec = ProjectSpec(notes="as it was")
    assert runs.list_runs(project) == ()
    assert [runs.create_run(project, spec, FACTS)[0] for _ in range(3)] == [1, 2, 3]
    folder = runs.run_folder(project, 3)
    assert folder == project.parent / "runs" / "0003" and folder.is_dir()
    assert runs.read_run_spec(folder) == spec
    assert runs.read_state(folder)["network"] == "Small VGG"


def test_a_number_is_never_given_twice(project):
    made(project)
    middle = made(project)
    made(project)
    runs.discard(middle)
    assert not middle.exists()
    assert runs.create_run(project, ProjectSpec(), FACTS)[0] == 4
    (runs.runs_folder(project) / "0005").mkdir()
    assert runs.create_run(project, ProjectSpec(), FACTS)[0] == 6


def test_a_run_that_cannot_be_kept_says_so(project):
    runs.runs_folder(project).write_text("a file where a folder should be")
    with pytest.raises(EngineError) as caught:
        runs.create_run(project, ProjectSpec(), FACTS)
    assert "cannot be kept" in caught.value.what and caught.value.why and caught.value.fix
    assert runs.list_runs(project) == ()


def test_the_list_is_newest_first_and_says_how_each_went(project):
    made(project, "finished", 3)
    made(project, "stopped", 2)
    made(project, "failed", 0)
    runs.write_state(runs.run_folder(project, 3), {"reason": "The disk is full."})
    made(project, "running", 1)
    listed = runs.list_runs(project)
    assert [(run.number, run.state, run.epochs_done) for run in listed] == [
        (4, "interrupted", 1),
        (3, "failed", 0),
        (2, "stopped", 2),
        (1, "finished", 3),
    ]
    assert [run.can_resume for run in listed] == [True, False, True, False]
    assert [run.has_weights for run in listed] == [True, False, True, True]
    assert listed[1].reason == "The disk is full."
    first = listed[3]
    assert (first.best_epoch, first.best_accuracy, first.epochs, first.parameters) == (3, 0.3, 3, 1234)
    assert first.network == "Small VGG" and abs((datetime.now(UTC) - first.when).total_seconds()) < 60


def test_only_folders_of_runs_are_listed(project):
    made(project, "finished", 1)
    for name in ("notes", "²", "0007", "12", "٣٣٣٣", "-001", "0000"):
        (runs.runs_folder(project) / name).mkdir()
    (runs.runs_folder(project) / "0009").write_text("a file")
    assert [run.number for run in runs.list_runs(project)] == [1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"state": 3, "epochs": "many", "parameters": null, "created": 5, "network": [1], "reason": {}}',
        b'{"state": "running", "created": "yesterday", "epochs": 1e400}',
    ],
)
def test_a_damaged_state_costs_only_its_run(project, content):
    made(project, "finished", 1)
    damaged = made(project, "finished", 1)
    (damaged / runs.STATE).write_bytes(content)
    (damaged / runs.OWNER).write_bytes(content)
    assert [run.number for run in runs.list_runs(project)][-1] == 1
    runs.write_state(damaged, {"state": "stopped"})
    assert runs.list_runs(project)[0].state == "stopped"


def test_a_state_keeps_what_is_not_changed(project):
    folder = made(project)
    runs.write_state(folder, {"state": "failed", "reason": os.fsdecode(b"caf\xe9 is full")})
    state = runs.read_state(folder)
    assert state["epochs"] == 3 and state["reason"] == os.fsdecode(b"caf\xe9 is full")


def test_find_a_run_by_number_or_the_newest_with_weights(project):
    with pytest.raises(EngineError, match="Nothing has been trained"):
        runs.find_run(project, None)
    made(project, "finished", 2)
    made(project, "failed", 0)
    assert runs.find_run(project, None).number == 1 and runs.find_run(project, 2).number == 2
    with pytest.raises(EngineError) as caught:
        runs.find_run(project, 9)
    assert "no run 9" in caught.value.what and "2, 1" in caught.value.why


def test_the_newest_run_that_can_go_on(project):
    with pytest.raises(EngineError, match="no run to resume"):
        runs.last_resumable(project)
    made(project, "stopped", 1)
    made(project, "running", 2)
    made(project, "finished", 3)
    made(project, "stopped", 3)
    assert runs.last_resumable(project).number == 2


def test_a_run_of_this_process_is_running_until_it_is_released(project):
    folder = made(project)
    runs.claim(folder)
    assert runs.run_info(folder).state == "running" and not runs.run_info(folder).can_resume
    with pytest.raises(EngineError, match="being trained already"):
        runs.claim(folder)
    runs.release(folder)
    runs.release(folder)
    assert runs.run_info(folder).state == "interrupted"


def test_a_second_process_is_refused_and_a_killed_one_leaves_the_run_free(project):
    folder = made(project)
    with another_process(claiming(folder)) as child:
        assert runs.run_info(folder).state == "running"
        with pytest.raises(EngineError) as caught:
            runs.claim(folder)
        assert caught.value.what == "Run 1 is being trained already." and caught.value.why and caught.value.fix
        child.kill()
        if hasattr(os, "waitid"):  # dead, but left in the table of processes
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        else:
            child.wait(timeout=20)
        assert runs.run_info(folder).state == "interrupted", "a dead process that nobody has collected owns nothing"
    assert runs.run_info(folder).can_resume
    runs.claim(folder)
    assert runs.owner_is_alive(folder)


def test_a_process_number_that_was_given_away_owns_nothing(project):
    folder = made(project)
    me = psutil.Process()
    for started, alive in ((me.create_time(), True), (me.create_time() - 3600, False)):
        (folder / runs.OWNER).write_text(json.dumps({"pid": me.pid, "started": started}))
        assert runs.owner_is_alive(folder) is alive


@pytest.mark.parametrize("owner", [{"pid": -5, "started": 0}, {"pid": 2**40, "started": 0}, {"pid": "x"}, [], {}])
def test_a_damaged_owner_owns_nothing(project, owner):
    folder = made(project)
    (folder / runs.OWNER).write_text(json.dumps(owner))
    assert not runs.owner_is_alive(folder)
    runs.claim(folder)


def test_every_run_keeps_its_network(project):
    network = NetworkSpec(template="mine")
    _, folder = runs.create_run(project, ProjectSpec(network=network), FACTS)
    assert runs.read_run_spec(folder).network == network
    (folder / runs.SPEC).write_text("{")
    with pytest.raises(EngineError, match="damaged"):
        runs.read_run_spec(folder)


def watched_of(sizes: list[int], most: int) -> list[tuple[int, int]]:
    """(label, place within its class) of what is watched of classes of these sizes, one behind the other."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return [(int(labels[n]), int(n - starts[labels[n]])) for n in choose_watched(labels, np.arange(labels.size), most)]


@pytest.mark.parametrize("sizes", [[3], [12, 12], [100, 100], [2, 50], [1] * 40, [0, 5], [30, 1, 7]])
def test_as_many_pictures_are_watched_as_there_is_room_for(sizes):
    chosen = watched_of(sizes, 24)
    assert len(chosen) == len(set(chosen)) == min(24, sum(sizes))
    assert [label for label, _ in chosen[: sum(map(bool, sizes))]] == [
        label for label, size in enumerate(sizes) if size
    ][:24]
    assert chosen == watched_of(sizes, 24)


def test_watched_pictures_are_spread_over_each_class():
    places = sorted(place for label, place in watched_of([120, 120], 24) if label == 1)
    assert places == list(range(0, 120, 10))


def test_only_the_given_pictures_are_watched():
    labels = np.array([0, 1, 0, 1, 0, 1])
    assert choose_watched(labels, np.array([4, 5]), 24) == (4, 5)
    assert choose_watched(labels, np.array([], dtype=np.int64), 24) == ()


class TinyIndex:
    """The columns of an index that the watch folder reads."""

    def __init__(self, paths: list[str]):
        self.paths = np.array(paths, dtype=object)
        self.labels = np.arange(len(paths)) % 2
        self.classes = ("a", os.fsdecode(b"b\xe9"))

    def where(self, split: int) -> np.ndarray:
        return np.arange(len(self.paths)) if split == VALIDATION else np.zeros(0, dtype=np.int64)


def test_stored_answers_find_their_pictures_again(tmp_path):
    strange = os.fsdecode(b"caf\xe9.png")
    before = TinyIndex(["a.png", strange, "gone.png"])
    watch = WatchFolder(tmp_path)
    watch.begin(before, np.arange(3))
    answers = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]], dtype=np.float32)
    watch.store(1, answers)
    assert np.array_equal(watch.load(1), answers) and watch.load(1).dtype == np.float32
    assert watch.numbers(TinyIndex(["new.png", strange, "a.png"])).tolist() == [2, 1, -1]


@pytest.mark.parametrize("content", [b"", b"noise", b"\x93NUMPY\x01\x00"])
def test_damaged_answers_are_missing_answers(tmp_path, content):
    watch = WatchFolder(tmp_path)
    watch.begin(TinyIndex(["a"]), np.arange(1))
    (tmp_path / "watch" / "00001.npy").write_bytes(content)
    (tmp_path / "watch" / "pictures.json").write_bytes(content)
    assert watch.load(1) is None and watch.load(2) is None
    assert watch.numbers(TinyIndex(["a"])).tolist() == []


def test_answers_that_would_run_code_are_missing_answers(tmp_path):
    watch = WatchFolder(tmp_path)
    watch.begin(TinyIndex(["a"]), np.arange(1))
    np.save(tmp_path / "watch" / "00001.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert watch.load(1) is None
