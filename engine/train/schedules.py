"""How the learning rate changes over a run.

A schedule is a pure function of how far the run is and of the validation losses so far. Both are in the run's history,
so a schedule has no state that a checkpoint could miss: a run that goes on has the same rate to the last bit.

A rate belongs to a step, not to a moment between two. As with the schedulers of torch, what falls towards an end is
read where each step begins: the first of N steps at 0 of N, the last at N - 1, so that no step is without effect.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, dataclass_transform

from engine.params import Declared, param
from engine.registry import Registry


class Share(NamedTuple):
    """How far a run is when a step begins.

    Attributes:
        done: steps before this one, of those that the schedule is for; 0 in the first.
        steps: how many there are; `done` is less.
    """

    done: int
    steps: int


class ScheduleKind(Declared):
    """Base of all schedules. The class docstring is the help text."""

    def factor(self, share: Share) -> float:
        """What the learning rate is multiplied by, 0..1, in the step that follows on `share` of the planned ones."""
        raise NotImplementedError

    def answer(self, losses: Sequence[float]) -> float:
        """What it is multiplied by besides, after epochs with these validation losses; asked once per epoch."""
        return 1.0


def share_done(step: int, last: int, before: int = 0) -> Share:
    """How far a run is at a step, of the steps its schedule is for; what `ScheduleKind.factor` takes.

    Args:
        step, last: numbers of this step and of the last planned one, 1-based.
        before: steps that were done when the run was continued, whose schedule then began anew; see `continuing`.
    """
    return Share(step - 1 - before, last - before)


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


def _rise(default: float) -> float:
    return param(
        default,
        low=0.0,
        high=90.0,
        unit="%",
        label="Rises for",
        help="Share of the run in which the rate rises.",
        more=True,
    )


@schedule("one_cycle", "one cycle")
class OneCycle(ScheduleKind):
    """Rises from a small learning rate to the full one, then falls to almost nothing. Starts gently, moves fast and
    ends precisely: often the best result in few epochs.

    Smith and Topin, 2018, "Super-convergence"; the steps are those of `torch.optim.lr_scheduler.OneCycleLR`, whose
    last is the lowest.
    """

    warmup_percent: float = _rise(25.0)
    start_divisor: float = param(
        25.0,
        low=1.0,
        high=1e6,
        unit="×",
        label="Starts lower by",
        help="The first rate is the full one divided by this.",
        more=True,
    )
    end_divisor: float = param(
        10_000.0,
        low=1.0,
        high=1e9,
        unit="×",
        label="Ends lower by",
        help="The last rate is the full one divided by this.",
        more=True,
    )

    def factor(self, share: Share) -> float:
        if share.steps == 1:
            return 1.0  # there is nothing to rise from or to fall to
        # Between two steps, as a rule; before the first one where the rise is shorter than a step.
        peak = self.warmup_percent / 100 * share.steps - 1
        if share.done < peak:
            return _cosine(1 / self.start_divisor, 1.0, share.done / peak)
        return _cosine(1.0, 1 / self.end_divisor, (share.done - peak) / (share.steps - 1 - peak))


@schedule("cosine", "cosine")
class Cosine(ScheduleKind):
    """Falls from the full learning rate towards zero along half a cosine wave. Big steps first, fine ones at the end.

    Loshchilov and Hutter, 2017, "SGDR: stochastic gradient descent with warm restarts"; the steps are those of
    `torch.optim.lr_scheduler.CosineAnnealingLR`: zero would be reached in the step after the last.
    """

    def factor(self, share: Share) -> float:
        return _cosine(1.0, 0.0, share.done / share.steps)


@schedule("warmup_cosine", "warm-up + cosine")
class WarmupCosine(ScheduleKind):
    """Rises evenly from almost nothing to the full learning rate, then falls along half a cosine wave. The first steps
    do no harm while the optimizer still gets its bearings.

    Goyal et al., 2017, "Accurate, large minibatch SGD", and Loshchilov and Hutter, 2017, "SGDR".
    """

    warmup_percent: float = _rise(5.0)
    end_percent: float = param(
        0.0,
        low=0.0,
        high=100.0,
        unit="%",
        label="Last rate",
        help="What the rate falls towards, as a share of the full one.",
        more=True,
    )

    def factor(self, share: Share) -> float:
        rise = round(self.warmup_percent / 100 * share.steps)
        if share.done < rise:
            # Not from 0: a first step of no size would be a batch for nothing. The last one has the full rate.
            return (share.done + 1) / rise
        return _cosine(1.0, self.end_percent / 100, (share.done - rise) / (share.steps - rise))


@schedule("step", "steps")
class Step(ScheduleKind):
    """Keeps the rate for a while, then drops it at once, again and again, as the first deep networks were trained. Each
    drop shows as a jump in the loss curve.

    He et al., 2016, "Deep residual learning for image recognition".
    """

    every_percent: float = param(
        30.0,
        low=0.1,
        high=100.0,
        unit="%",
        label="Drop every",
        help="Share of the run between two drops: 30 % drops after 30, 60 and 90 % of the steps, 100 % never.",
    )
    drop: float = param(
        0.1,
        low=0.0001,
        high=1.0,
        label="Drop to",
        help="What the rate is multiplied by at each drop: 0.1 leaves a tenth of it.",
    )

    def factor(self, share: Share) -> float:
        # 3 of 10 steps are 30 %, whatever the last bit says.
        return self.drop ** math.floor(100 * share.done / (self.every_percent * share.steps) + 1e-9)


@schedule("plateau", "reduce on plateau")
class Plateau(ScheduleKind):
    """Keeps the rate as long as the validation loss falls, and reduces it where it does not any more: the steps are as
    large as they can be, and the run itself says when they are too large.

    As `torch.optim.lr_scheduler.ReduceLROnPlateau` with a relative threshold.
    """

    drop: float = param(
        0.3,
        low=0.0001,
        high=0.99,
        label="Reduce to",
        help="What the rate is multiplied by each time: 0.3 leaves about a third of it.",
    )
    patience: int = param(
        4,
        low=0,
        high=10_000,
        unit="epochs",
        label="Waits",
        help="Epochs without a lower validation loss that are still waited for.",
    )
    least_percent: float = param(
        0.01,
        low=0.0,
        high=100.0,
        unit="%",
        label="Least change",
        help="By how much of itself the loss must fall to count as lower.",
        more=True,
    )
    lowest_percent: float = param(
        0.1,
        low=0.0,
        high=100.0,
        unit="%",
        label="Lowest rate",
        help="Where reducing ends, as a share of the full rate.",
        more=True,
    )

    def factor(self, share: Share) -> float:
        return 1.0

    def answer(self, losses: Sequence[float]) -> float:
        factor, best, waited = 1.0, math.inf, 0
        for loss in losses:
            # The first is lower than nothing, also where no later one can be (100 % of infinity is no number).
            if best == math.inf or loss < best * (1 - self.least_percent / 100):
                best, waited = loss, 0
            else:
                waited += 1
            if waited > self.patience:
                factor, waited = max(factor * self.drop, self.lowest_percent / 100), 0
        return factor


@schedule("constant", "constant")
class Constant(ScheduleKind):
    """The same learning rate from the first step to the last. The simplest, and the clearest to experiment with."""

    def factor(self, share: Share) -> float:
        return 1.0
