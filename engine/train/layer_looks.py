"""The looks at the layers of a run, kept so that they are there again when the project is opened anew.

`layers.jsonl` of a run holds a line of JSON for each look that is kept: epoch, step, images, and a list for each layer.
"""

import json
from bisect import bisect_right
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path
from typing import get_args

from engine.files import write_atomically
from engine.train.layer_health import Finding, LayersSeen, LayerState, Light

NAME = "layers.jsonl"

SPACING = 0.02
"""Two looks that are kept lie at least this share of all steps so far apart: ten million steps make 800 lines."""


class LookWriter:
    """Adds the looks of a training to its file, the fewer the longer it goes."""

    def __init__(self, folder: Path):
        self._path, self._next = folder / NAME, 0.0

    def add(self, seen: LayersSeen) -> None:
        """Keep a look, unless it comes soon after another. Raises: OSError."""
        if seen.total_step < self._next:
            return
        self._next = seen.total_step * (1 + SPACING)
        with open(self._path, "a", encoding="utf-8") as file:
            # What a full disk or a killed process left half written must not spoil this line, too.
            file.write(("\n" if _is_torn(self._path) else "") + _line(seen) + "\n")


def cut(folder: Path, epochs: int) -> None:
    """Forget what came after an epoch, for a run that resumes there. Raises: OSError."""
    if (folder / NAME).exists():
        kept = (seen for seen in read(folder) if seen.epoch <= epochs)
        write_atomically(folder / NAME, "".join(f"{_line(seen)}\n" for seen in kept))


def last_look(folder: Path, epoch: int | None = None) -> LayersSeen | None:
    """The last look at a run that was kept, at the latest in `epoch`; None where there is none."""
    looks = read(folder)
    until = len(looks) if epoch is None else bisect_right(looks, epoch, key=lambda seen: seen.epoch)
    return looks[until - 1] if until else None


def read(folder: Path) -> tuple[LayersSeen, ...]:
    """All looks at a run that were kept, in order; damaged lines are left out, and those that go back after them."""
    try:
        found = (folder / NAME).stat()
    except OSError:
        return ()
    return _read_at(folder, found.st_mtime_ns, found.st_size)  # the clock of a disk may stand still for some writes


@lru_cache(maxsize=8)
def _read_at(folder: Path, modified: int, size: int) -> tuple[LayersSeen, ...]:
    looks: list[LayersSeen] = []
    for line in _lines(folder):
        seen = _parsed(line)
        if seen is not None and (not looks or _follows(seen, looks[-1])):
            looks.append(seen)
    return tuple(looks)


def _follows(seen: LayersSeen, before: LayersSeen) -> bool:
    return seen.total_step > before.total_step and seen.epoch >= before.epoch


def _line(seen: LayersSeen) -> str:
    layers = [[_short(value) for value in astuple(layer)] for layer in seen.layers]
    return json.dumps([seen.epoch, seen.total_step, seen.images, layers])


def _short(value: object) -> object:
    """Six digits are more than anybody reads."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _lines(folder: Path) -> list[str]:
    try:
        return (folder / NAME).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _is_torn(path: Path) -> bool:
    with open(path, "rb") as file:
        if not file.seek(0, 2):
            return False
        file.seek(-1, 2)
        return file.read(1) != b"\n"


def _parsed(line: str) -> LayersSeen | None:
    try:
        epoch, total_step, images, layers = json.loads(line)
        seen = LayersSeen(epoch, total_step, images, tuple(LayerState(*layer) for layer in layers))
    except (ValueError, TypeError, RecursionError):
        return None
    counts = all(isinstance(number, int) for number in (epoch, total_step, images))
    return seen if counts and all(map(_is_whole, seen.layers)) else None


def _is_whole(layer: LayerState) -> bool:
    numbers = (layer.weight, layer.gradient, layer.update_ratio, layer.dead, layer.saturated)
    return (
        isinstance(layer.node_id, str)
        and all(number is None or isinstance(number, int | float) for number in numbers)
        and layer.light in get_args(Light)
        and layer.finding in get_args(Finding)
    )
