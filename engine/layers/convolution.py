"""Layers that slide learnt filters over an image."""

from __future__ import annotations

from engine.errors import ShapeMismatch
from engine.layers.base import LayerKind, Reach, Shape, grouped, layer_kind, picture
from engine.layers.made import Made, made, short, unlike
from engine.layers.windows import Window
from engine.params import both, param


def _check_groups(groups: int, channels: int, filters: int) -> None:
    for count, what in ((channels, "incoming channels"), (filters, "filters")):
        if count % groups:
            raise ShapeMismatch(
                f"{groups} groups do not divide the {count} {what}.",
                why="Each group takes an equal share of the channels and of the filters.",
                fix="Set groups to 1, or to a number that divides both.",
            )


def _convolution(x: Shape, filters: int, window: Window, groups: int, bias: bool) -> Made:
    pads = window.pads(x[1:])
    unusual = unlike(
        {"stride": 1, "dilation": 1, "groups": 1, "bias": True},
        stride=short(window.stride),
        dilation=short(window.dilation),
        groups=groups,
        bias=bias,
    )
    if any(before != after for before, after in pads):
        return made("PaddedConv2d", pads, x[0], filters, short(window.kernel), **unusual)
    padding = unlike({"padding": 0}, padding=short((pads[0][0], pads[1][0])))
    return made("nn.Conv2d", x[0], filters, short(window.kernel), **padding, **unusual)


def _kernel(default: int = 3, help: str = "Height and width of every filter.") -> int | tuple[int, int]:
    return param(default, pair=True, low=1, high=63, label="Kernel size", unit="pixels", help=help)


def _stride(default: int = 1) -> int | tuple[int, int]:
    return param(
        default,
        pair=True,
        low=1,
        high=32,
        label="Stride",
        unit="pixels",
        help="Step of the window; 2 halves the image.",
    )


def _padding() -> str | int:
    return param(
        "same",
        choices={"same": "same", "valid": "valid"},
        low=0,
        high=63,
        label="Padding",
        help="“same” adds zeros so that nothing is lost at the border, “valid” adds none; or a number of pixels.",
    )


def _bias(default: bool = True) -> bool:
    return param(
        default,
        label="Bias",
        help="Add a learnt number to each filter's answer; not needed before normalisation.",
        more=True,
    )


@layer_kind("conv2d", "Convolution", "convolution")
class Convolution(LayerKind):
    """Slides small learnt filters over the image. Each one answers to a pattern (an edge, a dot, a texture)
    wherever it is.

    LeCun et al., 1998, "Gradient-based learning applied to document recognition".
    """

    filters: int = param(
        32,
        low=1,
        high=8192,
        label="Filters",
        help="How many patterns to look for; the number of output channels.",
        scales=True,
    )
    kernel: int | tuple[int, int] = _kernel()
    stride: int | tuple[int, int] = _stride()
    padding: str | int = _padding()
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
    bias: bool = _bias()
    more_about = "https://arxiv.org/abs/1603.07285"

    @property
    def window(self) -> Window:
        return Window.of(self.kernel, self.stride, self.padding, self.dilation)

    def infer(self, x: Shape) -> Shape:
        channels, height, width = picture(x, "A convolution")
        _check_groups(self.groups, channels, self.filters)
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
        return _convolution(x, self.filters, self.window, self.groups, self.bias)

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


@layer_kind("pointwise_conv", "Pointwise convolution", "convolution")
class PointwiseConvolution(LayerKind):
    """Mixes the channels of each pixel and looks at no neighbour: a 1×1 convolution. The cheap way to have more or
    fewer channels.

    Lin et al., 2013, "Network in network".
    """

    filters: int = param(64, low=1, high=8192, label="Filters", help="How many channels come out.", scales=True)
    bias: bool = _bias()
    more_about = "https://arxiv.org/abs/1312.4400"

    def infer(self, x: Shape) -> Shape:
        return self.filters, *picture(x, "A pointwise convolution")[1:]

    def parameters(self, x: Shape) -> int:
        return x[0] * self.filters + (self.filters if self.bias else 0)

    def multiply_adds(self, x: Shape) -> int:
        return x[0] * self.filters * x[1] * x[2]

    def made(self, x: Shape) -> Made:
        return made("nn.Conv2d", x[0], self.filters, 1, **unlike({"bias": True}, bias=self.bias))

    def said(self) -> str:
        return f"{self.filters} filters 1×1"

    def formula(self, x: Shape) -> str:
        bias = f" + {self.filters} biases" if self.bias else ""
        return f"{x[0]} → {self.filters} channels\n{x[0]} · {self.filters}{bias}\n= {grouped(self.parameters(x))}"


@layer_kind("depthwise_conv", "Depthwise convolution", "convolution")
class DepthwiseConvolution(LayerKind):
    """Gives each channel filters of its own and mixes no channels. Far cheaper than a full convolution; a pointwise one
    behind it does the mixing.

    Howard et al., 2017, "MobileNets".
    """

    multiplier: int = param(
        1, low=1, high=64, label="Filters per channel", help="How many channels come out for each that comes in."
    )
    kernel: int | tuple[int, int] = _kernel()
    stride: int | tuple[int, int] = _stride()
    padding: str | int = _padding()
    bias: bool = _bias()
    more_about = "https://arxiv.org/abs/1704.04861"

    @property
    def window(self) -> Window:
        return Window.of(self.kernel, self.stride, self.padding)

    def infer(self, x: Shape) -> Shape:
        channels, height, width = picture(x, "A depthwise convolution")
        return channels * self.multiplier, *self.window.slide((height, width), "A depthwise convolution")

    def parameters(self, x: Shape) -> int:
        height, width = self.window.kernel
        return x[0] * self.multiplier * (height * width + (1 if self.bias else 0))

    def multiply_adds(self, x: Shape) -> int:
        filters, rows, columns = self.infer(x)
        height, width = self.window.kernel
        return height * width * filters * rows * columns

    def made(self, x: Shape) -> Made:
        return _convolution(x, x[0] * self.multiplier, self.window, x[0], self.bias)

    def reach(self, x: Shape) -> Reach:
        return self.window.reach()

    def said(self) -> str:
        many = f"{self.multiplier} filters per channel, " if self.multiplier > 1 else ""
        return f"{many}{self.window.said()}"

    def formula(self, x: Shape) -> str:
        height, width = self.window.kernel
        filters = x[0] * self.multiplier
        bias = f" + {filters} biases" if self.bias else ""
        return (
            f"{filters} filters of {height} × {width}, one channel each\n"
            f"{height * width} · {filters}{bias}\n= {grouped(self.parameters(x))}"
        )


@layer_kind("separable_conv", "Depthwise-separable convolution", "convolution")
class SeparableConvolution(LayerKind):
    """A depthwise convolution that looks around, then a pointwise one that mixes the channels. Nearly as able as a full
    convolution at a fraction of its cost.

    Chollet, 2017, "Xception"; Howard et al., 2017, "MobileNets".
    """

    filters: int = param(64, low=1, high=8192, label="Filters", help="How many channels come out.", scales=True)
    kernel: int | tuple[int, int] = _kernel()
    stride: int | tuple[int, int] = _stride()
    padding: str | int = _padding()
    bias: bool = _bias()
    more_about = "https://arxiv.org/abs/1610.02357"

    @property
    def window(self) -> Window:
        return Window.of(self.kernel, self.stride, self.padding)

    def infer(self, x: Shape) -> Shape:
        _, height, width = picture(x, "A separable convolution")
        return self.filters, *self.window.slide((height, width), "A separable convolution")

    def parameters(self, x: Shape) -> int:
        height, width = self.window.kernel
        return x[0] * (height * width + self.filters) + (self.filters if self.bias else 0)

    def multiply_adds(self, x: Shape) -> int:
        _, rows, columns = self.infer(x)
        height, width = self.window.kernel
        return x[0] * (height * width + self.filters) * rows * columns

    def made(self, x: Shape) -> Made:
        pads, window = self.window.pads(x[1:]), self.window
        return made("SeparableConv2d", x[0], self.filters, window.kernel, window.stride, pads, self.bias)

    def reach(self, x: Shape) -> Reach:
        return self.window.reach()

    def said(self) -> str:
        return f"{self.filters} filters {self.window.said()}"

    def formula(self, x: Shape) -> str:
        height, width = self.window.kernel
        bias = f" + {self.filters} biases" if self.bias else ""
        return (
            f"{height} × {width} for each of {x[0]} channels, then {x[0]} → {self.filters}\n"
            f"{height * width} · {x[0]} + {x[0]} · {self.filters}{bias}\n= {grouped(self.parameters(x))}"
        )


@layer_kind("transposed_conv", "Transposed convolution", "convolution")
class TransposedConvolution(LayerKind):
    """Paints every pixel as a small learnt pattern, so that the image grows. The way back up in U-Nets and
    autoencoders.

    Dumoulin and Visin, 2016, "A guide to convolution arithmetic for deep learning".
    """

    filters: int = param(32, low=1, high=8192, label="Filters", help="How many channels come out.", scales=True)
    kernel: int | tuple[int, int] = _kernel(2, "Height and width of the pattern.")
    stride: int | tuple[int, int] = param(
        2, pair=True, low=1, high=32, label="Stride", unit="pixels", help="How many times the image grows."
    )
    padding: int = param(0, low=0, high=31, label="Padding", unit="pixels", help="Pixels cut off at every border.")
    output_padding: int = param(
        0, low=0, high=31, label="Output padding", unit="pixels", help="Rows and columns added at one side.", more=True
    )
    bias: bool = _bias()
    more_about = "https://arxiv.org/abs/1603.07285"

    def infer(self, x: Shape) -> Shape:
        _, *sizes = picture(x, "A transposed convolution")
        kernel, stride = both(self.kernel), both(self.stride)
        if self.output_padding >= min(stride):
            raise ShapeMismatch(
                "The output padding is not smaller than the stride.",
                why="It only chooses among sizes that the stride leaves open.",
                fix=f"Set it to at most {min(stride) - 1}.",
            )
        grown = [
            (size - 1) * step - 2 * self.padding + side + self.output_padding
            for size, step, side in zip(sizes, stride, kernel, strict=True)
        ]
        if min(grown) < 1:
            raise ShapeMismatch(
                "The padding cuts the whole image away.",
                why=f"{grown[0]} × {grown[1]} pixels would be left.",
                fix="Use less padding or a larger kernel.",
            )
        return self.filters, *grown

    def _weights(self, x: Shape) -> int:
        height, width = both(self.kernel)
        return height * width * x[0] * self.filters

    def parameters(self, x: Shape) -> int:
        return self._weights(x) + (self.filters if self.bias else 0)

    def multiply_adds(self, x: Shape) -> int:
        return self._weights(x) * x[1] * x[2]

    def made(self, x: Shape) -> Made:
        unusual = unlike(
            {"padding": 0, "output_padding": 0, "bias": True},
            padding=self.padding,
            output_padding=self.output_padding,
            bias=self.bias,
        )
        kernel, stride = short(both(self.kernel)), short(both(self.stride))
        return made("nn.ConvTranspose2d", x[0], self.filters, kernel, stride=stride, **unusual)

    def reach(self, x: Shape) -> Reach:
        kernel, stride = both(self.kernel), both(self.stride)
        seen = [-(-side // step) for side, step in zip(kernel, stride, strict=True)]
        return Reach((seen[0], seen[1]), (1 / stride[0], 1 / stride[1]))

    def said(self) -> str:
        kernel, stride = both(self.kernel), both(self.stride)
        return f"{self.filters} filters {kernel[0]}×{kernel[1]}, stride {stride[0]}" + (
            f"×{stride[1]}" if stride[0] != stride[1] else ""
        )

    def formula(self, x: Shape) -> str:
        height, width = both(self.kernel)
        bias = f" + {self.filters} biases" if self.bias else ""
        return (
            f"{x[0]} → {self.filters} filters of {height} × {width}\n"
            f"{height * width} · {x[0]} · {self.filters}{bias}\n= {grouped(self.parameters(x))}"
        )


@layer_kind("upsample", "Upsampling", "convolution")
class Upsampling(LayerKind):
    """Makes the image larger by repeating or blending pixels; nothing is learnt. Followed by a convolution, it avoids
    the chequered patterns of transposed convolutions.

    Odena et al., 2016, "Deconvolution and checkerboard artifacts".
    """

    factor: int = param(2, low=1, high=16, label="Factor", unit="×", help="How many times higher and wider.")
    mode: str = param(
        "nearest",
        choices={"nearest": "nearest", "bilinear": "bilinear"},
        label="Pixels between",
        help="Repeat the nearest pixel, or blend the four around.",
    )
    more_about = "https://distill.pub/2016/deconv-checkerboard/"

    def infer(self, x: Shape) -> Shape:
        channels, height, width = picture(x, self.title)
        return channels, height * self.factor, width * self.factor

    def made(self, x: Shape) -> Made:
        return made("nn.Upsample", scale_factor=self.factor, **unlike({"mode": "nearest"}, mode=self.mode))

    def reach(self, x: Shape) -> Reach:
        side = 1 if self.mode == "nearest" else 2
        return Reach((side, side), (1 / self.factor, 1 / self.factor))

    def said(self) -> str:
        return f"{self.factor}×, {self.mode}"
