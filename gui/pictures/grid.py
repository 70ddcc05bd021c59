"""Where tiles lie: plain arithmetic, so that a million of them cost no more than ten."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QRect, QSize

LINE_GAP = 8  # px
STEP = 4  # px by which tiles grow


@dataclass(frozen=True)
class Grid:
    """Equal tiles in lines from left to right that fill the width.

    Attributes:
        count: tiles.
        columns: per line.
        tile: size of one, px.
        gap: px between columns; lines are `LINE_GAP` apart.
    """

    count: int = 0
    columns: int = 1
    tile: QSize = field(default_factory=lambda: QSize(96, 96))
    gap: int = 8

    @property
    def pitch_x(self) -> int:
        return self.tile.width() + self.gap

    @property
    def pitch_y(self) -> int:
        return self.tile.height() + LINE_GAP

    @property
    def lines(self) -> int:
        return -(-self.count // self.columns)

    @property
    def height(self) -> int:
        """px of the whole grid."""
        return max(0, self.lines * self.pitch_y - LINE_GAP)

    def rect(self, row: int) -> QRect:
        """Return where tile `row` lies, from the top left of the whole grid."""
        line, column = divmod(row, self.columns)
        return QRect(column * self.pitch_x, line * self.pitch_y, self.tile.width(), self.tile.height())

    def row_at(self, x: int, y: int) -> int:
        """Return the tile at a point, -1 between and beside tiles."""
        if x < 0 or y < 0:
            return -1
        (column, inside_x), (line, inside_y) = divmod(x, self.pitch_x), divmod(y, self.pitch_y)
        row = line * self.columns + column
        hit = column < self.columns and inside_x < self.tile.width() and inside_y < self.tile.height()
        return row if hit and row < self.count else -1

    def rows_between(self, top: int, bottom: int) -> range:
        """Return the tiles of all lines that `top` to `bottom` px touches."""
        first = max(0, top // self.pitch_y) * self.columns
        last = (max(0, bottom) // self.pitch_y + 1) * self.columns
        return range(min(first, self.count), min(last, self.count))

    def spans_in(self, rect: QRect) -> list[tuple[int, int]]:
        """Return (first, last) tile of each line within a rectangle, for a selection by rubber band."""
        left = max(0, (rect.left() + self.gap) // self.pitch_x)
        right = min(self.columns - 1, rect.right() // self.pitch_x)
        top, bottom = (
            max(0, (rect.top() + LINE_GAP) // self.pitch_y),
            min(self.lines - 1, rect.bottom() // self.pitch_y),
        )
        if left > right:
            return []
        lines = (line * self.columns for line in range(top, bottom + 1))
        return [(start + left, min(start + right, self.count - 1)) for start in lines if start + left < self.count]


def fitted(width: int, wanted: int) -> tuple[int, int, int]:
    """Return (columns, tile width, gap between columns) in px: tiles about `wanted` wide that fill `width`.

    Tiles grow in steps, and the gaps take the rest: thumbnails are decoded at their exact size, and dragging the edge
    of the window must not decode them anew at each pixel.
    """
    columns = max(1, (width + LINE_GAP) // (wanted + LINE_GAP))
    stretched = max(16, (width + LINE_GAP) // columns - LINE_GAP)
    tile = min(stretched, max(wanted, stretched // STEP * STEP))
    gap = (width - columns * tile) // (columns - 1) if columns > 1 else LINE_GAP
    return columns, tile, max(LINE_GAP, gap)
