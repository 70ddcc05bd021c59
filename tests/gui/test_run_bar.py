"""The run bar: what runs, how far it is, and its two buttons."""

import pytest
from PySide6.QtWidgets import QLabel, QProgressBar
from train_studio import STEPS, FakeStudio, make_index

from engine.errors import EngineError
from engine.jobs import Progress
from engine.spec import ProjectSpec
from gui.jobs import Stopped
from gui.run_bar import RunBar
from gui.theme import theme
from gui.widgets.durations import duration_in_words


@pytest.fixture
def studio(tmp_path, picture_folder) -> FakeStudio:
    studio = FakeStudio(tmp_path)
    studio.data.become("ready", make_index(picture_folder))
    return studio


@pytest.fixture
def bar(studio, qtbot):
    bar = RunBar(studio)
    qtbot.addWidget(bar)
    bar.resize(1024, 40)
    with qtbot.waitExposed(bar):
        bar.show()
    return bar


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (8.4, "8 s"),
        (59.6, "1 min"),
        (130, "2 min 10 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (183_600, "2 d 3 h"),
    ],
)
def test_durations_in_words(seconds, words):
    assert duration_in_words(seconds) == words


def test_idle(bar):
    assert bar.findChild(QLabel, "runbar.text").text() == "Ready. Nothing is running."
    assert not bar.findChild(QProgressBar, "runbar.progress").isVisible()
    assert not bar.pause.isVisible()
    assert not bar.stop.isVisible()


def test_a_training_can_be_started_once_a_project_is_open_and_nothing_is_in_the_way(bar, studio, qtbot, tmp_path):
    assert not bar.start.isVisible()
    studio.document.create(ProjectSpec(), tmp_path / "P" / "P.atelier")
    qtbot.waitUntil(bar.start.isVisible)
    bar.start.click()
    assert studio.training.asked == [("start",)]
    studio.training.problem = EngineError("The network has no output.", fix="Add Classes.")
    studio.training.become("idle")
    assert not bar.start.isEnabled()
    assert bar.start.toolTip() == "The network has no output."


def test_training_tells_where_it_is(bar, studio, qtbot):
    studio.training.begin(number=3, planned=30)
    studio.training.play(11, within=STEPS // 2)
    qtbot.waitUntil(lambda: bar.text.text() == "epoch 12 / 30")
    assert bar.run.text() == "run 3"
    assert bar.progress.value() == round(1000 * 11.5 / 30)
    assert bar.left.text().endswith("s left")
    assert bar.speed.text() == "1\u202f840 images/s"
    assert bar.device.text() == "CPU"
    assert bar.accuracy.text() == f"{100 * studio.training.epochs[-1].validation_accuracy:.1f} %"
    assert bar.minimumSizeHint().width() <= 1024


def test_the_live_run_is_told_even_when_another_one_is_shown(bar, studio, qtbot):
    studio.training.add_run(2, "finished", epochs=5)
    studio.training.begin(number=3)
    studio.training.play(2)
    live = studio.training.epochs[-1].validation_accuracy
    studio.training.show_run(2)
    qtbot.waitUntil(lambda: bar.text.text() == "epoch 2 / 30")
    assert bar.run.text() == "run 3"
    assert bar.accuracy.text() == f"{100 * live:.1f} %"


def test_pause_resume_and_both_ways_to_stop(bar, studio):
    studio.training.begin()
    bar.pause.click()
    studio.training.become("paused")
    assert bar.left.text() == "paused"
    assert bar.pause.accessibleName() == "Resume"
    bar.pause.click()
    for action in bar.stop.menu().actions():
        action.trigger()
    assert studio.training.asked == [("pause",), ("resume",), ("stop", True), ("stop", False)]
    studio.training.become("stopping")
    assert not bar.stop.isEnabled()
    studio.training.end(Stopped())
    assert bar.text.text() == "run 3 stopped"


def test_how_the_last_run_ended_is_told_until_another_begins_or_another_project_opens(bar, studio, tmp_path):
    studio.open(tmp_path)
    studio.training.begin(number=1, planned=2)
    studio.training.play(2)
    best = f"{100 * studio.training.epochs[-1].validation_accuracy:.1f} %"
    studio.training.end(None)
    assert bar.text.text() == f"run 1 finished · best validation accuracy {best}"
    bar.update_now()
    assert bar.text.text().startswith("run 1 finished")
    studio.training.begin(number=2)
    studio.training.runs = studio.training.runs[1:]
    studio.training.end(Stopped(kept=False))
    assert bar.text.text() == "run 2 stopped and discarded"
    studio.training.begin(number=3)
    studio.training.end(Stopped())
    assert bar.text.text() == "run 3 stopped"
    studio.training.tell_beside("Looking for a learning rate…")
    assert bar.text.text() == "Looking for a learning rate…"
    studio.training.tell_beside("")
    assert bar.text.text() == "run 3 stopped"
    studio.training.runs = studio.training.runs[1:]
    studio.training.runs_changed.emit()
    assert bar.text.text() == "Ready. Nothing is running.", "it was deleted"
    (tmp_path / "other").mkdir()
    studio.open(tmp_path / "other")
    assert bar.text.text() == "Ready. Nothing is running."


@pytest.mark.parametrize("scale", [1.0, 1.5])
@pytest.mark.parametrize("width", [1920, 1024, 700])
def test_no_number_is_ever_cut(bar, studio, qtbot, scale, width):
    theme().set_scale(scale)
    try:
        bar.resize(width, bar.height())
        studio.training.begin(number=3, planned=20)
        studio.training.play(8, within=3)
        bar.update_now()
        bar.layout().activate()
        told = [label for label in bar.findChildren(QLabel) if label.isVisible()]
        assert {bar.run, bar.text, bar.accuracy} <= set(told)
        for label in told:
            assert label.width() >= label.fontMetrics().horizontalAdvance(label.text()), label.text()
        assert bar.pause.isVisible()
        assert bar.stop.geometry().right() < bar.width()
        assert bar.spark.isVisible() or not bar.device.isVisible()  # what matters least goes first
        bar.resize(1920, bar.height())  # what had no room comes back
        assert bar.device.isVisible()
    finally:
        theme().set_scale(1.0)


def test_after_the_last_image_it_says_that_it_starts(bar, studio, qtbot):
    studio.training.progress = Progress(1797, 1797, "Images are ready")
    studio.training.become("preparing")
    qtbot.waitUntil(lambda: bar.text.text() == "starting…")
    assert bar.progress.maximum() == 0  # at work; how far is not known


@pytest.mark.parametrize("who", ["training", "data"])
def test_preparing_tells_how_far_it_is(bar, studio, qtbot, who):
    progress = Progress(312, 1600, "Decoding")
    if who == "training":
        studio.training.progress = progress
        studio.training.become("preparing")
    else:
        studio.data.become("decoding", studio.data.index, progress)
    qtbot.waitUntil(lambda: bar.text.text() == "preparing 312 of 1\u202f600 images")
    assert bar.progress.value() == round(1000 * 312 / 1600)
    assert bar.stop.isVisible() == (who == "training")


def test_saving_is_told(bar, studio, tmp_path, qtbot):
    assert bar.saved.text() == ""
    studio.open(tmp_path)
    qtbot.waitUntil(lambda: bar.saved.text() == "all changes saved")
    studio.document.edit("Note", notes="something new")
    qtbot.waitUntil(lambda: bar.saved.text() == "not saved yet")
    studio.document.autosave()
    qtbot.waitUntil(lambda: bar.saved.text() == "autosaved just now")
    bar._saved_at -= 12
    bar._saved_timer.timeout.emit()
    assert bar.saved.text() == "autosaved 12 s ago"
