"""Train, live: pinned images and own photographs, biographies, and how little a long run keeps in memory."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from train_studio import CLASSES, FakeStudio, make_index

from engine.train.biography import RIGHT, WRONG
from engine.train.events import EpochDone, Watched
from engine.train.pins import PinnedAnswers, Pins, pins_file, read_pins
from gui.jobs import Stopped
from gui.pages.train import TrainPage
from gui.pages.train.predictions import replay as replay_module
from gui.pages.train.predictions.live import FILTERS
from gui.pages.train.predictions.replay import LEAST_EPOCHS, Replay
from gui.pages.train.predictions.watchlist import PinBook, WithPhotographs
from gui.pictures.model import Role
from gui.studio.pins import PinBoard


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


def photograph(folder):
    return sorted(folder.rglob("*.png"))[0]


def drop(live, paths):
    """Drop files on the live grid. Returns: whether they were taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    both = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(50, 100), *both)
    live.dragEnterEvent(enter)
    if enter.isAccepted():
        live.dropEvent(QDropEvent(QPointF(50, 100), *both))
    return enter.isAccepted()


def look(studio, photographs=(), told=0.8):
    """Send a look at what is pinned and what is watched, as the engine does."""
    index, run = studio.data.index, studio.training.run
    numbers = tuple(dict.fromkeys([*studio.pins.numbers(index).tolist(), *run.watched]))
    answers = studio.training.probabilities(np.array(numbers), 1.0)
    own = np.tile(np.array([[1 - told, told]], np.float32), (len(photographs), 1))
    event = Watched(len(studio.training.epochs) + 1, 1, numbers, answers, tuple(photographs), own)
    studio.training.watched.emit(event)
    return event


def action(live, row, words):
    """The entry of the menu of a tile, None where it has none."""
    place = live.grid.visualRect(live.grid.pictures.index(row)).center()
    menu = live.make_menu(place)
    return next((entry for entry in menu.actions() if entry.text() == words), None)


# ---- pins


def test_watch_this_pins_an_image_and_it_survives_a_restart(page, studio, qtbot, tmp_path):
    studio.training.begin()
    studio.training.play(2)
    live, index = page.live, studio.data.index
    live.filters.button("all").click()
    number = live.grid.pictures.number(3)
    assert action(live, 3, "Watch no longer") is None
    action(live, 3, "Watch this").trigger()
    live.filters.button("watched").click()
    assert live.grid.pictures.number(0) == number
    assert live.grid.pictures.numbers.tolist().count(number) == 1
    assert live.grid.pictures.badge(0).text == "pinned"
    assert read_pins(pins_file(studio.document.path)).images == (str(index.paths[number]),)
    restarted = PinBoard(studio.document)
    assert restarted.numbers(index).tolist() == [number]
    action(live, 0, "Watch no longer").trigger()
    assert len(studio.pins.pins) == 0
    assert live.grid.pictures.badge(0) is None


def test_a_pinned_training_image_is_answered_and_replayed(page, studio, qtbot):
    studio.training.begin()
    index = studio.data.index
    number = int(index.where(0)[0])
    studio.pins.pin_images(index, [number])
    looks = []
    for _ in range(3):
        looks.append(look(studio))
        studio.training.play(1)
    model = page.live.grid.pictures
    qtbot.waitUntil(lambda: model.rowCount() > 0 and model.number(0) == number and model.answer(0) is not None)
    assert model.answer(0)[1] == pytest.approx(float(looks[-1].probabilities[0].max()))
    assert model.history(0) == pytest.approx([event.probabilities[0][index.labels[number]] for event in looks])
    page.live.show_epoch(1)
    qtbot.waitUntil(lambda: model.answer(0)[1] == pytest.approx(float(looks[0].probabilities[0].max())))
    viewer = page.live.open_picture(number)
    assert viewer.answer.title.text() == "Answer at epoch 1"


def test_own_photographs_are_watched_without_a_right_class(page, studio, qtbot, picture_folder):
    studio.training.begin()
    studio.training.play(1)
    path = photograph(picture_folder)
    assert drop(page.live, [path])
    model = page.live.grid.pictures
    assert model.source(0) == path
    assert model.badge(0).text == "own"
    look(studio, studio.pins.pins.photographs)
    qtbot.waitUntil(lambda: model.answer(0) is not None)
    name, probability, right = model.answer(0)
    assert (name, right) == (CLASSES[1], None)
    assert probability == pytest.approx(0.8)
    assert "says muffin 80 %" in model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert model.index(0).data(Role.LABEL) == ""
    viewer = page.live.open_picture(len(studio.data.index))
    assert viewer.answer.verdict.text() == "muffin"
    assert not page.grab().isNull()
    action(page.live, 0, "Watch no longer").trigger()
    assert studio.pins.pins == Pins()


def test_only_images_are_taken_from_a_drop(page, studio, picture_folder, tmp_path):
    studio.training.begin()
    studio.training.play(1)
    (tmp_path / "notes.txt").write_text("no image")
    assert not drop(page.live, [tmp_path / "notes.txt"])
    assert not drop(page.live, [picture_folder])
    assert not drop(page.live, [photograph(picture_folder), tmp_path / "notes.txt"])
    assert len(studio.pins.pins) == 0


def test_too_many_pins_and_a_folder_that_cannot_be_written_to_are_said(studio, qtbot, monkeypatch):
    index = studio.data.index
    with qtbot.waitSignal(studio.pins.failed) as failed:
        studio.pins.pin_photographs([studio.document.path.parent / f"{n}.png" for n in range(60)])
    assert "No more than" in failed.args[0].what
    assert len(studio.pins.pins) == 0
    pins_file(studio.document.path).mkdir()  # a folder where the file should be
    with qtbot.waitSignal(studio.pins.failed) as failed:
        studio.pins.pin_images(index, [0])
    assert "could not be saved" in failed.args[0].what
    assert len(studio.pins.pins) == 0


def test_pins_of_another_project_are_other_pins(studio, tmp_path):
    studio.pins.pin_images(studio.data.index, [0, 1])
    (tmp_path / "other").mkdir()
    studio.open(tmp_path / "other")
    assert len(studio.pins.pins) == 0
    studio.open(tmp_path)
    assert len(studio.pins.pins) == 2


def test_an_index_with_photographs_behind_it(studio, tmp_path):
    index = studio.data.index
    more = WithPhotographs(index, [tmp_path / "a.jpg"])
    assert len(more) == len(index) + 1 == len(more.labels) == len(more.splits)
    assert more.path(len(index)) == tmp_path / "a.jpg" and more.path(0) == index.path(0)
    assert more.labels[-1] == more.splits[-1] == -1


def test_a_book_of_answers_goes_back_when_epochs_are_done_again():
    book = PinBook()
    for epoch in (1, 2, 3):
        book.add("a", epoch, np.array([epoch / 10, 1 - epoch / 10]))
    book.add("a", 2, np.array([0.9, 0.1]))  # resumed before epoch 2
    assert book.at("a", 0) is None and book.at("b", 3) is None
    assert book.at("a", 7).tolist() == pytest.approx([0.9, 0.1])
    assert book.history("a", 0, [0, 1, 2, 3]) == pytest.approx([np.nan, 0.1, 0.9, 0.9], nan_ok=True)
    stored = np.array([[0.3, 0.7], [0.4, 0.6]], np.float32)
    book.load({"a": PinnedAnswers(np.array([0, 1]), stored)})  # read late: what came since stays
    assert book.history("a", 0, [0, 1, 2]) == pytest.approx([0.3, 0.1, 0.9])
    whole = PinnedAnswers(np.array([1, 2, 3, 4]), np.tile(np.array([0.5, 0.5], np.float32), (4, 1)))
    book.load({"a": whole})  # the run is over: more was kept than told
    assert book.history("a", 0, [1, 2, 3, 4]) == pytest.approx([0.5] * 4)
    for epoch in range(5, 5000):
        book.add("a", epoch, np.array([0.5, 0.5]))
    assert len(book._told["a"][0]) <= 1024 and book._told["a"][0][-1] == 4999


# ---- biography


def played(studio, lives):
    """Epochs in which each validation image is right or wrong as its life says."""
    index = studio.data.index
    numbers = index.where(1)
    epochs = []
    for epoch in range(len(lives[0])):
        told = np.full((len(numbers), 2), 0.5, np.float32)
        for row, number in enumerate(numbers):
            is_right = lives[row % len(lives)][epoch] == "1"
            told[row, index.labels[number]] = 0.9 if is_right else 0.1
            told[row, 1 - index.labels[number]] = 0.1 if is_right else 0.9
        epochs.append(replace(studio.training.epoch(epoch + 1, len(lives[0])), probabilities=told))
    return epochs


def test_biography_shows_strips_in_the_order_chosen(page, studio, qtbot):
    lives = ("1111", "0000", "1100", "0001")
    studio.training.begin(planned=4)
    for event in played(studio, lives):
        studio.training.epochs.append(event)
        studio.training.epoch_done.emit(event)
    live, order = page.live, page.live.order
    assert not order.isVisible()
    live.filters.button("biography").click()
    numbers = studio.data.index.where(1)
    each = len(numbers) // len(lives)
    qtbot.waitUntil(lambda: order.itemText(0) == f"First: never learned ({each})")
    assert order.isVisible()
    others = [f"First: forgotten ({each})", f"First: learned late ({each})"]
    assert [order.itemText(place) for place in (1, 2)] == others
    model = live.grid.pictures
    for place, life in ((0, "0000"), (1, "1100"), (2, "0001")):
        order.setCurrentIndex(place)
        order.activated.emit(place)
        shown = ["".join("1" if sign == RIGHT else "0" for sign in model.strip(row)) for row in range(each)]
        assert shown == [life] * each
        assert WRONG in model.strip(0)
    order.setCurrentIndex(3)
    order.activated.emit(3)
    assert model.numbers.tolist() == numbers.tolist()
    assert not live.grab().isNull()
    live.filters.button("all").click()
    assert not order.isVisible()


def test_the_heading_row_fits_the_smallest_window(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(3)
    page.live.filters.button("biography").click()
    page.resize(940, 608)
    qtbot.waitUntil(lambda: page.width() == 940)
    live = page.live
    qtbot.waitUntil(lambda: live.rect().contains(live.order.geometry()))
    for key in FILTERS:
        button = live.filters.button(key)
        assert button.width() >= button.sizeHint().width()
        assert live.rect().contains(button.geometry().translated(live.filters.pos()))
    qtbot.waitUntil(live.score.isVisible)
    assert live.score.text().endswith(" right") and live.score.width() >= live.score.sizeHint().width()
    assert live.bar.rect().contains(live.score.geometry())


def sureness(live) -> list[float]:
    model = live.grid.pictures
    return [model.answer(row)[1] for row in range(model.rowCount())]


def test_epoch_score_and_answers_change_together(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(1)
    live = page.live
    qtbot.waitUntil(lambda: live.bar.words.text() == "1 · live")
    score = live.score.text()
    told = sureness(live)
    studio.training.play(1)
    assert live.bar.words.text() == "1 · live" and live.score.text() == score
    assert sureness(live) == told
    qtbot.waitUntil(lambda: live.bar.words.text() == "2 · live")
    assert live.score.text() == f"{int(live._replay.right(1).sum())} / {len(live._replay.numbers)} right"
    assert sureness(live) != told


# ---- long runs


class Epoch:
    """A stored epoch whose answers are made when they are asked for."""

    def __init__(self, epoch, numbers, labels):
        self.epoch, self.numbers, self._labels = epoch, numbers, labels

    @property
    def probabilities(self):
        told = np.full((len(self.numbers), 2), 0.3, np.float32)
        told[np.arange(len(told)), self._labels[self.numbers] ^ (self.epoch % 2)] = 0.7
        return told


def test_ten_thousand_epochs_of_ten_thousand_images_fit_into_little_memory():
    numbers = np.arange(10_000)
    labels = (numbers % 2).astype(np.int32)
    tracemalloc.start()
    replay = Replay()
    replay.show([Epoch(epoch, numbers, labels) for epoch in range(1, 9_001)], labels)
    waiting = replay.waiting()
    assert LEAST_EPOCHS <= len(waiting) <= 210
    for place, done in waiting:
        replay.take(Replay.read([(place, done)], 0.0))
    assert replay.waiting() == []
    for epoch in range(9_001, 10_001):
        replay.append(Epoch(epoch, numbers, labels))
    told = replay.biography()()
    used = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    assert used < 20
    assert len(replay) == 10_000 and len(told.ever) == 10_000
    for place in (0, 4_999, 9_999):  # every epoch can still be shown exactly
        assert replay.right(place).all() == ((place + 1) % 2 == 0)
    history = replay.answers(9_999, numbers[:3], CLASSES).history
    assert len(history[0]) == 10_000 and np.isfinite(history[0]).all()


def test_a_growing_run_keeps_every_second_epoch_when_it_becomes_long(monkeypatch):
    monkeypatch.setattr(replay_module, "MOST_EPOCHS", 16)
    numbers = np.arange(4)
    labels = np.array([0, 1, 0, 1], np.int32)
    replay = Replay()
    replay.show((), labels)
    for epoch in range(1, 101):
        replay.append(Epoch(epoch, numbers, labels))
        rows = len(replay.biography()().ever), len(replay._own)
        assert rows[0] == 4 and rows[1] <= 16
        assert replay.waiting() == []
    strip = replay.answers(99, numbers, CLASSES).strip[0]
    assert len(strip) == 100
    # Epochs 1, 9, 17, ... stand for those after them; all of them are odd, and in odd epochs every answer is wrong.
    assert set(strip.tolist()) == {WRONG}


def test_a_live_run_does_not_keep_the_answers_of_its_events(page, studio, qtbot):
    class Stored:
        def __init__(self, event):
            self.epoch, self.numbers, self.probabilities = event.epoch, event.numbers, event.probabilities
            for name in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "learning_rate"):
                setattr(self, name, getattr(event, name))

    studio.training.begin()
    for epoch in range(1, 4):
        event = studio.training.epoch(epoch, 30)
        studio.training.epochs.append(Stored(event))
        studio.training.epoch_done.emit(event)
    assert [type(done) for done in page.live._replay._epochs] == [Stored] * 3
    assert not any(isinstance(done, EpochDone) for done in page.live._replay._epochs)


def test_replaying_tells_the_other_places_which_epoch(page, studio, qtbot):
    studio.training.begin(number=3)
    studio.training.play(4)
    page.live.show_epoch(2)
    assert studio.replayed == (3, 2)
    page.live.bar.follow()
    assert studio.replayed is None


def test_history_lines_fill_their_tiles_once_the_run_has_ended(page, studio, qtbot):
    studio.training.begin(planned=300)
    studio.training.play(5)
    look = page.live.grid._delegate
    qtbot.waitUntil(lambda: look.look.epochs == 300)
    studio.training.end(Stopped())
    assert look.look.epochs == 0
