"""Layers that weigh what is there by what else is there."""

from __future__ import annotations

import math

from engine.errors import ShapeMismatch
from engine.layers.base import EVERYWHERE, LayerKind, Reach, Shape, grouped, layer_kind, picture, shape_in_words
from engine.layers.made import Made, made
from engine.params import param

MOST_STEPS = 4096
"""Self-attention compares every step with every other one: more need gigabytes."""


@layer_kind("squeeze_excitation", "Squeeze and excitation", "attention")
class SqueezeExcitation(LayerKind):
    """Looks at the means of all channels and turns each channel up or down. What matters in this image is made louder.

    Hu et al., 2018, "Squeeze-and-excitation networks".
    """

    squeezed: int = param(
        0,
        low=0,
        high=4096,
        label="Squeezed",
        zero_means="a quarter",
        help="Channels of the small network between.",
        scales=True,
    )
    activation: str = param(
        "relu", choices={"relu": "ReLU", "silu": "SiLU"}, label="Activation", help="Between its layers.", more=True
    )
    gate: str = param(
        "sigmoid",
        choices={"sigmoid": "sigmoid", "hard_sigmoid": "hard sigmoid"},
        label="Gate",
        help="Turns its answer into factors from 0 to 1.",
        more=True,
    )
    more_about = "https://arxiv.org/abs/1709.01507"
    sees_places = False

    def infer(self, x: Shape) -> Shape:
        return picture(x, self.title)

    def _between(self, x: Shape) -> int:
        return self.squeezed or max(1, x[0] // 4)

    def parameters(self, x: Shape) -> int:
        return (x[0] + 1) * self._between(x) + (self._between(x) + 1) * x[0]

    def multiply_adds(self, x: Shape) -> int:
        return 2 * x[0] * self._between(x)

    def made(self, x: Shape) -> Made:
        usual = (self.activation, self.gate) == ("relu", "sigmoid")
        return made("SqueezeExcitation", x[0], self._between(x), *(() if usual else (self.activation, self.gate)))

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE

    def said(self) -> str:
        return f"through {self.squeezed} channels" if self.squeezed else "through a quarter of the channels"

    def formula(self, x: Shape) -> str:
        between = self._between(x)
        return (
            f"{x[0]} → {between} → {x[0]} channels\n"
            f"({x[0]} + 1) · {between} + ({between} + 1) · {x[0]}\n= {grouped(self.parameters(x))}"
        )


@layer_kind("self_attention", "Self-attention", "attention")
class SelfAttention(LayerKind):
    """Every pixel, or step of a sequence, asks all others and gathers what fits its question. Far apart things are
    related in one layer; the cost grows with the square of their number.

    Vaswani et al., 2017, "Attention is all you need".
    """

    heads: int = param(1, low=1, high=64, label="Heads", help="Questions asked at once; must divide the channels.")
    more_about = "https://arxiv.org/abs/1706.03762"

    def infer(self, x: Shape) -> Shape:
        if len(x) == 1:
            raise ShapeMismatch(
                "Self-attention needs an image or a sequence.",
                why=f"It receives {shape_in_words(x)}.",
                fix="Move it before the layer that flattens.",
            )
        if self._features(x) % self.heads:
            raise ShapeMismatch(
                f"{self.heads} heads do not divide the {self._features(x)} channels.",
                why="Every head takes an equal share.",
                fix="Choose a number that divides them.",
            )
        if self._steps(x) > MOST_STEPS:
            raise ShapeMismatch(
                f"Self-attention over {grouped(self._steps(x))} pixels would need too much memory.",
                why="It compares each of them with every other one.",
                fix="Make the image smaller first, for example by pooling.",
            )
        return x

    @staticmethod
    def _features(x: Shape) -> int:
        return x[0] if len(x) == 3 else x[-1]

    @staticmethod
    def _steps(x: Shape) -> int:
        return math.prod(x[1:]) if len(x) == 3 else x[0]

    def parameters(self, x: Shape) -> int:
        return 4 * self._features(x) * (self._features(x) + 1)

    def multiply_adds(self, x: Shape) -> int:
        steps, features = self._steps(x), self._features(x)
        return 4 * steps * features**2 + 2 * steps**2 * features

    def made(self, x: Shape) -> Made:
        return made("SelfAttention", self._features(x), self.heads)

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE

    def said(self) -> str:
        return "1 head" if self.heads == 1 else f"{self.heads} heads"

    def formula(self, x: Shape) -> str:
        features = self._features(x)
        return (
            f"question, key, value, output: 4 maps {features} → {features}\n"
            f"4 · ({features} · {features} + {features} biases)\n= {grouped(self.parameters(x))}"
        )
