"""What a chart over epochs holds and what follows from it: no drawing, no window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gui.plots.series import (
    MOST_OTHERS,
    OTHER_TOKENS,
    Columns,
    Line,
    Series,
    between,
    detail_range,
    loss_range,
    nearest_epoch,
    rate_range,
    smoothed,
    value_at,
    zoomed,
)

KEPT_SHARE = 0.85  # of the height that must be in use for the range of values to stay as it is
LONGER = 2.0  # times the shown run that another one is shown whole
TAIL_SHARE = 0.02  # of all epochs so far: what the growing end of a line is the mean of
TAIL_LEAST, TAIL_MOST = 0.1, 1.0  # epochs
TAIL_POINTS = 400
MOST_PERCENT = 1.02  # of an axis in percent: no share is higher, and a line at the edge is whole

Points = tuple[np.ndarray, np.ndarray]
"""(n,) places in epochs, ascending, and (n,) values."""


@dataclass(frozen=True)
class Values:
    """What is known at one place; NaN where it is not."""

    place: float  # in epochs
    train: float
    validation: float
    step: float
    others: tuple[float | None, ...]  # of each other run, None after its end

    @property
    def is_step(self) -> bool:
        """Whether a single step is all there is."""
        return not math.isfinite(self.train) and math.isfinite(self.step)


class CurveNumbers:
    """The lines of one chart, and all that a drawing of them has to know.

    Epochs are 1-based and lie at whole places; a step lies between them, at the share of its epoch that is done.

    Attributes:
        steps: values of single steps; may be added to and cleared.
        planned: how many epochs the run will have.
        expected: where the loss begins as a rule, or what the learning rate rises to; NaN: not known. Until there are
            values of its own, no other run says alone how high the axis of this one is.
        exact: the single line, where more is known than its steps.
        name: of the run that is shown, "run 4"; empty: nobody asks.
        logarithmic: whether the logarithm of the values is drawn; ranges are logarithms then.
    """

    def __init__(self, *, percent: bool = False, single: bool = False) -> None:
        """Hold nothing yet.

        Args:
            percent: values are 0..1.
            single: there is no validation, and the steps are the one line.
        """
        self.percent, self.single = percent, single
        self.steps = Series()
        self.planned = 1
        self.expected = math.nan
        self.exact: Points | None = None
        self.name = ""
        self.logarithmic = False
        self._epochs = Columns(3)  # epoch, train, validation
        self._smooth: Points | None = None  # train and validation, until they change
        self._smoothing = 0.0
        self._others: tuple[Line, ...] = ()
        self._smooth_others: tuple[Line, ...] = ()
        self._best: int | None = None
        self._continued: int | None = None
        self._view: tuple[float, float] | None = None
        self._range: tuple[bool, float, float] | None = None  # logarithmic?, lowest and highest value in view
        self._version = 0

    @property
    def version(self) -> int:
        """Another number after each change of what single steps do not change."""
        return self._version

    # ---- what it holds

    def add_epochs(self, *columns: Sequence[float] | np.ndarray) -> None:
        """Add finished epochs: (n,) epochs, ascending, (n,) training and (n,) validation values; NaN where one is
        missing. Costs the same after ten thousand."""
        self._epochs.extend(np.array([np.asarray(column, dtype=float) for column in columns]).reshape(3, -1))
        self._smooth = None
        self._version += 1

    def clear_epochs(self) -> None:
        """Forget the epochs."""
        self._epochs.clear()
        self._smooth = None
        self._version += 1

    def clear(self) -> None:
        """Forget all but how it is looked at: smooth or not, logarithmic or not."""
        self.steps.clear()
        self.clear_epochs()
        self.set_others(())
        self.exact = self._best = self._continued = self._view = self._range = None
        self.name = ""
        self.planned, self.expected = 1, math.nan

    def __len__(self) -> int:
        """How many finished epochs there are."""
        return len(self._epochs)

    @property
    def x(self) -> np.ndarray:
        """(n,) finished epochs, ascending; this and the values are views that are valid until the next is added."""
        return self._epochs.rows[0]

    @property
    def train(self) -> np.ndarray:
        """(n,) training values."""
        return self._epochs.rows[1]

    @property
    def validation(self) -> np.ndarray:
        """(n,) validation values, NaN in a chart of a single line."""
        return self._epochs.rows[2]

    @property
    def smoothing(self) -> float:
        """The weight 0..0.99 of what came before, in moving means over the epochs; 0: the epochs as they are."""
        return self._smoothing

    def set_smoothing(self, weight: float) -> None:
        """Take this `smoothing`."""
        self._smoothing, self._smooth = weight, None
        self._take_others()
        self._version += 1

    @property
    def others(self) -> tuple[Line, ...]:
        """Other runs to compare, `MOST_OTHERS` at most."""
        return self._others

    def set_others(self, lines: Sequence[Line]) -> None:
        """Take the first `MOST_OTHERS` of these runs."""
        self._others = tuple(lines[:MOST_OTHERS])
        self._take_others()
        self._version += 1

    def _take_others(self) -> None:
        self._smooth_others = tuple(Line(line.name, line.x, smoothed(line.y, self._smoothing)) for line in self._others)

    @property
    def best(self) -> int | None:
        """The best epoch; None: none yet."""
        return self._best

    def set_best(self, epoch: int | None) -> None:
        """Take this `best`."""
        self._best = epoch
        self._version += 1

    @property
    def continued(self) -> int | None:
        """The epoch after which a run that had come to its end was continued; None: it never was."""
        return self._continued

    def set_continued(self, epoch: int | None) -> None:
        """Take this `continued`."""
        self._continued = epoch
        self._version += 1

    @property
    def is_compared(self) -> bool:
        """Whether there are other runs that the shown one must be told from by its name."""
        return bool(self.name and self._others)

    @property
    def view(self) -> tuple[float, float] | None:
        """The first and last place in view; None: the whole run up to its planned end."""
        return self._view

    def set_view(self, view: tuple[float, float] | None) -> bool:
        """Take this `view`, and return whether it is another one."""
        if view == self._view:
            return False
        self._view, self._range = view, None
        self._version += 1
        return True

    # ---- lines

    @property
    def own_token(self) -> str:
        """The colour token of the training values."""
        return "accent" if self.single else "train"

    def other_tokens(self) -> tuple[str, ...]:
        """Return the colour token of each other run."""
        return OTHER_TOKENS[: len(self._others)]

    def smooth_others(self) -> tuple[Line, ...]:
        """Return the other runs as they are drawn: smooth, where that is wanted."""
        return self._smooth_others

    def smooth_values(self) -> Points:
        """Return (n,) training and (n,) validation values as they are drawn: smooth, where that is wanted."""
        if self._smooth is None:
            self._smooth = smoothed(self.train, self._smoothing), smoothed(self.validation, self._smoothing)
        return self._smooth

    def lines_of_epochs(self) -> list[tuple[np.ndarray, np.ndarray, str]]:
        """Return (n,) epochs, (n,) values as they are drawn, and colour token of each line but the steps."""
        others = [(line.x, line.y, token) for line, token in zip(self._smooth_others, self.other_tokens(), strict=True)]
        if self.single:
            return others
        train, validation = self.smooth_values()
        return [*others, (self.x, train, "train"), (self.x, validation, "validation")]

    def whole_line(self) -> Points:
        """Return the steps, and before and after them the epochs of which no steps are known."""
        x, y = self.exact or (self.steps.x, self.steps.y)
        before = int(np.searchsorted(self.x, x[0])) if len(x) else len(self)
        after = int(np.searchsorted(self.x, x[-1], "right")) if len(x) else len(self)
        return (
            np.concatenate([self.x[:before], x, self.x[after:]]),
            np.concatenate([self.train[:before], y, self.train[after:]]),
        )

    def growing_end(self) -> Points:
        """Return the smooth line from the last finished epoch to now, or from the first step to now."""
        x, done = self.steps.x, self.x[-1:]
        start = float(done[0]) if len(done) else 0.0
        if not len(x) or x[-1] <= start:
            return np.empty(0), np.empty(0)
        window = max(TAIL_LEAST, min(TAIL_MOST, TAIL_SHARE * x[-1] / (1 - self._smoothing)))
        first = int(np.searchsorted(x, start, "right"))
        places = x[first :: max(1, (len(x) - first) // TAIL_POINTS)]
        means = self.steps.trailing_mean(places, window)
        return np.append(done, places), np.append(self.smooth_values()[0][-1:], means)

    # ---- what is in view

    def last_place(self) -> float:
        """Return where the newest number is, in epochs."""
        return max([0.0, *self.x[-1:], *self.steps.x[-1:]])

    def whole(self) -> float:
        """Return the end of the whole run, in epochs."""
        own = max(1.0, self.planned, self.last_place())
        # Another run may have been longer; of one that was far longer, the beginning is what can be compared.
        return max([own, *(line.x[-1] for line in self._others if len(line.x) and line.x[-1] <= LONGER * own)])

    def span(self) -> tuple[float, float]:
        """Return the first and last place in view, also of the whole run."""
        return self._view or (0.0, self.whole())

    def zoomed(self, factor: float, place: float) -> tuple[float, float] | None:
        """Return the view with more detail (below 1) or less around a place; None: the whole run."""
        return zoomed(self.span(), self.whole(), place, factor)

    def moved(self, share: float) -> tuple[float, float] | None:
        """Return the view moved by a share of its width, no farther than the run goes; None: the whole run."""
        if self._view is None:
            return None
        first, last = self._view
        by = min(max(share * (last - first), -first), self.whole() - last)
        return first + by, last + by

    def value_range(self) -> tuple[float, float]:
        """Return the lowest and highest value to show (log10 of them when `logarithmic`)."""
        if self._view is not None:
            return self._range_in_view(self._view)
        if self.percent:
            return 0.0, 1.0
        others = [line.y for line in self._others]
        if self.single:
            return rate_range(self.whole_line()[1], self.logarithmic, others, self.expected)
        return loss_range((self.train, self.validation), self.steps.y, self.logarithmic, others, self.expected)

    def _range_in_view(self, view: tuple[float, float]) -> tuple[float, float]:
        if self.single:
            lines = [self.whole_line()]
        else:
            lines = [(self.x, self.train), (self.x, self.validation), (self.steps.x, self.steps.y)]
        if not any(len(between(x, y, view)) for x, y in lines):
            lines = [(line.x, line.y) for line in self._others]
        parts = [between(x, y, view) for x, y in lines]
        return detail_range(parts, self.logarithmic, MOST_PERCENT if self.percent else math.inf)

    def steady_range(self) -> tuple[float, float]:
        """Return the range of values, the same as before while it fits well: an axis that wavers is hard to read."""
        low, high = self.value_range()
        kept = self._range if self._range is not None and self._range[0] == self.logarithmic else None
        if kept is None or not _fits(low, high, *kept[1:]):
            kept = self._range = self.logarithmic, low, high
        return kept[1:]

    def is_high(self, place: float) -> bool:
        """Whether the single line runs in the upper half of the chart at this place."""
        x, y = self.whole_line()
        low, high = self.value_range()
        value = float(np.interp(place, x, y)) if len(x) else math.nan
        return (math.log10(max(value, 1e-30)) if self.logarithmic else value) > (low + high) / 2

    # ---- at a place

    def best_value(self) -> float:
        """Return the validation value of the best epoch, NaN where it is not known: the true one, also where a smooth
        line runs elsewhere, since that is what was kept."""
        return math.nan if self._best is None else value_at(self.x, self.validation, self._best)

    def nearest(self, place: float) -> int | None:
        """Return the finished epoch nearest to a place; None while there is none."""
        epoch = nearest_epoch(self.x, place)
        return None if epoch is None else round(epoch)

    def snapped(self, place: float) -> float | None:
        """Return what can be read nearest to a place: an epoch, or beyond the last one a step."""
        x = self.steps.x
        if not len(self):
            return nearest_epoch(x, place)
        last = self.x[-1]
        if len(x) and x[-1] > last and place > last + (x[-1] - last) / 2:
            return nearest_epoch(x[np.searchsorted(x, last, "right") :], place)
        return nearest_epoch(self.x, place)

    def values_at(self, place: float) -> Values | None:
        """Return what is known at an epoch or a step; None while there is neither an epoch nor a step there."""
        found = Values(
            place,
            value_at(self.x, self.train, place),
            value_at(self.x, self.validation, place),
            value_at(self.steps.x, self.steps.y, place),
            tuple(_value_of(line, place) for line in self._others),
        )
        return found if len(self) or found.is_step else None


def _fits(low: float, high: float, kept_low: float, kept_high: float) -> bool:
    return kept_low <= low and high <= kept_high and high - low >= KEPT_SHARE * (kept_high - kept_low)


def _value_of(line: Line, place: float) -> float | None:
    if len(line.x) and place > line.x[-1]:
        return None
    return float(np.interp(place, line.x, line.y)) if len(line.x) and place >= line.x[0] else math.nan
