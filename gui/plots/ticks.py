"""Where numbers stand beside an axis, and how they are written there: one way for every chart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

FACTORS = (1, 2, 5)  # of a power of ten: the steps that people count in
PERCENT_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
NEARLY_ALL = 0.9  # of all shares: of so many, quarters say where one is
MOST_LOG_TICKS = 8
CLOSE = 1e-9  # of a step: a tick that rounding has put just beyond an end still counts
EXACT = 0.02  # of a step: written numbers may be off by so much
LEAST_FIXED, MOST_FIXED = 1e-4, 1e5  # steps below and values from here on are written with powers of ten
FIGURES = range(17)  # after the point: a float has no more


def value_ticks(low: float, high: float, most: int = 5) -> tuple[list[float], float]:
    """Return the round values from `low` to `high`, at least one and at most `most`, and the step between them.

    Args:
        most: 3 or more; fewer may leave none.

    Raises:
        ValueError: the range is empty.
    """
    if not low < high:
        raise ValueError(f"no range: {low} to {high}")
    step = _round_step((high - low) / most)
    while len(_multiples(low, high, step)) > most:
        step = _round_step(1.5 * step)
    return _multiples(low, high, step), step


def percent_ticks(low: float, high: float, most_steps: float = 5) -> list[float]:
    """Return the shares to write beside an axis from `low` to `high`: 0, 0.25 ... 1 for all, closer ones for a part.

    Args:
        most_steps: that fit between the ends.
    """
    steps = PERCENT_STEPS if high - low < NEARLY_ALL else ()
    step = next((step for step in steps if (high - low) / step <= most_steps), 0.25)
    return _multiples(low, high, step)


def log_ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten to write beside an axis from 10**low to 10**high: at least two, three where that can be.

    Whole decades where there are many, 1, 2 and 5 of each where there are few, and equal steps within one.
    """
    decades = range(math.floor(low), math.ceil(high) + 1)
    for figures in ((1,), FACTORS):
        places = [decade + math.log10(figure) for decade in decades for figure in figures]
        found = [place for place in places if low <= place <= high]
        if len(found) >= 3:
            return found[:: math.ceil(len(found) / MOST_LOG_TICKS)]
    least, most = 10.0**low, 10.0**high
    step = _round_step_below((most - least) / 3)
    numbers = range(max(1, math.ceil(least / step)), math.floor(most / step) + 1)
    return [math.log10(step * number) for number in numbers]


def epoch_ticks(low: float, high: float, most: int = 7) -> list[int]:
    """Return the whole epochs to write under the axis: the first one and the multiples of a round step, 1, 50, 100.

    In steps of 2, where 1 and 2 would stand too close, they are the odd or the even ones, so that the last epoch is
    among them: it says how long the run is. Of a part of the run that does not begin with epoch 1, they are even:
    they would change places with each epoch by which that part is moved.

    Args:
        most: how many there may be, and no more than 2 beyond.
    """
    first, last = max(1, math.ceil(low)), math.floor(high)
    if first > last:
        return []
    step = max(1, round(_round_step(max(1, last - first) / max(1, most))))
    if step == 2 and first == 1:
        return list(range(2 - last % 2, last + 1, 2))
    rounded = range(step * math.ceil(first / step), last + 1, step)
    return [*([1] if first == 1 and step > 1 else []), *rounded]


def write_axis(values: Sequence[float], spacing: float = 0.0) -> list[str]:
    """Return the numbers beside one axis, all written in one way and told apart: "0.001", "0.002", or "1e-5", "1.5e-5".

    Args:
        spacing: between two of them; 0: they do not stand in equal steps.
    """
    sizes = sorted(abs(value) for value in values if value)
    if not sizes:
        return ["0" for _ in values]
    exact = EXACT * (spacing or min(_least_gap(values) or sizes[0], sizes[0]))
    fixed = _written(values, exact, lambda value, digits: f"{value:.{digits}f}")
    if not spacing and sizes[-1] > 10.5 * sizes[0]:  # decades: "0.1", "1", "10"
        fixed = [_without_zeros(text) for text in fixed]
    if sizes[-1] < MOST_FIXED and (spacing or sizes[0]) >= LEAST_FIXED:
        return fixed
    powers = _written(values, exact, write_power)
    # "99850" and "0.65001" are shorter than "9.985e4" and "6.5001e-1".
    return min(fixed, powers, key=lambda texts: max(map(len, texts)))


def write_percents(shares: Sequence[float]) -> list[str]:
    """Return shares as percent, all with as many digits as the finest of them needs: "7 %", "7.5 %"."""
    texts = _written([100 * share for share in shares], 1e-6, lambda value, digits: f"{value:.{digits}f}")
    return [f"{text} %" for text in texts]


def write_power(value: float, digits: int = 1) -> str:
    """Return a number as "1e-5", "2.5e17", and one from 1 to 100 without a power."""
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    if exponent in ("+00", "+01"):
        return _without_zeros(f"{value:.{max(0, digits - int(exponent))}f}")
    return f"{_without_zeros(mantissa)}e{int(exponent)}"


def write_number(value: float) -> str:
    """Return a loss with about three figures: "0.25", "12.4", "0.0031", "1.2e-5"."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 1000 or 0 < size < 0.0005:
        return write_power(value)
    return f"{value:.{4 if size < 0.01 else 3 if size < 0.1 else 2 if size < 10 else 1}f}"


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _multiples(low: float, high: float, step: float) -> list[float]:
    numbers = range(math.ceil(low / step - CLOSE), math.floor(high / step + CLOSE) + 1)
    return [step * number for number in numbers]


def _round_step(least: float) -> float:
    """Return the smallest 1, 2 or 5 times a power of ten that is no less than this."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((f * power for f in FACTORS if f * power >= least * (1 - CLOSE)), 10 * power)


def _round_step_below(most: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is no more than this."""
    power = 10.0 ** math.floor(math.log10(most))
    return power * max(factor for factor in FACTORS if factor * power <= most * (1 + CLOSE))


def _least_gap(values: Sequence[float]) -> float:
    ordered = sorted(set(values))
    return min((after - before for before, after in itertools.pairwise(ordered)), default=0.0)


def _written(values: Sequence[float], exact: float, write: Callable[[float, int], str]) -> list[str]:
    """The values with the fewest digits that say each of them to within `exact`."""
    for digits in FIGURES:
        texts = [write(value, digits) for value in values]
        if all(abs(float(text) - value) <= exact for text, value in zip(texts, values, strict=True)):
            break
    return texts
