"""Thumbnails that are ready to draw, the least recently used forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PySide6.QtGui import QImage

Source = Path | bytes
Key = tuple[str | bytes, int, int, int, bool]
"""Which picture; width, height and corner radius (device pixels) of its thumbnail; whether it is shown whole."""

CACHE_BYTES = 96 * 2**20


@dataclass(frozen=True)
class Thumbnail:
    """A decoded picture, or why there is none (`image` is None)."""

    image: QImage | None
    problem: str = ""

    @property
    def bytes(self) -> int:
        """Memory it takes, roughly."""
        return 500 + (self.image.sizeInBytes() if self.image is not None else 0)


class ThumbnailCache:
    """Used on the GUI thread only."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit, self._used = limit, 0
        # Images, not pixmaps: on the raster platforms they draw equally fast, come from any thread without a copy, and
        # may outlive the application.
        self._entries: OrderedDict[Key, Thumbnail] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def used(self) -> int:
        """Bytes held."""
        return self._used

    def get(self, key: Key) -> Thumbnail | None:
        """Return a thumbnail and remember that it was used."""
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def put(self, key: Key, thumbnail: Thumbnail) -> None:
        """Keep a thumbnail; others are forgotten until all fit."""
        old = self._entries.pop(key, None)
        self._used += thumbnail.bytes - (old.bytes if old is not None else 0)
        self._entries[key] = thumbnail
        while self._used > self._limit and len(self._entries) > 1:
            _, forgotten = self._entries.popitem(last=False)
            self._used -= forgotten.bytes

    def clear(self) -> None:
        """Forget all, for example because files changed."""
        self._entries.clear()
        self._used = 0


@cache
def thumbnails() -> ThumbnailCache:
    """Return the cache that all grids share."""
    return ThumbnailCache()
