"""Layers that disturb the numbers that flow while training, so that the network cannot learn images by heart."""

from __future__ import annotations

from engine.layers.base import LayerKind, Shape, layer_kind, picture
from engine.layers.made import Made, made
from engine.params import param, short_number


@layer_kind("dropout", "Dropout", "regularisation")
class Dropout(LayerKind):
    """Sets a random share of the numbers to zero at every training step. No neuron can rely on another one, which
    holds back overfitting; it is off when the network is used.

    Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    """

    more_about = "https://jmlr.org/papers/v15/srivastava14a.html"

    rate: float = param(0.5, low=0.0, high=0.95, label="Rate", help="Share of the numbers set to zero.")

    def made(self, x: Shape) -> Made:
        return made("nn.Dropout", self.rate)

    def said(self) -> str:
        return f"{self.rate:.0%} of the numbers"


@layer_kind("spatial_dropout", "Spatial dropout", "regularisation")
class SpatialDropout(LayerKind):
    """Sets whole channels to zero at random at every training step. In images single pixels tell little that their
    neighbours do not; whole channels do.

    Tompson et al., 2015, "Efficient object localization using convolutional networks".
    """

    rate: float = param(0.2, low=0.0, high=0.95, label="Rate", help="Share of the channels set to zero.")
    more_about = "https://arxiv.org/abs/1411.4280"

    def infer(self, x: Shape) -> Shape:
        return picture(x, self.title)

    def made(self, x: Shape) -> Made:
        return made("nn.Dropout2d", self.rate)

    def said(self) -> str:
        return f"{self.rate:.0%} of the channels"


@layer_kind("gaussian_noise", "Gaussian noise", "regularisation")
class GaussianNoise(LayerKind):
    """Adds random noise at every training step. The network learns to look past it; it is off when the network is
    used."""

    more_about = "https://d2l.ai/chapter_multilayer-perceptrons/dropout.html"

    deviation: float = param(0.1, low=0.0, high=10.0, label="Deviation", help="Standard deviation of the noise.")

    def made(self, x: Shape) -> Made:
        return made("GaussianNoise", self.deviation)

    def said(self) -> str:
        return f"deviation {short_number(self.deviation)}"


@layer_kind("stochastic_depth", "Stochastic depth", "regularisation")
class StochasticDepth(LayerKind):
    """At the end of a residual branch: leaves the branch out for some images of each training step. Deep networks then
    train like shallower ones; the whole network is used afterwards.

    Huang et al., 2016, "Deep networks with stochastic depth".
    """

    rate: float = param(0.2, low=0.0, high=0.95, label="Rate", help="Share of the images that skip the branch.")
    more_about = "https://arxiv.org/abs/1603.09382"

    def made(self, x: Shape) -> Made:
        return made("StochasticDepth", self.rate)

    def said(self) -> str:
        return f"skipped by {self.rate:.0%} of the images"
