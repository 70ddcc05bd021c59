"""Layers that slide learnt filters over a picture."""

from __future__ import annotations

from engine.errors import ShapeMismatch
from engine.layers.base import LayerKind, Reach, Shape, grouped, layer_kind, picture
from engine.layers.made import Made, made, short, unlike
from engine.layers.windows import Window
from engine.params import param


@layer_kind("conv2d", "Convolution", "convolution")
class Convolution(LayerKind):
    """Slides small learnt filters over the picture. Each one answers to a pattern (an edge, a dot, a texture)
    wherever it is.

    LeCun et al., 1998, "Gradient-based learning applied to document recognition".
    """

    filters: int = param(
        32, low=1, high=8192, label="Filters", help="How many patterns to look for; the number of output channels."
    )
    kernel: int | tuple[int, int] = param(
        3, pair=True, low=1, high=63, label="Kernel size", unit="pixels", help="Height and width of every filter."
    )
    stride: int | tuple[int, int] = param(
        1, pair=True, low=1, high=32, label="Stride", unit="pixels", help="Step of the window; 2 halves the picture."
    )
    padding: str | int = param(
        "same",
        choices={"same": "same", "valid": "valid"},
        low=0,
        high=63,
        label="Padding",
        help="“same” adds zeros so that nothing is lost at the border, “valid” adds none; or a number of pixels.",
    )
    dilation: int | tuple[int, int] = param(
        1,
        pair=True,
        low=1,
        high=32,
        label="Dilation",
        help="Distance between the pixels under a filter: a wider view at the same cost.",
        more=True,
    )
    groups: int = param(
        1,
        low=1,
        high=8192,
        label="Groups",
        help="Divide channels into groups that do not see each other. Must divide both channel counts.",
        more=True,
    )
    bias: bool = param(
        True,
        label="Bias",
        help="Add a learnt number to each filter's answer; not needed before normalisation.",
        more=True,
    )

    @property
    def window(self) -> Window:
        return Window.of(self.kernel, self.stride, self.padding, self.dilation)

    def infer(self, x: Shape) -> Shape:
        channels, height, width = picture(x, "A convolution")
        for count, what in ((channels, "incoming channels"), (self.filters, "filters")):
            if count % self.groups:
                raise ShapeMismatch(
                    f"{self.groups} groups do not divide the {count} {what}.",
                    why="Each group takes an equal share of the channels and of the filters.",
                    fix="Set groups to 1, or to a number that divides both.",
                )
        return self.filters, *self.window.slide((height, width), "A convolution")

    def _weights(self, x: Shape) -> int:
        height, width = self.window.kernel
        return height * width * (x[0] // self.groups) * self.filters

    def parameters(self, x: Shape) -> int:
        return self._weights(x) + (self.filters if self.bias else 0)

    def multiply_adds(self, x: Shape) -> int:
        _, height, width = self.infer(x)
        return self._weights(x) * height * width

    def made(self, x: Shape) -> Made:
        window, pads = self.window, self.window.pads(x[1:])
        unusual = unlike(
            {"stride": 1, "dilation": 1, "groups": 1, "bias": True},
            stride=short(window.stride),
            dilation=short(window.dilation),
            groups=self.groups,
            bias=self.bias,
        )
        if any(before != after for before, after in pads):
            return made("PaddedConv2d", pads, x[0], self.filters, short(window.kernel), **unusual)
        padding = unlike({"padding": 0}, padding=short((pads[0][0], pads[1][0])))
        return made("nn.Conv2d", x[0], self.filters, short(window.kernel), **padding, **unusual)

    def reach(self, x: Shape) -> Reach:
        return self.window.reach()

    def said(self) -> str:
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        return f"{self.filters} filters {self.window.said()}{groups}"

    def formula(self, x: Shape) -> str:
        height, width = self.window.kernel
        inward = x[0] // self.groups
        bias = f" + {self.filters} biases" if self.bias else ""
        return (
            f"{inward} → {self.filters} filters of {height} × {width}\n"
            f"{height * width} · {inward} · {self.filters}{bias}\n= {grouped(self.parameters(x))}"
        )
