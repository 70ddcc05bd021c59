"""Answers of a network, by looking at an image once or also at its mirror image."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


def answer(network: nn.Module, inputs: Tensor, *, mirror: bool) -> Tensor:
    """The outputs of `network`, (B, outputs) logits.

    Args:
        inputs: (B, C, H, W).
        mirror: the mean of the outputs for each image and for its mirror image, left and right swapped; what is no
            image is looked at once. Two passes instead of one of twice the batch: no more memory than without.
    """
    outputs = network(inputs)
    if not mirror or inputs.ndim != 4:
        return outputs
    return (outputs.float() + network(inputs.flip(-1)).float()) / 2  # a mean of short numbers would lose digits
