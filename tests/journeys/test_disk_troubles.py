"""A full disk, a folder that is gone or read only, a second window: one clear sentence each, and nothing is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
import torch
from small_disk import SmallDisk, small_disk

from engine.compile import Facts
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.spec.files import read_project, write_project
from engine.templates import fitted
from engine.train import history, runs
from gui.main_window import MainWindow
from journeys.real_window import find, until
from journeys.test_main_job import click, hold_after

EPOCHS = 6


@pytest.fixture(autouse=True)
def one_thread() -> Generator[None, None, None]:
    """With two busy cores, threads of so small a network only wait for each other."""
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", size=32 << 20) as disk:
        yield disk


def small_project(folder: Path) -> ProjectSpec:
    data = DataSpec(size=16, source=Chosen("folder", {"path": str(folder)}))
    recipe = RecipeSpec(epochs=EPOCHS, batch_size=4, precision="float32", device="cpu")
    return ProjectSpec(data, fitted("mlp", Facts(data.shape, 2)), recipe)


def open_at(qtbot, window: MainWindow, path: Path, pictures: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    window.studio.document.create(small_project(pictures), path)
    until(qtbot, lambda: window.studio.data.state == "ready")
    window.studio.document.save()
    window.go_to("train")


def error_of(window: MainWindow) -> str:
    """What stands in the error bar: it is shown, and each part is one sentence."""
    bar = find(window, "error")
    assert bar.isVisible()
    what, fix = bar.what.text(), bar.fix.text()
    assert ". " not in what and what.endswith(".") and ". " not in fix and fix.endswith("."), (what, fix)
    return f"{what} {bar.why.text()} {fix}"


def losses(path: Path, number: int) -> list[tuple[float, float]]:
    return [(line.train_loss, line.validation_loss) for line in history.read(runs.run_folder(path, number))]


def test_a_disk_that_is_full_while_it_trains(qtbot, window: MainWindow, disk: SmallDisk, picture_folder, monkeypatch):
    path = disk.folder / "P" / "P.atelier"
    open_at(qtbot, window, path, picture_folder)
    session = window.studio.training
    with monkeypatch.context() as patch:
        hold_after(patch, 2)
        click(qtbot, window, "train.start")
        until(qtbot, lambda: len(session.epochs) == 2 and session.state == "paused")
    disk.fill(0)
    click(qtbot, window, "train.pause")
    until(qtbot, lambda: session.state == "idle")
    assert "files could not be written. No space left on device." in error_of(window)
    (info,) = session.runs
    assert info.state == "interrupted" and info.epochs_done == 2
    # Changes are kept in the window while they cannot be kept on the disk, and saving tells so.
    document = window.studio.document
    disk.fill(0)  # what the run gave back, too
    document.edit("x", notes="not lost")
    document.autosave()
    assert "could not be saved" in error_of(window)
    assert not window.studio.save() and "could not be saved" in error_of(window)
    assert document.is_modified and document.spec.notes == "not lost"
    disk.empty()
    assert window.studio.save() and read_project(path)[0].notes == "not lost"
    click(qtbot, window, "train.resume.1")
    until(qtbot, lambda: len(session.epochs) == EPOCHS and session.state == "idle")
    click(qtbot, window, "train.start")
    until(qtbot, lambda: session.shown_run == 2 and session.state == "idle")
    assert losses(path, 1) == losses(path, 2) and len(losses(path, 1)) == EPOCHS
    assert not list(path.parent.rglob("*.part"))


def test_a_project_in_a_folder_where_nobody_may_write(
    qtbot, window: MainWindow, disk: SmallDisk, picture_folder, tmp_path
):
    path = disk.folder / "P" / "P.atelier"
    path.parent.mkdir()
    write_project(small_project(picture_folder), path)
    disk.make_read_only()
    studio = window.studio
    studio.open_project(path)
    until(qtbot, lambda: studio.data.state == "ready")
    window.go_to("train")
    click(qtbot, window, "train.start")
    until(qtbot, lambda: studio.training.state == "idle")
    assert "cannot be kept" in error_of(window) and "where you may write" in error_of(window)
    studio.document.edit("x", notes="not lost")
    assert not studio.save() and "could not be saved" in error_of(window)
    assert studio.document.is_modified
    # As the sentence says: in another folder all goes well.
    elsewhere = tmp_path / "elsewhere" / "P.atelier"
    elsewhere.parent.mkdir()
    assert studio.save(elsewhere) and read_project(elsewhere)[0].notes == "not lost"
    click(qtbot, window, "train.start")
    until(qtbot, lambda: len(studio.training.epochs) == EPOCHS and studio.training.state == "idle")
    assert [info.state for info in runs.list_runs(elsewhere)] == ["finished"]
    assert [each.name for each in disk.folder.rglob("*")] == ["P", "P.atelier"]


def test_images_that_are_gone(qtbot, window: MainWindow, picture_folder, tmp_path, monkeypatch):
    path = tmp_path / "P" / "P.atelier"
    open_at(qtbot, window, path, picture_folder)
    session = window.studio.training
    with monkeypatch.context() as patch:
        hold_after(patch, 2)
        click(qtbot, window, "train.start")
        until(qtbot, lambda: len(session.epochs) == 2 and session.state == "paused")
    session.close()  # it can be resumed
    away = picture_folder.rename(tmp_path / "away")
    click(qtbot, window, "train.resume.1")
    until(qtbot, lambda: session.state == "idle")
    assert "pictures" in error_of(window)
    assert [info.epochs_done for info in session.runs] == [2] and session.runs[0].can_resume
    click(qtbot, window, "train.start")
    until(qtbot, lambda: session.state == "idle")
    assert "pictures" in error_of(window) and len(session.runs) == 1
    away.rename(picture_folder)
    click(qtbot, window, "train.resume.1")
    until(qtbot, lambda: len(session.epochs) == EPOCHS and session.state == "idle")
    assert session.runs[0].state == "finished"


# ---- two windows


class OtherWindow:
    """A window in a process of its own, see `other_window`."""

    def __init__(self, path: Path):
        script = Path(__file__).with_name("other_window.py")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        env = os.environ | {"OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen([sys.executable, str(script), str(path)], text=True, env=env, **pipes)

    def answer(self) -> dict:
        line = self._process.stdout.readline()
        assert line, "the other window has gone"
        return json.loads(line)

    def order(self, text: str) -> dict:
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return self.answer()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(60)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@pytest.mark.timeout(240)
def test_a_second_window_on_the_same_project(qtbot, window: MainWindow, picture_folder, tmp_path):
    path = tmp_path / "P" / "P.atelier"
    path.parent.mkdir()
    write_project(small_project(picture_folder), path)
    other = OtherWindow(path)
    try:
        assert other.answer()["told"] == [], "it is the first"
        assert other.order("train")["runs"] == [[1, "running"]]
        studio, told = window.studio, []
        studio.told.connect(told.append)
        studio.open_project(path)
        assert len(told) == 1 and "open in another window too" in told[0]
        until(qtbot, lambda: studio.data.state == "ready")
        window.go_to("train")
        assert [info.state for info in studio.training.runs] == ["running"]
        studio.training.resume_run(1)  # the page offers no button for it
        until(qtbot, lambda: studio.training.state == "idle")
        assert "Run 1 is being trained already" in error_of(window)
        # Both may train: each run has a number and a folder of its own.
        click(qtbot, window, "train.start")
        until(qtbot, lambda: len(studio.training.epochs) == EPOCHS and studio.training.state == "idle")
        assert sorted(other.order("resume")["runs"]) == [[1, "finished"], [2, "finished"]]
        assert losses(path, 1) == losses(path, 2) and len(losses(path, 1)) == EPOCHS
        studio.document.edit("x", notes="of the second window")
        studio.document.autosave()
        other.kill()  # what it had is its own: the second window's changes stay
        assert read_project(studio.document.autosave_path)[0].notes == "of the second window"
        assert studio.save() and read_project(path)[0].notes == "of the second window"
    finally:
        other.kill()


@pytest.mark.timeout(240)
def test_a_window_that_is_killed_leaves_a_run_that_goes_on_in_the_next(
    qtbot, window: MainWindow, picture_folder, tmp_path
):
    path = tmp_path / "P" / "P.atelier"
    path.parent.mkdir()
    write_project(small_project(picture_folder), path)
    other = OtherWindow(path)
    try:
        other.answer()
        other.order("train")
    finally:
        other.kill()
    studio, told = window.studio, []
    studio.told.connect(told.append)
    studio.open_project(path)
    until(qtbot, lambda: studio.data.state == "ready")
    assert told == [] and [info.state for info in studio.training.runs] == ["interrupted"]
    window.go_to("train")
    click(qtbot, window, "train.resume.1")
    until(qtbot, lambda: len(studio.training.epochs) == EPOCHS and studio.training.state == "idle")
    click(qtbot, window, "train.start")
    until(qtbot, lambda: studio.training.shown_run == 2 and studio.training.state == "idle")
    assert losses(path, 1) == losses(path, 2) and len(losses(path, 1)) == EPOCHS
    studio.document.save()
    left = [each.name for each in path.parent.rglob("*") if each.name.startswith(".") or each.name == runs.OWNER]
    assert not left
