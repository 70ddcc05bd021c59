"""Dividing pictures: every property that a user relies on without knowing it."""

import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.index import TEST, TRAIN, VALIDATION
from engine.data.split import divide as divide_with_notes
from engine.errors import EngineError
from engine.spec.data import DataEdits, DataSpec

shares = st.tuples(st.integers(1, 80), st.integers(0, 80)).filter(lambda pair: sum(pair) < 100)
class_sizes = st.lists(st.integers(1, 60), min_size=1, max_size=5)


def divide(*args, **named) -> np.ndarray:
    return divide_with_notes(*args, **named)[0]


def named(sizes: list[int]) -> tuple[list[str], np.ndarray]:
    paths = [f"class {label}/picture {number}.jpg" for label, size in enumerate(sizes) for number in range(size)]
    return paths, np.repeat(np.arange(len(sizes)), sizes)


def spec(pair: tuple[int, int] = (15, 15), seed: int = 0) -> DataSpec:
    return DataSpec(validation_percent=pair[0], test_percent=pair[1], seed=seed)


@given(class_sizes, shares, st.integers(0, 2**31 - 1))
def test_every_class_is_divided_completely_and_by_its_shares(sizes, pair, seed):
    paths, labels = named(sizes)
    splits = divide(paths, labels, spec(pair, seed))
    assert splits.shape == labels.shape and set(splits) <= {TRAIN, VALIDATION, TEST}
    for label, size in enumerate(sizes):
        got = np.bincount(splits[labels == label], minlength=3)
        wanted = size * np.array([100 - sum(pair), *pair]) / 100
        assert got[TRAIN] >= 1
        if size >= 3:
            assert got[VALIDATION] >= 1
        if wanted.min(where=wanted > 0, initial=size) >= 1:  # nothing had to be forced
            assert np.abs(got - wanted).max() <= 1
        assert pair[1] > 0 or got[TEST] == 0


@given(class_sizes, shares, st.randoms(use_true_random=False))
def test_the_order_of_files_plays_no_part(sizes, pair, random):
    paths, labels = named(sizes)
    splits = dict(zip(paths, divide(paths, labels, spec(pair)), strict=True))
    order = list(range(len(paths)))
    random.shuffle(order)
    shuffled = divide([paths[place] for place in order], labels[order], spec(pair))
    assert all(splits[paths[place]] == split for place, split in zip(order, shuffled, strict=True))


@given(st.integers(3, 80), shares, st.integers(0, 1000))
def test_one_more_picture_moves_at_most_one_over_each_cut(size, pair, number):
    paths, labels = named([size])
    before = divide(paths, labels, spec(pair))
    after = divide([*paths, f"class 0/new {number}.jpg"], np.append(labels, 0), spec(pair))[:-1]
    assert (before != after).sum() <= 2


@given(st.integers(1, 40), st.integers(1, 40), shares)
def test_classes_do_not_disturb_each_other(first, second, pair):
    paths, labels = named([first, second])
    both = divide(paths, labels, spec(pair))
    assert (divide(paths[:first], labels[:first], spec(pair)) == both[:first]).all()


def test_another_seed_divides_differently_with_the_same_counts():
    paths, labels = named([50, 50])
    one, other = (divide(paths, labels, spec(seed=seed)) for seed in (0, 1))
    assert (one != other).any()
    assert (np.bincount(one) == np.bincount(other)).all()
    assert (np.bincount(one) == [70, 16, 14]).all() or (np.bincount(one) == [70, 14, 16]).all()


def test_known_pictures_never_change_sides():
    """A new version that divided differently would test networks on pictures that they were trained with."""
    paths, labels = named([6])
    assert divide(paths, labels, spec((20, 20), seed=7)).tolist() == [0, 1, 0, 2, 0, 0]


@given(st.integers(3, 60), st.integers(0, 20), shares)
def test_a_test_set_of_the_folder_is_kept_and_validation_comes_from_training(train, test, pair):
    paths, labels = named([train + test])
    brought = np.array([TRAIN] * train + [TEST] * test, np.int8)
    splits = divide(paths, labels, spec(pair), brought, {TRAIN, TEST})
    assert ((splits == TEST) == (brought == TEST)).all()
    assert (splits == TRAIN).any()
    wanted = train * pair[0] / (100 - pair[1])
    assert abs((splits == VALIDATION).sum() - wanted) <= 1


def test_a_validation_set_of_the_folder_is_kept_and_there_is_no_test():
    paths, labels = named([20])
    brought = np.array([TRAIN] * 15 + [VALIDATION] * 5, np.int8)
    assert (divide(paths, labels, spec(), brought, {TRAIN, VALIDATION}) == brought).all()


def test_a_class_of_one_trains():
    assert divide(["a/1.jpg"], np.array([0]), spec((80, 15))).tolist() == [TRAIN]


def test_composed_and_decomposed_names_are_the_same_picture():
    paths = [f"Bär/Füße {number}.jpg" for number in range(30)]
    labels = np.zeros(30, int)
    decomposed = [unicodedata.normalize("NFD", path) for path in paths]
    assert decomposed != paths
    assert (divide(paths, labels, spec()) == divide(decomposed, labels, spec())).all()


def test_shares_that_leave_nothing_to_train_with_are_an_error():
    with pytest.raises(EngineError, match="leave no images to train with"):
        divide(["a/1.jpg"], np.array([0]), spec((50, 50)))


@given(class_sizes, st.integers(2, 6), st.integers(0, 40))
def test_folds_let_every_image_that_is_not_for_testing_validate_once(sizes, folds, test):
    paths, labels = named([size + 2 * folds for size in sizes])
    data = DataSpec(test_percent=test, folds=folds)
    found = np.stack([divide(paths, labels, replace(data, fold=fold)) for fold in range(1, folds + 1)])
    tests = (found == TEST).all(0)
    assert ((found == TEST).any(0) == tests).all(), "the same images test in every fold"
    assert ((found == VALIDATION).sum(0) == ~tests).all()
    sizes_of_folds = [np.bincount(labels[row == VALIDATION], minlength=len(sizes)) for row in found]
    assert np.ptp(sizes_of_folds, axis=0).max() <= 1, "equal and stratified"


@pytest.mark.parametrize("folds, fold", [(1, 1), (4, 5)])
def test_a_fold_that_is_not_there_is_refused(folds, fold):
    with pytest.raises(EngineError, match="fold"):
        divide(*named([20]), DataSpec(folds=folds, fold=fold))


@given(st.lists(st.integers(1, 5), min_size=4, max_size=40), shares, st.integers(0, 9))
def test_what_belongs_together_stays_on_one_side(group_sizes, pair, seed):
    paths = [f"c/person{group}_{number}.jpg" for group, size in enumerate(group_sizes) for number in range(size)]
    labels = np.zeros(len(paths), int)
    splits = divide(paths, labels, replace(spec(pair, seed), group_by="prefix"))
    sides: dict[str, set[int]] = {}
    for path, split in zip(paths, splits, strict=True):
        sides.setdefault(path.split("_")[0], set()).add(int(split))
    assert all(len(side) == 1 for side in sides.values())
    assert {TRAIN, VALIDATION} <= set(splits.tolist())
    wanted = len(paths) * (pair[1] / 100)
    assert abs((splits == TEST).sum() - wanted) <= max(group_sizes) + 1


@given(class_sizes, shares, st.integers(0, 9))
def test_groups_of_one_are_divided_as_without_groups(sizes, pair, seed):
    paths, labels = named(sizes)
    alone = replace(spec(pair, seed), edits=DataEdits(together=(("not", "there"),)))
    enough = np.bincount(labels)[labels] >= 3  # one or two have no room to be forced
    assert (divide(paths, labels, alone) == divide(paths, labels, spec(pair, seed)))[enough].all()


def test_sub_folders_stay_together_also_across_classes():
    paths = [f"{c}/film {film}/{n}.png" for c in ("a", "b") for film in range(8) for n in range(4)] + ["a/x.png"]
    labels = np.array([0] * 32 + [1] * 32 + [0])
    splits = divide(paths, labels, DataSpec(group_by="folder"))
    for film in range(8):
        assert len({split for path, split in zip(paths, splits, strict=True) if f"film {film}/" in path}) == 1
    deeper = [f"train/{path}" for path in paths]
    assert len(set(divide(deeper, labels, DataSpec(group_by="folder"), depth=2).tolist())) == 3


def test_near_copies_can_be_kept_together():
    paths, labels = named([40])
    free = divide(paths, labels, DataSpec())
    one = next(path for path, split in zip(paths, free, strict=True) if split == TRAIN)
    other = next(path for path, split in zip(paths, free, strict=True) if split == TEST)
    kept = divide(paths, labels, DataSpec(edits=DataEdits(together=((one, other),))))
    assert kept[paths.index(one)] == kept[paths.index(other)]
    assert (kept != free).sum() <= 4


def test_a_class_that_is_one_group_is_told():
    paths = [f"a/same_{number}.png" for number in range(9)] + [f"b/p{number}_1.png" for number in range(9)]
    _, notes = divide_with_notes(paths, np.repeat([0, 1], 9), DataSpec(group_by="prefix"))
    assert len(notes) == 1 and "One class is a single group" in notes[0]
