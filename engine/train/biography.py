"""The biography of validation images: when each was learnt, whether it was forgotten again, whether it ever was.

To forget is to answer wrongly what was answered rightly the epoch before, as in Toneva et al., 2019, "An empirical
study of example forgetting during deep neural network learning".
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

WRONG, RIGHT, UNKNOWN = 0, 1, 2
"""What is noted of an image at an epoch; the last where no answer is known."""

Order = Literal["never", "forgotten", "late"]


@dataclass(frozen=True, eq=False)
class Biography:
    """The lives of n images.

    Attributes:
        epochs: that were noted.
        ever: (n,) bool: answered rightly at some epoch.
        is_right: (n,) bool: at the last known epoch.
        forgotten: (n,) how often a right answer turned wrong.
        learnt: (n,) which of the noted epochs, from 0, began the right answers that last to the end; -1 where the last
            answer is wrong.
        belief: (n,) mean probability of the right class over all epochs, 0..1; NaN where nothing is known.
    """

    epochs: int
    ever: np.ndarray
    is_right: np.ndarray
    forgotten: np.ndarray
    learnt: np.ndarray
    belief: np.ndarray

    def count(self, order: Order) -> int:
        """How many images an order is about: never learnt, forgotten, or learnt after more than half of the epochs."""
        return int(self._of(order).sum())

    def ordered(self, order: Order) -> np.ndarray:
        """(n,) places of the images: those the order is about come first, the clearest cases before the others."""
        clearest = {"never": self.belief, "forgotten": -self.forgotten, "late": -self.learnt}[order]
        return np.lexsort((self.belief, clearest, ~self._of(order)))  # the last key counts most

    def _of(self, order: Order) -> np.ndarray:
        if order == "never":
            return ~self.ever
        if order == "forgotten":
            return self.ever & ~self.is_right
        return self.learnt > self.epochs / 2


def biography(noted: np.ndarray, own: np.ndarray) -> Biography:
    """Tell the lives of images.

    Args:
        noted: (epochs, n) uint8: WRONG, RIGHT or UNKNOWN, oldest epoch first.
        own: (epochs, n) probability of the right class; NaN where it is not known.
    """
    known = noted != UNKNOWN
    # Where an answer is not known, the one before it counts: nothing is learnt or forgotten there.
    rows = np.where(known, np.arange(len(noted))[:, None], -1)
    rows = np.maximum.accumulate(rows, axis=0) if len(rows) else rows
    right = np.take_along_axis(noted, np.maximum(rows, 0), axis=0) == RIGHT if len(rows) else noted == RIGHT
    right &= rows >= 0
    count = noted.shape[1]
    last = right[-1] if len(right) else np.zeros(count, bool)
    wrong_since = np.argmax(~right[::-1], axis=0) if len(right) else np.zeros(count, int)
    learnt = np.where(right.all(axis=0), 0, len(right) - wrong_since)
    finite = np.isfinite(own)
    total = np.where(finite, own, 0.0).sum(axis=0)
    belief = np.divide(total, finite.sum(axis=0), out=np.full(count, np.nan), where=finite.any(axis=0))
    return Biography(
        epochs=len(noted),
        ever=right.any(axis=0),
        is_right=last,
        forgotten=(right[:-1] & ~right[1:]).sum(axis=0),
        learnt=np.where(last, learnt, -1),
        belief=belief,
    )
