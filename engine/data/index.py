"""Which pictures there are: one row of numbers per picture, in columns, so that a million of them is a normal day."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLITS = ("train", "validation", "test")

SPLIT_NAMES = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
"""What a folder above the class folders may be called, in any case, and what its pictures are then for."""

PATH_TYPE = np.dtypes.StringDType()
"""Column type of paths: texts of any length without a Python object each."""


@dataclass(frozen=True, eq=False)
class Index:
    """All pictures of a data set, sorted by path.

    Attributes:
        root: the folder that was scanned.
        classes: names in the order of the network's outputs.
        paths: (N,) texts, relative to `root`, parts joined by "/".
        labels: (N,) int32, positions in `classes`.
        splits: (N,) int8, TRAIN, VALIDATION or TEST.
        sizes: (N,) int64, bytes.
        modified: (N,) int64, nanoseconds since 1970.
        brings_splits: the folder itself says which pictures are for testing or validation.
        notes: sentences about what was left out or looks odd.
    """

    root: Path
    classes: tuple[str, ...]
    paths: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    sizes: np.ndarray
    modified: np.ndarray
    brings_splits: bool
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def taken(self, rows: np.ndarray) -> "Index":
        """The same with only these images, numbers ascending or a mask; splits stay what they are."""
        columns = {name: getattr(self, name)[rows] for name in ("paths", "labels", "splits", "sizes", "modified")}
        return replace(self, **columns)

    def path(self, number: int) -> Path:
        """Where picture `number` lies."""
        return self.root / str(self.paths[number])

    def where(self, split: int) -> np.ndarray:
        """The numbers of the pictures of one split, ascending."""
        return np.flatnonzero(self.splits == split)

    def counts(self) -> np.ndarray:
        """(classes, 3) int64: pictures per class and split."""
        cells = np.bincount(self.labels * 3 + self.splits, minlength=3 * len(self.classes))
        return cells.reshape(len(self.classes), 3)
