"""Pinned images: how they are kept, and that a running training takes them up."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from training_helpers import everything_told, first_image, followed, small_project, until
from training_helpers import one_thread as one_thread

from engine.data.index import TRAIN, VALIDATION
from engine.errors import EngineError
from engine.evaluate.model import load_model
from engine.evaluate.predict import predict
from engine.jobs import JobControl
from engine.train import trainer, watching
from engine.train.events import EpochDone, Watched
from engine.train.job import PicturesReady, start_run
from engine.train.pins import (
    MOST_PINNED,
    Pins,
    found_at,
    pins_file,
    read_pinned,
    read_pins,
    stored_as,
    with_pinned,
    without,
    write_pins,
)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "P").mkdir()
    return tmp_path / "P" / "P.atelier"


# ---- the file


def test_pins_come_back(path):
    pins = Pins(("disc/disc-00.png", "a/日本 ü.png", "a/\udcff.png"), ("/elsewhere/my dog.jpg", "inside.png"))
    write_pins(pins_file(path), pins)
    assert read_pins(pins_file(path)) == pins
    assert len(pins) == 5


@pytest.mark.parametrize("content", ["", "[]", "3", "null", '{"images": 3}', '{"images": [3, null, ""]}', "{" * 9999])
def test_a_damaged_file_pins_nothing(path, content):
    pins_file(path).write_text(content)
    assert read_pins(pins_file(path)) == Pins()


def test_pinning_twice_pins_once_and_letting_go_lets_go():
    pins = with_pinned(Pins(("a",)), images=("b", "a"), photographs=("p", "p"))
    assert pins == Pins(("a", "b"), ("p",))
    assert without(pins, images=("a",), photographs=("p",)) == Pins(("b",))
    with pytest.raises(EngineError, match="No more than"):
        with_pinned(pins, images=tuple(map(str, range(MOST_PINNED))))


def test_a_photograph_in_the_project_s_folder_moves_with_it(path, tmp_path):
    inside, outside = path.parent / "photos" / "dog.jpg", tmp_path / "dog.jpg"
    assert stored_as(inside, path.parent) == "photos/dog.jpg"
    assert stored_as(outside, path.parent) == str(outside)
    for photograph in (inside, outside):
        assert found_at(stored_as(photograph, path.parent), path.parent) == photograph


# ---- in a training


def begun(folder, path, epochs=3):
    """A training, and the index of its pictures."""
    work = start_run(small_project(folder, epochs=epochs), path, JobControl())
    return work, until(work, PicturesReady).pictures.index


def test_a_running_training_takes_up_pins_and_lets_them_go(picture_folder, path, monkeypatch):
    with everything_told(monkeypatch):
        work, index = begun(picture_folder, path)
        plain = until(work, Watched)
        number = int(index.where(TRAIN)[0])
        assert number not in plain.numbers
        photograph = first_image(picture_folder)
        write_pins(pins_file(path), Pins((str(index.paths[number]), "gone.png"), (str(photograph), "/not/there.png")))
        told = until(work, Watched)
        assert told.numbers == (number, *plain.numbers)
        assert told.photographs == (str(photograph),)
        assert told.probabilities.shape == (len(told.numbers), 2)
        assert told.photograph_probabilities.shape == (1, 2)
        np.testing.assert_allclose(told.photograph_probabilities.sum(axis=1), 1, atol=1e-5)
        pins_file(path).unlink()
        assert until(work, Watched).numbers == plain.numbers
        followed(work)


def test_what_is_told_of_pins_is_what_the_network_answers(picture_folder, path, monkeypatch):
    with everything_told(monkeypatch):
        work, index = begun(picture_folder, path, epochs=1)
        number = int(index.where(VALIDATION)[0])
        photograph = index.path(int(index.where(TRAIN)[1]))
        write_pins(pins_file(path), Pins((str(index.paths[number]),), (str(photograph),)))
        events = followed(work).events
    told = [event for event in events if isinstance(event, Watched)][-1]
    model = load_model(path.parent / "runs" / "0001", "cpu")
    answers = [answer.probabilities for answer in predict(model, [index.path(number), photograph], JobControl())]
    np.testing.assert_allclose(told.probabilities[0], answers[0], atol=1e-5)
    np.testing.assert_allclose(told.photograph_probabilities[0], answers[1], atol=1e-5)
    images, photographs = read_pinned(path.parent / "runs" / "0001")
    np.testing.assert_allclose(images[str(index.paths[number])].at(1), answers[0], atol=1e-4)
    np.testing.assert_allclose(photographs[str(photograph)].at(7), answers[1], atol=1e-4)
    assert photographs[str(photograph)].at(0) is None


def test_pins_change_no_number_of_the_training(picture_folder, path, tmp_path):
    with_pins, without_pins = path, tmp_path / "Q" / "Q.atelier"
    write_pins(pins_file(with_pins), Pins((), (str(first_image(picture_folder)),)))
    losses = []
    for place in (with_pins, without_pins):
        events = followed(start_run(small_project(picture_folder), place, JobControl())).events
        losses.append([event.validation_loss for event in events if isinstance(event, EpochDone)])
    assert losses[0] == losses[1]


def test_damaged_lines_of_answers_are_passed_over(tmp_path):
    folder = tmp_path / "watch"
    folder.mkdir()
    good = {"epoch": 2, "images": {"a": [0.25, 0.75]}, "photographs": {}}
    lines = ["", "{", "[]", '{"epoch": 1}', json.dumps(good), json.dumps(good | {"images": {"a": [0.5, 0.5]}}), "{"]
    (folder / "pinned.jsonl").write_text("\n".join(lines))
    images, photographs = read_pinned(tmp_path)
    assert images["a"].epochs.tolist() == [2] and images["a"].at(2).tolist() == [0.5, 0.5]
    assert photographs == {} and read_pinned(tmp_path / "elsewhere") == ({}, {})


def test_of_long_trainings_only_some_epochs_are_kept(picture_folder, path, monkeypatch):
    monkeypatch.setattr(watching, "MOST_LINES", 2)
    write_pins(pins_file(path), Pins((), (str(first_image(picture_folder)),)))
    with everything_told(monkeypatch):
        followed(start_run(small_project(picture_folder, epochs=7), path, JobControl()))
    answers = read_pinned(path.parent / "runs" / "0001")[1]
    assert [told.epochs.tolist() for told in answers.values()] == [[4, 7]]


# ---- how often


class Clock:
    """A time that passes only when it is told to."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(watching.time, "perf_counter", lambda: self.now)


@pytest.mark.parametrize(("takes", "pause"), [(0.001, 0.25), (0.003, 0.25), (0.15, 10.0), (1.5, 100.0)])
def test_looks_that_take_long_become_rare(picture_folder, path, monkeypatch, takes, pause):
    work, _ = begun(picture_folder, path)
    made = []
    real = trainer.Watching

    def spied(*args):
        made.append(real(*args))
        return made[-1]

    monkeypatch.setattr(trainer, "Watching", spied)
    until(work, Watched)
    work.close()
    looker, clock = made[0], Clock(monkeypatch)
    assert trainer.WATCH_EVERY == 0.25
    looker.pictures()
    clock.now += takes
    question = looker.question(1, 1, torch.zeros(len(looker.numbers), 2))
    question.told(question.values)
    clock.now += pause - 0.001
    assert not looker.is_due()
    clock.now += 0.002
    assert looker.is_due()


def test_what_is_pinned_is_looked_at_soon_however_long_a_look_took(picture_folder, path, monkeypatch):
    work, index = begun(picture_folder, path)
    made = []
    real = trainer.Watching
    monkeypatch.setattr(trainer, "Watching", lambda *args: made.append(real(*args)) or made[-1])
    until(work, Watched)
    work.close()
    looker, clock = made[0], Clock(monkeypatch)
    looker.pictures()
    clock.now += 3.0
    question = looker.question(1, 1, torch.zeros(len(looker.numbers), 2))
    question.told(question.values)
    clock.now += 0.3
    assert not looker.is_due() and not looker.has_pins
    write_pins(pins_file(path), Pins((str(index.paths[0]),)))
    assert looker.has_pins
    clock.now += 0.3
    assert looker.is_due()
    looker.pictures()
    question = looker.question(1, 2, torch.zeros(len(looker.numbers), 2))
    question.told(question.values)
    clock.now += 0.3
    assert looker.has_pins


def test_an_answer_that_comes_late_is_about_what_was_asked(picture_folder, path, monkeypatch):
    """Also where something was pinned while it was on its way."""
    work, index = begun(picture_folder, path)
    made, real = [], trainer.Watching
    monkeypatch.setattr(trainer, "Watching", lambda *args: made.append(real(*args)) or made[-1])
    until(work, Watched)
    work.close()
    looker = made[0]
    before = looker.numbers
    looker.pictures()
    question = looker.question(1, looker._setup.steps, torch.full((len(before), 2), 0.5))
    pinned = next(number for number in range(len(index)) if number not in before)
    write_pins(pins_file(path), Pins((str(index.paths[pinned]),), (str(first_image(picture_folder)),)))
    assert len(looker.pictures()) == len(before) + 2 and looker.numbers[0] == pinned
    told = question.told(question.values)
    assert told.numbers == before and len(told.probabilities) == len(before) and not told.photographs
    assert not read_pinned(path.parent / "runs" / "0001")[0], "the pinned one was not asked about"


def test_epochs_that_are_shorter_than_the_time_between_two_looks_can_be_looked_back_at(
    picture_folder, path, monkeypatch
):
    monkeypatch.setattr(watching, "RECORD_SHARE", 1e9)
    write_pins(pins_file(path), Pins((), (str(first_image(picture_folder)),)))
    began = time.perf_counter()
    events = followed(start_run(small_project(picture_folder, epochs=40), path, JobControl())).events
    seconds = time.perf_counter() - began
    answers = next(iter(read_pinned(path.parent / "runs" / "0001")[1].values()))
    assert answers.epochs.tolist() == list(range(1, 41))
    looks = [event for event in events if isinstance(event, Watched)]
    assert len(looks) <= 4 * seconds + 2, "they are kept, not told"


def test_a_training_with_pins_looks_at_most_four_times_a_second(picture_folder, path):
    write_pins(pins_file(path), Pins((), (str(first_image(picture_folder)),)))
    project = small_project(picture_folder, epochs=60)
    began = time.perf_counter()
    events = followed(start_run(replace(project), path, JobControl())).events
    seconds = time.perf_counter() - began
    looks = [event for event in events if isinstance(event, Watched)]
    assert 1 <= len(looks) <= 4 * seconds + 2  # the first, and that of the last epoch
    assert looks[-1].epoch == 60
