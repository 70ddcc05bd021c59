"""One look at every file: how large, which format, how bright, and a fingerprint of what is on it.

A JPEG is decoded at an eighth of its size for it, and still to its last byte. What was seen is kept in the cache, so
that a folder is looked at once; a changed file is looked at again.
"""

import io
import logging
import os
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from engine.data.formats import fits_suffix
from engine.data.index import Index
from engine.data.keys import KEY_BYTES, keys_of
from engine.data.parallel import in_order
from engine.data.pictures import picture_facts, read_array
from engine.errors import PictureError
from engine.files import cache_folder, write_atomically
from engine.jobs import JobControl, Progress

log = logging.getLogger(__name__)

SIDE = 32
"""Pixels of what is looked at: enough for a fingerprint, and little to decode."""

COARSE = 8
"""Pixels a side of the grey miniature by which fingerprints are checked."""

_FORMAT = 1
_EVERY_S = 0.05
_AHEAD = 64

ROW = np.dtype(
    [
        ("width", np.int32),
        ("height", np.int32),
        ("format", "S12"),
        ("named_wrong", np.bool_),
        ("mean", np.float32, 3),
        ("spread", np.float32),
        ("hash", np.uint64, 2),
        ("coarse", np.uint8, (COARSE, COARSE)),
    ]
)
"""What is known of an image.

width, height: pixels, upright. format: Pillow's name. named_wrong: the suffix promises another format.
mean: red, green, blue, 0 to 1. spread: standard deviation of brightness, 0 to 1. hash: see `fingerprint`.
coarse: brightness in 8 × 8 squares.
"""


@dataclass(frozen=True, eq=False)
class Looks:
    """What was seen of the images of an index.

    Attributes:
        rows: (N,) of `ROW`; zeros where an image cannot be read.
        failures: for each of those its number, and a sentence that says what is wrong.
    """

    index: Index
    rows: np.ndarray
    failures: dict[int, str]

    @property
    def readable(self) -> np.ndarray:
        """(N,) bool."""
        return self.rows["width"] > 0


def look_at(
    index: Index, control: JobControl | None = None, workers: int | None = None, remember: bool = True
) -> Generator[Progress, None, Looks]:
    """Look at every image that was not looked at before.

    Args:
        workers: threads; None takes one per core.
        remember: keep what is seen in the cache, also when the work is stopped half way.
    Raises: Cancelled: `control` asked to stop.
    """
    control = control or JobControl()
    keys = keys_of(index)
    rows, known = _remembered(index.root, keys) if remember else (np.zeros(len(index), ROW), np.zeros(len(index), bool))
    missing = np.flatnonzero(~known)
    failures: dict[int, str] = {}
    done, last = len(index) - len(missing), 0.0

    def look(number: int) -> np.void | PictureError:
        return _look(index.path(number))

    try:
        with ThreadPoolExecutor(workers or os.cpu_count() or 1, "look") as pool:
            for number, seen in in_order(pool, look, missing.tolist(), control, _AHEAD):
                if isinstance(seen, PictureError):
                    failures[number] = f"{seen.what} {seen.why}".strip()
                else:
                    rows[number] = seen
                done += 1
                if time.monotonic() - last >= _EVERY_S:
                    last = time.monotonic()
                    yield Progress(done, len(index), "Checking images")
    finally:
        if remember and len(missing):
            _remember(index.root, keys, rows)
    return Looks(index, rows, failures)


def _look(path: Path) -> np.void | PictureError:
    try:
        facts = picture_facts(path)
        pixels = read_array(path, SIDE, SIDE, "rgb", "squeeze")
    except PictureError as error:
        return error
    row = np.zeros((), ROW)
    grey = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    row["width"], row["height"], row["format"] = facts.width, facts.height, facts.format.encode()[:12]
    row["named_wrong"] = not fits_suffix(path.name, facts.format)
    row["mean"], row["spread"] = pixels.mean((0, 1)) / 255, grey.std() / 255
    row["hash"], row["coarse"] = fingerprint(grey), _shrunk(grey, COARSE, COARSE).round()
    return row[()]


def fingerprint(grey: np.ndarray) -> np.ndarray:
    """(2,) uint64: where brightness grows to the right, and where it grows downwards, in 8 × 8 places each.

    The "difference hash" of N. Krawetz (2013), in both directions: scaling, compression and other brightness change a
    few bits of 128, another image about half of them.

    Args:
        grey: (32, 32) brightness.
    """
    across = _shrunk(grey, 8, 9)
    down = _shrunk(grey, 9, 8)
    bits = np.stack([across[:, 1:] > across[:, :-1], down[1:] > down[:-1]])
    return np.packbits(bits.reshape(2, 64), axis=1).view(">u8")[:, 0].astype(np.uint64)


def _shrunk(grey: np.ndarray, height: int, width: int) -> np.ndarray:
    """Means of equal parts; parts that are no whole pixels share them."""
    return _means(grey.shape[0], height) @ grey @ _means(grey.shape[1], width).T


def _means(fine: int, coarse: int) -> np.ndarray:
    """(coarse, fine) weights that add up to 1 in each line."""
    edges = np.linspace(0, fine, coarse + 1)
    start, end = np.arange(fine), np.arange(fine) + 1
    shares = np.minimum(end, edges[1:, None]) - np.maximum(start, edges[:-1, None])
    return (shares.clip(0) * (coarse / fine)).astype(np.float32)


# --- kept from one time to the next ----------------------------------------------------------------------------------


def _file(root: Path) -> Path:
    said = os.path.realpath(root).encode("utf-8", "surrogatepass")
    return cache_folder() / "looks" / f"{blake2b(said, digest_size=12).hexdigest()}.npz"


def _remembered(root: Path, keys: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """(N,) rows, and (N,) whether each was known; anything damaged or foreign counts as nothing."""
    rows, known = np.zeros(len(keys), ROW), np.zeros(len(keys), bool)
    with suppress(Exception):  # whatever numpy and zipfile raise on a file that was cut or written by somebody else
        with np.load(_file(root), allow_pickle=False) as stored:
            if int(stored["format"]) != _FORMAT:
                return rows, known
            old_keys, old_rows = stored["keys"], stored["rows"]
        joined = old_keys.tobytes()
        place = {joined[start : start + KEY_BYTES]: start // KEY_BYTES for start in range(0, len(joined), KEY_BYTES)}
        found = np.array([place.get(key, -1) for key in keys], np.int64)
        old = np.frombuffer(old_rows.tobytes(), ROW)
        rows[found >= 0] = old[found[found >= 0]]
        known = found >= 0
    return rows, known


def _remember(root: Path, keys: list[bytes], rows: np.ndarray) -> None:
    """Keep what could be read; an image that could not is tried again next time. A full disk only costs that."""
    good = rows["width"] > 0
    kept = b"".join(key for key, is_good in zip(keys, good.tolist(), strict=True) if is_good)
    file = io.BytesIO()
    plain = np.frombuffer(rows[good].tobytes(), np.uint8)
    np.savez(file, format=_FORMAT, keys=np.frombuffer(kept, np.uint8), rows=plain)
    try:
        _file(root).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(_file(root), file.getvalue())
    except OSError as error:
        log.warning("what was seen of the images could not be kept: %s", error)
