"""Files that vanish, change or cannot be read any more while somebody works with them: the run goes on, or says why."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from training_helpers import (
    assert_same_run,
    everything_told,
    followed,
    info_of,
    numbers,
    one_thread,  # noqa: F401 - for every test of this module
    resumed,
    small_project,
    trained,
    until,
)

from engine.data import batches, pictures, room
from engine.data.cache import decode
from engine.data.load import load_index
from engine.data.scan import scan
from engine.errors import EngineError
from engine.files import cache_folder
from engine.jobs import JobControl
from engine.spec.data import DataSpec
from engine.train.events import EpochDone
from engine.train.job import PicturesReady, start_run
from engine.train.runs import run_folder

DATA = DataSpec(size=16)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "project" / "Test.atelier"


def disturbed(folder: Path, path: Path, event: type, harm) -> list[dict]:
    """Train, and do `harm` after the first `event`; returns the history."""
    work = start_run(small_project(folder), path, JobControl())
    until(work, event)
    harm()
    followed(work)
    assert info_of(path).state == "finished"
    return numbers(run_folder(path, 1))


def replaced(folder: Path) -> None:
    """Other content under the same names."""
    for file in folder.rglob("*.png"):
        file.write_bytes(b"<html>no image</html>")


def emptied(folder: Path) -> None:
    for file in folder.rglob("*.png"):
        os.truncate(file, 0)


def forbidden(source: object) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(source))


# --- during a run -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["ram", "disk"])
@pytest.mark.parametrize("event", [PicturesReady, EpochDone])
@pytest.mark.parametrize("harm", [shutil.rmtree, replaced, emptied], ids=lambda harm: harm.__name__)
def test_a_run_goes_on_from_the_cache(picture_folder, path, tmp_path, monkeypatch, kept, event, harm):
    wanted = numbers(trained_elsewhere(picture_folder, tmp_path))
    if kept == "disk":
        monkeypatch.setattr(batches, "_SHARE_OF_RAM", 0.0)
    with everything_told(monkeypatch):  # watched images too
        got = disturbed(picture_folder, path, event, lambda: harm(picture_folder))
    assert got == wanted and len(got) == 3


def test_a_run_goes_on_without_permission_to_read_its_images(picture_folder, path, tmp_path, monkeypatch):
    wanted = numbers(trained_elsewhere(picture_folder, tmp_path))
    # Not by changing rights: the administrator, as whom tests may run, reads everything.
    assert (
        disturbed(picture_folder, path, EpochDone, lambda: monkeypatch.setattr(pictures, "_stream", forbidden))
        == wanted
    )


def test_files_that_may_not_be_read_are_left_out_with_a_sentence(picture_folder, monkeypatch):
    real = pictures._stream
    monkeypatch.setattr(pictures, "_stream", lambda file: forbidden(file) if "disc" in str(file) else real(file))
    found = followed(decode(scan(picture_folder, DATA), DATA, JobControl())).result
    assert len(found.failures) == 12 and all("no permission" in reason for reason in found.failures.values())
    monkeypatch.setattr(pictures, "_stream", real)
    assert followed(decode(scan(picture_folder, DATA), DATA, JobControl())).result.failures == {}


def trained_elsewhere(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "undisturbed" / "Test.atelier"
    trained(small_project(folder), path)
    return run_folder(path, 1)


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no file that is open")
@pytest.mark.parametrize("kept", ["ram", "disk"])
def test_a_run_goes_on_when_its_cache_is_removed_behind_it(picture_folder, path, tmp_path, monkeypatch, kept):
    wanted = numbers(trained_elsewhere(picture_folder, tmp_path))
    if kept == "disk":
        monkeypatch.setattr(batches, "_SHARE_OF_RAM", 0.0)
    got = disturbed(picture_folder, path, PicturesReady, lambda: shutil.rmtree(cache_folder() / "pictures"))
    assert got == wanted


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="this system streams from the map")
def test_a_cache_that_is_cut_while_it_is_streamed_ends_the_run_with_a_sentence(picture_folder, path, monkeypatch):
    monkeypatch.setattr(batches, "_SHARE_OF_RAM", 0.0)
    work = start_run(small_project(picture_folder), path, JobControl())
    until(work, EpochDone)
    (rows,) = (cache_folder() / "pictures").glob("*/rows-*.bin")
    os.truncate(rows, 1000)
    with pytest.raises(EngineError, match="cannot be read any more"):
        followed(work)
    assert info_of(path).state == "interrupted" and info_of(path).epochs_done == 1
    assert len(resumed(path).of(EpochDone)) == 2, "what was cut is decoded again"
    trained(small_project(picture_folder), path)
    assert_same_run(run_folder(path, 1), run_folder(path, 2))


# --- between listing, decoding and the run ----------------------------------------------------------------------------


def test_a_folder_that_went_between_decoding_and_the_run_is_told(picture_folder, path):
    project = small_project(picture_folder)
    followed(decode(load_index(project.data), project.data, JobControl()))
    shutil.rmtree(picture_folder)
    with pytest.raises(EngineError, match="is not there") as caught:
        trained(project, path)
    assert caught.value.why and caught.value.fix and not path.parent.exists()


def test_a_resumed_run_whose_folder_went_is_told(picture_folder, path):
    control = JobControl()
    work = start_run(small_project(picture_folder), path, control)
    until(work, EpochDone)
    work.close()
    away = picture_folder.rename(picture_folder.with_name("away"))
    with pytest.raises(EngineError, match="is not there"):
        resumed(path)
    away.rename(picture_folder)
    assert len(resumed(path).of(EpochDone)) == 2


def test_files_that_went_between_listing_and_decoding_are_left_out(picture_folder):
    index = scan(picture_folder, DATA)
    for file in sorted(picture_folder.rglob("*.png"))[::3]:
        file.unlink()
    found = followed(decode(index, DATA, JobControl())).result
    assert len(found.failures) == 8 and all("not there" in reason for reason in found.failures.values())
    assert (found.row_of >= 0).sum() == 16


def test_nothing_left_to_read_is_told(picture_folder, path, monkeypatch):
    project = small_project(picture_folder)
    index = load_index(project.data)
    shutil.rmtree(picture_folder)
    monkeypatch.setattr("engine.train.job.load_index", lambda *_: index)  # listed just before
    with pytest.raises(EngineError, match="no images to train on") as caught:
        trained(project, path)
    assert caught.value.fix


def test_a_cache_that_went_is_made_again(picture_folder, path):
    trained(small_project(picture_folder), path)
    shutil.rmtree(cache_folder())
    assert len(trained(small_project(picture_folder), path).of(EpochDone)) == 3


# --- a full disk ------------------------------------------------------------------------------------------------------


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_who_uses_what_cannot_be_noted_and_nothing_breaks(picture_folder, monkeypatch):
    monkeypatch.setattr(room, "write_atomically", full)
    assert len(followed(decode(scan(picture_folder, DATA), DATA, JobControl())).result.rows) == 24
    room.make_room()
    assert room.cache_use()["pictures"] > 0
