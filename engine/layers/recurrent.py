"""Layers that read a sequence step by step and remember. An image is a sequence of its rows."""

from __future__ import annotations

from typing import ClassVar

from engine.errors import ShapeMismatch
from engine.layers.base import EVERYWHERE, LayerKind, Reach, Shape, grouped, layer_kind, picture, shape_in_words
from engine.layers.made import Made, made
from engine.params import param


def sequence(x: Shape, who: str) -> tuple[int, int]:
    """`x` as (steps, features). Raises: ShapeMismatch where it is no sequence."""
    if len(x) == 2:
        return x
    raise ShapeMismatch(
        f"{who} needs a sequence.",
        why=f"It receives {shape_in_words(x)}.",
        fix="Add Rows to sequence before it." if len(x) == 3 else "Move it before the layer that flattens.",
    )


@layer_kind("rows_to_sequence", "Rows to sequence", "recurrent")
class RowsToSequence(LayerKind):
    """Reads the image like a text, row by row from the top: every row becomes one step of a sequence."""

    def infer(self, x: Shape) -> Shape:
        channels, height, width = picture(x, self.title)
        return height, channels * width

    def made(self, x: Shape) -> Made:
        return made("RowsToSequence", expression="{0}.transpose(1, 2).flatten(2)")

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE


class _Recurrent(LayerKind):
    """What recurrent layers share: `gates` maps of input and memory, in one or two `directions`."""

    gates: ClassVar[int] = 1
    cell: ClassVar[str] = "rnn"
    directions: ClassVar[int] = 1
    units: int
    layers: int

    def infer(self, x: Shape) -> Shape:
        steps, _ = sequence(x, self.title)
        return steps, self.directions * self.units

    def _sizes(self, x: Shape) -> list[int]:
        """Numbers that reach each of the stacked layers at every step."""
        return [x[-1], *[self.directions * self.units] * (self.layers - 1)]

    def parameters(self, x: Shape) -> int:
        return self.directions * sum(self.gates * self.units * (size + self.units + 2) for size in self._sizes(x))

    def multiply_adds(self, x: Shape) -> int:
        each = sum(self.gates * self.units * (size + self.units) for size in self._sizes(x))
        return x[0] * self.directions * each

    def made(self, x: Shape) -> Made:
        both_ways = (True,) if self.directions == 2 else ()
        return made("Recurrent", self.cell, x[-1], self.units, self.layers, *both_ways)

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE

    def said(self) -> str:
        return f"{self.units} units{f', {self.layers} layers' if self.layers > 1 else ''}"

    def formula(self, x: Shape) -> str:
        ways = "2 directions · " if self.directions == 2 else ""
        gates = f"{self.gates} · " if self.gates > 1 else ""
        rows = [f"{ways}{gates}{self.units} · ({size} + {self.units} + 2 biases)" for size in self._sizes(x)]
        return "\n+ ".join(rows) + f"\n= {grouped(self.parameters(x))}"


def _units() -> int:
    return param(
        64,
        low=1,
        high=8192,
        label="Units",
        help="How many numbers it remembers; they come out at each step.",
        scales=True,
    )


def _layers() -> int:
    return param(1, low=1, high=8, label="Layers", help="Stacked: each reads what the one below gives.", more=True)


@layer_kind("rnn", "Simple RNN", "recurrent")
class SimpleRNN(_Recurrent):
    """Mixes each step with what it remembers, through tanh. Simple, but what lies many steps back fades.

    Elman, 1990, "Finding structure in time".
    """

    more_about = "https://d2l.ai/chapter_recurrent-neural-networks/rnn.html"

    units: int = _units()
    layers: int = _layers()


@layer_kind("lstm", "LSTM", "recurrent")
class LSTM(_Recurrent):
    """Remembers over long sequences: gates decide at each step what is stored, kept and given out.

    Hochreiter and Schmidhuber, 1997, "Long short-term memory".
    """

    more_about = "https://d2l.ai/chapter_recurrent-modern/lstm.html"

    gates = 4
    cell = "lstm"
    units: int = _units()
    layers: int = _layers()


@layer_kind("bilstm", "Bidirectional LSTM", "recurrent")
class BidirectionalLSTM(_Recurrent):
    """Two LSTMs read the sequence, one from each end. Take the mean over steps behind it: at the last step, the one
    that reads backwards has only just begun.

    Graves and Schmidhuber, 2005, "Framewise phoneme classification with bidirectional LSTM".
    """

    more_about = "https://d2l.ai/chapter_recurrent-modern/bi-rnn.html"

    gates = 4
    cell = "lstm"
    directions = 2
    units: int = _units()
    layers: int = _layers()


@layer_kind("gru", "GRU", "recurrent")
class GRU(_Recurrent):
    """Remembers like an LSTM with fewer gates, and so with fewer parameters.

    Cho et al., 2014, "Learning phrase representations using RNN encoder-decoder".
    """

    gates = 3
    cell = "gru"
    more_about = "https://arxiv.org/abs/1406.1078"
    units: int = _units()
    layers: int = _layers()


@layer_kind("last_step", "Last step", "recurrent")
class LastStep(LayerKind):
    """Keeps what stands after the last step: when everything has been read."""

    def infer(self, x: Shape) -> Shape:
        return (sequence(x, self.title)[1],)

    def made(self, x: Shape) -> Made:
        return made("LastStep", expression="{0}[:, -1]")

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE


@layer_kind("mean_steps", "Mean over steps", "recurrent")
class MeanOverSteps(LayerKind):
    """Takes the mean over all steps. Every part of the sequence counts equally, wherever it stood."""

    def infer(self, x: Shape) -> Shape:
        return (sequence(x, self.title)[1],)

    def made(self, x: Shape) -> Made:
        return made("MeanOverSteps", expression="{0}.mean(dim=1)")

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE
