"""Clocks of a run: when to tell something, how fast it goes, how long it will take. Pauses do not count."""

import time
from collections import deque


class Due:
    """Says yes at most every `seconds`; the first time at once when `at_once`."""

    def __init__(self, seconds: float, at_once: bool = False):
        self._seconds = seconds
        self._next = time.perf_counter() + (0.0 if at_once else seconds)

    def __call__(self) -> bool:
        now = time.perf_counter()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


class Pace:
    """Working time of a run, its speed and an estimate of what is left.

    Args:
        steps_left: training steps still planned, validation left out.
        epochs_left: epochs still planned.
    """

    WINDOW = 5.0  # seconds over which the speed is averaged

    def __init__(self, steps_left: int, epochs_left: int):
        self._steps_left, self._epochs_left = steps_left, epochs_left
        self._paused = 0.0
        self._marks: deque[tuple[float, int, int]] = deque()  # time, images, steps, all running totals
        self._images = self._steps = 0
        self._validation = 0.0
        self.mark()

    def now(self) -> float:
        """Seconds of work since some fixed moment."""
        return time.perf_counter() - self._paused

    def waited(self, seconds: float) -> None:
        """A pause is over."""
        self._paused += seconds

    def step(self, images: int) -> None:
        """One batch is done."""
        self._images += images
        self._steps += 1
        self._steps_left -= 1

    def validated(self, seconds: float) -> None:
        """An epoch and its validation are over; the time it took says how long the next ones will."""
        self._validation = seconds
        self._epochs_left -= 1
        self._marks.clear()  # else the validation would look like a slow batch
        self.mark()

    def place(self) -> tuple[int, int]:
        """(images, steps) so far: what a later `mark` can be about."""
        return self._images, self._steps

    def mark(self, place: tuple[int, int] | None = None) -> None:
        """Remember where we are; called now and then.

        Args:
            place: that was reached only now: a device may be behind what it was asked for. None: where we are.
        """
        now = self.now()
        self._marks.append((now, *(place or self.place())))
        while len(self._marks) > 2 and now - self._marks[0][0] > self.WINDOW:
            self._marks.popleft()

    def images_per_second(self) -> float:
        """Training speed over the last seconds, up to the last mark; 0 before anything was measured."""
        (began, before, _), (ended, images, _) = self._marks[0], self._marks[-1]
        return (images - before) / (ended - began) if ended > began else 0.0

    def seconds_left(self) -> float:
        """Until the planned end, judged by the last seconds; 0 before anything was measured."""
        (began, _, before), (ended, _, steps) = self._marks[0], self._marks[-1]
        if steps == before:
            return 0.0
        per_step = (ended - began) / (steps - before)
        return per_step * self._steps_left + self._validation * self._epochs_left
