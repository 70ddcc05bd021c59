"""The main job: pictures in, a network learns, it answers for a new picture; and it is all there the next time."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from engine.train import history, runs
from engine.train.events import EpochDone
from gui import main_window
from gui.main_window import MainWindow
from gui.pages.home.recents import RecentCard
from gui.pages.predict.results_model import PREDICTION
from gui.studio import train_session
from journeys.real_window import RealWindows, find, until


def click(qtbot, window: MainWindow, name: str) -> None:
    def is_ready() -> bool:
        widget = find(window, name)  # each time: a list may be made anew meanwhile
        return widget.isVisible() and widget.isEnabled()

    until(qtbot, is_ready)
    qtbot.mouseClick(find(window, name), Qt.MouseButton.LeftButton)


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(300, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def start_sample(qtbot, window: MainWindow, sample: str) -> None:
    """From the start page to the pictures of a sample."""
    click(qtbot, window, f"home.sample.{sample}")
    assert window.place == "data"
    until(qtbot, lambda: window.studio.data.state == "ready")
    assert find(window, "error").isHidden()


def set_recipe(window: MainWindow, **changes: object) -> None:
    from dataclasses import replace

    document = window.studio.document
    document.edit("Set recipe", recipe=replace(document.recipe, **changes))


def finish(qtbot, window: MainWindow) -> None:
    until(qtbot, lambda: window.studio.training.state == "idle")
    assert window.studio.training.runs[0].state == "finished", window.studio.training.runs[0].reason


def predict_by_drop(qtbot, window: MainWindow, picture: Path) -> object:
    """Drop a picture on the window. Returns: what the newest card says."""
    before = len(window.studio.prediction.results)
    drop(window, picture)
    until(qtbot, lambda: len(window.studio.prediction.results) == before + 1)
    assert window.place == "predict"
    view = find(window, "predict.results")
    assert view.isVisible()
    card = view.model().index(0, 0).data(PREDICTION)
    assert card.error is None
    return card


@pytest.mark.parametrize(
    ("sample", "template", "epochs"),
    [("digits", "mlp", 6), pytest.param("drawn", "small-vgg", 3, marks=[pytest.mark.slow, pytest.mark.timeout(600)])],
)
def test_from_the_start_page_to_an_answer_and_back_tomorrow(
    qtbot, windows: RealWindows, monkeypatch, sample, template, epochs
):
    monkeypatch.setattr(main_window, "ask_about_changes", lambda *_: "save")
    window = windows.open()
    start_sample(qtbot, window, sample)
    studio = window.studio
    path = studio.document.path
    assert path.is_relative_to(windows.documents)

    # Data shows what was found.
    grid = find(window, "data.grid")
    assert grid.isVisible() and grid.model().rowCount() == len(studio.data.index)
    assert find(window, "data.classes").isVisible()

    # Network: a template, fitted to the data.
    click(qtbot, window, "rail.network")
    click(qtbot, window, "network.templates")
    until(qtbot, lambda: find(window, f"network.template.{template}").isVisible())
    click(qtbot, window, f"network.template.{template}")
    assert studio.document.network.template == template and studio.document.report.problems == ()

    # Train, and watch it learn.
    set_recipe(window, epochs=epochs)
    answers_before_the_end: list[bool] = []
    grid = find_train_grid(window)
    studio.training.epoch_done.connect(lambda: answers_before_the_end.append(has_answers(grid)))
    click(qtbot, window, "top.train")
    assert window.place == "train"
    until(qtbot, lambda: studio.training.epochs)
    finish(qtbot, window)
    assert len(studio.training.epochs) == epochs
    assert any(answers_before_the_end[:-1]), "the watched images have answers while it still trains"
    for chart in ("train.loss", "train.accuracy"):
        assert find(window, chart).count() == epochs and find(window, chart).has_steps()
    assert studio.training.epochs[-1].validation_loss < studio.training.epochs[0].validation_loss

    # A picture dropped on the window.
    picture = studio.data.index.path(int(studio.training.epochs[-1].numbers[0]))
    answer = predict_by_drop(qtbot, window, picture)
    assert answer.class_name in studio.document.data.classes
    score = studio.training.runs[0].best_accuracy
    windows.close()

    # Tomorrow: it is in the list with its score, and all is there.
    window = windows.open()
    until(qtbot, lambda: window.findChildren(RecentCard))
    (card,) = [card for card in window.findChildren(RecentCard) if card.path == path]
    assert card.score.text().startswith(f"{100 * score:.1f}"[:2])
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    until(qtbot, lambda: window.studio.document.path == path)
    assert window.place == "train"
    until(qtbot, lambda: window.studio.data.state == "ready")
    assert find(window, "train.runs").count() == 1
    slider = find(window, "train.replay")
    until(qtbot, lambda: slider.isEnabled() and slider.maximum() == epochs)
    slider.setValue(slider.minimum())
    grid = find_train_grid(window)
    until(qtbot, lambda: has_answers(grid))
    again = predict_by_drop(qtbot, window, picture)
    assert again.probabilities == answer.probabilities


def find_train_grid(window: MainWindow) -> object:
    window.page("train")
    return find(window, "train.watched")


def has_answers(grid: object) -> bool:
    """Whether the pictures of the grid are shown with what the network takes them for."""
    return grid.model().rowCount() > 0 and grid.pictures.answers is not None


def test_a_training_that_was_closed_in_the_middle_ends_as_one_that_was_not(qtbot, windows: RealWindows, monkeypatch):
    epochs, middle = 5, 2
    monkeypatch.setattr(main_window, "ask_about_changes", lambda *_: "save")
    asked: list[object] = []
    monkeypatch.setattr(main_window, "ask_about_training", lambda *_: asked.append(True) or True)
    window = windows.open()
    start_sample(qtbot, window, "digits")
    window.studio.use_template("mlp")
    set_recipe(window, epochs=epochs, batch_size=128, precision="float32")
    with monkeypatch.context() as patch:
        hold_after(patch, middle)
        click(qtbot, window, "top.train")
        until(qtbot, lambda: len(window.studio.training.epochs) == middle)
        path = window.studio.document.path
        windows.close()
    assert asked
    state = json.loads((runs.run_folder(path, 1) / runs.STATE).read_text("utf-8"))
    assert state["state"] == "stopped"

    window = windows.open([str(path)])
    until(qtbot, lambda: window.studio.data.state == "ready")
    assert window.place == "train"
    click(qtbot, window, "train.resume.1")
    until(qtbot, lambda: window.studio.training.run is not None)
    assert window.studio.training.run.first_epoch == middle + 1
    finish(qtbot, window)
    assert len(window.studio.training.epochs) == epochs
    click(qtbot, window, "train.start")
    until(qtbot, lambda: window.studio.training.shown_run == 2)
    finish(qtbot, window)
    resumed, uninterrupted = (history.read(runs.run_folder(path, number)) for number in (1, 2))
    assert len(resumed) == epochs
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate", "is_best"):
        assert [getattr(a, name) for a in resumed] == [getattr(b, name) for b in uninterrupted], name


def hold_after(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """Let a new run pause itself after this epoch, so that it is found in the middle however fast it is."""
    real = train_session.start_run

    def start_run(spec, path, control):
        for event in real(spec, path, control):
            if isinstance(event, EpochDone) and event.epoch == epoch:
                control.pause()
            yield event

    monkeypatch.setattr(train_session, "start_run", start_run)
