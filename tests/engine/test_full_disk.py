"""Disks that are full, gone or read only: one sentence, nothing lost, and the run goes on to the same last digit."""

import builtins
import errno
import io
import os
import shutil
from pathlib import Path

import pytest
import training_helpers as made
from small_disk import SmallDisk, small_disk
from training_helpers import assert_same_run, followed, info_of, numbers, small_project, trained, until
from training_helpers import one_thread as one_thread

from engine.errors import EngineError
from engine.files import cache_folder
from engine.jobs import JobControl
from engine.spec.files import read_project, write_project
from engine.train import history, runs
from engine.train.events import EpochDone
from engine.train.job import start_run


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        yield disk


def is_one_sentence(error: EngineError) -> bool:
    return error.what.endswith(".") and ". " not in error.what and bool(error.why) and bool(error.fix)


def half_made(folder: Path) -> list[Path]:
    return [*folder.rglob("*.part"), *folder.rglob(runs.OWNER)]


# ---- a disk that is really full


def used_by(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))


@pytest.mark.parametrize("pages", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_wherever_the_space_ends_the_run_goes_on_exactly(disk: SmallDisk, picture_folder, tmp_path, pages):
    """The disk is filled some pages later each time, so that every file meets the end of it once."""
    project = small_project(picture_folder, epochs=3)
    whole = tmp_path / "whole" / "P.atelier"
    trained(project, whole)
    needed, ends = used_by(whole.parent / "runs"), set()
    for free in range(4096, needed + 3 * 16384, pages * 4096):
        path = disk.folder / str(free) / "P.atelier"
        write_project(project, path)
        disk.fill(free)
        watching = made.Watching()
        try:
            followed(start_run(project, path, JobControl()), watching)
        except EngineError as error:
            assert is_one_sentence(error) and "No space left" in error.why, error
            ends.add((error.what, len(watching.of(EpochDone))))
        assert not half_made(path.parent)
        known = runs.list_runs(path)
        assert len(numbers(known[0].folder) if known else []) >= len(watching.of(EpochDone)), "nothing told is lost"
        disk.empty()
        if known and known[0].state != "finished":
            assert (known[0].can_resume and "Free some space" in known[0].reason) or known[0].state == "interrupted"
            made.resumed(path)
        elif not known:
            trained(project, path)
        assert_same_run(runs.run_folder(whole, 1), runs.run_folder(path, 1))
        shutil.rmtree(path.parent)
    assert len(ends) >= 3, "it ended at the start and in several epochs"


def test_a_disk_that_becomes_read_only_stops_the_run_and_it_goes_on(disk: SmallDisk, picture_folder, tmp_path):
    project = small_project(picture_folder, epochs=3)
    whole, path = tmp_path / "whole" / "P.atelier", disk.folder / "P" / "P.atelier"
    trained(project, whole)
    write_project(project, path)
    work = start_run(project, path, JobControl())
    until(work, EpochDone)
    disk.make_read_only()
    with pytest.raises(EngineError, match="files could not be written") as caught:
        followed(work)
    assert is_one_sentence(caught.value) and "Read-only file system" in caught.value.why
    assert read_project(path)[0] == project and len(numbers(runs.run_folder(path, 1))) >= 1
    with pytest.raises(EngineError) as caught:
        trained(project, path)
    assert is_one_sentence(caught.value) and "where you may write" in caught.value.fix
    disk.make_read_only(False)
    assert info_of(path).state == "interrupted"  # though its claim could not be taken away
    made.resumed(path)
    assert_same_run(runs.run_folder(whole, 1), runs.run_folder(path, 1))


# ---- the same by patching, where nothing can be mounted


def test_a_history_that_cannot_be_written_to_its_end(picture_folder, tmp_path, monkeypatch):
    """The disk is full in the middle of a line."""
    project, path = small_project(picture_folder), tmp_path / "P" / "P.atelier"
    trained(project, path)
    work = start_run(project, path, JobControl())
    until(work, EpochDone)
    with monkeypatch.context() as patch:
        full_within(patch, history.NAME)
        with pytest.raises(EngineError, match="files could not be written") as caught:
            followed(work)
    assert is_one_sentence(caught.value) and "No space left" in caught.value.why
    assert info_of(path, 2).state == "interrupted" and len(numbers(runs.run_folder(path, 2))) == 1
    made.resumed(path, 2)
    assert_same_run(runs.run_folder(path, 1), runs.run_folder(path, 2))


def full_within(patch: pytest.MonkeyPatch, name: str) -> None:
    """From now on a file of this name receives half of what is written to it."""
    usual = io.open

    def opened(file, mode="r", *args, **settings):
        stream = usual(file, mode, *args, **settings)
        if "r" in mode or isinstance(file, int) or Path(file).name != name:
            return stream
        write = stream.write

        class Full:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                stream.close()

            def write(self, content):
                write(content[: len(content) // 2])
                stream.flush()
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))

        return Full()

    patch.setattr(builtins, "open", opened)


# ---- the images


def test_images_that_vanish_while_it_trains_stop_nothing(picture_folder, tmp_path):
    """All of them were decoded before the first step."""
    project, path = small_project(picture_folder), tmp_path / "P" / "P.atelier"
    trained(project, path)
    work = start_run(project, path, JobControl())
    until(work, EpochDone)
    away = picture_folder.rename(tmp_path / "away")
    followed(work)
    assert_same_run(runs.run_folder(path, 1), runs.run_folder(path, 2))
    away.rename(picture_folder)


def test_images_that_are_gone_cost_the_run_nothing(picture_folder, tmp_path):
    project, path = small_project(picture_folder), tmp_path / "P" / "P.atelier"
    trained(project, path)
    work = start_run(project, path, JobControl())
    until(work, EpochDone)
    work.close()
    away, was = picture_folder.rename(tmp_path / "away"), numbers(runs.run_folder(path, 2))
    for attempt in (lambda: made.resumed(path, 2), lambda: trained(project, path)):
        with pytest.raises(EngineError) as caught:
            attempt()
        assert is_one_sentence(caught.value) and str(picture_folder.name) in str(caught.value)
    assert info_of(path, 2).can_resume and numbers(runs.run_folder(path, 2)) == was
    assert len(runs.list_runs(path)) == 2
    away.rename(picture_folder)
    made.resumed(path, 2)
    assert_same_run(runs.run_folder(path, 1), runs.run_folder(path, 2))


def test_a_cache_that_cannot_be_made_is_a_sentence(picture_folder, tmp_path):
    cache_folder().parent.mkdir(parents=True, exist_ok=True)
    cache_folder().write_text("a file where the folder should be")
    path = tmp_path / "P" / "P.atelier"
    with pytest.raises(EngineError, match="images could not be prepared") as caught:
        trained(small_project(picture_folder), path)
    assert is_one_sentence(caught.value) and runs.list_runs(path) == ()
