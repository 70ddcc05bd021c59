"""How the learning rate changes over a run. A schedule is a pure function of how far the run is: nothing to save."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

from engine.params import Declared, param
from engine.registry import Registry


class ScheduleKind(Declared):
    """Base of all schedules. The class docstring is the help text."""

    def factor(self, progress: float) -> float:
        """What the learning rate is multiplied by at `progress` 0..1 of the planned steps."""
        raise NotImplementedError


SCHEDULES: Registry[type[ScheduleKind]] = Registry("schedule")

Kind = TypeVar("Kind", bound=type[ScheduleKind])


@dataclass_transform(frozen_default=True, field_specifiers=(param,))
def schedule(name: str, title: str) -> Callable[[Kind], Kind]:
    """Make a class a schedule: a frozen dataclass, registered as `name`."""

    def register(cls: Kind) -> Kind:
        return SCHEDULES.add(name, title)(dataclass(frozen=True)(cls))

    return register


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


@schedule("one_cycle", "one cycle")
class OneCycle(ScheduleKind):
    """Rises from a small learning rate to the full one, then falls to almost nothing. Starts gently, moves fast and
    ends precisely: often the best result in few epochs.

    Smith and Topin, 2018, "Super-convergence".
    """

    warmup_percent: float = param(
        25.0, low=0.0, high=90.0, unit="%", label="Rise", help="Share of the run in which the rate rises.", more=True
    )
    start_divisor: float = param(
        25.0,
        low=1.0,
        high=1e6,
        label="Start divisor",
        help="The first rate is the full one divided by this.",
        more=True,
    )
    end_divisor: float = param(
        10_000.0,
        low=1.0,
        high=1e9,
        label="End divisor",
        help="The last rate is the full one divided by this.",
        more=True,
    )

    def factor(self, progress: float) -> float:
        rise = self.warmup_percent / 100
        if progress < rise:
            return _cosine(1 / self.start_divisor, 1.0, progress / rise)
        return _cosine(1.0, 1 / self.end_divisor, (progress - rise) / (1 - rise))


@schedule("cosine", "cosine")
class Cosine(ScheduleKind):
    """Falls from the full learning rate to zero along half a cosine wave. Big steps first, fine ones at the end.

    Loshchilov and Hutter, 2017, "SGDR: stochastic gradient descent with warm restarts".
    """

    def factor(self, progress: float) -> float:
        return _cosine(1.0, 0.0, progress)


@schedule("constant", "constant")
class Constant(ScheduleKind):
    """The same learning rate from the first step to the last. The simplest, and the clearest to experiment with."""

    def factor(self, progress: float) -> float:
        return 1.0
