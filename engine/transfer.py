"""Numbers on their way between the program and a graphics processor, so that neither waits for the other.

A card works through what it was asked for long after the program has asked. A plain copy, in either direction, makes
the program wait until all of that is done, and then the card waits until it is asked for more. With one copy per batch
both stand still most of the time. CUDA C++ Best Practices Guide, "Asynchronous and overlapping transfers".
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LATEST = 0.25
"""Seconds after which an answer is waited for. The program is then that far ahead of the device; much farther, and a
pause would be a long time coming. The device does not stand still: it has what was asked for since."""


def sent(values: Tensor, device: torch.device) -> Tensor:
    """`values` of the CPU on `device`. The program goes on at once; what is asked of the copy waits for it there."""
    if device.type != "cuda" or values.device.type != "cpu":
        return values.to(device)
    # From any other memory a copy first waits for the whole queue. What is pinned here is kept until it was copied.
    return values.pin_memory().to(device, non_blocking=True)


class Fetched:
    """A copy of `values` on its way to the CPU, as they are now on their device."""

    def __init__(self, values: Tensor):
        import torch

        values = values.detach()
        self._event: torch.cuda.Event | None = None
        if values.device.type != "cuda":
            self._copy = values.to("cpu", copy=True)
            return
        self._copy = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
        self._copy.copy_(values, non_blocking=True)
        self._event = torch.cuda.Event()
        self._event.record(torch.cuda.current_stream(values.device))

    def is_here(self) -> bool:
        """Whether `values` returns at once."""
        return self._event is None or self._event.query()

    def values(self) -> Tensor:
        """The copy, on the CPU; waits for what was asked of the device before, but for nothing that came after."""
        if self._event is not None:
            self._event.synchronize()
        return self._copy


class Stopwatch:
    """How long a device works on what is asked of it from now on until `stop`; what was asked before does not count."""

    def __init__(self, device: torch.device):
        import torch

        self._device = device
        self._events: tuple[torch.cuda.Event, torch.cuda.Event] | None = None
        if device.type == "mps":
            torch.mps.synchronize()  # what was asked before does not count
        if device.type == "cuda":
            self._events = (torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True))
            self._stream = torch.cuda.current_stream(device)
            self._events[0].record(self._stream)
        self._began = time.perf_counter()
        self._asking = 0.0

    def stop(self) -> None:
        """That was all. An Apple GPU is waited for: a copy from there would wait as well."""
        if self._device.type == "mps":
            import torch

            torch.mps.synchronize()
        self._asking = time.perf_counter() - self._began
        if self._events is not None:
            self._events[1].record(self._stream)

    def seconds(self) -> float:
        """The longer of asking and working. To be called after `stop`, when the last result has come."""
        if self._events is None:
            return self._asking
        first, last = self._events
        return max(self._asking, first.elapsed_time(last) / 1000)


Answer = TypeVar("Answer")


class Question(NamedTuple, Generic[Answer]):
    """Numbers that a device computes, and what they mean.

    Attributes:
        values: on the device.
        told: makes the answer of them, when they have come to the CPU.
    """

    values: Tensor
    told: Callable[[Tensor], Answer]


class _Open(NamedTuple, Generic[Answer]):
    fetched: Fetched
    told: Callable[[Tensor], Answer]
    since: float


class Questions(Generic[Answer]):
    """What a device was asked, and is answered in the order of asking while the program goes on."""

    def __init__(self) -> None:
        self._open: deque[_Open[Answer]] = deque()

    def __len__(self) -> int:
        """Not answered yet."""
        return len(self._open)

    def ask(self, question: Question[Answer]) -> None:
        """Have the values brought."""
        self._open.append(_Open(Fetched(question.values), question.told, time.perf_counter()))

    def answered(self, wait: bool = False) -> Iterator[Answer]:
        """What has come since the last call.

        Args:
            wait: for all of them; otherwise only for those that were asked longer than `LATEST` ago.
        """
        while self._open and (wait or self._open[0].fetched.is_here() or self._is_late(self._open[0])):
            first = self._open.popleft()
            yield first.told(first.fetched.values())

    def _is_late(self, one: _Open[Answer]) -> bool:
        return time.perf_counter() - one.since > LATEST
