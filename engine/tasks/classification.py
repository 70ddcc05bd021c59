"""One class for every picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@lru_cache(maxsize=8)
def _on(weights: tuple[float, ...], device: torch.device) -> Tensor:
    """Once per device: a copy per step would be a wait per step."""
    import torch

    return torch.tensor(weights, device=device)


def balanced_weights(counts: Sequence[int]) -> tuple[float, ...]:
    """Weights with which every class that has images counts the same, and the mean image counts 1.

    Args:
        counts: training images per class.
    """
    there = sum(count > 0 for count in counts)
    return tuple(sum(counts) / (there * count) if count else 0.0 for count in counts)


@dataclass(frozen=True)
class Classification:
    """Softmax with cross-entropy; with a single output, sigmoid with binary cross-entropy (output = second class).

    Loss and probabilities are always computed in float32, whatever precision the network runs in.

    Labels are the class of each image, (B,) int64, or for images that were mixed the share of each class in each of
    them, (B, classes) float32, each row adding up to 1.

    Attributes:
        weights: what the loss of each class counts, one number per class; empty: all the same.
    """

    classes: int
    weights: tuple[float, ...] = ()

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of a batch. outputs: (B, outputs) logits; labels: (B,) int64 or (B, classes) float32.

        For shares it is the mean of what the loss of each class would be, weighted by its share.
        """
        from torch.nn import functional

        outputs = outputs.float()
        if self.weights:
            return self._weighted(outputs, labels)
        if outputs.shape[1] == 1:
            second = labels[:, 1] if labels.ndim == 2 else labels.float()
            return functional.binary_cross_entropy_with_logits(outputs[:, 0], second)
        return functional.cross_entropy(outputs, labels)

    def _weighted(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Each image counts by its class; divided by the number of images, so that step sizes stay comparable."""
        import torch
        from torch.nn import functional

        shares = labels if labels.ndim == 2 else functional.one_hot(labels, self.classes)
        if outputs.shape[1] == 1:
            outputs = torch.cat((-outputs, outputs), dim=1) / 2  # the softmax of these two is the sigmoid of the one
        logarithms = functional.log_softmax(outputs, dim=1)
        return -(shares * logarithms * _on(self.weights, outputs.device)).sum(1).mean()

    def probabilities(self, outputs: Tensor) -> Tensor:
        """(B, outputs) logits -> (B, classes), each row adding up to 1."""
        import torch

        outputs = outputs.float()
        if outputs.shape[1] == 1:
            second = outputs.sigmoid()
            return torch.cat((1 - second, second), dim=1)
        return outputs.softmax(dim=1)

    def answers(self, outputs: Tensor) -> Tensor:
        """(B, outputs) logits -> (B,) int64, the most probable class."""
        return (outputs[:, 0] > 0).long() if outputs.shape[1] == 1 else outputs.argmax(dim=1)

    def hits(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """How many answers of a batch are right, a number on the device.

        A right answer counts 1. For mixed images the answer counts the share of its class: "cat" for an image that is
        0.7 cat and 0.3 dog counts 0.7, so that even the best answers to mixed images stay below 100 %.
        """
        answers = self.answers(outputs)
        if labels.ndim == 2:
            return labels.gather(1, answers[:, None]).sum()
        return (answers == labels).sum()
