"""Where pictures come from: a source is one registered frozen dataclass in a module of this folder, and one line."""

from engine.data.sources.base import SOURCES, Source

__all__ = ["SOURCES", "Source"]
