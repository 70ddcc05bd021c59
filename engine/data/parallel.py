"""Do one thing to many items on threads, with results in order and a bounded number under way."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from engine.jobs import JobControl

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item], control: JobControl, ahead: int
) -> Generator[tuple[Item, Result], None, None]:
    """(item, work(item)) for each item, in order; what `work` raises is raised here.

    Args:
        ahead: how many may be under way or done and not yet asked for, so that memory stays bounded.
    Raises:
        Cancelled: `control` asked to stop; it is also asked to wait while paused.
    """
    waiting: deque[tuple[Item, Future]] = deque()
    try:
        for item in items:
            control.checkpoint()
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) >= ahead:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            control.checkpoint()
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        for _, future in waiting:
            future.cancel()
