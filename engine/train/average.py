"""The moving average of the weights: calmer than the weights themselves, and often better.

Polyak and Juditsky, 1992, "Acceleration of stochastic approximation by averaging"; with forgetting, as in Tarvainen and
Valpola, 2017, "Mean teachers are better role models".
"""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn


class Average:
    """A second network whose weights follow those of the first.

    What a batch norm has measured is averaged as well: it must suit the weights it stands beside. Counts are copied.

    Args:
        network: that is trained, on its device.
        decay: of the average, how much stays at every step: 0.999 remembers about a thousand steps.

    Attributes:
        network: with the averaged weights, never in training mode.
    """

    def __init__(self, network: nn.Module, decay: float):
        self._decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        pairs = list(zip(_tensors(self.network), _tensors(network), strict=True))
        self._averaged = [mine for mine, _ in pairs if mine.is_floating_point()]
        self._followed = [theirs for _, theirs in pairs if theirs.is_floating_point()]
        self._copied = [(mine, theirs) for mine, theirs in pairs if not mine.is_floating_point()]

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Move towards the weights as they are after `step` (1 is the first of the run).

        The first steps count more, since an average that mostly consists of weights nobody has trained is of no use.
        """
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averaged, self._followed, 1 - decay)
        for mine, theirs in self._copied:
            mine.copy_(theirs)


def _tensors(network: nn.Module) -> Iterator[Tensor]:
    """Weights and buffers: detached ones share their numbers, and survive that a checkpoint is loaded."""
    yield from (weight.detach() for weight in network.parameters())
    yield from network.buffers()
