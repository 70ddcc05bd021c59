"""Blocks in which every layer receives what all before it found."""

from __future__ import annotations

from engine.layers.base import Shape, layer_kind, picture
from engine.layers.blocks.base import BlockKind, Sketch
from engine.params import param
from engine.spec.network import NetworkSpec


@layer_kind("dense_block", "Dense block", "block")
class DenseBlock(BlockKind):
    """Each of its layers adds a few channels and receives all that the layers before it found. Nothing has to be found
    twice.

    Huang et al., 2017, "Densely connected convolutional networks".
    """

    more_about = "https://arxiv.org/abs/1608.06993"
    layers: int = param(4, low=1, high=64, label="Layers", help="How many, one behind the other.")
    growth: int = param(16, low=1, high=512, label="Growth", help="Channels that each layer adds.", scales=True)
    narrow: int = param(
        4,
        low=1,
        high=16,
        label="Bottleneck",
        unit="×",
        help="The 1×1 layers have this × growth.",
        more=True,
    )

    def draw(self, x: Shape) -> NetworkSpec:
        picture(x, "A dense block")
        sketch = Sketch()
        found = [sketch.port]
        for number in range(1, self.layers + 1):
            source = found[0]
            if len(found) > 1:
                source = sketch.add(f"join{number}", "concatenate", {}, *found)
            sketch.add(f"bn{number}a", "batch_norm", {}, source)
            sketch.add(f"relu{number}a", "relu")
            sketch.add(f"narrow{number}", "conv2d", {"filters": self.narrow * self.growth, "kernel": 1, "bias": False})
            sketch.add(f"bn{number}b", "batch_norm")
            sketch.add(f"relu{number}b", "relu")
            found.append(sketch.add(f"conv{number}", "conv2d", {"filters": self.growth, "padding": 1, "bias": False}))
        sketch.add("join", "concatenate", {}, *found)
        return sketch.network()

    def said(self) -> str:
        return f"{self.layers} layers that add {self.growth} channels each"


@layer_kind("dense_transition", "Dense transition", "block")
class DenseTransition(BlockKind):
    """Between two dense blocks: halves the channels by a 1×1 convolution and the image by average pooling.

    Huang et al., 2017, "Densely connected convolutional networks".
    """

    more_about = "https://arxiv.org/abs/1608.06993"

    def draw(self, x: Shape) -> NetworkSpec:
        channels, height, width = picture(x, "A dense transition")
        sketch = Sketch()
        sketch.add("bn", "batch_norm", {}, sketch.port)
        sketch.add("relu", "relu")
        sketch.add("conv", "conv2d", {"filters": max(1, channels // 2), "kernel": 1, "bias": False})
        if min(height, width) > 1:
            sketch.add("pool", "avg_pool")
        return sketch.network()
