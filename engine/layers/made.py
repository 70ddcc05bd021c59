"""A torch module said once and used twice: the trainer builds it, the code view prints it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Made:
    """How the module of a layer is made.

    Attributes:
        module: "nn.Conv2d" and the like, or the name of a class in `engine.layers.modules`.
        arguments: positional ones, plain numbers, texts, booleans, None and tuples of them.
        options: keyword arguments in order; those that have torch's own default are better left out, for the code view.
        expression: how readable code computes the same without a module, with {0}, {1}, ... for the inputs; only for
            layers that hold nothing and behave the same in training: "{0} + {1}", "torch.flatten({0}, 1)".
    """

    module: str
    arguments: tuple[object, ...] = ()
    options: tuple[tuple[str, object], ...] = ()
    expression: str = ""

    @property
    def is_torch(self) -> bool:
        """Whether torch brings the class; else it is one of `engine.layers.modules`."""
        return self.module.startswith("nn.")

    def build(self) -> nn.Module:
        """Make the module. Weights are drawn from torch's global random state."""
        place = "torch.nn" if self.is_torch else "engine.layers.modules"
        kind = getattr(importlib.import_module(place), self.module.removeprefix("nn."))
        return kind(*self.arguments, **dict(self.options))


def made(module: str, *arguments: object, expression: str = "", **options: object) -> Made:
    """Write a `Made` as one writes the call itself: made("nn.Conv2d", 3, 64, kernel_size=3)."""
    return Made(module, arguments, tuple(options.items()), expression)


def unlike(defaults: dict[str, object], **values: object) -> dict[str, object]:
    """Those of `values` that differ from torch's `defaults`: readable code says only what is unusual."""
    return {name: value for name, value in values.items() if defaults.get(name, ...) != value}


def short(pair: tuple[int, int]) -> int | tuple[int, int]:
    """(3, 3) as 3: how people write it."""
    return pair[0] if pair[0] == pair[1] else pair
