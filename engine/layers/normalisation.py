"""Layers that steady or disturb the numbers that flow, so that training goes better."""

from __future__ import annotations

from engine.errors import ShapeMismatch
from engine.layers.base import LayerKind, Shape, grouped, layer_kind, shape_in_words
from engine.layers.made import Made, made, unlike
from engine.params import param


@layer_kind("batch_norm", "Batch normalisation", "normalisation")
class BatchNormalisation(LayerKind):
    """Shifts and scales every channel to mean 0 and deviation 1 over the batch, then by two learnt numbers. Training
    becomes faster and forgives larger learning rates.

    Ioffe and Szegedy, 2015, "Batch normalization".
    """

    momentum: float = param(
        0.1,
        low=0.001,
        high=1.0,
        label="Momentum",
        help="How fast the running mean used after training follows the batches.",
        more=True,
    )
    epsilon: float = param(
        1e-5, low=1e-12, high=1.0, label="Epsilon", help="Added to the variance, against division by zero.", more=True
    )

    def infer(self, x: Shape) -> Shape:
        if len(x) in (1, 3):
            return x
        raise ShapeMismatch(
            "Batch normalisation needs a picture or a flat list of numbers.",
            why=f"It receives {shape_in_words(x)}.",
            fix="Add Flatten before it, or move it to where a picture arrives.",
        )

    def parameters(self, x: Shape) -> int:
        return 2 * x[0]

    def made(self, x: Shape) -> Made:
        unusual = unlike({"eps": 1e-5, "momentum": 0.1}, eps=self.epsilon, momentum=self.momentum)
        return made("nn.BatchNorm2d" if len(x) == 3 else "nn.BatchNorm1d", x[0], **unusual)

    def formula(self, x: Shape) -> str:
        return f"{grouped(x[0])} channels · 2 (scale and shift)\n= {grouped(self.parameters(x))}"


@layer_kind("dropout", "Dropout", "regularisation")
class Dropout(LayerKind):
    """Sets a random share of the numbers to zero at every training step. No neuron can rely on another one, which
    holds back overfitting; it is off when the network is used.

    Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    """

    rate: float = param(0.5, low=0.0, high=0.95, label="Rate", help="Share of the numbers set to zero.")

    def made(self, x: Shape) -> Made:
        return made("nn.Dropout", self.rate)

    def said(self) -> str:
        return f"{self.rate:.0%} of the numbers"
