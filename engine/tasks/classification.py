"""One class for every picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.tasks.losses import CrossEntropy, LossKind

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


_USUAL = CrossEntropy()


@dataclass(frozen=True)
class Classification:
    """Softmax with cross-entropy, or another loss; with a single output, a sigmoid (output = second class).

    Loss and probabilities are always computed in float32, whatever precision the network runs in.

    Labels are the class of each image, (B,) int64, or for images that were mixed the share of each class in each of
    them, (B, classes) float32, each row adding up to 1.

    Attributes:
        weights: what the loss of each class counts, one number per class; empty: all the same.
        kind: the loss.
    """

    classes: int
    weights: tuple[float, ...] = ()
    kind: LossKind = _USUAL

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of a batch. outputs: (B, outputs) logits; labels: (B,) int64 or (B, classes) float32.

        With cross-entropy, it is for shares the mean of what the loss of each class would be, weighted by its share.
        """
        weights = _on(self.weights, outputs.device) if self.weights else None
        return self.kind.mean(outputs.float(), labels, weights)

    def judge(self) -> Classification:
        """What measures validation: without weights and whatever else only makes training harder, so that the numbers
        of runs with the same loss can be compared."""
        return Classification(self.classes, kind=self.kind.plain())

    def probabilities(self, outputs: Tensor) -> Tensor:
        """(B, outputs) logits -> (B, classes), each row adding up to 1."""
        return self.kind.probabilities(outputs.float())

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
