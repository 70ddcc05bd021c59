"""How many images a step takes, where the recipe leaves it to us."""

import psutil
import torch

from engine.compile import NetworkReport
from engine.spec.recipe import USUAL_BATCH
from engine.train.device import Placement

LARGEST = {"cpu": USUAL_BATCH, "cuda": 1024, "mps": 128}
"""Beyond these, steps get longer without more images a second, and there are fewer of them to learn in."""

STEPS = 16
"""Fewest steps that an epoch should have: a network learns by steps."""

SMALLEST = 8
"""Batch norm compares the images of a batch; with fewer its measurements say little."""


def automatic_batch_size(
    report: NetworkReport, placement: Placement, images: int, resident: int = 0
) -> tuple[int, str]:
    """The largest power of two that fits into memory and leaves enough steps per epoch.

    Args:
        images: for training.
        resident: bytes that pictures will take on the device, and have not taken yet.
    Returns:
        The batch size and the reason in words.
    """
    kind = placement.device.type
    limits = {
        "the largest that fits into memory": report.largest_batch(_memory(placement.device) - resident),
        f"an epoch has at least {STEPS} steps": max(SMALLEST, images // STEPS),
        "larger ones are hardly faster on this device": LARGEST[kind],
    }
    reason = min(limits, key=lambda words: limits[words])
    return 2 ** (max(1, limits[reason]).bit_length() - 1), f"automatic: {reason}"


def _memory(device: torch.device) -> int:
    """Bytes that are free, as far as anybody says; of those of this machine half, since others want some too."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory()
    return psutil.virtual_memory().available // 2
