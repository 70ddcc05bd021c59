"""What can be said of a data set without looking at pixels: plain functions over an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QCoreApplication

from engine.compile import NetworkReport, Problem, infer
from engine.data.cache import Pictures
from engine.data.health import Looks
from engine.data.index import SPLIT_NAMES, SPLITS, TEST, TRAIN, VALIDATION, Index
from engine.data.scan import natural_key
from engine.spec.network import NetworkSpec
from gui.widgets.bars import number

PLENTY = 512  # px: a network that cannot work with this does not fail because images are too small


def tr(text: str) -> str:
    return QCoreApplication.translate("Data", text)


def images(count: int) -> str:
    """ "1 image", "12 images"."""
    return tr("1 image") if count == 1 else tr("{count} images").format(count=number(count))


def usable_counts(index: Index, pictures: Pictures | None) -> np.ndarray:
    """(classes, 3) images that training can use: all until they were read, then those that can be."""
    if pictures is None:
        return index.counts()
    good = pictures.row_of >= 0
    cells = np.bincount(index.labels[good] * 3 + index.splits[good], minlength=3 * len(index.classes))
    return cells.reshape(len(index.classes), 3)


def example_of(index: Index, pictures: Pictures | None) -> int | None:
    """A picture that shows what the network receives: the first of training that can be read, else of all."""
    good = np.ones(len(index), bool) if pictures is None else pictures.row_of >= 0
    for wanted in (good & (index.splits == TRAIN), good):
        numbers = np.flatnonzero(wanted)
        if len(numbers):
            return int(numbers[0])
    return None


def partners_of(index: Index, pictures: Pictures | None, count: int = 6) -> list[int]:
    """Pictures that an example is shown mixed with: some of training, from all over it and so of several classes."""
    good = np.ones(len(index), bool) if pictures is None else pictures.row_of >= 0
    numbers = np.flatnonzero(good & (index.splits == TRAIN))
    places = np.linspace(0, len(numbers) - 1, min(count, len(numbers))).round().astype(int)
    return numbers[places].tolist()


def too_small(network: NetworkSpec, report: NetworkReport) -> Problem | None:
    """What stops the network at the present size of the images and would not with larger ones."""
    if not report.problems:
        return None
    channels, height, width = report.facts.shape
    larger = replace(report.facts, shape=(channels, max(height, PLENTY), max(width, PLENTY)))
    stays = {problem.node_id for problem in infer(network, larger).problems}
    return next((problem for problem in report.problems if problem.node_id not in stays), None)


def brings(index: Index) -> frozenset[int]:
    """The splits that the folder itself prescribes.

    A folder may bring only training and test images; validation is then cut from training. Its paths tell.
    """
    if not index.brings_splits:
        return frozenset()
    brought = {TRAIN, TEST}
    numbers = index.where(VALIDATION)
    if len(numbers):
        folders = str(index.paths[numbers[0]]).split("/")[:-2]  # the file and its class are no split
        if any(SPLIT_NAMES.get(folder.lower()) == VALIDATION for folder in folders):
            brought.add(VALIDATION)
    return frozenset(brought)


@dataclass(frozen=True)
class Wanted:
    """Which pictures the grid shows, and in which order.

    Attributes:
        label: position in the classes, -1 for all.
        split: TRAIN, VALIDATION, TEST, or -1 for all.
        text: part of a file name, in any case.
        order: a key of `ORDERS`.
        size: a key of `SIZES`.
        only: numbers that are wanted, in the order in which they are wanted; None: all, in `order`.
    """

    label: int = -1
    split: int = -1
    text: str = ""
    order: str = "name"
    size: str = "any"
    only: tuple[int, ...] | None = None


ORDERS = ("name", "file", "bytes", "pixels", "newest", "brightness")
"""By path, by file name alone, and by four measures, the largest first."""

SIZES = ("any", "small", "large")
"""All; smaller than what the network receives, and so enlarged; a megapixel or more."""


def chosen_numbers(index: Index, wanted: Wanted, looks: Looks | None = None, side: int = 0) -> np.ndarray:
    """The numbers of the pictures that are wanted, in the order wanted.

    With a text or an order it looks at every name: not for the GUI thread.

    Args:
        looks: what is known of widths and heights; without it, those filters let everything through.
        side: pixels of the longer side of what the network receives.
    """
    mask = np.ones(len(index), bool)
    if wanted.label >= 0:
        mask &= index.labels == wanted.label
    if wanted.split >= 0:
        mask &= index.splits == wanted.split
    if looks is not None and looks.index is index and wanted.size != "any":
        mask &= _of_size(looks, wanted.size, side)
    numbers = np.flatnonzero(mask)
    if wanted.only is not None:
        only = np.array(wanted.only, np.int64)
        numbers = only[np.isin(only, numbers)]
    if wanted.text and len(numbers):
        text = wanted.text.casefold()
        names: Sequence[str] = index.paths[numbers].tolist()
        numbers = numbers[np.array([text in name.rpartition("/")[2].casefold() for name in names], bool)]
    return numbers if wanted.only is not None else numbers[_order(index, numbers, wanted.order, looks)]


def _of_size(looks: Looks, size: str, side: int) -> np.ndarray:
    width, height = looks.rows["width"].astype(np.int64), looks.rows["height"].astype(np.int64)
    if size == "small":
        return looks.readable & (np.minimum(width, height) < side)
    return width * height >= 1_000_000


def _order(index: Index, numbers: np.ndarray, order: str, looks: Looks | None) -> np.ndarray:
    """Places in `numbers`; where two are equal, by path."""
    if order == "file":
        names = [str(path).rpartition("/")[2] for path in index.paths[numbers].tolist()]
        return np.array(sorted(range(len(names)), key=lambda place: natural_key(names[place])), np.int64)
    if order in ("pixels", "brightness") and (looks is None or looks.index is not index):
        return np.arange(len(numbers))
    if order == "bytes":
        values = index.sizes[numbers]
    elif order == "newest":
        values = index.modified[numbers]
    elif order == "pixels":
        values = looks.rows["width"][numbers].astype(np.int64) * looks.rows["height"][numbers]
    elif order == "brightness":
        values = looks.rows["mean"][numbers].mean(1)
    else:
        return np.arange(len(numbers))
    return np.argsort(-values, kind="stable")


def split_key(split: int) -> str:
    """The stable name of a split, "all" for none."""
    return SPLITS[split] if split >= 0 else "all"
