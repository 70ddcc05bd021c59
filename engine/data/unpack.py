"""Unpacking archives that nobody vouches for: only images come out, only below the target, and only so much.

Sizes are checked before anything is written, and counted again while it is: a header may lie. Links are never followed.
"""

import shutil
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from engine.data.formats import looks_like_picture
from engine.errors import EngineError
from engine.files import RESERVE

Tell = Callable[[int, int], None]

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

MOST_FILES = 5_000_000
MOST_BYTES = 500 * 2**30
MOST_TIMES = 100
"""How many times larger than the archive its content may be: images hardly shrink, bombs grow a thousandfold."""

FREE_GROWTH = 256 * 2**20
"""Bytes that any archive may grow to; a small one of drawings shrinks well."""

_BLOCK = 1 << 20


def is_archive(path: Path) -> bool:
    """Whether a file is one, by its name."""
    return path.name.lower().endswith(SUFFIXES)


@dataclass(frozen=True)
class _Member:
    """A file inside: where it goes, how many bytes it says it has, and how to open it."""

    place: PurePosixPath
    size: int
    open: Callable[[], BinaryIO]


def unpack(archive: Path, folder: Path, tell: Tell) -> None:
    """Write the images of `archive` into `folder`, which exists.

    Raises:
        EngineError: it cannot be read, holds no images, or would grow beyond reason or the disk.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                _write(archive, folder, list(_in_zip(opened)), tell)
        elif tarfile.is_tarfile(archive):
            _unpack_tar(archive, folder, tell)
        else:
            raise _damaged(archive, "it is neither a zip nor a tar file")
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(archive, str(error) or type(error).__name__) from error
    except FileNotFoundError as error:
        raise EngineError(
            f"“{archive.name}” is not there.", why="It was moved, renamed or deleted.", fix="Choose it again."
        ) from error


def _unpack_tar(archive: Path, folder: Path, tell: Tell) -> None:
    with tarfile.open(archive) as opened:
        _write(archive, folder, list(_in_tar(archive, opened, tell)), tell)


def _in_zip(opened: zipfile.ZipFile) -> Iterator[_Member]:
    for info in opened.infolist():
        is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
        place = _safe_place(info.filename)
        if info.is_dir() or is_link or place is None:
            continue
        if info.flag_bits & 1:
            raise EngineError(
                "The zip file is encrypted.",
                why="Its images need a password.",
                fix="Unpack it yourself, choose the folder.",
            )
        yield _Member(place, info.file_size, lambda info=info: opened.open(info))


def _in_tar(archive: Path, opened: tarfile.TarFile, tell: Tell) -> Iterator[_Member]:
    most, total = _most(archive), 0
    for count, info in enumerate(opened):
        # What is packed must be unpacked to be passed over: a bomb is left before its content is reached.
        total += info.size
        if count > MOST_FILES or total > most:
            raise _too_large(archive, f"It holds more than {count} files of {total / 2**30:.1f} GiB together.")
        if count % 100 == 0:
            tell(0, 0)
        place = _safe_place(info.name)
        if info.isreg() and place is not None:
            yield _Member(place, info.size, lambda info=info: opened.extractfile(info))  # type: ignore[arg-type,return-value]


def _safe_place(name: str) -> PurePosixPath | None:
    """Where a member goes below the target; None for what is no image or would leave it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return None
    parts = unicodedata.normalize("NFC", name.replace("\\", "/")).split("/")
    if name.startswith(("/", "\\")) or ".." in parts or any("\0" in part or ":" in part for part in parts):
        return None
    parts = [part for part in parts if part not in ("", ".")]
    if not parts or any(part.startswith(".") or part == "__MACOSX" for part in parts) or len(parts) > 32:
        return None
    if not looks_like_picture(parts[-1]) or any(len(part.encode()) > 240 for part in parts):
        return None
    return PurePosixPath(*parts)


def _write(archive: Path, folder: Path, members: list[_Member], tell: Tell) -> None:
    if not members:
        raise EngineError(
            f"There are no images in “{archive.name}”.",
            why="None of its files is one, or all of them lie outside of it.",
            fix="Choose an archive that holds one sub-folder per class.",
        )
    total = _checked_size(archive, folder, members)
    written = 0
    for number, member in enumerate(members, start=1):
        target = folder / member.place
        if target.exists():  # twice the same name: the first one counts
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as source, open(target, "wb") as file:
            while block := source.read(_BLOCK):
                written += len(block)
                if written > total:
                    raise _too_large(archive, "It holds more than it says.")
                file.write(block)
        tell(number, len(members))


def _checked_size(archive: Path, folder: Path, members: list[_Member]) -> int:
    """The bytes that will be written. Raises: EngineError, where they are too many."""
    total = sum(member.size for member in members)
    if len(members) > MOST_FILES or total > MOST_BYTES:
        raise _too_large(archive, f"It holds {len(members)} files of {total / 2**30:.0f} GiB together.")
    if total > _most(archive):
        times = total // max(1, archive.stat().st_size)
        raise _too_large(archive, f"It would grow to {total / 2**30:.1f} GiB, {times} times its size.")
    free = shutil.disk_usage(folder).free
    if total + RESERVE > free:
        raise EngineError(
            f"There is too little room to unpack “{archive.name}”.",
            why=f"Its images take {total / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free.",
            fix="Make room on that disk.",
        )
    return total


def _most(archive: Path) -> int:
    """The bytes to which an archive may grow."""
    return max(FREE_GROWTH, MOST_TIMES * archive.stat().st_size)


def _too_large(archive: Path, why: str) -> EngineError:
    return EngineError(
        f"“{archive.name}” was not unpacked.", why=why, fix="If you trust it, unpack it yourself and choose the folder."
    )


def _damaged(archive: Path, why: str) -> EngineError:
    return EngineError(
        f"“{archive.name}” cannot be unpacked.",
        why=f"It is damaged or something else: {why.rstrip('.')}.",
        fix="Copy or download it again.",
    )
