"""Files are there whole or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import files
from engine.files import cache_folder, resource_folder, settings_folder, sweep_parts, write_atomically


def no_space(*_args) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("content", ["äöü 犬 🐶\n", b"\x00\xff", lambda file: file.write(b"by hand")])
def test_text_bytes_and_writers(tmp_path, content):
    path = tmp_path / "a b.txt"
    write_atomically(path, content)
    wanted = {str: lambda: content.encode(), bytes: lambda: content}.get(type(content), lambda: b"by hand")()
    assert path.read_bytes() == wanted
    assert os.listdir(tmp_path) == ["a b.txt"]


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "x"
    write_atomically(path, "long old content")
    write_atomically(path, "new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("broken", ["replace", "fsync"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken):
    path = tmp_path / "x"
    write_atomically(path, "old")
    monkeypatch.setattr(files.os, broken, no_space)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        write_atomically(path, "new")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["x"]


def test_an_interrupted_writer_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x"
    write_atomically(path, "old")

    def interrupted(file) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, interrupted)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["x"]


def test_text_that_no_file_can_hold_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\udcff")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["x"]


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(OSError):
        write_atomically(tmp_path / "missing" / "x", "text")


def test_what_is_written_is_synced_before_it_takes_its_place(tmp_path, monkeypatch):
    order: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(files.os, "fsync", lambda handle: (order.append("fsync"), fsync(handle)))
    monkeypatch.setattr(files.os, "replace", lambda a, b: (order.append("replace"), replace(a, b)))
    write_atomically(tmp_path / "x", "text")
    assert order == ["fsync", "replace"]


def test_parts_of_killed_writers_are_swept_and_nothing_else(tmp_path):
    for name in (".x.atelier.abc123.part", "mine.part", ".hidden", "x.atelier"):
        (tmp_path / name).write_text("")
    sweep_parts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".hidden", "mine.part", "x.atelier"]


def test_the_users_folders_are_the_users(user_folders: Path):
    assert cache_folder() != settings_folder()
    assert cache_folder().is_relative_to(user_folders) and settings_folder().is_relative_to(user_folders)
    assert (resource_folder() / "templates").is_dir()


def test_parts_of_the_dead_are_swept_and_those_of_the_living_stay(tmp_path):
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    dead, mine = int(ended.stdout), os.getpid()
    for name in (f".x.atelier.{dead}-abc12345.part", f".x.atelier.{mine}-abc12345.part", ".x.part", "mine.part"):
        (tmp_path / name).write_text("x")
    for name in (f".run.{dead}-abc12345.part", files.part_name("run")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "spec.json").write_text("{}")
    before = tmp_path / f".older.{mine}-abc12345.part"  # of a process that had our number before us
    before.write_text("x")
    os.utime(before, (0, 0))
    files.sweep_dead_parts(tmp_path)
    left = set(os.listdir(tmp_path))
    assert len(left) == 4 and not any(str(dead) in name or "older" in name for name in left)
    assert {".x.part", "mine.part"} < left


def test_what_is_being_written_is_known_as_ours(tmp_path):
    """A sweep by another thread, or of another window, never takes a file away that is being written."""
    path = tmp_path / "x"

    def swept_meanwhile(file) -> None:
        file.write(b"half")
        files.sweep_dead_parts(tmp_path)
        assert len(os.listdir(tmp_path)) == 1

    write_atomically(path, swept_meanwhile)
    assert path.read_bytes() == b"half"
