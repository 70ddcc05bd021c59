"""Answers for pictures that are dropped in: newest first, of the right network, and of no project but the open one."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import draw_pictures
from real_studio import (
    PATIENCE,
    make_trained,
    open_copy,
    running_studio,
    set_epochs,
    small_project,
    train,
    until,
    wait_ready,
)

from engine.errors import EngineError
from engine.evaluate import predict as predicting
from gui.studio import Studio


@pytest.fixture
def studio(qtbot):
    with running_studio() as studio:
        yield studio


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return make_trained(tmp_path_factory.mktemp("made"))


@pytest.fixture
def trained(studio: Studio, made: Path, tmp_path: Path) -> Studio:
    """A studio with one finished run of six epochs."""
    open_copy(studio, made, tmp_path)
    return studio


def wait_idle(qtbot, studio: Studio) -> None:
    session = studio.prediction
    until(qtbot, lambda: session.progress is None and not session._runner.is_running and not session._queue)


def ask(qtbot, studio: Studio, *args) -> list:
    studio.prediction.predict(*args)
    wait_idle(qtbot, studio)
    return studio.prediction.results


def test_nothing_answers_before_a_training(studio, picture_folder):
    session = studio.prediction
    assert not session.has_model and session.model_text == "" and session.run is None
    session.predict([picture_folder / "disc" / "disc-00.png"])
    assert session.results == [] and session.progress is None


def test_an_answer(qtbot, trained, picture_folder):
    picture = picture_folder / "disc" / "disc-03.png"
    (answer,) = ask(qtbot, trained, [picture])
    assert answer.source == picture and answer.name == "disc-03.png" and answer.error is None
    assert answer.classes == ("disc", "stripes") and answer.class_name in answer.classes
    assert sum(answer.probabilities) == pytest.approx(1, abs=1e-5)
    assert ask(qtbot, trained, [picture])[0].probabilities == answer.probabilities, "asked twice, told the same"


def test_it_says_which_network_answers(trained):
    info = trained.training.runs[0]
    assert trained.prediction.model_text == f"run 1, best epoch {info.best_epoch}"


def test_answers_are_newest_first(qtbot, trained, picture_folder):
    files = sorted((picture_folder / "disc").iterdir())
    ask(qtbot, trained, files[:2])
    ask(qtbot, trained, files[2:3])
    assert [answer.name for answer in trained.prediction.results] == [files[i].name for i in (2, 1, 0)]


def test_drops_while_it_works_wait_their_turn(qtbot, trained, picture_folder):
    files = sorted((picture_folder / "disc").iterdir())
    for file in files[:4]:
        trained.prediction.predict([file])
    wait_idle(qtbot, trained)
    assert [answer.name for answer in trained.prediction.results] == [file.name for file in reversed(files[:4])]


def test_a_folder(qtbot, trained, picture_folder):
    told = []
    trained.prediction.progress_changed.connect(lambda: told.append(trained.prediction.progress))
    assert len(ask(qtbot, trained, [picture_folder])) == 24
    assert told[-1] is None and (told[-2].done, told[-2].total) == (24, 24)
    right = sum(answer.source.parent.name == answer.class_name for answer in trained.prediction.results)
    assert right > 12, "better than guessing"


def test_a_folder_without_pictures_is_told(qtbot, trained, tmp_path):
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(trained.failed, timeout=PATIENCE) as failed:
        trained.prediction.predict([tmp_path / "empty"])
    assert "empty" in failed.args[0].what and failed.args[0].fix


def test_a_broken_file_stops_nothing(qtbot, trained, picture_folder, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes((picture_folder / "disc" / "disc-00.png").read_bytes()[:40])
    good = picture_folder / "disc" / "disc-00.png"
    second, first = ask(qtbot, trained, [broken, good])
    assert isinstance(first.error, EngineError) and first.class_name == ""
    assert second.error is None and second.class_name


def test_a_pasted_picture(qtbot, trained, picture_folder):
    picture = picture_folder / "stripes" / "stripes-02.png"
    (from_file,) = ask(qtbot, trained, [picture])
    pasted = ask(qtbot, trained, [picture.read_bytes()], ["pasted picture 1"])[0]
    assert pasted.name == "pasted picture 1" and pasted.probabilities == from_file.probabilities


def slowly(monkeypatch, reached: threading.Event, go_on: threading.Event) -> None:
    """Hold the reading of the second picture until a test lets it go on."""
    read, calls = predicting.read_array, []

    def held(*args):
        calls.append(args)
        if len(calls) == 2:
            reached.set()
            assert go_on.wait(PATIENCE / 1000)
        return read(*args)

    monkeypatch.setattr(predicting, "read_array", held)


@pytest.fixture
def busy(qtbot, trained, picture_folder, monkeypatch):
    """A studio in the middle of a folder; set the event to let it go on."""
    reached, go_on = threading.Event(), threading.Event()
    slowly(monkeypatch, reached, go_on)
    trained.prediction.predict([picture_folder])
    assert reached.wait(PATIENCE / 1000)
    yield trained, go_on
    go_on.set()


def test_cancelling_keeps_what_was_answered(qtbot, trained, picture_folder, busy):
    studio, go_on = busy
    studio.prediction.predict([picture_folder / "disc"])
    studio.prediction.cancel()
    go_on.set()
    wait_idle(qtbot, studio)
    assert len(studio.prediction.results) == 2, "the picture under way is finished, the rest and the queue are not"


def test_clearing_while_it_works_leaves_nothing(qtbot, busy):
    studio, go_on = busy
    studio.prediction.clear()
    go_on.set()
    wait_idle(qtbot, studio)
    assert studio.prediction.results == []


def test_asking_anew_right_after_clearing(qtbot, busy, picture_folder):
    studio, go_on = busy
    studio.prediction.clear()
    studio.prediction.predict([picture_folder / "disc" / "disc-05.png"])
    go_on.set()
    wait_idle(qtbot, studio)
    assert [answer.name for answer in studio.prediction.results] == ["disc-05.png"]


def test_another_project_shows_no_answers_of_the_former(qtbot, busy, picture_folder, tmp_path):
    studio, go_on = busy
    (tmp_path / "second").mkdir()
    studio.document.create(small_project(picture_folder), tmp_path / "second" / "Second.atelier")
    go_on.set()
    wait_idle(qtbot, studio)
    assert studio.prediction.results == [] and not studio.prediction.has_model


def test_a_discarded_run_does_not_answer_for_the_next(qtbot, trained, picture_folder):
    """The next run gets the number, and maybe the best epoch, of the one that was removed."""
    picture = picture_folder / "disc" / "disc-00.png"
    (before,) = ask(qtbot, trained, [picture])
    shutil.rmtree(trained.training.runs[0].folder)
    trained.document.edit("x", recipe=replace(trained.document.recipe, seed=5))
    wait_ready(qtbot, trained)
    train(qtbot, trained)
    assert trained.training.runs[0].number == 1
    assert ask(qtbot, trained, [picture])[0].probabilities != before.probabilities


def test_the_newest_run_answers(qtbot, trained, picture_folder):
    changed = []
    trained.prediction.model_changed.connect(lambda: changed.append(trained.prediction.model_text))
    wait_ready(qtbot, trained)
    train(qtbot, trained)
    assert changed[-1].startswith("run 2")
    assert ask(qtbot, trained, [picture_folder / "disc" / "disc-00.png"])[0].error is None


def test_damaged_weights_are_told_and_end_the_queue(qtbot, trained, picture_folder):
    (trained.training.runs[0].folder / "best.safetensors").write_bytes(b"no weights")
    with qtbot.waitSignal(trained.failed, timeout=PATIENCE) as failed:
        trained.prediction.predict([picture_folder])
        trained.prediction.predict([picture_folder])
    assert isinstance(failed.args[0], EngineError)
    wait_idle(qtbot, trained)
    assert trained.prediction.results == []


def test_answers_while_a_training_runs(qtbot, trained, picture_folder):
    set_epochs(trained, 5000)
    wait_ready(qtbot, trained)
    trained.training.start()
    until(qtbot, lambda: trained.prediction.model_text.startswith("run 2"))
    assert ask(qtbot, trained, [picture_folder / "disc" / "disc-00.png"])[0].error is None
    assert trained.training.state == "training"


def test_closing_in_the_middle(qtbot, busy):
    studio, go_on = busy
    go_on.set()
    studio.close()
    assert not studio.prediction._runner.is_running


def test_pictures_larger_than_the_network_takes(qtbot, trained, tmp_path):
    draw_pictures(tmp_path / "large", per_class=1, side=400)
    assert all(answer.error is None for answer in ask(qtbot, trained, [tmp_path / "large"]))
