"""Event files are read back byte by byte, by a reader that shares no line with the writer."""

import struct
from pathlib import Path

import numpy as np
import pytest
from training_helpers import everything_told, followed, numbers, resumed, small_project, until
from training_helpers import one_thread as one_thread

from engine.jobs import JobControl
from engine.train import runs
from engine.train.events import BatchDone, EpochDone
from engine.train.job import start_run
from engine.train.tensorboard import FOLDER, EventFile, crc32c, masked, set_event_files, writes_event_files


def crc_by_division(data: bytes) -> int:
    """CRC-32C as polynomial division, bit by bit from the definition: reflected, start and end inverted."""
    remainder = 0xFFFFFFFF
    for bit in (byte >> place & 1 for byte in data for place in range(8)):
        remainder = remainder >> 1 ^ (0x82F63B78 if (remainder ^ bit) & 1 else 0)
    return remainder ^ 0xFFFFFFFF


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data: bytes) -> list[tuple[int, object]]:
    """A Protocol Buffers message as (number, value)."""
    found, at = [], 0
    while at < len(data):
        key, at = read_varint(data, at)
        number, sort = key >> 3, key & 7
        if sort == 0:
            value, at = read_varint(data, at)
        elif sort == 1:
            (value,), at = struct.unpack("<d", data[at : at + 8]), at + 8
        elif sort == 5:
            (value,), at = struct.unpack("<f", data[at : at + 4]), at + 4
        else:
            assert sort == 2
            size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
        found.append((number, value))
    return found


def events(file: Path) -> list[dict[int, object]]:
    """All events of a file; every checksum is checked."""
    data, at, found = file.read_bytes(), 0, []
    while at < len(data):
        length = data[at : at + 8]
        (size,) = struct.unpack("<Q", length)
        (check,) = struct.unpack("<I", data[at + 8 : at + 12])
        content = data[at + 12 : at + 12 + size]
        (after,) = struct.unpack("<I", data[at + 12 + size : at + 16 + size])
        for part, stored in ((length, check), (content, after)):
            value = crc_by_division(part)
            assert stored == ((value >> 15 | value << 17) + 0xA282EAD8) % 2**32
        found.append(dict(fields(content)))
        at += 16 + size
    assert at == len(data)
    return found


def scalars(file: Path) -> list[tuple[int, str, float]]:
    """(step, name, value) of every number."""
    found = []
    for event in events(file):
        for _, value in fields(event.get(5, b"")):
            parts = dict(fields(value))
            found.append((event.get(2, 0), parts[1].decode(), parts[2]))
    return found


@pytest.mark.parametrize(
    ("data", "wanted"),
    # RFC 3720, appendix B.4, and the usual check value.
    [(bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E), (b"123456789", 0xE3069283)],
)
def test_the_checksum_is_the_published_one(data, wanted):
    assert crc32c(data) == wanted == crc_by_division(data)


def test_a_mask_stays_within_32_bits():
    assert masked(0xFFFFFFFF) == (0xFFFFFFFF + 0xA282EAD8) % 2**32


def test_a_file_says_its_version_first_then_what_was_told(tmp_path):
    file = EventFile(tmp_path, step=301)
    file.add(301, loss__train=0.25, plain=-3.5)
    file.add(2**40, odd=float("nan"))
    file.close()
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("events.out.tfevents.")
    first, session, *_ = events(path)
    assert first[3] == b"brain.Event:2" and 2 not in first and first[1] > 1.7e9
    assert session[2] == 301 and dict(fields(session[7])) == {1: 1}
    told = scalars(path)
    assert told[:2] == [(301, "loss/train", 0.25), (301, "plain", -3.5)]
    assert told[2][:2] == (2**40, "odd") and np.isnan(told[2][2])


def test_a_training_tells_its_history(picture_folder, tmp_path, monkeypatch):
    path = tmp_path / "P" / "P.atelier"
    project = small_project(picture_folder)
    with everything_told(monkeypatch):
        watching = followed(start_run(project, path, JobControl(), tensorboard=True))
    (file,) = (runs.run_folder(path, 1) / FOLDER).iterdir()
    told = scalars(file)
    steps = [event.total_step for event in watching.of(BatchDone)]
    assert [step for step, name, _ in told if name == "batch/loss"] == steps
    last = {name: value for step, name, value in told if step == steps[-1]}
    line = numbers(runs.run_folder(path, 1))[-1]
    for name in ("train", "validation"):
        assert last[f"loss/{name}"] == pytest.approx(line[f"{name}_loss"], rel=1e-6)
        assert last[f"accuracy/{name}"] == pytest.approx(line[f"{name}_accuracy"], rel=1e-6)


def test_without_the_switch_there_is_none_and_the_run_is_the_same(picture_folder, tmp_path):
    paths = [tmp_path / name / "P.atelier" for name in "ab"]
    for path, wanted in zip(paths, (False, True), strict=True):
        followed(start_run(small_project(picture_folder), path, JobControl(), tensorboard=wanted))
    plain, told = (runs.run_folder(path, 1) for path in paths)
    assert not (plain / FOLDER).exists() and numbers(plain) == numbers(told)


def test_a_resumed_run_writes_on_from_its_checkpoint(picture_folder, tmp_path):
    path, control = tmp_path / "P" / "P.atelier", JobControl()
    work = start_run(small_project(picture_folder), path, control, tensorboard=True)
    until(work, EpochDone)
    work.close()
    resumed(path)
    first, second = sorted((runs.run_folder(path, 1) / FOLDER).iterdir())
    steps = max(step for step, name, _ in scalars(first) if name == "loss/train")
    session = next(event for event in events(second) if 7 in event)
    assert session[2] == steps + 1, "what the first file tells from there on no longer counts"
    assert [step for step, name, _ in scalars(second) if name == "loss/train"] == [2 * steps, 3 * steps]


def test_a_file_that_cannot_be_written_ends_nothing(picture_folder, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EventFile, "_write", refuse)
    path = tmp_path / "P" / "P.atelier"
    followed(start_run(small_project(picture_folder), path, JobControl(), tensorboard=True))
    assert runs.find_run(path, 1).state == "finished"


def test_the_switch_counts_for_whatever_starts_a_run_and_is_off_at_first(picture_folder, tmp_path):
    assert not writes_event_files()
    path = tmp_path / "P" / "P.atelier"
    set_event_files(True)
    assert writes_event_files()
    followed(start_run(small_project(picture_folder, epochs=1), path, JobControl()))
    set_event_files(False)
    followed(start_run(small_project(picture_folder, epochs=1), path, JobControl()))
    assert [(runs.run_folder(path, number) / FOLDER).exists() for number in (1, 2)] == [True, False]
