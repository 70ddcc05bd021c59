"""Where images come in, and layers that only change the form of what they receive."""

from __future__ import annotations

import math

from engine.errors import ShapeMismatch
from engine.layers.base import (
    EVERYWHERE,
    NONE,
    LayerKind,
    Reach,
    Shape,
    grouped,
    layer_kind,
    picture,
    shape_in_words,
)
from engine.layers.made import Made, made
from engine.params import param


@layer_kind("image", "Image", "input")
class ImageInput(LayerKind):
    """Where the images come in. Size and colour are those of the data, chosen once for the whole project.

    It has no settings of its own, so that a network and its data can never disagree about them.
    """

    arity = NONE

    def made(self, x: Shape) -> Made:
        return made("nn.Identity", expression="{0}")


@layer_kind("port", "Block input", "input")
class BlockInput(LayerKind):
    """Where a block receives what the layer before the block gives. A block with two of them takes two inputs, in the
    order in which they stand."""

    arity = NONE
    in_palette = False

    def made(self, x: Shape) -> Made:
        return made("nn.Identity", expression="{0}")


@layer_kind("flatten", "Flatten", "reshape")
class Flatten(LayerKind):
    """Lines up all numbers of the image in one long list, as dense layers need it. What stood side by side is no
    longer known to be neighbours."""

    more_about = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html"

    def infer(self, x: Shape) -> Shape:
        return (math.prod(x),)

    def made(self, x: Shape) -> Made:
        return made("nn.Flatten", expression="torch.flatten({0}, 1)")

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE


@layer_kind("reshape", "Reshape", "reshape")
class Reshape(LayerKind):
    """Gives the same numbers another form: a list becomes an image, or an image one of other channels. The order of the
    numbers stays."""

    more_about = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html"

    channels: int = param(
        0, low=0, high=65_536, label="Channels", zero_means="what is left", help="Of the new image.", scales=True
    )
    height: int = param(
        8, low=0, high=65_536, label="Height", unit="pixels", zero_means="what is left", help="Of the new image."
    )
    width: int = param(
        8, low=0, high=65_536, label="Width", unit="pixels", zero_means="what is left", help="Of the new image."
    )

    def infer(self, x: Shape) -> Shape:
        wanted, total = (self.channels, self.height, self.width), math.prod(x)
        known = math.prod(side for side in wanted if side)
        open_sides = wanted.count(0)
        if open_sides > 1:
            raise ShapeMismatch(
                "Reshape leaves more than one side open.",
                why="Only one of channels, height and width can follow from the others.",
                fix="Give a number to all but one.",
            )
        if total % known or (not open_sides and total != known):
            raise ShapeMismatch(
                f"{grouped(total)} numbers do not fit into {' × '.join(str(side or '?') for side in wanted)}.",
                why=f"It receives {shape_in_words(x)}.",
                fix="Choose sides whose product is the number of incoming numbers.",
            )
        return tuple(side or total // known for side in wanted)

    def made(self, x: Shape) -> Made:
        shape = self.infer(x)
        return made("nn.Unflatten", 1, shape) if len(x) == 1 else made("Reshape", shape)

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE

    def said(self) -> str:
        return " × ".join(str(side or "?") for side in (self.channels, self.height, self.width))


@layer_kind("zero_padding", "Zero padding", "reshape")
class ZeroPadding(LayerKind):
    """Puts a frame of zeros round the image. Different widths at the sides let sizes fit exactly."""

    more_about = "https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html"

    top: int = param(1, low=0, high=512, label="Top", unit="pixels", help="Zeros added at this side.")
    bottom: int = param(1, low=0, high=512, label="Bottom", unit="pixels", help="Zeros added at this side.")
    left: int = param(1, low=0, high=512, label="Left", unit="pixels", help="Zeros added at this side.")
    right: int = param(1, low=0, high=512, label="Right", unit="pixels", help="Zeros added at this side.")

    def infer(self, x: Shape) -> Shape:
        channels, height, width = picture(x, self.title)
        return channels, height + self.top + self.bottom, width + self.left + self.right

    def made(self, x: Shape) -> Made:
        return made("nn.ZeroPad2d", (self.left, self.right, self.top, self.bottom))

    def said(self) -> str:
        return f"{self.top}, {self.right}, {self.bottom}, {self.left} pixels"


@layer_kind("crop", "Crop", "reshape")
class Crop(LayerKind):
    """Cuts pixels off the borders. Two ways of different sizes can so meet."""

    top: int = param(1, low=0, high=512, label="Top", unit="pixels", help="Cut off at this side.")
    bottom: int = param(1, low=0, high=512, label="Bottom", unit="pixels", help="Cut off at this side.")
    left: int = param(1, low=0, high=512, label="Left", unit="pixels", help="Cut off at this side.")
    right: int = param(1, low=0, high=512, label="Right", unit="pixels", help="Cut off at this side.")

    def infer(self, x: Shape) -> Shape:
        channels, height, width = picture(x, self.title)
        rest = height - self.top - self.bottom, width - self.left - self.right
        if min(rest) < 1:
            raise ShapeMismatch(
                "The crop leaves nothing of the image.",
                why=f"It is {height} × {width} pixels.",
                fix="Cut off fewer pixels.",
            )
        return channels, *rest

    def made(self, x: Shape) -> Made:
        return made("nn.ZeroPad2d", (-self.left, -self.right, -self.top, -self.bottom))

    def said(self) -> str:
        return f"{self.top}, {self.right}, {self.bottom}, {self.left} pixels"


@layer_kind("channel_shuffle", "Channel shuffle", "reshape")
class ChannelShuffle(LayerKind):
    """Deals the channels of each group out over all groups, like cards. Behind a convolution in groups it lets them
    exchange what they found.

    Zhang et al., 2017, "ShuffleNet".
    """

    groups: int = param(1, low=1, high=1024, label="Groups", help="Must divide the channels.")
    more_about = "https://arxiv.org/abs/1707.01083"

    def infer(self, x: Shape) -> Shape:
        channels = picture(x, self.title)[0]
        if channels % self.groups:
            raise ShapeMismatch(
                f"{self.groups} groups do not divide the {channels} channels.",
                why="Every group has equally many.",
                fix="Choose a number that divides the channels.",
            )
        return x

    def made(self, x: Shape) -> Made:
        return made("nn.ChannelShuffle", self.groups)

    def said(self) -> str:
        return f"{self.groups} groups"
