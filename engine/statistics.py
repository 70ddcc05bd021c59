"""Small statistics that several parts need."""

import math


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share that was measured as `successes` of `trials`.

    Wilson, 1927, "Probable inference, the law of succession, and statistical inference": unlike the textbook formula
    it stays within 0..1 and holds for few trials.
    """
    share, spread = successes / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
