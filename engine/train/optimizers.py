"""Optimizers: each is one declaration; forms, files and the command line follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar, dataclass_transform

from engine.params import Declared, param
from engine.registry import Registry

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    Groups = list[dict]


class OptimizerKind(Declared):
    """Base of all optimizers. The class docstring is the help text.

    Attributes:
        usual_learning_rate: a good first try; the form offers it when this optimizer is chosen.
    """

    usual_learning_rate: ClassVar[float]

    def build(self, groups: Groups, learning_rate: float) -> Optimizer:
        """The torch optimizer for parameter groups made by `parameter_groups`."""
        raise NotImplementedError


OPTIMIZERS: Registry[type[OptimizerKind]] = Registry("optimizer")

Kind = TypeVar("Kind", bound=type[OptimizerKind])


@dataclass_transform(frozen_default=True, field_specifiers=(param,))
def optimizer(name: str, title: str, usual_learning_rate: float) -> Callable[[Kind], Kind]:
    """Make a class an optimizer kind: a frozen dataclass, registered as `name`."""

    def register(cls: Kind) -> Kind:
        cls.usual_learning_rate = usual_learning_rate
        return OPTIMIZERS.add(name, title)(dataclass(frozen=True)(cls))

    return register


def parameter_groups(network: nn.Module, weight_decay: float, everything: bool = False) -> Groups:
    """Weights decay; biases and scales, those of normalisation above all, do not, whatever their shape: shrinking them
    costs accuracy and gains nothing.

    He et al., 2018, "Bag of tricks for image classification with convolutional neural networks".

    Args:
        everything: let them all decay nevertheless, as the first papers did.
    """
    learnt = [p for p in network.parameters() if p.requires_grad]
    if everything:
        return [{"params": learnt, "weight_decay": weight_decay}] if learnt else []
    spared = _spared(network)
    groups = [
        {"params": [p for p in learnt if id(p) not in spared], "weight_decay": weight_decay},
        {"params": [p for p in learnt if id(p) in spared], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _spared(network: nn.Module) -> set[int]:
    """The parameters that do not decay. Some have several dimensions: a number for every place of an image."""
    from torch import nn

    from engine.layers.modules import LayerScale

    norms = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, LayerScale)
    return {
        id(parameter)
        for module in network.modules()
        for name, parameter in module.named_parameters(recurse=False)
        if isinstance(module, norms) or parameter.ndim <= 1 or "bias" in name
    }


def _weight_decay(default: float) -> float:
    return param(
        default,
        low=0.0,
        high=10.0,
        label="Weight decay",
        zero_means="off",
        help="Pulls weights towards zero a little at every step, against overfitting. Biases are spared.",
        more=True,
    )


def _beta1() -> float:
    return param(
        0.9,
        low=0.0,
        high=0.9999,
        label="Beta 1",
        help="Memory of the running mean of gradients: 0.9 remembers about ten steps.",
        more=True,
    )


def _beta2() -> float:
    return param(
        0.999,
        low=0.0,
        high=0.99999,
        label="Beta 2",
        help="Memory of the running mean of squared gradients: 0.999 remembers about a thousand steps.",
        more=True,
    )


@optimizer("adamw", "AdamW", usual_learning_rate=0.001)
class AdamW(OptimizerKind):
    """Gives every weight a step size of its own, from the recent size of its gradients. Forgives a wrong learning
    rate more than others: a good first choice.

    Loshchilov and Hutter, 2019, "Decoupled weight decay regularization".
    """

    weight_decay: float = _weight_decay(0.01)
    beta1: float = _beta1()
    beta2: float = _beta2()

    def build(self, groups: Groups, learning_rate: float) -> Optimizer:
        from torch.optim import AdamW

        return AdamW(groups, lr=learning_rate, betas=(self.beta1, self.beta2))


@optimizer("adam", "Adam", usual_learning_rate=0.001)
class Adam(OptimizerKind):
    """As AdamW, but weight decay is mixed into the gradient, as in the original paper. Without weight decay, both
    are the same.

    Kingma and Ba, 2015, "Adam: a method for stochastic optimization".
    """

    weight_decay: float = _weight_decay(0.0)
    beta1: float = _beta1()
    beta2: float = _beta2()

    def build(self, groups: Groups, learning_rate: float) -> Optimizer:
        from torch.optim import Adam

        return Adam(groups, lr=learning_rate, betas=(self.beta1, self.beta2))


@optimizer("nadam", "NAdam", usual_learning_rate=0.001)
class NAdam(OptimizerKind):
    """Adam that looks ahead along its momentum, as Nesterov's method does. Often a little faster in the first epochs;
    weight decay is decoupled, as in AdamW.

    Dozat, 2016, "Incorporating Nesterov momentum into Adam".
    """

    weight_decay: float = _weight_decay(0.01)
    beta1: float = _beta1()
    beta2: float = _beta2()

    def build(self, groups: Groups, learning_rate: float) -> Optimizer:
        from torch.optim import NAdam

        return NAdam(groups, lr=learning_rate, betas=(self.beta1, self.beta2), decoupled_weight_decay=True)


@optimizer("sgd", "SGD with momentum", usual_learning_rate=0.05)
class SGD(OptimizerKind):
    """Gradient descent as in the lectures: a step downhill after every batch, with momentum like a heavy ball. Needs
    a well-chosen learning rate, and then often ends best.

    Sutskever et al., 2013, "On the importance of initialization and momentum in deep learning".
    """

    momentum: float = param(
        0.9, low=0.0, high=0.999, label="Momentum", zero_means="off", help="Share of the last step that is kept on."
    )
    nesterov: bool = param(
        False, label="Nesterov", help="Look ahead along the momentum before taking the gradient.", more=True
    )
    weight_decay: float = _weight_decay(5e-4)

    def build(self, groups: Groups, learning_rate: float) -> Optimizer:
        from torch.optim import SGD

        # Nesterov needs momentum to look along; without any, both are plain gradient descent.
        nesterov = self.nesterov and self.momentum > 0
        return SGD(groups, lr=learning_rate, momentum=self.momentum, nesterov=nesterov)


@optimizer("rmsprop", "RMSprop", usual_learning_rate=0.001)
class RMSprop(OptimizerKind):
    """Divides every step by the recent size of that weight's gradients. The forerunner of Adam.

    Tieleman and Hinton, 2012, lecture 6.5 of "Neural networks for machine learning".
    """

    alpha: float = param(
        0.99, low=0.0, high=0.9999, label="Memory", help="Memory of the running mean of squared gradients.", more=True
    )
    momentum: float = param(
        0.0, low=0.0, high=0.999, label="Momentum", zero_means="off", help="Share of the last step that is kept on."
    )
    weight_decay: float = _weight_decay(0.0)

    def build(self, groups: Groups, learning_rate: float) -> Optimizer:
        from torch.optim import RMSprop

        return RMSprop(groups, lr=learning_rate, alpha=self.alpha, momentum=self.momentum)


@optimizer("adagrad", "Adagrad", usual_learning_rate=0.01)
class Adagrad(OptimizerKind):
    """Divides the steps of each weight by the root of all its squared gradients so far: steps only ever get smaller.
    The first method of this kind.

    Duchi et al., 2011, "Adaptive subgradient methods for online learning and stochastic optimization".
    """

    initial: float = param(
        0.0,
        low=0.0,
        high=100.0,
        label="First sum",
        help="What the sums of squared gradients begin with: more makes the first steps smaller.",
        more=True,
    )
    weight_decay: float = _weight_decay(0.0)

    def build(self, groups: Groups, learning_rate: float) -> Optimizer:
        from torch.optim import Adagrad

        return Adagrad(groups, lr=learning_rate, initial_accumulator_value=self.initial)


@optimizer("lion", "Lion", usual_learning_rate=0.0003)
class Lion(OptimizerKind):
    """Moves every weight by the same amount and asks the gradient for the direction only. Remembers one number per
    weight where Adam remembers two; wants a third of Adam's rate, or less.

    Chen et al., 2023, "Symbolic discovery of optimization algorithms".
    """

    weight_decay: float = _weight_decay(0.1)
    beta1: float = param(
        0.9,
        low=0.0,
        high=0.9999,
        label="Beta 1",
        help="Share of the momentum in the direction of a step; the rest is the gradient.",
        more=True,
    )
    beta2: float = param(
        0.99,
        low=0.0,
        high=0.99999,
        label="Beta 2",
        help="Memory of the momentum: 0.99 remembers about a hundred steps.",
        more=True,
    )

    def build(self, groups: Groups, learning_rate: float) -> Optimizer:
        from engine.train.lion import Lion

        return Lion(groups, lr=learning_rate, betas=(self.beta1, self.beta2))


@optimizer("muon", "Muon + AdamW", usual_learning_rate=0.003)
class Muon(OptimizerKind):
    """Makes every step of a hidden layer's weights turn in all directions alike, by making its matrix orthogonal.
    Biases, the first and the last layer are left to AdamW.

    Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks".
    """

    momentum: float = param(
        0.95,
        low=0.0,
        high=0.999,
        label="Momentum",
        zero_means="off",
        help="Memory of the running mean of gradients: 0.95 remembers about twenty steps.",
    )
    nesterov: bool = param(
        True, label="Nesterov", help="Look ahead along the momentum before making the step orthogonal.", more=True
    )
    weight_decay: float = _weight_decay(0.01)
    beta1: float = _beta1()
    beta2: float = _beta2()

    def build(self, groups: Groups, learning_rate: float) -> Optimizer:
        from engine.train.muon import Muon, with_hidden_apart

        betas = (self.beta1, self.beta2)
        hidden = with_hidden_apart(groups)
        return Muon(hidden, lr=learning_rate, momentum=self.momentum, nesterov=self.nesterov, betas=betas)
