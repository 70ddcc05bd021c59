"""What a table or names of files would give as a data set: looked at off the GUI thread, before anything is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from engine.data.csv_labels import NO_COLUMN, Columns, TableHead, locate, read_head, read_table
from engine.data.file_names import MOST_CLASSES, NamedFile, apply_pattern, list_files, suggest_patterns
from engine.data.index import TRAIN
from engine.data.scan import SPLIT_NAMES, natural_key
from engine.errors import EngineError
from engine.jobs import JobControl
from gui.pages.data.facts import images, tr
from gui.widgets.bars import number

EXAMPLES = 8
"""Images that are shown of one class, and of all."""

_CHECK_EVERY = 200  # files between two looks at the control
_LINES = 50  # of a table, or names of files, that are shown


@dataclass(frozen=True)
class Note:
    """One true sentence; `kind` is "good", "info" or "warning"."""

    kind: str
    text: str


@dataclass(frozen=True, eq=False)
class Look:
    """What would come of it.

    Attributes:
        rows: cells of the lines to show.
        classes, counts: in natural order; counts is (classes, 3) by what the images are for.
        examples: some images of each class, in the order of `classes`.
        lines: what is to be said about it.
        usable: how many images the data set would have.
    """

    rows: tuple[tuple[str, ...], ...] = ()
    classes: tuple[str, ...] = ()
    counts: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    examples: tuple[tuple[Path, ...], ...] = ()
    lines: tuple[Note, ...] = ()
    usable: int = 0

    def of_all(self) -> list[tuple[Path, str]]:
        """A few images of different classes, each with its class."""
        turns = (
            (paths[turn], name)
            for turn in range(EXAMPLES)
            for paths, name in zip(self.examples, self.classes, strict=True)
            if turn < len(paths)
        )
        return list(islice(turns, EXAMPLES))

    def of_class(self, label: int) -> list[tuple[Path, str]]:
        """A few images of one class."""
        return [(path, self.classes[label]) for path in self.examples[label]]


@dataclass(frozen=True, eq=False)
class TableLook(Look):
    """A table, with the columns that are used."""

    head: TableHead | None = None
    columns: Columns | None = None


@dataclass(frozen=True, eq=False)
class NamesLook(Look):
    """Names of files, with the pattern that was applied and others that fit; `rows` are (name, class or "")."""

    files: tuple[NamedFile, ...] = ()
    pattern: str = ""
    suggested: tuple[str, ...] = ()


# ---- a table


def look_at_table(path: Path, columns: Columns | None, control: JobControl) -> TableLook:
    """What `path` gives with these columns; None: with those that are found.

    Raises:
        EngineError: it is no table.
        Cancelled: `control` asked to stop.
    """
    head = read_head(path, _LINES)
    used = columns or head.usual
    look = TableLook(rows=head.first, head=head, columns=used)
    if used.file == used.label:
        text = tr("File and class cannot be the same column.")
        return replace(look, lines=(Note("warning", text),))
    control.checkpoint()
    rows = read_table(path, *named_columns(head, used))
    found: list[tuple[Path, str, str]] = []
    missing: list[str] = []
    for done, (row, place) in enumerate(locate(path, rows)):
        if done % _CHECK_EVERY == 0:
            control.checkpoint()
        if place is None:
            missing.append(row.file)
        else:
            found.append((place, row.label, row.split))
    lines = [*_found_lines(len(found), missing), *_split_lines({row.split for row in rows}, used)]
    return _with_images(look, found, lines)


def named_columns(head: TableHead, columns: Columns) -> tuple[str, str, str]:
    """The names of file, class and split columns, as the source of a table takes them."""
    split = NO_COLUMN if columns.split is None else head.columns[columns.split]
    return head.columns[columns.file], head.columns[columns.label], split


def _found_lines(found: int, missing: Sequence[str]) -> list[Note]:
    if not found and not missing:
        return [Note("warning", tr("There are no rows with a file and a class."))]
    if not found:
        text = tr("None of the {count} files is there: another column may name them. The first one is “{name}”.")
        return [Note("warning", text.format(count=number(len(missing)), name=missing[0][:80]))]
    rows = found + len(missing)
    if not missing:
        return [Note("good", tr("{count} of {count} rows name an image that is there").format(count=number(rows)))]
    said = tr("{found} of {rows} rows name an image that is there")
    one, many = tr("1 file is not there: “{name}”"), tr("{count} files are not there, such as “{name}”")
    text = (one if len(missing) == 1 else many).format(count=number(len(missing)), name=missing[0][:80])
    return [
        Note("info", said.format(found=number(found), rows=number(rows))),
        Note("warning", text),
    ]


def _split_lines(said: Iterable[str], columns: Columns) -> list[Note]:
    odd = sorted({word for word in said if word not in SPLIT_NAMES})
    if columns.split is None or not odd:
        return []
    if not any(word in SPLIT_NAMES for word in said):
        text = tr(
            "The column for the split says neither train, validation nor test; it says “{word}”. It is passed over."
        )
    else:
        text = tr("In the column for the split, “{word}” is neither train, validation nor test; it counts as train.")
    return [Note("warning", text.format(word=odd[0][:40]))]


# ---- names


def look_at_names(
    folder: Path, files: tuple[NamedFile, ...] | None, pattern: str | None, control: JobControl
) -> NamesLook:
    """What the names in `folder` give with this pattern; None: with the likeliest.

    Args:
        files: what an earlier look listed; None lists them.
    Raises:
        EngineError: the folder or the pattern cannot be used.
        Cancelled: `control` asked to stop.
    """
    files = tuple(list_files(folder, control)) if files is None else files
    suggested = tuple(suggest_patterns([file.name for file in files]))
    if pattern is None:
        pattern = suggested[0] if suggested else "{class}_{number}"
    look = NamesLook(files=files, pattern=pattern, suggested=suggested)
    try:
        classes = apply_pattern((file.name for file in files), pattern)
    except EngineError as error:
        shown = _mixed((file, None) for file in files)
        return replace(look, rows=shown, lines=(Note("warning", f"{error.why} {error.fix}"),))
    control.checkpoint()
    pairs = list(zip(files, classes, strict=True))
    found = [(folder / file.path, name, file.split) for file, name in pairs if name is not None]
    left = [file.name for file, name in pairs if name is None]
    return _with_images(replace(look, rows=_mixed(pairs)), found, _matched_lines(len(found), left))


def _mixed(pairs: Iterable[tuple[NamedFile, str | None]]) -> tuple[tuple[str, str], ...]:
    """(name, class or "") of some of them, the classes taking turns; first what fits no class."""
    of_class: dict[str, list[str]] = {"": []}
    for file, name in pairs:
        listed = of_class.setdefault(name or "", [])
        if len(listed) < _LINES:
            listed.append(file.name)
    turns = ((names[turn], label) for turn in range(_LINES) for label, names in of_class.items() if turn < len(names))
    return tuple(islice(turns, _LINES))


def _matched_lines(found: int, left: Sequence[str]) -> list[Note]:
    if not found and not left:
        return [Note("warning", tr("There are no images in this folder."))]
    if not left:
        return [Note("good", tr("The pattern fits all {count} names").format(count=number(found)))]
    if not found:
        text = tr("The pattern fits none of the {count} names; one is “{name}”.")
        return [Note("warning", text.format(count=number(len(left)), name=left[0][:80]))]
    one, many = tr("1 name does not fit and is left out: “{name}”"), tr("{count} do not and are left out: “{name}”, …")
    text = (one if len(left) == 1 else many).format(count=number(len(left)), name=left[0][:80])
    said = tr("The pattern fits {found} of {count} names")
    return [
        Note("info", said.format(found=number(found), count=number(found + len(left)))),
        Note("warning", text),
    ]


# ---- both


def _with_images(look: Look, found: Sequence[tuple[Path, str, str]], lines: list[Note]) -> Look:
    """`look` with what (file, class, split) come to."""
    classes = tuple(sorted({name for _, name, _ in found}, key=natural_key))
    place_of = {name: place for place, name in enumerate(classes)}
    counts = np.zeros((len(classes), 3), np.int64)
    examples: list[list[Path]] = [[] for _ in classes]
    for path, name, split in found:
        place = place_of[name]
        counts[place, SPLIT_NAMES.get(split, TRAIN)] += 1
        if len(examples[place]) < EXAMPLES:
            examples[place].append(path)
    lines = [*lines, *_class_lines(counts)]
    return replace(
        look,
        classes=classes,
        counts=counts,
        examples=tuple(map(tuple, examples)),
        lines=tuple(lines),
        usable=len(found),
    )


def _class_lines(counts: np.ndarray) -> list[Note]:
    total = counts.sum(axis=1)
    if not len(total):
        return []
    if len(total) == 1:
        return [Note("warning", tr("There is only one class; a network needs at least two to tell apart."))]
    lines = []
    alone = int((total == 1).sum())
    if len(total) > MOST_CLASSES or alone > len(total) / 2:
        text = tr("{count} classes for {images}: something else may stand there than a class.")
        said = text.format(count=number(len(total)), images=images(int(total.sum())))
        lines.append(Note("warning", said))
    elif alone:
        one, many = tr("1 class has only one image"), tr("{count} classes have only one image")
        lines.append(Note("warning", one if alone == 1 else many.format(count=number(alone))))
    if counts[:, 1:].any() and not counts[:, TRAIN].any():
        lines.append(Note("warning", tr("No image is for training.")))
    return lines
