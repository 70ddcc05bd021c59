"""The torch half of layer kinds for which torch.nn has no module of its own. Imported only when something is built."""

import torch
from torch import Tensor, nn
from torch.nn import functional

Pads = tuple[tuple[int, int], tuple[int, int]]


def _outer_padding(pads: Pads) -> tuple[int, int, int, int] | None:
    """`functional.pad`'s order (left, right, top, bottom) where the sides differ, None where torch pads by itself."""
    (top, bottom), (left, right) = pads
    return None if top == bottom and left == right else (left, right, top, bottom)


class PaddedConv2d(nn.Conv2d):
    """A convolution whose padding may differ between opposite sides, as "same" needs it for even windows or strides.

    Weights and their names are those of `nn.Conv2d`, so that they can be exchanged with it.
    """

    def __init__(self, pads: Pads, *args, **kwargs):
        self_padding = (pads[0][0], pads[1][0]) if _outer_padding(pads) is None else 0
        super().__init__(*args, padding=self_padding, **kwargs)
        self._outer = _outer_padding(pads)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if self._outer is None else functional.pad(x, self._outer))


class PaddedMaxPool2d(nn.Module):
    """Max pooling with any padding below the window's size (torch allows at most half of it); padding never wins."""

    def __init__(self, pads: Pads, kernel: tuple[int, int], stride: tuple[int, int]):
        super().__init__()
        (top, bottom), (left, right) = pads
        self._pads = (left, right, top, bottom)
        self._kernel, self._stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        if any(self._pads):
            x = functional.pad(x, self._pads, value=float("-inf"))
        return functional.max_pool2d(x, self._kernel, self._stride)


class PaddedAvgPool2d(nn.Module):
    """Average pooling; the mean is taken over real pixels only, so borders do not grow dark.

    Every window must reach at least one of them: the padding is smaller than the window.
    """

    def __init__(self, pads: Pads, kernel: tuple[int, int], stride: tuple[int, int]):
        super().__init__()
        (top, bottom), (left, right) = pads
        self._pads = (left, right, top, bottom)
        self._kernel, self._stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        if not any(self._pads):
            return functional.avg_pool2d(x, self._kernel, self._stride)
        real = functional.pad(torch.ones_like(x[:1, :1]), self._pads)
        share = functional.avg_pool2d(real, self._kernel, self._stride)
        total = functional.avg_pool2d(functional.pad(x, self._pads), self._kernel, self._stride)
        return total / share


class GlobalAvgPool(nn.Module):
    """(B, C, H, W) -> (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


class _StraightThrough(torch.autograd.Function):
    """Forward: 1 where x > 0, else 0. Backward: the gradient passes where |x| <= 1 (Hubara et al., 2016)."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient * (x.abs() <= 1).to(gradient.dtype)


class Step(nn.Module):
    """The perceptron's threshold, trainable by a straight-through gradient."""

    def forward(self, x: Tensor) -> Tensor:
        return _StraightThrough.apply(x)
