"""Rectangles in images, one for each of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.transfer import sent

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Patches:
    """From `top` to before `bottom`, and from `left` to before `right`: (B,) int64 each, on the CPU."""

    top: Tensor
    bottom: Tensor
    left: Tensor
    right: Tensor

    def shares(self, size: tuple[int, int]) -> Tensor:
        """(B,) float32: how much of its image each covers."""
        area = (self.bottom - self.top) * (self.right - self.left)
        return area.float() / (size[0] * size[1])

    def mask(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """(B, 1, H, W) bool on `device`: what is covered."""
        import torch

        lines = sent(_between(self.top, self.bottom, torch.arange(size[0])), device)
        columns = sent(_between(self.left, self.right, torch.arange(size[1])), device)
        return (lines[:, :, None] & columns[:, None, :])[:, None]


def _between(first: Tensor, end: Tensor, places: Tensor) -> Tensor:
    """(B,), (B,), (N,) -> (B, N) bool."""
    return (places >= first[:, None]) & (places < end[:, None])
