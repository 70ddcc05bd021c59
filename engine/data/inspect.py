"""What is in a data set, and what is wrong with it: every picture is opened once, small, and nothing is written."""

import os
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.data.copies import equal_files, judged
from engine.data.index import SPLITS, Index
from engine.data.load import load_index
from engine.data.parallel import in_order
from engine.data.pictures import picture_facts, read_array
from engine.data.scan import scan
from engine.errors import PictureError
from engine.jobs import JobControl, Progress
from engine.spec.data import DataSpec

_SIDE = 32  # pixels; JPEGs are decoded at an eighth then, and still to their last byte
_TINY = 16  # pixels of the shorter side, below which there is little to see
_FEW = 10  # pictures of a class
_UNEQUAL = 3  # times as many pictures in the largest class as in the smallest
_EVERY_S = 0.05
_AHEAD = 64


@dataclass(frozen=True, eq=False)
class Inspection:
    """What was found. Pictures are given by their numbers in the index.

    Attributes:
        unreadable: numbers, each with a sentence that says what is wrong.
        duplicates: groups of two or more pictures whose files are the same byte for byte.
        tiny: pictures of less than 16 pixels on the shorter side.
        warnings: sentences, the notes of the scan first.
    """

    index: Index
    unreadable: dict[int, str]
    duplicates: tuple[tuple[int, ...], ...]
    tiny: tuple[int, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict:
        """What `python -m engine inspect --json` prints: plain values, paths relative to the folder."""
        index = self.index
        counts = index.counts()
        return {
            "classes": dict(zip(index.classes, counts.sum(1).tolist(), strict=True)),
            "images": len(index),
            "unreadable": [
                {"path": str(index.paths[number]), "error": reason} for number, reason in self.unreadable.items()
            ],
            "duplicates": [[str(index.paths[number]) for number in group] for group in self.duplicates],
            "splits": dict(zip(SPLITS, counts.sum(0).tolist(), strict=True)),
            "brings_splits": index.brings_splits,
            "warnings": list(self.warnings),
        }


def inspect(
    what: Path | str | DataSpec, control: JobControl | None = None, workers: int | None = None
) -> Generator[Progress, None, Inspection]:
    """Look at every picture of a folder, or of the source of a specification.

    Raises:
        EngineError: there are no pictures to look at, see `engine.data.scan.scan`.
        Cancelled: `control` asked to stop.
    """
    control = control or JobControl()
    yield Progress(0, 0, "Listing images")
    index = load_index(what, control) if isinstance(what, DataSpec) else scan(Path(what), DataSpec(), control)
    unreadable: dict[int, str] = {}
    tiny: list[int] = []
    total, last = len(index), 0.0
    with ThreadPoolExecutor(workers or os.cpu_count() or 1, "inspect") as pool:

        def look(number: int) -> int | PictureError:
            return _look(index.path(number))

        for number, shorter in in_order(pool, look, range(total), control, _AHEAD):
            if isinstance(shorter, PictureError):
                unreadable[number] = f"{shorter.what} {shorter.why}".strip()
            elif shorter < _TINY:
                tiny.append(number)
            if time.monotonic() - last >= _EVERY_S:
                last = time.monotonic()
                yield Progress(number + 1, total, "Looking at images")
        yield Progress(total, total, "Comparing files")
        duplicates = equal_files(pool, index, unreadable, control)
    warnings = (*index.notes, *_warnings(index, unreadable, duplicates, tiny))
    return Inspection(index, unreadable, duplicates, tuple(tiny), warnings)


def _look(path: Path) -> int | PictureError:
    """The shorter side in pixels, or what is wrong with the picture."""
    try:
        facts = picture_facts(path)
        read_array(path, _SIDE, _SIDE, "grey", "squeeze")
    except PictureError as error:
        return error
    return min(facts.width, facts.height)


def _warnings(
    index: Index, unreadable: dict[int, str], duplicates: tuple[tuple[int, ...], ...], tiny: list[int]
) -> list[str]:
    found = []
    good = np.ones(len(index), bool)
    good[list(unreadable)] = False
    counts = np.bincount(index.labels[good], minlength=len(index.classes))
    if unreadable:
        found.append(f"{_images(len(unreadable))} cannot be read and will be left out.")
    for name, count, listed in zip(index.classes, counts, index.counts().sum(1), strict=True):
        if listed and not count:
            found.append(f"None of the images of the class “{name}” can be read.")
        elif 0 < count < _FEW:
            found.append(f"The class “{name}” has only {_images(count)}; 50 or more usually learn far better.")
    present = counts[counts > 0]
    if len(present) > 1 and present.max() > _UNEQUAL * present.min():
        most, least = index.classes[counts.argmax()], index.classes[np.where(counts > 0, counts, counts.max()).argmin()]
        found.append(
            f"The classes are uneven: “{most}” has {present.max()} images, “{least}” {present.min()}. "
            "The network will lean towards the larger one."
        )
    found += _duplicate_warnings(index, duplicates)
    if tiny:
        found.append(f"{_images(len(tiny))} of less than {_TINY} pixels a side show little.")
    return found


def _duplicate_warnings(index: Index, duplicates: tuple[tuple[int, ...], ...]) -> list[str]:
    found = []
    extra = sum(len(group) - 1 for group in duplicates)
    if extra:
        found.append(f"{_images(extra)} {'are exact copies' if extra > 1 else 'is an exact copy'} of another.")
    copies = judged(index, duplicates)
    across = copies.across_classes
    if across:
        first, second = (str(index.paths[number]) for number in _of_two(across[0], index.labels))
        others = f" ({len(across) - 1} more like this)" if len(across) > 1 else ""
        found.append(f"“{first}” and “{second}” are the same image in two classes{others}: one of them must be wrong.")
    leaks = len(copies.across_splits)
    if leaks:
        found.append(
            f"{_images(leaks)} {'appear' if leaks > 1 else 'appears'} in more than one of training, validation and "
            "test: the scores will look better than they are."
        )
    return found


def _of_two(group: tuple[int, ...], labels: np.ndarray) -> tuple[int, int]:
    """The first picture of a group, and the first of another class."""
    return group[0], next(number for number in group if labels[number] != labels[group[0]])


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"
