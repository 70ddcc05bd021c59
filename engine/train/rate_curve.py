"""The learning rate at the steps of a run between those that were told: its schedule says it exactly.

A run of two short epochs tells a handful of steps only. A line through those has corners, and misses the highest rate.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.data.choose import make
from engine.errors import EngineError
from engine.train.runs import read_run_spec, restarted_after
from engine.train.schedules import SCHEDULES, share_done
from engine.train.step_curve import StepCurve

ENOUGH = 400
"""Points that no screen shows corners of."""


def filled(folder: Path, curve: StepCurve) -> tuple[np.ndarray, np.ndarray]:
    """Return (n,) places in epochs, ascending, and (n,) learning rates: those that were told and more between them.

    Nothing is guessed: what the schedule gives is taken only where it agrees with each rate that was told. It does not
    where the rate answers to the validation, or where somebody changed the settings of the run by hand.

    Args:
        folder: of the run; its settings are read.
        curve: its steps, from the first one on.
    """
    told = curve.place, curve.learning_rate
    if not 2 <= len(curve.place) < ENOUGH or not 0 < curve.place[0] <= 1:
        return told
    try:
        recipe = read_run_spec(folder).recipe
        schedule = make(SCHEDULES, recipe.schedule)
    except EngineError:
        return told
    each = round(1 / curve.place[0])  # steps per epoch: the first step is always told
    steps = np.rint(each * curve.place)
    before = each * restarted_after(folder)  # a continued run begins its schedule anew
    last = recipe.epochs * each
    is_planned = before + 1 < steps[-1] <= last  # not where the epochs were changed by hand
    if not is_planned or not np.allclose(steps, each * curve.place, rtol=0, atol=1e-3):
        return told

    def rates(numbers: np.ndarray) -> np.ndarray:
        shares = (share_done(round(step), last, before) for step in numbers.tolist())
        return recipe.learning_rate * np.array([schedule.factor(share) for share in shares])

    is_new = steps > before
    if not np.allclose(rates(steps[is_new]), curve.learning_rate[is_new], rtol=1e-6, atol=0):
        return told
    between = np.rint(np.linspace(steps[is_new][0], steps[-1], ENOUGH))
    numbers = np.union1d(steps[is_new], between)
    place = np.concatenate([curve.place[~is_new], numbers / each])
    return place, np.concatenate([curve.learning_rate[~is_new], rates(numbers)])
