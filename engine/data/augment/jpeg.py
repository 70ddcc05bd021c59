"""What JPEG files lose, computed for whole batches: ITU-T T.81 without the lossless part.

Colours become brightness and two differences (JFIF), each is divided into blocks of 8 x 8, a cosine transform of each
block is rounded to multiples of a table, and back. Differences keep their full size (4:4:4). No file is written.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from engine.transfer import sent

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 8

# T.81, annex K: tables K.1 and K.2, row by row.
BRIGHTNESS = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
DIFFERENCES = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)

# JFIF 1.02: (red, green, blue) to (Y, Cb, Cr), the latter two around 0.
TO_DIFFERENCES = (
    (0.299, 0.587, 0.114),
    (-0.168735892, -0.331264108, 0.5),
    (0.5, -0.418687589, -0.081312411),
)


def compressed(x: Tensor, qualities: Tensor) -> Tensor:
    """Images as they come back out of JPEG files.

    Args:
        x: (B, C, H, W) in 0..1 on any device, C 1 or 3, of any size: what a block lacks goes on with the last pixels.
        qualities: (B,) whole numbers, 1 (worst) to 100, on the CPU.
    Returns:
        (B, C, H, W) on the device of `x`.
    """
    channels, height, width = x.shape[1:]
    forward, back = (sent(matrix, x.device) for matrix in _transforms(channels))
    tables = sent(tables_for(qualities, channels), x.device)[:, None]
    shape = (-(-height // SIDE), -(-width // SIDE))
    values = (_blocks(_padded(x.float(), shape), shape).mul_(255).sub_(128)) @ forward
    values = values.div_(tables).round_().mul_(tables)
    values = (values @ back).add_(128).round_().clamp_(0, 255).div_(255)
    return _whole(values, shape, channels)[:, :, :height, :width].to(x.dtype)


def tables_for(qualities: Tensor, channels: int) -> Tensor:
    """(B,) -> (B, 64 x channels): what each number of a block is rounded to multiples of.

    The tables of annex K stand for quality 50; the rule for others is the one of libjpeg, which everybody follows.
    """
    import torch

    qualities = qualities.float()
    percent = torch.where(qualities < 50, (5000 / qualities).floor(), 200 - 2 * qualities)[:, None, None]
    usual = torch.tensor((BRIGHTNESS, DIFFERENCES, DIFFERENCES)[:channels]).T
    return ((usual * percent + 50) / 100).floor().clamp(1, 255).flatten(1)


@cache
def _transforms(channels: int) -> tuple[Tensor, Tensor]:
    """From the 64 x channels values of a block to what is rounded, and back; (64 x channels, 64 x channels) each.

    Colours and both directions of the cosine transform in one product: fewer passes are worth more than fewer sums.
    """
    import torch

    places = torch.arange(SIDE, dtype=torch.float64)
    waves = torch.cos((2 * places + 1) * places[:, None] * math.pi / (2 * SIDE)) * math.sqrt(2 / SIDE)
    waves[0] /= math.sqrt(2)
    colours = torch.tensor(TO_DIFFERENCES if channels == 3 else ((1.0,),), dtype=torch.float64)
    forward = torch.kron(torch.kron(waves, waves), colours)
    return forward.T.float().contiguous(), torch.linalg.inv(forward).T.float().contiguous()


def _padded(x: Tensor, shape: tuple[int, int]) -> Tensor:
    from torch.nn import functional

    below, right = SIDE * shape[0] - x.shape[2], SIDE * shape[1] - x.shape[3]
    return functional.pad(x, (0, right, 0, below), mode="replicate") if below or right else x


def _blocks(x: Tensor, shape: tuple[int, int]) -> Tensor:
    """(B, C, H, W) -> a copy, (B, blocks, 64 x C): line by line, pixel by pixel, channel by channel."""
    import torch

    rows = x.permute(0, 2, 3, 1).unflatten(2, (shape[1], SIDE)).unflatten(1, (shape[0], SIDE))
    return rows.transpose(2, 3).clone(memory_format=torch.contiguous_format).flatten(3).flatten(1, 2)


def _whole(blocks: Tensor, shape: tuple[int, int], channels: int) -> Tensor:
    """The way back from `_blocks`."""
    rows = blocks.unflatten(2, (SIDE, SIDE, channels)).unflatten(1, shape).transpose(2, 3)
    return rows.flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)
