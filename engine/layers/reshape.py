"""Where pictures come in, and layers that only change the form of what they receive."""

from __future__ import annotations

import math

from engine.layers.base import EVERYWHERE, NONE, LayerKind, Reach, Shape, layer_kind
from engine.layers.made import Made, made


@layer_kind("image", "Image", "input")
class ImageInput(LayerKind):
    """Where the pictures come in. Size and colour are those of the data, chosen once for the whole project.

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
    """Lines up all numbers of the picture in one long list, as dense layers need it. What stood side by side is no
    longer known to be neighbours."""

    def infer(self, x: Shape) -> Shape:
        return (math.prod(x),)

    def made(self, x: Shape) -> Made:
        return made("nn.Flatten", expression="torch.flatten({0}, 1)")

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE
