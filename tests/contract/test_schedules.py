"""Every schedule: a pure share of the learning rate, from the first step to the last."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import instances
from engine.train.schedules import SCHEDULES, Constant, Cosine, OneCycle, Plateau, Step, WarmupCosine

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


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.values[0] is not Step])
def test_nothing_jumps(kind):
    factors = [kind().factor(step / 1000) for step in range(1001)]
    assert max(abs(a - b) for a, b in pairwise(factors)) < 0.025  # the shortest rise is a twentieth of the run


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


def test_warmup_rises_evenly_then_falls_as_a_cosine():
    schedule = WarmupCosine(warmup_percent=20, end_percent=10)
    assert 0 < schedule.factor(0) < 0.01
    assert schedule.factor(0.1) == pytest.approx(0.5, abs=0.01) and schedule.factor(0.2) == 1
    assert schedule.factor(0.6) == pytest.approx(0.55) and schedule.factor(1) == pytest.approx(0.1)
    assert WarmupCosine(warmup_percent=0).factor(0) == 1 and WarmupCosine().factor(1) == 0


def test_steps_drop_where_they_should_and_nowhere_else():
    schedule = Step(every_percent=30, drop=0.1)
    wanted = [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001]
    assert [schedule.factor(step / 10) for step in range(11)] == pytest.approx(wanted)
    assert Step(every_percent=100, drop=0.1).factor(0.999) == 1


# ---- listening to validation


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_plateau_answers_to_validation(kind):
    assert kind().answer([]) == 1
    flat = kind().answer([1.0] * 20)
    assert (flat < 1) == (kind is Plateau)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.01, 5), max_size=40),
    st.integers(0, 5),
    st.floats(0.05, 0.9),
    st.sampled_from((0.0, 1.0, 10.0)),
    st.sampled_from((0.0, 5.0)),
)
def test_a_plateau_is_that_of_torch(losses, patience, drop, least, lowest):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    more = {"threshold": least / 100, "min_lr": lowest / 100, "eps": 0.0}
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=drop, patience=patience, **more)
    ours = Plateau(drop=drop, patience=patience, least_percent=least, lowest_percent=lowest)
    for epoch, loss in enumerate(losses, start=1):
        reference.step(loss)
        assert ours.answer(losses[:epoch]) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
