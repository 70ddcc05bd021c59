"""Where pictures come from. A source is one registered frozen dataclass in a module of this folder, and one line here."""

from engine.data.sources.base import SOURCES, Source

__all__ = ["SOURCES", "Source"]
