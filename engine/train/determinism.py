"""The switch that makes every operation give the same bits each time, also on graphics processors."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.errors import EngineError


@contextmanager
def deterministic(is_wanted: bool) -> Iterator[None]:
    """While inside, let torch use only operations that give the same bits each time; afterwards all is as before.

    On a CPU trainings repeat exactly anyway. On a graphics processor sums are otherwise added in the order in which
    they happen to be ready. The price: some operations take a slower way, and some have no other way at all.

    The switch is torch's, and holds for everything else this process computes meanwhile.
    """
    if not is_wanted:
        yield
        return
    before, searches = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False  # the fastest way may be another one each time
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.backends.cudnn.benchmark = searches


def impossible(error: BaseException) -> EngineError | None:
    """What to say where torch refused an operation because of the switch; None for any other mistake."""
    text = str(error)
    if "deterministic" not in text or not isinstance(error, RuntimeError):
        return None
    return EngineError(
        "This network cannot be trained deterministically here.",
        why=f"PyTorch says: {text.splitlines()[0].rstrip('.')[:200]}.",
        fix="Switch “Deterministic” off, or train on the CPU.",
    )
