"""The idx files of MNIST (LeCun, Cortes and Burges, "The MNIST database"): a header, then plain bytes."""

import gzip
import math
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import EngineError

Tell = Callable[[int, int], None]

_IMAGES = re.compile(r"(.*?)[-_.]?images[-_.]idx3[-_.]ubyte(\.gz)?", re.IGNORECASE)
LARGEST = 2 * 2**30
"""Bytes of one unpacked file; MNIST has 47 MB."""


@dataclass(frozen=True)
class Pair:
    """A file of images, the file of their labels, and what they are for: "train", "test" or "" for the rest."""

    images: Path
    labels: Path
    split: str


def pairs_beside(path: Path) -> list[Pair]:
    """The pairs of a folder, or those beside a file of images or labels; by name alone."""
    try:
        if not path.is_dir() and not (path.is_file() and "ubyte" in path.name.lower()):
            return []
        folder = path if path.is_dir() else path.parent
        names = {entry.name.lower(): entry for entry in sorted(folder.iterdir()) if "ubyte" in entry.name.lower()}
    except OSError:
        return []
    found = []
    for name, images in names.items():
        match = _IMAGES.fullmatch(name)
        if match is None:
            continue
        wanted = name.replace("images", "labels").replace("idx3", "idx1")
        labels = names.get(wanted) or names.get(wanted.removesuffix(".gz")) or names.get(f"{wanted}.gz")
        if labels is not None:
            found.append(Pair(images, labels, _split(match[1])))
    return found


def _split(stem: str) -> str:
    if stem.startswith("train"):
        return "train"
    return "test" if stem.startswith(("t10k", "test")) else ""


def write_idx(pairs: Sequence[Pair], folder: Path, tell: Tell) -> None:
    """Write every image as a PNG into `folder`/split/label/.

    Raises: EngineError, where a file is not what its name says.
    """
    read = [(pair, read_idx(pair.images, 3), read_idx(pair.labels, 1)) for pair in pairs]
    total = sum(len(images) for _, images, _ in read)
    done = 0
    has_splits = any(pair.split == "train" for pair, *_ in read)
    for pair, images, labels in read:
        if len(images) != len(labels):
            raise EngineError(
                f"“{pair.images.name}” and “{pair.labels.name}” do not belong together.",
                why=f"There are {len(images)} images and {len(labels)} labels.",
                fix="Copy or download them again.",
            )
        place = folder / (pair.split or "train") if has_splits else folder
        for label in np.unique(labels):
            (place / str(label)).mkdir(parents=True, exist_ok=True)
        stem = pair.images.name.split("-")[0].split(".")[0]
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            Image.fromarray(image).save(place / str(label) / f"{stem}-{number:05d}.png", compress_level=1)
            done += 1
            if done % 100 == 0 or done == total:
                tell(done, total)


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The uint8 array of an idx file, packed by gzip or not. Raises: EngineError, where it is something else."""
    try:
        with open(path, "rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else open(path, "rb") as file:
            header = file.read(4 + 4 * dimensions)
            magic, *shape = struct.unpack(f">{1 + dimensions}I", header)
            size = math.prod(shape)
            if magic != 0x0800 + dimensions or size > LARGEST:
                raise ValueError(f"its header says {magic:#x} and {shape}")
            content = file.read(size + 1)
            if len(content) != size:
                raise ValueError(f"it has {len(content)} bytes in place of {size}")
    except FileNotFoundError as error:
        raise EngineError(
            f"“{path.name}” is not there.", why="It was moved or deleted.", fix="Choose it again."
        ) from error
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise EngineError(
            f"“{path.name}” is no idx file of {'images' if dimensions == 3 else 'labels'}.",
            why=f"It is damaged or something else: {error}.",
            fix="Copy or download it again.",
        ) from error
    return np.frombuffer(content, np.uint8).reshape(shape)
