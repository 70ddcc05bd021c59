"""A table that says which class each file belongs to, as a folder of links with one sub-folder per class."""

import csv
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from engine.data.formats import looks_like_picture, picture_suffixes
from engine.data.scan import SPLIT_NAMES
from engine.data.whole_folder import write_notes
from engine.errors import EngineError

Tell = Callable[[int, int], None]

SUFFIXES = (".csv", ".tsv")
LARGEST = 512 * 2**20
"""Bytes; ten million rows."""

NO_COLUMN = "–"
"""In place of a heading: the table has a column that is called like this one, and it is not to be used."""

_FILE = ("file", "filename", "file_name", "image", "image_name", "img", "path", "filepath", "image_path", "id", "name")
_LABEL = ("label", "class", "category", "target", "class_name", "label_name", "species", "breed", "y")
_SPLIT = ("split", "set", "subset", "fold", "partition", "usage")
_USUAL = frozenset(_FILE + _LABEL + _SPLIT)
_MOST_FOLDERS = 50  # folders beside a table in which its files are looked for
_TRIED = 200  # rows that decide about these folders


@dataclass(frozen=True)
class Row:
    """One image: its path as written, its class, and what it is for ("" where the table does not say)."""

    file: str
    label: str
    split: str


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are used, by their places; no split column: None."""

    file: int
    label: int
    split: int | None


@dataclass(frozen=True)
class TableHead:
    """How a table begins.

    Attributes:
        columns: headings, "column 1" and so on where there are none; no two are equal.
        first: cells of the first lines below the heading.
        usual: the columns that `read_table` takes by itself.
    """

    columns: tuple[str, ...]
    has_heading: bool
    first: tuple[tuple[str, ...], ...]
    usual: Columns


def is_table(path: Path) -> bool:
    """Whether a file begins with a line of at least two columns."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return len(_cells(file.readline(10_000))) >= 2
    except (OSError, UnicodeDecodeError, csv.Error):
        return False


def _cells(line: str) -> list[str]:
    return next(csv.reader([line], delimiter=_delimiter(line)), [])


def _delimiter(line: str) -> str:
    return max(",;\t|", key=line.count)


def read_head(path: Path, lines: int = 20) -> TableHead:
    """The beginning of a table, to choose its columns by.

    Raises: EngineError, where it cannot be read or has fewer than two columns.
    """
    with _opened(path) as (columns, has_heading, rest):
        first = tuple(tuple(cells) for cells in islice(rest, lines))
        return TableHead(columns, has_heading, first, _columns(path, columns, has_heading, first))


def read_table(path: Path, file_column: str = "", label_column: str = "", split_column: str = "") -> list[Row]:
    """The rows of a table, with or without a heading.

    Args:
        file_column, label_column, split_column: headings, "column 1" and so on where there are none; empty ones are
            found by their usual names, else the first column is taken for the file and the second for the class;
            `NO_COLUMN` as `split_column` reads none.
    Raises:
        EngineError: it cannot be read, has no such column, or no rows.
    """
    with _opened(path) as (columns, has_heading, rest):
        first = list(islice(rest, 1))
        places = _columns(path, columns, has_heading, first, file_column, label_column, split_column)
        return [row for lines in (first, rest) for cells in lines if (row := _row(cells, places)) is not None]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[tuple[str, ...], bool, Iterator[list[str]]]]:
    """Headings, whether they stand in the file, and an iterator over the lines below them."""
    try:
        if path.stat().st_size > LARGEST:
            raise _refused(path, "It is far too large for a table of files.")
        with open(path, encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.readline(100_000))
            file.seek(0)
            lines = csv.reader(file, delimiter=delimiter)
            head = [cell.strip() for cell in next(lines, [])]
            if len(head) < 2:
                raise _refused(path, "It has fewer than two columns.")
            has_heading = _is_heading(path.parent, head)
            if not has_heading:
                file.seek(0)
                lines = csv.reader(file, delimiter=delimiter)
            yield _distinct(head if has_heading else [""] * len(head)), has_heading, lines
    except FileNotFoundError as error:
        raise EngineError(
            f"“{path.name}” is not there.", why="It was moved, renamed or deleted.", fix="Choose it again."
        ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _refused(path, f"It cannot be read as a table: {error}.") from error


def _is_heading(folder: Path, cells: Sequence[str]) -> bool:
    """Whether the first line of a table names its columns: it does unless it is about an image itself."""
    if any(_names_picture(cell) for cell in cells):
        return False
    return any(cell.casefold() in _USUAL for cell in cells) or not any(_found([folder], cell) for cell in cells if cell)


def _names_picture(cell: str) -> bool:
    return os.path.splitext(cell.strip())[1].lower() in picture_suffixes()


def _distinct(head: Sequence[str]) -> tuple[str, ...]:
    """A name for every column, no name twice."""
    names: list[str] = []
    for place, heading in enumerate(head, start=1):
        name = heading or f"column {place}"
        names.append(f"{name} (column {place})" if name.casefold() in (each.casefold() for each in names) else name)
    return tuple(names)


def _columns(
    path: Path, head: Sequence[str], has_heading: bool, first: Sequence[Sequence[str]], *wanted: str
) -> Columns:
    names = [cell.casefold() for cell in head]
    usual = _by_heading(names) if has_heading else _by_content(path.parent, first[0] if first else ())
    places: list[int | None] = []
    for given, place in zip(wanted or ("", "", ""), usual, strict=True):
        if given == NO_COLUMN:
            places.append(None)
        elif given and given.casefold() not in names:
            raise _refused(path, f"It has no column “{given}”, only {', '.join(head)}.")
        else:
            # One that was chosen for something else is not found by itself a second time.
            taken = place in [names.index(other.casefold()) for other in wanted if other.casefold() in names]
            places.append(names.index(given.casefold()) if given else None if taken else place)
    file, label, split = places
    free = [place for place in range(len(head)) if place not in (file, label, split)]
    if file is None:
        file = free.pop(0) if free else None
    if label is None:
        label = free.pop(0) if free else None
    if file is None or label is None:
        raise _refused(path, "It has no column for the class.")
    return Columns(file, label, split)


def _by_heading(names: Sequence[str]) -> list[int | None]:
    """The places of file, class and split by their usual names."""
    return [next((names.index(name) for name in usual if name in names), None) for usual in (_FILE, _LABEL, _SPLIT)]


def _by_content(folder: Path, cells: Sequence[str]) -> list[int | None]:
    """The places of file, class and split by what a first line without headings holds; the class: what is left."""
    of_file = (place for place, cell in enumerate(cells) if _names_picture(cell) or _found([folder], cell))
    of_split = (place for place, cell in enumerate(cells) if cell.strip().casefold() in SPLIT_NAMES)
    return [next(of_file, None), None, next(of_split, None)]


def _row(cells: Sequence[str], places: Columns) -> Row | None:
    file, label, split = places.file, places.label, places.split
    if len(cells) <= max(file, label) or not cells[file].strip() or not cells[label].strip():
        return None
    said = cells[split].strip().casefold() if split is not None and len(cells) > split else ""
    return Row(cells[file].strip(), cells[label].strip(), said)


# ---- from rows to files


def locate(table: Path, rows: Sequence[Row]) -> Iterator[tuple[Row, Path | None]]:
    """Each row with its image: as written, with a usual suffix where it has none, beside or below the table.

    Many tables name files that lie in a folder beside them without naming that folder: those that hold any of the
    first files are looked into as well.
    """
    folders = _folders(table.parent, rows)
    for row in rows:
        yield row, _found(folders, row.file)


def _folders(folder: Path, rows: Sequence[Row]) -> list[Path]:
    missing = [row.file for row in rows[:_TRIED] if _found([folder], row.file) is None]
    try:
        beside = sorted(entry for entry in folder.iterdir() if missing and entry.is_dir() and entry.name[0] != ".")
    except OSError:
        return [folder]
    return [folder, *(place for place in beside[:_MOST_FOLDERS] if any(_found([place], name) for name in missing))]


def _found(folders: Sequence[Path], name: str) -> Path | None:
    """The image that a row means: as written, below one of the folders, or with a usual suffix where it has none."""
    written = Path(name.strip().replace("\\", "/"))
    for folder in folders:
        candidates = [folder / written, *(folder / f"{written}{suffix}" for suffix in (".jpg", ".png", ".jpeg"))]
        for candidate in candidates[:1] if written.suffix.lower() in picture_suffixes() else candidates:
            if looks_like_picture(candidate.name) and _is_file(candidate):
                return candidate
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a zero byte
        return False


def write_links(table: Path, rows: Sequence[Row], folder: Path, tell: Tell) -> None:
    """Make a link to every image in `folder`/split/class/, a copy where the disk knows no links.

    Raises: EngineError, where none of the files is there.
    """
    missing: list[str] = []

    def images() -> Iterator[tuple[Path, str, str] | None]:
        for row, source in locate(table, rows):
            if source is None:
                missing.append(row.file)
            yield None if source is None else (source, row.label, row.split)

    has_splits = any(row.split in SPLIT_NAMES for row in rows)
    if not link_images(images(), len(rows), has_splits, folder, tell):
        first = f"The first one, “{missing[0]}”, is not beside it." if missing else "It has no rows."
        raise _refused(table, f"None of the files it names could be found. {first}")
    if missing:
        write_notes(folder, [f"{len(missing)} files that “{table.name}” names are not there, such as “{missing[0]}”."])


def link_images(
    images: Iterable[tuple[Path, str, str] | None], count: int, has_splits: bool, folder: Path, tell: Tell
) -> int:
    """Make links in `folder`/split/class/ to (file, class, split), in `folder`/class/ without splits.

    Args:
        count: of `images`, for `tell`; None among them is passed over.
    Returns:
        how many were made.
    """
    written = 0
    for number, image in enumerate(images, start=1):
        if image is not None:
            source, label, split = image
            above = folder / (split if split in SPLIT_NAMES else "train") if has_splits else folder
            place = above / folder_name(label)
            place.mkdir(parents=True, exist_ok=True)
            _link(source, place / f"{number:07d}-{source.name}"[-240:])
            written += 1
        if number % 200 == 0 or number == count:
            tell(number, count)
    return written


def folder_name(label: str) -> str:
    """What the folder of a class is called: its name, without what no disk takes or what would lead elsewhere."""
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", label).strip(" .") or "_"
    return f"_{name}" if name.startswith(".") else name[:200]


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one that knows no hard links
        shutil.copyfile(source, target)


def _refused(path: Path, why: str) -> EngineError:
    return EngineError(
        f"“{path.name}” gives no data set.",
        why=why,
        fix="Name the columns “file” and “label”, one row per image, with paths relative to the table.",
    )
