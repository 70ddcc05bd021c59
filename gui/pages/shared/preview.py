"""What the network receives of one picture, computed off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

from engine.data.augment import Augmenter
from engine.data.pictures import picture_facts, read_array, sample_thumbnail
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


def variants(path: Path, data: DataSpec, seed: int, count: int) -> list[QImage]:
    """`count` augmented pictures as training would show them; the same seed gives the same ones.

    Imports torch where that has not happened yet: never for the GUI thread. Raises: EngineError.
    """
    import torch

    height, width = both(data.size)
    pixels = torch.from_numpy(received(path, data)).permute(2, 0, 1)
    augment = Augmenter(data.augment, (height, width))
    generator = torch.Generator().manual_seed(seed)
    with torch.inference_mode():
        batch = augment((pixels.float() / 255).repeat(count, 1, 1, 1), generator)
        shown = (batch.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    return [qimage(picture) for picture in shown]
