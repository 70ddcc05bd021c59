"""Write a folder of pictures wholly or not at all, so that an interrupted sample is never taken for a data set."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import EngineError

# An unfinished folder this old belongs to nobody any more (its process was killed); making one takes seconds.
_ABANDONED_AFTER_S = 3600


def is_written(folder: Path, class_names: Iterable[str]) -> bool:
    """True where `folder` holds a sub-folder with something in it for every class."""
    return all(any((folder / name).glob("[!.]*")) for name in class_names)


def write_whole_folder(folder: Path, class_names: Iterable[str], fill: Callable[[Path], None]) -> None:
    """Let `fill` write into a hidden new folder beside `folder`, then give it the name of `folder` in one step.

    A folder that already holds every class is left alone. Whatever ends `fill` early, nothing of it stays behind.

    Raises:
        EngineError: `folder` holds other things, or the disk refuses.
    """
    class_names = tuple(class_names)
    if is_written(folder, class_names):
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EngineError(
            f"The sample was not written to {folder}.",
            why="There is something else in that place already.",
            fix="Choose an empty folder, or move what is there.",
        )
    try:
        _write(folder, class_names, fill)
    except OSError as error:
        raise EngineError(
            f"The sample could not be written to {folder}.",
            why=f"The disk reports: {error.strerror or error}.",
            fix="Make room there, or choose a folder you may write to.",
        ) from error


def write_folder_once(folder: Path, fill: Callable[[Path], None]) -> None:
    """Like `write_whole_folder` where nobody knows the classes before: a folder of that name is whole, as it is.

    Raises:
        EngineError: the disk refuses.
    """
    if folder.is_dir():
        return
    try:
        _write(folder, (), fill)
    except OSError as error:
        raise EngineError(
            "The images could not be unpacked.",
            why=f"The disk reports: {error.strerror or error}.",
            fix=f"Make room on the disk of “{folder.parent}”, or unpack them yourself and choose the folder.",
        ) from error


NOTES = ".notes.txt"
"""In a folder that was made from something else: what is to be told about it, a sentence per line."""


def write_notes(folder: Path, notes: Iterable[str]) -> None:
    """Leave sentences about a folder in it."""
    (folder / NOTES).write_text("\n".join(notes), "utf-8")


def read_notes(folder: Path) -> tuple[str, ...]:
    """The sentences that `write_notes` left; none where there are none."""
    try:
        return tuple(line for line in (folder / NOTES).read_text("utf-8")[:100_000].splitlines() if line)
    except (OSError, UnicodeDecodeError):
        return ()


def _write(folder: Path, class_names: tuple[str, ...], fill: Callable[[Path], None]) -> None:
    with working_folder(folder, class_names) as working:
        fill(working)


@contextmanager
def working_folder(folder: Path, class_names: tuple[str, ...] = ()) -> Iterator[Path]:
    """A hidden new folder beside `folder`, which gets its name when the block ends well and is removed otherwise.

    Args:
        class_names: sub-folders by which a folder counts as whole that another process was faster to write.
    Raises: OSError: the disk refuses.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{folder.name}.unfinished-"
    for old in folder.parent.glob(f"{prefix}*"):
        if time.time() - old.stat().st_mtime > _ABANDONED_AFTER_S:
            shutil.rmtree(old, ignore_errors=True)
    # Beside the target, not in the system's temporary folder: a rename is one step only within one disk.
    working = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        yield working
        working.chmod(0o755)  # mkdtemp lets nobody else read
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()  # Windows does not rename onto an existing folder, not even an empty one
        try:
            working.rename(folder)
        except OSError:
            if not is_written(folder, class_names):  # otherwise another process was faster, and its work is as good
                raise
    finally:
        shutil.rmtree(working, ignore_errors=True)
