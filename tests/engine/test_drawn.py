"""The two samples that work offline: drawn muffins and chihuahuas, and scikit-learn's digits."""

import os
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import digits
from engine.data.digits import write_digits
from engine.data.drawn import CLASSES, draw, write_sample
from engine.errors import EngineError


class StopError(Exception):
    """Stands for the user's stop."""


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def drawn_set(count: int, first_seed: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (2 * count, side, side, 3) 0..1 and (2 * count,) labels -1 or 1."""
    pictures = [np.asarray(draw(name, first_seed + seed, side)) / 255 for name in CLASSES for seed in range(count)]
    return np.stack(pictures), np.repeat([-1.0, 1.0], count)


def linear_accuracy(
    known: np.ndarray, labels: np.ndarray, fresh: np.ndarray, fresh_labels: np.ndarray, ridge: float
) -> float:
    """Accuracy on `fresh` (N, features) of a least-squares classifier fitted to `known`."""
    centre = known.mean(axis=0)
    design = np.column_stack([known - centre, np.ones(len(known))])
    weights = np.linalg.solve(design.T @ design + ridge * np.eye(design.shape[1]), design.T @ labels)
    answers = np.column_stack([fresh - centre, np.ones(len(fresh))]) @ weights
    return float(np.mean((answers > 0) == (fresh_labels > 0)))


@pytest.fixture(scope="module")
def sets() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return *drawn_set(250, 0, 32), *drawn_set(250, 10_000, 32)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("side", [32, 64, 100, 128])
def test_a_picture_has_the_asked_size_and_detail(name, side):
    picture = draw(name, 3, side)
    assert picture.mode == "RGB" and picture.size == (side, side)
    assert np.asarray(picture).std() > 10  # neither blank nor all but black


def test_same_seed_same_pixels_in_another_process():
    code = (
        "import sys; from engine.data.drawn import draw; "
        "sys.stdout.write(''.join(draw(c, 7, 48).tobytes().hex() for c in ('chihuahua', 'muffin')))"
    )
    # Another hash seed: a set or a hash() in the drawing would show.
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    root = Path(__file__).parents[2]
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, env=environment, check=True
    )
    assert other.stdout == "".join(draw(name, 7, 48).tobytes().hex() for name in CLASSES)


def test_drawing_leaves_no_trace_on_later_ones():
    first = draw("muffin", 1, 64).tobytes()
    draw("chihuahua", 2, 100)
    assert draw("muffin", 1, 64).tobytes() == first


def test_seeds_and_classes_give_different_pictures():
    pictures = {draw(name, seed, 32).tobytes() for name in CLASSES for seed in range(20)}
    assert len(pictures) == 40


def test_an_unknown_class_is_refused():
    with pytest.raises(KeyError):
        draw("bagel", 0)


def test_mean_colour_does_not_tell_the_classes_apart(sets):
    known, labels, fresh, fresh_labels = sets
    colours, fresh_colours = known.mean(axis=(1, 2)), fresh.mean(axis=(1, 2))
    assert linear_accuracy(colours, labels, fresh_colours, fresh_labels, ridge=1e-6) < 0.65


def test_brightness_by_position_does_not_tell_the_classes_apart(sets):
    """A linear look at an 8x8 thumbnail stays far below what the picture holds."""
    known, labels, fresh, fresh_labels = sets

    def thumbnails(pictures: np.ndarray) -> np.ndarray:
        return pictures.mean(axis=3).reshape(-1, 8, 4, 8, 4).mean(axis=(2, 4)).reshape(len(pictures), 64)

    assert linear_accuracy(thumbnails(known), labels, thumbnails(fresh), fresh_labels, ridge=3.0) < 0.8


def test_the_sample_is_balanced_named_and_readable(tmp_path):
    seen = []
    write_sample(tmp_path / "new" / "drawn", count=11, side=32, progress=lambda done, total: seen.append((done, total)))
    names = files_below(tmp_path / "new")
    expected = [
        f"drawn/{name}/{name}-{number:04d}.jpg"
        for name, count in zip(CLASSES, (6, 5), strict=True)
        for number in range(1, count + 1)
    ]
    assert names == expected
    assert seen == [(done, 11) for done in range(1, 12)]
    for name in names:
        with Image.open(tmp_path / "new" / name) as picture:
            assert picture.size == (32, 32) and picture.mode == "RGB"
            picture.load()


def test_writing_again_changes_nothing(tmp_path):
    folder = tmp_path / "drawn"
    write_sample(folder, count=4, side=32)
    before = {name: (folder / name).stat().st_mtime_ns for name in files_below(folder)}
    calls = []
    write_sample(folder, count=4, side=32, seed=9, progress=lambda *done: calls.append(done))
    assert {name: (folder / name).stat().st_mtime_ns for name in files_below(folder)} == before
    assert not calls


def test_another_seed_writes_other_pictures(tmp_path):
    for seed in (0, 1):
        write_sample(tmp_path / str(seed), count=8, side=32, seed=seed)
    contents = [(tmp_path / seed / name).read_bytes() for seed in "01" for name in files_below(tmp_path / seed)]
    assert len(set(contents)) == 16


@pytest.mark.parametrize("write", [partial(write_sample, count=8, side=32), write_digits], ids=["drawn", "digits"])
@pytest.mark.parametrize("stop", [StopError, KeyboardInterrupt])
def test_an_interrupted_sample_leaves_nothing_and_can_be_repeated(tmp_path, write, stop):
    folder, during = tmp_path / "sample", []

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            during.append(folder.exists())
            raise stop

    with pytest.raises(stop):
        write(folder, progress=interrupt)
    assert during == [False] and list(tmp_path.iterdir()) == []
    write(folder, progress=None)
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "drawn").mkdir()
    write_sample(tmp_path / "drawn", count=2, side=32)
    assert len(files_below(tmp_path / "drawn")) == 2


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(EngineError) as refusal:
        write_sample(folder, count=2, side=32)
    assert refusal.value.why and refusal.value.fix
    assert files_below(tmp_path) == ["mine/letter.txt"]


def test_a_place_that_cannot_be_written_is_said_in_words(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(EngineError) as refusal:
        write_sample(tmp_path / "file" / "drawn", count=2, side=32)
    assert refusal.value.why and refusal.value.fix


def test_only_long_abandoned_remains_are_swept(tmp_path):
    old, young = tmp_path / ".drawn.unfinished-old", tmp_path / ".drawn.unfinished-young"
    for remains in (old, young):
        remains.mkdir()
        (remains / "half.jpg").write_bytes(b"\xff\xd8")
    os.utime(old, (time.time() - 86_400,) * 2)
    write_sample(tmp_path / "drawn", count=2, side=32)
    assert not old.exists() and young.exists()


def test_the_digits_are_all_there(tmp_path):
    write_digits(tmp_path / "digits")
    names = files_below(tmp_path / "digits")
    counts = Counter(name.split("/")[0] for name in names)
    assert counts == dict(zip("0123456789", (178, 182, 177, 183, 181, 182, 181, 179, 174, 180), strict=True))
    assert sorted(name.split("/")[1] for name in names) == [f"digit-{number:04d}.png" for number in range(1, 1798)]


def test_the_digits_are_scikit_learns(tmp_path, monkeypatch):
    """The table read directly gives what scikit-learn's own function gives, from dark 0 to white 255."""
    directly = digits.digit_table()
    monkeypatch.setattr(digits, "_TABLE", "datasets/data/no-such-table.csv.gz")
    by_function = digits.digit_table()
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(directly, by_function, strict=True))
    monkeypatch.undo()
    write_digits(tmp_path / "digits")
    with Image.open(tmp_path / "digits" / "0" / "digit-0001.png") as picture:
        assert picture.mode == "L"
        assert np.array_equal(np.asarray(picture), np.round(by_function[0][0] * 255 / 16))
