"""Residual blocks: a few layers learn what to add to what came in."""

from __future__ import annotations

from engine.layers.base import Shape, layer_kind, picture
from engine.layers.blocks.base import BlockKind, Sketch
from engine.params import param
from engine.spec.network import NetworkSpec


def _filters(default: int, help: str) -> int:
    return param(default, low=1, high=8192, label="Filters", help=help, scales=True)


def _stride() -> int:
    return param(1, low=1, high=8, label="Stride", unit="pixels", help="Step of the block; 2 halves the image.")


def _convolution(
    sketch: Sketch, number: int, filters: int, kernel: int, stride: int, after: str, **more: object
) -> str:
    padding = kernel // 2
    settings = {"filters": filters, "kernel": kernel, "stride": stride, "padding": padding, "bias": False, **more}
    sketch.add(f"conv{number}", "conv2d", settings, after)
    return sketch.add(f"bn{number}", "batch_norm")


def _finish(sketch: Sketch, main: str, channels: int, out: int, stride: int) -> NetworkSpec:
    """Add what came in, brought to the same shape by a 1×1 convolution where it differs, and bend the sum."""
    skip = sketch.port
    if stride != 1 or channels != out:
        settings = {"filters": out, "kernel": 1, "stride": stride, "padding": "valid", "bias": False}
        sketch.add("shortcut", "conv2d", settings, sketch.port)
        skip = sketch.add("shortcut_bn", "batch_norm")
    sketch.add("sum", "add", {}, main, skip)
    sketch.add("relu_out", "relu")
    return sketch.network()


@layer_kind("residual", "Residual block", "block")
class Residual(BlockKind):
    """Two 3×3 convolutions learn what to add to what came in; a skip connection carries the rest past them. Very deep
    networks of such blocks still learn, because gradients can take the short way.

    He et al., 2015, "Deep residual learning for image recognition".
    """

    more_about = "https://arxiv.org/abs/1512.03385"
    filters: int = _filters(64, "Channels of both convolutions and of the output.")
    stride: int = _stride()

    def draw(self, x: Shape) -> NetworkSpec:
        channels = picture(x, "A residual block")[0]
        sketch = Sketch()
        _convolution(sketch, 1, self.filters, 3, self.stride, sketch.port)
        sketch.add("relu1", "relu")
        main = _convolution(sketch, 2, self.filters, 3, 1, sketch.last)
        return _finish(sketch, main, channels, self.filters, self.stride)

    def said(self) -> str:
        return f"{self.filters} filters, stride {self.stride}"


@layer_kind("bottleneck", "Residual bottleneck", "block")
class Bottleneck(BlockKind):
    """A residual block that squeezes the channels by a 1×1 convolution, looks around cheaply, and widens them again.
    The block of ResNet-50 and deeper ones.

    He et al., 2015, "Deep residual learning for image recognition"; the stride stands at the 3×3 convolution, as in
    torchvision.
    """

    more_about = "https://arxiv.org/abs/1512.03385"
    filters: int = _filters(64, "Channels of the narrow middle; four times as many come out.")
    stride: int = _stride()

    def draw(self, x: Shape) -> NetworkSpec:
        channels, out = picture(x, "A residual bottleneck")[0], 4 * self.filters
        sketch = Sketch()
        _convolution(sketch, 1, self.filters, 1, 1, sketch.port)
        sketch.add("relu1", "relu")
        _convolution(sketch, 2, self.filters, 3, self.stride, sketch.last)
        sketch.add("relu2", "relu")
        main = _convolution(sketch, 3, out, 1, 1, sketch.last)
        return _finish(sketch, main, channels, out, self.stride)

    def said(self) -> str:
        return f"{self.filters} filters, {4 * self.filters} come out, stride {self.stride}"
