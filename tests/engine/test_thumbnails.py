"""Thumbnails on the disk: found again, made anew when the file changes, never in the way."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import thumbnails
from engine.data.pictures import sample_thumbnail
from engine.data.thumbnails import thumbnail
from engine.errors import PictureError
from engine.files import cache_folder


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8))
    coarse = coarse.resize((1600, 1200), Image.Resampling.BICUBIC)
    path = tmp_path / "photo.jpg"
    coarse.save(path, quality=97)
    assert path.stat().st_size > thumbnails.WORTH_KEEPING
    return path


def stored() -> list[Path]:
    return sorted((cache_folder() / "thumbnails").rglob("*.jpg"))


def difference(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).mean())


@pytest.mark.parametrize("side", [40, 138, 200, 500])
def test_a_thumbnail_from_the_disk_looks_the_same(photograph, side, monkeypatch):
    expected = sample_thumbnail(photograph, side)
    first = thumbnail(photograph, side)
    assert first.size == expected.size and difference(first, expected) < 3
    assert len(stored()) == 1

    def refuse(*_):
        raise AssertionError("decoded once more")

    monkeypatch.setattr(thumbnails, "sample_thumbnail", refuse)
    again = thumbnail(photograph, side)
    assert again.size == expected.size and again.mode == "RGB" and difference(again, expected) < 3


def test_a_changed_file_gets_another(photograph):
    thumbnail(photograph, 100)
    Image.open(photograph).convert("L").rotate(180).save(photograph, quality=98)
    expected = sample_thumbnail(photograph, 100)
    assert difference(thumbnail(photograph, 100), expected) < 3 and len(stored()) == 2


def test_a_damaged_one_is_made_anew(photograph):
    expected = thumbnail(photograph, 100)
    (place,) = stored()
    place.write_bytes(place.read_bytes()[:500])
    assert difference(thumbnail(photograph, 100), expected) < 3
    assert place.stat().st_size > 500


def test_small_files_and_contents_are_not_kept(photograph, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "small.png")
    thumbnail(tmp_path / "small.png", 40)
    thumbnail(photograph.read_bytes(), 40)
    thumbnail(photograph, 2000)
    assert stored() == []


def test_a_full_disk_costs_nothing_but_the_memory(photograph, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(thumbnails.os, "replace", refuse)
    assert thumbnail(photograph, 100).size == (100, 75)
    assert not list((cache_folder() / "thumbnails").rglob("*.part"))


def test_what_is_broken_says_so(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\0" * 200_000)
    with pytest.raises(PictureError):
        thumbnail(path, 40)
    with pytest.raises(PictureError):
        thumbnail(tmp_path / "not there.jpg", 40)
    assert stored() == []


def test_they_are_part_of_the_cache_that_is_shown_and_cleared(photograph, tmp_path):
    from engine.data.room import cache_use, clear_cache

    thumbnail(photograph, 100)
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=lambda *_: ["copy"])
    used = cache_use()
    assert used["thumbnails"] > 1000
    clear_cache()
    assert stored() == []
