"""What to say when a batch does not fit into memory."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from engine.errors import OutOfMemory
from engine.tasks import Classification
from engine.train.device import Placement

if TYPE_CHECKING:
    from engine.train.setup import Setup


_IN_WORDS = (
    "can't allocate memory",  # a CPU, Linux and macOS
    "DefaultCPUAllocator: not enough memory",  # a CPU, Windows
    "backend out of memory",  # Apple's graphics processors
    "CUDA error: out of memory",  # told by the driver and not by torch's allocator
    "CUBLAS_STATUS_ALLOC_FAILED",  # libraries that want room of their own
    "CUDNN_STATUS_ALLOC_FAILED",
)


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that memory is used up; for most devices torch says so in words only."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(each in str(error) for each in _IN_WORDS)


def explained(setup: Setup | None, batch_size: int) -> OutOfMemory:
    """What to tell the user, with a batch size that was tried out and fits.

    Args:
        setup: None when memory was used up before it was complete.
    """
    if setup is not None and setup.stepper.stage == "update":
        return OutOfMemory(
            "There is too little memory for the optimizer.",
            why="Most keep one or two numbers beside every weight of the network; the size of a batch does not matter.",
            fix="Choose SGD without momentum, which keeps none, or a smaller network.",
        )
    fitting = 0
    if setup is not None:
        fitting = largest_fitting_batch(setup.network, setup.task, setup.watched_pictures, batch_size, setup.placement)
    return OutOfMemory(
        f"There is too little memory for batches of {batch_size} {'image' if batch_size == 1 else 'images'}.",
        why="The outputs of all layers, for all images of a batch, must be kept for the way back.",
        fix=f"Set the batch size to {fitting}." if fitting else "Use a smaller network or smaller images.",
        fitting_batch=fitting,
    )


def largest_fitting_batch(
    network: nn.Module, task: Classification, example: Tensor, too_large: int, placement: Placement
) -> int:
    """Halve the batch until a forward and backward pass goes through; 0 where not even one picture fits.

    Args:
        example: (B, *shape), any pictures on the device.
        too_large: the batch that failed.
    """
    size = too_large // 2
    while size:
        gc.collect()
        if placement.device.type == "cuda":
            torch.cuda.empty_cache()
        try:
            _try(network, task, example, size, placement)
            return size
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
        finally:
            network.zero_grad(set_to_none=True)
        size //= 2
    return 0


def _try(network: nn.Module, task: Classification, example: Tensor, size: int, placement: Placement) -> None:
    pictures = example[torch.arange(size, device=example.device) % len(example)]
    labels = torch.zeros(size, dtype=torch.int64, device=example.device)
    with placement.autocast():
        outputs = network(pictures)
    task.loss(outputs, labels).backward()
