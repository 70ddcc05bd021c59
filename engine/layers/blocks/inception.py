"""Inception modules: several windows look at the same image at once."""

from __future__ import annotations

from engine.layers.base import Shape, layer_kind, picture
from engine.layers.blocks.base import BlockKind, Sketch
from engine.params import param
from engine.spec.network import NetworkSpec


def _width(default: int, label: str, help: str) -> int:
    return param(default, low=1, high=2048, label=label, help=help, scales=True)


def convolution(sketch: Sketch, name: str, filters: int, kernel: int | tuple[int, int], after: str = "", **more) -> str:
    """Convolution, batch normalisation (epsilon 0.001, as in torchvision) and ReLU."""
    settings = {"filters": filters, "kernel": kernel, "bias": False, **more}
    sketch.add(name, "conv2d", settings, *([after] if after else []))
    sketch.add(f"{name}_bn", "batch_norm", {"epsilon": 0.001})
    return sketch.add(f"{name}_relu", "relu")


@layer_kind("inception_v1", "Inception module", "block")
class InceptionV1(BlockKind):
    """Looks at the image through windows of several sizes at once and puts the answers side by side. 1×1 convolutions
    before the larger windows keep it cheap.

    Szegedy et al., 2015, "Going deeper with convolutions"; as in torchvision with batch normalisation, and with a 3×3
    window where the paper has 5×5.
    """

    more_about = "https://arxiv.org/abs/1409.4842"
    one: int = _width(16, "Width of 1×1", "Channels of the 1×1 way.")
    three_in: int = _width(16, "Before 3×3", "Channels to which the 1×1 convolution before it reduces.")
    three: int = _width(24, "Width of 3×3", "Channels of the 3×3 way.")
    five_in: int = _width(4, "Before the second", "Channels to which the 1×1 convolution before it reduces.")
    five: int = _width(8, "Second 3×3", "Channels of the way that was 5×5 in the paper.")
    pool: int = _width(8, "After pooling", "Channels of the 1×1 convolution behind the max pooling.")

    def draw(self, x: Shape) -> NetworkSpec:
        picture(x, "An inception module")
        sketch = Sketch()
        ways = [convolution(sketch, "one", self.one, 1, sketch.port)]
        convolution(sketch, "three_in", self.three_in, 1, sketch.port)
        ways.append(convolution(sketch, "three", self.three, 3))
        convolution(sketch, "five_in", self.five_in, 1, sketch.port)
        ways.append(convolution(sketch, "five", self.five, 3))
        sketch.add("pool", "max_pool", {"kernel": 3, "stride": 1, "padding": 1}, sketch.port)
        ways.append(convolution(sketch, "pool_out", self.pool, 1))
        sketch.add("join", "concatenate", {}, *ways)
        return sketch.network()

    def said(self) -> str:
        return f"{self.one} + {self.three} + {self.five} + {self.pool} channels"


@layer_kind("inception_a", "Inception-v3 A", "block")
class InceptionA(BlockKind):
    """The module of Inception-v3 on large images: a 5×5 window and, in place of a larger one, two 3×3 windows in a row.

    Szegedy et al., 2016, "Rethinking the inception architecture for computer vision".
    """

    more_about = "https://arxiv.org/abs/1512.00567"
    pool: int = _width(32, "After pooling", "Channels of the 1×1 convolution behind the average pooling.")
    scale: float = param(
        1.0, low=0.05, high=4.0, label="Width", unit="×", help="Of the paper's.", more=True, scales=True
    )

    def draw(self, x: Shape) -> NetworkSpec:
        picture(x, "An inception module")
        sketch, wide = Sketch(), self._wide
        ways = [convolution(sketch, "one", wide(64), 1, sketch.port)]
        convolution(sketch, "five_in", wide(48), 1, sketch.port)
        ways.append(convolution(sketch, "five", wide(64), 5))
        convolution(sketch, "double_in", wide(64), 1, sketch.port)
        convolution(sketch, "double1", wide(96), 3)
        ways.append(convolution(sketch, "double2", wide(96), 3))
        ways.append(_pooled(sketch, self.pool))
        sketch.add("join", "concatenate", {}, *ways)
        return sketch.network()

    def _wide(self, channels: int) -> int:
        return max(1, round(channels * self.scale))

    def said(self) -> str:
        return f"{self.pool} channels after pooling"


def _pooled(sketch: Sketch, filters: int) -> str:
    settings = {"kernel": 3, "stride": 1, "padding": 1, "count_padding": True}
    sketch.add("pool", "avg_pool", settings, sketch.port)
    return convolution(sketch, "pool_out", filters, 1)


@layer_kind("inception_c", "Inception-v3 B (7×1)", "block")
class InceptionC(BlockKind):
    """The module of Inception-v3 on middle-sized images: a 7×7 window made of a row and a column, at a fraction of its
    cost.

    Szegedy et al., 2016, "Rethinking the inception architecture for computer vision".
    """

    more_about = "https://arxiv.org/abs/1512.00567"
    narrow: int = _width(128, "Inside", "Channels between the rows and columns.")
    filters: int = _width(192, "Of each way", "Channels of each of the four ways.")

    def draw(self, x: Shape) -> NetworkSpec:
        picture(x, "An inception module")
        sketch, narrow, out = Sketch(), self.narrow, self.filters
        ways = [convolution(sketch, "one", out, 1, sketch.port)]
        convolution(sketch, "seven_in", narrow, 1, sketch.port)
        convolution(sketch, "seven_row", narrow, (1, 7))
        ways.append(convolution(sketch, "seven_column", out, (7, 1)))
        convolution(sketch, "double_in", narrow, 1, sketch.port)
        convolution(sketch, "double_column1", narrow, (7, 1))
        convolution(sketch, "double_row1", narrow, (1, 7))
        convolution(sketch, "double_column2", narrow, (7, 1))
        ways.append(convolution(sketch, "double_row2", out, (1, 7)))
        ways.append(_pooled(sketch, out))
        sketch.add("join", "concatenate", {}, *ways)
        return sketch.network()

    def said(self) -> str:
        return f"4 · {self.filters} channels, {self.narrow} inside"


@layer_kind("inception_e", "Inception-v3 C (wide)", "block")
class InceptionE(BlockKind):
    """The module of Inception-v3 on small images: rows and columns side by side, so that many channels come out.

    Szegedy et al., 2016, "Rethinking the inception architecture for computer vision".
    """

    more_about = "https://arxiv.org/abs/1512.00567"
    filters: int = _width(384, "Of each window", "Channels of each row and column window.")

    def draw(self, x: Shape) -> NetworkSpec:
        picture(x, "An inception module")
        sketch, wide = Sketch(), self.filters
        ways = [convolution(sketch, "one", max(1, wide * 5 // 6), 1, sketch.port)]
        split = convolution(sketch, "three_in", wide, 1, sketch.port)
        ways.append(convolution(sketch, "three_row", wide, (1, 3), split))
        ways.append(convolution(sketch, "three_column", wide, (3, 1), split))
        convolution(sketch, "double_in", max(1, wide * 7 // 6), 1, sketch.port)
        split = convolution(sketch, "double", wide, 3)
        ways.append(convolution(sketch, "double_row", wide, (1, 3), split))
        ways.append(convolution(sketch, "double_column", wide, (3, 1), split))
        ways.append(_pooled(sketch, max(1, wide // 2)))
        sketch.add("join", "concatenate", {}, *ways)
        return sketch.network()

    def said(self) -> str:
        return f"{self.filters} channels of each window"


@layer_kind("inception_reduction_a", "Inception-v3 reduction A", "block")
class InceptionReductionA(BlockKind):
    """Halves the image between two kinds of Inception-v3 modules: convolutions with stride 2 beside a max pooling.

    Szegedy et al., 2016, "Rethinking the inception architecture for computer vision".
    """

    more_about = "https://arxiv.org/abs/1512.00567"
    filters: int = _width(384, "Width of 3×3", "Channels of the single 3×3 convolution.")
    double: int = _width(96, "Double 3×3", "Channels of the two 3×3 convolutions in a row.")

    def draw(self, x: Shape) -> NetworkSpec:
        sketch, edge = Sketch(), _edge(picture(x, "An inception reduction"))
        ways = [convolution(sketch, "three", self.filters, 3, sketch.port, stride=2, padding=edge)]
        convolution(sketch, "double_in", max(1, self.double * 2 // 3), 1, sketch.port)
        convolution(sketch, "double1", self.double, 3)
        ways.append(convolution(sketch, "double2", self.double, 3, stride=2, padding=edge))
        ways.append(sketch.add("pool", "max_pool", {"kernel": 3, "stride": 2, "padding": edge}, sketch.port))
        sketch.add("join", "concatenate", {}, *ways)
        return sketch.network()

    def said(self) -> str:
        return f"{self.filters} + {self.double} channels and those of the input"


@layer_kind("inception_reduction_b", "Inception-v3 reduction B", "block")
class InceptionReductionB(BlockKind):
    """Halves the image before the last modules of Inception-v3; one way looks through rows and columns of seven first.

    Szegedy et al., 2016, "Rethinking the inception architecture for computer vision".
    """

    more_about = "https://arxiv.org/abs/1512.00567"
    filters: int = _width(192, "Inside", "Channels of the convolutions.")
    three: int = _width(320, "Width of 3×3", "Channels of the single 3×3 convolution.")

    def draw(self, x: Shape) -> NetworkSpec:
        sketch, edge, wide = Sketch(), _edge(picture(x, "An inception reduction")), self.filters
        convolution(sketch, "three_in", wide, 1, sketch.port)
        ways = [convolution(sketch, "three", self.three, 3, stride=2, padding=edge)]
        convolution(sketch, "seven_in", wide, 1, sketch.port)
        convolution(sketch, "seven_row", wide, (1, 7))
        convolution(sketch, "seven_column", wide, (7, 1))
        ways.append(convolution(sketch, "seven", wide, 3, stride=2, padding=edge))
        ways.append(sketch.add("pool", "max_pool", {"kernel": 3, "stride": 2, "padding": edge}, sketch.port))
        sketch.add("join", "concatenate", {}, *ways)
        return sketch.network()

    def said(self) -> str:
        return f"{self.three} + {self.filters} channels and those of the input"


def _edge(x: Shape) -> str:
    """Without padding, as in the paper, unless the window would not fit into the image."""
    return "valid" if min(x[1:]) >= 3 else "same"
