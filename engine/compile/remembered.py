"""What follows from a report is asked for by several parts of the window after every edit, and computed once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from engine.compile.infer import NetworkReport

Answer = TypeVar("Answer")


def remembered(compute: Callable[[NetworkReport], Answer]) -> Callable[[NetworkReport], Answer]:
    """Keep the answer for the very report that was asked about last; reports never change."""
    kept: list[tuple[NetworkReport, Answer]] = []

    @wraps(compute)
    def answer(report: NetworkReport) -> Answer:
        last = kept[0] if kept else None
        if last is None or last[0] is not report:
            last = (report, compute(report))
            kept[:] = [last]
        return last[1]

    return answer
