"""A few pictures of each sample for its card: made once, then kept as small files in the user's cache folder."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtGui import QImage

from engine.data.pictures import open_picture
from engine.errors import PictureError
from engine.files import cache_folder, write_atomically
from gui.pages.shared.qimages import qimage

COUNT = 5
SIDE = 184  # px, twice the height of the strip, for screens of double density

log = logging.getLogger(__name__)


def sample_pictures(name: str) -> list[QImage]:
    """`COUNT` pictures of the sample `name`, SIDE × SIDE; none for a sample that has no pictures to show.

    May take a second the first time: not for the GUI thread.
    """
    maker = _MAKERS.get(name)
    if maker is None:
        return []
    folder = cache_folder() / "sample-cards"
    files = [folder / f"{name}-{number}.png" for number in range(COUNT)]
    try:
        return [qimage(open_picture(file)) for file in files]
    except PictureError:  # not there yet, or damaged: made again
        pictures = list(maker())
    _keep(dict(zip(files, pictures, strict=True)))
    return [qimage(picture) for picture in pictures]


def _keep(pictures: dict[Path, Image.Image]) -> None:
    try:
        for file, picture in pictures.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            content = io.BytesIO()
            picture.save(content, "PNG")
            write_atomically(file, content.getvalue())
    except OSError as error:  # a full disk costs a second at the next start, nothing else
        log.info("the pictures of the sample cards cannot be kept: %s", error)


def _drawn() -> Iterator[Image.Image]:
    from engine.data.drawn import CLASSES, draw

    for number in range(COUNT):
        yield draw(CLASSES[::-1][number % len(CLASSES)], number + 1, SIDE)


def _digits() -> Iterator[Image.Image]:
    # The engine's own reader: importing scikit-learn instead would hold up the window for a second.
    from engine.data.digits import digit_table

    images = digit_table()[0]  # (N, 8, 8), 0..16; the first ten are 0 to 9
    for number in (3, 1, 4, 0, 5):
        small = Image.new("L", (10, 10))
        small.paste(Image.fromarray(np.uint8(np.round(images[number] * (255 / 16)))), (1, 1))
        yield small.resize((SIDE, SIDE), Image.Resampling.NEAREST)


_MAKERS: dict[str, Callable[[], Iterator[Image.Image]]] = {"drawn": _drawn, "digits": _digits}
