"""The data set as the project sees it, as a new folder: cleaned, renamed and divided, for any other program."""

import re
import shutil
import time
from collections.abc import Collection, Generator, Sequence
from pathlib import Path

from engine.data.index import SPLITS, Index
from engine.data.whole_folder import working_folder
from engine.errors import EngineError
from engine.jobs import JobControl, Progress

_EVERY_S = 0.05


def write_out(
    index: Index, folder: Path, left_out: Collection[int] = (), control: JobControl | None = None
) -> Generator[Progress, None, Path]:
    """Copy every image to `folder`/split/class/, all of them or none.

    Args:
        folder: new, or empty.
        left_out: images that are not written, such as those that cannot be read.
    Returns: the folder.
    Raises:
        EngineError: there is something in the folder, an image is gone, or the disk refuses.
        Cancelled: `control` asked to stop; nothing stays behind.
    """
    control = control or JobControl()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EngineError(
            f"The images were not written to “{folder.name}”.",
            why="There is something in that place already.",
            fix="Choose a new or an empty folder.",
        )
    numbers = [number for number in range(len(index)) if number not in left_out]
    names = _folder_names(index.classes)
    last = 0.0
    try:
        with working_folder(folder) as working:
            for done, number in enumerate(numbers):
                control.checkpoint()
                if time.monotonic() - last >= _EVERY_S:
                    last = time.monotonic()
                    yield Progress(done, len(numbers), "Writing images")
                place = working / SPLITS[index.splits[number]] / names[index.labels[number]]
                place.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(index.path(number), _free_name(place, index.path(number).name))
    except OSError as error:
        raise EngineError(
            f"The images could not be written to “{folder.name}”; nothing of it was kept.",
            why=f"“{error.filename}”: {error.strerror}." if error.filename else f"{error.strerror or error}.",
            fix="Make room there or choose another folder; where an image is gone, choose the data again.",
        ) from error
    return folder


def _folder_names(classes: Sequence[str]) -> list[str]:
    """Names of folders that every system can hold, a different one for each class."""
    names: list[str] = []
    for name in classes:
        safe = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", name).strip(" .") or "_"
        safe = f"_{safe}" if safe.startswith(".") else safe
        number, free = 2, safe
        while free.casefold() in {other.casefold() for other in names}:
            free, number = f"{safe} {number}", number + 1
        names.append(free)
    return names


def _free_name(place: Path, name: str) -> Path:
    """Images of one class may have lain in several folders under the same name."""
    target, number = place / name, 2
    while target.exists():
        stem, dot, suffix = name.rpartition(".")
        target = place / (f"{stem} {number}.{suffix}" if dot else f"{name} {number}")
        number += 1
    return target
