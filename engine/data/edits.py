"""Edits of a data set that live in the project: images left out or moved, classes renamed, merged or hidden.

Each edit takes a `DataSpec` and gives a new one, so that undo is the old one again. No file is ever touched, and no
edit moves another image from one split to another.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.data.index import Index
from engine.errors import EngineError
from engine.spec.data import DataEdits, DataSpec

LONGEST_NAME = 120
"""Characters of a class name."""


def leave_out(data: DataSpec, paths: Iterable[str]) -> DataSpec:
    """Neither train with these images nor test on them."""
    return _with(data, left_out=tuple(dict.fromkeys((*data.edits.left_out, *paths))))


def take_back(data: DataSpec, paths: Collection[str] | None = None) -> DataSpec:
    """Use images again that were left out; None: all of them."""
    wanted = set(data.edits.left_out if paths is None else paths)
    return _with(data, left_out=tuple(path for path in data.edits.left_out if path not in wanted))


def move(data: DataSpec, paths: Iterable[str], name: str) -> DataSpec:
    """Give images another class; a name that is not there yet becomes a new class, after the others.

    Raises: EngineError: this cannot be the name of a class.
    """
    name = checked_name(name)
    moved = _with(data, moved={**data.edits.moved, **dict.fromkeys(paths, name)})
    return moved if name in data.classes else replace(moved, classes=(*data.classes, name))


def move_home(data: DataSpec, paths: Collection[str] | None = None) -> DataSpec:
    """Give moved images the class of their folder again; None: all of them."""
    wanted = set(data.edits.moved if paths is None else paths)
    return _with(data, moved={path: name for path, name in data.edits.moved.items() if path not in wanted})


def rename_class(data: DataSpec, name: str, new: str) -> DataSpec:
    """Call a class something else; where that class is there already, the two become one.

    Raises: EngineError: there is no such class, or this cannot be the name of one.
    """
    new = checked_name(new)
    _must_be_there(data, name)
    if new == name:
        return data
    renamed = _renamed(data, name, new)
    if new in data.classes:
        return replace(renamed, classes=tuple(other for other in data.classes if other != name))
    return replace(renamed, classes=tuple(new if other == name else other for other in data.classes))


def hide_class(data: DataSpec, name: str) -> DataSpec:
    """Use none of the images of a class, and give the network no output for it.

    Raises: EngineError: there is no such class, or it is the last one.
    """
    _must_be_there(data, name)
    if len(data.classes) == 1:
        raise EngineError(f"“{name}” is the only class.", why="Without it nothing is left.", fix="Choose other images.")
    return replace(_renamed(data, name, ""), classes=tuple(other for other in data.classes if other != name))


def show_hidden(data: DataSpec) -> DataSpec:
    """Use the classes again that were hidden, each under the name of its folder."""
    names = {folder: name for folder, name in data.edits.class_names.items() if name}
    moved = {path: name for path, name in data.edits.moved.items() if name}
    return _with(data, class_names=names, moved=moved)


def hidden_classes(data: DataSpec) -> tuple[str, ...]:
    """The class folders of which nothing is used."""
    return tuple(folder for folder, name in data.edits.class_names.items() if not name)


def keep_together(data: DataSpec, groups: Iterable[Sequence[str]]) -> DataSpec:
    """Never divide these groups of paths between training, validation and test; groups that overlap become one."""
    return _with(data, together=_joined((*data.edits.together, *groups)))


def checked_name(name: str) -> str:
    """A class name without spaces around it. Raises: EngineError: it cannot be one."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or any(ord(letter) < 32 for letter in name):
        why = "It is empty." if not name else "It is too long or holds characters that cannot be shown."
        raise EngineError("This cannot be the name of a class.", why=why, fix="Choose a short word, such as “muffin”.")
    return name


def _with(data: DataSpec, **changes: object) -> DataSpec:
    return replace(data, edits=replace(data.edits, **changes))


def _must_be_there(data: DataSpec, name: str) -> None:
    if name not in data.classes:
        raise EngineError(f"There is no class “{name}”.", why="It was renamed or hidden.", fix="Choose another class.")


def _renamed(data: DataSpec, name: str, new: str) -> DataSpec:
    """With everything that stood for the class `name` standing for `new`; `data.classes` stays as it was.

    Where classes were merged, the folder that gave the name is written down as standing for itself: so it is known,
    without a look at the disk, whether a class has folders of other names only.
    """
    before = data.edits.class_names
    folders = {folder: new if stood == name else stood for folder, stood in before.items()}
    if name not in before.values() and name not in before:
        folders[name] = new
    if new in data.classes and new not in before.values():
        folders.setdefault(new, new)
    shared = Counter(folders.values())
    names = {folder: stands for folder, stands in folders.items() if folder != stands or shared[stands] > 1}
    moved = {path: new if stood == name else stood for path, stood in data.edits.moved.items()}
    return _with(data, class_names=names, moved=moved)


def _joined(groups: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    leader: dict[str, str] = {}

    def first(path: str) -> str:
        while leader.setdefault(path, path) != path:
            leader[path] = leader[leader[path]]
            path = leader[path]
        return path

    for group in groups:
        for path in group[1:]:
            one, other = sorted((first(group[0]), first(path)))
            leader[other] = one
    found: dict[str, list[str]] = {}
    for path in sorted(leader):
        found.setdefault(first(path), []).append(path)
    return tuple(tuple(paths) for paths in found.values() if len(paths) > 1)


# --- what an index makes of them --------------------------------------------------------------------------------------


def stands_for(edits: DataEdits, folder: str) -> str:
    """The class that a class folder stands for; empty: it is hidden."""
    return edits.class_names.get(folder, folder)


def relabelled(paths: Sequence[str], labels: np.ndarray, edits: DataEdits, position: Mapping[str, int]) -> np.ndarray:
    """`labels`, (N,) int32 with -1 for hidden, after images were moved to other classes.

    Args:
        position: where each class stands; a class that is not there hides what was moved to it.
    """
    if not edits.moved:
        return labels
    changed = labels.copy()
    for number, path in enumerate(paths):
        name = edits.moved.get(path)
        if name is not None:
            changed[number] = position.get(name, -1)
    return changed


def without(index: Index, left_out: Collection[str]) -> Index:
    """The index without the images of these paths. The others keep their splits: what is left out moves nothing."""
    if not left_out:
        return index
    gone = set(left_out)
    mask = np.fromiter((str(path) not in gone for path in index.paths), bool, len(index))
    return index.taken(mask)
