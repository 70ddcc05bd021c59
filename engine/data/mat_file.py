"""Arrays of numbers in MATLAB files of version 5 ("MAT-File Format", The MathWorks, 2000), and nothing else of them."""

import struct
import zlib
from pathlib import Path

import numpy as np

from engine.errors import EngineError

LARGEST = 64 * 2**20
"""Bytes of a file, and of each array that is unpacked."""

_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED = 14, 15


def read_mat(path: Path) -> dict[str, np.ndarray]:
    """The arrays of numbers by name, each flattened in the order of the file; other variables are passed over.

    Raises:
        EngineError: it is no such file, or damaged.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        content = path.read_bytes()
        order = {b"IM": "<", b"MI": ">"}[content[126:128]]
        found = {}
        for kind, element in _elements(content[128:], order):
            if kind == _COMPRESSED:
                kind, element = next(iter(_elements(zlib.decompressobj().decompress(element, LARGEST), order)))
            if kind == _MATRIX and (array := _array(element, order)) is not None:
                found[array[0]] = array[1]
        return found
    except (OSError, ValueError, KeyError, IndexError, StopIteration, struct.error, zlib.error) as error:
        raise EngineError(
            f"“{path.name}” is no MATLAB file that can be read.",
            why=f"It is damaged or something else: {error}.",
            fix="Download it again.",
        ) from error


def _elements(content: bytes, order: str) -> list[tuple[int, bytes]]:
    """The (type, content) of every element of `content`."""
    found = []
    place = 0
    while place + 8 <= len(content):
        (kind,) = struct.unpack_from(f"{order}I", content, place)
        if kind >> 16:  # four bytes or fewer stand in the tag itself
            kind, size, start, end = kind & 0xFFFF, kind >> 16, place + 4, place + 8
        else:
            (size,) = struct.unpack_from(f"{order}I", content, place + 4)
            start = place + 8
            end = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(content):
            raise ValueError("it is cut off")
        found.append((kind, content[start : start + size]))
        place = end
    return found


def _array(matrix: bytes, order: str) -> tuple[str, np.ndarray] | None:
    """(name, values) of a matrix of real numbers: flags, dimensions, name, values."""
    parts = _elements(matrix, order)
    if len(parts) < 4 or parts[3][0] not in _NUMBERS:
        return None
    (_, _), (_, _), (_, name), (kind, values) = parts[:4]
    return name.decode("ascii", "replace"), np.frombuffer(values, order + _NUMBERS[kind])
