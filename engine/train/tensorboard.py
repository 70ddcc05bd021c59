"""TensorBoard's event files, written without TensorBoard: single numbers over steps.

A file is a sequence of records (TensorFlow, `core/lib/io/record_writer.h`):

    uint64 length, uint32 masked crc32c of the length, the data, uint32 masked crc32c of the data

all little-endian, where masked(c) = ((c >> 15 | c << 17) + 0xa282ead8) mod 2^32. The data of each is one `Event`
message of `core/util/event.proto`: 1 wall_time (double), 2 step (int64), 3 file_version (string), 5 summary (message:
1 value, repeated: 1 tag, 2 simple_value (float)), 7 session_log (message: 1 status, START = 1).
"""

import os
import socket
import struct
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from engine.files import read_settings, write_settings
from engine.train.events import BatchDone, EpochDone, RunStarted

FOLDER = "tensorboard"
"""Within the folder of a run."""

SETTING = "event_files"


def writes_event_files() -> bool:
    """Whether new runs write event files; chosen once for all projects, in the window and on the command line."""
    return read_settings().get(SETTING) is True


def set_event_files(on: bool) -> None:
    """Choose it. Raises: EngineError, where it cannot be kept."""
    write_settings(**{SETTING: on})


_POLYNOMIAL = 0x82F63B78  # Castagnoli, its bits reversed


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return tuple(entries)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """The checksum of RFC 3720, appendix B.4; Python's own library has only the other polynomial."""
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    """A checksum as it is stored, so that data which hold their own checksums do not weaken it."""
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """One record of a file."""
    length = struct.pack("<Q", len(data))
    ends = struct.pack("<I", masked(crc32c(length))), struct.pack("<I", masked(crc32c(data)))
    return length + ends[0] + data + ends[1]


# ---- Protocol Buffers: (field number << 3 | type), then the value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _event(step: int, content: bytes) -> bytes:
    head = _varint(1 << 3 | 1) + struct.pack("<d", time.time())
    return head + (_varint(2 << 3) + _varint(step) if step else b"") + content


def _summary(values: Mapping[str, float]) -> bytes:
    def entry(tag: str, value: float) -> bytes:
        return _bytes(1, tag.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", value)

    return _bytes(5, b"".join(_bytes(1, entry(tag, value)) for tag, value in values.items()))


class EventFile:
    """A new event file in `folder`, which is made where it is missing.

    Args:
        step: the first step that it tells of. What other files of the folder tell from there on no longer counts: a
            training that was killed repeats what came after its last checkpoint.
    Raises:
        OSError.
    """

    def __init__(self, folder: Path, step: int = 0):
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        # The name that TensorBoard looks for and sorts by; of two files of one second the later has the later name.
        name = f"events.out.tfevents.{now:017.6f}.{socket.gethostname() or 'localhost'}.{os.getpid()}"
        self._file = open(folder / name, "xb")  # noqa: SIM115 - closed by `close`
        self._write(_event(0, _bytes(3, b"brain.Event:2")))
        self._write(_event(step, _bytes(7, _varint(1 << 3) + _varint(1))))

    def add(self, step: int, **values: float) -> None:
        """Tell numbers of one step; "__" in a name stands for "/", which groups curves. Raises: OSError."""
        self._write(_event(step, _summary({name.replace("__", "/"): value for name, value in values.items()})))

    def flush(self) -> None:
        """Let readers see all that was told. Raises: OSError."""
        self._file.flush()

    def close(self) -> None:
        """Raises: OSError."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        self._file.write(record(data))


def with_event_file(work: Generator[Any, None, Any]) -> Generator[Any, None, Any]:
    """A training, passed through; what it tells is written to an event file in its run's folder as well.

    Raises: as `work`. A file that cannot be written ends nothing: the run has its history without it.
    """
    writer = None
    try:
        while True:
            try:
                event = next(work)
            except StopIteration as end:
                return end.value
            writer = _written(event, writer)
            yield event
    finally:
        if writer is not None:
            writer.close()  # first: the run may be discarded at its end, and Windows removes no file that is open
        work.close()


class _Writer:
    """One event file that gives up silently where the disk does."""

    def __init__(self, started: RunStarted):
        self._steps = started.steps_per_epoch
        self._file: EventFile | None = None
        try:
            self._file = EventFile(started.folder / FOLDER, (started.first_epoch - 1) * self._steps + 1)
        except OSError:
            self.close()

    def tell(self, event: BatchDone | EpochDone) -> None:
        if self._file is None:
            return
        try:
            if isinstance(event, BatchDone):
                rate = event.learning_rate
                self._file.add(event.total_step, batch__loss=event.loss, batch__learning_rate=rate)
                return
            self._file.add(
                event.epoch * self._steps,
                loss__train=event.train_loss,
                loss__validation=event.validation_loss,
                accuracy__train=event.train_accuracy,
                accuracy__validation=event.validation_accuracy,
                images_per_second=event.images_per_second,
            )
            self._file.flush()
        except OSError:
            self.close()

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                return  # what it still held could not be written; nothing waits for it


def _written(event: Any, writer: _Writer | None) -> _Writer | None:
    if isinstance(event, RunStarted):
        return _Writer(event)
    if writer is not None and isinstance(event, BatchDone | EpochDone):
        writer.tell(event)
    return writer
