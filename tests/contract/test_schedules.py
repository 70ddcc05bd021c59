"""Every schedule: a pure share of the learning rate, from the first step to the last."""

import warnings
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from contract import instances
from engine.train.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    OneCycle,
    Plateau,
    ScheduleKind,
    Share,
    Step,
    WarmupCosine,
    share_done,
)

KINDS = [pytest.param(kind, id=kind.name) for kind in SCHEDULES]
shares = st.integers(1, 500).flatmap(lambda steps: st.builds(Share, st.integers(0, steps - 1), st.just(steps)))


def factors(schedule: ScheduleKind, steps: int) -> list[float]:
    """Of each step of a run, as the trainer asks for them."""
    return [schedule.factor(share_done(step, steps)) for step in range(1, steps + 1)]


def of_torch(make, steps: int) -> list[float]:
    """What a scheduler of torch gives to each step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a scheduler that is stepped by another
        scheduler = make(optimizer)
        rates = []
        for step in range(1, steps + 1):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if step < steps:
                scheduler.step()
    return rates


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), at=shares)
def test_a_factor_is_a_share_and_depends_on_nothing_else(kind, data, at):
    made = data.draw(instances(kind))
    first = made.factor(at)
    assert 0 <= first <= 1
    made.factor(Share(0, at.steps))
    assert made.factor(at) == first == kind(**made.values()).factor(at)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 1000])
@pytest.mark.parametrize("kind", KINDS)
def test_no_step_is_without_effect(kind, steps):
    assert min(factors(kind(), steps)) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_full_rate_is_reached(kind):
    assert max(factors(kind(), 1000)) == pytest.approx(1)
    assert factors(kind(), 1) == [1]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.values[0] is not Step])
def test_nothing_jumps(kind):
    rates = factors(kind(), 1000)
    assert max(abs(a - b) for a, b in pairwise(rates)) < 0.025  # the shortest rise is a twentieth of the run


def test_a_continued_run_begins_its_schedule_anew():
    assert [share_done(step, 14, before=10) for step in (11, 14)] == [Share(0, 4), Share(3, 4)]
    assert [Cosine().factor(share_done(step, 14, before=10)) for step in range(11, 15)] == factors(Cosine(), 4)


# ---- each is that of torch, step by step


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300))
def test_cosine_is_that_of_torch(steps):
    wanted = of_torch(lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps), steps)
    assert factors(Cosine(), steps) == pytest.approx(wanted, rel=1e-6, abs=1e-9)
    assert wanted[0] == 1 and wanted[-1] > 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 10), st.floats(0.05, 1))
def test_steps_are_those_of_torch(size, periods, drop):
    steps = size * periods
    wanted = of_torch(lambda optimizer: lr_scheduler.StepLR(optimizer, step_size=size, gamma=drop), steps)
    assert factors(Step(every_percent=100 / periods, drop=drop), steps) == pytest.approx(wanted, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 300), st.floats(1, 90), st.floats(1, 100), st.floats(1, 1e6))
def test_one_cycle_is_that_of_torch(steps, rise, low, end):
    if abs(rise / 100 * steps - 1) < 1e-6:
        steps += 1  # torch divides by zero where the rise is exactly one step
    wanted = of_torch(
        lambda optimizer: lr_scheduler.OneCycleLR(
            optimizer, 1.0, steps, pct_start=rise / 100, div_factor=low, final_div_factor=end / low
        ),
        steps,
    )
    made = OneCycle(warmup_percent=rise, start_divisor=low, end_divisor=end)
    assert factors(made, steps) == pytest.approx(wanted, rel=1e-6, abs=1e-12)
    assert factors(made, steps)[-1] == pytest.approx(1 / end)


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 300), st.floats(0, 90), st.floats(0, 100))
def test_warmup_and_cosine_are_those_of_torch(steps, rise, end):
    rising = round(rise / 100 * steps)

    def sequence(optimizer):
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps - rising, eta_min=end / 100)
        if rising < 2:  # one step of warm-up has the full rate already
            return lr_scheduler.SequentialLR(
                optimizer, [lr_scheduler.ConstantLR(optimizer, 1.0), cosine], milestones=[rising]
            )
        rise = lr_scheduler.LinearLR(optimizer, start_factor=1 / rising, total_iters=rising - 1)
        return lr_scheduler.SequentialLR(optimizer, [rise, cosine], milestones=[rising])

    found = factors(WarmupCosine(warmup_percent=rise, end_percent=end), steps)
    if rising:
        assert found == pytest.approx(of_torch(sequence, steps), rel=1e-6, abs=1e-9)
        assert found[0] == pytest.approx(1 / rising) and found[rising - 1] == 1
    assert found[rising] == 1 and found[-1] > end / 100 - 1e-12


# ---- their shapes


def test_one_cycle_rises_to_its_peak_and_falls_to_its_lowest():
    rates = factors(OneCycle(), 100)
    assert rates[0] == pytest.approx(1 / 25) and rates[24] == pytest.approx(1) and rates[-1] == pytest.approx(1e-4)
    assert rates[:25] == sorted(rates[:25]) and rates[24:] == sorted(rates[24:], reverse=True)
    assert min(rates) == rates[-1]


@pytest.mark.parametrize("steps", [1, 4])
def test_one_cycle_whose_rise_is_one_step_starts_at_its_peak(steps):
    assert OneCycle(warmup_percent=25).factor(Share(0, steps)) == 1


def test_cosine_falls_from_all_to_little_and_constant_stays():
    rates = factors(Cosine(), 10)
    assert rates[0] == 1 and rates[5] == pytest.approx(0.5) and rates[-1] == pytest.approx(0.0245, abs=1e-4)
    assert set(factors(Constant(), 10)) == {1.0}


def test_warmup_rises_evenly_then_falls_as_a_cosine():
    rates = factors(WarmupCosine(warmup_percent=20, end_percent=10), 50)
    assert rates[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert rates[10] == 1 and rates[30] == pytest.approx(0.55) and rates[-1] > 0.1
    assert factors(WarmupCosine(warmup_percent=0), 7) == factors(Cosine(), 7)


@pytest.mark.parametrize(
    ("every", "wanted"),
    [
        (30, [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001]),
        (50, 5 * [1] + 5 * [0.1]),
        (100, 10 * [1]),
    ],
)
def test_steps_drop_where_they_should_and_nowhere_else(every, wanted):
    assert factors(Step(every_percent=every, drop=0.1), 10) == pytest.approx(wanted)


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
    reference = lr_scheduler.ReduceLROnPlateau(optimizer, factor=drop, patience=patience, **more)
    ours = Plateau(drop=drop, patience=patience, least_percent=least, lowest_percent=lowest)
    for epoch, loss in enumerate(losses, start=1):
        reference.step(loss)
        assert ours.answer(losses[:epoch]) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
