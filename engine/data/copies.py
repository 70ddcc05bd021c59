"""Images that are there twice: files that are equal byte for byte, and where a copy does harm."""

from collections.abc import Container
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from engine.data.index import Index
from engine.data.parallel import in_order
from engine.jobs import JobControl

Groups = tuple[tuple[int, ...], ...]

_AHEAD = 64
_THREADS = 2  # it is the disk that is waited for, and the machine has other work


@dataclass(frozen=True)
class Copies:
    """Groups of equal files, by the numbers of the images.

    Attributes:
        across_splits: those that stand in more than one of training, validation and test: scores look better than they
            are, because the network was trained on what it is tested with.
        across_classes: those that stand in more than one class: one of the labels must be wrong.
    """

    groups: Groups = ()
    across_splits: Groups = ()
    across_classes: Groups = ()

    @property
    def extra(self) -> int:
        """How many files are a copy of another one."""
        return sum(len(group) - 1 for group in self.groups)


def find_copies(index: Index, left_out: Container[int] = (), control: JobControl | None = None) -> Copies:
    """Look for equal files. Only files of the same size can be equal, so only those are read.

    Args:
        left_out: images that cannot be read and so do no harm.
    Raises: Cancelled: `control` asked to stop.
    """
    with ThreadPoolExecutor(_THREADS, "copies") as pool:
        return judged(index, equal_files(pool, index, left_out, control or JobControl()))


def judged(index: Index, groups: Groups) -> Copies:
    """Which of the groups do harm."""
    across_splits = tuple(group for group in groups if len(set(index.splits[list(group)].tolist())) > 1)
    across_classes = tuple(group for group in groups if len(set(index.labels[list(group)].tolist())) > 1)
    return Copies(groups, across_splits, across_classes)


def equal_files(pool: Executor, index: Index, left_out: Container[int], control: JobControl) -> Groups:
    """Groups of two or more images whose files are the same byte for byte."""
    sizes, counts = np.unique(index.sizes, return_counts=True)
    candidates = np.flatnonzero(np.isin(index.sizes, sizes[counts > 1])).tolist()

    def digest(number: int) -> bytes:
        return _digest(index.path(number))

    groups: dict[bytes, list[int]] = {}
    readable = [number for number in candidates if number not in left_out]
    for number, found in in_order(pool, digest, readable, control, _AHEAD):
        if found:
            groups.setdefault(found, []).append(number)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _digest(path: Path) -> bytes:
    """A hash of the content; empty where the file cannot be read, which has been reported by then."""
    found = blake2b(digest_size=16)
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                found.update(block)
    except OSError:
        return b""
    return found.digest()
