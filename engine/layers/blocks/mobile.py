"""Inverted residual blocks: wide and cheap inside, narrow outside."""

from __future__ import annotations

from engine.layers.base import Shape, layer_kind, picture
from engine.layers.blocks.base import BlockKind, Sketch
from engine.params import param
from engine.spec.network import NetworkSpec


def _filters() -> int:
    return param(24, low=1, high=4096, label="Filters", help="Channels that come out.", scales=True)


def _stride() -> int:
    return param(1, low=1, high=8, label="Stride", unit="pixels", help="Step of the block; 2 halves the image.")


@layer_kind("inverted_residual", "Inverted residual", "block")
class InvertedResidual(BlockKind):
    """Widens the channels, looks around in each of them by itself, and narrows them again; what came in is added where
    the shapes agree. The block of MobileNetV2.

    Sandler et al., 2018, "MobileNetV2: inverted residuals and linear bottlenecks".
    """

    more_about = "https://arxiv.org/abs/1801.04381"
    filters: int = _filters()
    expansion: int = param(6, low=1, high=16, label="Expansion", unit="×", help="How much wider it is inside.")
    stride: int = _stride()

    def draw(self, x: Shape) -> NetworkSpec:
        channels = picture(x, "An inverted residual block")[0]
        sketch, wide = Sketch(), channels * self.expansion
        if self.expansion > 1:
            sketch.add("expand", "conv2d", {"filters": wide, "kernel": 1, "bias": False}, sketch.port)
            sketch.add("expand_bn", "batch_norm")
            sketch.add("expand_relu", "relu6")
        sketch.add("depthwise", "depthwise_conv", {"stride": self.stride, "padding": 1, "bias": False})
        sketch.add("depthwise_bn", "batch_norm")
        sketch.add("depthwise_relu", "relu6")
        sketch.add("project", "conv2d", {"filters": self.filters, "kernel": 1, "bias": False})
        main = sketch.add("project_bn", "batch_norm")
        if self.stride == 1 and channels == self.filters:
            sketch.add("sum", "add", {}, main, sketch.port)
        return sketch.network()

    def said(self) -> str:
        return f"{self.filters} filters, {self.expansion}× wider inside, stride {self.stride}"


@layer_kind("mb_conv", "MBConv", "block")
class MBConv(BlockKind):
    """An inverted residual with squeeze and excitation, as MobileNetV3 and EfficientNet are made of.

    Howard et al., 2019, "Searching for MobileNetV3"; Tan and Le, 2019, "EfficientNet".
    """

    more_about = "https://arxiv.org/abs/1905.11946"
    filters: int = _filters()
    expanded: int = param(
        0, low=0, high=8192, label="Inside", zero_means="as the input", help="Channels inside.", scales=True
    )
    kernel: int = param(3, low=1, high=15, label="Kernel size", unit="pixels", help="Of the depthwise convolution.")
    stride: int = _stride()
    squeezed: int = param(
        0,
        low=0,
        high=2048,
        label="Squeezed",
        zero_means="off",
        help="Channels of the squeeze and excitation.",
        scales=True,
    )
    activation: str = param(
        "silu",
        choices={"silu": "SiLU (EfficientNet)", "hard_swish": "hard swish (V3)", "relu": "ReLU (V3)"},
        label="Activation",
        help="EfficientNet gates by sigmoid, MobileNetV3 by hard sigmoid.",
    )
    epsilon: float = param(1e-5, low=1e-12, high=1.0, label="Epsilon", help="Of the batch normalisations.", more=True)
    drop: float = param(
        0.0,
        low=0.0,
        high=0.9,
        label="Stochastic depth",
        help="Share of images that skip it.",
        more=True,
    )

    def draw(self, x: Shape) -> NetworkSpec:
        channels = picture(x, "An MBConv block")[0]
        wide, sketch = self.expanded or channels, Sketch()
        if wide != channels:
            sketch.add("expand", "conv2d", {"filters": wide, "kernel": 1, "bias": False}, sketch.port)
            self._bend(sketch, "expand")
        settings = {"kernel": self.kernel, "stride": self.stride, "padding": self.kernel // 2, "bias": False}
        sketch.add("depthwise", "depthwise_conv", settings)
        self._bend(sketch, "depthwise")
        if self.squeezed:
            is_efficient = self.activation == "silu"
            how = ("silu", "sigmoid") if is_efficient else ("relu", "hard_sigmoid")
            settings = {"squeezed": self.squeezed, "activation": how[0], "gate": how[1]}
            sketch.add("squeeze", "squeeze_excitation", settings)
        sketch.add("project", "conv2d", {"filters": self.filters, "kernel": 1, "bias": False})
        main = sketch.add("project_bn", "batch_norm", {"epsilon": self.epsilon})
        if self.stride == 1 and channels == self.filters:
            if self.drop:
                main = sketch.add("drop", "stochastic_depth", {"rate": self.drop})
            sketch.add("sum", "add", {}, main, sketch.port)
        return sketch.network()

    def _bend(self, sketch: Sketch, name: str) -> None:
        sketch.add(f"{name}_bn", "batch_norm", {"epsilon": self.epsilon})
        sketch.add(f"{name}_{self.activation}", self.activation)

    def said(self) -> str:
        inside = f", {self.expanded} inside" if self.expanded else ""
        return f"{self.filters} filters{inside}, {self.kernel}×{self.kernel}, stride {self.stride}"
