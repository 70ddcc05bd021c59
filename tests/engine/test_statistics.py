"""Statistics against published examples, against brute force, and at their edges."""

import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.statistics import mcnemar, mean_and_deviation, paired_difference, wilson

COUNTS = st.integers(0, 60)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (3, 3), (5, 0), (2, 7), (8, 1)])
def test_mcnemar_counts_all_ways_in_which_chance_could_divide_the_disagreements(b, c):
    count, lesser = b + c, min(b, c)
    ways = [sum(coins) for coins in itertools.product((0, 1), repeat=count)]
    as_uneven = sum(min(heads, count - heads) <= lesser for heads in ways)
    assert mcnemar(b, c) == pytest.approx(as_uneven / len(ways))
    assert mcnemar(b, c) == mcnemar(c, b)


def test_mcnemar_of_huge_counts_is_a_number():
    assert mcnemar(40_000, 40_000) == 1.0 and mcnemar(30_000, 50_000) == 0.0


def test_the_paired_interval_is_that_of_its_paper():
    # Newcombe, 1998: a table of 36, 12, 2 and 0; method 10 gives 0.0569 to 0.3404.
    difference, low, high = paired_difference(36, 12, 2, 0)
    assert difference == pytest.approx(0.2)
    assert (round(low, 4), round(high, 4)) == (0.0569, 0.3404)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_paired_interval_holds_the_difference_and_turns_with_the_sides(both, first, second, neither):
    if not both + first + second + neither:
        return
    difference, low, high = paired_difference(both, first, second, neither)
    assert -1 <= low <= difference + 1e-12 and difference - 1e-12 <= high <= 1
    turned = paired_difference(both, second, first, neither)
    assert turned == pytest.approx((-difference, -high, -low), abs=1e-12)


def test_pairing_narrows_the_interval_where_both_agree_mostly():
    _, low, high = paired_difference(80, 6, 2, 12)
    _, alone_low, alone_high = paired_difference(0, 50, 50, 0)
    assert high - low < 0.5 * (alone_high - alone_low)
    assert wilson(86, 100)[0] < 0.86 < wilson(86, 100)[1]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_mean_and_deviation_are_those_of_a_sample(values):
    mean, deviation = mean_and_deviation(values)
    assert mean == pytest.approx(statistics.mean(values)) and deviation == pytest.approx(statistics.stdev(values))


def test_one_value_has_no_deviation():
    assert mean_and_deviation([0.5]) == (0.5, None)
