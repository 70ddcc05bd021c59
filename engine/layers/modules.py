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
    """Average pooling with any padding below the window's size. Unless the padding counts, the mean is taken over real
    pixels only, so borders do not grow dark."""

    def __init__(
        self,
        pads: Pads,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        count_padding: bool = False,
    ):
        super().__init__()
        (top, bottom), (left, right) = pads
        self._pads = (left, right, top, bottom)
        self._kernel, self._stride, self._count_padding = kernel, stride, count_padding

    def forward(self, x: Tensor) -> Tensor:
        total = self._mean(functional.pad(x, self._pads))
        if self._count_padding:
            return total
        return total / self._mean(functional.pad(torch.ones_like(x[:1, :1]), self._pads))

    def _mean(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(x, self._kernel, self._stride)


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


class SeparableConv2d(nn.Module):
    """A depthwise convolution, then a pointwise one."""

    def __init__(
        self,
        channels: int,
        filters: int,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        pads: Pads,
        bias: bool,
    ):
        super().__init__()
        (top, bottom), (left, right) = pads
        self._pads = (left, right, top, bottom)
        self.depthwise = nn.Conv2d(channels, channels, kernel, stride, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, filters, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(functional.pad(x, self._pads)))


class GlobalMaxPool(nn.Module):
    """(B, C, H, W) -> (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(dim=(2, 3))


class Reshape(nn.Module):
    """(B, ...) -> (B, *shape)."""

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], *self.shape)


class ChannelLayerNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each pixel of (B, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class LayerScale(nn.Module):
    """Multiplies by learnt numbers of `shape`."""

    def __init__(self, shape: tuple[int, ...], initial: float):
        super().__init__()
        self.scale = nn.Parameter(torch.full(tuple(shape), initial))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class GaussianNoise(nn.Module):
    """Adds noise while training."""

    def __init__(self, deviation: float):
        super().__init__()
        self.deviation = deviation

    def forward(self, x: Tensor) -> Tensor:
        return x + self.deviation * torch.randn_like(x) if self.training else x


class StochasticDepth(nn.Module):
    """Sets the branch to zero for some rows of the batch while training; the others are scaled up in return."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        kept = torch.rand(shape, device=x.device, dtype=x.dtype) >= self.rate
        return x * kept / (1 - self.rate)


class Maxout(nn.Module):
    """The largest of several linear maps (Goodfellow et al., 2013): over vectors, or at each pixel of (B, C, H, W)."""

    def __init__(self, inputs: int, units: int, maps: int, of_pixels: bool):
        super().__init__()
        self.units, self.maps = units, maps
        outputs = units * maps
        self.linear = nn.Conv2d(inputs, outputs, 1) if of_pixels else nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.linear(x)
        return x.reshape(x.shape[0], self.units, self.maps, *x.shape[2:]).amax(dim=2)


class SqueezeExcitation(nn.Module):
    """Weighs each channel of (B, C, H, W) by what a small network makes of the means of all channels."""

    def __init__(
        self,
        channels: int,
        squeezed: int,
        activation: str = "relu",
        gate: str = "sigmoid",
    ):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self._activation = {"relu": functional.relu, "silu": functional.silu}[activation]
        self._gate = {"sigmoid": torch.sigmoid, "hard_sigmoid": functional.hardsigmoid}[gate]

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean(dim=(2, 3), keepdim=True)
        return x * self._gate(self.fc2(self._activation(self.fc1(means))))


class SelfAttention(nn.Module):
    """Every pixel of (B, C, H, W), or step of (B, T, F), gathers from all others what it finds useful."""

    def __init__(self, features: int, heads: int):
        super().__init__()
        self.attention = nn.MultiheadAttention(features, heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        steps = x.flatten(2).transpose(1, 2) if x.ndim == 4 else x
        found = self.attention(steps, steps, steps, need_weights=False)[0]
        return found.transpose(1, 2).reshape(x.shape) if x.ndim == 4 else found


class RowsToSequence(nn.Module):
    """(B, C, H, W) -> (B, H, C · W): one step for each row."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).flatten(2)


class Recurrent(nn.Module):
    """A recurrent module that gives its outputs only: (B, T, F) -> (B, T, units)."""

    def __init__(
        self,
        cell: str,
        features: int,
        units: int,
        layers: int,
        bidirectional: bool = False,
    ):
        super().__init__()
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.cells = kind(features, units, layers, batch_first=True, bidirectional=bidirectional)

    def forward(self, x: Tensor) -> Tensor:
        return self.cells(x)[0]


class LastStep(nn.Module):
    """(B, T, F) -> (B, F): what stands after the last step."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, -1]


class MeanOverSteps(nn.Module):
    """(B, T, F) -> (B, F)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=1)


class ClassMaps(nn.Module):
    """(B, C, H, W) -> (B, outputs): the mean of one learnt map for each class."""

    def __init__(self, channels: int, outputs: int, rectify: bool = True):
        super().__init__()
        self.maps = nn.Conv2d(channels, outputs, 1)
        self.rectify = rectify

    def forward(self, x: Tensor) -> Tensor:
        maps = self.maps(x)
        return (functional.relu(maps) if self.rectify else maps).mean(dim=(2, 3))
