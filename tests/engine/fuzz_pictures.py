"""Run as a script by the test of damaged files: reads mutated images and says what is not as it should be.

    PYTHONPATH=. python tests/engine/fuzz_pictures.py SEED FIRST COUNT [FOLDER]

The images are small ones of every format that Pillow writes, and the files of FOLDER. Mutant NUMBER of a SEED is always
the same file. Each number is printed when its turn comes, so that a crash tells which one it was; then come lines of
JSON, one for each mutant that let anything but a `PictureError` out or took too much time or memory, and a summary.
"""

import faulthandler
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.pictures import open_picture, picture_facts, read_array
from engine.errors import PictureError

SECONDS = 2.0  # of the processor, for one reader and one file
MEGABYTES = 1000
HUNG_S = 30.0  # after which a file has hung the reader, and the process ends with the stack on stderr
LARGEST = 200_000  # bytes of a file that is mutated; larger ones only take time

WRITTEN_AS = {
    "AVIF": ("RGB",),
    "BMP": ("RGB", "P", "1", "RGBA"),
    "DDS": ("RGB", "LA"),
    "DIB": ("RGB", "P"),
    "GIF": ("RGB", "P"),
    "ICNS": ("1",),
    "ICO": ("RGB", "RGBA"),
    "IM": ("RGB", "P", "I;16", "F"),
    "JPEG": ("RGB", "L", "CMYK"),
    "JPEG2000": ("RGB", "I;16"),
    "MPO": ("RGB",),
    "MSP": ("1",),
    "PCX": ("RGB", "P", "1"),
    "PNG": ("RGB", "L", "P", "1", "RGBA", "I;16", "LA"),
    "PPM": ("RGB", "L", "1", "I;16", "F"),
    "QOI": ("RGB", "RGBA"),
    "SGI": ("RGB", "L"),
    "SPIDER": ("F",),
    "TGA": ("RGB", "P", "RGBA"),
    "TIFF": ("RGB", "L", "P", "1", "CMYK", "I;16", "F", "LA"),
    "WEBP": ("RGB", "RGBA"),
    "XBM": ("1",),
    "BLP": ("P",),
}
"""Modes by format. What Pillow writes and does not read again (PALM, PDF) or hands to other programs is not here."""

SETTINGS = (
    ("JPEG", "RGB", {"progressive": True}),
    (
        "JPEG",
        "RGB",
        {"exif": bytes.fromhex("457869660000") + b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"},
    ),
    ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    ("TIFF", "RGB", {"compression": "jpeg"}),
    ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "1", {"compression": "group4"}),
    ("WEBP", "RGB", {"lossless": True}),
    ("TGA", "RGB", {"compression": "tga_rle"}),
)


def originals(folder: Path | None) -> list[bytes]:
    """The files that are mutated: the same ones every time."""
    Image.init()
    noise = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(48), np.arange(64))[..., None] * (1, 2, 1) + noise.integers(0, 40, (48, 64, 3))
    picture = Image.fromarray(smooth.astype(np.uint8))
    wanted = [(form, mode, {}) for form, modes in WRITTEN_AS.items() for mode in modes if form in Image.SAVE]
    found = [_written(picture, *each) for each in (*wanted, *SETTINGS)]
    if folder is not None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size <= LARGEST)
        found += [path.read_bytes() for path in paths]
    return [content for content in found if content]


def _written(picture: Image.Image, form: str, mode: str, settings: dict) -> bytes:
    file = io.BytesIO()
    small = picture.resize((16, 16)) if form in ("ICNS", "ICO") else picture
    try:
        small.convert(mode).save(file, form, **settings)
    except (OSError, KeyError):  # this Pillow was built without that format
        return b""
    return file.getvalue()


def mutant(files: list[bytes], seed: int, number: int) -> bytes:
    """One of `files` with a few bytes changed, taken out, put in or doubled; mostly near its head."""
    chance = np.random.default_rng([seed, number])
    content = bytearray(files[number % len(files)])
    for _ in range(int(chance.integers(1, 9))):
        length = len(content)
        reach = length if chance.random() < 0.5 else min(length, 256)  # what a header says does the greater harm
        at = int(chance.integers(0, max(1, reach)))
        size = int(min(2 ** chance.integers(0, 10), max(1, length - at)))
        way = chance.integers(0, 6)
        if way == 0 and length:
            content[at] ^= 1 << int(chance.integers(0, 8))
        elif way == 1 and length:
            content[at] = int(chance.choice([0, 1, 127, 128, 254, 255]))
        elif way == 2:
            del content[at : at + size]
        elif way == 3:
            content[at:at] = chance.bytes(size)
        elif way == 4:
            content[at:at] = content[at : at + size]
        else:
            del content[at + size * 4 :]
    return bytes(content)


READERS: dict[str, Callable[[Path], object]] = {
    "open_picture": open_picture,
    "picture_facts": picture_facts,
    "read_array": lambda path: read_array(path, 64, 64, "rgb", "crop"),
}


def problems(path: Path) -> Iterator[dict]:
    """What is not as it should be about reading one file."""
    for name, read in READERS.items():
        restart_peak()
        before, began = peak(), time.process_time()
        found = ""
        try:
            read(path)
        except PictureError as error:
            if isinstance(error.__cause__, MemoryError):
                found = "it took more memory than it may"
        except BaseException as error:
            found = f"{type(error).__name__}: {error}"
        seconds, grown = time.process_time() - began, peak() - before
        if not found and seconds > SECONDS:
            found = "it took too long"
        if not found and grown > MEGABYTES:
            found = "it took too much memory"
        if found:
            yield {"reader": name, "problem": found, "seconds": round(seconds, 2), "megabytes": grown}


def peak() -> int:
    """MB that this process has held at most since `restart_peak`; 0 where the system does not tell."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
    except OSError:
        return 0


def restart_peak() -> None:
    """Let the peak of memory begin anew."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def limit_memory() -> None:
    """Let this process have a GB more than it has, where the system can see to it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with open("/proc/self/statm") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEGABYTES * 10**6, held + MEGABYTES * 10**6))


def main(seed: int, first: int, count: int, folder: Path | None = None) -> None:
    """Read mutants `first` to `first + count`, and print what was found."""
    files = originals(folder)
    if sys.platform == "linux":
        limit_memory()
    longest, largest = 0.0, 0
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "mutant"
        for number in range(first, first + count):
            print(number, flush=True)
            path.write_bytes(mutant(files, seed, number))
            faulthandler.dump_traceback_later(HUNG_S, exit=True)
            restart_peak()
            before, began = peak(), time.process_time()
            for problem in problems(path):
                print(json.dumps({"seed": seed, "number": number, **problem}), flush=True)
            longest, largest = max(longest, time.process_time() - began), max(largest, peak() - before)
            faulthandler.cancel_dump_traceback_later()
    print(json.dumps({"files": len(files), "read": count, "longest": longest, "largest": largest}))


if __name__ == "__main__":
    seed, first, count = (int(word) for word in sys.argv[1:4])
    main(seed, first, count, Path(sys.argv[4]) if len(sys.argv) > 4 else None)
