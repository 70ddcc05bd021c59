"""Jobs: events arrive in the GUI thread, and every job ends with exactly one outcome."""

import os
import sys
import threading
from collections.abc import Generator
from typing import Any

import pytest
from PySide6.QtCore import QObject, QThread, Slot

from engine.errors import EngineError
from engine.jobs import Cancelled, JobControl
from gui.jobs import Failed, Finished, JobRunner, Stopped
from gui.jobs.runner import NICENESS

PATIENCE = 20_000  # ms; a busy machine


class Witness(QObject):
    """Notes what a runner tells, and on which thread."""

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self.events: list[Any] = []
        self.outcomes: list[Any] = []
        self.threads: set[QThread] = set()
        runner.progressed.connect(self.on_progressed)
        runner.ended.connect(self.on_ended)

    @Slot(object)
    def on_progressed(self, event: object) -> None:
        self.events.append(event)
        self.threads.add(QThread.currentThread())

    @Slot(object)
    def on_ended(self, outcome: object) -> None:
        self.outcomes.append(outcome)
        self.threads.add(QThread.currentThread())


@pytest.fixture
def runner(qapp) -> Generator[JobRunner, None, None]:
    runner = JobRunner()
    yield runner
    runner.close()


@pytest.fixture
def witness(runner: JobRunner) -> Witness:
    return Witness(runner)


def counting(count: int) -> Any:
    def work(control: JobControl) -> Generator[int, None, str]:
        yield from range(count)
        return "done"

    return work


def endless(control: JobControl) -> Generator[int, None, None]:
    number = 0
    while True:
        yield number
        number += 1


def ended(qtbot: Any, runner: JobRunner) -> Any:
    return qtbot.waitSignal(runner.ended, timeout=PATIENCE)


def test_events_and_outcome_arrive_in_the_gui_thread(qtbot, qapp, runner, witness):
    with ended(qtbot, runner):
        runner.start(counting(100))
        assert runner.is_running
    assert witness.events == list(range(100))
    assert witness.outcomes == [Finished("done")]
    assert witness.threads == {qapp.thread()}
    assert not runner.is_running


def test_the_work_itself_runs_elsewhere(qtbot, runner, witness):
    def work(control: JobControl) -> Generator[int, None, None]:
        yield threading.get_ident()

    with ended(qtbot, runner):
        runner.start(work)
    assert witness.events[0] != threading.get_ident()


@pytest.mark.parametrize("keep", [True, False])
def test_stopping(qtbot, runner, witness, keep):
    closed = threading.Event()

    def work(control: JobControl) -> Generator[int, None, None]:
        try:
            yield from endless(control)
        finally:
            closed.set()

    with ended(qtbot, runner):
        runner.start(work)
        qtbot.waitUntil(lambda: len(witness.events) > 3, timeout=PATIENCE)
        runner.stop(keep)
        runner.stop(True)  # a second wish changes nothing
    assert witness.outcomes == [Stopped(keep)]
    assert closed.is_set(), "the work could clean up"


def test_stopping_inside_the_work(qtbot, runner, witness):
    def work(control: JobControl) -> Generator[int, None, None]:
        yield 1
        control.stop(False)
        control.checkpoint()

    with ended(qtbot, runner):
        runner.start(work)
    assert witness.outcomes == [Stopped(False)]


def test_a_mistake_of_the_user(qtbot, runner, witness, caplog):
    def work(control: JobControl) -> Generator[int, None, None]:
        yield 1
        raise EngineError("The disk is full.", why="It is small.")

    with ended(qtbot, runner):
        runner.start(work)
    (outcome,) = witness.outcomes
    assert isinstance(outcome, Failed) and outcome.error.what == "The disk is full."
    assert not caplog.records


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3), MemoryError()])
def test_a_mistake_of_ours(qtbot, runner, witness, caplog, error):
    def work(control: JobControl) -> Generator[int, None, None]:
        yield 1
        raise error

    with ended(qtbot, runner):
        runner.start(work)
    (outcome,) = witness.outcomes
    assert isinstance(outcome, Failed) and outcome.error is error
    assert type(error).__name__ in outcome.report and "test_jobs" in outcome.report
    assert "a job failed" in caplog.text


def test_work_that_fails_before_its_first_event(qtbot, runner, witness):
    def work(control: JobControl) -> Generator[int, None, None]:
        raise EngineError("At once.")
        yield

    with ended(qtbot, runner):
        runner.start(work)
    assert witness.events == [] and len(witness.outcomes) == 1


def test_cleaning_up_that_fails_is_told(qtbot, runner, witness, caplog):
    def work(control: JobControl) -> Generator[int, None, None]:
        try:
            while True:
                yield 1
        except GeneratorExit:
            raise OSError("cannot write the last line") from None

    with ended(qtbot, runner):
        runner.start(work)
        qtbot.waitUntil(lambda: bool(witness.events), timeout=PATIENCE)
        runner.stop()
    (outcome,) = witness.outcomes
    assert isinstance(outcome, Failed) and isinstance(outcome.error, OSError)


def test_a_pause_holds_and_a_resume_goes_on(qtbot, qapp, runner, witness):
    may_go = threading.Event()
    steps: list[int] = []

    def work(control: JobControl) -> Generator[int, None, None]:
        for number in range(20):
            steps.append(number)
            if number == 5:
                may_go.wait()
            yield number

    states: list[tuple[bool, bool]] = []
    runner.state_changed.connect(lambda: states.append((runner.is_running, runner.is_paused)))
    runner.start(work)
    qtbot.waitUntil(lambda: len(steps) == 6, timeout=PATIENCE)
    runner.pause()
    assert runner.is_paused and runner.is_running
    may_go.set()
    qtbot.waitUntil(lambda: len(witness.events) == 6, timeout=PATIENCE)
    assert not runner._thread.wait(20), "it waits at its checkpoint"
    assert len(steps) == 6 and witness.outcomes == []
    with ended(qtbot, runner):
        runner.resume()
        assert not runner.is_paused
    assert steps == list(range(20)) and witness.outcomes == [Finished(None)]
    assert states == [(True, False), (True, True), (True, False), (False, False)]


def test_a_paused_job_can_be_stopped(qtbot, runner, witness):
    with ended(qtbot, runner):
        runner.start(endless)
        runner.pause()
        runner.stop()
    assert witness.outcomes == [Stopped(True)]


@pytest.mark.parametrize("paused", [False, True])
def test_closing_waits_for_the_work_and_tells_nothing_more(qtbot, qapp, runner, witness, paused):
    closed = threading.Event()

    def work(control: JobControl) -> Generator[int, None, None]:
        try:
            yield from endless(control)
        finally:
            closed.set()

    runner.start(work)
    qtbot.waitUntil(lambda: len(witness.events) > 3, timeout=PATIENCE)
    if paused:
        runner.pause()
    runner.close()
    assert closed.is_set() and not runner.is_running
    heard = len(witness.events)
    qapp.processEvents()
    assert witness.outcomes == [] and len(witness.events) == heard
    runner.close()  # nothing to do


def test_closing_before_the_first_event(qapp, runner, witness):
    runner.start(endless)
    runner.close()
    qapp.processEvents()
    assert not runner.is_running and witness.outcomes == []


def test_a_job_after_a_closed_one_hears_nothing_of_it(qtbot, runner, witness):
    def failing(control: JobControl) -> Generator[int, None, None]:
        yield -1
        raise EngineError("old")

    for _ in range(20):
        runner.start(failing)
        runner.close()
    with ended(qtbot, runner):
        runner.start(counting(3))
    assert witness.events == [0, 1, 2] and witness.outcomes == [Finished("done")]


def test_one_job_at_a_time(qtbot, runner, witness):
    runner.start(endless)
    with pytest.raises(RuntimeError, match="already running"):
        runner.start(counting(1))
    with ended(qtbot, runner):
        runner.stop()
    assert witness.outcomes == [Stopped(True)]


def test_the_next_job_may_start_from_the_end_of_the_last(qtbot, runner, witness):
    def again(_: object) -> None:
        if len(witness.outcomes) < 5:
            runner.start(counting(2))

    runner.ended.connect(again)
    runner.start(counting(2))
    qtbot.waitUntil(lambda: len(witness.outcomes) == 5, timeout=PATIENCE)
    assert witness.events == [0, 1] * 5 and not runner.is_running


def test_an_idle_runner_takes_every_wish(runner):
    runner.pause()
    runner.resume()
    runner.stop()
    runner.close()
    assert not runner.is_running and not runner.is_paused


def test_fifty_jobs_leave_no_threads(qtbot, runner, witness):
    threads: list[QThread] = []
    for number in range(50):
        with ended(qtbot, runner):
            runner.start(counting(number % 3))
            threads.append(runner._thread)
    assert len(witness.outcomes) == 50
    assert all(thread.isFinished() and not thread.isRunning() for thread in threads)
    assert runner._thread is None and runner._worker is None


def test_a_cancellation_says_whether_to_keep():
    assert Cancelled().keep and not Cancelled(False).keep


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a niceness of their own")
def test_the_window_goes_first(qtbot):
    def work(control: JobControl):
        yield os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    runner, seen = JobRunner(), []
    runner.progressed.connect(seen.append)
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    with qtbot.waitSignal(runner.ended):
        runner.start(work)
    assert seen == [NICENESS]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
