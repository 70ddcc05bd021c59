"""Small statistics that several parts need."""

import math
from collections.abc import Sequence


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share that was measured as `successes` of `trials`.

    Wilson, 1927, "Probable inference, the law of succession, and statistical inference": unlike the textbook formula
    it stays within 0..1 and holds for few trials.
    """
    share, spread = successes / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(only_first: int, only_second: int) -> float:
    """p-value of McNemar's exact test, two-sided: how often chance alone divides the disagreements so unevenly.

    Two classifiers answer the same images; only those that one gets right and the other wrong say which is better. If
    both were equally good, each of these would fall to either side as a coin does, so that their number follows a
    binomial distribution: p = min(1, 2 P(X <= min(b, c))), X ~ B(b + c, 1/2).

    McNemar, 1947, "Note on the sampling error of the difference between correlated proportions or percentages".

    Args:
        only_first, only_second: images that only the one, or only the other, gets right.
    """
    count = only_first + only_second
    ways, tail = 1, 0  # whole numbers, exact for any number of images
    for wins in range(min(only_first, only_second) + 1):
        tail += ways
        ways = ways * (count - wins) // (wins + 1)
    return min(1.0, 2 * tail / 2**count)


def paired_difference(both: int, only_first: int, only_second: int, neither: int) -> tuple[float, float, float]:
    """How much larger the share of successes of the first is than that of the second, measured on the same things.

    The interval is the hybrid score interval of Newcombe, 1998, "Improved confidence intervals for the difference
    between binomial proportions based on paired data", method 10. With the Wilson intervals (l1, u1) of p1 and
    (l2, u2) of p2:

        lower = d - sqrt((p1 - l1)^2 - 2 phi (p1 - l1)(u2 - p2) + (u2 - p2)^2)
        upper = d + sqrt((u1 - p1)^2 - 2 phi (u1 - p1)(p2 - l2) + (p2 - l2)^2)

    where phi is the correlation of the two, its numerator both * neither - only_first * only_second made smaller by
    half the number of things (not below 0) where it is positive.

    Args:
        both, only_first, only_second, neither: of how many things each is true; at least one in all.
    Returns:
        The difference p1 - p2 and its 95 % interval (d, lower, upper), each -1..1.
    """
    count = both + only_first + only_second + neither
    first, second = both + only_first, both + only_second
    p1, p2 = first / count, second / count
    (l1, u1), (l2, u2) = wilson(first, count), wilson(second, count)
    phi = _correlation(both, only_first, only_second, neither)
    down = _root_of_sum(p1 - l1, u2 - p2, phi)
    up = _root_of_sum(u1 - p1, p2 - l2, phi)
    difference = (only_first - only_second) / count
    return difference, max(-1.0, difference - down), min(1.0, difference + up)


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    count = both + only_first + only_second + neither
    sides = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not sides:
        return 0.0
    numerator = both * neither - only_first * only_second
    corrected = max(numerator - count / 2, 0.0) if numerator > 0 else float(numerator)
    return corrected / math.sqrt(sides)


def _root_of_sum(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None]:
    """(mean, standard deviation) of measured values; one value alone says nothing about how they vary.

    The deviation divides by n - 1: it estimates that of all values there could be, not only of those measured.
    """
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return mean, None
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
