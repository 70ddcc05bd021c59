"""Augmentations that change colours, each place like every other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.data.augment.base import Recolour, augmentation, share_of_images
from engine.data.augment.geometry import either_way
from engine.params import param

if TYPE_CHECKING:
    from torch import Generator, Tensor

LUMA = (0.299, 0.587, 0.114)
"""How bright red, green and blue look (ITU-R BT.601), as everywhere where images become grey."""


def unchanged(count: int) -> Tensor:
    """(count, 4, 4) matrices that leave every colour as it is."""
    import torch

    return torch.eye(4).repeat(count, 1, 1)


def scaled(factors: Tensor, around: float) -> Tensor:
    """(B,) -> (B, 4, 4): the distance of each value from `around`, times the image's factor."""
    import torch

    made = unchanged(len(factors))
    made[:, :3, :3] = torch.eye(3) * factors[:, None, None]
    made[:, :3, 3] = (around * (1 - factors))[:, None]
    return made


@augmentation("brightness", "Brightness", "colour")
class Brightness(Recolour):
    """Make each image a little darker or brighter, as another light would."""

    percent: float = param(
        20.0, low=0.0, high=100.0, unit="%", label="Amount", help="Largest change of all values, up as down."
    )

    def colours(self, count: int, generator: Generator) -> Tensor:
        return scaled(1 + either_way(count, generator) * (self.percent / 100), around=0.0)


@augmentation("contrast", "Contrast", "colour")
class Contrast(Recolour):
    """Move the values of each image away from middle grey or towards it, as haze and other cameras do."""

    percent: float = param(
        20.0, low=0.0, high=100.0, unit="%", label="Amount", help="Largest change of the distance from middle grey."
    )

    def colours(self, count: int, generator: Generator) -> Tensor:
        return scaled(1 + either_way(count, generator) * (self.percent / 100), around=0.5)


@augmentation("saturation", "Saturation", "colour")
class Saturation(Recolour):
    """Make the colours of each image paler or stronger; without effect on grey images."""

    percent: float = param(
        30.0, low=0.0, high=100.0, unit="%", label="Amount", help="Largest change: at 100 % some images become grey."
    )

    def colours(self, count: int, generator: Generator) -> Tensor:
        import torch

        kept = (1 + either_way(count, generator) * (self.percent / 100))[:, None, None]
        made = unchanged(count)
        made[:, :3, :3] = torch.eye(3) * kept + torch.tensor(LUMA).expand(3, 3) * (1 - kept)
        return made


@augmentation("hue", "Hue", "colour")
class Hue(Recolour):
    """Turn the colours of each image along the rainbow, red towards yellow or violet; without effect on grey images."""

    degrees: float = param(
        20.0,
        low=0.0,
        high=180.0,
        unit="°",
        label="Angle",
        help="Largest turn: 120° makes red green or blue.",
    )

    def colours(self, count: int, generator: Generator) -> Tensor:
        import torch

        return turned(torch.deg2rad(either_way(count, generator) * self.degrees))


def turned(angles: Tensor) -> Tensor:
    """(B,) radians -> (B, 4, 4): colours turned about the axis of the greys (Rodrigues' formula).

    A third of a turn makes red exactly green, as in the HSV circle; in between it needs no cases, and is one matrix.
    """
    import torch

    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    cosine, sine = angles.cos()[:, None, None], angles.sin()[:, None, None]
    made = unchanged(len(angles))
    made[:, :3, :3] = torch.eye(3) * cosine + across * sine + (1 - cosine) / 3
    return made


@augmentation("invert", "Invert", "colour")
class Invert(Recolour):
    """Swap light and dark in some of the images, as in a negative."""

    probability: float = share_of_images(0.5)

    def colours(self, count: int, generator: Generator) -> Tensor:
        import torch

        chosen = torch.rand(count, generator=generator) < self.probability
        return scaled(torch.where(chosen, -1.0, 1.0), around=0.5)


@augmentation("permute", "Swap colours", "colour")
class Permute(Recolour):
    """Put red, green and blue of some of the images into another order; without effect on grey images."""

    probability: float = share_of_images(0.5)

    def colours(self, count: int, generator: Generator) -> Tensor:
        import torch

        chosen = torch.rand(count, generator=generator) < self.probability
        orders = torch.rand(count, 3, generator=generator).argsort(1)
        made = unchanged(count)
        made[chosen, :3, :3] = torch.eye(3)[orders[chosen]]
        return made
