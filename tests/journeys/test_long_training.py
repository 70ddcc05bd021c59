"""Ten thousand epochs in the real window: neither memory nor threads nor timers pile up."""

import gc
import threading
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest
import torch
from PySide6.QtCore import QTimer

from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.spec.network import chain
from engine.train import history, runs
from gui.main_window import MainWindow
from journeys.real_window import RealWindows, _alive, find
from journeys.test_main_job import click

WARM_UP = 500  # epochs after which everything has been painted, imported and allocated once
MEGABYTE = 2**20


@pytest.fixture(autouse=True)
def one_thread() -> Generator[None, None, None]:
    """With two busy cores, threads of so small a network only wait for each other."""
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


@pytest.fixture(autouse=True)
def automatic_collection() -> Generator[None, None, None]:
    """As the program has it, which collects in the window's thread: tests switch the collector off."""
    timer = QTimer(interval=500)
    timer.timeout.connect(lambda: gc.get_count()[0] > 2000 and gc.collect(1))
    timer.start()
    yield
    timer.stop()


def tiny_project(folder: Path, epochs: int) -> ProjectSpec:
    data = DataSpec(size=8, source=Chosen("folder", {"path": str(folder)}))
    network = chain([("image", {}), ("flatten", {}), ("classes", {})])
    recipe = RecipeSpec(epochs=epochs, batch_size=8, learning_rate=1e-4, precision="float32", device="cpu", patience=0)
    return ProjectSpec(data, network, recipe)


def taken() -> tuple[int, Counter]:
    """Bytes of this process in memory, and how many objects of each type the collector knows."""
    gc.collect()
    return psutil.Process().memory_info().rss, Counter(type(each).__name__ for each in gc.get_objects())


def threads() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate())


def trained_long(qtbot, windows: RealWindows, window: MainWindow, pictures: Path, path: Path, epochs: int) -> int:
    """Train in the window's Train page. Returns: bytes by which the process grew after the first epochs."""
    path.parent.mkdir()
    studio, found = window.studio, []
    studio.document.create(tiny_project(pictures, epochs), path)
    qtbot.waitUntil(lambda: studio.data.state == "ready", timeout=90_000)
    window.go_to("train")
    timers, had = len(_alive(QTimer)), threads()
    studio.training.epoch_done.connect(lambda done: found.append(taken()) if done.epoch in (WARM_UP, epochs) else None)
    with qtbot.waitSignal(studio.training.ended, timeout=3_000_000):
        click(qtbot, window, "train.start")
    assert len(studio.training.epochs) == epochs == len(history.read(runs.run_folder(path, 1)))
    assert find(window, "train.start").isVisible() and studio.training.runs[0].state == "finished"
    assert threads() == had and len(_alive(QTimer)) <= timers + 1  # one may be about to end
    (before, kinds), (after, kinds_after) = found
    print(f"{(after - before) / MEGABYTE:.1f} MB more: {(kinds_after - kinds).most_common(8)}")
    studio.save()
    return after - before


def test_six_hundred_epochs_leave_no_thread_and_no_timer(qtbot, windows, window, picture_folder, tmp_path):
    grown = trained_long(qtbot, windows, window, picture_folder, tmp_path / "P" / "P.atelier", 600)
    assert grown < 5 * MEGABYTE
    windows.close()  # looks for what stays


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_epochs_take_less_than_20_mb(qtbot, windows, window, picture_folder, tmp_path):
    grown = trained_long(qtbot, windows, window, picture_folder, tmp_path / "P" / "P.atelier", 10_000)
    assert grown < 20 * MEGABYTE
    windows.close()
