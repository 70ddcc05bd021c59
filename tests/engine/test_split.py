"""Dividing pictures: every property that a user relies on without knowing it."""

import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
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


def test_what_is_left_over_of_the_classes_does_not_fall_into_one_fold():
    paths, labels = named([6] * 10)
    data = DataSpec(test_percent=0, folds=5)
    sizes = [int((divide(paths, labels, replace(data, fold=fold)) == VALIDATION).sum()) for fold in range(1, 6)]
    assert sizes == [12] * 5


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


# ---- folds of groups

grouped = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=12), min_size=1, max_size=4)  # sizes, by class


def of_groups(classes: list[list[int]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """(paths, labels, groups) of classes whose groups have these sizes."""
    made = [
        (f"c{label}/p{label}x{group}_{number}.png", label, 100 * label + group)
        for label, sizes in enumerate(classes)
        for group, size in enumerate(sizes)
        for number in range(size)
    ]
    paths, labels, groups = zip(*made, strict=True)
    return list(paths), np.array(labels), np.array(groups)


def folds_of(paths: list[str], labels: np.ndarray, data: DataSpec) -> np.ndarray:
    """(folds, N) the divisions for each of the folds."""
    return np.stack([divide(paths, labels, replace(data, fold=fold)) for fold in range(1, data.folds + 1)])


def assert_whole_and_once(found: np.ndarray, groups: np.ndarray, labels: np.ndarray) -> None:
    """Nothing leaks, and what is not for testing validates once; a group that is all of a class, never."""
    tests = (found == TEST).all(0)
    assert ((found == TEST).any(0) == tests).all(), "the same images test in every fold"
    for group in np.unique(groups):
        assert (found[:, groups == group] == found[:, groups == group][:, :1]).all(), "a group is on one side"
    left = ~tests
    only = {
        groups[left & (labels == label)][0]
        for label in np.unique(labels[left])
        if len(set(groups[left & (labels == label)])) == 1
    }
    expected = left & ~np.isin(groups, list(only))
    assert ((found == VALIDATION).sum(0) == expected).all()


@given(grouped, st.integers(2, 6), st.sampled_from((0, 15, 40, 80)), st.integers(0, 99))
def test_folds_of_groups_let_each_image_validate_once(classes, folds, test, seed):
    paths, labels, groups = of_groups(classes)
    data = DataSpec(test_percent=test, folds=folds, group_by="prefix", seed=seed)
    found = folds_of(paths, labels, data)
    assert_whole_and_once(found, groups, labels)
    for label, sizes in enumerate(classes):
        mine = labels == label
        left = [size for group, size in enumerate(sizes) if (found[0, groups == 100 * label + group] != TEST).all()]
        assert len(left) >= (2 if len(sizes) >= 3 else 1)
        validated = (found[:, mine] == VALIDATION).sum(1)
        assert np.ptp(validated) <= (max(left) if len(left) > 1 else 0), "as equal as its groups allow"
        assert ((found[:, mine] == TRAIN).sum(1) > 0).all(), "every class is learnt in every fold"
        assert (len(left) < folds or len(left) == 1) or (validated > 0).all()
        tested = (found[0, mine] == TEST).sum()
        assert tested <= sum(sizes) * test / 100 + max(sizes) / 2 + 1


@given(
    st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=2, max_size=30),
    st.integers(2, 5),
    st.integers(0, 99),
)
def test_folds_of_groups_that_span_classes_are_as_even_as_is_stated(table, folds, seed):
    cells = [(label, group, size) for group, row in enumerate(table) for label, size in enumerate(row)]
    parts = [(f"c{c}/film {g}/{n}.png", c, g) for c, g, size in cells for n in range(size)]
    held = np.array(table)
    assume((np.count_nonzero(held, axis=0) >= 2).all())  # a class of one group trains in all folds
    paths, labels, groups = (list(column) for column in zip(*parts, strict=True))
    labels, groups = np.array(labels), np.array(groups)
    found = folds_of(paths, labels, DataSpec(test_percent=0, folds=folds, group_by="folder", seed=seed))
    assert_whole_and_once(found, groups, labels)
    most = (1 - 1 / folds) * ((held / held.sum(0)) ** 2).sum()
    shares_of_folds = np.stack([np.bincount(labels[row == VALIDATION], minlength=3) for row in found]) / held.sum(0)
    assert ((shares_of_folds - 1 / folds) ** 2).sum() <= most + 1e-9


def test_folds_of_groups_are_the_same_whatever_the_order_and_others_with_another_seed():
    paths, labels, _ = of_groups([[3] * 12, [1, 2, 3, 4, 5, 6, 7, 8]])
    data = DataSpec(folds=4, fold=2, group_by="prefix")
    backwards = divide(paths[::-1], labels[::-1], data)[::-1]
    assert (divide(paths, labels, data) == backwards).all()
    assert any(
        (divide(paths, labels, data) != divide(paths, labels, replace(data, seed=seed))).any() for seed in (1, 2)
    )


def test_the_eight_people_that_validated_twice_do_so_once():
    """Of 5 folds of 8 groups a class, the smallest was lent to a fold that had none."""
    paths, labels, _ = of_groups([[5, 4, 1, 1, 8, 8, 2, 2], [3, 1, 7, 4, 8, 5, 5, 2]])
    for seed in range(40):
        found = folds_of(paths, labels, DataSpec(test_percent=0, folds=5, group_by="prefix", seed=seed))
        assert ((found == VALIDATION).sum(0) == 1).all()
        for label in (0, 1):
            assert ((found[:, labels == label] == VALIDATION).sum(1) > 0).all()


@pytest.mark.parametrize("group_by", ["image", "prefix"])
def test_what_cannot_be_in_every_fold_is_said(group_by):
    paths = ["a/p1_1.png", "b/q1_1.png", "b/q2_1.png", *(f"c/r{number}_1.png" for number in range(9))]
    labels = np.array([0, 1, 1, *9 * [2]])
    data = DataSpec(folds=4, test_percent=0, group_by=group_by)
    _, notes = divide_with_notes(paths, labels, data)
    assert len(notes) == 2
    assert notes[0].startswith("One class is a single ") and "trains in every fold and validates in none" in notes[0]
    assert notes[1].startswith("One class has fewer ") and "some folds have none of it" in notes[1]
    found = folds_of(paths, labels, data)
    assert (found == VALIDATION).sum(0).tolist() == [0] + 11 * [1]


def test_a_class_that_a_fold_leaves_nothing_to_train_with_is_told():
    """Three groups that span three classes: whichever two are together, a class may lie in them alone."""
    table = [[2, 4, 0], [2, 0, 4], [1, 3, 2]]
    cells = [(label, film, size) for film, row in enumerate(table) for label, size in enumerate(row)]
    parts = [(f"c{c}/film {film}/{n}.png", c) for c, film, size in cells for n in range(size)]
    paths, labels = [path for path, _ in parts], np.array([label for _, label in parts])
    seen = set()
    for seed in range(20):
        for fold in (1, 2):
            data = DataSpec(test_percent=0, folds=2, fold=fold, group_by="folder", seed=seed)
            splits, notes = divide_with_notes(paths, labels, data)
            untaught = len(set(labels) - set(labels[splits == TRAIN]))
            assert any("nothing to train with in this fold" in note for note in notes) == (untaught > 0)
            seen.add(untaught > 0)
    assert seen == {True, False}
