"""How the layers of a network do while it learns: gradients, steps, silent and saturated units; a light for each.

`LayerHealth` looks at one training step every few seconds, through hooks that only read: the numbers of a training are
the same with and without it. All measures of a look are stacked and brought from the device in one copy. How often it
looks follows from what a look takes, so that it never costs more than `SHARE` of the time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Literal

from engine.compile import Facts, NetworkReport, infer
from engine.compile.infer import NodeReport
from engine.transfer import Question

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
    from torch.utils.hooks import RemovableHandle

    from engine.train.setup import Setup

EVERY = 2.0
"""Seconds between two looks, at least."""

SHARE = 0.005
"""Share of the time that looks may take."""

MOST_NUMBERS = 1 << 18
"""Of larger weights only so many, evenly spread, are compared with themselves before the step: a copy of all weights of
a large network would need room that the training may not have."""

SATURATED_SIGMOID, SATURATED_TANH = 0.985, 0.97
"""A sigmoid beyond, or a tanh beyond in size, lets less than a twentieth of the gradient through."""

FEWEST = 8
"""Images of a batch from which silence and saturation mean something."""

MANY, NEARLY_ALL = 0.5, 0.9  # shares of silent or saturated units that are worth a look, and bad
LONG_STEP, WILD_STEP = 0.05, 0.3  # update ratios; about 0.001 is usual, and Adam on small weights takes ten times that
SHORT_STEP, BEHIND = 1e-5, 30.0  # at the full learning rate; and how many times shorter than the other layers'
VANISHED = 1e-8  # gradient norm as share of the weights' norm

Light = Literal["good", "look", "bad"]
Finding = Literal["fine", "broken", "dead", "saturated", "no_gradient", "wild", "long", "short", "behind"]
"""What a light is about: all is well, a number that is none, silent units, saturated ones, no gradient arrives, steps
far too long, rather long, very short in all layers, or much shorter than in the others."""


@dataclass(frozen=True, slots=True)
class LayerState:
    """What one look found out about one layer; None where there is nothing of that sort.

    Attributes:
        node_id: of the layer as it is drawn; a block stands for everything inside.
        weight: norm of its weights.
        gradient: norm of the gradient of the loss with respect to all it learns.
        update_ratio: norm of the last step / norm of the weights, of its weights without biases; about 0.001 is usual.
        dead: share of its rectified units that were active for no image of the batch.
        saturated: share of the outputs of its sigmoids and tanhs that are so near their limits that they let hardly
            any gradient through.
        light: "good", "look" or "bad".
        finding: why.
    """

    node_id: str
    weight: float | None = None
    gradient: float | None = None
    update_ratio: float | None = None
    dead: float | None = None
    saturated: float | None = None
    light: Light = "good"
    finding: Finding = "fine"


@dataclass(frozen=True, slots=True)
class LayersSeen:
    """A look at all layers that learn or bend, in the order of computation.

    Attributes:
        epoch, total_step: 1-based, of the step that was looked at.
        images: in the batch that was looked at.
    """

    epoch: int
    total_step: int
    images: int
    layers: tuple[LayerState, ...]


# ---- judging


def judged(layers: Iterable[LayerState], rate_share: float = 1.0) -> tuple[LayerState, ...]:
    """The same with lights.

    Args:
        rate_share: the learning rate of the step as share of the recipe's; where a schedule makes steps short on
            purpose, no layer is blamed for it.
    """
    layers = tuple(layers)
    full = [one.update_ratio / max(rate_share, 1e-3) for one in layers if one.update_ratio is not None]
    usual = median(full) if full else 0.0
    told = ((one, _finding(one, usual, max(rate_share, 1e-3))) for one in layers)
    return tuple(replace(one, light=light, finding=finding) for one, (light, finding) in told)


def _finding(layer: LayerState, usual: float, rate_share: float) -> tuple[Light, Finding]:
    numbers = (layer.weight, layer.gradient, layer.update_ratio)
    if any(number is not None and not math.isfinite(number) for number in numbers):
        return "bad", "broken"
    for finding, share in (("dead", layer.dead), ("saturated", layer.saturated)):
        if share is not None and share >= MANY:
            return ("bad" if share >= NEARLY_ALL else "look"), finding  # type: ignore[return-value]
    if layer.gradient is not None and layer.gradient <= VANISHED * (layer.weight or 1.0):
        return "bad", "no_gradient"
    ratio = layer.update_ratio
    if ratio is None:
        return "good", "fine"
    if ratio > LONG_STEP:
        return ("bad", "wild") if ratio > WILD_STEP else ("look", "long")
    if ratio / rate_share < SHORT_STEP:
        return "look", "short" if usual < SHORT_STEP else "behind"
    return ("look", "behind") if ratio / rate_share * BEHIND < usual and usual < LONG_STEP else ("good", "fine")


# ---- measuring


class LayerHealth:
    """Looks at a training through its optimizer and its activations.

    Args:
        network: the module that `engine.compile.module.build` made; wrapped or compiled ones have the same children.
        report: of the drawn network.
        learning_rate: the recipe's.
        every: seconds between two looks, at least.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        report: NetworkReport,
        learning_rate: float,
        every: float = EVERY,
    ):
        self._optimizer, self._learning_rate, self._every = optimizer, learning_rate, every
        self._order = list(report.nodes)
        self._weights = list(_weights(network, report))
        self._bends = list(_bends(network, report))
        self._names: list[tuple[str, str]] = []  # (node, measure) of each value
        self._values: list[Tensor] = []
        self._before: list[Tensor] = []
        self._hooks: list[RemovableHandle] = []
        self._is_ready = False
        self._images = 0
        self._spent = 0.0
        self._began = self._next = time.perf_counter()

    @classmethod
    def of(cls, setup: Setup) -> LayerHealth:
        """That of a training that is ready to begin."""
        facts = Facts(setup.project.data.shape, len(setup.classes))
        report = infer(setup.project.network, facts)
        return cls(setup.network, setup.optimizer, report, setup.recipe.learning_rate, EVERY)

    def after_step(self, epoch: int, total_step: int, *, look_next: bool = False) -> Question[LayersSeen] | None:
        """Called after every step: what was seen of it, where it was looked at; arranges the next look.

        Args:
            look_next: at the next step, however short ago the last look was.
        """
        question = self._look(epoch, total_step) if self._is_ready else None
        if not self._hooks and (look_next or (question is None and time.perf_counter() >= self._next)):
            self._arm()
        return question

    def close(self) -> None:
        """Take away what still waits for a step."""
        for hook in self._hooks:
            hook.remove()
        self._hooks, self._before = [], []

    def _arm(self) -> None:
        """Look at the next step."""
        began = time.perf_counter()
        self._names, self._values, self._is_ready = [], [], False
        for node_id, layer, kind in self._bends:
            self._hooks.append(layer.register_forward_hook(self._listener(node_id, kind)))
        self._hooks.append(self._optimizer.register_step_pre_hook(self._before_step))
        self._hooks.append(self._optimizer.register_step_post_hook(self._after_optimizer))
        self._spent = time.perf_counter() - began

    def _listener(self, node_id: str, kind: str):
        def listen(module: nn.Module, inputs: tuple, output: Tensor) -> None:
            if not module.training or len(output) < FEWEST:  # watched images are predicted in between
                return
            began = time.perf_counter()
            # With accumulated gradients several batches come before the step: the last one counts.
            names = [(node_id, f"{kind}:{id(module)}")] * 2
            self._forget(names[0])
            self._names += names
            self._values += _active(output.detach()) if kind == "dead" else _at_limits(output.detach(), kind)
            self._images = len(output)
            self._spent += time.perf_counter() - began

        return listen

    def _forget(self, name: tuple[str, str]) -> None:
        kept = [place for place, known in enumerate(self._names) if known != name]
        self._names = [self._names[place] for place in kept]
        self._values = [self._values[place] for place in kept]

    def _before_step(self, *_: object) -> None:
        """Gradients are whole now, and no longer scaled; weights have not moved."""
        import torch

        began = time.perf_counter()
        with torch.no_grad():
            told = [(node_id, p) for node_id, p in self._weights if p.grad is not None]
            self._add("gradient", told, [p.grad for _, p in told])
            parts = [(node_id, _some(p.detach())) for node_id, p in self._weights if p.ndim > 1]
            self._before = [part.clone() for _, part in parts]
            self._add("weight", parts, self._before)
        self._spent += time.perf_counter() - began

    def _after_optimizer(self, *_: object) -> None:
        import torch

        began = time.perf_counter()
        with torch.no_grad():
            parts = [(node_id, _some(p.detach())) for node_id, p in self._weights if p.ndim > 1]
            if self._before and len(parts) == len(self._before):
                steps = torch._foreach_sub([part for _, part in parts], self._before)
                self._add("step", parts, steps)
        self.close()
        self._is_ready = True
        self._spent += time.perf_counter() - began

    def _add(self, measure: str, told: list, tensors: list[Tensor]) -> None:
        """Keep the norms of `tensors` on the device, each under the layer it belongs to."""
        import torch

        if tensors:
            self._names += [(node_id, measure) for node_id, _ in told]
            self._values += torch._foreach_norm(tensors)

    def _look(self, epoch: int, total_step: int) -> Question[LayersSeen]:
        import torch

        began = time.perf_counter()
        # One tensor for all: a number at a time would be as many copies.
        values = torch.stack([value.float() for value in self._values]) if self._values else torch.empty(0)
        share = self._optimizer.param_groups[0]["lr"] / self._learning_rate if self._learning_rate else 1.0
        names, images, order = self._names, self._images, self._order
        self._names, self._values, self._is_ready = [], [], False

        def told(values: Tensor) -> LayersSeen:
            states = _states(order, zip(names, values.tolist(), strict=True))
            return LayersSeen(epoch, total_step, images, judged(states, min(1.0, share)))

        # Often at first: a small training is over before the first of the usual pauses.
        now = time.perf_counter()
        self._spent += now - began
        self._next = now + max(min(self._every, now - self._began), self._spent / SHARE)
        return Question(values, told)


def _states(order: list[str], values: Iterable[tuple[tuple[str, str], float]]) -> Iterator[LayerState]:
    """Put the values of each layer together: norms as norms of the whole, units as shares."""
    found: dict[str, dict[str, list[float]]] = {}
    for (node_id, measure), value in values:
        found.setdefault(node_id, {}).setdefault(measure.partition(":")[0], []).append(value)
    for node_id in order:
        if node_id in found:
            mine = found[node_id]
            weight, step = _norm(mine.get("weight")), _norm(mine.get("step"))
            ratio = step / weight if step is not None and weight else None
            limits = [*mine.get("sigmoid", ()), *mine.get("tanh", ())]
            gradient = _norm(mine.get("gradient"))
            yield LayerState(node_id, weight, gradient, ratio, _share(mine.get("dead")), _share(limits))


def _norm(parts: list[float] | None) -> float | None:
    return math.sqrt(sum(part * part for part in parts)) if parts else None


def _share(parts: list[float] | None) -> float | None:
    """Of numbers in pairs, how many and of how many."""
    total = sum(parts[1::2]) if parts else 0
    return sum(parts[::2]) / total if parts and total else None


def _some(weights: Tensor) -> Tensor:
    """At most about `MOST_NUMBERS` of the numbers, as a view."""
    every = math.ceil(weights.numel() / MOST_NUMBERS)
    down = min(every, max(1, weights.shape[0] // 8))
    across = min(math.ceil(every / down), max(1, weights.shape[1] // 8))
    return weights[::down, ::across]


def _active(output: Tensor) -> list[Tensor]:
    """(silent units, units): a unit is a channel of an image, or one number of a vector or of a step of a sequence."""
    import torch

    units = output.movedim(1, -1) if output.ndim > 3 else output
    largest = units.amax(dim=tuple(range(units.ndim - 1)))
    return [(largest <= 0).sum(), torch.full((), largest.numel(), device=output.device)]


def _at_limits(output: Tensor, kind: str) -> list[Tensor]:
    """(saturated outputs, outputs)."""
    import torch

    distance = (output - 0.5).abs() * 2 if kind == "sigmoid" else output.abs()
    limit = 2 * (SATURATED_SIGMOID - 0.5) if kind == "sigmoid" else SATURATED_TANH
    return [(distance > limit).sum(), torch.full((), output.numel(), device=output.device)]


def _weights(network: nn.Module, report: NetworkReport) -> Iterator[tuple[str, nn.Parameter]]:
    """What is learnt, with the drawn layer it belongs to."""
    owners = _owners(network, report)
    for name, weights in network.named_parameters():
        owner = owners.get(name.removeprefix("_orig_mod.").partition(".")[0])
        if owner is not None and weights.requires_grad:
            yield owner, weights


def _bends(network: nn.Module, report: NetworkReport) -> Iterator[tuple[str, nn.Module, str]]:
    """Activations that can fall silent or saturate, also inside blocks: (layer, module, "dead", "sigmoid", "tanh")."""
    from torch import nn

    kinds = {nn.ReLU: "dead", nn.ReLU6: "dead", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh"}
    owners = _owners(network, report)
    for name, module in network.named_modules():
        owner = owners.get(name.removeprefix("_orig_mod.").partition(".")[0])
        if owner is not None and type(module) in kinds:
            yield owner, module, kinds[type(module)]


def _owners(network: nn.Module, report: NetworkReport) -> dict[str, str]:
    """The drawn layer of each child: names that torch keeps for itself were changed."""
    inner = getattr(network, "_orig_mod", network)
    names = getattr(inner, "_names", {})
    return {names.get(node_id, node_id): node_id for node_id, entry in report.nodes.items() if _is_layer(entry)}


def _is_layer(entry: NodeReport) -> bool:
    return entry.layer is not None and entry.layer.family != "input"
