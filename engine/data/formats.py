"""Which files are pictures, and in words why one of them is not.

Nothing here decodes: `engine.data.pictures` does, and asks this module for the formats to try and for its sentences.
"""

import errno
import logging
import os
import re
import threading
import warnings
from functools import cache

from PIL import Image, UnidentifiedImageError

MAX_PIXELS = 200_000_000
"""Larger pictures are refused before they are decoded: a few kB may claim any size (a "decompression bomb")."""

# Pillow refuses what is larger than twice this number wherever it meets it, also inside ICO or ICNS files; its own
# default stops at 179 megapixels. Set once, here, so that no thread ever sees a limit that comes and goes.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2

# Pillow logs what it cannot read; without a handler anywhere Python would print that on stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_NOT_RASTER = {"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"}  # stubs, vectors that need other programs, films
_TRIED_FIRST = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")


@cache
def _readable() -> tuple[tuple[str, ...], frozenset[str]]:
    """The Pillow formats to try, most common first, and the suffixes (lower case) that belong to them.

    Asked at the first need: Pillow imports all its readers to answer, and the window is up 50 ms sooner without them.
    """
    by_suffix = Image.registered_extensions()
    known = {name for name in by_suffix.values() if name in Image.OPEN and name not in _NOT_RASTER}
    ordered = tuple(name for name in _TRIED_FIRST if name in known)
    # MPO (two JPEGs in one file) has a suffix of its own, but its files are opened by the JPEG reader.
    suffixes = {suffix.lower() for suffix, name in by_suffix.items() if name in known | {"MPO"}}
    return ordered + tuple(sorted(known - set(ordered))), frozenset(suffixes | {".heic", ".heif", ".hif", ".avif"})


def picture_suffixes() -> frozenset[str]:
    """The suffixes, in lower case, that a scan takes for pictures."""
    return _readable()[1]


_NEVER_PICTURES = {
    *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
    *("readme", "license", "licence", "copying", "authors", "changelog", "notice", "makefile"),
}


def looks_like_picture(name: str) -> bool:
    """Whether a scan takes the file called `name` (no folders in it) for a picture, judging by the name alone.

    A name without any suffix counts, since many scraped sets have none; hidden names, the companions that macOS and
    Windows leave behind, and the usual README and LICENSE do not.
    """
    if name.startswith(".") or name.lower() in _NEVER_PICTURES:
        return False
    suffix = os.path.splitext(name)[1].lower()
    return suffix in picture_suffixes() or suffix in ("", ".")


_SAME = {"MPO": "JPEG", "DIB": "BMP", "JPS": "JPEG"}
_HEIF_SUFFIXES = {".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF", ".avif": "AVIF"}


def fits_suffix(name: str, found: str) -> bool:
    """Whether a file called `name` may be of Pillow's format `found`; a name without a suffix promises nothing."""
    suffix = os.path.splitext(name)[1].lower()
    promised = _HEIF_SUFFIXES.get(suffix) or Image.registered_extensions().get(suffix)
    return promised is None or _SAME.get(promised, promised) == _SAME.get(found, found)


# --- formats that need preparation ---------------------------------------------------------------------------------

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_heif_lock = threading.Lock()
_heif_registered = False


def formats_to_try(head: bytes) -> tuple[str, ...]:
    """The formats to try on a file that begins with `head` (at least 12 bytes); HEIF is made ready if it may be one."""
    if head[4:8] != b"ftyp" or head[8:12] not in _HEIF_BRANDS:
        return _readable()[0]
    global _heif_registered
    with _heif_lock:
        if not _heif_registered:
            import pillow_heif  # only here: the library takes a while to load and most sets hold no HEIF at all

            pillow_heif.register_heif_opener()
            _heif_registered = True
    return (*_readable()[0], "HEIF")


def covered_by_strips(tiff: Image.Image) -> bool:
    """Whether the strips or tiles a TIFF lists reach its last pixel; Pillow leaves the rest black without a word."""
    right, bottom = (max((tile.extents[side] for tile in tiff.tile), default=0) for side in (2, 3))
    return right * bottom >= tiff.width * tiff.height  # as a product, since only the size has been turned upright


def silence_pillow() -> None:
    """Let Pillow's warnings about odd metadata go nowhere, in every thread.

    `warnings.catch_warnings` swaps a global list and is therefore not for threads, and the same swap in other code
    (pytest's, say) drops a filter that was set at import. So the filter, which concerns Pillow's modules alone, is put
    back when absent.
    """
    if _PILLOW_FILTER not in warnings.filters:
        warnings.filterwarnings(_PILLOW_FILTER[0], category=Warning, module=_PILLOW_MODULES)


_PILLOW_MODULES = r"(PIL|pillow_heif)\."
_PILLOW_FILTER = ("ignore", None, Warning, re.compile(_PILLOW_MODULES), 0)


# --- why a file cannot be read: pairs (why, fix) --------------------------------------------------------------------

_LEAVE_OUT = "Replace it with a good copy, or leave it out."

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"8BPS", "Photoshop file"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"P1", "PBM"),
    (b"P2", "PGM"),
    (b"P3", "PPM"),
    (b"P4", "PBM"),
    (b"P5", "PGM"),
    (b"P6", "PPM"),
)
_OTHER_THINGS = (
    (b"%PDF", "a PDF document", "Save its pages as PNG or JPEG first."),
    (b"%!PS", "a PostScript drawing", "Save it as PNG first."),
    (b"PK\x03\x04", "a zip archive", "Unpack it first."),
    (b"Rar!", "a rar archive", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it first."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"\x00\x05\x16\x07", "a companion file that macOS leaves beside the real one", "Leave it out."),
    (b"\xff\x0a", "a JPEG XL picture, which cannot be read here", "Save it as PNG or JPEG first."),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture, which cannot be read here", "Save it as PNG or JPEG first."),
)


def why_unknown(head: bytes, size: int) -> tuple[str, str]:
    """Why no format fits a file of `size` bytes that begins with `head`, and what to do about it."""
    if size == 0:
        return "It is empty (0 bytes).", "Copy or download it again."
    if not head.strip(b"\0"):
        return "It holds nothing but zero bytes, as a failed copy leaves them.", "Copy or download it again."
    for start, thing, fix in _OTHER_THINGS:
        if head.startswith(start):
            return f"It is {thing}.", fix
    if head[4:8] == b"ftyp":
        return "It is a film, or a picture of a kind that cannot be read.", "Save it as PNG or JPEG first."
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return (
            "It is a TIFF that is damaged or of a kind that cannot be read, such as 32-bit colour.",
            "Save it as a TIFF or PNG with 8 or 16 bits per colour, or leave it out.",
        )
    for start, name in _SIGNATURES:
        if head.startswith(start):
            return f"It begins like a {name}, but its header is damaged.", _LEAVE_OUT
    return _why_text(head) or ("It is in no picture format that is known here.", "Save it as PNG or JPEG first.")


def _why_text(head: bytes) -> tuple[str, str] | None:
    """As `why_unknown` for files that are text; None for those that are not."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"version https://git-lfs"):
        return "It is a git-lfs pointer, not the picture itself.", "Fetch the pictures with “git lfs pull”."
    if b"<svg" in text:
        return "It is an SVG drawing, made of lines instead of pixels.", "Save it as PNG first."
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in text:
        return "It is a web page, not a picture.", "Download the picture itself again; the server sent a page instead."
    if text.startswith((b"{", b"<?xml")) or all(byte >= 32 or byte in b"\t\n\r\f" for byte in head):
        return "It is a text file, not a picture.", "Leave it out, or take the picture it stands for."
    return None


_CUT_OFF = ("truncat", "premature", "end of file", "not enough image data")
_SYSTEM_REASONS = {
    errno.ELOOP: "It is a link that points to itself.",
    errno.ENAMETOOLONG: "Its name or path is longer than this system allows.",
    errno.EIO: "The disk reports an error while reading it.",
    errno.EMFILE: "Too many files are open at once.",
    errno.ESTALE: "The network folder it lies in has gone.",
}


def why_failed(error: Exception) -> tuple[str, str]:
    """Why opening or decoding ended in `error`, and what to do about it."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "The file is not there (any more).", "Check the folder, or add the picture again from its new place."
    if isinstance(error, PermissionError):
        return (
            "You have no permission to read it.",
            "Change its rights, or copy it to a folder of your own.",
        )
    if isinstance(error, IsADirectoryError):
        return "It is a folder, not a file.", "Choose the pictures inside it."
    if isinstance(error, OSError) and error.errno in _SYSTEM_REASONS:
        return _SYSTEM_REASONS[error.errno], "Check the place where it is stored, then try again."
    if isinstance(error, MemoryError):
        return "It needs more memory than this computer has free.", "Make the picture smaller, or close other programs."
    text = str(error).lower()
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\d+", text)
        return why_too_large(int(pixels.group()) if pixels else None)
    if isinstance(error, UnidentifiedImageError):
        return "It is in no picture format that is known here.", "Save it as PNG or JPEG first."
    if isinstance(error, EOFError) or any(sign in text for sign in _CUT_OFF):
        return "The file is cut off.", "Copy or download it again."
    if "decompressed data too large" in text:
        return "The notes inside it unpack to a suspicious size.", "Save it again in a picture editor, or leave it out."
    return "Its picture data is damaged.", _LEAVE_OUT


def why_too_large(pixels: int | None) -> tuple[str, str]:
    """The sentences for a picture of more than `MAX_PIXELS` pixels; None when the number is not known."""
    claim = f"It claims {pixels / 1e6:,.0f} megapixels" if pixels else "It claims a huge size"
    limit = f"{MAX_PIXELS // 1_000_000} megapixels"
    return f"{claim}; pictures up to {limit} are read.", "Make the picture smaller, or leave it out if it is damaged."
