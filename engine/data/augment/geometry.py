"""Augmentations that move pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.data.augment.base import Augmentation, Move, augmentation, share_of_images
from engine.data.augment.draft import Draft
from engine.params import param
from engine.transfer import sent

if TYPE_CHECKING:
    import torch
    from torch import Generator, Tensor


def unmoved(count: int) -> Tensor:
    """(count, 3, 3) matrices that leave every pixel where it is."""
    import torch

    return torch.eye(3).repeat(count, 1, 1)


def either_way(count: int, generator: Generator) -> Tensor:
    """(count,) evenly drawn between -1 and 1."""
    import torch

    return torch.rand(count, generator=generator) * 2 - 1


@augmentation("mirror", "Mirror", "position")
class Mirror(Move):
    """Swap left and right in some of the images; right for animals and things, wrong for letters and digits."""

    probability: float = param(
        0.5, low=0.0, high=1.0, label="Probability", help="Share of the images that are mirrored each time."
    )

    def matrices(self, count: int, size: tuple[int, int], generator: Generator) -> Tensor:
        import torch

        made = unmoved(count)
        made[torch.rand(count, generator=generator) < self.probability, 0, 0] = -1
        return made


@augmentation("flip", "Upside down", "position")
class Flip(Move):
    """Swap top and bottom in some of the images; right for what is seen from above or through a microscope."""

    probability: float = param(
        0.5, low=0.0, high=1.0, label="Probability", help="Share of the images that are turned over each time."
    )

    def matrices(self, count: int, size: tuple[int, int], generator: Generator) -> Tensor:
        import torch

        made = unmoved(count)
        made[torch.rand(count, generator=generator) < self.probability, 1, 1] = -1
        return made


@augmentation("rotate", "Rotate", "position")
class Rotate(Move):
    """Turn each image by a random angle, as a camera that is not held quite straight does."""

    degrees: float = param(
        10.0, low=0.0, high=180.0, unit="°", label="Angle", help="Largest turn, to the left as to the right."
    )

    def matrices(self, count: int, size: tuple[int, int], generator: Generator) -> Tensor:
        import torch

        angles = torch.deg2rad(either_way(count, generator) * self.degrees)
        made = unmoved(count)
        made[:, 0, 0] = made[:, 1, 1] = angles.cos()
        made[:, 0, 1] = angles.sin()
        made[:, 1, 0] = -angles.sin()
        return made


@augmentation("shift", "Shift", "position")
class Shift(Move):
    """Move each image a little to a side and up or down, as if the camera had aimed elsewhere."""

    percent: float = param(
        10.0, low=0.0, high=50.0, unit="%", label="Amount", help="Largest way, of the width and of the height."
    )

    def matrices(self, count: int, size: tuple[int, int], generator: Generator) -> Tensor:
        made = unmoved(count)
        for axis, side in ((0, size[1]), (1, size[0])):
            made[:, axis, 2] = either_way(count, generator) * (self.percent / 100 * side)
        return made


@augmentation("zoom", "Zoom", "position")
class Zoom(Move):
    """Show each image a little larger or smaller, as from another distance."""

    percent: float = param(
        10.0, low=0.0, high=50.0, unit="%", label="Amount", help="Largest change: 10 % shows images at 90 to 110 %."
    )

    def matrices(self, count: int, size: tuple[int, int], generator: Generator) -> Tensor:
        sizes = 1 + either_way(count, generator) * (self.percent / 100)
        made = unmoved(count)
        made[:, 0, 0] = made[:, 1, 1] = 1 / sizes
        return made


@augmentation("shear", "Shear", "position")
class Shear(Move):
    """Slant each image to a side and up or down, as italic letters are slanted."""

    degrees: float = param(
        10.0, low=0.0, high=45.0, unit="°", label="Angle", help="Largest slant of upright and of level lines."
    )

    def matrices(self, count: int, size: tuple[int, int], generator: Generator) -> Tensor:
        import torch

        upright, level = unmoved(count), unmoved(count)
        upright[:, 0, 1] = torch.deg2rad(either_way(count, generator) * self.degrees).tan()
        level[:, 1, 0] = torch.deg2rad(either_way(count, generator) * self.degrees).tan()
        return upright @ level  # in turn: both in one matrix could press an image flat


@augmentation("perspective", "Perspective", "position")
class Perspective(Move):
    """Tilt each image away from the camera, so that one side looks nearer than the opposite one."""

    percent: float = param(
        20.0,
        low=0.0,
        high=40.0,
        unit="%",
        label="Amount",
        help="Largest tilt: at 20 % one edge is 20 % nearer than the middle and the opposite one 20 % farther away.",
    )

    def matrices(self, count: int, size: tuple[int, int], generator: Generator) -> Tensor:
        made = unmoved(count)
        for axis, side in ((0, size[1]), (1, size[0])):
            made[:, 2, axis] = either_way(count, generator) * (self.percent / 100 / (side / 2))
        return made


# As Ronneberger et al., "U-Net", 2015, section 3.1: random shifts on a coarse grid, bicubic between them.
@augmentation("elastic", "Elastic", "position")
class Elastic(Augmentation):
    """Bend each image as if it were printed on rubber; good for handwriting, cells and tissue."""

    percent: float = param(
        5.0, low=0.0, high=20.0, unit="%", label="Amount", help="Largest way a place is pulled, of the width or height."
    )
    waves: int = param(
        4, low=2, high=12, label="Waves", help="Places along a side that are pulled on their own: more is finer."
    )
    probability: float = share_of_images(1.0)

    def vary(self, draft: Draft, generator: Generator) -> None:
        import torch

        count, (height, width) = len(draft), draft.size
        pulls = torch.rand(count, 2, self.waves, self.waves, generator=generator) * 2 - 1
        chosen = torch.rand(count, generator=generator) < self.probability
        if self.percent == 0 or not chosen.any():
            return
        pulls *= torch.tensor([width, height])[:, None, None] * (self.percent / 100)
        pulls = sent(pulls * chosen[:, None, None, None], draft.device)
        draft.bend(_spread(self.waves, height, draft.device) @ pulls @ _spread(self.waves, width, draft.device).T)


def _spread(few: int, many: int, device: torch.device) -> Tensor:
    """(many, few): times `few` values, `many` values bicubic between them; far cheaper than an interpolation in 2D."""
    import torch
    from torch.nn import functional

    lines = functional.interpolate(torch.eye(few)[None, None], (many, few), mode="bicubic", align_corners=True)
    return sent(lines[0, 0], device)
