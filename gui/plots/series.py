"""The numbers behind a chart, with no drawing: growing columns, ranges, ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SMALLEST_LOG = 1e-6  # a loss below this is drawn at the foot of a logarithmic axis


@dataclass(frozen=True)
class Line:
    """The values of another run: its name in the legend, (n,) epochs and (n,) values."""

    name: str
    x: np.ndarray
    y: np.ndarray


class Series:
    """Two columns of numbers that grow at the end without being copied each time."""

    def __init__(self) -> None:
        self._data = np.empty((2, 256))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> None:
        """Add points at the end.

        Raises:
            ValueError: `x` and `y` have different lengths.
        """
        new = np.asarray([x, y], dtype=float).reshape(2, -1)
        end = self._count + new.shape[1]
        if end > self._data.shape[1]:
            grown = np.empty((2, max(end, 2 * self._data.shape[1])))
            grown[:, : self._count] = self._data[:, : self._count]
            self._data = grown
        self._data[:, self._count : end] = new
        self._count = end

    def clear(self) -> None:
        """Forget all points."""
        self._count = 0

    @property
    def x(self) -> np.ndarray:
        """(n,), a view that is valid until the next `extend`."""
        return self._data[0, : self._count]

    @property
    def y(self) -> np.ndarray:
        """(n,), a view that is valid until the next `extend`."""
        return self._data[1, : self._count]


def value_at(x: np.ndarray, y: np.ndarray, epoch: float) -> float:
    """Return the value at `epoch`, NaN where there is none."""
    found = np.flatnonzero(x == epoch)
    return float(y[found[0]]) if len(found) else math.nan


def nearest_epoch(x: np.ndarray, place: float) -> float | None:
    """Return the epoch in `x` nearest to `place`, None when there is none."""
    return float(x[np.argmin(np.abs(x - place))]) if len(x) else None


def loss_range(epochs: Sequence[np.ndarray], steps: np.ndarray, logarithmic: bool) -> tuple[float, float]:
    """Return the lowest and highest value to show (log10 of them when `logarithmic`).

    All epochs are shown whole; of the steps, whose first ones may be huge and whose single batches jump, 98 in 100.
    """
    values = np.concatenate([np.asarray(part, dtype=float) for part in (*epochs, _without_peaks(steps))])
    values = values[np.isfinite(values)]
    if logarithmic:
        values = np.log10(np.maximum(values, SMALLEST_LOG))
        if not len(values):
            return -2.0, 1.0
        low, high = float(values.min()), float(values.max())
        room = max(0.1, 0.06 * (high - low))
        return low - room, high + room
    high = float(values.max()) if len(values) else 0.0
    return 0.0, 1.08 * high if high > 0 else 1.0


def _without_peaks(steps: np.ndarray) -> np.ndarray:
    # 2 000 points say the same about the range as a million, in no time.
    sample = steps[:: max(1, len(steps) // 2000)]
    sample = sample[np.isfinite(sample)]
    return sample[sample <= np.quantile(sample, 0.98)] if len(sample) > 4 else sample


def epoch_ticks(low: float, high: float, most: int = 7) -> list[int]:
    """Return the whole epochs to write under the axis: 1 and then round steps, at most about `most`."""
    span = max(1.0, high - low)
    raw = span / max(1, most)
    size = 10 ** math.floor(math.log10(raw)) if raw >= 1 else 1
    step = max(1, next((int(size * f) for f in (1, 2, 5, 10) if size * f >= raw), 1))
    first = max(1, math.ceil(low))
    rounded = range(step * math.ceil(first / step), math.floor(high) + 1, step)
    ticks = [tick for tick in rounded if step == 1 or tick - first >= 0.6 * step]
    return [first, *[tick for tick in ticks if tick != first]] if first <= high else []


def write_number(value: float) -> str:
    """Return a loss with about three figures: "0.25", "12.4", "0.0031", "1.2e-05"."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 1000 or 0 < size < 0.0005:
        return f"{value:.1e}"
    return f"{value:.{4 if size < 0.01 else 3 if size < 0.1 else 2 if size < 10 else 1}f}"
