"""What can be said of a data set without looking at pixels: plain functions over an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QCoreApplication, QLocale

from engine.compile import NetworkReport, Problem, infer
from engine.data.cache import Pictures
from engine.data.copies import Copies
from engine.data.index import SPLIT_NAMES, SPLITS, TEST, TRAIN, VALIDATION, Index
from engine.spec.network import NetworkSpec
from gui.widgets.bars import number

BALANCED, UNEVEN = 1.5, 3.0  # times as many images in the largest class as in the smallest
FEW = 10  # training images: with fewer, a class is hardly learned
FEWEST = 3  # images: with fewer, a class cannot be in training, validation and test
MOST_NOTES = 5
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


def too_small(network: NetworkSpec, report: NetworkReport) -> Problem | None:
    """What stops the network at the present size of the images and would not with larger ones."""
    if not report.problems:
        return None
    channels, height, width = report.facts.shape
    larger = replace(report.facts, shape=(channels, max(height, PLENTY), max(width, PLENTY)))
    stays = {problem.node_id for problem in infer(network, larger).problems}
    return next((problem for problem in report.problems if problem.node_id not in stays), None)


@dataclass(frozen=True)
class HealthLine:
    """One true sentence about the data set.

    Attributes:
        kind: "good", "warning" or "info".
        shows: what a press on it lists: "failures", "notes", "copies", "leaks", "contradictions" or nothing.
        fixes: what a second press does: leaves out "copies", "leaks" or "contradictions", or "take_back"; or nothing.
    """

    kind: str
    text: str
    shows: str = ""
    fixes: str = ""


def health(
    index: Index, pictures: Pictures | None, copies: Copies | None = None, left_out: int = 0
) -> list[HealthLine]:
    """What is known of the data set so far; `pictures` are None until all were decoded, `copies` until all files were
    compared."""
    lines = _reading(index, pictures)
    lines += _copies(copies) if copies is not None else []
    if left_out:
        text = tr("{images} left out by you").format(images=images(left_out))
        lines.append(HealthLine("info", text, "left_out", "take_back"))
    lines += [HealthLine("warning", note) for note in index.notes[:MOST_NOTES]]
    more = len(index.notes) - MOST_NOTES
    if more > 0:
        lines.append(HealthLine("warning", tr("{count} more notes").format(count=number(more)), "notes"))
    counts = usable_counts(index, pictures)
    lines += _empty(index, counts)
    if len(index.classes) > 1:
        lines += _balance(counts) + _too_few(index, counts)
    return lines


def _reading(index: Index, pictures: Pictures | None) -> list[HealthLine]:
    if pictures is None:
        return [HealthLine("info", tr("{images} found").format(images=images(len(index))))]
    failed = len(pictures.failures)
    lines = [HealthLine("good", tr("{images} can be read").format(images=images(len(index) - failed)))]
    if failed == 1:
        lines.append(HealthLine("warning", tr("1 file cannot be read and is left out"), "failures"))
    elif failed:
        text = tr("{count} files cannot be read and are left out").format(count=number(failed))
        lines.append(HealthLine("warning", text, "failures"))
    return lines


def _copies(copies: Copies) -> list[HealthLine]:
    lines = []
    if copies.across_splits:
        text = tr("{images} stand in more than one of training, validation and test: the scores will look too good")
        one = tr("1 image stands in more than one of training, validation and test: the scores will look too good")
        count = len(copies.across_splits)
        lines.append(HealthLine("warning", one if count == 1 else text.format(images=images(count)), "leaks", "leaks"))
    if copies.across_classes:
        count = len(copies.across_classes)
        one = tr("1 image stands in two classes: one of them must be wrong")
        text = tr("{images} stand in more than one class: a label must be wrong")
        lines.append(
            HealthLine("warning", one if count == 1 else text.format(images=images(count)), *["contradictions"] * 2)
        )
    if not copies.groups:
        lines.append(HealthLine("good", tr("no image is there twice")))
    else:
        one, text = tr("1 file is an exact copy of another"), tr("{count} files are exact copies of others")
        said = one if copies.extra == 1 else text.format(count=number(copies.extra))
        lines.append(HealthLine("info", said, "copies", "copies"))
    return lines


def _empty(index: Index, counts: np.ndarray) -> list[HealthLine]:
    """The classes whose files are there but cannot be read."""
    empty = np.flatnonzero((counts.sum(axis=1) == 0) & (index.counts().sum(axis=1) > 0))
    if not len(empty):
        return []
    if len(empty) == 1:
        text = tr("“{name}” has no image that can be read").format(name=index.classes[empty[0]])
    else:
        text = tr("{count} classes have no image that can be read").format(count=number(len(empty)))
    return [HealthLine("warning", text)]


def _balance(counts: np.ndarray) -> list[HealthLine]:
    totals = counts.sum(axis=1)
    totals = totals[totals > 0]
    if len(totals) < 2:
        return []
    ratio = totals.max() / totals.min()
    said = QLocale().toString(float(ratio), "f", 1 if ratio < 10 else 0)
    if ratio <= BALANCED:
        return [HealthLine("good", tr("classes are balanced (1 : {ratio})").format(ratio=said))]
    text = tr("the largest class has {ratio} times as many images as the smallest").format(ratio=said)
    return [HealthLine("warning" if ratio >= UNEVEN else "info", text)]


def _too_few(index: Index, counts: np.ndarray) -> list[HealthLine]:
    totals, train = counts.sum(axis=1), counts[:, TRAIN]
    # Classes with few files have a note of the scan already; here are those that were found to have few images.
    noted = (index.counts().sum(axis=1) < FEWEST) & (not index.brings_splits)
    fewest = np.flatnonzero((totals > 0) & (totals < FEWEST) & ~noted)
    few = np.flatnonzero((totals >= FEWEST) & (train < FEW))
    lines = []
    if len(fewest) == 1:
        text = tr("“{name}” has only {images}: too few for training, validation and test")
        text = text.format(name=index.classes[fewest[0]], images=images(int(totals[fewest[0]])))
        lines.append(HealthLine("warning", text))
    elif len(fewest):
        text = tr("{count} classes have fewer than {few} images: too few for training, validation and test")
        lines.append(HealthLine("warning", text.format(count=number(len(fewest)), few=FEWEST)))
    if len(few) == 1:
        text = tr("“{name}” has only {images} to train with")
        text = text.format(name=index.classes[few[0]], images=images(int(train[few[0]])))
        lines.append(HealthLine("warning", text))
    elif len(few):
        text = tr("{count} classes have fewer than {few} images to train with")
        lines.append(HealthLine("warning", text.format(count=number(len(few)), few=FEW)))
    return lines


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
    """Which pictures the grid shows.

    Attributes:
        label: position in the classes, -1 for all.
        split: TRAIN, VALIDATION, TEST, or -1 for all.
        text: part of a file name, in any case.
    """

    label: int = -1
    split: int = -1
    text: str = ""


def chosen_numbers(index: Index, wanted: Wanted) -> np.ndarray:
    """The numbers of the pictures that are wanted, ascending.

    With a text it looks at every name: not for the GUI thread.
    """
    mask = np.ones(len(index), bool)
    if wanted.label >= 0:
        mask &= index.labels == wanted.label
    if wanted.split >= 0:
        mask &= index.splits == wanted.split
    numbers = np.flatnonzero(mask)
    if not wanted.text:
        return numbers
    text = wanted.text.casefold()
    names: Sequence[str] = index.paths[numbers].tolist()
    hits = [text in name.rpartition("/")[2].casefold() for name in names]
    return numbers[np.array(hits, bool)] if len(numbers) else numbers


def split_key(split: int) -> str:
    """The stable name of a split, "all" for none."""
    return SPLITS[split] if split >= 0 else "all"
