"""The "binary version" of CIFAR (Krizhevsky, 2009, "Learning multiple layers of features from tiny images").

Per image one label byte (CIFAR-100: a coarse and a fine one), then 3 × 32 × 32 bytes. The Python version is pickled and
is not read: a pickle can run code.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import EngineError

Tell = Callable[[int, int], None]

PIXELS = 3 * 32 * 32
_TEN = re.compile(r"(data_batch_\d+|test_batch)\.bin")
_HUNDRED = re.compile(r"(train|test)\.bin")


def binaries_beside(path: Path) -> list[Path]:
    """The files of one CIFAR set in a folder, or beside one of them; by name and size alone."""
    try:
        if not path.is_dir() and not (path.is_file() and path.suffix == ".bin"):
            return []
        folder = path if path.is_dir() else path.parent
        files = [entry for entry in sorted(folder.iterdir()) if entry.suffix == ".bin"]
        for pattern, record in ((_TEN, 1 + PIXELS), (_HUNDRED, 2 + PIXELS)):
            found = [file for file in files if pattern.fullmatch(file.name) and file.stat().st_size % record == 0]
            if found:
                return found
    except OSError:
        pass
    return []


def write_cifar(files: Sequence[Path], folder: Path, tell: Tell) -> None:
    """Write every image as a PNG into `folder`/train or test/class/. Raises: EngineError, for a damaged file."""
    labels_each = 1 if _TEN.fullmatch(files[0].name) else 2
    names = _names(files[0].parent, labels_each)
    record = labels_each + PIXELS
    total = sum(file.stat().st_size // record for file in files)
    done = 0
    for file in files:
        rows = np.fromfile(file, np.uint8)
        if not len(rows) or len(rows) % record:
            raise EngineError(
                f"“{file.name}” is damaged.", why="Its length fits no number of images.", fix="Download it again."
            )
        rows = rows.reshape(-1, record)
        split = "test" if file.name.startswith("test") else "train"
        for number, row in enumerate(rows):
            label = int(row[labels_each - 1])
            name = names[label] if label < len(names) else str(label)
            place = folder / split / name
            place.mkdir(parents=True, exist_ok=True)
            image = row[labels_each:].reshape(3, 32, 32).transpose(1, 2, 0)
            Image.fromarray(np.ascontiguousarray(image)).save(place / f"{file.stem}-{number:05d}.png", compress_level=1)
            done += 1
            if done % 100 == 0 or done == total:
                tell(done, total)


def _names(folder: Path, labels_each: int) -> list[str]:
    """What the classes are called, from the list that comes with the files; empty where it is missing."""
    listed = folder / ("batches.meta.txt" if labels_each == 1 else "fine_label_names.txt")
    try:
        text = listed.read_text("utf-8")[:100_000]
    except (OSError, UnicodeDecodeError):
        return []
    return [name for line in text.splitlines() if (name := re.sub(r"[^\w -]+", "", line).strip())]
