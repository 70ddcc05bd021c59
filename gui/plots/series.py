"""The numbers behind a chart, with no drawing: growing columns, what a screen can show of them, ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SMALLEST_LOG = 1e-6  # a loss below this is drawn at the foot of a logarithmic axis
OTHER_TOKENS = ("dim", "family.normalisation", "family.merge", "family.recurrent")  # colours of other runs
MOST_OTHERS = len(OTHER_TOKENS)  # other runs that can be told apart in one chart
SMALLEST_WEIGHT = 1e-4  # what came so long ago that it weighs less is left out of a moving mean
MOST_BESIDE = 3.0  # times the largest value of the shown run: higher, those of other runs leave at the top
MOST_ABOVE = 30.0  # times what is usual in the shown run: higher, a loss has exploded and leaves at the top
MOST_ABOVE_LOG = 1000.0  # the same where the logarithm is drawn, which has room for more
MANY_STEPS = 50  # of fewer, the first loss is among the highest 2 in 100, and it must be in view
LEAST_VIEW = 1.0  # epochs; closer, single steps are all there is
MOST_KEPT = 1 << 16  # points of one line in memory (4 MiB at most); a screen shows a few thousand


@dataclass(frozen=True)
class Line:
    """The values of another run: its name in the legend, (n,) epochs and (n,) values."""

    name: str
    x: np.ndarray
    y: np.ndarray


class Columns:
    """Rows of numbers that grow at the end without being copied each time: (rows, n)."""

    def __init__(self, rows: int) -> None:
        self._data = np.empty((rows, 256))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, new: np.ndarray) -> None:
        """Add (rows, k) numbers at the end."""
        end = self._count + new.shape[1]
        if end > self._data.shape[1]:
            grown = np.empty((len(self._data), max(end, 2 * self._data.shape[1])))
            grown[:, : self._count] = self._data[:, : self._count]
            self._data = grown
        self._data[:, self._count : end] = new
        self._count = end

    def clear(self) -> None:
        """Forget all."""
        self._count = 0

    def keep(self, places: np.ndarray) -> None:
        """Keep only the (k,) columns at these places, ascending."""
        self._data[:, : len(places)] = self._data[:, places]
        self._count = len(places)

    @property
    def rows(self) -> np.ndarray:
        """(rows, n), a view that is valid until the next `extend`."""
        return self._data[:, : self._count]


class Series:
    """Points that grow at the end, and take no more than `most` of them in memory.

    Beyond that, of every four points the lowest and the highest stay: nothing that a screen could show is lost. The
    sum and number of all points so far are kept beside each, so that means stay exact however many points went.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._columns = Columns(4)  # x, y, sum of y so far, how many so far; values that are no number do not count
        self._most = most

    def __len__(self) -> int:
        return len(self._columns)

    def extend(self, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> None:
        """Add points at the end, in pieces, so that ever so many at once need no more memory than one by one.

        Raises:
            ValueError: `x` and `y` have different lengths.
        """
        new = np.asarray([x, y], dtype=float).reshape(2, -1)
        for start in range(0, new.shape[1], self._most):
            self._add(new[:, start : start + self._most])
            while len(self) > self._most:
                self._thin()

    def _add(self, new: np.ndarray) -> None:
        known = np.isfinite(new[1])
        total, count = self._columns.rows[2:, -1] if len(self) else (0.0, 0.0)
        sums = total + np.cumsum(np.where(known, new[1], 0.0))
        self._columns.extend(np.stack([*new, sums, count + np.cumsum(known)]))

    def _thin(self) -> None:
        whole = len(self) // 4 * 4
        groups = self.y[:whole].reshape(-1, 4)
        lowest = np.where(np.isfinite(groups), groups, np.inf).argmin(axis=1)
        highest = np.where(np.isfinite(groups), groups, -np.inf).argmax(axis=1)
        highest = np.where(lowest == highest, (lowest + 1) % 4, highest)  # all four are equal
        pairs = np.sort(np.stack([lowest, highest], axis=1), axis=1)
        places = (pairs + np.arange(0, whole, 4)[:, None]).ravel()
        self._columns.keep(np.concatenate([places, np.arange(whole, len(self))]))

    def clear(self) -> None:
        """Forget all points."""
        self._columns.clear()

    @property
    def x(self) -> np.ndarray:
        """(n,), a view that is valid until the next `extend`."""
        return self._columns.rows[0]

    @property
    def y(self) -> np.ndarray:
        """(n,), a view that is valid until the next `extend`."""
        return self._columns.rows[1]

    def trailing_mean(self, places: np.ndarray, window: float) -> np.ndarray:
        """Return (k,) the mean of all points within `window` before each of the (k,) places; NaN where there is none.

        Args:
            places: ascending, in the units of `x`.
        """
        if not len(self):
            return np.full(len(places), np.nan)
        x, _, sums, counts = self._columns.rows
        ends, starts = np.searchsorted(x, places, "right") - 1, np.searchsorted(x, places - window, "right") - 1
        # A window with no point in it has the last one before it: steps are told now and then only.
        starts = np.minimum(starts, ends - 1)
        number = np.where(ends >= 0, counts[ends], 0) - np.where(starts >= 0, counts[starts], 0)
        total = np.where(ends >= 0, sums[ends], 0) - np.where(starts >= 0, sums[starts], 0)
        return np.divide(total, number, out=np.full(len(places), np.nan), where=number > 0)


def in_columns(x: np.ndarray, y: np.ndarray, low: float, high: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the points between `low` and `high` as a screen of `count` columns can show them, ascending in x.

    In a column with several points only the lowest and the highest stay, so peaks are never lost. One more point at
    each end lets a line go on beyond the edge. Few points are returned as they are.
    """
    first, last = np.searchsorted(x, low) - 1, np.searchsorted(x, high, "right") + 1
    x, y = x[max(0, first) : last], y[max(0, first) : last]
    if len(x) <= 2 * count or high <= low:
        return x, y
    edges = np.searchsorted(x, np.linspace(low, high, count + 1)[1:-1])
    starts = np.unique(np.concatenate([[0], edges[edges < len(x)]]))
    drawn = np.empty((2, 2 * len(starts)))
    ends = np.append(starts[1:], len(x)) - 1
    drawn[0, ::2], drawn[0, 1::2] = x[starts], x[ends]
    # fmin and fmax pass over what is no number; a column of nothing else leaves a gap.
    drawn[1, ::2], drawn[1, 1::2] = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
    return drawn[0], drawn[1]


def smoothed(y: np.ndarray, weight: float) -> np.ndarray:
    """Return (n,) the exponential moving mean of (n,) values; `weight` 0..0.99 of what came before, 0 changes nothing.

    The beginning is not drawn towards zero (each mean is divided by the weights it is made of), and values that are
    no number are passed over.
    """
    if weight <= 0 or not len(y):
        return y
    reach = math.ceil(math.log(SMALLEST_WEIGHT) / math.log(weight))
    kernel = weight ** np.arange(min(reach, len(y)))
    known = np.isfinite(y)
    total = np.convolve(np.where(known, y, 0.0), kernel)[: len(y)]
    return np.where(known, total / np.maximum(np.convolve(known, kernel)[: len(y)], SMALLEST_WEIGHT), np.nan)


def value_at(x: np.ndarray, y: np.ndarray, epoch: float) -> float:
    """Return the value at `epoch`, NaN where there is none; `x` ascends."""
    place = int(np.searchsorted(x, epoch))
    return float(y[place]) if place < len(x) and x[place] == epoch else math.nan


def nearest_epoch(x: np.ndarray, place: float) -> float | None:
    """Return the epoch in `x`, which ascends, nearest to `place`; None when there is none."""
    if not len(x):
        return None
    after = int(np.searchsorted(x, place))
    around = x[max(0, after - 1) : after + 1]
    return float(around[np.argmin(np.abs(around - place))])


def loss_range(
    epochs: Sequence[np.ndarray],
    steps: np.ndarray,
    logarithmic: bool,
    others: Sequence[np.ndarray] = (),
    expected: float = math.nan,
) -> tuple[float, float]:
    """Return the lowest and highest value to show (log10 of them when `logarithmic`).

    All epochs are shown whole but those that exploded, see `usual_most`; of the steps, whose first ones may be huge and
    whose single batches jump, 98 in 100. Of other runs, what lies not far above: beside one that diverged, a run that
    learns would be a line at the foot.

    Args:
        expected: where the loss begins as a rule, for as long as the run has told nothing; NaN: not known.
    """
    own = np.concatenate([np.asarray(part, dtype=float) for part in (*epochs, _without_peaks(steps))])
    own = own[np.isfinite(own)]
    own = own[own <= usual_most(epochs, steps, logarithmic, expected)]
    if not len(own) and math.isfinite(expected):
        own = np.array([expected])
    values = _with_near(own, others)
    if logarithmic:
        values = np.log10(np.maximum(values, SMALLEST_LOG))
        if not len(values):
            return -2.0, 1.0
        low, high = float(values.min()), float(values.max())
        room = max(0.1, 0.06 * (high - low))
        return low - room, high + room
    high = float(values.max()) if len(values) else 0.0
    return 0.0, 1.08 * high if high > 0 else 1.0


def usual_most(epochs: Sequence[np.ndarray], steps: np.ndarray, logarithmic: bool, expected: float = math.nan) -> float:
    """Return the highest loss of a run that has not exploded: some times its first one, or what most epochs lie above.

    Without it, one epoch of 1e17 would press all others to the foot of the axis.

    Args:
        expected: its first loss as a rule, where no step is known; else the first epoch has to do.
    """
    parts = [np.asarray(part, dtype=float) for part in epochs]
    told = np.concatenate(parts) if parts else np.empty(0)
    told = told[np.isfinite(told)]
    firsts = [float(value) for part in (steps, [expected]) for value in part[:1] if math.isfinite(value)]
    # After an epoch the loss may have exploded already: the smaller one of training and validation less likely has.
    epoch_firsts = [float(part[np.isfinite(part)][0]) for part in parts if np.isfinite(part).any()]
    first = firsts[0] if firsts else min(epoch_firsts, default=-math.inf)
    most_lie_above = float(np.quantile(told, 0.25)) if len(told) else -math.inf
    usual = max(first, most_lie_above)
    if usual <= 0:  # nothing is known, or all is 0
        return math.inf
    return (MOST_ABOVE_LOG if logarithmic else MOST_ABOVE) * usual


def peaks_above(x: np.ndarray, y: np.ndarray, top: float, apart: float) -> np.ndarray:
    """Return (k,) places where a line leaves the chart at its upper edge, ascending: the highest of each stretch.

    Args:
        x: (n,), ascending.
        y: (n,), infinity and NaN are no peaks: a line has a gap there.
        top: the highest value in view.
        apart: stretches that are no farther from each other than this count as one.
    """
    is_above = np.isfinite(y) & (y > top)
    places = np.flatnonzero(is_above)
    if not len(places):
        return x[places]
    is_new = (np.diff(places) > 1) & (np.diff(x[places]) > apart)
    stretches = np.split(places, np.flatnonzero(is_new) + 1)
    return x[[stretch[np.argmax(y[stretch])] for stretch in stretches]]


def zoomed(view: tuple[float, float], whole: float, place: float, factor: float) -> tuple[float, float] | None:
    """Return the part of 0 to `whole` that is in view after a zoom; None: all of it.

    Args:
        view: first and last place in view.
        place: what stays where it is on the screen.
        factor: of the width in view; below 1 shows more detail, down to `LEAST_VIEW`.
    """
    width = max(LEAST_VIEW, factor * (view[1] - view[0]))
    if width >= whole * (1 - 1e-9):  # rounded down, it is all of it as well
        return None
    share = min(1.0, max(0.0, (place - view[0]) / (view[1] - view[0])))
    first = min(max(0.0, place - share * width), whole - width)
    return first, first + width


def between(x: np.ndarray, y: np.ndarray, view: tuple[float, float]) -> np.ndarray:
    """Return the values whose places, which ascend, lie in view."""
    return y[np.searchsorted(x, view[0]) : np.searchsorted(x, view[1], "right")]


def detail_range(parts: Sequence[np.ndarray], logarithmic: bool, most: float = math.inf) -> tuple[float, float]:
    """Return the lowest and highest value to show of a part that somebody looks at closely.

    Args:
        parts: all values in view; there may be none.
        logarithmic: whether their log10 is drawn, and returned.
        most: nothing above it is shown.
    """
    values = np.concatenate([np.empty(0), *(np.asarray(part, dtype=float) for part in parts)])
    values = values[np.isfinite(values)]
    if not len(values):
        return (-2.0, 1.0) if logarithmic else (0.0, 1.0)
    values = np.log10(np.maximum(values, SMALLEST_LOG)) if logarithmic else values
    low, high = float(values.min()), float(values.max())
    room = max(0.06 * (high - low), 0.002 * abs(high), 1e-9)
    return (low if logarithmic else max(0.0, low)) - room, min(high + room, most)


def _with_near(own: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) finite values of a run, and those of others that are no more than a few times as large."""
    if not others:
        return own
    beside = np.concatenate([np.asarray(part, dtype=float) for part in others])
    beside = beside[np.isfinite(beside)]
    usual = float(own.max()) if len(own) else float(np.median(beside)) if len(beside) else 0.0
    return np.concatenate([own, beside[beside <= MOST_BESIDE * usual]])


def _without_peaks(steps: np.ndarray) -> np.ndarray:
    # 2 000 points say the same about the range as a million, in no time.
    sample = steps[:: max(1, len(steps) // 2000)]
    sample = sample[np.isfinite(sample)]
    return sample[sample <= np.quantile(sample, 0.98)] if len(sample) >= MANY_STEPS else sample


def rate_range(
    values: np.ndarray, logarithmic: bool, others: Sequence[np.ndarray] = (), expected: float = math.nan
) -> tuple[float, float]:
    """Return the lowest and highest learning rate to show (log10 of them when `logarithmic`); none is left out, but of
    other runs those that lie far above.

    Args:
        expected: what the rate rises to; NaN: not known. The axis then stays as it is during a warm-up.
    """
    known = _with_near(np.append(values, expected)[np.append(values > 0, expected > 0)], others)
    known = known[np.isfinite(known) & (known > 0)]
    if not len(known):
        return (-5.0, -1.0) if logarithmic else (0.0, 1.0)
    high = float(known.max())
    if not logarithmic:
        return 0.0, 1.08 * high
    low, high = max(math.log10(known.min()), math.log10(high) - 4), math.log10(high)  # warm-up begins near nothing
    return low - 0.1, high + 0.1
