"""One class for every picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Classification:
    """Softmax with cross-entropy; with a single output, sigmoid with binary cross-entropy (output = second class).

    Loss and probabilities are always computed in float32, whatever precision the network runs in.
    """

    classes: int

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of a batch. outputs: (B, outputs) logits; labels: (B,) int64."""
        from torch.nn import functional

        outputs = outputs.float()
        if outputs.shape[1] == 1:
            return functional.binary_cross_entropy_with_logits(outputs[:, 0], labels.float())
        return functional.cross_entropy(outputs, labels)

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
