"""Rows of decoded pictures on the disk: appended, found again by key, kept whole by a table that is replaced at once.

A folder holds `rows-<token>.bin` (uint8 rows, one after another), `table.npz` (which key lies in which row, which key
failed and why) and `lock`. Rows that the table does not name do not exist; the next writer writes over them. So a
killed process, a full disk or a power cut costs the rows since the last save and nothing else.
"""

import io
import json
import os
import secrets
import time
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from engine.data.keys import KEY_BYTES
from engine.files import sweep_parts, write_atomically

_FORMAT = 1
_SAVE_AFTER_S, _SAVE_AFTER_ROWS = 1.0, 1000
# Rewriting the table of a million pictures takes part of a second; never spend more than this share of the time on it.
_SAVE_SHARE = 0.05


# What numpy, zipfile and json raise on files that are cut, mixed up or written by somebody else.
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)


class Store:
    """The rows of one folder. Reading needs no lock; only the holder of `FolderLock` may add.

    Args:
        shape: of one row, (H, W, C).
    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int]):
        self.folder, self.shape = folder, shape
        self.row_bytes = int(np.prod(shape))
        folder.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO | None = None
        self._unsaved, self._saved_at, self._save_cost = 0, time.monotonic(), 0.0
        self.reload()

    def reload(self) -> None:
        """Take over what the disk holds now; anything damaged or foreign counts as nothing."""
        self._token = secrets.token_hex(8)
        self.rows: dict[bytes, int] = {}
        self.failures: dict[bytes, str] = {}
        try:
            self._read()
        # What numpy, zipfile and json raise on files that are cut, mixed up or written by somebody else.
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
        ):
            self.rows, self.failures = {}, {}
        self._end = max(self.rows.values(), default=-1) + 1

    def _read(self) -> None:
        with np.load(self.folder / "table.npz", allow_pickle=False) as table:
            about = json.loads(str(table["about"]))
            keys, rows = table["keys"], table["rows"]
        if about["format"] != _FORMAT or tuple(about["shape"]) != self.shape:
            raise ValueError("another format")
        if keys.dtype != np.uint8 or keys.shape != (len(rows), KEY_BYTES) or rows.dtype != np.int64:
            raise ValueError("another table")
        bytes.fromhex(about["token"])  # nothing that could lead to another place
        there = (self.folder / f"rows-{about['token']}.bin").stat().st_size // self.row_bytes
        joined = keys.tobytes()
        self.rows = {
            joined[place * KEY_BYTES : (place + 1) * KEY_BYTES]: row
            for place, row in enumerate(rows.tolist())
            if 0 <= row < there  # a rows file that was cut costs only what was cut off
        }
        self.failures = {bytes.fromhex(key): str(reason) for key, reason in about["failures"].items()}
        self._token = about["token"]

    @property
    def _rows_path(self) -> Path:
        return self.folder / f"rows-{self._token}.bin"

    def start_over(self) -> None:
        """Forget everything. Whoever has the old rows mapped keeps them: the new ones go to another file."""
        self.close()
        self.rows, self.failures, self._end = {}, {}, 0
        self._token = secrets.token_hex(8)

    def sweep(self) -> None:
        """Remove what crashed writers and forgotten tables left behind."""
        sweep_parts(self.folder)
        for old in self.folder.glob("rows-*.bin"):
            if old != self._rows_path:
                with suppress(OSError):  # Windows keeps a file that somebody has mapped; the next sweep gets it
                    old.unlink()

    def add(self, key: bytes, row: np.ndarray) -> None:
        """Append one row. Raises: OSError, for example when the disk is full; what was saved before stays good."""
        if self._file is None:
            # Not "append": what an interrupted writer left beyond the known rows is written over.
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._file = os.fdopen(os.open(self._rows_path, flags, 0o644), "wb")
            self._file.seek(self._end * self.row_bytes)
        # Through a file, not the map: a full disk is an error here, and a crash of the process there.
        self._file.write(np.ascontiguousarray(row).data)
        self.rows[key] = self._end
        self._end += 1
        self._count_unsaved()

    def add_failure(self, key: bytes, reason: str) -> None:
        """Remember that what belongs to `key` cannot be read."""
        self.failures[key] = reason
        self._count_unsaved()

    def _count_unsaved(self) -> None:
        self._unsaved += 1
        since = time.monotonic() - self._saved_at
        if (since > _SAVE_AFTER_S or self._unsaved >= _SAVE_AFTER_ROWS) and since > self._save_cost / _SAVE_SHARE:
            self.save()

    def save(self) -> None:
        """Make everything added so far survive whatever comes. Raises: OSError."""
        if not self._unsaved:
            return
        begun = time.monotonic()
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())  # before the table: it must never name rows that are not there
        write_atomically(self.folder / "table.npz", self._table())
        self._unsaved, self._saved_at = 0, time.monotonic()
        self._save_cost = self._saved_at - begun

    def _table(self) -> bytes:
        failures = {key.hex(): reason for key, reason in self.failures.items()}
        about = {"format": _FORMAT, "shape": self.shape, "token": self._token, "failures": failures}
        keys = np.frombuffer(b"".join(self.rows), np.uint8).reshape(-1, KEY_BYTES)
        file = io.BytesIO()
        rows = np.fromiter(self.rows.values(), np.int64, len(self.rows))
        np.savez(file, about=np.array(json.dumps(about)), keys=keys, rows=rows)
        return file.getvalue()

    def close(self) -> None:
        """Close the file of rows without saving. A full disk may speak up here once more, and is not asked."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def mapped(self) -> np.ndarray:
        """(M, H, W, C) uint8, read only, mapped from the disk. Raises: OSError."""
        if not self._end:
            return np.empty((0, *self.shape), np.uint8)
        return np.memmap(self._rows_path, np.uint8, "r", shape=(self._end, *self.shape))


class FolderLock:
    """One writer per folder, across processes. The system lets go of it when a process dies, however that happens."""

    def __init__(self, folder: Path):
        self._path = folder / "lock"
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free. Raises: OSError when the folder cannot be written to."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Let others write. The file stays: removing it would let two others lock two files of that name."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


if os.name == "nt":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
