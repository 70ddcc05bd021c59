"""Divide pictures into training, validation and test: per class, by a hash of each path.

A path's hash decides its place in the queue of its class, and shares of that queue become the splits. So the order of
files on the disk plays no part, and a picture that is added or removed moves at most one other picture over each cut.
What is to stay together (near-duplicates, one person's pictures) stands in the queue as one.

Folds are made all at once, from the seed alone, and then the one that is asked for validates: over all folds each
picture that is not for testing validates exactly once.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from functools import partial
from hashlib import blake2b

import numpy as np

from engine.data.folds import deal, fold_notes
from engine.data.index import TEST, TRAIN, VALIDATION
from engine.errors import EngineError
from engine.spec.data import DataSpec


def divide(
    paths: Sequence[str],
    labels: np.ndarray,
    data: DataSpec,
    brought: np.ndarray | None = None,
    brought_splits: Collection[int] = (),
    depth: int = 1,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Say for each picture whether it trains, validates or tests.

    Args:
        paths: (N,) relative to the data folder.
        labels: (N,) integers, the class folders: each is divided by itself ("stratified").
        brought: (N,) int8, the splits that the folder itself prescribes, with `brought_splits` saying which of them
            exist there. What it prescribes is kept; only a missing validation set is cut from its training pictures.
        depth: how many folders of a path lead to its class folder, that one included.
    Returns:
        (N,) int8, and sentences about what could not be divided as wished. Shares are exact to within one picture per
        class; a class of three or more has at least one picture for training and one for validation, a class of one
        trains. Groups are divided whole, so shares are then as near as they allow; see `folds.deal` for those of folds.
    Raises:
        EngineError: the shares leave nothing to train with.
    """
    validation, test = data.validation_percent, data.test_percent
    if brought is None:
        splits = np.full(len(labels), TRAIN, np.int8)
        to_divide = np.arange(len(labels))
    elif VALIDATION in brought_splits:
        return brought.astype(np.int8), ()
    else:
        splits = brought.astype(np.int8)
        to_divide = np.flatnonzero(splits == TRAIN)
    if data.folds == 1 or (data.folds and data.fold > data.folds):
        raise EngineError(
            f"There is no fold {data.fold} of {data.folds}." if data.folds > 1 else "One fold is no division.",
            why="One of at least two folds validates while the others train.",
            fix="Choose 2 folds or more, and one of them to validate.",
        )
    if (0 if data.folds else validation) + test >= 100:
        raise EngineError(
            f"Validation ({validation} %) and test ({test} %) leave no images to train with.",
            why="Together they take everything.",
            fix="Lower one of them; 15 % each is usual.",
        )
    # With a test set of its own, the folder's training pictures are all but `test` percent of what there would be.
    shares = (test, validation, 100) if brought is None else (0, validation, 100 - test)

    def cuts(count: int, turn: int = 0) -> tuple[int, int, int]:
        if data.folds:
            return _fold_cuts(count, shares[0], shares[2], 1 + (data.fold - 1 + turn) % data.folds, data.folds)
        first, second = _cuts(count, *shares)
        return first, first, second

    groups = groups_of(paths, data, depth)
    if groups is not None:
        divide_whole = _fold_groups if data.folds else _divide_groups
        return splits, divide_whole(splits, paths, labels, to_divide, groups, data, cuts)
    queue = _queue(paths, labels, to_divide, data.seed)
    starts = np.flatnonzero(np.diff(labels[queue], prepend=-1))
    for members in np.split(queue, starts[1:]):
        # Each class begins with another fold: else what is left over of all of them would fall into the same one.
        test_end, start, end = cuts(len(members), turn=int(labels[members[0]]))
        splits[members[:test_end]] = TEST
        splits[members[start:end]] = VALIDATION
    if not data.folds:
        return splits, ()
    counts = np.bincount(labels[queue][splits[queue] != TEST])
    return splits, fold_notes(counts[counts > 0], data.folds, "image")


def groups_of(paths: Sequence[str], data: DataSpec, depth: int = 1) -> np.ndarray | None:
    """(N,) int64, equal where pictures are to stay together; None where each stands for itself."""
    together = {path: "\0" + group[0] for group in data.edits.together for path in group}
    if data.group_by == "image" and not together:
        return None
    own = {"image": str, "folder": partial(_folder_of, depth), "prefix": _prefix_of}[data.group_by]
    names: dict[str, int] = {}
    keys = [names.setdefault(own(str(path)), len(names)) for path in paths]
    if together:  # of two ways to belong together, the wider wins: the groups that overlap become one
        leader = list(range(len(names)))
        seen: dict[str, int] = {}
        for path, key in zip(paths, keys, strict=True):
            if (mark := together.get(str(path))) is not None:
                one, other = sorted((_first(leader, key), _first(leader, seen.setdefault(mark, key))))
                leader[other] = one
        keys = [_first(leader, key) for key in keys]
    return np.array(keys, np.int64)


def _first(leader: list[int], key: int) -> int:
    while leader[key] != key:
        key = leader[key]
    return key


def _folder_of(depth: int, path: str) -> str:
    """The sub-folder within the class folder, so that the same one of another class counts as the same."""
    below = path.split("/")[depth:-1]
    return "/".join(below) if below else path


def _prefix_of(path: str) -> str:
    """What stands before the last separator of the file name."""
    stem = path.rpartition("/")[2].rpartition(".")[0] or path
    prefix = re.match(r"(.+)[-_ .]", stem)
    return prefix[1] if prefix else path


def _divide_groups(
    splits: np.ndarray,
    paths: Sequence[str],
    labels: np.ndarray,
    numbers: np.ndarray,
    groups: np.ndarray,
    data: DataSpec,
    cuts: Callable[[int], tuple[int, int, int]],
) -> tuple[str, ...]:
    """Divide whole groups in place; a group stands in the queue of its first picture, with all that it holds.

    A group goes where its middle falls, which for groups of one is what they get without groups.
    """
    queue = _queue(paths, labels, numbers, data.seed)
    _, first, inverse, sizes = np.unique(groups[queue], return_index=True, return_inverse=True, return_counts=True)
    leaders = queue[first]
    side = np.full(len(first), TRAIN, np.int8)
    alone = 0
    for label in np.unique(labels[leaders]):
        members = np.flatnonzero(labels[leaders] == label)
        members = members[np.argsort(first[members])]  # the order of the queue
        ends = np.cumsum(sizes[members])
        middles = ends - sizes[members] / 2
        test_end, start, end = cuts(int(ends[-1]))
        side[members[middles < test_end]] = TEST
        side[members[(middles >= start) & (middles < end)]] = VALIDATION
        alone += len(members) == 1 and sizes[members[0]] > 1
        if len(members) >= 3 and (side[members] != TRAIN).all():
            side[members[-1]] = TRAIN
        if len(members) >= 3 and end > start and (side[members] != VALIDATION).all():
            trained, tested = (members[side[members] == split] for split in (TRAIN, TEST))
            spare = trained if len(trained) > 1 else tested
            side[spare[np.argmin(sizes[spare])]] = VALIDATION  # the smallest: it is the nearest to too little
    splits[queue] = side[inverse]
    if not alone:
        return ()
    them = "One class is" if alone == 1 else f"{alone} classes are"
    return (f"{them} a single group of images that stay together and cannot be divided; it is all for one purpose.",)


def _fold_groups(
    splits: np.ndarray,
    paths: Sequence[str],
    labels: np.ndarray,
    numbers: np.ndarray,
    groups: np.ndarray,
    data: DataSpec,
    cuts: Callable[[int], tuple[int, int, int]],
) -> tuple[str, ...]:
    """Let one of several folds of whole groups validate, in place; the test part is the same for all of them.

    A group that is all there is of a class trains in every fold: a network that has never seen a class says nothing of
    it. Every other group that is not for testing validates in exactly one.
    """
    queue = _queue(paths, labels, numbers, data.seed)
    _, first, inverse = np.unique(groups[queue], return_index=True, return_inverse=True)
    is_tested = _tested_groups(labels[queue][first], first, np.bincount(inverse), cuts)
    classes = int(labels.max(initial=0)) + 1
    both, count = np.unique(inverse * classes + labels[queue], return_counts=True)
    owner, label = np.divmod(both, classes)
    is_left = ~is_tested[owner]
    fold_of = deal(owner[is_left], label[is_left], count[is_left], first, data.folds)
    side = np.where(is_tested, TEST, np.where(fold_of == data.fold, VALIDATION, TRAIN))
    splits[queue] = side[inverse].astype(np.int8)
    groups_of_class = np.bincount(label[is_left], minlength=classes)
    notes = fold_notes(groups_of_class[groups_of_class > 0], data.folds, "group")
    trained = np.bincount(labels[queue][splits[queue] == TRAIN], minlength=classes)
    if not (untaught := int(((groups_of_class > 0) & (trained == 0)).sum())):
        return notes
    them = "One class has" if untaught == 1 else f"{untaught} classes have"
    return (*notes, f"{them} nothing to train with in this fold: all images are in groups that validate.")


def _tested_groups(
    label: np.ndarray, place: np.ndarray, size: np.ndarray, cuts: Callable[[int], tuple[int, int, int]]
) -> np.ndarray:
    """(G,) bool: groups that test, as in `_divide_groups`. Of a class of three or more, at least two do not, and of
    any other at least one.

    Args:
        label, place, size: (G,) class and place in the queue of each group's first picture, and how many it holds.
    """
    is_tested = np.zeros(len(label), bool)
    for known in np.unique(label):
        members = np.flatnonzero(label == known)
        members = members[np.argsort(place[members])]
        ends = np.cumsum(size[members])
        tested = int(np.sum(ends - size[members] / 2 < cuts(int(ends[-1]))[0]))
        is_tested[members[: min(tested, len(members) - (2 if len(members) >= 3 else 1))]] = True
    return is_tested


def _queue(paths: Sequence[str], labels: np.ndarray, numbers: np.ndarray, seed: int) -> np.ndarray:
    """`numbers` sorted by class, and within a class by the hash of seed and path."""
    key = seed.to_bytes(8, "little")
    # NFC: the same name arrives decomposed from some disks of Apple computers, and must not change sides for it.
    texts = (unicodedata.normalize("NFC", str(paths[number])).encode() for number in numbers)
    # Into columns that are there already: a list of a million digests on the way would take 50 MB.
    digests = (blake2b(text, digest_size=8, key=key).digest() for text in texts)
    hashes = np.fromiter(digests, "S8", len(numbers)).view("<u8")
    return numbers[np.lexsort((numbers, hashes, labels[numbers]))]


def _cuts(count: int, test: int, validation: int, whole: int) -> tuple[int, int]:
    """Where the test part of a queue of `count` pictures ends, and where the validation part does.

    `test` and `validation` are shares of `whole`. Rounding the two cuts instead of the three parts keeps every part
    within one picture of its share, and moves a cut by one at most when the queue grows by one.
    """
    first = _rounded(count * test, whole)
    second = _rounded(count * (test + validation), whole)
    if count >= 3 and first == second:  # at least one to validate with, from the side that rounding has favoured
        if second * whole > count * (test + validation):
            first -= 1
        else:
            second += 1
    if second >= count:  # and at least one to train with
        second = max(0, count - 1)
        first = min(first, max(0, second - 1) if count >= 3 else second)
    return first, second


def _fold_cuts(count: int, test: int, whole: int, fold: int, folds: int) -> tuple[int, int, int]:
    """Where the test part of a queue ends, and where the validating one of `folds` equal parts of the rest lies."""
    first = min(_rounded(count * test, whole), max(0, count - 1))
    rest = count - first
    start, end = (first + _rounded(rest * place, folds) for place in (fold - 1, fold))
    return first, start, end if end - start < rest else start


def _rounded(numerator: int, denominator: int) -> int:
    """The nearest whole number, halves up; in integers, since 0.15 is no exact float."""
    return (2 * numerator + denominator) // (2 * denominator)
