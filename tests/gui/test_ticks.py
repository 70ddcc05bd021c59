"""Numbers beside the axes of charts: round, few, inside, and told apart."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.plots.ticks import (
    epoch_ticks,
    log_ticks,
    percent_ticks,
    value_ticks,
    write_axis,
    write_number,
    write_percents,
    write_power,
)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.14, 3.64, ["1", "2", "3"]),
        (0.62, 0.74, ["0.65", "0.70"]),
        (0.0, 1.0, ["0.0", "0.5", "1.0"]),
        (0.0, 2e6, ["0", "5e5", "1e6", "1.5e6", "2e6"]),
        (99_800, 100_000, ["99800", "99850", "99900", "99950", "100000"]),
        (0.65, 0.65004, ["0.65000", "0.65001", "0.65002", "0.65003", "0.65004"]),
        (-1, 1, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
    ],
)
def test_values_stand_in_round_steps(low, high, words):
    ticks, step = value_ticks(low, high)
    assert write_axis(ticks, step) == words


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(3, 9))
def test_ticks_are_few_inside_exact_and_told_apart(low, width, most):
    ticks, step = value_ticks(low, low + width, most)
    words = write_axis(ticks, step)
    assert 1 <= len(ticks) <= most
    rounding = 1e-9 * max(1.0, abs(low))
    assert all(low - 0.01 * step - rounding <= tick <= low + width + 0.01 * step + rounding for tick in ticks)
    assert all(abs(float(text) - tick) <= 0.03 * step + rounding for text, tick in zip(words, ticks, strict=True))
    assert len(set(words)) == len(words)


def test_no_range_has_no_ticks():
    with pytest.raises(ValueError, match="no range"):
        value_ticks(1.0, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0.37, 0.92, [0.4, 0.6, 0.8]),
        (0.9, 0.99, [0.9, 0.92, 0.94, 0.96, 0.98]),
        (0.5, 0.504, [0.5, 0.501, 0.502, 0.503, 0.504]),
    ],
)
def test_shares_are_written_as_closely_as_they_are_looked_at(low, high, ticks):
    assert percent_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("shares", "words"),
    [([0.07, 0.075], ["7.0 %", "7.5 %"]), ([0, 0.25, 0.3 * 3], ["0 %", "25 %", "90 %"]), ([], [])],
)
def test_percents_of_one_axis_have_as_many_digits(shares, words):
    assert write_percents(shares) == words


@pytest.mark.parametrize(
    ("low", "high"), [(-6, 0.3), (-0.2, 17), (-2, 1), (-0.15, 0.15), (-0.2, -0.1), (-0.17, -0.15), (0.9, 1.2), (3, 3.4)]
)
def test_a_logarithmic_axis_has_several_ticks_however_little_it_shows(low, high):
    ticks = log_ticks(low, high)
    assert 3 <= len(ticks) <= 9
    assert ticks == sorted(ticks) and low <= ticks[0] + 1e-9 and ticks[-1] <= high + 1e-9
    assert len(set(write_axis([10**tick for tick in ticks]))) == len(ticks)


@given(st.floats(-7, 12), st.floats(0.01, 12))
def test_any_logarithmic_axis_has_ticks_that_are_told_apart(low, width):
    ticks = log_ticks(low, low + width)
    assert 2 <= len(ticks) <= 9
    assert all(low - 1e-9 <= tick <= low + width + 1e-9 for tick in ticks)
    values = [10**tick for tick in ticks]
    words = write_axis(values)
    assert len(set(words)) == len(words)
    assert all(math.isclose(float(text), value, rel_tol=0.1) for text, value in zip(words, values, strict=True))


@pytest.mark.parametrize(
    ("values", "spacing", "texts"),
    [
        ([0, 5e-5, 1e-4, 1.5e-4], 5e-5, ["0", "5e-5", "1e-4", "1.5e-4"]),
        ([0, 0.001, 0.002], 0.001, ["0.000", "0.001", "0.002"]),
        ([1e-5, 1e-4, 1e-3], 0, ["1e-5", "1e-4", "1e-3"]),
        ([0.5, 1, 2], 0, ["0.5", "1.0", "2.0"]),
        ([0.1, 1, 10], 0, ["0.1", "1", "10"]),
        ([0, 5e16, 1e17], 5e16, ["0", "5e16", "1e17"]),
        ([1.15e6, 1.2e6], 5e4, ["1.15e6", "1.2e6"]),
        ([1, 1e5], 0, ["1", "1e5"]),
        ([0.0, 0.0], 0, ["0", "0"]),
        ([], 0, []),
    ],
)
def test_the_numbers_of_one_axis_are_written_in_one_way(values, spacing, texts):
    assert write_axis(values, spacing) == texts


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 1, "0"),
        (1, 1, "1"),
        (1.5, 1, "1.5"),
        (45, 0, "45"),
        (9.96, 1, "10"),
        (1e-5, 3, "1e-5"),
        (-2.5e17, 1, "-2.5e17"),
    ],
)
def test_powers_of_ten_are_written_as_briefly_as_can_be(value, digits, text):
    assert write_power(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"),
        (12.44, "12.4"),
        (0.0312, "0.031"),
        (0.0031, "0.0031"),
        (1.2e-5, "1.2e-5"),
        (1000, "1e3"),
        (np.nan, "–"),
    ],
)
def test_losses_are_written_with_about_three_figures(value, text):
    assert write_number(value) == text


@pytest.mark.parametrize(
    ("last", "most", "ticks"),
    [
        (1, 6, [1]),
        (2, 6, [1, 2]),
        (3, 2, [1, 2, 3]),
        (6, 3, [2, 4, 6]),
        (7, 3, [1, 3, 5, 7]),
        (12, 6, [2, 4, 6, 8, 10, 12]),
        (12, 3, [1, 5, 10]),
        (30, 7, [1, 5, 10, 15, 20, 25, 30]),
        (51, 3, [1, 20, 40]),
        (100, 3, [1, 50, 100]),
        (300, 7, [1, 50, 100, 150, 200, 250, 300]),
        (999, 6, [1, 200, 400, 600, 800]),
        (100_000, 6, [1, 20_000, 40_000, 60_000, 80_000, 100_000]),
    ],
)
def test_epochs_of_a_whole_run_are_the_first_and_the_round_ones(last, most, ticks):
    assert epoch_ticks(-0.05 * last, last + 0.4, most) == ticks


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1.2, 7.9, [2, 3, 4, 5, 6, 7]),
        (2.2, 13.1, [4, 6, 8, 10, 12]),
        (3.2, 14.1, [4, 6, 8, 10, 12, 14]),
        (120.5, 220.0, [140, 160, 180, 200, 220]),
        (4.2, 4.8, []),
        (-3, 0.5, []),
    ],
)
def test_epochs_of_a_part_of_a_run_are_the_round_ones(low, high, ticks):
    assert epoch_ticks(low, high, most=6) == ticks


@given(st.floats(-1, 1e6), st.floats(0, 1e6), st.integers(1, 20))
def test_epoch_ticks_stand_inside_what_is_shown(low, width, most):
    ticks = epoch_ticks(low, low + width, most)
    assert all(isinstance(tick, int) and max(1, low) <= tick <= low + width for tick in ticks)
    assert len(ticks) <= most + 2
    assert ticks == sorted(set(ticks))


@given(st.integers(1, 1_000_000), st.integers(1, 20))
def test_epoch_ticks_are_evenly_apart_but_for_the_first(last, most):
    ticks = epoch_ticks(-0.05 * last, last + 0.01 * last, most)
    gaps = {after - before for before, after in itertools.pairwise(ticks[1:])}
    assert ticks[0] in (1, 2) and len(gaps) <= 1
    if len(ticks) > 2:
        step = max(gaps, default=ticks[-1])
        assert 0.75 * step <= ticks[1] - ticks[0] <= step, "the first label has as much room as all others"
        assert last - ticks[-1] < step, "and the last round epoch is there"
