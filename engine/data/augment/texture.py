"""Augmentations of what is fine in an image: sharpness, noise, compression, and parts that are missing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.data.augment.base import Repaint, augmentation, share_of_images
from engine.data.augment.jpeg import compressed
from engine.data.augment.patches import Patches
from engine.params import param
from engine.transfer import sent

if TYPE_CHECKING:
    from torch import Generator, Tensor


@augmentation("blur", "Blur", "texture")
class Blur(Repaint):
    """Blur some of the images, as a lens that is not in focus does."""

    radius: float = param(
        1.0,
        low=0.0,
        high=10.0,
        unit="px",
        label="Radius",
        help="Largest blur (standard deviation of a Gaussian), in pixels of what the network receives.",
    )
    probability: float = share_of_images(0.5)

    def pixels(self, x: Tensor, generator: Generator) -> Tensor:
        import torch

        return blurred(x, sent(torch.rand(len(x), generator=generator) * self.radius, x.device))


def blurred(x: Tensor, sigmas: Tensor) -> Tensor:
    """A Gaussian blur of its own for each image; at the edges what is there goes on mirrored.

    Written as products of matrices, down and across: every image has a matrix of its own, which no convolution of a
    whole batch allows without sorting the channels anew.

    Args:
        x: (B, C, H, W).
        sigmas: (B,) px, standard deviations; 0 changes nothing.
    """
    import torch

    count, _, height, width = x.shape
    down, across = _weights(sigmas, height), _weights(sigmas, width)
    lines = torch.bmm(down, x.permute(0, 2, 3, 1).reshape(count, height, -1)).unflatten(2, (width, -1))
    columns = torch.bmm(across, lines.transpose(1, 2).reshape(count, width, -1)).unflatten(2, (height, -1))
    return columns.permute(0, 3, 2, 1)


def _weights(sigmas: Tensor, side: int) -> Tensor:
    """(B, side, side): how much each place (row) takes of each other one; rows add up to 1."""
    import torch

    places = torch.arange(side, device=sigmas.device)
    period = 2 * side  # an endless row of an image and its mirror image
    made = torch.zeros(len(sigmas), side, side, device=sigmas.device)
    for mirrored in (places, -1 - places):
        apart = (places[:, None] - mirrored[None] + side) % period - side  # -side to side - 1
        made += torch.exp(-0.5 * (apart / sigmas.clamp_min(1e-3)[:, None, None]) ** 2)
    return made / made.sum(2, keepdim=True)


@augmentation("noise", "Noise", "texture")
class Noise(Repaint):
    """Add random specks to some of the images, as cameras do in poor light."""

    percent: float = param(
        5.0,
        low=0.0,
        high=50.0,
        unit="%",
        label="Amount",
        help="Largest strength (standard deviation), of the way from black to white.",
    )
    probability: float = share_of_images(0.5)

    def pixels(self, x: Tensor, generator: Generator) -> Tensor:
        import torch

        strengths = torch.rand(len(x), generator=generator) * (self.percent / 100)
        specks = windows(torch.randn(_LONGER * x[0].numel(), generator=generator), x, generator)
        strengths = sent(strengths, x.device).to(x.dtype)[:, None, None, None]
        return torch.addcmul(x, specks.to(x.dtype), strengths).clamp_(0, 1)


_LONGER = 2  # times as many random numbers as one image needs: no two windows of a batch are likely to be the same


def windows(values: Tensor, x: Tensor, generator: Generator) -> Tensor:
    """For each image of `x` a stretch of `values` that begins somewhere, in the shape of `x` and on its device.

    Random numbers are made on the CPU, a few million a second; a GPU would wait for fresh ones for every image.
    """
    import torch

    count, channels, height, width = x.shape
    length = channels * height * width
    starts = torch.randint(0, len(values) - length + 1, (count,), generator=generator).tolist()
    values = sent(values, x.device)
    rows = torch.stack([values[start : start + length] for start in starts])
    return rows.view(count, height, width, channels).permute(0, 3, 1, 2)  # as images of batches lie in memory


@augmentation("jpeg", "JPEG artefacts", "texture")
class Jpeg(Repaint):
    """Compress some of the images as JPEG files are, with the blocks and smears that this leaves."""

    quality: int = param(
        30,
        low=1,
        high=100,
        label="Quality",
        help="The worst: each image gets a quality between this and 100, as in the dialog that saves a JPEG file.",
    )
    probability: float = share_of_images(0.5)

    def pixels(self, x: Tensor, generator: Generator) -> Tensor:
        import torch

        return compressed(x, torch.randint(self.quality, 101, (len(x),), generator=generator))


# Zhong et al., "Random Erasing Data Augmentation", 2020: area and shape are drawn, then the place.
@augmentation("erase", "Erase a patch", "texture")
class Erase(Repaint):
    """Cover a part of some of the images, so that the network does not rely on one detail alone."""

    percent: float = param(
        20.0, low=0.0, high=80.0, unit="%", label="Size", help="Share of the image that is covered at most."
    )
    fill: str = param(
        "noise",
        choices={"noise": "Noise", "colour": "One colour", "black": "Black"},
        label="Fill",
        help="What is put there: noise tells least, one colour looks like an object in front.",
    )
    probability: float = share_of_images(0.5)

    def pixels(self, x: Tensor, generator: Generator) -> Tensor:
        import torch

        size = (x.shape[2], x.shape[3])
        patches = self.patches(len(x), size, generator)
        return torch.where(patches.mask(size, x.device), self._filling(x, generator).to(x.dtype), x)

    def patches(self, count: int, size: tuple[int, int], generator: Generator) -> Patches:
        """What is covered: 2 % of an image at least, as in the paper, where that is allowed."""
        import torch

        least, most = min(0.02, self.percent / 100), self.percent / 100
        areas = (least + torch.rand(count, generator=generator) * (most - least)) * (size[0] * size[1])
        slender = math.log(1 / 0.3)
        shapes = torch.exp((torch.rand(count, generator=generator) * 2 - 1) * slender)  # height / width
        # A patch that is too long for the image becomes wider instead, so that its area stays what was drawn.
        heights = torch.minimum(torch.maximum((areas * shapes).sqrt(), areas / size[1]), torch.tensor(size[0]))
        widths = areas / heights.clamp_min(1e-6)
        top, bottom = _placed(heights, size[0], generator)
        left, right = _placed(widths, size[1], generator)
        return Patches(top, bottom, left, right)

    def _filling(self, x: Tensor, generator: Generator) -> Tensor:
        import torch

        if self.fill == "noise":
            return windows(torch.rand(_LONGER * x[0].numel(), generator=generator), x, generator)
        if self.fill == "colour":
            return sent(torch.rand(len(x), x.shape[1], 1, 1, generator=generator), x.device)
        return torch.zeros(1, device=x.device)


def _placed(lengths: Tensor, side: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """(B,) first and end of stretches of `lengths` px somewhere within 0 to `side`."""
    import torch

    whole = lengths.round().long().clamp(0, side)
    first = torch.minimum((torch.rand(len(whole), generator=generator) * (side - whole + 1)).long(), side - whole)
    return first, first + whole
