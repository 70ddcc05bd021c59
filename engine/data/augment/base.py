"""What an augmentation is, the registry of all of them, and what applies the chosen ones to a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from engine.data.augment.draft import Draft, Mix
from engine.data.choose import make
from engine.params import Declared, param
from engine.registry import Registry
from engine.spec.data import Chosen

if TYPE_CHECKING:
    from torch import Generator, Tensor

GROUPS = ("position", "colour", "texture", "mixing")
"""The folds of the window, in its order, which is also that of the registry."""

AUGMENTATIONS: Registry[type[Augmentation]] = Registry("augmentation")


class Augmentation(Declared):
    """One way to vary images. A kind derives from one of the four below; the docstring of the class is its help.

    Attributes:
        group: one of GROUPS.
    """

    group: ClassVar[str]

    def vary(self, draft: Draft, generator: Generator) -> None:
        """Change the batch; `generator` draws on the CPU and is the only source of chance."""
        raise NotImplementedError


KindType = TypeVar("KindType", bound=type[Augmentation])


@dataclass_transform(frozen_default=True, field_specifiers=(param,))
def augmentation(name: str, title: str, group: str) -> Callable[[KindType], KindType]:
    """Make a class a frozen dataclass and register it: the one place where an augmentation is declared."""

    def register(cls: KindType) -> KindType:
        if group not in GROUPS:
            raise ValueError(f"{group!r} is no group of augmentations")
        cls.group = group
        return AUGMENTATIONS.add(name, title)(dataclass(frozen=True)(cls))

    return register


class Move(Augmentation):
    """Moves pixels by a matrix per image; all such in a row are multiplied, so that they blur and cost only once."""

    def matrices(self, count: int, size: tuple[int, int], generator: Generator) -> Tensor:
        """How pixels move: (count, 3, 3) float32 on the CPU.

        A matrix leads from a place in the result to the place in the image that is shown there. Places are (x, y, 1)
        in pixels from the centre, x to the right, y down; what comes out is divided by its third number.

        Args:
            size: (height, width) of the images.
        """
        raise NotImplementedError

    def vary(self, draft: Draft, generator: Generator) -> None:
        draft.move(self.matrices(len(draft), draft.size, generator))


class Recolour(Augmentation):
    """Changes colours by a matrix per image; all such in a row are multiplied, and what leaves 0..1 is cut off once."""

    def colours(self, count: int, generator: Generator) -> Tensor:
        """How colours change: (count, 4, 4) float32 on the CPU, from (red, green, blue, 1) to the same.

        An image of one channel counts as red = green = blue, and gets the mean of what the three become.
        """
        raise NotImplementedError

    def vary(self, draft: Draft, generator: Generator) -> None:
        draft.recolour(self.colours(len(draft), generator))


def share_of_images(default: float) -> Any:
    """Declare the setting `probability`, the same for all that have it."""
    words = "Share of the images that are changed each time."
    return param(default, low=0.0, high=1.0, label="Probability", help=words)


class Repaint(Augmentation):
    """Computes some of the images anew. A kind declares `probability: float = share_of_images(...)`."""

    probability: float

    def pixels(self, x: Tensor, generator: Generator) -> Tensor:
        """Other values for `x`, (B, C, H, W) in 0..1 on any device; `x` itself stays as it is."""
        raise NotImplementedError

    def vary(self, draft: Draft, generator: Generator) -> None:
        import torch

        chosen = (torch.rand(len(draft), generator=generator) < self.probability).nonzero()[:, 0]
        if len(chosen):  # only these are computed: half the probability costs half
            draft.replace(chosen, self.pixels(draft.picked(chosen), generator))


class Mixing(Augmentation):
    """Mixes each image, and its label with it, with another one of the batch.

    The partner of an image is the one half a batch further on. Batches are shuffled, so it is as random as a
    permutation drawn anew, but no image of a batch of two or more is ever mixed with itself.
    """

    def mixed(self, x: Tensor, partners: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Mix `x` with `partners`, both (B, C, H, W) in 0..1 on any device, and both left as they are.

        Returns:
            The mixed images, and how much of each is its own: (B,) float32 in 0..1 on the CPU.
        """
        raise NotImplementedError

    def vary(self, draft: Draft, generator: Generator) -> None:
        x = draft.settled()
        mix = Mix.half_a_batch_on(len(draft))
        x, own = self.mixed(x, mix.partners_of(x), generator)
        draft.mix(x, mix.weighted(own))


class Augmenter:
    """The chosen augmentations, in their order, for whole batches.

    Measured for 32 images of 3 x 64 x 64 on two cores, median of 30: mirror alone 0.2 ms, with rotation and zoom 1.1,
    a change of colours 0.1 to 0.6, blur 1.8, all twenty 8.6; a training step of a small VGG took 50 to 60 ms.

    Args:
        chosen: entries of `AUGMENTATIONS`.
        size: (height, width) of the images.
    Raises:
        EngineError: an entry or one of its settings is unknown or not acceptable.
    """

    def __init__(self, chosen: Sequence[Chosen], size: tuple[int, int]):
        self.steps: tuple[Augmentation, ...] = tuple(make(AUGMENTATIONS, entry) for entry in chosen)
        self.size = size

    @property
    def mixes(self) -> bool:
        """Whether images are mixed with each other, so that labels must be too."""
        return any(isinstance(step, Mixing) for step in self.steps)

    def __call__(self, x: Tensor, generator: Generator) -> Tensor:
        """Vary a batch whose labels do not matter; see `vary`."""
        return self.vary(x, generator)[0]

    def vary(self, x: Tensor, generator: Generator) -> tuple[Tensor, tuple[Mix, ...]]:
        """Vary a batch.

        Args:
            x: (B, C, H, W) float in 0..1, on any device, in any memory format; stays as it is.
            generator: on the CPU; the only source of chance.
        Returns:
            The same shape, type, device and memory format; and how images were mixed, for `mixed_labels`.
        """
        draft = Draft(x, self.size)
        for step in self.steps:
            step.vary(draft, generator)
        return draft.finished(), tuple(draft.mixes)


def mixed_labels(labels: Tensor, mixes: Sequence[Mix], classes: int) -> Tensor:
    """What mixed images show: the share of each class.

    Args:
        labels: (B,) int64, of the images before they were mixed.
    Returns:
        (B, classes) float32 on the device of `labels`, each row adding up to 1.
    """
    from torch.nn import functional

    shares = functional.one_hot(labels, classes).float()
    for mix in mixes:
        shares = mix.applied(shares)
    return shares
