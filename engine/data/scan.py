"""From a folder to an `Index`, by listing alone: no picture is opened here."""

import os
import re
import unicodedata
from array import array
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from engine.data.edits import relabelled, stands_for, without
from engine.data.formats import looks_like_picture
from engine.data.index import PATH_TYPE, SPLIT_NAMES, SPLITS, TEST, TRAIN, VALIDATION, Index
from engine.data.split import divide
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.spec.data import DataSpec

_ONE_FOLDER_EACH = "Make one sub-folder per class, named like the class, and put its images there."
_CHECK_EVERY = 1000  # files between two looks at the control
_FEW = 3  # fewer pictures than this cannot be divided into training, validation and test


def scan(folder: Path, data: DataSpec, control: JobControl | None = None) -> Index:
    """List the pictures of `folder`: one sub-folder per class, deeper folders belong to their class.

    Folders called train, val or test (see `SPLIT_NAMES`) above the class folders are obeyed exactly; otherwise the
    pictures are divided by `data`. Names in `data.classes` keep their place, whether or not the folder still has them;
    new ones come after, in natural order. Hidden things are ignored.

    Raises:
        EngineError: there is no such folder, or it holds no pictures in class folders.
        Cancelled: `control` asked to stop.
    """
    folder = Path(folder).absolute()
    folders = (*data.classes, *data.edits.class_names)
    known = {unicodedata.normalize("NFC", name): name for name in folders}
    walk = _Walk(folder, control or JobControl(), known)
    top, has_split_folders = _layout(walk, folders)
    for split, place in top:
        walk.take_classes(place, split)
    if not walk.paths:
        raise _nothing_found(walk)
    splits = set(walk.splits)
    if has_split_folders and TRAIN not in splits:
        raise _nothing_to_train_with(walk, "The folder for training holds no images in class folders.")
    depth = len(_join(top[0][1], "class").split("/"))
    return _index(walk, data, splits if len(splits) > 1 else set(), depth)


def class_places(folder: Path, classes: Collection[str] = ()) -> dict[int, Path]:
    """The folders below `folder` that hold the class folders, by split; one, for training, where it brings no splits.

    Args:
        classes: names that are known to be classes, as in `DataSpec.classes`.
    Raises:
        EngineError: the folder is not there, or cannot be opened.
    """
    walk = _Walk(Path(folder).absolute(), JobControl(), {})
    places: dict[int, Path] = {}
    for split, place in _layout(walk, classes)[0]:
        places.setdefault(split, walk.root / place)
    return places


def natural_key(name: str) -> tuple:
    """Sort key: capitals do not matter, and numbers count as numbers ("2" before "10")."""
    parts = re.split(r"(\d+)", name.casefold())
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], name


@dataclass
class _Listing:
    """What lies directly in one folder, in columns: a class may be one folder of a million files."""

    folders: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    sizes: array = field(default_factory=lambda: array("q"))  # bytes
    modified: array = field(default_factory=lambda: array("q"))  # nanoseconds


@dataclass
class _Walk:
    """Everything found so far; paths are relative to `root`, with "/" between the parts."""

    root: Path
    control: JobControl
    names: dict[str, str]  # class names by their composed form: some disks of Apple computers decompose "ä"
    paths: list[str] = field(default_factory=list)
    labels: array = field(default_factory=lambda: array("i"))  # in the order of `found`
    splits: array = field(default_factory=lambda: array("b"))
    sizes: array = field(default_factory=lambda: array("q"))
    modified: array = field(default_factory=lambda: array("q"))
    found: dict[str, int] = field(default_factory=dict)  # class names, in the order of discovery
    empty: dict[str, None] = field(default_factory=dict)  # names of class folders in which nothing was found
    stray: int = 0  # pictures beside class folders
    notes: list[str] = field(default_factory=list)

    def listing(self, place: str) -> _Listing:
        """What lies in the folder `place`; what cannot be listed is noted and counts as empty."""
        listing = _Listing()
        try:
            with os.scandir(self.root / place) as entries:
                for number, entry in enumerate(entries, 1):
                    if number % _CHECK_EVERY == 0:
                        self.control.checkpoint()
                    self._sort_in(entry, place, listing)
        except OSError as error:
            if not place:
                raise
            self.notes.append(f"The folder “{place}” cannot be opened and was left out: {_reason(error)}.")
        listing.folders.sort()
        return listing

    def _sort_in(self, entry: os.DirEntry, place: str, listing: _Listing) -> None:
        name = entry.name
        if name.startswith(".") or name.lower() == "__macosx":
            return
        if not _is_text(name):
            # Such a name cannot be stored in a project or shown, and no other program agrees on what it means.
            self.notes.append(f"“{_join(place, _readable(name))}” was left out: its name is not valid Unicode.")
            return
        try:
            if entry.is_dir():
                listing.folders.append(name)
            elif not looks_like_picture(name):
                return
            elif entry.is_file():
                facts = entry.stat()
                listing.pictures.append(name)
                listing.sizes.append(facts.st_size)
                listing.modified.append(facts.st_mtime_ns)
            elif entry.is_symlink():
                self.notes.append(f"“{_join(place, name)}” was left out: it is a link to nothing.")
        except OSError as error:
            self.notes.append(f"“{_join(place, name)}” was left out: {_reason(error)}.")

    def take_classes(self, place: str, split: int) -> None:
        """Take every sub-folder of `place` as a class, with all that is below it."""
        here = self.listing(place)
        self.stray += len(here.pictures)
        for folder in here.folders:
            before = len(self.paths)
            name = self.names.setdefault(unicodedata.normalize("NFC", folder), folder)
            self._take_below(_join(place, folder), self.found.setdefault(name, len(self.found)), split)
            if len(self.paths) == before:
                self.empty[name] = None
        for name in [name for name in self.empty if name in self.found]:
            if self.found[name] in self.labels:  # empty in one split only
                del self.empty[name]

    def _take_below(self, class_folder: str, label: int, split: int) -> None:
        # A link may lead back up or to a sibling; every real folder counts once per class, so the walk ends.
        seen = {_identity(self.root / part) for part in _above(class_folder)}
        waiting = [class_folder]
        while waiting:
            self.control.checkpoint()
            place = waiting.pop()
            identity = _identity(self.root / place)
            if identity in seen and identity is not None:
                self.notes.append(f"The folder “{place}” was left out: it is a link to a folder that is there already.")
                continue
            seen.add(identity)
            here = self.listing(place)
            waiting += [_join(place, name) for name in reversed(here.folders)]
            count = len(here.pictures)
            self.paths += [_join(place, name) for name in here.pictures]
            self.labels += array("i", [label]) * count
            self.splits += array("b", [split]) * count
            self.sizes += here.sizes
            self.modified += here.modified


def _layout(walk: _Walk, known: Collection[str]) -> tuple[list[tuple[int, str]], bool]:
    """The folders that hold class folders, each with its split, and whether their names say so."""
    place, here = _unwrapped(walk, _list_root(walk), known)
    named = [(SPLIT_NAMES[name.lower()], name) for name in here.folders if name.lower() in SPLIT_NAMES]
    others = [name for name in here.folders if name.lower() not in SPLIT_NAMES]
    deep = [(split, name) for split, name in named if walk.listing(_join(place, name)).folders]
    if deep and not others and all(split != TRAIN for split, _ in named):
        raise _nothing_to_train_with(walk, f"There is only a folder “{deep[0][1]}”, and none for training.")
    # A class may well be called “train”: one that lies among other classes is meant, unless it and another such folder
    # hold class folders themselves.
    certain = {split for split, _ in (deep if others else named)}
    alone = not others and len(named) == len(deep) == 1
    if TRAIN not in certain or (len(certain) < 2 and not alone):
        return [(TRAIN, place)], False
    walk.stray += len(here.pictures)
    if others:
        listed = ", ".join(f"“{name}”" for name in others[:5])
        walk.notes.append(f"Beside the folders for training and testing, {listed} and what is in there were left out.")
    return [(split, _join(place, name)) for split, name in named], True


def _unwrapped(walk: _Walk, root: _Listing, known: Collection[str]) -> tuple[str, _Listing]:
    """The folder that holds the class folders: the root, or what lies in it where an archive has wrapped everything.

    A single folder that holds nothing but folders is such a wrapper: as the only class it could not be trained anyway.
    """
    place, here = "", root
    for _ in range(4):
        alone = len(here.folders) == 1 and not here.pictures
        if not alone or here.folders[0].lower() in SPLIT_NAMES or here.folders[0] in known:
            break
        place = _join(place, here.folders[0])
        here = walk.listing(place)
    holds_classes = len(here.folders) > 1 or any(name.lower() in SPLIT_NAMES for name in here.folders)
    if not place or here.pictures or not holds_classes:
        return "", root
    walk.notes.append(f"The classes were found further down, in “{place}”.")
    return place, here


def _list_root(walk: _Walk) -> _Listing:
    """Raises: EngineError that says what is wrong with the folder as a whole."""
    try:
        return walk.listing("")
    except FileNotFoundError as error:
        raise EngineError(
            f"The folder “{walk.root}” is not there.",
            why="It was moved, renamed or deleted, or its disk is not connected.",
            fix="Choose the folder again.",
        ) from error
    except NotADirectoryError as error:
        raise EngineError(
            f"“{walk.root}” is a file.", why="A folder of images is needed.", fix="Choose the folder around it."
        ) from error
    except OSError as error:
        raise EngineError(
            f"The folder “{walk.root}” cannot be opened.",
            why=f"The system says: {_reason(error)}.",
            fix="Change its permissions, or choose a folder of your own.",
        ) from error


def _nothing_to_train_with(walk: _Walk, why: str) -> EngineError:
    return EngineError(
        f"“{walk.root.name}” has no images to train with.",
        why=why,
        fix="Add a folder “train” with one sub-folder per class, or choose the folder that holds the class folders.",
    )


def _nothing_found(walk: _Walk) -> EngineError:
    name = walk.root.name or str(walk.root)
    if walk.stray:
        return EngineError(
            f"The {walk.stray} images in “{name}” are not sorted into classes.",
            why="They lie side by side, without class folders.",
            fix=_ONE_FOLDER_EACH,
        )
    why = walk.notes[0] if walk.notes else "There is nothing in it, or nothing that is an image."
    return EngineError(f"There are no images in “{name}”.", why=why, fix=_ONE_FOLDER_EACH)


def _index(walk: _Walk, data: DataSpec, brought: set[int], depth: int) -> Index:
    # Empty class folders give no class: an output that nothing ever teaches only takes probability from the others.
    filled = {folder: stands_for(data.edits, folder) for folder in walk.found if folder not in walk.empty}
    new = {name for name in filled.values() if name and name not in data.classes}
    classes = (*data.classes, *sorted(new, key=natural_key))
    order = np.array(sorted(range(len(walk.paths)), key=walk.paths.__getitem__), np.int64)
    paths = list(map(walk.paths.__getitem__, order.tolist()))
    position = {name: place for place, name in enumerate(classes)}
    folders = np.array(walk.labels, np.int32)[order]
    labels_of = np.array([position.get(filled.get(folder, ""), -1) for folder in walk.found], np.int32)
    labels = relabelled(paths, labels_of[folders], data.edits, position)
    prescribed = np.array(walk.splits, np.int8)[order]
    # By folders, not by classes: whatever is renamed, merged or moved by hand, every image keeps its split.
    splits, notes = divide(paths, folders, data, prescribed if brought else None, brought, depth)
    index = Index(
        root=walk.root,
        classes=classes,
        paths=np.array(paths, PATH_TYPE),
        labels=labels,
        splits=splits,
        sizes=np.array(walk.sizes, np.int64)[order],
        modified=np.array(walk.modified, np.int64)[order],
        brings_splits=bool(brought),
    )
    if (labels < 0).any():  # else a million paths would be copied for nothing
        index = index.taken(labels >= 0)
    # A folder may have been listed twice, to find the layout and then the pictures; each note is for once.
    notes = tuple(dict.fromkeys([*walk.notes, *notes, *_class_notes(walk, index)]))
    return replace(without(index, data.edits.left_out), notes=notes)


def _class_notes(walk: _Walk, index: Index) -> list[str]:
    notes = []
    if walk.stray:
        them = "1 image lies" if walk.stray == 1 else f"{walk.stray} images lie"
        notes.append(f"{them} beside the class folders and cannot be used without a class.")
    notes += [f"The class folder “{name}” holds no images." for name in sorted(walk.empty, key=natural_key)]
    counts = index.counts()
    for name, row in zip(index.classes, counts, strict=True):
        if row.sum() == 0 and name not in walk.empty:
            notes.append(f"The class “{name}” has no folder any more; its output is kept.")
        elif 0 < row.sum() < _FEW and not index.brings_splits:
            number = {1: "1 image", 2: "2 images"}[int(row.sum())]
            notes.append(f"The class “{name}” has only {number}; that is too few to divide.")
        elif index.brings_splits and row.sum() and row[TRAIN] == 0:
            has = next(SPLITS[split] for split in (TEST, VALIDATION) if row[split])
            notes.append(f"The class “{name}” has images for {has} but none to train with.")
    if (counts.sum(1) > 0).sum() == 1:
        notes.append("There is only one class; a network needs at least two to tell apart.")
    return notes


def _join(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name


def _above(place: str) -> list[str]:
    """The folders around `place`, the root ("") included, `place` not."""
    parts = place.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts))]


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder this really is, whatever link led here; None when it cannot be told."""
    try:
        facts = os.stat(folder)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8, smuggled through by Python as lone surrogates
        return False
    return True


def _readable(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
