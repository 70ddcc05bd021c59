"""The queue in the real window: it goes on by itself only as long as nobody has stopped it."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from engine.train.experiments.store import open_queue, read_experiment
from gui import main_window
from gui.main_window import MainWindow
from gui.pages.train.experiments.experiment_dialog import ExperimentDialog
from journeys.real_window import RealWindows, find, until


def click(qtbot, window: MainWindow, name: str) -> None:
    widget = find(window, name)
    until(qtbot, lambda: widget.isVisible() and widget.isEnabled())
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


@pytest.fixture
def digits(qtbot, windows: RealWindows, monkeypatch) -> MainWindow:
    """The real window with the digits and a small network, and what trains more than once at hand."""
    monkeypatch.setattr(main_window, "ask_about_changes", lambda *_: "save")
    monkeypatch.setattr(main_window, "ask_about_discarding", lambda *_: True)
    window = windows.open()
    click(qtbot, window, "home.sample.digits")
    until(qtbot, lambda: window.studio.data.state == "ready")
    window.studio.use_template("mlp")
    click(qtbot, window, "rail.train")
    find(window, "train.more").click()
    return window


def add(qtbot, window: MainWindow, epochs: int, rate: float) -> None:
    document = window.studio.document
    recipe = replace(document.recipe, epochs=epochs, learning_rate=rate, batch_size=128, precision="float32")
    document.edit("Set recipe", recipe=recipe)
    click(qtbot, window, "train.queue")


def is_training(window: MainWindow, run: int) -> bool:
    training = window.studio.training
    return training.state == "training" and training.run is not None and training.run.run == run


def test_a_discarded_training_is_gone_and_the_rest_waits_until_it_is_resumed(qtbot, digits: MainWindow):
    window, studio = digits, digits.studio
    path = studio.document.path
    text = find(window, "runbar.text")
    for epochs, rate in ((1000, 0.001), (3, 0.002), (2, 0.003), (2, 0.004)):
        add(qtbot, window, epochs, rate)
    until(qtbot, lambda: is_training(window, 1) and text.text().startswith("training 1 of 4 · epoch"))

    # One that waits is taken out while the first is trained.
    click(qtbot, window, "train.experiment.1.show")
    until(qtbot, lambda: window.findChildren(ExperimentDialog))
    (dialog,) = window.findChildren(ExperimentDialog)
    click(qtbot, dialog, "experiment.remove.queued-003")
    until(qtbot, lambda: dialog.table.rowCount() == 3 and studio.experiments.waiting() == 2)
    click(qtbot, dialog, "experiment.close")
    until(qtbot, lambda: text.text().startswith("training 1 of 3 · epoch"))

    menu = find(window, "runbar.stop").menu()
    next(action for action in menu.actions() if action.text() == "Stop and discard").trigger()
    until(qtbot, lambda: studio.training.state == "idle")
    assert text.text() == "Queue stopped · 0 of 2 done" and not studio.training.runs
    assert [trial.name for trial in open_queue(path).trials] == ["queued-002", "queued-004"]

    # A training of its own is none of the queue.
    click(qtbot, window, "train.start")
    until(qtbot, lambda: is_training(window, 1))
    until(qtbot, lambda: studio.training.state == "idle")
    assert studio.training.runs[0].state == "finished" and studio.experiments.waiting() == 2

    click(qtbot, window, "train.experiment.1.resume")
    until(qtbot, lambda: len(studio.training.runs) == 3 and studio.training.state == "idle")
    queue = read_experiment(path, 1)
    assert [(trial.name, trial.state) for trial in queue.trials] == [
        ("queued-002", "finished"),
        ("queued-004", "finished"),
    ]
    assert text.text() == "Queue finished · 2 of 2 trained" and open_queue(path) is None
    assert not [each for each in window.findChildren(QMenu) if each.isVisible()]
