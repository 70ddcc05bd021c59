"""Layers in which every output sees every input."""

from __future__ import annotations

from engine.layers.base import EVERYWHERE, LayerKind, Reach, Shape, grouped, layer_kind, picture, vector
from engine.layers.made import Made, made, unlike
from engine.params import param


@layer_kind("dense", "Dense", "dense")
class Dense(LayerKind):
    """Every neuron weighs all inputs and adds them up. The classical layer of perceptrons, also called fully
    connected or linear."""

    more_about = "https://d2l.ai/chapter_multilayer-perceptrons/mlp.html"

    units: int = param(128, low=1, high=65_536, label="Neurons", help="How many numbers come out.", scales=True)
    bias: bool = param(True, label="Bias", help="Add a learnt number to each neuron's sum.", more=True)

    def infer(self, x: Shape) -> Shape:
        vector(x, "A dense layer")
        return (self.units,)

    def parameters(self, x: Shape) -> int:
        return x[0] * self.units + (self.units if self.bias else 0)

    def multiply_adds(self, x: Shape) -> int:
        return x[0] * self.units

    def made(self, x: Shape) -> Made:
        return made("nn.Linear", x[0], self.units, **unlike({"bias": True}, bias=self.bias))

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE

    def said(self) -> str:
        return f"{grouped(self.units)} neurons{'' if self.bias else ', no bias'}"

    def formula(self, x: Shape) -> str:
        return _dense_formula(x[0], self.units, self.bias, self.parameters(x))


def _dense_formula(inputs: int, units: int, bias: bool, total: int) -> str:
    biases = f" + {grouped(units)} biases" if bias else ""
    return (
        f"{grouped(inputs)} inputs → {grouped(units)} neurons\n"
        f"{grouped(inputs)} · {grouped(units)}{biases}\n= {grouped(total)}"
    )


@layer_kind("classes", "Classes", "output")
class Classes(LayerKind):
    """A dense layer with one output per class; softmax turns the outputs into probabilities that add up to 1. With a
    single output, sigmoid gives the probability of the second of two classes.

    The module computes logits; softmax or sigmoid belongs to the task, because the loss is exact and stable only when
    both are computed together.
    """

    more_about = "https://d2l.ai/chapter_linear-classification/softmax-regression.html"

    outputs: int = param(
        0,
        low=0,
        high=65_536,
        label="Outputs",
        zero_means="one per class",
        fact="classes",
        help="As many as the data has classes, or 1 for a single sigmoid output that divides two classes.",
    )

    def infer(self, x: Shape) -> Shape:
        vector(x, "The classes output")
        return (self.outputs,)

    def parameters(self, x: Shape) -> int:
        return (x[0] + 1) * self.outputs

    def multiply_adds(self, x: Shape) -> int:
        return x[0] * self.outputs

    def made(self, x: Shape) -> Made:
        return made("nn.Linear", x[0], self.outputs)

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE

    def said(self) -> str:
        if self.outputs == 0:
            return "softmax, one output per class"
        return "sigmoid, 1 output" if self.outputs == 1 else f"softmax, {self.outputs} classes"

    def formula(self, x: Shape) -> str:
        return _dense_formula(x[0], self.outputs, True, self.parameters(x))


@layer_kind("class_maps", "Class maps", "output")
class ClassMaps(LayerKind):
    """One 1×1 filter per class makes a map of where the class is seen; its mean over the image is the class's score.
    The output of networks without dense layers.

    Lin et al., 2013, "Network in network"; Iandola et al., 2016, "SqueezeNet".
    """

    outputs: int = param(
        0, low=0, high=65_536, label="Outputs", zero_means="one per class", fact="classes", help="As many as classes."
    )
    rectify: bool = param(
        True,
        label="ReLU",
        help="What speaks against a class does not count; as in both papers.",
        more=True,
    )
    more_about = "https://arxiv.org/abs/1312.4400"

    def infer(self, x: Shape) -> Shape:
        picture(x, self.title)
        return (self.outputs,)

    def parameters(self, x: Shape) -> int:
        return (x[0] + 1) * self.outputs

    def multiply_adds(self, x: Shape) -> int:
        return x[0] * self.outputs * x[1] * x[2]

    def made(self, x: Shape) -> Made:
        return made("ClassMaps", x[0], self.outputs, *(() if self.rectify else (False,)))

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE

    def said(self) -> str:
        return f"softmax, {self.outputs} classes" if self.outputs else "softmax, one map per class"

    def formula(self, x: Shape) -> str:
        return _dense_formula(x[0], self.outputs, True, self.parameters(x))
