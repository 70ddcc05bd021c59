"""Losses: how wrong the answers of a batch are. Each is one declaration; forms, files and the docs follow.

All of them take logits and either the class of each image or, for images that were mixed, the share of each class in
each of them. A network with a single output says how much it is for the second of two classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, dataclass_transform

from engine.params import Declared, param
from engine.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


class LossKind(Declared):
    """Base of all losses. The class docstring is the help text."""

    def mean(self, outputs: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
        """The loss of a batch, the mean over its images.

        Args:
            outputs: (B, outputs) float32 logits; a single output stands for two classes.
            labels: (B,) int64 or shares (B, classes) float32, each row adding up to 1.
            weights: (classes,) what each class counts; None: all the same. The sum is divided by the number of images
                all the same, so that step sizes stay comparable.
        """
        raise NotImplementedError

    def probabilities(self, outputs: Tensor) -> Tensor:
        """(B, outputs) float32 logits -> (B, classes), each row adding up to 1: the answers this loss asks for."""
        return _two_columns(outputs).softmax(dim=1)

    def plain(self) -> LossKind:
        """What validation measures: the loss without what only makes training harder."""
        return self


LOSSES: Registry[type[LossKind]] = Registry("loss")

Kind = TypeVar("Kind", bound=type[LossKind])


@dataclass_transform(frozen_default=True, field_specifiers=(param,))
def loss(name: str, title: str) -> Callable[[Kind], Kind]:
    """Make a class a loss: a frozen dataclass, registered as `name`."""

    def register(cls: Kind) -> Kind:
        return LOSSES.add(name, title)(dataclass(frozen=True)(cls))

    return register


def _two_columns(outputs: Tensor) -> Tensor:
    """(B, outputs) -> (B, classes): the softmax of the two columns made of one is the sigmoid of the one."""
    import torch

    return torch.cat((-outputs, outputs), dim=1) / 2 if outputs.shape[1] == 1 else outputs


def _shares(labels: Tensor, classes: int) -> Tensor:
    """Labels of either sort as (B, classes) float32."""
    from torch.nn import functional

    return labels if labels.ndim == 2 else functional.one_hot(labels, classes).float()


def _weighed(losses: Tensor, shares: Tensor, weights: Tensor | None) -> Tensor:
    """The mean of the losses (B,) of images that count as their classes do."""
    return (losses if weights is None else losses * (shares * weights).sum(1)).mean()


@loss("cross_entropy", "Cross-entropy")
class CrossEntropy(LossKind):
    """Punishes a small probability of the right class, the more the surer the network is of another one. The usual
    choice, and the best first one.

    Label smoothing: Szegedy et al., 2016, "Rethinking the inception architecture for computer vision".
    """

    label_smoothing: float = param(
        0.0,
        low=0.0,
        high=0.9,
        label="Label smoothing",
        zero_means="off",
        help="Share of the truth that is spread over all classes, so that the network is never asked to be quite sure.",
    )

    def mean(self, outputs: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
        from torch.nn import functional

        if weights is not None:
            outputs = _two_columns(outputs)
            shares = self._smooth(_shares(labels, outputs.shape[1]), outputs.shape[1])
            return -(shares * functional.log_softmax(outputs, dim=1) * weights).sum(1).mean()
        if outputs.shape[1] == 1:
            second = labels[:, 1] if labels.ndim == 2 else labels.float()
            return functional.binary_cross_entropy_with_logits(outputs[:, 0], self._smooth(second, 2))
        return functional.cross_entropy(outputs, labels, label_smoothing=self.label_smoothing)

    def _smooth(self, shares: Tensor, classes: int) -> Tensor:
        if not self.label_smoothing:
            return shares
        return shares * (1 - self.label_smoothing) + self.label_smoothing / classes

    def plain(self) -> LossKind:
        return CrossEntropy()


@loss("focal", "Focal loss")
class Focal(LossKind):
    """Cross-entropy in which images that are told right already hardly count, so that the hard ones decide. For data
    with a few rare or difficult classes.

    Lin et al., 2017, "Focal loss for dense object detection".
    """

    gamma: float = param(
        2.0,
        low=0.0,
        high=10.0,
        label="Focus",
        help="How little easy images count: 0 is plain cross-entropy, 2 is what the paper found best.",
    )

    def mean(self, outputs: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
        import torch
        from torch.nn import functional

        outputs = _two_columns(outputs)
        logarithms = functional.log_softmax(outputs, dim=1)
        # Not quite 0: a root has no slope there. For a sure answer, 1 - p is exact only this way.
        doubt = (-torch.expm1(logarithms)).clamp(min=1e-7)
        losses = -(doubt**self.gamma) * logarithms  # what it would be, were the image of this class
        shares = _shares(labels, outputs.shape[1])
        return (losses * shares if weights is None else losses * shares * weights).sum(1).mean()


@loss("mean_squared", "Mean squared error")
class MeanSquared(LossKind):
    """The squared distance of each probability from the truth, 0 or 1, as in the lectures. Learns slowly where the
    network is sure and wrong, since its slope is small there.

    Brier, 1950, "Verification of forecasts expressed in terms of probability".
    """

    def mean(self, outputs: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
        probabilities = self.probabilities(outputs)
        shares = _shares(labels, probabilities.shape[1])
        return _weighed((probabilities - shares).square().mean(1), shares, weights)


@loss("binary", "Binary cross-entropy")
class Binary(LossKind):
    """Asks one yes-or-no question for every class, each with a sigmoid of its own, instead of letting the classes
    compete. With two classes and a single output it is cross-entropy.

    Wightman et al., 2021, "ResNet strikes back".
    """

    def mean(self, outputs: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
        from torch.nn import functional

        shares = _shares(labels, max(2, outputs.shape[1]))
        wanted = shares[:, 1:] if outputs.shape[1] == 1 else shares
        losses = functional.binary_cross_entropy_with_logits(outputs, wanted, reduction="none")
        return _weighed(losses.mean(1), shares, weights)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """The yes of each class as a share of all of them."""
        from torch.nn import functional

        # Of logarithms, since the sigmoids of an image that is of no class may all be rounded to 0.
        return super().probabilities(outputs if outputs.shape[1] == 1 else functional.logsigmoid(outputs))
