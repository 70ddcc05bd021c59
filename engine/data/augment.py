"""Augmentations: every training picture a little different each time, so that the network learns what does not matter.

Every picture of a batch gets settings of its own. Random numbers are drawn on the CPU, from the generator that is
handed in: the same seed then gives the same pictures on every device. What moves pixels is a matrix per picture; all of
them in a row are multiplied, so that mirror, rotation and zoom together cost one interpolation and blur once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.data.choose import make
from engine.params import Declared, param
from engine.registry import Registry
from engine.spec.data import Chosen

if TYPE_CHECKING:
    from torch import Generator, Tensor

AUGMENTATIONS: Registry[type[Augmentation]] = Registry("augmentation")


class Augmentation(Declared):
    """One way to vary pictures. A kind overrides `matrices` or `pixels`; the docstring of the class is its help."""

    def matrices(self, count: int, generator: Generator) -> Tensor | None:
        """How pixels move: (count, 3, 3) float32 on the CPU, or None where they stay.

        A matrix leads from a place in the result to the place in the picture that is shown there. Places are
        (x, y, 1) in pixels from the centre, x to the right, y down.
        """
        return None

    def pixels(self, x: Tensor, generator: Generator) -> Tensor:
        """Other values for `x`, (B, C, H, W) in 0..1 on any device; `generator` draws on the CPU."""
        return x


@AUGMENTATIONS.add("mirror", "Mirror")
@dataclass(frozen=True)
class Mirror(Augmentation):
    """Swap left and right in some of the images; right for animals and things, wrong for letters and digits."""

    probability: float = param(
        0.5, low=0.0, high=1.0, label="Probability", help="Share of the images that are mirrored each time."
    )

    def matrices(self, count: int, generator: Generator) -> Tensor:
        import torch

        made = torch.eye(3).repeat(count, 1, 1)
        made[torch.rand(count, generator=generator) < self.probability, 0, 0] = -1
        return made


@AUGMENTATIONS.add("rotate", "Rotate")
@dataclass(frozen=True)
class Rotate(Augmentation):
    """Turn each image by a random angle, as a camera that is not held quite straight does."""

    degrees: float = param(
        10.0, low=0.0, high=180.0, unit="°", label="Angle", help="Largest turn, to the left as to the right."
    )

    def matrices(self, count: int, generator: Generator) -> Tensor:
        import torch

        angles = torch.deg2rad((torch.rand(count, generator=generator) * 2 - 1) * self.degrees)
        made = torch.eye(3).repeat(count, 1, 1)
        made[:, 0, 0] = made[:, 1, 1] = angles.cos()
        made[:, 0, 1] = angles.sin()
        made[:, 1, 0] = -angles.sin()
        return made


@AUGMENTATIONS.add("zoom", "Zoom")
@dataclass(frozen=True)
class Zoom(Augmentation):
    """Show each image a little larger or smaller, as from another distance."""

    percent: float = param(
        10.0, low=0.0, high=50.0, unit="%", label="Amount", help="Largest change: 10 % shows images at 90 to 110 %."
    )

    def matrices(self, count: int, generator: Generator) -> Tensor:
        import torch

        sizes = 1 + (torch.rand(count, generator=generator) * 2 - 1) * (self.percent / 100)
        made = torch.eye(3).repeat(count, 1, 1)
        made[:, 0, 0] = made[:, 1, 1] = 1 / sizes
        return made


class Augmenter:
    """The chosen augmentations, in their order, for whole batches.

    Measured for 32 pictures of 3 x 64 x 64 on one CPU thread, best of 60 on a busy machine: mirror alone 0.2 ms, all
    three 1.0 ms, and 3 ms where the system hands out each new block of memory page by page.

    Args:
        chosen: entries of `AUGMENTATIONS`.
        size: (height, width) of the pictures.
    Raises:
        EngineError: an entry or one of its settings is unknown or not acceptable.
    """

    def __init__(self, chosen: Sequence[Chosen], size: tuple[int, int]):
        self.steps: tuple[Augmentation, ...] = tuple(make(AUGMENTATIONS, entry) for entry in chosen)
        self.size = size

    def __call__(self, x: Tensor, generator: Generator) -> Tensor:
        """Vary a batch.

        Args:
            x: (B, C, H, W) float in 0..1, on any device, in any memory format.
            generator: on the CPU; the only source of chance.
        Returns:
            The same shape, type, device and memory format.
        """
        moved: Tensor | None = None
        for step in self.steps:
            matrices = step.matrices(len(x), generator)
            if matrices is None:
                # Values may depend on where they are, so what has been moved so far must be in place.
                x = step.pixels(self._moved(x, moved), generator)
                moved = None
            else:
                moved = matrices if moved is None else moved @ matrices
        return self._moved(x, moved)

    def _moved(self, x: Tensor, matrices: Tensor | None) -> Tensor:
        if matrices is None:
            return x
        import torch

        if torch.equal(matrices.abs(), torch.eye(3).expand_as(matrices)):  # nothing but mirrors: no interpolation
            return _flipped(x, matrices)
        return self._interpolated(x, matrices)

    def _interpolated(self, x: Tensor, matrices: Tensor) -> Tensor:
        import torch
        from torch.nn import functional

        # Reflection goes on with what is there; a border of one colour or smeared edges would be learnt as a sign.
        result = functional.grid_sample(
            x.float(),
            self._grid(matrices.to(x.device)),
            mode="bilinear",
            padding_mode="reflection",
            align_corners=False,
        )
        is_last = x.is_contiguous(memory_format=torch.channels_last)
        return result.to(x.dtype, memory_format=torch.channels_last if is_last else torch.contiguous_format)

    def _grid(self, matrices: Tensor) -> Tensor:
        """(B, H, W, 2): for each pixel of the result the place (x, y) it comes from, -1 to 1 from edge to edge.

        What `affine_grid` does by multiplying many tiny matrices, in 0.12 instead of 1.7 ms for 32 pictures of 64 x 64.
        """
        import torch

        height, width = self.size
        across = torch.arange(width, device=matrices.device) - (width - 1) / 2
        down = torch.arange(height, device=matrices.device) - (height - 1) / 2
        grid = torch.empty(len(matrices), height, width, 2, device=matrices.device)
        for axis, side in ((0, width), (1, height)):
            from_x, from_y, shift = (matrices[:, axis] * (2 / side)).unbind(1)
            lines = from_y[:, None] * down + shift[:, None]
            grid[..., axis] = from_x[:, None, None] * across + lines[:, :, None]
        return grid


def _flipped(x: Tensor, matrices: Tensor) -> Tensor:
    """Turn over the pictures whose matrix has -1 for x (left and right) or y (up and down)."""
    x = x.clone()
    for axis, dimension in ((0, 3), (1, 2)):
        chosen = (matrices[:, axis, axis] < 0).nonzero()[:, 0].to(x.device)
        if len(chosen):
            x[chosen] = x[chosen].flip(dimension)
    return x
