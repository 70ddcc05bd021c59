"""The axis of the learning-rate test: round values, few, and told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.plots.range_curve import round_ticks


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.14, 3.64, ["1", "2", "3"]),
        (0.62, 0.74, ["0.65", "0.70"]),
        (0.0, 1.0, ["0.0", "0.5", "1.0"]),
        (0.0, 2e6, ["0", "5e5", "1e6", "1.5e6", "2e6"]),
    ],
)
def test_ticks_are_round(low, high, words):
    assert [written for _, written in round_ticks(low, high)] == words


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_inside_and_told_apart(low, width):
    ticks = round_ticks(low, low + width)
    room = 1e-6 * max(abs(low), width)
    assert 1 <= len(ticks) <= 5
    assert all(low - room <= value <= low + width + room for value, _ in ticks)
    if width > 1e-3 * abs(low):
        assert len({words for _, words in ticks}) == len(ticks)


def test_no_range_has_no_ticks():
    with pytest.raises(ValueError, match="no range"):
        round_ticks(1.0, 1.0)
