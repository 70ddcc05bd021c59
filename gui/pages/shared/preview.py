"""What the network receives of one picture, computed off the GUI thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

from engine.data.augment import Augmenter
from engine.data.pictures import PictureError, picture_facts, read_array, sample_thumbnail
from engine.params import both
from engine.spec.data import DataSpec
from gui.pages.shared.qimages import qimage

BEFORE_SIDE = 360  # px, longer side of the original


@dataclass(frozen=True)
class Example:
    """One picture before and after it was brought to the network's size."""

    before: QImage
    after: QImage
    width: int  # of the file, px, upright
    height: int


def example(path: Path, data: DataSpec, side: int = BEFORE_SIDE) -> Example:
    """Read one picture both ways. Raises: PictureError."""
    facts = picture_facts(path)
    return Example(qimage(sample_thumbnail(path, side)), qimage(received(path, data)), facts.width, facts.height)


def received(path: Path, data: DataSpec) -> np.ndarray:
    """(H, W, C) uint8 of a picture as `data` wants it. Raises: PictureError."""
    height, width = both(data.size)
    return read_array(path, height, width, data.colour, data.fit)


def variants(path: Path, data: DataSpec, seed: int, count: int, others: Sequence[Path] = ()) -> list[QImage]:
    """`count` augmented pictures as training would show them; the same seed gives the same ones.

    Args:
        others: pictures that `path` is mixed with where an augmentation mixes; those that cannot be read are left out.

    Imports torch where that has not happened yet: never for the GUI thread. Raises: EngineError.
    """
    import torch

    augment = Augmenter(data.augment, both(data.size))
    rows = [received(path, data)] * count
    if augment.mixes:  # the partner of a picture is the one half a batch further on
        partners = list(_readable(others, data)) or rows[:1]
        rows += [partners[place % len(partners)] for place in range(count)]
    batch = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        batch = augment(batch.float() / 255, torch.Generator().manual_seed(seed))[:count]
        shown = (batch.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    return [qimage(picture) for picture in shown]


def _readable(paths: Sequence[Path], data: DataSpec) -> Iterator[np.ndarray]:
    for path in paths:
        with suppress(PictureError):
            yield received(path, data)
