"""Decode every picture once, to uint8 at the size of the run; from then on an epoch never touches a JPEG.

Measured with 600 photographs (JPEG, about 256 pixels a side, to 64 x 64, two cores): one thread 0.30 s, two or three
threads 0.18 to 0.30 s, two spawned processes 0.93 s since each must first import everything. Pillow decodes and scales
without the interpreter's lock, so threads lose nothing, need no guard in scripts and cost nothing to start.
"""

import errno
import os
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from engine.data.index import TRAIN, Index
from engine.data.keys import keys_of
from engine.data.parallel import in_order
from engine.data.pictures import read_array
from engine.data.room import hold, make_room
from engine.data.store import FolderLock, Store
from engine.errors import EngineError, PictureError
from engine.files import cache_folder
from engine.jobs import JobControl, Progress
from engine.params import both
from engine.spec.data import DataSpec

DECODER = 1
"""Raised when `engine.data.pictures` gives other pixels for the same file, so that older rows are not used."""

_EVERY_S = 0.05  # between two events
_POLL_S = 0.1  # between two looks at somebody else's lock
_AHEAD = 16  # pictures per worker that may be decoded and not yet written
_LARGEST_SAMPLE = 20_000  # pictures measured for mean and deviation
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True, eq=False)
class Pictures:
    """The decoded pictures of an index.

    Attributes:
        rows: (M, H, W, C) uint8, read only, mapped from the disk; may hold rows of pictures that are gone.
        row_of: (N,) int64, the row of each picture of the index, -1 where it cannot be read.
        failures: for each of those its number in the index, and a sentence that says what is wrong with it.
    """

    index: Index
    rows: np.ndarray
    row_of: np.ndarray
    failures: dict[int, str]

    def readable(self, split: int) -> np.ndarray:
        """The numbers of the pictures of one split that can be read, ascending."""
        return np.flatnonzero((self.index.splits == split) & (self.row_of >= 0))

    def array(self, number: int) -> np.ndarray:
        """(H, W, C) uint8. Raises: EngineError when picture `number` cannot be read."""
        row = int(self.row_of[number])
        if row < 0:
            raise PictureError(self.failures[number])
        return self.rows[row]


def decode(
    index: Index, data: DataSpec, control: JobControl, workers: int | None = None
) -> Generator[Progress, None, Pictures]:
    """Bring every picture of `index` into the cache that is not there yet.

    Whatever ends the work early - a stop, a closed generator, a crash - keeps what was reached; the next call goes on
    there. A second process that wants the same pictures waits for the first one. A changed file is decoded again.

    Args:
        workers: threads; None takes one per core.
    Raises:
        EngineError: the cache cannot be written, for example because the disk is full.
        Cancelled: `control` asked to stop.
    """
    keys = keys_of(index)
    try:
        store = Store(_folder_for(index.root, data), _row_shape(data))
        hold(store.folder)  # what is in use is not removed, and the last to be forgotten
        unreachable: dict[int, str] = {}
        if _missing(keys, store):
            unreachable = yield from _fill(index, data, keys, store, control, workers)
            make_room(keep=store.folder)
        rows = store.mapped()
    except OSError as error:
        raise _cannot_write(error) from error
    row_of = np.fromiter((store.rows.get(key, -1) for key in keys), np.int64, len(keys))
    failures = {int(number): store.failures.get(keys[number], "") for number in np.flatnonzero(row_of < 0)}
    yield Progress(len(index), len(index), "Images are ready")
    return Pictures(index, rows, row_of, failures | unreachable)


def _fill(
    index: Index, data: DataSpec, keys: list[bytes], store: Store, control: JobControl, workers: int | None
) -> Generator[Progress, None, dict[int, str]]:
    """Decode what is missing, alone; returns the failures that may be gone next time and are not remembered."""
    lock = FolderLock(store.folder)
    yield Progress(0, len(index), "Reading images")
    while not lock.acquire():
        control.checkpoint()
        yield Progress(0, len(index), "Waiting: another window is reading these images")
        time.sleep(_POLL_S)
    try:
        store.reload()  # somebody may have done the work meanwhile
        _drop_waste(keys, store)
        store.sweep()
        missing = _missing(keys, store)
        unreachable: dict[int, str] = {}
        done, last = len(index) - len(missing), 0.0
        workers = workers or os.cpu_count() or 1
        with (
            ThreadPoolExecutor(workers, "decode") as pool,
            closing(in_order(pool, _reader(index, data), missing, control, workers * _AHEAD)) as results,
        ):
            # In the order of the index: neighbours there are then neighbours on the disk.
            for number, result in results:
                done += 1
                if isinstance(result, np.ndarray):
                    store.add(keys[number], result)
                elif _is_of_the_file(result):
                    store.add_failure(keys[number], _sentence(result))
                else:
                    unreachable[number] = _sentence(result)
                if time.monotonic() - last >= _EVERY_S:
                    last = time.monotonic()
                    yield Progress(done, len(index), "Reading images")
        store.save()
        return unreachable
    finally:
        # On the way out of a stop or an error this keeps what can be kept; an error here would hide the real one.
        with suppress(OSError):
            store.save()
        store.close()
        lock.release()


def _reader(index: Index, data: DataSpec) -> Callable[[int], np.ndarray | PictureError]:
    height, width, _ = _row_shape(data)

    def read(number: int) -> np.ndarray | PictureError:
        try:
            return read_array(index.path(number), height, width, data.colour, data.fit)
        except PictureError as error:
            return error

    return read


def _missing(keys: list[bytes], store: Store) -> list[int]:
    return [number for number, key in enumerate(keys) if key not in store.rows and key not in store.failures]


def _drop_waste(keys: list[bytes], store: Store) -> None:
    """Start over where most rows belong to files that have changed or gone; otherwise they would pile up for ever."""
    wanted = sum(key in store.rows for key in keys)
    if len(store.rows) > 2 * wanted + 1000:
        store.start_over()


def _row_shape(data: DataSpec) -> tuple[int, int, int]:
    channels, height, width = data.shape
    return height, width, channels


def _folder_for(root: Path, data: DataSpec) -> Path:
    height, width = both(data.size)
    recipe = f"{os.path.realpath(root)}\0{height}x{width}\0{data.colour}\0{data.fit}\0{DECODER}"
    # A path may hold lone surrogates; any bytes will do here.
    return cache_folder() / "pictures" / blake2b(recipe.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _is_of_the_file(error: PictureError) -> bool:
    """Whether the reason lies in the content of the file, and so stays until the file changes.

    Rights, a missing file, a failing disk or too little memory may be mended without any trace in size and time.
    """
    cause = error.__cause__
    return not isinstance(cause, MemoryError) and not (isinstance(cause, OSError) and cause.errno is not None)


def _sentence(error: PictureError) -> str:
    return f"{error.what} {error.why}".strip()


def _cannot_write(error: OSError) -> EngineError:
    place = cache_folder()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EngineError(
            "The images could not be prepared.",
            why=f"The disk that holds {place} is full.",
            fix="Make room there, then go on: what is done so far is kept.",
        )
    return EngineError(
        "The images could not be prepared.",
        why=f"The folder {place} cannot be used: {(error.strerror or str(error)).lower()}.",
        fix="Check that you may write there, then try again.",
    )


# --- what the network is fed with -------------------------------------------------------------------------------------


def channel_statistics(pictures: Pictures) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation, each (C,) float64 in 0..1, of the training pictures.

    Sums of whole numbers, exact and so independent of order and number of threads. Of more than 20 000 pictures, that
    many are measured, evenly spread. The deviation is at least 0.001: constant pictures would divide by zero.
    """
    numbers = pictures.readable(TRAIN)
    if len(numbers) > _LARGEST_SAMPLE:
        numbers = numbers[np.linspace(0, len(numbers) - 1, _LARGEST_SAMPLE).astype(np.int64)]
    rows = np.sort(pictures.row_of[numbers])
    _, height, width, channels = pictures.rows.shape
    if not len(rows):
        return np.full(channels, 0.5), np.full(channels, 0.5)
    total, squares = np.zeros(channels), np.zeros(channels)
    for start in range(0, len(rows), 64):
        chunk = pictures.rows[rows[start : start + 64]].reshape(-1, channels)
        for channel in range(channels):
            # Whole numbers below 2**53 are exact in float64, whose dot product is far faster than that of integers.
            values = chunk[:, channel].astype(np.float64)
            total[channel] += values.sum()
            squares[channel] += values @ values
    count = len(rows) * height * width
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
    return mean / 255, np.maximum(deviation / 255, 1e-3)


def normalisation(data: DataSpec, pictures: Pictures) -> tuple[np.ndarray, np.ndarray]:
    """What is subtracted from and then divides pixel values of 0..1, each (C,) float32, by `data.normalise`."""
    channels = data.shape[0]
    if data.normalise == "dataset":
        mean, std = channel_statistics(pictures)
    elif data.normalise == "imagenet":
        mean, std = (np.array(values) for values in _IMAGENET)
        if channels == 1:
            mean, std = mean.mean(keepdims=True), std.mean(keepdims=True)
    else:
        fixed = {"unit": (0.0, 1.0), "signed": (0.5, 0.5)}[data.normalise]
        mean, std = (np.full(channels, value) for value in fixed)
    return mean.astype(np.float32), std.astype(np.float32)
