"""Activations after ReLU: smoother, cheaper or learnt ones."""

from __future__ import annotations

import math

from engine.errors import ShapeMismatch
from engine.layers.base import EVERYWHERE, LayerKind, Reach, Shape, grouped, layer_kind, shape_in_words
from engine.layers.made import Made, made, unlike
from engine.params import param


@layer_kind("relu6", "ReLU6", "activation")
class ReLU6(LayerKind):
    """ReLU that never gives more than 6. Numbers of a known range can be stored in few bits, as on phones.

    Howard et al., 2017, "MobileNets".
    """

    more_about = "https://arxiv.org/abs/1704.04861"

    def made(self, x: Shape) -> Made:
        return made("nn.ReLU6")


@layer_kind("prelu", "PReLU", "activation")
class PReLU(LayerKind):
    """Leaky ReLU whose slope for negative numbers is learnt. The network decides how much of them it lets through.

    He et al., 2015, "Delving deep into rectifiers".
    """

    slopes: str = param(
        "channels",
        choices={"channels": "one for each channel", "one": "one for all"},
        label="Slopes",
        help="How many slopes are learnt.",
    )
    initial: float = param(0.25, low=0.0, high=1.0, label="Starts at", help="Slope before training.", more=True)
    more_about = "https://arxiv.org/abs/1502.01852"

    def infer(self, x: Shape) -> Shape:
        if len(x) == 2 and self.slopes == "channels":
            raise ShapeMismatch(
                "PReLU with a slope for each channel needs an image or a flat list of numbers.",
                why=f"It receives {shape_in_words(x)}.",
                fix="Set the slopes to one for all.",
            )
        return x

    def parameters(self, x: Shape) -> int:
        return x[0] if self.slopes == "channels" else 1

    def made(self, x: Shape) -> Made:
        return made("nn.PReLU", self.parameters(x), **unlike({"init": 0.25}, init=self.initial))

    def said(self) -> str:
        return "a slope for each channel" if self.slopes == "channels" else "one slope"

    def formula(self, x: Shape) -> str:
        return f"{self.said()}\n= {grouped(self.parameters(x))}"


@layer_kind("selu", "SELU", "activation")
class SELU(LayerKind):
    """ELU with a scale chosen so that means and deviations steady themselves from layer to layer. Made for deep
    networks of dense layers without normalisation.

    Klambauer et al., 2017, "Self-normalizing neural networks".
    """

    more_about = "https://arxiv.org/abs/1706.02515"

    def made(self, x: Shape) -> Made:
        return made("nn.SELU")


@layer_kind("gelu", "GELU", "activation")
class GELU(LayerKind):
    """Lets a number through as far as it is larger than chance would have it: a smooth ReLU. Usual in transformers and
    ConvNeXt.

    Hendrycks and Gimpel, 2016, "Gaussian error linear units".
    """

    more_about = "https://arxiv.org/abs/1606.08415"

    def made(self, x: Shape) -> Made:
        return made("nn.GELU")


@layer_kind("silu", "SiLU", "activation")
class SiLU(LayerKind):
    """A number times its own sigmoid, also called Swish. Smooth, and slightly negative before zero; used in
    EfficientNet.

    Ramachandran et al., 2017, "Searching for activation functions".
    """

    more_about = "https://arxiv.org/abs/1710.05941"

    def made(self, x: Shape) -> Made:
        return made("nn.SiLU")


@layer_kind("mish", "Mish", "activation")
class Mish(LayerKind):
    """A number times the tanh of its softplus. Like SiLU, a smooth curve with a small dip before zero.

    Misra, 2019, "Mish: a self regularized non-monotonic activation function".
    """

    more_about = "https://arxiv.org/abs/1908.08681"

    def made(self, x: Shape) -> Made:
        return made("nn.Mish")


@layer_kind("hard_sigmoid", "Hard sigmoid", "activation")
class HardSigmoid(LayerKind):
    """Sigmoid made of three straight pieces. Far cheaper to compute and nearly the same.

    Howard et al., 2019, "Searching for MobileNetV3".
    """

    more_about = "https://arxiv.org/abs/1905.02244"

    def made(self, x: Shape) -> Made:
        return made("nn.Hardsigmoid")


@layer_kind("hard_swish", "Hard swish", "activation")
class HardSwish(LayerKind):
    """SiLU with a hard sigmoid. It runs fast on phones; used in MobileNetV3.

    Howard et al., 2019, "Searching for MobileNetV3".
    """

    more_about = "https://arxiv.org/abs/1905.02244"

    def made(self, x: Shape) -> Made:
        return made("nn.Hardswish")


@layer_kind("softplus", "Softplus", "activation")
class Softplus(LayerKind):
    """A smooth ReLU that never gives exactly zero. Useful where an output has to be positive.

    Glorot et al., 2011, "Deep sparse rectifier neural networks".
    """

    more_about = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html"

    def made(self, x: Shape) -> Made:
        return made("nn.Softplus")


@layer_kind("maxout", "Maxout", "activation")
class Maxout(LayerKind):
    """Has several linear maps and gives the largest of their answers. The bend itself is learnt: with enough maps it
    can take any convex form.

    Goodfellow et al., 2013, "Maxout networks".
    """

    units: int = param(64, low=1, high=8192, label="Outputs", help="Neurons, or channels of an image.", scales=True)
    maps: int = param(2, low=2, high=16, label="Linear maps", help="How many compete for each output.")
    more_about = "https://arxiv.org/abs/1302.4389"

    def infer(self, x: Shape) -> Shape:
        if len(x) == 2:
            raise ShapeMismatch(
                "Maxout needs an image or a flat list of numbers.",
                why=f"It receives {shape_in_words(x)}.",
                fix="Put it behind the layer that ends the sequence, such as Last step.",
            )
        return self.units, *x[1:]

    def parameters(self, x: Shape) -> int:
        return (x[0] + 1) * self.units * self.maps

    def multiply_adds(self, x: Shape) -> int:
        return x[0] * self.units * self.maps * math.prod(x[1:])

    def made(self, x: Shape) -> Made:
        return made("Maxout", x[0], self.units, self.maps, len(x) == 3)

    def reach(self, x: Shape) -> Reach:
        return Reach() if len(x) == 3 else EVERYWHERE

    def said(self) -> str:
        return f"{self.units} outputs, the largest of {self.maps}"

    def formula(self, x: Shape) -> str:
        return (
            f"{self.maps} maps of {grouped(x[0])} → {grouped(self.units)}\n"
            f"{self.maps} · ({grouped(x[0])} · {grouped(self.units)} + {grouped(self.units)} biases)\n"
            f"= {grouped(self.parameters(x))}"
        )
