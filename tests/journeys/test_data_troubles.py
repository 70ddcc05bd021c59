"""Troubles planted into real photographs: found by the health check, ended by its buttons, and brought back by undo."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from engine.data.index import VALIDATION
from engine.data.scan import scan
from engine.spec import DataSpec
from gui.main_window import MainWindow
from journeys.real_window import find, until
from journeys.test_main_job import click, drop, finish, set_recipe

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def troubled(shared_data: Path, tmp_path: Path) -> Path:
    """Photographs with a broken file, an image of the tests among those of the training, and a wrong label."""
    root = tmp_path / "muffin-chihuahua"
    shutil.copytree(shared_data / "muffin-chihuahua", root)
    photograph = sorted((root / "train" / "muffin").iterdir())[40]
    (root / "train" / "muffin" / "broken.jpg").write_bytes(photograph.read_bytes()[:2000])
    shutil.copy(sorted((root / "test" / "chihuahua").iterdir())[11], root / "train" / "chihuahua" / "leak.jpg")
    clear = root / "train" / "muffin" / "muffin_166.jpg"
    for attempt in range(100):  # under a name that lands among the validation images, whose labels are looked at
        wrong = root / "train" / "chihuahua" / f"wrong-{attempt}.jpg"
        clear.rename(wrong)
        index = scan(root, DataSpec())
        place = index.paths.tolist().index(f"train/chihuahua/{wrong.name}")
        if index.splits[place] == VALIDATION:
            return root
        clear = wrong
    raise AssertionError("no name lands there")


def found(window: MainWindow) -> set[str]:
    return {finding.check for finding in window.studio.health.findings}


def settle(qtbot, window: MainWindow) -> None:
    """Wait until the images are read and examined."""
    studio = window.studio
    until(
        qtbot,
        lambda: (
            studio.data.state == "ready"
            and not studio.data._timer.isActive()
            and studio.health.known is not None
            and studio.health.known.index is studio.data.index
            and studio.health.known.near is not None
            and not studio.health._runner.is_running
            and not studio.health._doubter.is_running
        ),
    )


def names(window: MainWindow) -> list[str]:
    model = find(window, "data.grid").pictures
    return [model.source(row).name for row in range(model.rowCount())]


@pytest.mark.timeout(300)
def test_three_troubles_are_found_ended_and_undone(qtbot, window: MainWindow, troubled: Path):
    wrong = next((troubled / "train" / "chihuahua").glob("wrong-*.jpg")).name
    files = {path: path.stat().st_mtime_ns for path in troubled.rglob("*.jpg")}
    window.resize(1440, 900)
    drop(window, troubled)
    until(qtbot, lambda: window.place == "data")
    settle(qtbot, window)
    assert {"unreadable", "leaks"} <= found(window) and "labels" not in found(window)
    everything = len(window.studio.data.index)

    # The wrong label takes a network that knows better.
    set_recipe(window, epochs=8, seed=0)
    click(qtbot, window, "rail.train")
    click(qtbot, window, "train.start")
    finish(qtbot, window)
    click(qtbot, window, "rail.data")
    settle(qtbot, window)
    until(qtbot, lambda: "labels" in found(window))

    # Each line shows its images, and its button ends the trouble.
    click(qtbot, window, "data.health.unreadable")
    assert names(window) == ["broken.jpg"]
    click(qtbot, window, "data.fix.unreadable.leave_out")
    settle(qtbot, window)
    assert "unreadable" not in found(window)

    click(qtbot, window, "data.health.leaks")
    assert "leak.jpg" in names(window) and len(names(window)) == 2
    click(qtbot, window, "data.finding.leave_out")
    settle(qtbot, window)
    assert "leaks" not in found(window) and find(window, "data.finding").isHidden()

    until(qtbot, lambda: "labels" in found(window))
    click(qtbot, window, "data.health.labels")
    assert wrong in names(window)
    grid = find(window, "data.grid")
    row = names(window).index(wrong)
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.visualRect(grid.pictures.index(row)).center())
    assert find(window, "data.selection").isVisible()
    qtbot.keyClick(grid, Qt.Key.Key_2)  # the second class: muffin
    settle(qtbot, window)
    until(qtbot, lambda: "moved" in found(window))
    index = window.studio.data.index
    place = index.paths.tolist().index(f"train/chihuahua/{wrong}")
    assert index.classes[index.labels[place]] == "muffin" and len(index) == everything - 2
    until(qtbot, lambda: wrong not in _doubtful(window))

    # All of it is undone, step by step, and nothing on the disk was ever changed.
    stack = window.studio.document.undo_stack
    for _ in range(3):
        click(qtbot, window, "top.undo")
        settle(qtbot, window)
    assert {"unreadable", "leaks"} <= found(window) and len(window.studio.data.index) == everything
    until(qtbot, lambda: wrong in _doubtful(window))
    stack.redo()
    stack.redo()
    settle(qtbot, window)
    assert not {"unreadable", "leaks"} & found(window)
    assert {path: path.stat().st_mtime_ns for path in troubled.rglob("*.jpg")} == files


def _doubtful(window: MainWindow) -> list[str]:
    index = window.studio.data.index
    told = [finding for finding in window.studio.health.findings if finding.check == "labels"]
    return [str(index.paths[number]).rpartition("/")[2] for finding in told for number in finding.images]


@pytest.mark.timeout(120)
def test_the_command_line_reports_the_same_findings(qtbot, window: MainWindow, troubled: Path):
    drop(window, troubled)
    settle(qtbot, window)
    until(qtbot, lambda: window.studio.health.known.shortcuts is not None)
    ended = subprocess.run(
        [sys.executable, "-m", "engine", "inspect", str(troubled), "--json"], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])["findings"]
    index = window.studio.data.index
    shown = [
        (finding.check, finding.level, finding.text, [str(index.paths[number]) for number in finding.images])
        for finding in window.studio.health.findings
    ]
    assert [(each["check"], each["level"], each["text"], each["images"]) for each in told] == shown
