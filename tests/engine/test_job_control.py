"""Long work obeys other threads: pause, resume, stop and keep, stop and discard."""

import threading
from collections.abc import Iterator
from queue import Queue

import pytest

from engine.jobs import Cancelled, JobControl, Progress

PATIENCE = 10  # seconds; never reached unless something hangs


class Work:
    """Counts on a thread of its own, one step for each permission, with a checkpoint before each."""

    def __init__(self) -> None:
        self.control = JobControl()
        self.permissions: Queue[bool] = Queue()
        self.steps: Queue[int] = Queue()
        self.ended = threading.Event()
        self.keep: bool | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            number = 0
            while self.permissions.get(timeout=PATIENCE):
                self.control.checkpoint()
                number += 1
                self.steps.put(number)
        except Cancelled as stopped:
            self.keep = stopped.keep
        self.ended.set()

    def step(self) -> None:
        self.permissions.put(True)

    def done(self) -> int:
        return self.steps.get(timeout=PATIENCE)


@pytest.fixture
def work() -> Iterator[Work]:
    made = Work()
    made.thread.start()
    yield made
    made.permissions.put(False)
    made.control.stop()
    made.thread.join(PATIENCE)
    assert not made.thread.is_alive()


def test_work_that_nobody_disturbs_runs(work):
    for number in (1, 2, 3):
        work.step()
        assert work.done() == number
    assert not work.control.is_paused and not work.control.is_stopping and not work.control.is_discarding


def test_paused_work_waits_and_goes_on_where_it_was(work):
    work.step()
    assert work.done() == 1
    work.control.pause()
    assert work.control.is_paused
    work.step()
    assert not work.ended.wait(0.05) and work.steps.empty()
    work.control.resume()
    assert work.done() == 2 and not work.control.is_paused


@pytest.mark.parametrize("keep", [True, False])
def test_a_stop_ends_work_at_its_next_checkpoint(work, keep):
    work.control.stop(keep)
    assert work.control.is_stopping and work.control.is_discarding is not keep
    work.step()
    assert work.ended.wait(PATIENCE) and work.keep is keep and work.steps.empty()


@pytest.mark.parametrize("keep", [True, False])
def test_a_stop_ends_paused_work_too(work, keep):
    work.control.pause()
    work.step()
    work.control.stop(keep)
    assert work.ended.wait(PATIENCE) and work.keep is keep
    assert not work.control.is_paused


def test_to_discard_wins_over_to_keep_in_either_order():
    for answers in ((True, False), (False, True)):
        control = JobControl()
        for keep in answers:
            control.stop(keep)
        with pytest.raises(Cancelled) as caught:
            control.checkpoint()
        assert caught.value.keep is False


def test_a_pause_after_a_stop_holds_nothing():
    control = JobControl()
    control.stop()
    control.pause()
    assert not control.is_paused
    with pytest.raises(Cancelled):
        control.checkpoint()


def test_a_pause_and_a_stop_at_the_same_moment_never_hang():
    for _ in range(200):
        control = JobControl()
        both = threading.Barrier(2)

        def ask(what, both=both):
            both.wait(PATIENCE)
            what()

        threads = [threading.Thread(target=ask, args=(what,)) for what in (control.pause, control.stop)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert control.is_stopping and not control.is_paused


def test_a_stop_is_no_error_that_a_broad_net_for_user_mistakes_would_catch():
    from engine.errors import EngineError

    assert not issubclass(Cancelled, EngineError) and Cancelled().keep is True


def test_progress_is_plain_data():
    assert Progress(3, 10, "Reading pictures") == Progress(3, 10, "Reading pictures")
