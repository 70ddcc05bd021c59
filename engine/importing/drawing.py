"""From a list of foreign operations to a drawn network; what ONNX and torchvision share.

An importer says operation by operation what is computed from what; values carry the names of the foreign graph. What a
drawing cannot hold yet (a product with a constant, an error function) is kept as a mark until the patterns have looked
for what it is a part of; marks that are left are taken out and listed by name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.compile import Facts, infer
from engine.errors import EngineError
from engine.layers import LAYERS, Shape
from engine.params import Value, params_of
from engine.spec.network import NetworkSpec, Node

Pads = tuple[int, int, int, int]
"""Top, left, bottom, right, as ONNX orders them."""

WEIGHTS_STAY = "Its structure was drawn; its weights were not taken."


@dataclass(frozen=True)
class Imported:
    """A network that came from elsewhere.

    Attributes:
        shape: (C, H, W) of the images it was made for, where that is known.
        unmapped: operations for which there is no layer, by name and how often: "Einsum (2×)". They were left out; what
            they received goes on to what they fed.
        notes: what else is good to know, sentence by sentence.
    """

    network: NetworkSpec
    shape: Shape | None = None
    unmapped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Step:
    """One operation: a layer, or a mark, whose kind begins with "~"."""

    id: str
    kind: str
    params: dict[str, Value]
    inputs: list[str]
    name: str = ""  # of the foreign operation


@dataclass
class Drawing:
    """Collects operations and makes a network of them."""

    shape: Shape | None = None
    notes: list[str] = field(default_factory=list)
    _steps: dict[str, _Step] = field(default_factory=dict)
    _values: dict[str, str] = field(default_factory=dict)
    _missing: Counter = field(default_factory=Counter)
    _count: int = 0

    # ---- what an importer says

    def image(self, value: str, shape: Shape | None) -> None:
        """The images come in as `value`."""
        self.shape = shape
        self._values[value] = self._put("image", {}, [], "image")

    def knows(self, value: str) -> bool:
        """Whether `value` follows from the images."""
        return value in self._values

    def layer(self, kind: str, params: Mapping[str, Value], inputs: Sequence[str], value: str, name: str = "") -> None:
        """`value` is what a layer of `kind` makes of the values `inputs`."""
        ids = [self._values[one] for one in inputs]
        self._values[value] = self._put(kind, self._unusual(kind, params), ids, name or kind)

    def mark(self, mark: str, number: float, inputs: Sequence[str], value: str, name: str) -> None:
        """`value` is made in a way that may be a part of a layer: a product with `number`, an error function."""
        self._values[value] = self._put(f"~{mark}", {"value": number}, [self._values[one] for one in inputs], name)

    def same(self, value: str, source: str) -> None:
        """`value` is `source` under another name."""
        self._values[value] = self._values[source]

    def unknown(self, name: str, inputs: Sequence[str], value: str) -> None:
        """There is no layer for the operation `name`; its first input goes on in its place."""
        known = [one for one in inputs if one in self._values]
        if known:
            self._missing[name] += 1
            self._values[value] = self._values[known[0]]

    def window(
        self, kind: str, params: dict[str, Value], pads: Pads, inputs: Sequence[str], value: str, name: str = ""
    ) -> None:
        """A layer with a window: `pads` become its padding, or a layer of their own where it cannot say them."""
        padding = _padding(params, pads, windows_only=kind in ("max_pool", "avg_pool"))
        if padding is None:
            top, left, bottom, right = pads
            between = f"{value}/padded"
            sides = {"top": top, "bottom": bottom, "left": left, "right": right}
            self.layer("zero_padding", sides, inputs, between, "Pad")
            inputs, padding = [between], "valid"
        self.layer(kind, {**params, "padding": padding}, inputs, value, name)

    def bias(self, source: str, value: str) -> bool:
        """`value` adds a learnt number per output to `source`: where that is a layer without bias, it gets one. Returns
        whether it is."""
        step = self._steps[self._values[source]]
        if step.params.get("bias") is not False or len(self._users(step.id)) > 0:
            return False
        del step.params["bias"]
        self._values[value] = step.id
        return True

    # ---- the network

    def finished(self, output: str) -> Imported:
        """The network that computes `output`.

        Raises: EngineError, where nothing of it could be drawn.
        """
        end = self._values.get(output)
        if end is None or self._steps[end].kind == "image":
            raise EngineError(
                "No layer of this network could be drawn.",
                why="Its output does not follow from an image, or none of its operations is known here.",
                fix="Export a network that receives images of the form (batch, channels, height, width).",
            )
        for pattern in PATTERNS:
            end = pattern(self, end)
            self._steps = {step.id: step for step in self._used(end)}  # what became a part of another is no user
        end = self._without_marks(end)
        end = self._with_output(end)
        nodes = tuple(Node(step.id, step.kind, step.params, tuple(step.inputs)) for step in self._used(end))
        unmapped = tuple(f"{name} ({count}×)" if count > 1 else name for name, count in sorted(self._missing.items()))
        return Imported(_renamed(nodes), self.shape, unmapped, (*self.notes, WEIGHTS_STAY))

    def _put(self, kind: str, params: dict[str, Value], inputs: list[str], name: str) -> str:
        self._count += 1
        node_id = f"s{self._count}"
        self._steps[node_id] = _Step(node_id, kind, params, inputs, name)
        return node_id

    def _unusual(self, kind: str, params: Mapping[str, Value]) -> dict[str, Value]:
        """Those settings that are not the usual ones, which is how a drawing keeps them."""
        usual = {setting.name: setting.default for setting in params_of(LAYERS[kind])}
        return {name: value for name, value in params.items() if usual.get(name) != value}

    def _users(self, node_id: str) -> list[_Step]:
        return [step for step in self._steps.values() if node_id in step.inputs]

    def _used(self, end: str) -> list[_Step]:
        """The steps from which `end` follows, in their order."""
        wanted, waiting = set(), [end]
        while waiting:
            node_id = waiting.pop()
            if node_id not in wanted:
                wanted.add(node_id)
                waiting += self._steps[node_id].inputs
        return [step for step in self._steps.values() if step.id in wanted]

    def _replace(self, old: str, new: str, end: str) -> str:
        """Let everything that received `old` receive `new`. Returns what `end` is now."""
        for step in self._steps.values():
            if step.id != new:
                step.inputs = [new if one == old else one for one in step.inputs]
        return new if end == old else end

    def _without_marks(self, end: str) -> str:
        for step in self._used(end):
            if step.kind.startswith("~"):
                self._missing[step.name] += 1
                end = self._replace(step.id, step.inputs[0], end)
        return end

    def _with_output(self, end: str) -> str:
        """The last dense layer becomes the output; where there is none, one is added."""
        step = self._steps[end]
        if step.kind == "softmax":
            self.notes.append("The softmax at the end is left out: the loss has one of its own.")
            return self._with_output(step.inputs[0])
        if step.kind == "dense":
            self.notes.append(f"The output has one number per class of the data in place of {step.params['units']}.")
            step.kind, step.params = "classes", {}
            return end
        maps = self._class_maps(end)
        if maps is not None:
            return maps
        self.notes.append("No dense layer stands at the end: an output for the classes was added.")
        shapes = self._shapes(end)
        if len(shapes.get(end) or (0,)) == 3:
            end = self._put("global_avg_pool", {}, [end], "pool")
        return self._put("classes", {}, [end], "classes")

    def _class_maps(self, end: str) -> str | None:
        """One 1×1 convolution with a filter per class, averaged, as in SqueezeNet."""
        step = self._steps[end]
        if step.kind != "global_avg_pool":
            return None
        before = self._steps[step.inputs[0]]
        bent = before.kind == "relu"
        layer = self._steps[before.inputs[0]] if bent else before
        if layer.kind != "conv2d" or layer.params.get("kernel") not in (1, (1, 1)):
            return None
        count = layer.params.get("filters", 32)
        self.notes.append(f"The output has one map per class of the data in place of {count}.")
        step.kind, step.params = "class_maps", {} if bent else {"rectify": False}
        step.inputs = list(layer.inputs)
        return end

    def _shapes(self, end: str) -> dict[str, Shape | None]:
        """Shapes as far as they are known before the marks are gone."""
        nodes = tuple(Node(step.id, step.kind, step.params, tuple(step.inputs)) for step in self._used(end))
        report = infer(NetworkSpec(nodes), Facts(self.shape or (3, 224, 224), 2))
        return {node_id: entry.shape for node_id, entry in report.nodes.items()}

    # ---- what patterns ask

    def source(self, node_id: str, *kinds: str) -> _Step | None:
        """The step before `node_id`, where it is one of `kinds` and feeds nothing else."""
        inputs = self._steps[node_id].inputs
        step = self._steps[inputs[0]] if inputs else None
        return step if step is not None and step.kind in kinds and len(self._users(step.id)) == 1 else None


def _padding(params: Mapping[str, Value], pads: Pads, *, windows_only: bool) -> Value | None:
    """The setting that stands for `pads`; None where there is none."""
    top, left, bottom, right = pads
    if not any(pads):
        return "valid"
    kernel, stride, spread = (pair_of(params.get(name, 1)) for name in ("kernel", "stride", "dilation"))
    same = tuple(size * (side - 1) for size, side in zip(spread, kernel, strict=True))
    if stride == (1, 1) and not windows_only and (top, left) == (bottom, right) and (2 * top, 2 * left) == same:
        return "same"
    return top if len(set(pads)) == 1 else None


def pair_of(value: Any) -> tuple[int, int]:
    """(height, width); one number stands for both."""
    return (int(value[0]), int(value[1])) if isinstance(value, tuple | list) else (int(value), int(value))


def short(value: Any) -> Value:
    """(3, 3) as 3: how a setting is kept."""
    height, width = pair_of(value)
    return height if height == width else (height, width)


def convolution(
    inward: int, outward: int, kernel: Any, stride: Any, dilation: Any, groups: int, bias: bool
) -> tuple[str, dict[str, Value]]:
    """The layer kind and the settings of a convolution; where every channel is looked at by itself, a depthwise one."""
    params: dict[str, Value] = {"kernel": short(kernel), "stride": short(stride), "bias": bias}
    if groups > 1 and groups == inward and outward % inward == 0 and pair_of(dilation) == (1, 1):
        return "depthwise_conv", {**params, "multiplier": outward // inward}
    return "conv2d", {**params, "filters": outward, "dilation": short(dilation), "groups": groups}


def _renamed(nodes: tuple[Node, ...]) -> NetworkSpec:
    """With the ids that the canvas would have given: "conv2d_1", "conv2d_2"."""
    count: Counter[str] = Counter()
    names: dict[str, str] = {}
    for node in nodes:
        count[node.kind] += 1
        names[node.id] = f"{node.kind}_{count[node.kind]}"
    return NetworkSpec(
        tuple(replace(node, id=names[node.id], inputs=tuple(names[i] for i in node.inputs)) for node in nodes)
    )


# ---- patterns: several operations that are one layer. Each gets the drawing and what its output is, and returns that
# anew where it changed.


def _gates(drawing: Drawing, end: str) -> str:
    """x · sigmoid(x) is SiLU, x · hard sigmoid(x) hard swish, x · tanh(softplus(x)) Mish."""
    gates = {"sigmoid": "silu", "hard_sigmoid": "hard_swish"}
    for step in list(drawing._steps.values()):
        if step.kind != "multiply" or len(step.inputs) != 2:
            continue
        for x, gate in (step.inputs, step.inputs[::-1]):
            one = drawing._steps[gate]
            if one.kind in gates and one.inputs == [x]:
                step.kind, step.inputs = gates[one.kind], [x]
                break
            if one.kind == "tanh" and (deeper := drawing.source(gate, "softplus")) and deeper.inputs == [x]:
                step.kind, step.inputs = "mish", [x]
                break
    return end


def _hard_steps(drawing: Drawing, end: str) -> str:
    """clip(x + 3, 0, 6) / 6 is hard sigmoid, however it is written."""
    for step in list(drawing._steps.values()):
        sixth = (step.kind == "~divide" and _is(step, 6.0)) or (step.kind == "~multiply" and _is(step, 1 / 6))
        clip = drawing.source(step.id, "relu6") if sixth else None
        plus = drawing.source(clip.id, "~add") if clip is not None else None
        if plus is not None and _is(plus, 3.0):
            step.kind, step.params, step.inputs = "hard_sigmoid", {}, list(plus.inputs)
    # x · clip(x + 3, 0, 6), and only then divided
    for step in list(drawing._steps.values()):
        sixth = (step.kind == "~divide" and _is(step, 6.0)) or (step.kind == "~multiply" and _is(step, 1 / 6))
        product = drawing.source(step.id, "multiply") if sixth else None
        if product is None:
            continue
        for x, gate in (product.inputs, product.inputs[::-1]):
            plus = drawing.source(gate, "~add") if drawing._steps[gate].kind == "relu6" else None
            if plus is not None and _is(plus, 3.0) and plus.inputs == [x]:
                step.kind, step.params, step.inputs = "hard_swish", {}, [x]
                break
    return end


def _is(step: _Step, value: float) -> bool:
    found = step.params.get("value")
    return isinstance(found, float) and math.isclose(found, value, rel_tol=1e-3)


def _gelus(drawing: Drawing, end: str) -> str:
    """x · (1 + erf(x / √2)) / 2 is GELU (Hendrycks and Gimpel, 2016)."""
    for step in list(drawing._steps.values()):
        if step.kind != "~erf":
            continue
        x = drawing._steps[step.inputs[0]].inputs[:1]
        here, seen = step, 0
        # What follows is a plus, a product with x and a half, in an order that exporters choose differently.
        while seen < 3 and len(users := drawing._users(here.id)) == 1:
            follower = users[0]
            if follower.kind not in ("~add", "~multiply", "multiply"):
                break
            here, seen = follower, seen + 1
        if seen == 3 and x:
            here.kind, here.params, here.inputs = "gelu", {}, list(x)
    return end


def _pooled_to_one(drawing: Drawing, end: str) -> str:
    """Pooling to 1 × 1 and then flattening is global pooling."""
    for step in list(drawing._steps.values()):
        if step.kind != "flatten":
            continue
        pool = drawing._steps[step.inputs[0]]
        if pool.kind == "adaptive_avg_pool" and pool.params.get("size") in (1, (1, 1)):
            end = drawing._replace(step.id, pool.id, end)
            pool.kind, pool.params = "global_avg_pool", {}
        elif pool.kind in ("global_avg_pool", "global_max_pool"):
            end = drawing._replace(step.id, pool.id, end)
    return end


def _excitations(drawing: Drawing, end: str) -> str:
    """A product with a gate that comes from the mean of every channel is squeeze and excitation."""
    ends = {"sigmoid": "sigmoid", "hard_sigmoid": "hard_sigmoid"}
    for step in list(drawing._steps.values()):
        if step.kind != "multiply" or len(step.inputs) != 2:
            continue
        for x, gate_id in (step.inputs, step.inputs[::-1]):
            gate = drawing._steps[gate_id]
            second = drawing.source(gate_id, "conv2d") if gate.kind in ends else None
            bend = drawing.source(second.id, "relu", "silu") if second is not None else None
            first = drawing.source(bend.id, "conv2d") if bend is not None else None
            pool = drawing.source(first.id, "adaptive_avg_pool") if first is not None else None
            if pool is not None and pool.inputs == [x]:
                params = {"squeezed": first.params.get("filters", 32), "activation": bend.kind, "gate": ends[gate.kind]}  # type: ignore[union-attr]
                step.kind, step.params, step.inputs = (
                    "squeeze_excitation",
                    drawing._unusual("squeeze_excitation", params),
                    [x],
                )
                break
    return end


def _no_effect(drawing: Drawing, end: str) -> str:
    """Adding 0 and multiplying by 1 change nothing."""
    for step in list(drawing._steps.values()):
        idle = (step.kind == "~add" and step.params.get("value") == 0.0) or (
            step.kind in ("~multiply", "~divide") and step.params.get("value") == 1.0
        )
        if idle:
            end = drawing._replace(step.id, step.inputs[0], end)
    return end


PATTERNS: tuple[Callable[[Drawing, str], str], ...] = (
    _no_effect,
    _hard_steps,
    _gates,
    _gelus,
    _excitations,
    _pooled_to_one,
)
