"""Thumbnails kept on the disk: a photograph of a telephone takes 50 ms to decode, its thumbnail half a millisecond.

One folder per folder of images, so that those of a data set nobody looks at any more go together (see
`engine.data.room`). Whatever is wrong with a stored thumbnail, the image itself is there.
"""

import os
import secrets
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from PIL import Image

from engine.data.pictures import Source, sample_thumbnail
from engine.files import cache_folder

PART = "thumbnails"

WORTH_KEEPING = 96 * 1024
"""Bytes of a file above which its thumbnail is kept; smaller ones are decoded as fast as found."""

_SIDES = (160, 320, 640)  # pixels; others are made of the next larger one
_QUALITY = 90

_used: set[Path] = set()  # folders whose time was brought up to date by this process


def thumbnail(source: Source, side: int) -> Image.Image:
    """A small RGB picture, longer side at most `side` pixels, never enlarged; from the disk where it is kept there.

    Safe to call from several threads. Raises: PictureError.
    """
    stored = next((size for size in _SIDES if size >= side), None)
    if isinstance(source, bytes) or stored is None:
        return sample_thumbnail(source, side)
    place = _place(Path(source), stored)
    if place is None:
        return sample_thumbnail(source, side)
    picture = _read(place)
    if picture is None:
        picture = sample_thumbnail(source, stored)
        _write(picture, place)
    picture.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return picture


def _place(path: Path, side: int) -> Path | None:
    """Where the thumbnail of a file in its present state belongs; None where it is not worth keeping."""
    try:
        facts = os.stat(path)
    except OSError:
        return None
    if facts.st_size < WORTH_KEEPING:
        return None
    said = f"{path.name}\0{facts.st_size}\0{facts.st_mtime_ns}\0{side}".encode("utf-8", "surrogatepass")
    folder = str(path.parent.absolute()).encode("utf-8", "surrogatepass")
    names = (blake2b(text, digest_size=12).hexdigest() for text in (folder, said))
    return cache_folder().joinpath(PART, next(names), f"{next(names)}.jpg")


def _read(place: Path) -> Image.Image | None:
    try:
        with Image.open(place, formats=("JPEG",)) as stored:
            picture = stored.convert("RGB")
    except (OSError, ValueError, SyntaxError):  # not there, or cut by a crash
        return None
    if place.parent not in _used:  # once: the least recently used go first, and that is told by this time
        _used.add(place.parent)
        with suppress(OSError):
            os.utime(place.parent)
    return picture


def _write(picture: Image.Image, place: Path) -> None:
    """Keep a thumbnail; a full disk only costs that. Not synced: a file that a power cut spoils is made anew."""
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        picture.save(part, "JPEG", quality=_QUALITY)
        os.replace(part, place)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
