"""How long each layer takes on this machine, measured."""

import statistics
import time
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.compile import NetworkReport
from engine.compile.infer import NodeReport
from engine.compile.module import build_block
from engine.errors import OutOfMemory
from engine.jobs import JobControl
from engine.layers import BlockKind, LayerKind, Shape
from engine.train.device import Placement, place
from engine.train.memory import out_of_memory

REPEATS = 5


@dataclass(frozen=True)
class LayerTime:
    """What one layer takes for one batch: `forward` and `backward`, medians in milliseconds; `device` as in "cpu"."""

    node_id: str
    forward: float
    backward: float
    device: str

    @property
    def both(self) -> float:
        return self.forward + self.backward


def time_layers(
    report: NetworkReport,
    batch_size: int,
    device: str,
    precision: str,
    control: JobControl,
    only: frozenset[str] | None = None,
) -> Generator[LayerTime, None, None]:
    """Measure the layers of a network one after the other, each alone on random numbers, forth and back.

    Alone, because hooks in a whole network would count what other layers still compute on a graphics processor.

    Args:
        only: ids to measure; None for all.
    Raises:
        OutOfMemory: a layer does not fit at this batch size.
    """
    placement = place(device, precision, report)
    for node_id, entry in report.nodes.items():
        control.checkpoint()
        if entry.layer is None or entry.shape is None or entry.kind is None or entry.kind.family == "input":
            continue
        if only is not None and node_id not in only:
            continue
        yield _timed(node_id, entry, batch_size, placement, control)


def _timed(node_id: str, entry: NodeReport, batch_size: int, placement: Placement, control: JobControl) -> LayerTime:
    try:
        module = _module(entry.layer, entry.inputs).to(placement.device).train()  # type: ignore[arg-type]
        inputs = [torch.randn(batch_size, *shape, device=placement.device) for shape in entry.inputs]
        if placement.device.type != "mps" and all(one.dim() == 4 for one in inputs):
            inputs = [one.contiguous(memory_format=torch.channels_last) for one in inputs]
            module = module.to(memory_format=torch.channels_last)
        _once(module, inputs, placement)  # the first time everything is still being prepared
        found = []
        for _ in range(REPEATS):
            control.checkpoint()
            found.append(_once(module, inputs, placement))
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        raise OutOfMemory(
            f"“{node_id}” could not be measured.",
            why=f"A batch of {batch_size} does not fit into memory.",
            fix="Set a smaller batch size.",
        ) from error
    forward, backward = (statistics.median(one[side] for one in found) for side in (0, 1))
    return LayerTime(node_id, forward, backward, placement.device.type)


def _module(layer: LayerKind, inputs: tuple[Shape, ...]) -> nn.Module:
    return build_block(layer, *inputs) if isinstance(layer, BlockKind) else layer.build(*inputs)


def _once(module: nn.Module, inputs: list[Tensor], placement: Placement) -> tuple[float, float]:
    """Milliseconds forth and back."""
    fresh = [one.detach().requires_grad_() for one in inputs]
    _wait(placement)
    began = time.perf_counter()
    with placement.autocast():
        output = module(*fresh)
    _wait(placement)
    middle = time.perf_counter()
    output.sum().backward()
    _wait(placement)
    ended = time.perf_counter()
    module.zero_grad(set_to_none=True)
    return (middle - began) * 1e3, (ended - middle) * 1e3


def _wait(placement: Placement) -> None:
    """A graphics processor computes on its own: without waiting, only the asking would be measured."""
    if placement.device.type == "cuda":
        torch.cuda.synchronize(placement.device)
    elif placement.device.type == "mps":
        torch.mps.synchronize()
