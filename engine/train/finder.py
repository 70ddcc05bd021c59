"""The learning-rate range test: a short training on a fresh copy of the network, with a rate that grows at every step.

Smith, 2017, "Cyclical learning rates for training neural networks". Nothing of the project is touched: the copy is
thrown away, no run is made, and the random numbers of other trainings are left as they were.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.jobs import JobControl, Progress
from engine.spec import ProjectSpec

if TYPE_CHECKING:
    from engine.data.cache import Pictures
    from engine.train.setup import Setup
    from engine.train.step import Taken

LOWEST, HIGHEST = 1e-7, 10.0
"""The rates that are tried, each by the same factor larger than the one before."""

STEPS = 120
"""Enough for 15 rates in every power of ten, and done in a few seconds."""

MEMORY = 0.9
"""Of the smoothed loss: about the last ten steps count."""

DIVERGED = 4.0
"""Times the lowest smoothed loss: where that is reached, larger rates only get worse."""

WORTH = 0.97
"""Times the first smoothed loss: where the lowest is not even below that, no rate made a difference."""

BEGUN = 0.2
"""Share of its fall after which the loss counts as falling."""

BELOW_LOWEST = 5.0
"""How far below the rate of the lowest loss the band ends."""

FIRST, WIDTH = 8, 7
"""Steps whose mean is not to be relied on, and half of those over which steepness is measured."""

NEWS = 0.1
"""Seconds between two `FinderStep`."""


@dataclass(frozen=True, slots=True)
class FinderStep:
    """How far the test is.

    Attributes:
        rates, losses: learning rate and smoothed loss of all steps so far.
        share: of the steps that are planned, 0..1; a loss that diverges ends it earlier.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    share: float


@dataclass(frozen=True, slots=True)
class FoundRate:
    """What the test suggests.

    Attributes:
        rates, losses: the curve, smoothed.
        low, high: the band in which the loss falls: from where a fifth of its fall is done to a fifth of the rate of
            its lowest point.
        rate: one value within the band, to two figures.
        diverged: the loss left the scale before the largest rate was reached.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    low: float
    high: float
    rate: float
    diverged: bool


def find_rate(
    project: ProjectSpec, pictures: Pictures, control: JobControl | None = None
) -> Generator[Progress | FinderStep, None, FoundRate]:
    """Try growing learning rates on the project's network and pictures.

    Raises: EngineError, when the network or data cannot be trained, or no rate makes the loss fall.
    """
    import torch

    control = control or JobControl()
    yield Progress(0, STEPS, "Trying learning rates")
    state, test = torch.get_rng_state(), None
    # To compile the copy would take longer than the test, and an average of its weights is of no use here.
    recipe = replace(project.recipe, compiled=False, average_decay=0.0)
    try:
        from engine.train.setup import set_up

        test = _Test(set_up(replace(project, recipe=recipe), pictures, None), control)
        yield from test.run()
    except (MemoryError, RuntimeError) as error:
        from engine.train.memory import explained, out_of_memory

        if not out_of_memory(error):
            raise  # our bug
        raise explained(test and test.setup, recipe.assumed_batch_size) from error
    finally:
        torch.set_rng_state(state)
    return suggested(test.rates, test.losses, diverged=test.diverged)


class _Test:
    """The steps of one range test."""

    def __init__(self, setup: Setup, control: JobControl):
        self.setup, self._control = setup, control
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.diverged = False
        self._mean = 0.0

    def run(self) -> Iterator[FinderStep]:
        from engine.train.pace import Due

        news = Due(NEWS)
        self.setup.network.train()
        for rate, loss in zip(planned_rates(), self._losses(), strict=False):
            self._keep(rate, loss)
            if self.diverged:
                break
            if news():
                yield self._told()
        yield self._told()

    def _losses(self) -> Iterator[float]:
        """The losses of one step after the other, each taken at the next rate."""
        from engine.train.step import StepsOfEpoch

        setup, rates = self.setup, iter(planned_rates())
        for epoch in count(1):
            steps = StepsOfEpoch(setup.stepper, setup.training, setup.groups, epoch)
            for step in range(1, setup.steps + 1):
                rate = next(rates, None)
                if rate is None:
                    return
                for group in setup.optimizer.param_groups:
                    group["lr"] = rate
                taken = _taken(steps.take(step, 1, self._control.checkpoint))
                yield taken.loss.item()  # a wait at each of 120 steps is nothing

    def _keep(self, rate: float, loss: float) -> None:
        """Add a step to the curve; the mean of the first few is that of those there are."""
        done = len(self.losses) + 1
        self._mean = MEMORY * self._mean + (1 - MEMORY) * loss
        smooth = self._mean / (1 - MEMORY**done)
        if not math.isfinite(smooth) or (done > 10 and smooth > DIVERGED * min(self.losses)):
            self.diverged = True
            return
        self.rates.append(rate)
        self.losses.append(smooth)

    def _told(self) -> FinderStep:
        return FinderStep(tuple(self.rates), tuple(self.losses), len(self.rates) / STEPS)


def _taken(way: Generator[str, None, Taken]) -> Taken:
    """The step at the end of a way; that it had to be taken in pieces changes nothing about the rates."""
    while True:
        try:
            next(way)
        except StopIteration as done:
            return done.value


def planned_rates() -> tuple[float, ...]:
    """The rates from `LOWEST` to `HIGHEST`."""
    factor = (HIGHEST / LOWEST) ** (1 / (STEPS - 1))
    return tuple(LOWEST * factor**step for step in range(STEPS))


def suggested(rates: Sequence[float], losses: Sequence[float], *, diverged: bool = False) -> FoundRate:
    """Read a curve.

    The lowest point itself is too high a rate: there the loss is about to rise. A tenth of it, and the place where the
    loss falls most steeply, are the two usual advices; the suggestion lies in the middle between them. The band says
    how much that matters: where in it one begins makes little difference.

    Args:
        rates: ascending, by equal factors.
        losses: smoothed, one for each rate.
    Raises:
        EngineError: the loss never fell.
    """
    lowest = min(range(len(losses)), key=losses.__getitem__) if losses else 0
    if len(losses) < 10 or losses[lowest] > WORTH * losses[0]:
        raise EngineError(
            "No learning rate made the loss fall.",
            why="The network did not learn in this short test, at any rate from 1e-7 to 10.",
            fix="Check that the last layer fits the classes, or try another network.",
        )
    steepest = _steepest(losses, lowest)
    rate = float(f"{math.sqrt(rates[steepest] * rates[lowest] / 10):.2g}")
    low = min(rate, rates[_onset(losses, steepest, lowest)])
    high = max(rate, rates[lowest] / BELOW_LOWEST)
    return FoundRate(tuple(rates), tuple(losses), low, high, rate, diverged)


def _onset(losses: Sequence[float], steepest: int, lowest: int) -> int:
    """Where the loss has begun to fall for good: from there on it lies below what was usual before."""
    before = statistics.median(losses[min(FIRST, steepest) : steepest + 1])
    limit = before - BEGUN * max(0.0, before - losses[lowest])
    return next((at for at in range(lowest, -1, -1) if losses[at] >= limit), 0)


def _steepest(losses: Sequence[float], lowest: int) -> int:
    """Where the loss falls most, over a power of ten: of a wavy curve the steepest single step is chance, as are the
    first means, which are of few steps."""
    places = range(min(FIRST + WIDTH, lowest), max(FIRST + WIDTH, lowest - WIDTH) + 1)
    return min(places, key=lambda at: losses[min(at + WIDTH, lowest)] - losses[max(at - WIDTH, 0)])
