"""Train: the page follows the training, replays it, judges it, and says what is missing."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QPushButton, QWidget
from train_studio import CLASSES, FakeStudio, drawn_epochs, make_index

from engine.compile import Facts
from engine.errors import EngineError
from engine.jobs import Progress
from engine.params import params_of
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.spec.files import write_project
from engine.templates import fitted
from engine.train.compare import StoredAnswers, compare
from engine.train.defaults import suggested_rate, with_defaults
from engine.train.diagnosis import Story, diagnose
from engine.train.history import best_of
from engine.train.optimizers import OPTIMIZERS
from engine.train.runs import SPEC
from gui.jobs import Stopped
from gui.pages.shared.viewer import AnswerBox, PictureViewer, Told
from gui.pages.train import TrainPage
from gui.pages.train.predictions.replay import Replay
from gui.pages.train.recipe.form import GROUPS, with_optimizer
from gui.pages.train.runs.run_words import (
    added_nothing,
    added_nothing_in_words,
    against_in_words,
    gain_in_words,
    so_far_in_words,
    state_in_words,
)
from gui.widgets.two_lines import TwoLinesLabel

NO_DATA = EngineError("No images have been chosen.", why="The network needs some.", fix="Choose a folder in Data.")


@pytest.fixture
def studio(tmp_path, picture_folder) -> FakeStudio:
    studio = FakeStudio(tmp_path)
    studio.open(tmp_path)
    studio.data.become("ready", make_index(picture_folder))
    return studio


@pytest.fixture
def page(studio, qtbot):
    page = TrainPage(studio)
    qtbot.addWidget(page)
    page.resize(1356, 854)
    with qtbot.waitExposed(page):
        page.show()
    return page


def named(page: TrainPage, name: str) -> QWidget:
    found = page.findChild(QWidget, name)
    assert found is not None, name
    return found


def marked(page: TrainPage) -> list:
    """The answers in the grid, row by row."""
    model = page.live.grid.pictures
    return [model.answer(row) for row in range(model.rowCount())]


def sure(page: TrainPage) -> list[float]:
    """The probabilities in the grid, row by row; NaN where there is no answer yet."""
    return [np.nan if answer is None else answer[1] for answer in marked(page)]


def has_answers(page: TrainPage) -> bool:
    return len(marked(page)) == 8 and None not in marked(page)


# ---- names


def test_everything_a_user_acts_on_has_its_name(page):
    for name in ("start", "pause", "stop", "loss", "accuracy", "watched", "replay", "runs", "diagnosis"):
        assert named(page, f"train.{name}")
    for button in page.findChildren(QAbstractButton):
        assert button.accessibleName() or button.text()


# ---- start, pause, stop


def test_buttons_follow_the_state(page, studio):
    start, pause, stop = (named(page, f"train.{name}") for name in ("start", "pause", "stop"))
    assert (start.isVisible(), pause.isVisible(), stop.isVisible()) == (True, False, False)
    start.click()
    assert studio.training.asked == [("start",)]
    studio.training.begin()
    assert (start.isVisible(), pause.isVisible(), stop.isVisible()) == (False, True, True)
    pause.click()
    studio.training.become("paused")
    assert pause.text() == "Resume"
    pause.click()
    assert studio.training.asked[1:] == [("pause",), ("resume",)]
    studio.training.become("stopping")
    assert not stop.isEnabled()


def test_stop_has_two_meanings(page, studio):
    studio.training.begin()
    keep, discard = named(page, "train.stop").menu().actions()
    assert (keep.text(), discard.text()) == ("Stop and keep the best", "Stop and discard")
    keep.trigger()
    discard.trigger()
    assert studio.training.asked == [("stop", True), ("stop", False)]


# ---- what is missing


def test_a_run_without_an_epoch_is_no_reason_to_say_that_nothing_was_trained(page, studio, qtbot):
    studio.training.add_run(1, "finished")
    studio.training.begin(number=2)
    studio.training.end(Stopped())
    qtbot.waitUntil(lambda: page.empty.accessibleName() == "Run 2 has no finished epoch")
    assert page.empty.isVisible()
    assert "Runs" in page.empty.accessibleDescription()


def test_before_the_first_run_the_page_says_what_will_come(page, studio, qtbot):
    assert page.empty.isVisible()
    assert "loss and accuracy" in page.empty.accessibleDescription()
    assert page.empty.accessibleDescription().startswith("Press Train")
    # The button of the top bar is the one in colour.
    assert not any(b.property("primary") for b in page.findChildren(QPushButton))
    button = named(page, "train.first")
    assert button.isVisible() and button.text() == "Train"
    button.click()
    assert studio.training.asked == [("start",)]
    studio.training.become("preparing")
    qtbot.waitUntil(button.isHidden)


def test_a_blocker_is_said_with_the_way_to_its_place(page, studio, qtbot):
    studio.training.problem = NO_DATA
    studio.data.problem = NO_DATA
    studio.data.become("failed")
    button = named(page, "train.first")
    qtbot.waitUntil(lambda: page.empty.accessibleName() == NO_DATA.what)
    assert button.text() == "Go to Data"
    assert not named(page, "train.start").isEnabled()
    assert NO_DATA.what in named(page, "train.start").toolTip()
    with qtbot.waitSignal(studio.place_wanted) as wanted:
        button.click()
    assert wanted.args == ["data"]
    assert studio.training.asked == []


def test_a_network_problem_after_a_run_is_a_notice_over_the_curves(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(2)
    studio.training.problem = EngineError("The network has no output.", fix="Add a Classes layer.")
    studio.training.end(None)
    qtbot.waitUntil(page.notice.isVisible)
    assert page.charts.isVisible()
    with qtbot.waitSignal(studio.place_wanted) as wanted:
        page.notice.buttons()[0].click()
    assert wanted.args == ["network"]
    studio.training.problem = None
    studio.document.report_changed.emit()
    qtbot.waitUntil(lambda: not page.notice.isVisible())


def test_preparing_tells_how_far_it_is_and_can_be_cancelled(page, studio, qtbot):
    studio.training.progress = Progress(312, 600, "Decoding")
    studio.training.become("preparing")
    qtbot.waitUntil(lambda: page.busy.label.text() == "preparing 312 of 600 images")
    page.busy.cancel_button.click()
    assert studio.training.asked == [("stop", False)]
    studio.training.progress = None
    studio.training.begin()
    qtbot.waitUntil(lambda: not page.busy.isVisible())


def test_after_the_last_image_the_page_says_that_it_starts(page, studio, qtbot):
    studio.training.progress = Progress(1797, 1797, "Images are ready")
    studio.training.become("preparing")
    qtbot.waitUntil(lambda: page.busy.label.text() == "starting…")
    assert page.busy.bar.maximum() == 0


def test_changes_during_training_are_said_to_wait(page, studio, qtbot):
    assert not page.later.isVisible()
    studio.training.begin()
    qtbot.waitUntil(page.later.isVisible)
    studio.training.end(None)
    qtbot.waitUntil(lambda: not page.later.isVisible())


# ---- curves


def test_the_best_epoch_is_the_same_in_the_curves_the_text_and_the_engine(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(6)
    epochs = [replace(event, validation_accuracy=0.8) for event in studio.training.epochs]
    epochs[2] = replace(epochs[2], validation_accuracy=0.9, validation_loss=0.5)
    epochs[4] = replace(epochs[4], validation_accuracy=0.9, validation_loss=0.4)  # as accurate, with a lower loss
    studio.training.epochs = epochs
    studio.training.shown_changed.emit()
    studio.training.end(None)
    assert best_of(epochs).epoch == 5
    assert page.charts.loss._numbers.best == page.charts.accuracy._numbers.best == 5
    qtbot.waitUntil(lambda: "Best at epoch 5:" in page.diagnosis.words.text())


def test_curves_follow_the_training(page, studio, qtbot):
    studio.training.add_run(2, "finished", epochs=12)
    studio.training.begin(planned=30)
    studio.training.play(3, within=4)
    qtbot.waitUntil(page.charts.isVisible)
    loss = page.charts.loss
    qtbot.waitUntil(lambda: drawn_epochs(loss, "train") == 3)
    qtbot.waitUntil(lambda: loss.steps()[0][-1] == pytest.approx(3.2))
    assert loss._numbers.planned == 30
    assert [line.name for line in loss._numbers.others] == ["run 2"]
    assert len(loss._numbers.others[0].x) == 12
    assert "epoch 3" in page.charts.accuracy._words.summary()


# ---- pictures


def test_watched_pictures_show_the_latest_answers(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(1)
    qtbot.waitUntil(lambda: has_answers(page))
    event = studio.training.watch()
    told = event.probabilities.max(axis=1)
    qtbot.waitUntil(lambda: np.allclose(sure(page), told))
    assert {answer[0] for answer in marked(page)} <= set(CLASSES)


def test_a_watched_picture_opens_large_and_arrow_keys_walk_on(page, studio, qtbot):
    studio.training.begin(number=1)
    studio.training.play(2)
    grid = page.findChild(QWidget, "train.watched")
    qtbot.waitUntil(lambda: grid.pictures.rowCount() > 1)
    first, second = grid.pictures.number(0), grid.pictures.number(1)
    grid.opened.emit(first)
    viewer = page.findChild(PictureViewer)
    assert viewer is not None and viewer.isVisible()
    with qtbot.waitSignal(viewer.walked) as walked:
        qtbot.keyClick(viewer, Qt.Key.Key_Right)
    assert walked.args == [second]


def test_the_large_picture_says_truth_answer_and_probabilities_of_the_epoch_shown(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(3)
    index, slider = studio.data.index, named(page, "train.replay")
    qtbot.waitUntil(lambda: slider.maximum() == 3 and has_answers(page))
    slider.setValue(2)
    done = studio.training.epochs[1]
    for number, told in zip(done.numbers.tolist()[:6], done.probabilities, strict=False):
        viewer = page.live.open_picture(number)
        box, truth, answer = viewer.answer, CLASSES[index.labels[number]], CLASSES[told.argmax()]
        assert box.isVisible()
        assert box.title.text() == "Answer at epoch 2"
        assert box.verdict.text() == (
            f"✓ {answer}, which is right" if truth == answer else f"✗ {answer}, but it is {truth}"
        )
        shown = [bar.value() for bar in box.bars if bar.isVisible()]
        assert shown == pytest.approx(sorted(told.tolist(), reverse=True))
        viewer.close()
    slider.setValue(3)
    event = studio.training.watch()
    qtbot.waitUntil(lambda: page.live._fresh is event)
    viewer = page.live.open_picture(event.numbers[0])
    assert viewer.answer.bars[0].value() == pytest.approx(event.probabilities[0].max())
    assert viewer.answer.title.text() == "Answer at epoch 4, still going on"


def test_the_right_class_has_a_bar_even_when_it_is_the_least_probable(qtbot):
    box = AnswerBox()
    qtbot.addWidget(box)
    names = tuple("abcdefghij")
    box.show_told(Told("epoch 1", names, np.linspace(0.2, 0.01, 10)), "j")
    assert [bar.accessibleName()[0] for bar in box.bars] == ["a", "b", "c", "j"]
    box.show_told(None, "j")
    assert box.isHidden()


def test_filters_choose_pictures_and_count_them(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(2)
    replay, filters = page.live._replay, page.live.filters
    total = len(studio.data.index.where(1))
    qtbot.waitUntil(lambda: filters.button("all").text() == f"All {total}")
    named(page, "train.filter.worst").click()
    model = page.live.grid.pictures
    own = [studio.training.epochs[-1].probabilities[list(replay.numbers).index(n)] for n in model.numbers]
    labels = studio.data.index.labels[model.numbers]
    probabilities = [row[label] for row, label in zip(own, labels, strict=True)]
    assert probabilities == sorted(probabilities)
    wrong = int((~replay.right(1)).sum())
    assert filters.button("worst").text() == (f"Worst · {wrong} wrong" if wrong else "Worst")
    named(page, "train.filter.flipped").click()
    assert sorted(model.numbers) == sorted(replay.flipped(1))
    named(page, "train.filter.all").click()
    assert len(model.numbers) == total


def test_counts_of_many_pictures_have_thin_spaces(page):
    page.live._count(24, 9, 0, 1797)
    assert page.live.filters.button("all").text() == "All 1\u202f797"
    assert page.live.filters.button("worst").text() == "Worst · 9 wrong"


def test_replay_shows_the_answers_of_an_epoch_and_moves_the_cursor(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(5)
    slider = named(page, "train.replay")
    qtbot.waitUntil(lambda: slider.maximum() == 5)
    assert page.live.bar.words.text() == "5 · live"
    slider.setValue(2)
    second = studio.training.epochs[1]
    numbers = page.live.grid.pictures.numbers
    told = second.probabilities[np.searchsorted(second.numbers, numbers)].max(axis=1)
    qtbot.waitUntil(lambda: np.allclose(sure(page), told))
    assert (page.charts.loss.cursor(), page.charts.accuracy.cursor()) == (2, 2)
    assert page.live.bar.words.text() == "2 of 5"
    studio.training.play(1)  # while one looks back, training goes on and nothing jumps
    assert (slider.value(), slider.maximum()) == (2, 6)
    slider.setValue(6)
    assert page.charts.loss.cursor() is None
    assert page.live.bar.is_following()


def test_play_runs_through_all_epochs(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(3)
    qtbot.waitUntil(lambda: page.live.bar.isVisible() and page.live.bar.count() == 3)
    seen = []
    page.live.epoch_shown.connect(seen.append)
    named(page, "train.play").click()
    assert page.live.bar.is_playing()
    qtbot.waitUntil(lambda: not page.live.bar.is_playing(), timeout=10_000)
    assert seen == [1, 2, None]


def test_a_click_on_the_curves_replays_that_epoch(page, studio):
    studio.training.begin()
    studio.training.play(4)
    page.charts.loss.epoch_picked.emit(2)
    assert named(page, "train.replay").value() == 2


def test_history_of_a_picture_is_the_right_class_over_the_epochs(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(3)
    qtbot.waitUntil(lambda: has_answers(page) and len(page.live.grid.pictures.history(0)) == 3)
    number = page.live.grid.pictures.number(0)
    label = studio.data.index.labels[number]
    place = list(studio.training.epochs[0].numbers).index(number)
    own = [done.probabilities[place, label] for done in studio.training.epochs]
    assert np.allclose(page.live.grid.pictures.history(0), own)


# ---- runs


def test_runs_are_listed_and_choosing_one_shows_it(page, studio, qtbot):
    studio.training.add_run(1, "finished", network="Perceptron")
    studio.training.add_run(2, "interrupted", epochs=9, planned=30)
    qtbot.waitUntil(page.runs.isVisible)
    assert page.runs.count() == 2
    rows = [page.runs.itemWidget(page.runs.item(place)) for place in range(2)]
    assert [row._network.text() for row in rows] == ["Small VGG", "Perceptron"]
    assert [row._state.text() for row in rows] == ["interrupted · 9 of 30", "finished · 12 epochs"]
    assert (rows[0].resume.isVisible(), rows[1].resume.isVisible()) == (True, False)
    page.runs.setCurrentRow(1)
    assert studio.training.shown_run == 1
    qtbot.waitUntil(lambda: page.charts.isVisible() and has_answers(page))
    rows[0].resume.click()
    assert studio.training.asked == [("resume_run", 2)]
    studio.training.begin()
    assert not rows[0].resume.isVisible()


def test_a_paused_run_says_so_and_counts_finished_epochs(page, studio):
    studio.training.begin(planned=20)
    studio.training.play(5, within=3)
    row = page.runs.itemWidget(page.runs.item(0))
    assert row._state.text() == "training · 5 of 20"
    studio.training.become("paused")
    assert row._state.text() == "paused · 5 of 20"
    studio.training.become("training")
    assert row._state.text().startswith("training")


def test_a_run_tells_its_recipe(page, studio):
    studio.training.add_run(1, "finished")
    place = page.runs.visualItemRect(page.runs.item(0)).center()
    assert page.runs.tool_tip_at(place) == ""  # its files cannot be read
    recipe = RecipeSpec(epochs=1200, batch_size=16, learning_rate=0.003, optimizer=Chosen("sgd"))
    write_project(ProjectSpec(recipe=recipe), studio.training.runs[0].folder / SPEC)
    told = page.runs.tool_tip_at(place)
    assert told.split("\n")[:4] == [
        "1\u202f200 epochs",
        "batch size 16",
        OPTIMIZERS["sgd"].title,
        "learning rate 0.003",
    ]
    assert page.runs.tool_tip_at(QPoint(5, 10_000)) == ""


def test_a_run_that_broke_looks_like_it(page, studio, qtbot):
    studio.training.add_run(1, "finished")
    training = studio.training
    for trouble, words in (("diverged", "diverged · 12 epochs"), ("exploded", "loss exploded · 12 epochs")):
        training.runs = (replace(training.runs[0], trouble=trouble),)
        training.runs_changed.emit()
        row = page.runs.itemWidget(page.runs.item(0))
        assert (row._state.text(), row._dot._token) == (words, "bad")


def test_every_state_of_a_run_has_words(studio):
    for state in ("running", "interrupted", "stopped", "finished", "failed"):
        studio.training.add_run(1, state)
        assert state_in_words(studio.training.runs[0]).split()[0] != ""
        assert "{" not in state_in_words(studio.training.runs[0])


def test_a_run_that_stopped_early_says_so_and_why(page, studio, qtbot):
    studio.training.add_run(1, "finished", epochs=12, planned=60)
    training, reason = studio.training, "Validation loss did not improve for 3 epochs."
    training.runs = (replace(training.runs[0], reason=reason),)
    training.runs_changed.emit()
    assert state_in_words(training.runs[0]) == "stopped early · 12 of 60"
    assert page.runs.itemWidget(page.runs.item(0))._state.toolTip() == reason
    training.shown_run = 1
    training.shown_changed.emit()
    qtbot.waitUntil(lambda: page.diagnosis.title.text() == "Stopped early at epoch 12 of 60")
    assert reason in page.diagnosis.words.text() and page.diagnosis.resume.isHidden()


def test_what_came_of_a_run_so_far_is_no_verdict(studio):
    studio.training.add_run(1, "stopped", epochs=14, planned=300)
    assert so_far_in_words(studio.training.runs[0]) == "At epoch 14 of 300: "
    studio.training.add_run(2, "finished")
    assert so_far_in_words(studio.training.runs[0]) == ""


def test_epochs_that_brought_nothing_better_are_told(studio):
    studio.training.add_run(10, "finished", epochs=17)
    plain = replace(studio.training.runs[0], parent=4, restarted_after=12, best_epoch=7, epochs_done=17)
    assert added_nothing(plain) and not added_nothing(replace(plain, best_epoch=13))
    assert not added_nothing(replace(plain, restarted_after=0))
    words = "The 5 added epochs brought nothing better than epoch 7, which run 4 had reached."
    assert added_nothing_in_words(plain) == gain_in_words(plain, plain) == words
    assert added_nothing_in_words(replace(plain, epochs_done=13)).startswith("The added epoch brought nothing")


# ---- recipe


def test_recipe_edits_go_to_the_document_and_come_back(page, studio):
    document = studio.document
    page.recipe.form.changed.emit("epochs", 7, "typing")
    assert document.recipe.epochs == 7
    assert document.undo_stack.undoText() == "Set Epochs"
    assert page.recipe.form.row("epochs").value == 7
    document.undo_stack.undo()
    assert page.recipe.form.row("epochs").value == RecipeSpec().epochs


def test_another_optimizer_brings_its_usual_learning_rate(page, studio):
    usual = {name: OPTIMIZERS[name].usual_learning_rate for name in ("adamw", "sgd")}
    page.recipe.optimizer.changed.emit(Chosen("sgd"), "")
    assert studio.document.recipe.optimizer.kind == "sgd"
    assert studio.document.recipe.learning_rate == usual["sgd"]
    assert studio.document.undo_stack.count() == 1
    spec = studio.document.spec
    own = replace(spec, recipe=RecipeSpec(learning_rate=0.0123, optimizer=Chosen("adamw")))
    assert with_optimizer(own, Chosen("sgd")).learning_rate == 0.0123
    unknown = replace(spec, recipe=RecipeSpec(optimizer=Chosen("from the future")))
    assert with_optimizer(unknown, Chosen("sgd")).learning_rate == RecipeSpec().learning_rate


def test_a_suggested_learning_rate_becomes_the_one_suggested_for_the_new_optimizer():
    facts = Facts((3, 64, 64), 2)
    data = DataSpec(size=64, classes=("a", "b"))
    bare = ProjectSpec(data, fitted("small-vgg", facts), RecipeSpec())
    for images in (150, 900):  # 150 images make batches of 16, for which other rates are suggested
        project = with_defaults(bare, images)
        for name in ("sgd", "lion", "adam"):
            changed = replace(project, recipe=with_optimizer(project, Chosen(name), images))
            assert changed.recipe.learning_rate == with_defaults(changed, images).recipe.learning_rate
            assert with_optimizer(changed, Chosen("adamw"), images).learning_rate == project.recipe.learning_rate
    suggested = with_defaults(bare, 900).recipe.learning_rate
    assert suggested != OPTIMIZERS["adamw"].usual_learning_rate, "otherwise this tells nothing"
    other_batch = replace(bare, recipe=replace(bare.recipe, batch_size=128))
    own_batch = replace(other_batch, recipe=replace(other_batch.recipe, learning_rate=suggested_rate(other_batch)))
    assert with_optimizer(own_batch, Chosen("sgd"), 900).learning_rate == suggested_rate(
        replace(own_batch, recipe=replace(own_batch.recipe, optimizer=Chosen("sgd")))
    )


def test_every_folded_setting_has_its_place(page):
    named = {name for group in GROUPS for name in group}
    folded = {setting.name for setting in params_of(RecipeSpec) if setting.more}
    assert named == folded | {"optimizer", "schedule", "loss"}
    form = page.recipe.form
    shown = [form.fold().body.itemAt(place).widget() for place in range(form.fold().body.count())]
    places = {name: shown.index(form.row(name)) for name in ("stop_metric", "class_weights", "decay_all")}
    assert places["stop_metric"] == 0
    assert places["class_weights"] == shown.index(page.recipe.loss) + 1
    assert places["decay_all"] == shown.index(page.recipe.optimizer) + 1


# ---- replay, in numbers


def epochs_of(studio, count):
    return [studio.training.epoch(epoch, count) for epoch in range(1, count + 1)]


def test_replay_survives_pictures_that_are_gone_and_damaged_epochs(studio):
    epochs = epochs_of(studio, 3)
    numbers = epochs[0].numbers.copy()
    numbers[0], numbers[1] = -1, 10_000
    object.__setattr__(epochs[0], "numbers", numbers)
    object.__setattr__(epochs[1], "probabilities", np.zeros((0, 0), np.float32))
    replay = Replay()
    replay.show(epochs, studio.data.index.labels)
    assert sorted(replay.numbers) == sorted(numbers[2:])
    assert replay.answers(1, replay.numbers, CLASSES).answers.tolist() == [-1] * len(replay.numbers)
    assert len(replay.flipped(1)) == 0
    assert len(replay.worst(2)) == len(replay.numbers)
    stranger = replay.answers(2, np.array([10_001]), CLASSES)
    assert (stranger.answers.tolist(), len(stranger.history[0])) == ([-1], 0)


def test_replay_reads_bit_by_bit_newest_first(studio):
    read = []

    class Epoch:
        def __init__(self, event):
            self._event, self.epoch, self.numbers = event, event.epoch, event.numbers

        @property
        def probabilities(self):
            read.append(self.epoch)
            return self._event.probabilities

    replay = Replay()
    replay.show([Epoch(event) for event in epochs_of(studio, 20)], studio.data.index.labels)
    assert read == []
    replay.right(4)
    assert read == [5]
    while waiting := replay.waiting():
        replay.take(Replay.read(waiting, 0.0))
    assert read == [5, *(epoch for epoch in range(20, 0, -1) if epoch != 5)]


# ---- diagnosis


def judge(train_loss, validation_loss, validation_accuracy, gap=0.02, pictures=200, ended=False):
    counts = (pictures // 2, pictures - pictures // 2)
    train_accuracy = [value + gap for value in validation_accuracy]
    return diagnose(
        Story(train_loss, train_accuracy, validation_loss, validation_accuracy, counts=counts, ended=ended)
    )[0]


FALLING = [0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.08, 0.06, 0.05]
RISING = [0.6, 0.7, 0.75, 0.8, 0.83, 0.85, 0.87, 0.88, 0.89, 0.9]


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("validation_loss", [[2.0, 9.0, 30.0, 26.0], [30.0, 28.0, 27.0, 26.0]])
def test_a_run_at_chance_with_a_large_loss_is_told_to_go_slower(page, validation_loss, ended):
    found = judge([30.0, 28.0, 27.0, 26.0], validation_loss, [0.5, 0.48, 0.5, 0.49], ended=ended)
    page.diagnosis.show_diagnosis(found, ended=ended)
    assert page.diagnosis.title.text() == "Learning rate too high"
    assert "30.0" in page.diagnosis.words.text()


@pytest.mark.parametrize("epochs", [1, 2, 12])
@pytest.mark.parametrize("accuracy", [0.3, 0.5, 0.52])
def test_a_run_at_or_below_chance_is_never_done_nor_overfitting(page, epochs, accuracy):
    train_loss = [0.7 * 0.8**epoch for epoch in range(epochs)]  # learnt by heart
    losses = [0.7 + 0.2 * epoch for epoch in range(epochs)]
    found = judge(train_loss, losses, [accuracy] * epochs, gap=0.4, ended=True)
    assert found.code == "at_chance"
    page.diagnosis.show_diagnosis(found, ended=True)
    assert page.diagnosis.title.text() == "Not learning"
    assert "by heart" in page.diagnosis.words.text()
    assert page.diagnosis.property("notice") == "warning"


def test_few_validation_images_make_an_uncertain_number(page):
    for pictures, words in ((2, "Only 2 validation images"), (1, "Only 1 validation image:"), (200, "")):
        page.diagnosis.show_diagnosis(judge(FALLING, FALLING, RISING, pictures=pictures, ended=True), ended=True)
        assert words in page.diagnosis.words.text()
        assert ("uncertain" in page.diagnosis.words.text()) == (pictures < 30)
        if pictures > 1:  # of one image, naming the commonest class is always right
            assert page.diagnosis.property("notice") == ("info" if pictures < 30 else "good")


@pytest.mark.parametrize("gap", [-0.02, 0.0, 0.02, 0.2])
def test_the_words_under_overfitting_say_nothing_else(page, gap):
    found = judge(FALLING, [0.7, 0.6, 0.5, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9], [0.7] * 10, gap)
    page.diagnosis.show_diagnosis(found, ended=False)
    assert page.diagnosis.title.text() == "Overfitting since epoch 5"
    assert "verfitting" not in page.diagnosis.words.text()
    page.diagnosis.show_diagnosis(judge(FALLING, FALLING, RISING, gap), ended=False)
    assert "verfitting" not in page.diagnosis.words.text()


@pytest.mark.parametrize("word", ["Interrupted", "Stopped", "Failed"])
def test_a_run_that_ended_early_says_so_and_offers_to_go_on(page, studio, qtbot, word):
    state = word.lower()
    studio.training.add_run(1, state, epochs=5, planned=20)
    studio.training.show_run(1)
    qtbot.waitUntil(lambda: page.diagnosis.title.text() == f"{word} at epoch 5 of 20")
    assert "Best at epoch" in page.diagnosis.words.text()
    resume = named(page, "train.diagnosis.resume")
    assert resume.isVisible() == (state != "failed")
    if resume.isVisible():
        resume.click()
        assert studio.training.asked == [("resume_run", 1)]


def test_what_is_said_beside_the_best_epoch_is_of_that_epoch(page):
    train, accuracy = [0.5, 0.6, 0.79, 0.9], [0.5, 0.6, 0.87, 0.8]
    told = Story([0.7, 0.6, 0.5, 0.4], train, [0.7, 0.6, 0.4, 0.6], accuracy, counts=(100, 100), ended=True)
    page.diagnosis.show_diagnosis(*diagnose(told), ended=True)
    words = page.diagnosis.words.text()
    assert "Best at epoch 3" in words and "8.0 points above training" in words
    assert "Epoch 4 was no better." in words and "still improving" not in words


@pytest.mark.parametrize(("gap", "is_little"), [(0.02, True), (0.056, False)])
def test_only_a_small_gap_is_called_little(page, gap, is_little):
    page.diagnosis.show_diagnosis(judge(FALLING, FALLING, RISING, gap=gap, ended=True), ended=True)
    assert ("which is little" in page.diagnosis.words.text()) == is_little


def test_a_run_that_can_go_on_is_not_offered_to_begin_anew_for_longer(page, studio, qtbot):
    studio.training.add_run(1, "stopped", epochs=7, planned=12)
    spec = studio.document.spec
    network = fitted("mlp", Facts(spec.data.shape, len(CLASSES)))
    spec = replace(spec, network=network, recipe=RecipeSpec(epochs=12))
    write_project(spec, studio.training.runs[0].folder / SPEC)
    studio.training.show_run(1)
    qtbot.waitUntil(lambda: "Resume trains the 5 epochs that are left." in page.diagnosis.words.text())
    assert named(page, "train.diagnosis.resume").isVisible() and not named(page, "train.diagnosis.step1").isVisible()
    studio.training.runs = (replace(studio.training.runs[0], state="finished"),)
    studio.training.runs_changed.emit()
    qtbot.waitUntil(named(page, "train.diagnosis.step1").isVisible)
    assert named(page, "train.diagnosis.step1").text() == "Train for 24 epochs"


def test_an_experiment_that_made_it_worse_has_no_green_check(page, studio, qtbot):
    studio.training.add_run(1, "finished")
    studio.training.show_run(1)
    qtbot.waitUntil(lambda: page.diagnosis.title.text() == "Done, and still improving")
    box = page.diagnosis
    box._compared = (1, 7, 12)
    box._on_compared(((1, 7, 12), ("46.3 points worse than run 7.", "bad")))
    assert box.title.text() == "Done, but worse than run 7" and box.property("notice") == "warning"
    assert box.helped.text() == "46.3 points worse than run 7."
    box._on_compared(((1, 8, 12), ("old news", "")))
    assert box.helped.text() == "46.3 points worse than run 7."


def test_the_diagnosis_stands_above_the_runs(page, studio, qtbot):
    for number in range(1, 7):
        studio.training.add_run(number, "finished")
    studio.training.show_run(6)
    page.resize(952, 608)
    qtbot.waitUntil(lambda: page.diagnosis.isVisible() and page.size().height() == 608)
    box = page.diagnosis
    qtbot.waitUntil(lambda: not box.title.visibleRegion().isEmpty() and not box.words.visibleRegion().isEmpty())
    assert box.mapTo(page, QPoint(0, 0)).y() < page.runs.mapTo(page, QPoint(0, 0)).y()


def test_what_was_deleted_can_be_taken_back_without_searching(page, studio, qtbot):
    for number in range(1, 7):
        studio.training.add_run(number, "finished")
    studio.training.show_run(6)
    page.resize(952, 608)
    qtbot.waitUntil(page.runs.isVisible)
    studio.experiments.deleted.emit((6,), "")
    qtbot.waitUntil(lambda: not page.run_tools.undo_row.visibleRegion().isEmpty())


def test_the_box_says_it_in_words(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(6)
    qtbot.waitUntil(lambda: page.diagnosis.title.text() == "Learning well")
    assert "points in 3 epochs" in page.diagnosis.words.text()
    studio.training.end(None)
    qtbot.waitUntil(lambda: page.diagnosis.title.text() == "Done, and still improving")
    assert "Best at epoch" in page.diagnosis.words.text()


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(
    ("train_loss", "validation_loss", "accuracy"),
    [
        ([], [], []),
        ([0.7], [0.7], [0.5]),
        (FALLING, [0.7, 0.6, 0.5, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9], [0.7] * 10),
        ([0.7] * 4, [0.7] * 4, [0.5] * 4),
        ([0.5] * 10, [0.5] * 10, [0.8] * 10),
        ([float("inf")], [float("nan")], [0.5]),
    ],
)
def test_every_diagnosis_has_a_title_and_words(page, ended, train_loss, validation_loss, accuracy):
    page.diagnosis.show_diagnosis(judge(train_loss, validation_loss, accuracy), ended=ended)
    assert page.diagnosis.title.text()
    assert "{" not in page.diagnosis.title.text() + page.diagnosis.words.text()


# ---- against the parent


def against(first: str, second: str) -> str:
    """The words on two runs, each image a "+" where it was answered rightly."""
    labels = ("cat",) * len(first)
    paths = tuple(map(str, range(len(first))))

    def answers(run: int, right: str) -> StoredAnswers:
        said = np.array([0 if mark == "+" else 1 for mark in right])
        return StoredAnswers(run, paths, labels, ("cat", "dog"), np.eye(2, dtype=np.float32)[said])

    def info(number: int, right: str) -> SimpleNamespace:
        accuracy = right.count("+") / len(right)
        return SimpleNamespace(number=number, best_accuracy=accuracy, folder=Path(f"no run {number}"))

    found = compare(answers(1, first), answers(2, second))
    return against_in_words(found, info(1, first), info(2, second))


def test_the_verdict_leads_with_plain_words():
    worse = against("+" * 60, "-" * 40 + "+" * 20)
    assert worse.startswith("66.7 points worse than run 1 (on 60 images; 95 %: ") and worse.endswith(" worse).")
    better = against("-" * 40 + "+" * 20, "+" * 60)
    assert better.startswith("66.7 points better than run 1 (on 60 images; 95 %: ") and better.endswith(" better).")
    luck = against("+" * 58 + "--", "+" * 59 + "-")
    assert luck.startswith("1.7 points better than run 1, but that may be luck (on 60 images; 95 %: −")
    assert against("++--", "++--").startswith("As good as run 1 (on 4 images; 95 %: −")
    assert "(on 1 image; " in against("+", "+")


# ---- room


def test_a_change_wraps_before_it_is_cut(qtbot):
    label = TwoLinesLabel("epochs 3 → 4, learning rate 0.003 → 1e-5")
    qtbot.addWidget(label)
    line = label.fontMetrics().height()
    whole = label.fontMetrics().horizontalAdvance(label.text())
    assert (label.heightForWidth(2 * whole), label.heightForWidth(whole * 2 // 3)) == (line, 2 * line)
    assert " ".join(label.shown_lines(whole * 2 // 3)) == label.text()
    label.resize(whole // 4, 2 * line)
    label.show()
    assert len(label.shown_lines()) == 2 and label.shown_lines()[1].endswith("…")
    assert label.toolTip() == label.text()
    label.resize(2 * whole, line)
    qtbot.waitUntil(lambda: label.toolTip() == "")


def test_the_smallest_window_holds_the_page(page, studio, qtbot):
    studio.training.add_run(1, "interrupted", epochs=3, planned=9, network="A network with a very long name indeed")
    studio.training.begin()
    studio.training.play(3)
    qtbot.waitUntil(page.charts.isVisible)
    page.resize(940, 608)
    qtbot.waitUntil(lambda: page.size().width() == 940)
    assert page.minimumSizeHint().width() <= 940
    assert page.minimumSizeHint().height() <= 608
    for widget in (page.charts.loss, page.charts.accuracy, page.live.grid, named(page, "train.stop")):
        corner = widget.mapTo(page, widget.rect().bottomRight())
        assert page.rect().contains(corner)


def test_many_runs_scroll_with_the_panel_and_come_into_sight_when_looked_for(page, studio, qtbot):
    for number in range(1, 31):
        studio.training.add_run(number, "finished")
    page.resize(1000, 650)
    runs, room = page.runs, page._scroll.viewport()
    qtbot.waitUntil(lambda: runs.height() >= sum(runs.item(place).sizeHint().height() for place in range(30)))
    assert not runs.verticalScrollBar().isVisible()

    def is_in_sight(number: int) -> bool:
        row = runs.row_of(number)
        top = runs.viewport().mapTo(room, row.topLeft()).y()
        return not row.isEmpty() and top >= 0 and top + row.height() <= room.height()

    assert not is_in_sight(1)
    runs.edit_note(1)
    qtbot.waitUntil(lambda: is_in_sight(1))
    assert not is_in_sight(30)
    runs.setFocus()
    qtbot.keyClick(runs, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: is_in_sight(30))
    assert studio.training.shown_run == 30
    qtbot.keyClick(runs, Qt.Key.Key_PageDown)
    assert 15 < studio.training.shown_run < 29, "a page is what is in sight, not the whole list"
    qtbot.keyClick(runs, Qt.Key.Key_PageUp)
    assert studio.training.shown_run == 30


def test_another_run_is_judged_at_once_and_by_name_while_one_trains(page, studio, qtbot):
    studio.training.add_run(1, "finished", epochs=150, planned=150)
    studio.training.begin(number=2, planned=400)
    studio.training.play(120)
    qtbot.waitUntil(lambda: "Nothing" not in page.diagnosis.title.text())
    assert not page.diagnosis.title.text().startswith("Run")
    page._diagnose_later.start(10_000_000)  # the next look that many epochs have to wait for
    studio.training.show_run(1)
    qtbot.waitUntil(lambda: page.diagnosis.title.text() == "Run 1: Done")


def test_the_keyboard_reaches_the_finder_right_after_its_field(page, qtbot):
    field = page.recipe.form.editor("learning_rate")
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert page.focusWidget() is named(page, "recipe.learning_rate.find")
    qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Tab)
    assert page.focusWidget() is page.recipe.form.editor("patience")


def test_another_project_begins_with_nothing_compared(page, studio, qtbot, tmp_path):
    for number in (1, 2, 3):
        studio.training.add_run(number, "finished")
    studio.training.show_run(3)
    entry = next(a for a in menu_of_runs(page) if a.objectName() == "train.charts.compare.1")
    entry.trigger()
    assert page.charts.compared() == (2, 1)
    studio.training._folder, studio.training.runs = tmp_path / "other" / "runs", ()
    for number in (1, 2, 3):
        studio.training.add_run(number, "finished")
    studio.training.show_run(3)
    assert page.charts.compared() == (2,), "the newest other one, as nothing is chosen"
    assert not any(page.runs.itemWidget(page.runs.item(place)).mark() for place in range(3))


def menu_of_runs(page) -> list:
    """What the charts' menu offers to compare with, as it is when it opens."""
    page.charts.menu.aboutToShow.emit()
    return page.charts.menu.runs.actions()


def test_runs_are_sorted_by_score_on_request_and_that_is_remembered(page, studio, qtbot):
    for number, epochs in ((1, 12), (2, 3), (3, 6)):  # the longer, the better
        studio.training.add_run(number, "finished", epochs=epochs)
    qtbot.waitUntil(page.best_first.isVisible)
    runs = page.runs

    def order() -> list[int]:
        return sorted((1, 2, 3), key=lambda number: runs.row_of(number).top())

    assert order() == [3, 2, 1]
    page.best_first.click()
    assert order() == [1, 3, 2]
    later = TrainPage(studio)
    qtbot.addWidget(later)
    assert later.best_first.isChecked() and later.runs.order() == "best"
    page.best_first.click()
    assert order() == [3, 2, 1]
