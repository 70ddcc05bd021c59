"""The watched pictures, and the stored answers of every epoch."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_helpers import everything_told, small_project, trained
from training_helpers import one_thread as one_thread

from engine.data.index import PATH_TYPE, TRAIN, VALIDATION, Index
from engine.data.scan import scan
from engine.spec import DataSpec
from engine.train.events import EpochDone, RunStarted, Watched
from engine.train.job import PicturesReady
from engine.train.watch import MOST_WATCHED, WatchFolder, choose_watched


@given(st.lists(st.integers(0, 5), min_size=1, max_size=120), st.integers(1, 40))
def test_the_choice_is_balanced_over_the_classes(labels, most):
    labels = np.array(labels)
    numbers = np.arange(len(labels))[::2]
    chosen = choose_watched(labels, numbers, most)
    assert len(chosen) == len(set(chosen)) == min(most, len(numbers)) and set(chosen) <= set(numbers.tolist())
    assert choose_watched(labels, numbers, most) == chosen
    counts, there = Counter(labels[list(chosen)].tolist()), Counter(labels[numbers].tolist())
    for label in there:
        # A class has fewer watched pictures than another one only where it has no more.
        assert counts[label] in (there[label], *range(max(counts.values()) - 1, max(counts.values()) + 1))


def test_the_choice_is_spread_over_each_class():
    chosen = choose_watched(np.zeros(100, int), np.arange(100), 4)
    assert chosen == (0, 25, 50, 75)


def test_the_watched_set_is_fixed_and_told_at_every_epoch(picture_folder, tmp_path, monkeypatch):
    path = tmp_path / "P" / "P.atelier"
    with everything_told(monkeypatch):
        run = trained(small_project(picture_folder), path)
    started, index = run.of(RunStarted)[0], run.of(PicturesReady)[0].pictures.index
    assert 0 < len(started.watched) <= MOST_WATCHED
    assert set(started.watched) <= set(index.where(VALIDATION).tolist())
    assert Counter(index.labels[list(started.watched)].tolist()) == {0: 4, 1: 4}
    watched = run.of(Watched)
    assert {event.numbers for event in watched} == {started.watched}
    for epoch in run.of(EpochDone):
        # The last look of an epoch sees the weights that were validated.
        last = [event for event in watched if event.epoch == epoch.epoch][-1]
        assert last.total_step == 3 * epoch.epoch
        places = np.searchsorted(epoch.numbers, last.numbers)
        np.testing.assert_allclose(last.probabilities, epoch.probabilities[places], atol=1e-6)
        assert last.probabilities.shape == (8, 2) and last.probabilities.dtype == np.float32
    with everything_told(monkeypatch):
        again = trained(small_project(picture_folder), path)
    assert len(again.of(Watched)) == 3 * 3 + 3 and again.of(RunStarted)[0].watched == started.watched
    assert [e.validation_loss for e in again.of(EpochDone)] == [e.validation_loss for e in run.of(EpochDone)]


# ---- the folder


@pytest.fixture
def stored(picture_folder, tmp_path) -> tuple[WatchFolder, Index, np.ndarray]:
    index = scan(picture_folder, DataSpec(validation_percent=30))
    folder = WatchFolder(tmp_path)
    folder.begin(index, index.where(VALIDATION))
    probabilities = np.random.default_rng(0).dirichlet((1, 1), len(index.where(VALIDATION))).astype(np.float32)
    folder.store(7, probabilities)
    return folder, index, probabilities


def test_answers_come_back(stored):
    folder, index, probabilities = stored
    np.testing.assert_allclose(folder.load(7), probabilities, atol=5e-4)
    assert folder.load(7).dtype == np.float32 and folder.load(8) is None
    assert folder.numbers(index).tolist() == index.where(VALIDATION).tolist()


def test_pictures_are_found_again_by_path_and_gone_ones_are_marked(stored, picture_folder):
    folder, index, _ = stored
    gone = index.where(VALIDATION)[2]
    index.path(gone).unlink()
    (picture_folder / "disc" / "another.png").write_bytes((picture_folder / "disc" / "disc-00.png").read_bytes())
    splits = {str(path): split for path, split in zip(index.paths, index.splits, strict=True)}
    today = scan(picture_folder, DataSpec(validation_percent=30))
    today.splits[:] = [splits.get(str(path), TRAIN) for path in today.paths]
    numbers = folder.numbers(today)
    assert numbers[2] == -1 and (np.delete(numbers, 2) >= 0).all()
    for was, now in zip(index.where(VALIDATION), numbers, strict=True):
        assert now == -1 or today.paths[now] == index.paths[was]


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"noise" * 50])
def test_a_damaged_epoch_is_as_good_as_missing(stored, tmp_path, content):
    (tmp_path / "watch" / "00007.npy").write_bytes(content)
    assert stored[0].load(7) is None


def test_an_epoch_that_could_run_code_is_not_opened(stored, tmp_path):
    np.save(tmp_path / "watch" / "00007.npy", np.array([{"any": "object"}], dtype=object), allow_pickle=True)
    assert stored[0].load(7) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"paths": 3}', "null"])
def test_a_damaged_list_of_pictures_gives_none(stored, tmp_path, content):
    (tmp_path / "watch" / "pictures.json").write_text(content)
    assert len(stored[0].numbers(stored[1])) == 0


def test_file_names_that_are_no_text_are_stored(tmp_path):
    names = np.array(["a/plain.png", "a/日本 ü.png"], PATH_TYPE)
    column = np.zeros(2, np.int64)
    index = Index(
        tmp_path, ("a",), names, column.astype(np.int32), column.astype(np.int8) + VALIDATION, column, column, False
    )
    folder = WatchFolder(tmp_path)
    folder.begin(index, np.arange(2))
    assert folder.numbers(index).tolist() == [0, 1]
    assert json.loads((tmp_path / "watch" / "pictures.json").read_text("utf-8"))["classes"] == ["a"]
