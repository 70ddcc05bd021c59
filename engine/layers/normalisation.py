"""Layers that steady the numbers that flow, so that training goes better."""

from __future__ import annotations

import math

from engine.errors import ShapeMismatch
from engine.layers.base import EVERYWHERE, LayerKind, Reach, Shape, grouped, layer_kind, picture, shape_in_words
from engine.layers.made import Made, made, unlike
from engine.params import param, short_number


@layer_kind("batch_norm", "Batch normalisation", "normalisation")
class BatchNormalisation(LayerKind):
    """Shifts and scales every channel to mean 0 and deviation 1 over the batch, then by two learnt numbers. Training
    becomes faster and forgives larger learning rates.

    Ioffe and Szegedy, 2015, "Batch normalization".
    """

    more_about = "https://arxiv.org/abs/1502.03167"
    momentum: float = param(
        0.1,
        low=0.0001,
        high=1.0,
        label="Momentum",
        help="How fast the running mean used after training follows the batches.",
        more=True,
    )
    epsilon: float = param(
        1e-5, low=1e-12, high=1.0, label="Epsilon", help="Added to the variance, against division by zero.", more=True
    )

    def infer(self, x: Shape) -> Shape:
        if len(x) in (1, 3):
            return x
        raise ShapeMismatch(
            "Batch normalisation needs an image or a flat list of numbers.",
            why=f"It receives {shape_in_words(x)}.",
            fix="Add Flatten before it, or move it to where an image arrives.",
        )

    def parameters(self, x: Shape) -> int:
        return 2 * x[0]

    def made(self, x: Shape) -> Made:
        unusual = unlike({"eps": 1e-5, "momentum": 0.1}, eps=self.epsilon, momentum=self.momentum)
        return made("nn.BatchNorm2d" if len(x) == 3 else "nn.BatchNorm1d", x[0], **unusual)

    def formula(self, x: Shape) -> str:
        return f"{grouped(x[0])} channels · 2 (scale and shift)\n= {grouped(self.parameters(x))}"


def _epsilon(default: float = 1e-5) -> float:
    return param(
        default,
        low=1e-12,
        high=1.0,
        label="Epsilon",
        help="Added to the variance, against division by zero.",
        more=True,
    )


@layer_kind("layer_norm", "Layer normalisation", "normalisation")
class LayerNormalisation(LayerKind):
    """Shifts and scales the numbers of each image by themselves, whatever else is in the batch, then by learnt numbers.
    Usual in transformers and in ConvNeXt.

    Ba et al., 2016, "Layer normalization".
    """

    over: str = param(
        "channels",
        choices={"channels": "the channels of each pixel", "all": "the whole image"},
        label="Taken over",
        help="Mean and deviation of the channels at each pixel, as in ConvNeXt, or of all numbers of an image.",
    )
    epsilon: float = _epsilon()
    more_about = "https://arxiv.org/abs/1607.06450"

    def _learnt(self, x: Shape) -> Shape:
        if len(x) == 3:
            return x[:1] if self.over == "channels" else x
        return x[-1:]

    def parameters(self, x: Shape) -> int:
        return 2 * math.prod(self._learnt(x))

    def made(self, x: Shape) -> Made:
        unusual = unlike({"eps": 1e-5}, eps=self.epsilon)
        if len(x) == 3 and self.over == "channels":
            return made("ChannelLayerNorm", x[0], **unusual)
        return made("nn.LayerNorm", self._learnt(x), **unusual)

    def reach(self, x: Shape) -> Reach:
        return Reach() if self.over == "channels" else EVERYWHERE

    def said(self) -> str:
        return "over the channels of each pixel" if self.over == "channels" else "over the whole image"

    def formula(self, x: Shape) -> str:
        return f"{grouped(self.parameters(x) // 2)} numbers · 2 (scale and shift)\n= {grouped(self.parameters(x))}"


@layer_kind("group_norm", "Group normalisation", "normalisation")
class GroupNormalisation(LayerKind):
    """Shifts and scales groups of channels of each image by themselves. Works where batches are too small for batch
    normalisation.

    Wu and He, 2018, "Group normalization".
    """

    groups: int = param(1, low=1, high=1024, label="Groups", help="Must divide the channels.")
    epsilon: float = _epsilon()
    more_about = "https://arxiv.org/abs/1803.08494"

    def infer(self, x: Shape) -> Shape:
        channels = picture(x, self.title)[0]
        if channels % self.groups:
            raise ShapeMismatch(
                f"{self.groups} groups do not divide the {channels} channels.",
                why="Every group has equally many.",
                fix="Choose a number that divides the channels.",
            )
        return x

    def parameters(self, x: Shape) -> int:
        return 2 * x[0]

    def made(self, x: Shape) -> Made:
        return made("nn.GroupNorm", self.groups, x[0], **unlike({"eps": 1e-5}, eps=self.epsilon))

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE

    def said(self) -> str:
        return f"{self.groups} groups"

    def formula(self, x: Shape) -> str:
        return f"{grouped(x[0])} channels · 2 (scale and shift)\n= {grouped(self.parameters(x))}"


@layer_kind("instance_norm", "Instance normalisation", "normalisation")
class InstanceNormalisation(LayerKind):
    """Shifts and scales every channel of each image by itself. Contrast and brightness of an image stop to matter;
    known from style transfer.

    Ulyanov et al., 2016, "Instance normalization".
    """

    affine: bool = param(True, label="Learnt scale and shift", help="Two learnt numbers for every channel.", more=True)
    epsilon: float = _epsilon()
    more_about = "https://arxiv.org/abs/1607.08022"

    def infer(self, x: Shape) -> Shape:
        _, height, width = picture(x, self.title)
        if height * width < 2:
            raise ShapeMismatch(
                "Instance normalisation needs more than one pixel.",
                why="A single number minus its own mean is always zero.",
                fix="Move it to where the image is larger, or use layer normalisation.",
            )
        return x

    def parameters(self, x: Shape) -> int:
        return 2 * x[0] if self.affine else 0

    def made(self, x: Shape) -> Made:
        unusual = unlike({"eps": 1e-5, "affine": False}, eps=self.epsilon, affine=self.affine)
        return made("nn.InstanceNorm2d", x[0], **unusual)

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE

    def formula(self, x: Shape) -> str:
        if not self.affine:
            return ""
        return f"{grouped(x[0])} channels · 2 (scale and shift)\n= {grouped(self.parameters(x))}"


@layer_kind("local_response_norm", "Local response normalisation", "normalisation")
class LocalResponseNormalisation(LayerKind):
    """Damps a strong answer where neighbouring channels answer strongly too. AlexNet used it; batch normalisation has
    replaced it.

    Krizhevsky et al., 2012, "ImageNet classification with deep convolutional neural networks".
    """

    more_about = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html"

    size: int = param(5, low=1, high=255, label="Channels around", help="How many neighbouring channels count.")
    alpha: float = param(1e-4, low=0.0, high=10.0, label="Alpha", help="How strongly they count.", more=True)
    beta: float = param(0.75, low=0.0, high=10.0, label="Beta", help="Exponent.", more=True)
    k: float = param(1.0, low=0.001, high=100.0, label="K", help="Added, against division by zero.", more=True)

    def infer(self, x: Shape) -> Shape:
        return picture(x, self.title)

    def made(self, x: Shape) -> Made:
        usual = {"alpha": 1e-4, "beta": 0.75, "k": 1.0}
        return made("nn.LocalResponseNorm", self.size, **unlike(usual, alpha=self.alpha, beta=self.beta, k=self.k))

    def said(self) -> str:
        return f"{self.size} channels"


@layer_kind("layer_scale", "Layer scale", "normalisation")
class LayerScale(LayerKind):
    """Multiplies every channel by a learnt number that starts near zero. A residual branch so begins quietly, which
    steadies very deep networks.

    Touvron et al., 2021, "Going deeper with image transformers".
    """

    initial: float = param(1e-6, low=1e-12, high=1.0, label="Starts at", help="The value before training.")
    more_about = "https://arxiv.org/abs/2103.17239"

    def parameters(self, x: Shape) -> int:
        return x[-1] if len(x) == 2 else x[0]

    def made(self, x: Shape) -> Made:
        return made("LayerScale", (self.parameters(x), 1, 1) if len(x) == 3 else (self.parameters(x),), self.initial)

    def said(self) -> str:
        return f"starts at {short_number(self.initial)}"

    def formula(self, x: Shape) -> str:
        return f"one number for each channel\n= {grouped(self.parameters(x))}"
