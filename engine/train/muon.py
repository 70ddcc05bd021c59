"""Muon for the weights of hidden layers, AdamW for everything else, as one optimizer.

Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks". `torch.optim.Muon` computes the same
but takes matrices only; most weights here are filters of convolutions, which it refuses. A bank of them (out, in,
height, width) is a matrix (out, in * height * width) to us, as in the authors' own training of image classifiers.

Steps are scaled as by Liu et al., 2025, "Muon is scalable for LLM training": as large as AdamW's on average, so that
one learning rate suits both halves.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the polynomial that is applied again and again: those with which the authors get near 1 in fewest rounds."""

_ROUNDS = 5


def with_hidden_apart(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Split parameter groups into weights of hidden layers (`hidden` is True) and the rest.

    Weights come in the order of the layers: the first matrix meets the images and the last one answers. Both are left
    to AdamW, as the authors advise, and so are filters that see one channel only: they are no matrix.
    """
    matrices = [weight for group in groups for weight in group["params"] if weight.ndim > 1]
    outer = {id(weight) for weight in (*matrices[:1], *matrices[-1:])}

    def is_hidden(weight: Tensor) -> bool:
        # Dense layers and convolutions; the scales of a layer norm may have three dimensions.
        return weight.ndim in (2, 4) and min(weight.shape[:2]) > 1 and id(weight) not in outer

    split = [
        {**group, "hidden": hidden, "params": [weight for weight in group["params"] if is_hidden(weight) is hidden]}
        for group in groups
        for hidden in (True, False)
    ]
    return [group for group in split if group["params"]]


def orthogonal(matrix: Tensor) -> Tensor:
    """(M, N) -> (M, N), nearly with all singular values 1: between 0.7 and 1.2, which is as good and costs no more than
    15 multiplications of matrices (Newton-Schulz).
    """
    x = matrix.mT if matrix.shape[0] > matrix.shape[1] else matrix
    # In float32 on a CPU: most have no faster format, and the numbers are then the same on all of them.
    x = x.bfloat16() if x.is_cuda else x
    x = x / x.norm().clamp(min=1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(_ROUNDS):
        gram = x @ x.mT
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if matrix.shape[0] > matrix.shape[1] else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Two optimizers in one, so that learning rate, checkpoint and scaling know one only.

    Args:
        groups: of `with_hidden_apart`.
        momentum, nesterov: of the hidden weights.
        betas: of the others.
    """

    def __init__(
        self,
        groups: list[dict[str, Any]],
        lr: float = 3e-3,
        momentum: float = 0.95,
        nesterov: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        defaults = {"lr": lr, "momentum": momentum, "nesterov": nesterov, "betas": betas, "eps": eps}
        super().__init__(groups, {**defaults, "weight_decay": 0.0, "hidden": False})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """One step along the gradients that are there. Returns: what `closure` does, where there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            move = self._turn if group["hidden"] else self._move
            if weights:
                move(weights, group)
        return loss

    def _turn(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        momentum, rate = group["momentum"], group["lr"]
        for weight in weights:
            gradient, state = weight.grad, self.state[weight]
            if not state:
                state["momentum"] = torch.zeros_like(weight)
            mean = state["momentum"].lerp_(gradient, 1 - momentum)
            turn = orthogonal((gradient.lerp(mean, momentum) if group["nesterov"] else mean).flatten(1))
            weight.mul_(1 - rate * group["weight_decay"])
            weight.add_(turn.reshape(weight.shape), alpha=-rate * 0.2 * max(turn.shape) ** 0.5)

    def _move(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        for weight in weights:
            if not self.state[weight]:
                means = {"exp_avg": torch.zeros_like(weight), "exp_avg_sq": torch.zeros_like(weight)}
                self.state[weight].update(step=torch.zeros(()), **means)
        states = [self.state[weight] for weight in weights]
        first, second = group["betas"]
        adamw(
            weights,
            [weight.grad for weight in weights],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            amsgrad=False,
            beta1=first,
            beta2=second,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
        )
