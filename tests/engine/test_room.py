"""Room on the disk: what goes first, what never goes, and that nothing half removed is taken for whole."""

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import engine
from engine.cli import main
from engine.data import room
from engine.data.cache import decode
from engine.data.load import load_index
from engine.data.room import PARTS, cache_limit, cache_use, clear_cache, hold, make_room, set_cache_limit
from engine.data.scan import scan
from engine.data.store import FolderLock
from engine.errors import EngineError
from engine.files import SETTINGS, cache_folder, settings_folder
from engine.jobs import JobControl
from engine.spec.data import Chosen, DataSpec

DATA = DataSpec(size=16)
ROOT = Path(engine.__file__).parents[1]


@pytest.fixture(autouse=True)
def nothing_held():
    room._held.clear()
    yield
    for _, lock in room._held.values():
        lock.release()
    room._held.clear()


def decoded(folder: Path, data: DataSpec = DATA) -> Path:
    """Decode `folder`; returns where the rows are."""
    before = set((cache_folder() / "pictures").glob("*"))
    for _ in decode(scan(folder, data), data, JobControl()):
        pass
    (new,) = set((cache_folder() / "pictures").iterdir()) - before or [None]
    return new


def entry(part: str, name: str, size: int, age: float, source: Path | None = None) -> Path:
    """A data set of `size` bytes in the cache that was used `age` seconds ago."""
    folder = cache_folder() / part / name
    (folder / "a class").mkdir(parents=True)
    (folder / "a class" / "1.jpg").write_bytes(bytes(size))
    hold(folder, None if source is None else str(source))
    room._let_go("rows" if part == "pictures" else "images")
    then = room.time.time() - age
    for place in (folder, cache_folder() / "uses" / part / name / "about.json"):
        os.utime(place, (then, then))
    return folder


@pytest.fixture
def packed(tmp_path, picture_folder) -> Path:
    """The pictures in a zip file."""
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(picture_folder.rglob("*.png")):
            archive.write(file, file.relative_to(picture_folder))
    return path


def loaded(path: Path) -> Path:
    return load_index(DataSpec(source=Chosen("archive", {"path": str(path)}))).root


# --- the limit --------------------------------------------------------------------------------------------------------


def test_the_limit_is_remembered_for_window_and_command_line():
    assert cache_limit() == 0
    set_cache_limit(2.5)
    assert cache_limit() == 2.5
    program = "from engine.data.room import cache_limit; print(cache_limit())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2.5"
    (settings_folder() / SETTINGS).write_text(json.dumps({"another": 1, "cache_limit_gb": 3}))
    set_cache_limit(0)
    assert json.loads((settings_folder() / SETTINGS).read_text()) == {"another": 1, "cache_limit_gb": 0}


def test_the_command_line_limits_and_clears(capsys):
    old, new = entry("samples", "old", 1000, age=20), entry("samples", "new", 2000, age=10)
    assert main(["cache", "--limit", str(2500 / room.GB), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["limit_gb"] == cache_limit() == 2500 / room.GB and told["bytes"]["samples"] == 2000
    assert not old.exists() and new.exists()
    assert main(["cache", "--clear", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["freed"], told["kept"], told["bytes"]["samples"]) == (2000, 0, 0)
    assert main(["cache", "--limit", "-3"]) == 2 and "no limit" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cache_limit_gb": "much"}', '{"cache_limit_gb": -1}', "\0"])
def test_a_damaged_setting_is_none(content):
    settings_folder().mkdir(exist_ok=True)
    (settings_folder() / SETTINGS).write_text(content)
    assert cache_limit() == 0
    set_cache_limit(1)
    assert cache_limit() == 1


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), 1e9])
def test_a_limit_that_is_none_is_refused(wrong):
    with pytest.raises(EngineError, match="no limit for the cache") as caught:
        set_cache_limit(wrong)
    assert caught.value.fix and cache_limit() == 0


def test_a_setting_that_cannot_be_kept_is_told():
    settings_folder().parent.mkdir(parents=True, exist_ok=True)
    settings_folder().write_text("in the way")
    with pytest.raises(EngineError, match="could not be kept") as caught:
        set_cache_limit(1)
    assert caught.value.why and caught.value.fix


# --- what goes first --------------------------------------------------------------------------------------------------


def test_the_oldest_of_all_parts_go_until_the_rest_fits(tmp_path):
    source = tmp_path / "set.zip"
    source.write_bytes(b"there")
    made = [
        entry("samples", "drawn", 1000, age=30),
        entry("unpacked", "set-1", 1000, age=40, source=source),
        entry("downloads", "mnist", 1000, age=20),
        entry("unpacked", "set-2", 1000, age=10, source=source),
    ]
    set_cache_limit(2500 / room.GB)
    make_room()
    assert [place.exists() for place in made] == [False, False, True, True]
    set_cache_limit(1500 / room.GB)
    make_room(keep=made[2])
    assert [place.exists() for place in made] == [False, False, True, False]
    assert not (cache_folder() / "uses" / "samples" / "drawn").exists()


def test_without_a_limit_a_share_of_the_disk_counts_and_downloads_stay(monkeypatch):
    made = [
        entry("downloads", "mnist", 3000, age=30),
        entry("samples", "a", 500, age=20),
        entry("samples", "b", 500, 10),
    ]
    free = 10_000
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    make_room()
    assert [place.exists() for place in made] == [True, False, True]  # 3500 of 14 000 is a quarter


def test_decoding_keeps_to_the_limit(picture_folder):
    first, second = (decoded(picture_folder, replace(DATA, size=size)) for size in (16, 20))
    set_cache_limit(1 / room.GB)
    third = decoded(picture_folder, replace(DATA, size=24))
    assert [place.exists() for place in (first, second, third)] == [False, False, True]
    assert decoded(picture_folder) == first, "what has gone is decoded again"


def test_what_somebody_writes_to_stays(picture_folder):
    first, second = (decoded(picture_folder, replace(DATA, size=size)) for size in (16, 20))
    writing = FolderLock(first)
    assert writing.acquire()
    set_cache_limit(1 / room.GB)
    make_room(keep=second)
    assert first.exists()
    writing.release()
    make_room(keep=second)
    assert not first.exists()


# --- what never goes --------------------------------------------------------------------------------------------------


def test_what_the_open_project_uses_stays_until_another_is_open(packed, picture_folder):
    root = loaded(packed)
    rows = decoded(root)
    set_cache_limit(1 / room.GB)
    make_room()
    assert clear_cache().kept == 2 and root.exists() and rows.exists()
    away = packed.rename(packed.with_name("away.zip"))
    decoded(load_index(DataSpec(source=Chosen("folder", {"path": str(picture_folder)}))).root)
    make_room()
    assert not rows.exists()
    assert root.exists(), "its zip file has gone: it may be the only copy"
    away.rename(packed)
    make_room()
    assert not root.exists()
    assert loaded(packed) == root and root.exists()


HOLDING = """
import sys
from pathlib import Path
from engine.data.room import hold
hold(Path(sys.argv[1]))
print("holding", flush=True)
sys.stdin.read()
"""


def test_what_another_process_uses_stays_until_it_ends_in_whatever_way():
    place = entry("samples", "drawn", 1000, age=30)
    command = [sys.executable, "-c", HOLDING, str(place)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "holding\n"
        assert clear_cache() == room.Cleared(0, 1) and place.exists()
        other.kill()
    assert clear_cache() == room.Cleared(1000, 0) and not place.exists()


def test_a_folder_to_which_somebody_has_added_images_stays():
    place = entry("samples", "drawn", 1000, age=30)
    added = place / "a class" / "mine.jpg"
    added.write_bytes(b"mine")
    later = room.time.time() + 5
    os.utime(added, (later, later))
    assert clear_cache() == room.Cleared(0, 1) and added.exists()


def test_folders_elsewhere_are_no_business_of_the_cache(tmp_path):
    for folder in (tmp_path, cache_folder(), cache_folder() / "samples", cache_folder() / "elsewhere" / "x"):
        hold(folder)
    assert room._held == {} and not (cache_folder() / "uses").exists()


# --- nothing half removed ---------------------------------------------------------------------------------------------


def test_an_interrupted_removal_leaves_nothing_that_looks_whole(packed, monkeypatch):
    root = loaded(packed)
    hold(packed.parent)  # another project is open
    with monkeypatch.context() as patched:
        patched.setattr(room.shutil, "rmtree", lambda *_, **__: None)  # killed right after the first step
        clear_cache()
    assert not root.exists() and list(root.parent.glob(".*removed*"))
    assert len(list(loaded(packed).rglob("*.png"))) == 24
    make_room()
    assert not list(root.parent.glob(".*removed*"))


def test_unfinished_things_go_when_nobody_writes_to_them():
    old, new = (cache_folder() / "downloads" / f".{name}.arriving" for name in ("mnist", "pets"))
    for place in (old, new):
        place.mkdir(parents=True)
        (place / "part").write_bytes(b"x")
    for place in (old / "part", old):
        os.utime(place, (1, 1))
    make_room()
    assert old.exists(), "it would go on from there"
    clear_cache()
    assert not old.exists() and new.exists()


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_every_part_says_what_it_holds(picture_folder, tmp_path):
    assert set(cache_use()) == {*PARTS, "other"} and sum(cache_use().values()) == 0
    rows = decoded(picture_folder)
    entry("downloads", "mnist", 5000, age=0)
    (cache_folder() / "atelier.log").write_bytes(bytes(70))
    linked = cache_folder() / "unpacked" / "links" / "a"
    linked.mkdir(parents=True)
    os.link(next(picture_folder.rglob("*.png")), linked / "1.png")
    found = cache_use()
    assert found["pictures"] == sum(file.stat().st_size for file in rows.iterdir()) > 24 * 16 * 16 * 3
    assert found["downloads"] == 5000 and found["unpacked"] == 0 and found["other"] >= 70
    assert cache_use() == found, "sizes that are remembered are the same"
    assert clear_cache().bytes == 5000 and cache_use()["downloads"] == 0
    assert rows.exists()


def test_a_cache_that_cannot_be_read_is_empty():
    cache_folder().write_text("in the way")
    assert sum(cache_use().values()) == 0
    make_room()
    assert clear_cache() == room.Cleared(0, 0)
