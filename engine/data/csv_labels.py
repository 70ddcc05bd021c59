"""A table that says which class each file belongs to, as a folder of links with one sub-folder per class."""

import csv
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.data.formats import looks_like_picture
from engine.data.index import SPLIT_NAMES
from engine.data.whole_folder import write_notes
from engine.errors import EngineError

Tell = Callable[[int, int], None]

SUFFIXES = (".csv", ".tsv")
LARGEST = 512 * 2**20
"""Bytes; ten million rows."""

_FILE = ("file", "filename", "file_name", "image", "image_name", "img", "path", "filepath", "image_path", "id", "name")
_LABEL = ("label", "class", "category", "target", "class_name", "label_name", "species", "breed", "y")
_SPLIT = ("split", "set", "subset", "fold", "partition", "usage")


@dataclass(frozen=True)
class Row:
    """One image: its path as written, its class, and what it is for ("" where the table does not say)."""

    file: str
    label: str
    split: str


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


def read_table(path: Path, file_column: str = "", label_column: str = "", split_column: str = "") -> list[Row]:
    """The rows of a table with a heading.

    Args:
        file_column, label_column, split_column: headings; empty ones are found by their usual names, else the first
            column is taken for the file and the second for the class.
    Raises:
        EngineError: it cannot be read, has no such column, or no rows.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise _refused(path, "It is far too large for a table of files.")
        with open(path, encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.readline(100_000))
            file.seek(0)
            lines = csv.reader(file, delimiter=delimiter)
            head = [cell.strip() for cell in next(lines, [])]
            places = _columns(path, head, file_column, label_column, split_column)
            return [row for cells in lines if (row := _row(cells, places)) is not None]
    except FileNotFoundError as error:
        raise EngineError(
            f"“{path.name}” is not there.", why="It was moved, renamed or deleted.", fix="Choose it again."
        ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _refused(path, f"It cannot be read as a table: {error}.") from error


def _columns(path: Path, head: list[str], *wanted: str) -> tuple[int, int, int | None]:
    names = [cell.casefold() for cell in head]
    found: list[int | None] = []
    for given, usual in zip(wanted, (_FILE, _LABEL, _SPLIT), strict=True):
        if given:
            if given.casefold() not in names:
                raise _refused(path, f"It has no column “{given}”, only {', '.join(head)}.")
            found.append(names.index(given.casefold()))
        else:
            found.append(next((names.index(name) for name in usual if name in names), None))
    file, label, split = found
    if len(head) < 2:
        raise _refused(path, "It has fewer than two columns.")
    if file is None:
        file = next(place for place in range(len(head)) if place not in (label, split))
    if label is None:
        rest = [place for place in range(len(head)) if place not in (file, split)]
        if not rest:
            raise _refused(path, "It has no column for the class.")
        label = rest[0]
    return file, label, split


def _row(cells: Sequence[str], places: tuple[int, int, int | None]) -> Row | None:
    file, label, split = places
    if len(cells) <= max(file, label) or not cells[file].strip() or not cells[label].strip():
        return None
    said = cells[split].strip().casefold() if split is not None and len(cells) > split else ""
    return Row(cells[file].strip(), cells[label].strip(), said)


def write_links(table: Path, rows: Sequence[Row], folder: Path, tell: Tell) -> None:
    """Make a link to every image in `folder`/split/class/, a copy where the disk knows no links.

    Raises: EngineError, where none of the files is there.
    """
    missing: list[str] = []
    has_splits = any(row.split in SPLIT_NAMES for row in rows)
    written = 0
    for number, row in enumerate(rows, start=1):
        source = _found(table.parent, row.file)
        if source is None:
            missing.append(row.file)
        else:
            name = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", row.label).strip(" .") or "_"
            name = f"_{name}" if name.startswith(".") else name[:200]
            split = row.split if row.split in SPLIT_NAMES else "train"
            place = folder / split / name if has_splits else folder / name
            place.mkdir(parents=True, exist_ok=True)
            _link(source, place / f"{number:07d}-{source.name}"[-240:])
            written += 1
        if number % 200 == 0 or number == len(rows):
            tell(number, len(rows))
    if not written:
        first = f"The first one, “{missing[0]}”, is not beside it." if missing else "It has no rows."
        raise _refused(table, f"None of the files it names could be found. {first}")
    if missing:
        write_notes(folder, [f"{len(missing)} files that “{table.name}” names are not there, such as “{missing[0]}”."])


def _found(folder: Path, name: str) -> Path | None:
    """The image that a row means: as written, below the table's folder, or with a usual suffix where it has none."""
    written = Path(name.replace("\\", "/"))
    candidates = [folder / written, *(folder / f"{written}{suffix}" for suffix in (".jpg", ".png", ".jpeg"))]
    for candidate in candidates[:1] if written.suffix else candidates:
        if candidate.is_file() and looks_like_picture(candidate.name):
            return candidate
    return None


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
