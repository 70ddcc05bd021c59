"""The one place where a picture file becomes pixels: upright, RGB or grey, 8 bits, or a `PictureError` saying why not.

What is done to pictures that are not plain 8-bit RGB or grey:

- EXIF orientation is obeyed; a malformed EXIF block is ignored, since the pixels are what counts.
- Transparency is laid on white. Where alpha is 0 everywhere it says nothing (some TGA and BMP writers leave it so) and
  is ignored.
- Animations, multi-page files and stereo pairs give their first frame.
- Ink (CMYK) is turned to RGB by the plain formula; Pillow has already undone Adobe's inverted inks. CIE Lab goes
  through littleCMS. Embedded ICC profiles are not applied.
- Palettes that hold only greys, and 1-bit pictures, are grey.
- Numbers of more than 8 bits are scaled, never clipped: see `_white_value` and `_value_range` for the rule.
"""

import io
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from engine.data.formats import (
    MAX_PIXELS,
    covered_by_strips,
    formats_to_try,
    looks_like_picture,
    picture_suffixes,
    silence_pillow,
    why_failed,
    why_too_large,
    why_unknown,
)
from engine.errors import PictureError

__all__ = [
    "MAX_PIXELS",
    "Colour",
    "Fit",
    "PictureFacts",
    "Source",
    "looks_like_picture",
    "open_picture",
    "picture_facts",
    "picture_suffixes",
    "read_array",
    "sample_thumbnail",
    "to_array",
]

Source = Path | str | bytes
"""A path, or the whole content of a picture file."""
Colour = Literal["rgb", "grey"]
Fit = Literal["crop", "pad", "squeeze"]

_LARGE_READ = 2**20  # bytes; what decoders read block by block is less


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What the header of a picture file says."""

    width: int  # pixels, upright: after the EXIF orientation is obeyed
    height: int
    format: str  # Pillow's name: "JPEG", "PNG", ...
    mode: str  # Pillow's mode as stored in the file: "RGB", "CMYK", "I;16", ...
    frames: int  # 1 for anything that is not animated and has one page


def open_picture(source: Source, *, at_least: int = 0) -> Image.Image:
    """Decode `source` into an upright picture in mode RGB, or L where the file is truly grey.

    `at_least` is the shorter side (pixels) that will be needed; a JPEG is then decoded at 1/2, 1/4 or 1/8 of its size,
    never below that side. 0 means full size. The picture carries no metadata. Raises `PictureError`; safe to call from
    several threads.
    """
    with _opened(source) as (picture, _):
        if at_least > 0:
            picture.draft(None, (at_least, at_least))
        picture.load()
        turn = _TURNS.get(_orientation(picture))
        plain = _rgb_or_grey(picture)
        if turn is not None:
            plain = plain.transpose(turn)
        plain.info = {}  # the EXIF block in there would turn the picture a second time
        return plain


def to_array(
    picture: Image.Image, height: int, width: int, colour: Colour, fit: Fit, out: np.ndarray | None = None
) -> np.ndarray:
    """Scale `picture` to (height, width, C) uint8, C being 3 for "rgb" and 1 for "grey"; into `out` where one is given.

    "crop" fills the frame and cuts off what stands out on both sides, "pad" shows the whole picture between black
    borders, "squeeze" ignores its proportions. Scaling is antialiased.
    """
    mode = {"rgb": "RGB", "grey": "L"}[colour]
    wanted = (height, width, len(mode) if mode == "RGB" else 1)
    if out is None:
        out = np.empty(wanted, np.uint8)
    elif out.shape != wanted or out.dtype != np.uint8:
        raise ValueError(f"out must be uint8 of shape {wanted}, not {out.dtype} of shape {out.shape}")
    if picture.mode not in ("RGB", "L"):
        picture = picture.convert("RGB")
    target, box = _frame(picture.size, (width, height), fit)
    # The gap lets Pillow halve very large pictures by plain averaging first; the triangle filter then does the rest.
    small = picture.resize(target, Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)
    pixels = np.asarray(small if mode == "RGB" or small.mode == mode else small.convert(mode))
    left, top = (width - target[0]) // 2, (height - target[1]) // 2
    if target != (width, height):
        out[...] = 0
    inside = out[top : top + target[1], left : left + target[0]]
    inside[...] = pixels if pixels.ndim == 3 else pixels[..., None]  # grey fills all three channels of "rgb"
    return out


def read_array(source: Source, height: int, width: int, colour: Colour, fit: Fit) -> np.ndarray:
    """`open_picture` and `to_array` in one, decoding no more of a JPEG than needed; (height, width, C) uint8."""
    return to_array(open_picture(source, at_least=max(height, width)), height, width, colour, fit)


def sample_thumbnail(source: Source, side: int) -> Image.Image:
    """A small RGB picture for the grids, longer side at most `side` pixels, never enlarged. Raises `PictureError`."""
    picture = open_picture(source, at_least=side)
    picture.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def picture_facts(source: Source) -> PictureFacts:
    """Size, format, mode and frames from the header of `source`, without decoding pixels. Raises `PictureError`."""
    with _opened(source) as (picture, stream):
        width, height = picture.size
        frames = _frames(picture)
        if _orientation_in_header(picture, stream) >= 5:
            width, height = height, width
        return PictureFacts(width, height, picture.format or "", picture.mode, frames)


# --- opening ---------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(source: Source) -> Iterator[tuple[Image.Image, BinaryIO]]:
    """The picture in `source`, identified but not decoded, and its stream.

    Whatever goes wrong here or in the block of the `with` becomes a `PictureError`.
    """
    silence_pillow()
    what = "The picture cannot be read." if isinstance(source, bytes) else f"“{Path(source).name}” cannot be read."
    try:
        with _stream(source) as stream:
            yield _identified(stream, what), stream
    except PictureError:
        raise
    except Exception as error:
        # All of them, on purpose: fed with a broken file, decoders raise OSError, ValueError, SyntaxError, IndexError,
        # struct.error, OverflowError, MemoryError and more, and one bad picture must never end a whole scan.
        why, fix = why_failed(error)
        raise PictureError(what, why=why, fix=fix) from error


def _stream(source: Source) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    mode = os.stat(source).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(source)
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        raise PictureError(
            f"“{Path(source).name}” cannot be read.",
            why="It is no ordinary file but a device or a pipe.",
            fix="Choose a picture file.",
        )
    return _BoundedFile(io.FileIO(source))


class _BoundedFile(io.BufferedReader):
    """A file that makes no room for more than it holds: Pillow reads as much at once as a damaged header claims."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LARGE_READ:
            size = min(size, max(0, os.fstat(self.fileno()).st_size - self.tell()))
        return super().read(size)


def _identified(stream: BinaryIO, what: str) -> Image.Image:
    head = stream.read(1024)
    try:
        # A list of formats keeps Pillow from ever handing a file to Ghostscript or to a stub.
        picture = Image.open(stream, formats=formats_to_try(head))
    except UnidentifiedImageError as error:
        why, fix = why_unknown(head, stream.seek(0, os.SEEK_END))
        raise PictureError(what, why=why, fix=fix) from error
    if picture.width * picture.height > MAX_PIXELS:
        why, fix = why_too_large(picture.width * picture.height)
        raise PictureError(what, why=why, fix=fix)
    if picture.format == "TIFF" and not covered_by_strips(picture):
        raise EOFError("strips are missing")
    return picture


def _frames(picture: Image.Image) -> int:
    try:
        return getattr(picture, "n_frames", 1)
    except Exception:  # a later frame may be damaged in any way; only the first is ever used
        return 1


# --- orientation -----------------------------------------------------------------------------------------------------

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1..8, of a decoded picture; 1 where there is none, or where Pillow has turned it (TIFF)."""
    try:
        value = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # malformed EXIF raises anything; a good picture must not be lost for it
        return 1
    return value if value in (2, 3, 4, 5, 6, 7, 8) else 1


def _orientation_in_header(picture: Image.Image, stream: BinaryIO) -> int:
    """As `_orientation`, but for a picture that is not decoded."""
    if picture.format == "TIFF":
        return 1  # Pillow gives the upright size at once
    if picture.format != "PNG" or "exif" in picture.info:
        return _orientation(picture)
    # Pillow would decode the whole PNG to see whether an EXIF chunk follows the pixels; stepping over them is enough.
    stream.seek(8)
    while len(header := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", header)
        if kind == b"eXIf":
            picture.info["exif"] = stream.read(length)
            return _orientation(picture)
        stream.seek(length + 4, os.SEEK_CUR)
    return 1


# --- colours ---------------------------------------------------------------------------------------------------------


def _rgb_or_grey(picture: Image.Image) -> Image.Image:
    """A decoded picture of any mode in mode RGB or L, transparency laid on white."""
    mode, keyed = picture.mode, "transparency" in picture.info
    if mode.startswith("I") or mode == "F":
        return _grey_of_numbers(picture)
    if mode in ("P", "PA"):
        grey = _palette_is_grey(picture)
        seen_through = keyed or mode == "PA" or _palette_has_alpha(picture)
        colours = _on_white(picture.convert("RGBA")) if seen_through else picture.convert("RGB")
        return colours.convert("L") if grey else colours
    if mode in ("1", "L"):
        return _on_white(picture.convert("LA")) if keyed else picture if mode == "L" else picture.convert("L")
    if mode in ("LA", "La"):
        return _on_white(picture if mode == "LA" else picture.convert("LA"))
    if mode in ("RGBA", "RGBa") or (mode == "RGB" and keyed):
        return _on_white(picture if mode == "RGBA" else picture.convert("RGBA"))
    return picture if mode == "RGB" else picture.convert("RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    """LA or RGBA without its transparency, on white; an alpha of 0 everywhere is taken as unused."""
    alpha = picture.getchannel("A")
    lowest, highest = alpha.getextrema()
    colours = picture.convert("L" if picture.mode == "LA" else "RGB")
    if lowest == 255 or highest == 0:
        return colours
    white = Image.new(colours.mode, colours.size, "white")
    white.paste(colours, mask=alpha)
    return white


def _palette_has_alpha(picture: Image.Image) -> bool:
    return picture.palette is not None and picture.palette.mode == "RGBA"


def _palette_is_grey(picture: Image.Image) -> bool:
    colours = np.array(picture.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


# --- more than 8 bits ------------------------------------------------------------------------------------------------

_BITS_PER_SAMPLE, _PHOTOMETRIC, _MAX_SAMPLE_VALUE = 258, 262, 281  # tags of TIFF 6.0
_SENSOR_BITS = (8, 10, 12, 14, 16)
_FULL_RANGE = {"PNG", "PPM", "JPEG2000", "HEIF", "AVIF"}  # these say how bright white is, and Pillow scales to 65535


def _grey_of_numbers(picture: Image.Image) -> Image.Image:
    """Grey of 16-bit, 32-bit or float values, as mode L; a value that is no number is black."""
    values = np.asarray(picture)
    if values.dtype.kind == "i" and values.min() >= 0 and values.max() <= 65535:
        values = values.astype(np.uint16)
    if values.dtype.kind == "u":
        grey = _table(_white_value(picture, values))[values]
    else:
        grey = _stretched(values, *_value_range(values))
    if _tiff_number(picture, _PHOTOMETRIC, 1) == 0:  # "white is zero", which Pillow minds only up to 8 bits
        grey = 255 - grey
    key = picture.info.get("transparency")
    if isinstance(key, int):
        grey[values == key] = 255
    return Image.fromarray(grey)


def _white_value(picture: Image.Image, values: np.ndarray) -> int:
    """The value that stands for white in unsigned numbers of up to 16 bits.

    What the file says: 65535 for the formats that know no other, MaxSampleValue or fewer than 16 BitsPerSample in a
    TIFF. A 16-bit TIFF often holds fewer bits without saying so: there it is the largest number of the smallest usual
    sensor depth (8, 10, 12, 14, 16 bits) that holds all values, so that one camera's pictures mostly stay comparable.
    """
    if picture.format in _FULL_RANGE:
        return 65535
    highest = int(values.max())
    bits, stated = _tiff_number(picture, _BITS_PER_SAMPLE, 16), _tiff_number(picture, _MAX_SAMPLE_VALUE, 0)
    if max(255, highest) <= stated < 65535:
        return stated
    if bits < 16:
        return 2**bits - 1
    return next(2**depth - 1 for depth in _SENSOR_BITS if highest < 2**depth)


def _tiff_number(picture: Image.Image, tag: int, otherwise: int) -> int:
    """The (first) whole number under a TIFF tag; `otherwise` in other formats and where it is missing."""
    value = getattr(picture, "tag_v2", {}).get(tag, otherwise)
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) else otherwise


@lru_cache(maxsize=8)
def _table(white: int) -> np.ndarray:
    """(65536,) uint8: grey for each value when `white` is 255. 65535 gives value / 257, rounded."""
    return np.minimum(np.round(np.arange(65536) * (255 / white)), 255).astype(np.uint8)


def _value_range(values: np.ndarray) -> tuple[float, float]:
    """The values that stand for black and white in float, signed or very large numbers.

    Floats within 0..1, or else within 0..255, have that range, as is the custom; all others reach from their lowest to
    their highest finite value.
    """
    low, high = np.inf, -np.inf
    for rows in _strips(values):
        finite = values[rows][np.isfinite(values[rows])]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        return 0.0, 1.0  # there is no finite value at all
    if values.dtype.kind == "f" and low >= 0 and high <= 255:
        return 0.0, 1.0 if high <= 1 else 255.0
    return low, high


def _stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """`values` with `low` at 0 and `high` at 255, uint8; infinities go to the ends, NaN to 0, a constant is black."""
    grey = np.zeros(values.shape, np.uint8)
    if high <= low:
        return grey
    for rows in _strips(values):
        with np.errstate(invalid="ignore"):  # signalling NaNs, which only damaged files hold, complain when copied
            strip = values[rows].astype(np.float64)
        unknown = np.isnan(strip)
        strip[unknown] = low
        grey[rows] = np.round((np.clip(strip, low, high) - low) * (255 / (high - low)))
        grey[rows][unknown] = 0
    return grey


def _strips(values: np.ndarray) -> Iterator[slice]:
    """Rows of about a million values at a time: a whole large picture in float64 would take gigabytes."""
    step = max(1, 2**20 // max(1, values.shape[1]))
    return (slice(start, start + step) for start in range(0, len(values), step))


# --- sizes -----------------------------------------------------------------------------------------------------------

Size = tuple[int, int]
Box = tuple[float, float, float, float]


def _frame(size: Size, frame: Size, fit: Fit) -> tuple[Size, Box]:
    """The (width, height) to scale to and the part of the picture, (left, top, right, bottom), to scale from."""
    (width, height), (frame_width, frame_height) = size, frame
    whole = (0.0, 0.0, float(width), float(height))
    if fit == "squeeze":
        return frame, whole
    if fit == "pad":
        scale = min(frame_width / width, frame_height / height)
        return (
            min(frame_width, max(1, round(width * scale))),
            min(frame_height, max(1, round(height * scale))),
        ), whole
    if fit == "crop":
        scale = max(frame_width / width, frame_height / height)
        part_width, part_height = min(width, frame_width / scale), min(height, frame_height / scale)
        left, top = (width - part_width) / 2, (height - part_height) / 2
        return frame, (left, top, min(width, left + part_width), min(height, top + part_height))
    raise ValueError(f"fit must be crop, pad or squeeze, not {fit!r}")
