"""Activations: the bend between two layers without which a deep network would be one single linear map."""

from __future__ import annotations

from engine.layers.base import LayerKind, Shape, layer_kind
from engine.layers.made import Made, made
from engine.params import param, short_number


@layer_kind("relu", "ReLU", "activation")
class ReLU(LayerKind):
    """Lets positive numbers through and sets negative ones to zero. Cheap, and gradients do not fade in deep
    networks: the usual choice.

    Nair and Hinton, 2010, "Rectified linear units improve restricted Boltzmann machines".
    """

    more_about = "https://d2l.ai/chapter_multilayer-perceptrons/mlp.html"

    def made(self, x: Shape) -> Made:
        # Not in place: taps must still see what went in, and batch norm before it needs its own output for gradients.
        return made("nn.ReLU")


@layer_kind("leaky_relu", "Leaky ReLU", "activation")
class LeakyReLU(LayerKind):
    """Like ReLU, but lets a small part of negative numbers through. A neuron can therefore not fall silent for good.

    Maas et al., 2013, "Rectifier nonlinearities improve neural network acoustic models".
    """

    more_about = "https://arxiv.org/abs/1505.00853"

    slope: float = param(0.01, low=0.0, high=1.0, label="Slope", help="Factor for negative numbers.")

    def made(self, x: Shape) -> Made:
        return made("nn.LeakyReLU", self.slope)

    def said(self) -> str:
        return f"slope {short_number(self.slope)}"


@layer_kind("elu", "ELU", "activation")
class ELU(LayerKind):
    """Like ReLU, but bends smoothly towards a negative limit. The mean of the outputs stays nearer to zero.

    Clevert et al., 2015, "Fast and accurate deep network learning by exponential linear units".
    """

    more_about = "https://arxiv.org/abs/1511.07289"

    alpha: float = param(1.0, low=0.01, high=10.0, label="Alpha", help="The limit for very negative numbers is −alpha.")

    def made(self, x: Shape) -> Made:
        return made("nn.ELU", self.alpha)

    def said(self) -> str:
        return f"alpha {short_number(self.alpha)}"


@layer_kind("tanh", "Tanh", "activation")
class Tanh(LayerKind):
    """Squeezes every number smoothly between −1 and 1. The classical choice before ReLU; far from zero its gradient
    fades."""

    more_about = "https://d2l.ai/chapter_multilayer-perceptrons/mlp.html"

    def made(self, x: Shape) -> Made:
        return made("nn.Tanh")


@layer_kind("sigmoid", "Sigmoid", "activation")
class Sigmoid(LayerKind):
    """Squeezes every number smoothly between 0 and 1, like a soft switch. In deep networks its small gradient slows
    learning down."""

    more_about = "https://d2l.ai/chapter_multilayer-perceptrons/mlp.html"

    def made(self, x: Shape) -> Made:
        return made("nn.Sigmoid")


@layer_kind("softmax", "Softmax", "activation")
class Softmax(LayerKind):
    """Turns numbers into shares that add up to 1 (over channels, for an image). The classes output already has its
    own softmax: do not put another before it."""

    more_about = "https://d2l.ai/chapter_linear-classification/softmax-regression.html"

    def made(self, x: Shape) -> Made:
        return made("nn.Softmax", dim=1 if len(x) != 2 else 2)


@layer_kind("step", "Step", "activation")
class Step(LayerKind):
    """Answers 1 for positive numbers and 0 otherwise, as the first perceptron did. It has no useful gradient, so it
    is trained as if it were the identity between −1 and 1.

    Rosenblatt, 1958, "The perceptron"; the straight-through gradient is that of Hubara et al., 2016, "Binarized
    neural networks".
    """

    more_about = "https://en.wikipedia.org/wiki/Perceptron"

    def made(self, x: Shape) -> Made:
        return made("Step")


@layer_kind("linear", "Linear", "activation")
class Linear(LayerKind):
    """Lets everything through unchanged. With it in place of other activations, any number of dense layers is worth
    just one: a good experiment."""

    more_about = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html"

    def made(self, x: Shape) -> Made:
        return made("nn.Identity", expression="{0}")
