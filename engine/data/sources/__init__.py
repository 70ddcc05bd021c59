"""Where pictures come from: a source is one registered frozen dataclass in a module of this folder, and one line."""

from pathlib import Path

from engine.data.sources.base import SOURCES, Source
from engine.spec.data import Chosen

__all__ = ["SOURCES", "Source", "source_of"]


def source_of(path: Path) -> Chosen | None:
    """The source that reads what the user chose, a file or a folder; None where none does."""
    for kind in SOURCES:
        if not kind.is_sample and kind.name != "folder" and kind.takes(path):
            return Chosen(kind.name, {"path": str(path)})
    return Chosen("folder", {"path": str(path)}) if path.is_dir() else None
