"""The torch half of layer kinds for which torch.nn has no module of its own. Imported only when something is built.

The code view copies classes from here into the programs it writes: each needs nothing but `math`, `torch`, `nn`,
`functional`, `Tensor`, `Pads` and other classes of this module.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

Pads = tuple[tuple[int, int], tuple[int, int]]


class PaddedConv2d(nn.Conv2d):
    """A convolution whose padding differs between opposite sides, as "same" needs it for even windows or strides.

    Weights and their names are those of `nn.Conv2d`, so that they can be exchanged with it.
    """

    def __init__(self, pads: Pads, *args, **kwargs):
        super().__init__(*args, **kwargs)
        (top, bottom), (left, right) = pads
        self._pads = (left, right, top, bottom)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.pad(x, self._pads))


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


class Add(nn.Module):
    """The sum of its inputs, all of one shape."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return sum(inputs[1:], inputs[0])


class Multiply(nn.Module):
    """The product of its inputs, all of one shape."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return math.prod(inputs[1:], start=inputs[0])


class Average(nn.Module):
    """The mean of its inputs, all of one shape."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return sum(inputs[1:], inputs[0]) / len(inputs)


class Maximum(nn.Module):
    """The largest of its inputs, all of one shape."""

    def forward(self, *inputs: Tensor) -> Tensor:
        result = inputs[0]
        for other in inputs[1:]:
            result = torch.maximum(result, other)
        return result


class Concatenate(nn.Module):
    """Its inputs behind one another along `dim`."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.cat(inputs, self.dim)
