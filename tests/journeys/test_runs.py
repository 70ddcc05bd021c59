"""Several trainings in the real window: compared, cross-validated, cut off and taken up again."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from engine.train import runs
from engine.train.experiments.store import list_experiments, read_experiment
from gui import main_window
from gui.main_window import MainWindow
from gui.pages.train.experiments.experiment_dialog import ExperimentDialog
from gui.pages.train.runs.compare_dialog import CompareDialog
from journeys.real_window import RealWindows, find, until


def click(qtbot, window: MainWindow, name: str) -> None:
    widget = find(window, name)
    until(qtbot, lambda: widget.isVisible() and widget.isEnabled())
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def set_recipe(window: MainWindow, **changes: object) -> None:
    document = window.studio.document
    document.edit("Set recipe", recipe=replace(document.recipe, **changes))


@pytest.fixture
def digits(qtbot, windows: RealWindows, monkeypatch) -> MainWindow:
    """The real window with the digits and a small network that learns them in a few quick epochs."""
    monkeypatch.setattr(main_window, "ask_about_changes", lambda *_: "save")
    window = windows.open()
    click(qtbot, window, "home.sample.digits")
    until(qtbot, lambda: window.studio.data.state == "ready")
    window.studio.use_template("mlp")
    set_recipe(window, epochs=3, batch_size=128, precision="float32", learning_rate=0.003)
    click(qtbot, window, "rail.train")
    return window


def train(qtbot, window: MainWindow) -> None:
    before = len(window.studio.training.runs)
    click(qtbot, window, "train.start")
    until(qtbot, lambda: len(window.studio.training.runs) > before)
    until(qtbot, lambda: window.studio.training.state == "idle")
    assert window.studio.training.runs[0].state == "finished", window.studio.training.runs[0].reason


def open_ways(window: MainWindow) -> None:
    header = find(window, "train.more")
    if not header.isChecked():
        header.click()


def test_two_runs_are_compared_and_the_better_one_is_opened_again(qtbot, digits: MainWindow):
    window, studio = digits, digits.studio
    train(qtbot, window)
    set_recipe(window, learning_rate=0.00005)
    train(qtbot, window)
    runs_list = find(window, "train.runs")
    said = runs_list.item(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "learning rate 0.003 → 5e-5" in said and "−" in said and "points" in said

    click(qtbot, window, "train.compare")
    until(qtbot, lambda: window.findChildren(CompareDialog))
    (dialog,) = window.findChildren(CompareDialog)
    until(qtbot, lambda: not dialog.is_busy() and dialog.headline.text())
    assert dialog.headline.text() == "Run 1 is better"
    shared = len(studio.data.index.where(1))
    assert f"Of {shared} shared images" in dialog.verdict.text()
    assert dialog.differences.rowCount() == 1
    assert [dialog.differences.item(0, column).text() for column in range(3)] == ["Learning rate", "0.003", "5e-5"]
    grid = dialog.grid
    for side, right, wrong in (("first", 1, 2), ("second", 2, 1)):
        click(qtbot, dialog, f"compare.only_{side}")
        count = grid.model().rowCount()
        assert f"only run {right} right ({count})" in find(dialog, f"compare.only_{side}").text()
        assert grid.pictures.answers is None or not grid.pictures.answers.right.any(), f"run {wrong} is shown"
        assert not count or dialog.whose.text().endswith(f"the wrong answers of run {wrong}.")
    click(qtbot, dialog, "compare.only_first")
    assert grid.model().rowCount() > 20
    # The same run twice is no comparison.
    dialog.second.setCurrentIndex(dialog.second.findData(1))
    assert "two different runs" in dialog.verdict.text() and dialog.headline.isHidden()
    click(qtbot, dialog, "compare.close")

    # The network of the better run comes back with one click, and goes with one undo.
    find(window, "train.run.1.more").click()
    (menu,) = [each for each in window.findChildren(QMenu, "train.run.menu") if each.isVisible()]
    next(action for action in menu.actions() if action.objectName() == "train.run.open").trigger()
    menu.hide()
    assert studio.document.recipe.learning_rate == 0.003
    studio.document.undo_stack.undo()
    assert studio.document.recipe.learning_rate == 0.00005


def test_a_cross_validation_is_cut_by_closing_and_goes_on_the_next_time(
    qtbot, digits: MainWindow, windows: RealWindows, monkeypatch
):
    monkeypatch.setattr(main_window, "ask_about_training", lambda *_: True)
    window, studio = digits, digits.studio
    path: Path = studio.document.path
    bar = find(window, "runbar.text")
    open_ways(window)
    find(window, "train.folds.count").setValue(3)
    told: list[str] = []
    studio.training.epoch_done.connect(lambda: told.append(bar.text()))
    click(qtbot, window, "train.folds")
    until(qtbot, lambda: studio.training.trial is not None and studio.training.trial.place == 2)
    until(qtbot, lambda: bar.text().startswith("fold 2 of 3"))
    windows.close()
    experiment = list_experiments(path)[0]
    assert experiment.can_resume and experiment.trials[0].state == "finished"

    window = windows.open([str(path)])
    studio = window.studio
    until(qtbot, lambda: studio.data.state == "ready")
    click(qtbot, window, "train.experiment.1.resume")
    until(qtbot, lambda: studio.training.is_active)
    until(qtbot, lambda: studio.training.state == "idle")
    experiment = read_experiment(path, 1)
    assert experiment.state == "finished" and [trial.run for trial in experiment.trials] == [1, 2, 3]
    assert [info.label for info in runs.list_runs(path)] == ["fold 3 of 3", "fold 2 of 3", "fold 1 of 3"]

    click(qtbot, window, "train.runs.experiment.1.show")
    until(qtbot, lambda: window.findChildren(ExperimentDialog))
    (dialog,) = window.findChildren(ExperimentDialog)
    assert "over 3 folds" in dialog.summary.text() and "±" in dialog.summary.text()
    assert dialog.table.rowCount() == 3 and dialog.chart.band().runs == 3
    click(qtbot, dialog, "experiment.close")

    # Any fold is shown with its images, though today's division has other ones for validation.
    studio.training.show_run(1)
    assert len(studio.training.epochs[-1].numbers) == len(studio.training.epochs[-1].probabilities) > 100


def test_a_run_is_queued_while_another_is_trained_and_begins_by_itself(qtbot, digits: MainWindow):
    window, studio = digits, digits.studio
    set_recipe(window, epochs=60)
    open_ways(window)
    click(qtbot, window, "train.start")
    until(qtbot, lambda: studio.training.epochs)
    set_recipe(window, epochs=2, learning_rate=0.01)
    click(qtbot, window, "train.queue")
    assert studio.experiments.waiting() == 1
    set_recipe(window, learning_rate=0.5)
    until(qtbot, lambda: len(studio.training.runs) == 2 and studio.training.state == "idle")
    first, second = reversed(studio.training.runs)
    assert (first.state, first.epochs_done) == ("finished", 60)
    assert (second.state, second.epochs_done) == ("finished", 2)
    assert runs.read_run_spec(second.folder).recipe.learning_rate == 0.01, "as it was when it was queued"


def test_a_run_is_continued_from_its_menu(qtbot, digits: MainWindow):
    window, studio = digits, digits.studio
    train(qtbot, window)
    studio.training.continue_run(1, 2)
    until(qtbot, lambda: studio.training.run is not None and studio.training.run.run == 2)
    assert studio.training.run.first_epoch == 4
    until(qtbot, lambda: studio.training.state == "idle")
    info = studio.training.runs[0]
    assert (info.epochs_done, info.parent) == (5, 1) and len(studio.training.epochs) == 5
    said = find(window, "train.runs").item(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "continued from run 1, 2 more epochs" in said
