"""Every schedule: a pure share of the learning rate, from the first step to the last."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import instances
from engine.train.schedules import SCHEDULES, Constant, Cosine, OneCycle

KINDS = [pytest.param(kind, id=kind.name) for kind in SCHEDULES]
progress = st.floats(0, 1)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), at=progress)
def test_a_factor_is_a_share_and_depends_on_nothing_else(kind, data, at):
    made = data.draw(instances(kind))
    first = made.factor(at)
    assert 0 <= first <= 1
    made.factor(1 - at)
    assert made.factor(at) == first == kind(**made.values()).factor(at)


@pytest.mark.parametrize("kind", KINDS)
def test_the_full_rate_is_reached(kind):
    assert max(kind().factor(step / 1000) for step in range(1001)) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_jumps(kind):
    factors = [kind().factor(step / 1000) for step in range(1001)]
    assert max(abs(a - b) for a, b in pairwise(factors)) < 0.01


@given(st.floats(1, 90), progress)
def test_one_cycle_rises_to_its_peak_and_falls(rise, at):
    cycle = OneCycle(warmup_percent=rise)
    peak = rise / 100
    assert cycle.factor(peak) == pytest.approx(1)
    assert cycle.factor(0) == pytest.approx(1 / 25) and cycle.factor(1) == pytest.approx(1 / 10_000)
    towards = at + (peak - at) / 2
    assert cycle.factor(at) <= cycle.factor(towards) + 1e-12


def test_one_cycle_without_a_rise_starts_at_its_peak():
    assert OneCycle(warmup_percent=0).factor(0) == 1


def test_cosine_falls_from_all_to_nothing_and_constant_stays():
    assert Cosine().factor(0) == 1 and Cosine().factor(0.5) == pytest.approx(0.5) and Cosine().factor(1) == 0
    assert {Constant().factor(at) for at in (0, 0.3, 1)} == {1.0}
