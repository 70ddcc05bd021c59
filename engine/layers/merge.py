"""Layers in which branches meet."""

from __future__ import annotations

from functools import reduce

from engine.errors import ShapeMismatch
from engine.layers.base import SEVERAL, LayerKind, Shape, layer_kind, shape_in_words
from engine.layers.made import Made, made


class _ElementWise(LayerKind):
    """Combines inputs of one and the same shape, number by number."""

    arity = SEVERAL

    def infer(self, *inputs: Shape) -> Shape:
        first = inputs[0]
        for other in inputs[1:]:
            if other != first:
                raise ShapeMismatch(
                    f"{self.title} needs inputs of one shape.",
                    why=f"It receives {shape_in_words(first)} and {shape_in_words(other)}.",
                    fix=_how_to_match(first, other),
                )
        return first

    def said(self) -> str:
        return ""


def _how_to_match(first: Shape, other: Shape) -> str:
    if len(first) != len(other):
        return "Flatten the image, or reduce it with global average pooling, before they meet."
    if first[1:] == other[1:] and len(first) == 3:
        return f"Bring the second one to {first[0]} channels by a 1×1 convolution."
    if len(first) == 3:
        return "Make both images equally large: use the same strides and padding on both ways."
    return "Give both ways equally many numbers."


@layer_kind("add", "Add", "merge")
class Add(_ElementWise):
    """Adds its inputs, number by number. As the end of a skip connection it lets gradients pass unchanged, so that very
    deep networks can learn."""

    more_about = "https://arxiv.org/abs/1512.03385"

    def made(self, *inputs: Shape) -> Made:
        return made("Add", expression=" + ".join(_slots(inputs)))


@layer_kind("multiply", "Multiply", "merge")
class Multiply(_ElementWise):
    """Multiplies its inputs, number by number. One way can so open or close the other one like a valve."""

    more_about = "https://arxiv.org/abs/1709.01507"

    def made(self, *inputs: Shape) -> Made:
        return made("Multiply", expression=" * ".join(_slots(inputs)))


@layer_kind("average", "Average", "merge")
class Average(_ElementWise):
    """Takes the mean of its inputs, number by number. Several opinions become one of the same size."""

    more_about = "https://arxiv.org/abs/1605.07648"

    def made(self, *inputs: Shape) -> Made:
        return made("Average", expression=f"({' + '.join(_slots(inputs))}) / {len(inputs)}")


@layer_kind("maximum", "Maximum", "merge")
class Maximum(_ElementWise):
    """Keeps the largest of its inputs, number by number. What one of the ways has found is found."""

    more_about = "https://arxiv.org/abs/1302.4389"

    def made(self, *inputs: Shape) -> Made:
        nested = reduce(lambda so_far, slot: f"torch.maximum({so_far}, {slot})", _slots(inputs))
        return made("Maximum", expression=nested)


@layer_kind("concatenate", "Concatenate", "merge")
class Concatenate(LayerKind):
    """Puts its inputs behind one another: the channels of images, the numbers of lists. Nothing is mixed or lost; the
    next layer chooses."""

    arity = SEVERAL
    more_about = "https://arxiv.org/abs/1409.4842"

    def infer(self, *inputs: Shape) -> Shape:
        first = inputs[0]
        axis = _axis(first)
        for other in inputs[1:]:
            rest = other[:axis] + other[axis + 1 :]
            if len(other) != len(first) or rest != first[:axis] + first[axis + 1 :]:
                raise ShapeMismatch(
                    "Concatenate needs inputs that differ in their channels only.",
                    why=f"It receives {shape_in_words(first)} and {shape_in_words(other)}.",
                    fix="Make both images equally large: use the same strides and padding on both ways."
                    if len(first) == len(other) == 3
                    else "Bring them to the same form before they meet, for example by Flatten.",
                )
        return (*first[:axis], sum(x[axis] for x in inputs), *first[axis + 1 :])

    def made(self, *inputs: Shape) -> Made:
        dim = _axis(inputs[0]) + 1
        return made("Concatenate", dim, expression=f"torch.cat([{', '.join(_slots(inputs))}], dim={dim})")


def _axis(x: Shape) -> int:
    """Along which axis, not counting the batch, the features of `x` lie."""
    return 1 if len(x) == 2 else 0


def _slots(inputs: tuple[Shape, ...]) -> list[str]:
    return [f"{{{place}}}" for place in range(len(inputs))]
