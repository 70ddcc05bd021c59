"""Where pictures come in, and layers that only change the form of what they receive."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.layers.base import LayerKind, Shape, layer_kind

if TYPE_CHECKING:
    from torch import nn


@layer_kind("image", "Image", "input")
class ImageInput(LayerKind):
    """Where the pictures come in. Size and colour are those of the data, chosen once for the whole project.

    It has no settings of its own, so that a network and its data can never disagree about them.
    """

    arity = 0

    def build(self, x: Shape) -> nn.Module:
        from torch import nn

        return nn.Identity()


@layer_kind("flatten", "Flatten", "reshape")
class Flatten(LayerKind):
    """Lines up all numbers of the picture in one long list, as dense layers need it. What stood side by side is no
    longer known to be neighbours."""

    def infer(self, x: Shape) -> Shape:
        return (math.prod(x),)

    def build(self, x: Shape) -> nn.Module:
        from torch import nn

        return nn.Flatten()
