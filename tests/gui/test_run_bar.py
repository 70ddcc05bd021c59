"""The run bar: what runs, how far it is, and its two buttons."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar
from train_studio import STEPS, FakeStudio, make_index

from engine.errors import EngineError
from engine.jobs import Progress
from engine.spec import ProjectSpec
from engine.train.experiments.plans import FoldsPlan, Plan, SearchPlan, SeedsPlan
from engine.train.experiments.runner import TrialStarted
from engine.train.experiments.settings import parse_choice
from engine.train.experiments.store import (
    Experiment,
    add_to_queue,
    create_experiment,
    remove_waiting,
    with_trial,
    write_experiment,
)
from gui.jobs import Stopped
from gui.pages.train.experiments.experiment_dialog import ExperimentDialog
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


# ---- experiments


def worked_on(studio, plan: Plan, accuracies: list[float | None], state: str = "finished") -> Experiment:
    """Work on an experiment whose trials come to these accuracies, None: they wait; then let it end."""
    made = create_experiment(studio.document.path, studio.document.spec, plan)
    for place, (trial, accuracy) in enumerate(zip(made.trials, accuracies, strict=True), start=1):
        if accuracy is not None:
            done = replace(
                trial, run=place, state="finished", marks=((accuracy, 0.5),), last_accuracy=accuracy, epochs=4
            )
            made = with_trial(made, done)
    trial = made.trials[0]
    studio.training.trial = TrialStarted(made.number, made.title, 1, len(made.trials), trial.label, 0)
    studio.training.trial_started.emit(studio.training.trial)
    studio.training.begin(number=1, planned=4)
    studio.training.play(2)
    made = write_experiment(made, state)
    studio.training.trial = None
    studio.training.end(Stopped() if state == "stopped" else None)
    return made


def rates(studio, method: str = "grid", text: str = "0.1, 0.001, 0.01") -> SearchPlan:
    return SearchPlan(method, (parse_choice(studio.document.spec, "learning_rate", text),))


@pytest.mark.parametrize(
    ("plan", "accuracies", "state", "words"),
    [
        (FoldsPlan(3), [0.97, 0.98, 0.99], "finished", "Cross-validation finished · 98.0 % ± 1.0 points"),
        (SeedsPlan(2), [0.9, 0.9], "finished", "Training with 2 seeds finished · 90.0 % ± 0.0 points"),
        (FoldsPlan(3), [0.97, None, None], "stopped", "Cross-validation stopped · 1 of 3 done · 97.0 %"),
        (FoldsPlan(3), [None, None, None], "stopped", "Cross-validation stopped · 0 of 3 done"),
        (None, [0.5, 0.9, 0.8], "finished", "Search finished · best: 90.0 % with learning rate 0.001"),
    ],
)
def test_what_came_of_an_experiment_is_told_and_its_table_is_a_click_away(
    bar, studio, qtbot, tmp_path, plan, accuracies, state, words
):
    studio.open(tmp_path)
    experiment = worked_on(studio, plan or rates(studio), accuracies, state)
    assert bar.text.text() == words and bar.show_button.isVisible()
    qtbot.mouseClick(bar.show_button, Qt.MouseButton.LeftButton)
    (dialog,) = bar.window().findChildren(ExperimentDialog)
    assert dialog.windowTitle() == experiment.title
    dialog.reject()
    studio.training.begin(number=4)
    assert not bar.show_button.isVisible()
    studio.training.end(Stopped())
    assert bar.text.text() == "run 4 stopped" and not bar.show_button.isVisible()


def test_of_an_experiment_that_was_deleted_nothing_is_told(bar, studio, qtbot, tmp_path):
    studio.open(tmp_path)
    number = worked_on(studio, SeedsPlan(2), [0.9, 0.9]).number
    studio.experiments.delete_experiment_for_good(number)
    qtbot.waitUntil(lambda: bar.text.text() == "Ready. Nothing is running." and not bar.show_button.isVisible())


def test_the_queue_is_counted_as_it_is_now(bar, studio, qtbot, tmp_path):
    studio.open(tmp_path)
    path = studio.document.path
    queue = add_to_queue(path, studio.document.spec)
    studio.training.trial = TrialStarted(queue.number, queue.title, 1, 1, "learning rate 0.1", 0)
    studio.training.trial_started.emit(studio.training.trial)
    studio.training.begin(number=1, planned=30)
    write_experiment(with_trial(queue, replace(queue.trials[0], state="running", run=1)), "running")
    studio.experiments.reload()
    qtbot.waitUntil(lambda: bar.text.text() == "training 1 of 1 · epoch 1 / 30")
    add_to_queue(path, studio.document.spec)
    queue = add_to_queue(path, studio.document.spec)
    studio.experiments.reload()
    qtbot.waitUntil(lambda: bar.text.text() == "training 1 of 3 · epoch 1 / 30")
    remove_waiting(queue, queue.trials[1])
    studio.experiments.reload()
    qtbot.waitUntil(lambda: bar.text.text() == "training 1 of 2 · epoch 1 / 30")


def test_a_run_of_an_experiment_that_goes_on_alone_says_which_one_it_is(bar, studio, qtbot, tmp_path):
    studio.open(tmp_path)
    made = create_experiment(studio.document.path, studio.document.spec, FoldsPlan(3))
    write_experiment(with_trial(made, replace(made.trials[1], state="running", run=7)), "stopped")
    studio.experiments.reload()
    studio.training.begin(number=7, planned=30)
    studio.training.runs = (replace(studio.training.runs[0], experiment=made.number),)
    studio.training.play(1, within=1)
    qtbot.waitUntil(lambda: bar.text.text() == "fold 2 of 3 · epoch 2 / 30")


def test_what_is_too_long_for_the_bar_ends_with_dots(bar, studio, tmp_path):
    studio.open(tmp_path)
    worked_on(studio, rates(studio), [0.5, 0.9, 0.8])
    bar.resize(300, bar.height())
    bar.layout().activate()
    assert bar.text.shown_text().endswith("…") and bar.text.toolTip() == bar.text.text()
    assert bar.start.isVisible() and bar.start.geometry().right() < bar.width() and bar.show_button.isVisible()


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
