"""Augmentations that mix two images, and what they show: the label of the result has a share of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.augment.base import Mixing, augmentation, share_of_images
from engine.data.augment.patches import Patches
from engine.params import param
from engine.transfer import sent

if TYPE_CHECKING:
    from torch import Generator, Tensor


def shares_kept(count: int, alpha: float, probability: float, generator: Generator) -> Tensor:
    """(B,) float32: how much each image keeps of itself, Beta(alpha, alpha); 1 for those that are not chosen."""
    import torch

    # torch draws from a Beta distribution without a generator only; this one is seeded by the generator's next number.
    seed = int(torch.randint(2**62, (), generator=generator))
    kept = torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, count)).float()
    return torch.where(torch.rand(count, generator=generator) < probability, kept, 1.0)


def how_even(default: float) -> Any:
    """Declare the setting `alpha` of both kinds."""
    words = (
        "The α of the Beta distribution of shares. Low: one of the two images is nearly all that is seen. "
        "1: every mixture is as likely. High: half and half."
    )
    return param(default, low=0.1, high=4.0, label="Evenness", help=words)


# Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018; a share per image instead of one for the batch.
@augmentation("mixup", "MixUp", "mixing")
class MixUp(Mixing):
    """Blend some of the images with another one, and their classes in the same shares; it makes answers less sure."""

    alpha: float = how_even(0.2)
    probability: float = share_of_images(1.0)

    def mixed(self, x: Tensor, partners: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        import torch

        own = shares_kept(len(x), self.alpha, self.probability, generator)
        return torch.lerp(partners, x, sent(own, x.device).to(x.dtype)[:, None, None, None]), own


# Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", 2019.
@augmentation("cutmix", "CutMix", "mixing")
class CutMix(Mixing):
    """Replace a patch of some of the images by that of another one; the classes get the shares of the area."""

    alpha: float = how_even(1.0)
    probability: float = share_of_images(0.5)

    def mixed(self, x: Tensor, partners: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        import torch

        size = (x.shape[2], x.shape[3])
        patches = self.patches(len(x), size, generator)
        return torch.where(patches.mask(size, x.device), partners, x), 1 - patches.shares(size)

    def patches(self, count: int, size: tuple[int, int], generator: Generator) -> Patches:
        """What is replaced: in the shape of the image, around any place of it; what lies outside is cut off."""
        import torch

        sides = (1 - shares_kept(count, self.alpha, self.probability, generator)).sqrt()
        edges = []
        for side in size:
            lengths = (sides * side).round()
            first = (torch.rand(count, generator=generator) * side - lengths / 2).round()
            edges += [first.clamp(0, side).long(), (first + lengths).clamp(0, side).long()]
        return Patches(*edges)
