"""Clocks of a run, on a clock of our own."""

import pytest

from engine.train import pace
from engine.train.pace import Due, Pace


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is told to go on."""

    class Clock:
        now = 100.0

        def on(self, seconds: float) -> None:
            self.now += seconds

    made = Clock()
    monkeypatch.setattr(pace.time, "perf_counter", lambda: made.now)
    return made


def test_due_says_yes_at_most_so_often(clock):
    due, at_once = Due(0.25), Due(0.25, at_once=True)
    assert (due(), at_once()) == (False, True)
    clock.on(0.25)
    assert (due(), due()) == (True, False)
    clock.on(10)
    assert (due(), due()) == (True, False), "what was missed is not made up for"


def test_speed_and_time_left_follow_from_the_last_seconds(clock):
    run = Pace(steps_left=100, epochs_left=2)
    assert (run.images_per_second(), run.seconds_left()) == (0.0, 0.0)
    for _ in range(10):
        clock.on(0.1)
        run.step(images=32)
    run.mark()
    assert run.images_per_second() == pytest.approx(320)
    assert run.seconds_left() == pytest.approx(9.0)
    for _ in range(100):
        clock.on(0.2)
        run.step(32)
        run.mark()
    assert run.images_per_second() == pytest.approx(160, rel=0.05), "what is longer ago than 5 s is forgotten"


def test_a_pause_is_no_working_time(clock):
    run = Pace(100, 1)
    began = run.now()
    for _ in range(10):
        clock.on(0.1)
        run.step(32)
    clock.on(3600)
    run.waited(3600)
    assert run.now() - began == pytest.approx(1.0)
    run.mark()
    assert run.images_per_second() == pytest.approx(320) and run.seconds_left() == pytest.approx(9.0)


def test_validation_is_counted_for_the_epochs_to_come_and_is_no_slow_batch(clock):
    run = Pace(steps_left=20, epochs_left=2)
    for _ in range(10):
        clock.on(0.1)
        run.step(32)
    clock.on(5)
    run.validated(5)
    assert run.seconds_left() == 0.0, "nothing was measured since"
    clock.on(0.1)
    run.step(32)
    run.mark()
    assert run.images_per_second() == pytest.approx(320)
    assert run.seconds_left() == pytest.approx(9 * 0.1 + 5)


def test_a_mark_may_be_about_a_place_that_a_device_reached_only_now(clock):
    run = Pace(steps_left=10, epochs_left=0)
    for _ in range(2):
        run.step(32)
    place = run.place()
    run.step(32)
    clock.on(0.5)
    run.mark(place)
    assert run.images_per_second() == pytest.approx(128), "the third step was only asked for"
    assert run.seconds_left() == pytest.approx(0.25 * 7)
