"""Decoding once: what is kept, what is done again, and that nothing ever breaks it."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import cache, store
from engine.data.cache import channel_statistics, decode, normalisation
from engine.data.index import SPLITS, TRAIN
from engine.data.pictures import read_array
from engine.data.scan import scan
from engine.data.store import FolderLock, Store
from engine.errors import EngineError, PictureError
from engine.files import cache_folder
from engine.jobs import Cancelled, JobControl, Progress
from engine.spec.data import DataSpec

DATA = DataSpec(size=16)


def finish(work):
    """Run a generator to its end; returns its events and its result."""
    events = []
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return events, end.value


def decoded(folder: Path, data: DataSpec = DATA, workers: int | None = None):
    return finish(decode(scan(folder, data), data, JobControl(), workers))[1]


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """The names of the files that get decoded from now on."""
    seen = []
    real = cache.read_array

    def counting(source, *args):
        seen.append(Path(source).name)
        return real(source, *args)

    monkeypatch.setattr(cache, "read_array", counting)
    return seen


def only_cache() -> Path:
    (folder,) = (cache_folder() / "pictures").iterdir()
    return folder


def test_every_picture_is_what_a_plain_read_gives(picture_folder):
    events, pictures = finish(decode(scan(picture_folder, DATA), DATA, JobControl()))
    assert len(pictures.index) == 24 and pictures.failures == {}
    assert pictures.rows.shape == (24, 16, 16, 3) and pictures.rows.dtype == np.uint8
    assert not pictures.rows.flags.writeable
    for number in range(24):
        wanted = read_array(pictures.index.path(number), 16, 16, "rgb", "crop")
        assert (pictures.array(number) == wanted).all()
    assert all(isinstance(event, Progress) for event in events)
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert events[-1].done == events[-1].total == 24
    assert sum(len(pictures.readable(split)) for split in range(len(SPLITS))) == 24


def test_a_second_time_nothing_is_decoded(picture_folder, reads):
    first = decoded(picture_folder)
    assert len(reads) == 24
    second = decoded(picture_folder)
    assert len(reads) == 24
    assert (first.rows[first.row_of] == second.rows[second.row_of]).all()


def test_only_what_changed_is_decoded_again(picture_folder, reads):
    decoded(picture_folder)
    changed = picture_folder / "disc" / "disc-03.png"
    Image.new("RGB", (40, 40), "red").save(changed)
    Image.new("RGB", (40, 40), "blue").save(picture_folder / "disc" / "new.png")
    (picture_folder / "stripes" / "stripes-00.png").unlink()
    reads.clear()
    pictures = decoded(picture_folder)
    assert sorted(reads) == ["disc-03.png", "new.png"]
    number = list(pictures.index.paths).index("disc/disc-03.png")
    assert (pictures.array(number) == (255, 0, 0)).all()
    assert len(pictures.index) == 24 and (pictures.row_of >= 0).all()


@pytest.mark.parametrize("change", [{"size": 12}, {"size": (16, 12)}, {"colour": "grey"}, {"fit": "pad"}])
def test_other_settings_have_rows_of_their_own(picture_folder, change):
    decoded(picture_folder)
    other = replace(DATA, **change)
    channels, height, width = other.shape
    assert decoded(picture_folder, other).rows.shape[1:] == (height, width, channels)
    assert len(list((cache_folder() / "pictures").iterdir())) == 2


def test_what_cannot_be_read_is_named_and_remembered(picture_folder, reads):
    (picture_folder / "disc" / "broken.jpg").write_bytes(b"<html>no picture</html>")
    for _ in range(2):
        pictures = decoded(picture_folder)
        ((number, reason),) = pictures.failures.items()
        assert pictures.index.paths[number] == "disc/broken.jpg" and pictures.row_of[number] == -1
        assert "broken.jpg" in reason and "web page" in reason
        assert number not in pictures.readable(pictures.index.splits[number])
        with pytest.raises(PictureError, match="web page"):
            pictures.array(number)
    assert reads.count("broken.jpg") == 1


def test_what_was_out_of_reach_is_tried_again(picture_folder, reads):
    index = scan(picture_folder, DATA)
    hidden = picture_folder / "disc" / "disc-05.png"
    hidden.rename(picture_folder / "away.png")  # between listing and reading
    pictures = finish(decode(index, DATA, JobControl()))[1]
    assert ["not there" in reason for reason in pictures.failures.values()] == [True]
    (picture_folder / "away.png").rename(hidden)
    pictures = finish(decode(index, DATA, JobControl()))[1]
    assert pictures.failures == {} and reads.count("disc-05.png") == 2


def test_nothing_readable_gives_no_rows(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(b"")
    pictures = decoded(tmp_path)
    assert pictures.rows.shape == (0, 16, 16, 3) and len(pictures.failures) == 1
    mean, std = channel_statistics(pictures)
    assert np.isfinite(mean).all() and (std > 0).all()


def test_the_folder_full_of_traps(shared_data):
    pictures = decoded(shared_data / "nasty" / "folder")
    bad = {pictures.index.paths[number] for number in pictures.failures}
    assert bad == {"class_c_all_broken/bad.jpg"}
    assert (pictures.row_of >= 0).sum() == 8


def test_a_stop_keeps_what_was_reached(picture_folder, reads):
    control = JobControl()
    work = decode(scan(picture_folder, DATA), DATA, control, workers=1)
    next(work)
    next(work)  # at least one picture is in
    control.stop()
    with pytest.raises(Cancelled):
        finish(work)
    assert 1 <= len(Store(only_cache(), (16, 16, 3)).rows) < 24
    kept = len(Store(only_cache(), (16, 16, 3)).rows)
    reads.clear()
    assert decoded(picture_folder).failures == {}
    assert len(reads) == 24 - kept


def test_a_closed_generator_keeps_what_was_reached_and_lets_go(picture_folder):
    with closing(decode(scan(picture_folder, DATA), DATA, JobControl(), workers=1)) as work:
        next(work)
        next(work)
    assert Store(only_cache(), (16, 16, 3)).rows
    lock = FolderLock(only_cache())
    assert lock.acquire()
    lock.release()
    assert decoded(picture_folder).failures == {}


KILLED = """
import os, signal, sys
from pathlib import Path
from engine.data import cache, store
from engine.data.scan import scan
from engine.jobs import JobControl
from engine.spec.data import DataSpec
store._SAVE_AFTER_ROWS = 5
store._SAVE_SHARE = 1e9
real, count = store.Store.add, 0
def add(self, key, row):
    global count
    real(self, key, row)
    count += 1
    if count == 13:
        self._file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
store.Store.add = add
data = DataSpec(size=16)
list(cache.decode(scan(Path(sys.argv[1]), data), data, JobControl()))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system kills in another way")
def test_a_killed_process_loses_only_what_was_not_saved(picture_folder, reads):
    root = Path(__file__).resolve().parents[2]
    killed = subprocess.run([sys.executable, "-c", KILLED, str(picture_folder)], cwd=root, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    pictures = decoded(picture_folder)
    assert len(reads) == 24 - 10
    for number in range(24):
        assert (pictures.array(number) == read_array(pictures.index.path(number), 16, 16, "rgb", "crop")).all()


def damage_table(folder: Path) -> None:
    (folder / "table.npz").write_bytes(b"PK\x03\x04 something else")


def flip_table(folder: Path) -> None:
    content = bytearray((folder / "table.npz").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (folder / "table.npz").write_bytes(content)


def cut_table(folder: Path) -> None:
    content = (folder / "table.npz").read_bytes()
    (folder / "table.npz").write_bytes(content[: len(content) // 2])


def cut_rows(folder: Path) -> None:
    (rows,) = folder.glob("rows-*.bin")
    with open(rows, "r+b") as file:
        file.truncate(10 * 16 * 16 * 3 + 5)


def lose_rows(folder: Path) -> None:
    (rows,) = folder.glob("rows-*.bin")
    rows.unlink()


def foreign_table(folder: Path) -> None:
    np.savez(folder / "table.npz", keys=np.zeros(3), rows=np.arange(3))


def pickled_table(folder: Path) -> None:
    np.savez(folder / "table.npz", about=np.array([{"format": 1}], dtype=object))


@pytest.mark.parametrize(
    "damage", [damage_table, flip_table, cut_table, cut_rows, lose_rows, foreign_table, pickled_table]
)
def test_a_damaged_cache_is_made_anew(picture_folder, damage):
    decoded(picture_folder)
    damage(only_cache())
    pictures = decoded(picture_folder)
    assert pictures.failures == {}
    for number in range(24):
        assert (pictures.array(number) == read_array(pictures.index.path(number), 16, 16, "rgb", "crop")).all()
    assert len(list(only_cache().glob("rows-*.bin"))) == 1


def test_a_full_disk_is_an_error_that_breaks_nothing(picture_folder, monkeypatch):
    real, calls = store.Store.add, []

    def full(self, key, row):
        calls.append(key)
        if len(calls) > 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(self, key, row)

    monkeypatch.setattr(store.Store, "add", full)
    with pytest.raises(EngineError) as caught:
        decoded(picture_folder)
    assert "full" in caught.value.why and caught.value.fix
    monkeypatch.setattr(store.Store, "add", real)
    assert len(Store(only_cache(), (16, 16, 3)).rows) == 8
    assert decoded(picture_folder).failures == {}


def test_a_cache_that_cannot_be_written_is_an_error(picture_folder):
    (cache_folder() / "pictures").parent.mkdir(parents=True, exist_ok=True)
    (cache_folder() / "pictures").write_text("in the way")
    with pytest.raises(EngineError, match="could not be prepared"):
        decoded(picture_folder)


def test_a_second_process_waits_for_the_first(picture_folder, monkeypatch, reads):
    index = scan(picture_folder, DATA)
    first = decode(index, DATA, JobControl(), workers=1)
    next(first)
    next(first)
    waits = []
    second = decode(index, DATA, JobControl())
    monkeypatch.setattr(cache.time, "sleep", waits.append)
    waiting = [next(second) for _ in range(3)]
    assert "another window" in waiting[-1].text and waits
    one = finish(first)[1]
    reads.clear()
    other = finish(second)[1]
    assert reads == [] and (one.rows[one.row_of] == other.rows[other.row_of]).all()


def test_waiting_can_be_stopped(picture_folder):
    index, control = scan(picture_folder, DATA), JobControl()
    with closing(decode(index, DATA, JobControl(), workers=1)) as first:
        next(first)
        next(first)
        second = decode(index, DATA, control)
        next(second)
        control.stop()
        with pytest.raises(Cancelled):
            finish(second)


def test_rows_of_pictures_that_have_gone_do_not_pile_up(picture_folder, monkeypatch):
    held = decoded(picture_folder)
    before = held.array(0).copy()
    gone = {bytes([7]) * 14 + number.to_bytes(2): 0 for number in range(2000)}
    keeper = Store(only_cache(), (16, 16, 3))
    keeper.rows |= gone
    keeper._unsaved = 1
    keeper.save()
    Image.new("RGB", (20, 20)).save(picture_folder / "disc" / "new.png")
    assert len(decoded(picture_folder).rows) == 25
    assert (held.array(0) == before).all()


def test_statistics_are_those_of_the_training_pictures(picture_folder):
    pictures = decoded(picture_folder)
    train = pictures.rows[pictures.row_of[pictures.readable(TRAIN)]].reshape(-1, 3) / 255
    mean, std = channel_statistics(pictures)
    np.testing.assert_allclose(mean, train.mean(0), rtol=1e-12)
    np.testing.assert_allclose(std, train.std(0), rtol=1e-9)
    backwards = replace(pictures, row_of=pictures.row_of[::-1], index=replace(pictures.index))
    assert all(np.isfinite(values).all() for values in channel_statistics(backwards))


def test_constant_pictures_do_not_divide_by_zero(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("L", (8, 8), 100).save(tmp_path / name / "1.png")
    mean, std = channel_statistics(decoded(tmp_path))
    np.testing.assert_allclose(mean, 100 / 255)
    assert (std == 1e-3).all()


@pytest.mark.parametrize("colour, channels", [("rgb", 3), ("grey", 1)])
@pytest.mark.parametrize(
    "mode, mean, std", [("unit", 0, 1), ("signed", 0.5, 0.5), ("imagenet", 0.449, 0.226), ("dataset", None, None)]
)
def test_the_four_normalisations(picture_folder, colour, channels, mode, mean, std):
    data = replace(DATA, colour=colour, normalise=mode)
    got_mean, got_std = normalisation(data, decoded(picture_folder, data))
    assert got_mean.shape == got_std.shape == (channels,)
    assert got_mean.dtype == got_std.dtype == np.float32
    if mean is not None:
        assert got_mean.mean() == pytest.approx(mean, abs=1e-3) and got_std.mean() == pytest.approx(std, abs=1e-3)
