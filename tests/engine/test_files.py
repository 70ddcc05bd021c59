"""Files are there whole or not at all."""

import errno
import os
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
