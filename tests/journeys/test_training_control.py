"""Pause, stop, double clicks and closing, at every moment of a training, in the real window."""

import json
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from engine.compile import Facts
from engine.data import cache
from engine.files import cache_folder
from engine.jobs import JobControl
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.templates import fitted
from engine.train import history, runs, trainer
from engine.train.events import EpochDone
from gui.jobs import Stopped
from gui.main_window import MainWindow
from journeys.real_window import RealWindows, find, until
from journeys.test_main_job import click

PATIENCE = 60  # s; a busy machine
LONG = 100_000  # epochs; more than any test waits for
CLOCKS = {"seconds", "images_per_second"}


def small_project(folder: Path, epochs: int = LONG) -> ProjectSpec:
    """A few milliseconds an epoch."""
    data = DataSpec(size=16, source=Chosen("folder", {"path": str(folder)}))
    recipe = RecipeSpec(epochs=epochs, batch_size=4, precision="float32", device="cpu", schedule=Chosen("constant"))
    return ProjectSpec(data, fitted("mlp", Facts(data.shape, 2)), recipe)


@pytest.fixture(autouse=True)
def one_thread() -> Generator[None, None, None]:
    """With two busy cores, threads of so small a network only wait for each other."""
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


@pytest.fixture
def ready(qtbot, window: MainWindow, picture_folder: Path, tmp_path: Path) -> MainWindow:
    """The window on the Train page of a project that can start."""
    (tmp_path / "project").mkdir()
    window.studio.document.create(small_project(picture_folder), tmp_path / "project" / "Test.atelier")
    until(qtbot, lambda: window.studio.data.state == "ready")
    window.go_to("train")
    return window


@pytest.fixture
def training(qtbot, ready: MainWindow) -> MainWindow:
    """In the middle of a long run."""
    click(qtbot, ready, "train.start")
    until(qtbot, lambda: len(ready.studio.training.epochs) >= 2)
    return ready


class Gate:
    """Holds whoever comes by until it is opened, and tells that somebody is there."""

    def __init__(self) -> None:
        self._open, self._reached = threading.Event(), threading.Event()

    def pass_by(self) -> None:
        self._reached.set()
        assert self._open.wait(PATIENCE)

    def open(self) -> None:
        self._open.set()

    @property
    def is_reached(self) -> bool:
        return self._reached.is_set()


@pytest.fixture
def gate() -> Generator[Gate, None, None]:
    gate = Gate()
    yield gate
    gate.open()


def before(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, call: Callable[[], None]) -> None:
    """From now on, `call` comes before `owner.name`."""
    usual = getattr(owner, name)

    def both(*args: object, **settings: object) -> object:
        call()
        return usual(*args, **settings)

    monkeypatch.setattr(owner, name, both)


def press_twice(widget: QWidget) -> None:
    """A double click as a hand makes it: whatever lies under the pointer by then receives the second press."""
    spot = widget.mapTo(widget.window(), widget.rect().center())
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    kinds = (QEvent.Type.MouseButtonDblClick, QEvent.Type.MouseButtonRelease)
    for kind, held in zip(kinds, (Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton), strict=True):
        below = widget.window().childAt(spot)
        place = QPointF(below.mapFrom(widget.window(), spot))
        everywhere = QPointF(below.mapToGlobal(place.toPoint()))
        event = QMouseEvent(kind, place, everywhere, Qt.MouseButton.LeftButton, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(below, event)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def project_folder(window: MainWindow) -> Path:
    return window.studio.document.path.parent


def stop(qtbot, window: MainWindow, keep: bool = True) -> float:
    """Choose a line of the stop button's menu. Returns: seconds until the window was idle."""
    began = time.perf_counter()
    with qtbot.waitSignal(window.studio.training.ended, timeout=1000 * PATIENCE) as ended:
        action = window.page("train").controls.keep if keep else window.page("train").controls.discard
        action.trigger()
    assert ended.args[0] == Stopped(keep)
    return time.perf_counter() - began


def numbers(folder: Path) -> list[dict]:
    lines = map(json.loads, (folder / history.NAME).read_text("utf-8").splitlines())
    return [{name: value for name, value in line.items() if name not in CLOCKS} for line in lines]


# ---- pause


def test_pause_holds_within_one_step_and_going_on_changes_no_number(qtbot, ready, monkeypatch):
    """Of eight pauses at any moment, each is heeded before the step after the one that is being computed."""
    from torch.optim.optimizer import register_optimizer_step_post_hook

    steps, held = [0], threading.Event()
    hook = register_optimizer_step_post_hook(lambda *_: steps.__setitem__(0, steps[0] + 1))
    monkeypatch.setattr(JobControl, "checkpoint", told_when_it_holds(held))
    session, document = ready.studio.training, ready.studio.document
    document.edit("x", recipe=replace(document.recipe, epochs=24))
    try:
        click(qtbot, ready, "train.start")
        for turn in range(8):
            until(qtbot, lambda turn=turn: len(session.epochs) > 2 * turn or session.state == "idle")
            at = steps[0]
            click(qtbot, ready, "train.pause")
            assert session.state == "paused"
            asked = steps[0]
            until(qtbot, held.is_set)
            assert steps[0] - asked <= 1 and steps[0] >= at
            stood = steps[0]
            qtbot.wait(5)  # the window lives, and nothing is computed
            assert steps[0] == stood and session.state == "paused"
            held.clear()
            click(qtbot, ready, "train.pause")
            assert session.state == "training"
        until(qtbot, lambda: session.state == "idle")
    finally:
        hook.remove()
    click(qtbot, ready, "train.start")
    until(qtbot, lambda: session.shown_run == 2 and session.state == "idle")
    paused, straight = (numbers(runs.run_folder(document.path, number)) for number in (1, 2))
    assert len(paused) == 24 and paused == straight


def told_when_it_holds(held: threading.Event) -> Callable:
    usual = JobControl.checkpoint

    def checkpoint(self: JobControl) -> None:
        if self.is_paused:
            held.set()
        usual(self)

    return checkpoint


# ---- stop


def test_stop_and_keep_ends_within_a_second(qtbot, training):
    assert stop(qtbot, training) < 1.0
    (info,) = training.studio.training.runs
    assert info.state == "stopped" and info.has_weights and info.can_resume
    assert info.epochs_done == len(numbers(info.folder)) == len(training.studio.training.epochs)


def test_a_stop_comes_before_the_next_step_however_long_steps_take(qtbot, ready, monkeypatch, gate):
    steps = []
    before(monkeypatch, trainer._Loop, "_step", lambda: (steps.append(1), gate.pass_by()))
    click(qtbot, ready, "train.start")
    until(qtbot, lambda: gate.is_reached)  # within the first batch
    with qtbot.waitSignal(ready.studio.training.ended, timeout=1000 * PATIENCE):
        ready.page("train").controls.keep.trigger()
        assert ready.studio.training.state == "stopping" and not find(ready, "train.stop").isEnabled()
        gate.open()
    assert len(steps) == 1
    (info,) = ready.studio.training.runs
    assert info.state == "stopped" and info.epochs_done == 0 and not info.has_weights
    assert not runs.owner_is_alive(info.folder)
    click(qtbot, ready, f"train.resume.{info.number}")
    until(qtbot, lambda: ready.studio.training.epochs)
    stop(qtbot, ready)


def test_discarding_leaves_the_project_as_it_was(qtbot, ready):
    until(qtbot, lambda: not ready.studio.document.is_modified or ready.studio.document.autosave() is None)
    for epochs in (0, 2):
        was = files_in(project_folder(ready))
        click(qtbot, ready, "train.start")
        until(qtbot, lambda epochs=epochs: len(ready.studio.training.epochs) >= epochs)
        until(qtbot, lambda: ready.studio.training.run is not None)
        stop(qtbot, ready, keep=False)
        assert files_in(project_folder(ready)) == was
        assert ready.studio.training.shown_run is None and find(ready, "train.start").isVisible()


@pytest.mark.parametrize("keep", [True, False])
def test_stop_while_images_are_decoded(qtbot, ready, monkeypatch, gate, keep):
    """Nothing of a run is made before its images are there; what was decoded is kept for the next one."""
    for file in (cache_folder() / "pictures").rglob("table.npz"):
        file.unlink()  # as after another program emptied the cache
    before(monkeypatch, cache, "read_array", gate.pass_by)
    was = files_in(project_folder(ready))
    click(qtbot, ready, "train.start")
    until(qtbot, lambda: gate.is_reached)
    assert ready.studio.training.state == "preparing"
    with qtbot.waitSignal(ready.studio.training.ended, timeout=1000 * PATIENCE) as ended:
        ready.studio.training.stop(keep)
        gate.open()
    assert ended.args[0] == Stopped(keep)
    assert files_in(project_folder(ready)) == was and ready.studio.training.runs == ()
    click(qtbot, ready, "train.start")
    until(qtbot, lambda: ready.studio.training.epochs)
    stop(qtbot, ready)


# ---- twice


@pytest.mark.parametrize("place", ["train", "top", "runbar"])
def test_a_double_click_on_train_starts_one_run_and_does_not_pause_it(qtbot, ready, monkeypatch, place):
    press_twice(find(ready, f"{place}.start" if place != "top" else "top.train"))
    session = ready.studio.training
    until(qtbot, lambda: len(session.epochs) >= 2)
    assert session.state == "training" and len(session.runs) == 1
    stop(qtbot, ready)
    assert [info.number for info in session.runs] == [1]


@pytest.mark.parametrize("place", ["train", "top", "runbar"])
def test_a_double_click_on_pause_pauses(qtbot, training, place):
    session = training.studio.training
    press_twice(find(training, f"{place}.pause"))
    assert session.state == "paused"
    press_twice(find(training, f"{place}.pause"))
    assert session.state == "training"
    stop(qtbot, training)


def test_stopping_twice_in_either_way_ends_it_once(qtbot, training):
    session, endings = training.studio.training, []
    session.ended.connect(endings.append)
    folder = session.run.folder
    controls = training.page("train").controls
    controls.keep.trigger()
    controls.keep.trigger()
    controls.discard.trigger()  # to discard wins, while there is time
    controls.start.click()
    until(qtbot, lambda: session.state == "idle")
    assert len(endings) == 1
    assert folder.exists() == (endings[0] == Stopped(True)) == bool(session.runs)


def test_starting_while_one_runs_does_nothing(qtbot, training):
    session = training.studio.training
    for _ in range(2):
        session.start()
        session.resume_run(1)
        find(training, "top.train").click()
    assert [info.number for info in session.runs] == [1] and session.state == "training"
    assert "training is running" in session.blocker().what
    stop(qtbot, training)
    assert [info.number for info in session.runs] == [1]


# ---- closing the window


@pytest.fixture
def closing(windows: RealWindows, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Closes the window, answering every question with yes. Returns: the project's document."""

    def close() -> Path:
        window = windows._window
        path = window.studio.document.path
        window.studio.save()
        monkeypatch.setattr(QMessageBox, "exec", agree)
        windows.close()  # looks for what stays behind: threads, timers, widgets
        return path

    return close


def agree(box: QMessageBox) -> int:
    yes = [button for button in box.buttons() if box.buttonRole(button) == QMessageBox.ButtonRole.AcceptRole]
    yes[0].click()
    return 0


def goes_on(qtbot, windows: RealWindows, path: Path) -> None:
    """Open the project again: its run is there, and resumes."""
    window = windows.open([str(path)])
    until(qtbot, lambda: window.studio.data.state == "ready")
    reached = len(window.studio.training.epochs)
    click(qtbot, window, "train.resume.1")
    until(qtbot, lambda: len(window.studio.training.epochs) > reached)
    assert window.studio.training.run.first_epoch == reached + 1
    stop(qtbot, window)


def test_closing_while_idle(ready, closing):
    path = closing()
    assert files_in(path.parent) == [path.name]


def test_closing_while_it_trains(qtbot, training, closing, windows):
    goes_on(qtbot, windows, closing())


def test_closing_while_it_is_paused(qtbot, training, closing, windows):
    click(qtbot, training, "train.pause")
    goes_on(qtbot, windows, closing())


def test_closing_while_it_stops(qtbot, training, closing, windows):
    training.studio.training.stop()
    goes_on(qtbot, windows, closing())


def test_closing_while_it_is_discarded(qtbot, training, closing):
    training.studio.training.stop(keep=False)
    path = closing()
    assert files_in(path.parent) == [path.name]


def test_closing_within_the_first_batch(qtbot, ready, monkeypatch, gate, closing, windows):
    before(monkeypatch, trainer._Loop, "_step", gate.pass_by)
    click(qtbot, ready, "train.start")
    until(qtbot, lambda: gate.is_reached)
    threading.Timer(0.05, gate.open).start()  # closing waits for the step
    goes_on(qtbot, windows, closing())


def test_closing_while_images_are_decoded(qtbot, ready, monkeypatch, gate, closing, windows):
    for file in (cache_folder() / "pictures").rglob("table.npz"):
        file.unlink()
    before(monkeypatch, cache, "read_array", gate.pass_by)
    click(qtbot, ready, "train.start")
    until(qtbot, lambda: gate.is_reached)
    threading.Timer(0.05, gate.open).start()
    path = closing()
    assert files_in(path.parent) == [path.name]
    window = windows.open([str(path)])
    until(qtbot, lambda: window.studio.data.state == "ready")


def test_a_window_that_is_not_to_close_goes_on_training(qtbot, training, monkeypatch):
    def refuse(box: QMessageBox) -> int:
        box.escapeButton().click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", refuse)
    assert not training.close() and training.isVisible()
    reached = len(training.studio.training.epochs)
    until(qtbot, lambda: len(training.studio.training.epochs) > reached)
    stop(qtbot, training)


# ---- the same numbers


@pytest.mark.parametrize("template", ["mlp", "small-vgg"])
def test_window_and_command_line_learn_the_same_numbers(qtbot, ready, template, tmp_path):
    """Twice in the window and once without one, in another folder: every number is the same to the last digit."""
    from engine.spec.files import read_project, write_project
    from engine.train.job import start_run

    studio = ready.studio
    studio.use_template(template)
    augment = (Chosen("mirror"), Chosen("rotate"), Chosen("zoom"))
    studio.document.edit("x", recipe=replace(studio.document.recipe, epochs=3, seed=7, optimizer=Chosen("adamw")))
    studio.document.edit("x", data=replace(studio.document.data, augment=augment))
    until(qtbot, lambda: studio.data.state == "ready" and not studio.data._timer.isActive())
    for number in (1, 2):
        click(qtbot, ready, "train.start")
        until(qtbot, lambda number=number: studio.training.shown_run == number and studio.training.state == "idle")
    assert studio.save()
    path = tmp_path / "elsewhere" / "Other.atelier"
    write_project(read_project(studio.document.path)[0], path)
    events = list(start_run(read_project(path)[0], path, JobControl()))
    first, second, other = (
        runs.run_folder(studio.document.path, 1),
        runs.run_folder(studio.document.path, 2),
        runs.run_folder(path, 1),
    )
    assert len(numbers(first)) == 3 == sum(isinstance(event, EpochDone) for event in events)
    assert numbers(first) == numbers(second) == numbers(other)
    for name in ("last.safetensors", "best.safetensors", "watch/00003.npy"):
        assert (first / name).read_bytes() == (second / name).read_bytes() == (other / name).read_bytes(), name
