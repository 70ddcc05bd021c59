"""The data of the open project are listed and decoded as it asks, and never those of another."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import draw_pictures
from PySide6.QtCore import QTimer
from real_studio import PATIENCE, open_project, running_studio, set_data, small_project, until, wait_ready

from engine.data import load
from engine.data.index import TRAIN, VALIDATION
from engine.errors import EngineError
from engine.jobs import Progress
from engine.spec import Chosen, ProjectSpec
from engine.spec.files import write_project
from gui.studio import Studio, data_session


@pytest.fixture
def studio(qtbot, tmp_path):
    with running_studio() as studio:
        yield studio


@pytest.fixture
def ready(qtbot, studio: Studio, picture_folder: Path, tmp_path: Path) -> Studio:
    """A studio whose pictures are decoded."""
    open_project(qtbot, studio, small_project(picture_folder), tmp_path / "project" / "Test.atelier")
    return studio


@pytest.fixture(autouse=True)
def project_folder(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()


def notes_of(studio: Studio) -> list[str]:
    """The states that the data go through from now on, without repetitions."""
    seen: list[str] = []
    studio.data.changed.connect(lambda: seen.append(studio.data.state) if seen[-1:] != [studio.data.state] else None)
    return seen


def folder_source(folder: Path) -> Chosen:
    return Chosen("folder", {"path": str(folder)})


def second_folder(tmp_path: Path) -> Path:
    """Three classes of other names."""
    draw_pictures(tmp_path / "drawn", per_class=4, side=20)
    folder = tmp_path / "other"
    for name, source in (("apple", "disc"), ("pear", "stripes"), ("plum", "disc")):
        shutil.copytree(tmp_path / "drawn" / source, folder / name)
    return folder


def test_nothing_is_done_before_a_project_is_open(studio):
    assert (studio.data.state, studio.data.index, studio.data.pictures) == ("empty", None, None)
    studio.data.cancel()
    studio.data.rescan()
    assert studio.data.state == "empty"


def test_listed_then_decoded_then_ready(qtbot, studio, picture_folder, tmp_path):
    states = notes_of(studio)
    with qtbot.waitSignals([studio.data.index_changed, studio.data.pictures_changed], timeout=PATIENCE):
        studio.document.create(small_project(picture_folder), tmp_path / "project" / "Test.atelier")
        assert studio.data.state == "scanning"
    wait_ready(qtbot, studio)
    assert states == ["scanning", "decoding", "ready"]
    assert studio.data.index.classes == ("disc", "stripes") == studio.document.data.classes
    assert len(studio.data.index) == 24 and len(studio.data.pictures.readable(TRAIN))
    assert studio.data.problem is None and studio.data.progress is None
    assert not studio.document.is_modified, "finding the classes is nothing to save"


def test_another_size_decodes_without_listing(qtbot, ready, monkeypatch):
    def unexpected(*_: object) -> None:
        raise AssertionError("listed again")

    monkeypatch.setattr(data_session, "load_index", unexpected)
    index, states = ready.data.index, notes_of(ready)
    set_data(ready, size=20)
    until(qtbot, lambda: states[-1:] == ["ready"])
    assert states == ["decoding", "ready"]
    assert ready.data.index is index
    assert ready.data.pictures.array(0).shape[:2] == (20, 20)


def test_another_split_lists_anew(qtbot, ready):
    before = len(ready.data.index.where(VALIDATION))
    with qtbot.waitSignal(ready.data.index_changed, timeout=PATIENCE):
        set_data(ready, validation_percent=50)
    wait_ready(qtbot, ready)
    assert len(ready.data.index.where(VALIDATION)) > before


def test_typing_a_number_decodes_once(qtbot, ready):
    states = notes_of(ready)
    for size in (2 * 4, 20, 24, 28):
        set_data(ready, size=size)
    until(qtbot, lambda: states[-1:] == ["ready"])
    assert states == ["decoding", "ready"]
    assert ready.data.pictures.array(0).shape[:2] == (28, 28)


def once_decoding(studio, do) -> list[bool]:
    """Do something at the moment in which decoding begins: it may be over before anybody looks again. The list is no
    longer empty when it is done."""
    done: list[bool] = []

    def look() -> None:
        if studio.data.state == "decoding" and not done:
            done.append(True)
            QTimer.singleShot(0, studio, do)  # not in the middle of the session's own steps

    studio.data.changed.connect(look)
    return done


def test_a_change_while_decoding_wins(qtbot, ready):
    asked = once_decoding(ready, lambda: set_data(ready, size=24))
    set_data(ready, size=20)
    until(qtbot, lambda: asked)
    until(qtbot, lambda: ready.data.state == "ready" and ready.data.pictures.array(0).shape[:2] == (24, 24))


def test_an_undo_while_decoding_brings_the_former_size_back(qtbot, ready):
    asked = once_decoding(ready, ready.document.undo_stack.undo)
    set_data(ready, size=20)
    until(qtbot, lambda: asked)
    until(qtbot, lambda: ready.data.state == "ready" and ready.data.pictures.array(0).shape[:2] == (16, 16))
    assert ready.data.index is not None


def test_settings_of_the_training_decode_nothing(qtbot, ready):
    states, pictures = notes_of(ready), ready.data.pictures
    ready.document.edit("Set epochs", recipe=replace(ready.document.recipe, epochs=99))
    set_data(ready, normalise="unit", augment=(Chosen("mirror"),))
    assert not ready.data._timer.isActive() and not ready.data._runner.is_running
    assert states == [] and ready.data.pictures is pictures


def test_a_missing_folder_is_told_and_another_one_helps(qtbot, ready, tmp_path):
    with qtbot.waitSignal(ready.data.index_changed, timeout=PATIENCE):
        ready.choose_data(tmp_path / "nowhere")
    assert ready.data.state == "failed" and ready.data.index is None and ready.data.pictures is None
    assert isinstance(ready.data.problem, EngineError) and ready.data.problem.what and ready.data.problem.fix
    assert ready.training.blocker() is ready.data.problem
    ready.choose_data(second_folder(tmp_path))
    wait_ready(qtbot, ready)
    assert ready.data.problem is None and ready.data.index.classes == ("apple", "pear", "plum")


def test_undoing_a_bad_choice_brings_the_pictures_back(qtbot, ready, tmp_path):
    ready.choose_data(tmp_path / "nowhere")
    until(qtbot, lambda: ready.data.state == "failed")
    ready.document.undo_stack.undo()
    wait_ready(qtbot, ready)
    assert ready.data.index.classes == ("disc", "stripes") and ready.data.pictures is not None
    assert ready.training.blocker() is None


def test_undoing_a_size_that_could_not_be_decoded_decodes_again(qtbot, ready, monkeypatch):
    def full(*_):
        raise EngineError("The disk is full.")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(data_session, "decode", full)
        set_data(ready, size=20)
        until(qtbot, lambda: ready.data.state == "failed")
    assert ready.data.problem.what == "The disk is full." and ready.data.index is not None
    ready.document.undo_stack.undo()
    wait_ready(qtbot, ready)
    assert ready.data.pictures.array(0).shape[:2] == (16, 16) and ready.data.problem is None


def test_a_folder_that_comes_back_is_found_by_looking_again(qtbot, ready, picture_folder, tmp_path):
    picture_folder.rename(tmp_path / "away")
    ready.data.rescan()
    until(qtbot, lambda: ready.data.state == "failed")
    (tmp_path / "away").rename(picture_folder)
    ready.data.rescan()
    wait_ready(qtbot, ready)
    assert len(ready.data.index) == 24


def test_looking_again_finds_new_pictures(qtbot, ready, picture_folder):
    shutil.copy(picture_folder / "disc" / "disc-00.png", picture_folder / "disc" / "new.png")
    ready.data.rescan()
    until(qtbot, lambda: ready.data.state == "ready" and len(ready.data.index) == 25)


def test_an_unexpected_problem_is_told_too(qtbot, ready, monkeypatch):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(data_session, "load_index", broken)
    ready.data.rescan()
    until(qtbot, lambda: ready.data.state == "failed")
    assert ready.data.problem.why == "a bug"


def test_stopping_and_going_on(qtbot, ready, tmp_path, monkeypatch):
    reached = []

    def held(data, control, tell):
        reached.append(True)
        while True:  # as long as a listing of a million files takes
            control.checkpoint()

    with monkeypatch.context() as patch:
        patch.setattr(data_session, "load_index", held)
        ready.choose_data(second_folder(tmp_path))
        until(qtbot, lambda: bool(reached))
        ready.data.cancel()
        until(qtbot, lambda: ready.data.state == "stopped")
    assert not ready.data._runner.is_running
    ready.data.rescan()
    wait_ready(qtbot, ready)
    assert ready.data.index.classes == ("apple", "pear", "plum")


def test_stopping_the_first_listing_blocks_the_training_with_a_reason(
    qtbot, studio, picture_folder, tmp_path, monkeypatch
):
    def held(data, control, tell):
        while True:
            control.checkpoint()

    monkeypatch.setattr(data_session, "load_index", held)
    studio.document.create(small_project(picture_folder), tmp_path / "project" / "Test.atelier")
    studio.data.cancel()
    until(qtbot, lambda: studio.data.state == "stopped")
    assert "stopped" in studio.training.blocker().what


def test_a_stop_before_the_pause_for_typing_ends_is_a_stop(qtbot, ready):
    set_data(ready, size=20)
    assert ready.data._timer.isActive()
    ready.data.cancel()
    assert ready.data.state == "stopped" and not ready.data._timer.isActive()
    ready.document.undo_stack.undo()
    assert ready.data.state == "ready"


def test_another_project_while_listing_gets_its_own_pictures(qtbot, studio, picture_folder, tmp_path, monkeypatch):
    """What the listing of the first still tells must not reach the second, its classes least of all."""
    second = tmp_path / "project" / "Second.atelier"
    write_project(small_project(second_folder(tmp_path)), second)
    listed, decode = threading.Event(), data_session.decode

    def decoding(*args):
        listed.set()  # the index is on its way to the window by now
        return decode(*args)

    monkeypatch.setattr(data_session, "decode", decoding)
    studio.document.create(small_project(picture_folder), tmp_path / "project" / "First.atelier")
    assert listed.wait(PATIENCE / 1000) and studio.data.index is None
    studio.document.open(second)
    assert studio.data.index is None
    wait_ready(qtbot, studio)
    assert studio.data.index.classes == ("apple", "pear", "plum") == studio.document.data.classes


def test_another_project_once_everything_was_told(qtbot, ready, tmp_path):
    second = tmp_path / "project" / "Second.atelier"
    write_project(small_project(second_folder(tmp_path)), second)
    ready.document.open(second)
    assert ready.data.index is None and ready.data.pictures is None
    wait_ready(qtbot, ready)
    assert len(ready.data.index) == 12 and ready.data.pictures.index is ready.data.index


def test_a_project_without_images_after_one_with(qtbot, ready, tmp_path):
    empty = tmp_path / "project" / "Empty.atelier"
    write_project(ProjectSpec(), empty)
    ready.document.open(empty)
    assert (ready.data.state, ready.data.index, ready.data.pictures) == ("empty", None, None)
    assert "No images" in ready.training.blocker().what


def test_no_source_and_back_again(qtbot, ready):
    set_data(ready, source=None)
    assert ready.data.state == "empty" and ready.data.index is None
    ready.document.undo_stack.undo()
    wait_ready(qtbot, ready)
    assert len(ready.data.index) == 24


def test_making_a_sample_tells_how_far_it_is(qtbot, studio, tmp_path, monkeypatch):
    told: list[Progress] = []
    studio.data.changed.connect(lambda: told.append(studio.data.progress) if studio.data.progress else None)

    def made(data, control, tell):
        for done in range(0, 101, 25):
            tell(done, 100)
        draw_pictures(tmp_path / "sample", per_class=4, side=16)
        return load.load_index(replace(data, source=folder_source(tmp_path / "sample")), control)

    monkeypatch.setattr(data_session, "load_index", made)
    studio.document.create(small_project(tmp_path / "sample"), tmp_path / "project" / "Test.atelier")
    wait_ready(qtbot, studio)
    drawing = [progress for progress in told if progress.total == 100]
    assert [progress.done for progress in drawing] == [0, 25, 50, 75, 100]
    assert all(progress.text == "Preparing images" for progress in drawing)


def test_closing_in_the_middle_leaves_nothing_running(qtbot, studio, picture_folder, tmp_path):
    studio.document.create(small_project(picture_folder), tmp_path / "project" / "Test.atelier")
    assert studio.data._runner.is_running
    studio.close()
    assert not studio.data._runner.is_running and not studio.data._timer.isActive()
