"""Divide pictures into training, validation and test: per class, by a hash of each path.

A path's hash decides its place in the queue of its class, and shares of that queue become the splits. So the order of
files on the disk plays no part, and a picture that is added or removed moves at most one other picture over each cut.
"""

import unicodedata
from collections.abc import Collection, Sequence
from hashlib import blake2b

import numpy as np

from engine.data.index import TEST, TRAIN, VALIDATION
from engine.errors import EngineError
from engine.spec.data import DataSpec


def divide(
    paths: Sequence[str],
    labels: np.ndarray,
    data: DataSpec,
    brought: np.ndarray | None = None,
    brought_splits: Collection[int] = (),
) -> np.ndarray:
    """Say for each picture whether it trains, validates or tests.

    Args:
        paths: (N,) relative to the data folder.
        labels: (N,) integers.
        brought: (N,) int8, the splits that the folder itself prescribes, with `brought_splits` saying which of them
            exist there. What it prescribes is kept; only a missing validation set is cut from its training pictures.
    Returns:
        (N,) int8. Shares are exact to within one picture per class; a class of three or more has at least one picture
        for training and one for validation, a class of one trains.
    Raises:
        EngineError: the shares leave nothing to train with.
    """
    validation, test = data.validation_percent, data.test_percent
    if brought is None:
        splits = np.full(len(labels), TRAIN, np.int8)
        to_divide = np.arange(len(labels))
    elif VALIDATION in brought_splits:
        return brought.astype(np.int8)
    else:
        splits = brought.astype(np.int8)
        to_divide = np.flatnonzero(splits == TRAIN)
    if validation + test >= 100:
        raise EngineError(
            f"Validation ({validation} %) and test ({test} %) leave no images to train with.",
            why="Together they take everything.",
            fix="Lower one of them; 15 % each is usual.",
        )
    # With a test set of its own, the folder's training pictures are all but `test` percent of what there would be.
    shares = (test, validation, 100) if brought is None else (0, validation, 100 - test)
    queue = _queue(paths, labels, to_divide, data.seed)
    starts = np.flatnonzero(np.diff(labels[queue], prepend=-1))
    for members in np.split(queue, starts[1:]):
        first, second = _cuts(len(members), *shares)
        splits[members[:first]] = TEST
        splits[members[first:second]] = VALIDATION
    return splits


def _queue(paths: Sequence[str], labels: np.ndarray, numbers: np.ndarray, seed: int) -> np.ndarray:
    """`numbers` sorted by class, and within a class by the hash of seed and path."""
    key = seed.to_bytes(8, "little")
    # NFC: the same name arrives decomposed from some disks of Apple computers, and must not change sides for it.
    texts = (unicodedata.normalize("NFC", str(paths[number])).encode() for number in numbers)
    hashes = b"".join(blake2b(text, digest_size=8, key=key).digest() for text in texts)
    return numbers[np.lexsort((numbers, np.frombuffer(hashes, "<u8"), labels[numbers]))]


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


def _rounded(numerator: int, denominator: int) -> int:
    """The nearest whole number, halves up; in integers, since 0.15 is no exact float."""
    return (2 * numerator + denominator) // (2 * denominator)
