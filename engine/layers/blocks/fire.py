"""The fire module of SqueezeNet."""

from __future__ import annotations

from engine.layers.base import Shape, layer_kind, picture
from engine.layers.blocks.base import BlockKind, Sketch
from engine.params import param
from engine.spec.network import NetworkSpec


@layer_kind("fire", "Fire module", "block")
class Fire(BlockKind):
    """Squeezes the channels by a 1×1 convolution and expands them by 1×1 and 3×3 windows side by side. AlexNet's
    accuracy with fifty times fewer parameters was made of it.

    Iandola et al., 2016, "SqueezeNet".
    """

    more_about = "https://arxiv.org/abs/1602.07360"
    squeeze: int = param(16, low=1, high=2048, label="Squeeze", help="Channels between.", scales=True)
    expand: int = param(64, low=1, high=2048, label="Expand", help="Channels of each of the two windows.", scales=True)

    def draw(self, x: Shape) -> NetworkSpec:
        picture(x, "A fire module")
        sketch = Sketch()
        sketch.add("squeeze", "conv2d", {"filters": self.squeeze, "kernel": 1}, sketch.port)
        narrow = sketch.add("squeeze_relu", "relu")
        sketch.add("one", "conv2d", {"filters": self.expand, "kernel": 1}, narrow)
        one = sketch.add("one_relu", "relu")
        sketch.add("three", "conv2d", {"filters": self.expand}, narrow)
        three = sketch.add("three_relu", "relu")
        sketch.add("join", "concatenate", {}, one, three)
        return sketch.network()

    def said(self) -> str:
        return f"{self.squeeze} → {self.expand} + {self.expand} channels"
