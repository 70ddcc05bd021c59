"""The two halves of a U-Net: down to what it is, up again to where it is."""

from __future__ import annotations

from engine.errors import ShapeMismatch
from engine.layers.base import Shape, layer_kind, picture
from engine.layers.blocks.base import BlockKind, Sketch
from engine.params import param
from engine.spec.network import NetworkSpec


def _filters() -> int:
    return param(32, low=1, high=4096, label="Filters", help="Channels of its convolutions.", scales=True)


def _two_convolutions(sketch: Sketch, filters: int, after: str) -> None:
    for number in (1, 2):
        sketch.add(f"conv{number}", "conv2d", {"filters": filters, "bias": False}, after)
        sketch.add(f"bn{number}", "batch_norm")
        after = sketch.add(f"relu{number}", "relu")


@layer_kind("unet_down", "U-Net down", "block")
class UNetDown(BlockKind):
    """Halves the image and looks at it by two convolutions. One step down a U-Net.

    Ronneberger et al., 2015, "U-Net: convolutional networks for biomedical image segmentation".
    """

    more_about = "https://arxiv.org/abs/1505.04597"
    filters: int = _filters()

    def draw(self, x: Shape) -> NetworkSpec:
        _, height, width = picture(x, "A step down")
        sketch = Sketch()
        if min(height, width) > 1:
            sketch.add("pool", "max_pool", {}, sketch.port)
        _two_convolutions(sketch, self.filters, sketch.last)
        return sketch.network()

    def said(self) -> str:
        return f"{self.filters} filters"


@layer_kind("unet_up", "U-Net up", "block")
class UNetUp(BlockKind):
    """Doubles the image of its first input, puts the second one, from the same height on the way down, beside it, and
    looks at both by two convolutions.

    Ronneberger et al., 2015, "U-Net: convolutional networks for biomedical image segmentation".
    """

    more_about = "https://arxiv.org/abs/1505.04597"
    arity = (2, 2)
    filters: int = _filters()

    def draw(self, x: Shape, skip: Shape) -> NetworkSpec:
        _, height, width = picture(x, "A step up")
        _, rows, columns = picture(skip, "A step up")
        over = rows - 2 * height, columns - 2 * width
        if not (0 <= over[0] <= 1 and 0 <= over[1] <= 1):
            raise ShapeMismatch(
                "The two inputs of this step up do not fit together.",
                why=f"Doubled, the first is {2 * height} × {2 * width}; the second is {rows} × {columns}.",
                fix="Connect the layer from the same height on the way down as the second input.",
            )
        sketch = Sketch(2)
        sketch.add("up", "transposed_conv", {"filters": self.filters}, sketch.ports[0])
        if any(over):  # an uneven image lost a row or column on the way down
            sketch.add("fit", "zero_padding", {"top": 0, "left": 0, "bottom": over[0], "right": over[1]})
        sketch.add("join", "concatenate", {}, sketch.last, sketch.ports[1])
        _two_convolutions(sketch, self.filters, sketch.last)
        return sketch.network()

    def said(self) -> str:
        return f"{self.filters} filters"
