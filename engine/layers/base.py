"""What a layer kind is, and the registry of all of them.

Adding a kind is one decorated frozen dataclass in a module of this package; the palette, the form, the file format, the
command line and the contract tests all read that declaration.

Shapes leave out the batch: (C, H, W) an image, (F,) a vector, (T, F) a sequence.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar, dataclass_transform

from engine.errors import ShapeMismatch
from engine.layers.made import Made
from engine.params import Declared, param
from engine.registry import Registry

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, ...]

FAMILIES = (
    "input",
    "convolution",
    "pooling",
    "dense",
    "reshape",
    "activation",
    "normalisation",
    "regularisation",
    "merge",
    "attention",
    "recurrent",
    "block",
    "output",
)
"""The groups of the palette, in its order."""

Pair = tuple[int, int]

ONE, NONE, SEVERAL = (1, 1), (0, 0), (2, 256)
"""How many inputs a kind takes: fewest and most."""


@dataclass(frozen=True)
class Reach:
    """What one output pixel of a layer sees of its input: a window of `extent` pixels (height, width) that moves on by
    `step` from one output pixel to the next. A transposed convolution or upsampling has a step below 1."""

    extent: tuple[float, float] = (1, 1)
    step: tuple[float, float] = (1, 1)


EVERYWHERE = Reach((math.inf, math.inf))
"""Of layers in which every output depends on the whole image: Flatten, Dense, global pooling, attention."""


class LayerKind(Declared):
    """Base of all layer kinds. An instance is one layer's settings; its class says how such a layer behaves.

    The class docstring is the help text: its first paragraph, two sentences, is shown to the user.

    Attributes:
        family: one of FAMILIES.
        arity: how many inputs it takes, fewest and most. The methods below get one shape for each input.
        more_about: where to read on: a page of the web (https://...), usually the paper's.
        in_palette: False for kinds that only other parts of the app make.
        sees_places: False for kinds that see the whole image only as sums over it (squeeze-and-excitation): what an
            output pixel knows of places is told without them.
    """

    family: ClassVar[str]
    arity: ClassVar[tuple[int, int]] = ONE
    more_about: ClassVar[str] = ""
    in_palette: ClassVar[bool] = True
    sees_places: ClassVar[bool] = True

    def infer(self, x: Shape) -> Shape:
        """The output's shape for an input of shape `x`. Raises: ShapeMismatch."""
        return x

    def parameters(self, *inputs: Shape) -> int:
        """How many numbers this layer learns."""
        return 0

    def multiply_adds(self, *inputs: Shape) -> int:
        """Multiplications with addition for one image; cheap element-wise work counts as 0, as usual in papers."""
        return 0

    def made(self, *inputs: Shape) -> Made:
        """The torch module for batches of inputs of these shapes, as something that can be built and printed."""
        raise NotImplementedError

    def build(self, *inputs: Shape) -> nn.Module:
        """The torch module, for batches of inputs of these shapes."""
        return self.made(*inputs).build()

    def reach(self, *inputs: Shape) -> Reach:
        """What one output pixel sees of the input; for the receptive field."""
        return Reach()

    def said(self) -> str:
        """The settings in a few words, for the card: "32 filters 3×3, stride 1, same"."""
        return ""

    def formula(self, *inputs: Shape) -> str:
        """How `parameters` comes about, with the numbers filled in; empty where nothing is learnt."""
        return ""

    @classmethod
    def help(cls) -> str:
        """What the layer does, in one paragraph."""
        return " ".join((cls.__doc__ or "").split("\n\n")[0].split())


def _load_all() -> None:
    package = importlib.import_module("engine.layers")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "modules":  # the torch half, imported when something is built
            importlib.import_module(f"engine.layers.{module.name}")


LAYERS: Registry[type[LayerKind]] = Registry("layer kind", _load_all)

KindType = TypeVar("KindType", bound=type[LayerKind])


@dataclass_transform(frozen_default=True, field_specifiers=(param,))
def layer_kind(name: str, title: str, family: str) -> Callable[[KindType], KindType]:
    """Make a class a layer kind: a frozen dataclass, registered as `name`."""
    assert family in FAMILIES

    def register(cls: KindType) -> KindType:
        cls.family = family
        return LAYERS.add(name, title)(dataclass(frozen=True)(cls))

    return register


def picture(x: Shape, who: str) -> tuple[int, int, int]:
    """`x` as (channels, height, width). Raises: ShapeMismatch where it is no image."""
    if len(x) == 3:
        return x
    raise ShapeMismatch(
        f"{who} needs an image (channels × height × width).",
        why=f"It receives {shape_in_words(x)}.",
        fix="Move it before the layer that flattens the image.",
    )


def vector(x: Shape, who: str) -> int:
    """The length of `x`. Raises: ShapeMismatch where it is no vector."""
    if len(x) == 1:
        return x[0]
    pooled = f", or global average pooling ({_inputs_in_words(x[0])})" if len(x) == 3 else ""
    raise ShapeMismatch(
        f"{who} needs a flat list of numbers.",
        why=f"It receives {shape_in_words(x)}.",
        fix=f"Add Flatten before it ({_inputs_in_words(math.prod(x))}){pooled}.",
    )


def _inputs_in_words(count: int) -> str:
    return "1 input" if count == 1 else f"{grouped(count)} inputs"


def shape_in_words(x: Shape) -> str:
    """For messages: "an image of 32 × 64 × 64", "a flat list of 192 numbers", "a sequence of 28 × 64"."""
    sizes = " × ".join(map(str, x))
    return {3: f"an image of {sizes}", 2: f"a sequence of {sizes}"}.get(len(x), f"a flat list of {sizes} numbers")


def grouped(number: int) -> str:
    """A whole number with thin spaces between groups of three digits: 19 267 712."""
    return f"{number:,}".replace(",", "\u202f")
