"""What a run was trained with, read once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from engine.errors import EngineError
from engine.spec import ProjectSpec
from engine.train.runs import SPEC, read_run_spec


def spec_of(folder: Path | None) -> ProjectSpec | None:
    """Return what the run in a folder trained; None where that cannot be read."""
    try:
        # A number is used again for another run once the last one was discarded.
        return None if folder is None else _spec_at(folder, (folder / SPEC).stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=64)
def _spec_at(folder: Path, modified: int) -> ProjectSpec | None:
    try:
        return read_run_spec(folder)
    except EngineError:
        return None
