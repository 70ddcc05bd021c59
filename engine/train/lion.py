"""Lion, which torch has not got: steps of one size, with the sign of a running mean of gradients.

Chen et al., 2023, "Symbolic discovery of optimization algorithms", algorithm 2.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Lion(torch.optim.Optimizer):
    """With c the mean of momentum and gradient, weighted by `betas[0]`:

        w <- w - lr * (sign(c) + weight_decay * w)
        momentum <- the mean of momentum and gradient, weighted by `betas[1]`

    Args:
        params: tensors, or groups that may have a `weight_decay` of their own.
        lr: how far each number moves.
    """

    def __init__(
        self, params: Any, lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0
    ):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """One step along the gradients that are there. Returns: what `closure` does, where there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if weights:
                self._move(weights, group)
        return loss

    def _move(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        # All weights of a group in a few calls: a call for each of them would cost more than what it computes.
        gradients = [weight.grad for weight in weights]
        momenta = [self._momentum(weight) for weight in weights]
        first, second = group["betas"]
        directions = torch._foreach_lerp(momenta, gradients, 1 - first)
        torch._foreach_sign_(directions)
        if group["weight_decay"]:
            torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(weights, directions, alpha=-group["lr"])
        torch._foreach_lerp_(momenta, gradients, 1 - second)

    def _momentum(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        return state["momentum"]
