"""The block of ConvNeXt."""

from __future__ import annotations

from engine.layers.base import Shape, layer_kind, picture
from engine.layers.blocks.base import BlockKind, Sketch
from engine.params import param
from engine.spec.network import NetworkSpec


@layer_kind("convnext", "ConvNeXt block", "block")
class ConvNeXt(BlockKind):
    """A large depthwise window, layer normalisation and a small network at each pixel, added to what came in. What
    transformers taught, with convolutions only.

    Liu et al., 2022, "A ConvNet for the 2020s".
    """

    more_about = "https://arxiv.org/abs/2201.03545"
    kernel: int = param(7, low=1, high=31, label="Kernel size", unit="pixels", help="Of the depthwise convolution.")
    expansion: int = param(4, low=1, high=16, label="Expansion", unit="×", help="How much wider it is inside.")
    drop: float = param(0.0, low=0.0, high=0.9, label="Stochastic depth", help="Share of the images that skip it.")

    def draw(self, x: Shape) -> NetworkSpec:
        channels = picture(x, "A ConvNeXt block")[0]
        sketch = Sketch()
        sketch.add("depthwise", "depthwise_conv", {"kernel": self.kernel}, sketch.port)
        sketch.add("norm", "layer_norm", {"epsilon": 1e-6})
        sketch.add("expand", "pointwise_conv", {"filters": channels * self.expansion})
        sketch.add("gelu", "gelu")
        sketch.add("project", "pointwise_conv", {"filters": channels})
        main = sketch.add("scale", "layer_scale")
        if self.drop:
            main = sketch.add("drop", "stochastic_depth", {"rate": self.drop})
        sketch.add("sum", "add", {}, main, sketch.port)
        return sketch.network()

    def said(self) -> str:
        return f"{self.kernel}×{self.kernel}, {self.expansion}× wider inside"
