"""What flows through a drawn network: shape, parameters and cost of every layer, or a problem in words.

Plain arithmetic, no torch: it runs at every keystroke. It never raises, whatever is drawn.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.errors import EngineError, ShapeMismatch
from engine.layers import BlockKind, LayerKind, Shape, kind_named
from engine.params import Value, params_of
from engine.spec.network import NetworkSpec, Node, ordered

BYTES_PER_NUMBER = 4
"""float32, the format activations are counted in whatever the training later chooses."""


@dataclass(frozen=True)
class Facts:
    """What the data tell the network.

    Attributes:
        shape: of one input, (C, H, W) for images.
        classes: how many; 0 while unknown.
    """

    shape: Shape = (3, 64, 64)
    classes: int = 0


@dataclass(frozen=True)
class Problem:
    """Why a layer cannot work, in the parts of `EngineError`. `node_id` is empty where the whole network is meant."""

    node_id: str
    what: str
    why: str = ""
    fix: str = ""

    def raised(self) -> EngineError:
        """The same as an exception."""
        return ShapeMismatch(self.what, why=self.why, fix=self.fix)


@dataclass(frozen=True)
class NodeReport:
    """What is known about one node; everything is None or 0 from the first problem on.

    Attributes:
        kind: None where this version of Atelier does not know it.
        layer: its kind with all settings, automatic ones filled in.
        inputs: shapes it receives.
        shape: of its output.
        multiply_adds: for one image.
        activation_bytes: of its output for one image, float32; of a block, of all outputs inside.
        inside: of a block, the report of what it draws.
    """

    node: Node
    kind: type[LayerKind] | None = None
    layer: LayerKind | None = None
    inputs: tuple[Shape, ...] = ()
    shape: Shape | None = None
    parameters: int = 0
    multiply_adds: int = 0
    activation_bytes: int = 0
    problem: Problem | None = None
    inside: "NetworkReport | None" = None


@dataclass(frozen=True)
class NetworkReport:
    """The reports of all nodes by id, in the order of computation, and what concerns the whole network.

    Attributes:
        inputs: of the inside of a block, the shapes that its ports bring in; empty for a whole network.
    """

    nodes: Mapping[str, NodeReport]
    problems: tuple[Problem, ...]
    facts: Facts
    inputs: tuple[Shape, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether the network can be trained."""
        return not self.problems

    @property
    def parameters(self) -> int:
        return sum(report.parameters for report in self.nodes.values())

    @property
    def multiply_adds(self) -> int:
        """For one image."""
        return sum(report.multiply_adds for report in self.nodes.values())

    @property
    def activation_bytes(self) -> int:
        """All outputs for one image, float32: what training keeps for the way back."""
        return sum(report.activation_bytes for report in self.nodes.values())

    def memory(self, batch_size: int) -> int:
        """Bytes that training about needs: activations of a batch, weights, gradients and two optimizer moments."""
        return batch_size * self.activation_bytes + 4 * BYTES_PER_NUMBER * self.parameters

    def largest_batch(self, memory: int) -> int:
        """About the largest batch that trains in `memory` bytes with a tenth in reserve; 0 where not even one image
        does."""
        room = 0.9 * memory - self.memory(0)
        return max(0, int(room // self.activation_bytes)) if self.activation_bytes else 0


def infer(network: NetworkSpec, facts: Facts, inputs: tuple[Shape, ...] = ()) -> NetworkReport:
    """Follow the shapes through `network`.

    Args:
        inputs: what the ports bring in, where `network` is the inside of a block.
    """
    in_order, on_a_cycle = ordered(network)
    ports = dict(zip((node.id for node in network.nodes if node.kind == "port"), inputs, strict=False))
    reports: dict[str, NodeReport] = {}
    for node in in_order:
        reports[node.id] = _report(node, network, reports, facts, ports)
    reports.update({node.id: NodeReport(node) for node in on_a_cycle})
    for node in _looping(on_a_cycle):
        problem = Problem(
            node.id, "This layer stands on a loop.", "Its output leads back into itself.", "Remove one of the links."
        )
        reports[node.id] = NodeReport(node, problem=problem)
    found = [report.problem for report in reports.values() if report.problem]
    whole = _inside(network, reports) if inputs else _whole(network, reports, facts)
    return NetworkReport(reports, (*found, *whole), facts, inputs)


def output_of(network: NetworkSpec) -> str | None:
    """Of the inside of a block, the node whose output leaves it: the one that feeds no other; None where it is not
    clear which."""
    fed = {source for node in network.nodes for source in node.inputs}
    ends = [node.id for node in network.nodes if node.id not in fed and node.kind != "port"]
    return ends[0] if len(ends) == 1 else None


def _looping(stuck: tuple[Node, ...]) -> tuple[Node, ...]:
    """Without the nodes that merely stand behind a loop: the cause is reported where it is."""
    while True:
        feeding = {source for node in stuck for source in node.inputs}
        rest = tuple(node for node in stuck if node.id in feeding)
        if len(rest) == len(stuck):
            return rest
        stuck = rest


def _report(
    node: Node, network: NetworkSpec, done: Mapping[str, NodeReport], facts: Facts, ports: Mapping[str, Shape]
) -> NodeReport:
    report = NodeReport(node)
    try:
        kind = kind_named(node.kind, network.blocks)
        report = replace(report, kind=kind)
        layer = _resolved(kind, tuple(node.params.items()), facts)
        report = replace(report, layer=layer)
        missing = [source for source in node.inputs if source not in done]
        if missing:
            raise EngineError(
                f"It is linked to “{missing[0]}”, which is not there.",
                fix="Connect it to another layer.",
            )
        fewest, most = layer.arity
        if not fewest <= len(node.inputs) <= most:
            raise _wrong_arity(layer, len(node.inputs))
        shapes = tuple(done[source].shape for source in node.inputs) if most else (_arriving(node, facts, ports),)
        if any(shape is None for shape in shapes):
            return report  # the cause is reported where it is; repeating it at every later layer would hide it
        return _measured(report, layer, shapes)
    except EngineError as error:
        return replace(report, problem=Problem(node.id, error.what, error.why, error.fix))


def _arriving(node: Node, facts: Facts, ports: Mapping[str, Shape]) -> Shape:
    if node.kind != "port":
        return facts.shape
    if node.id in ports:
        return ports[node.id]
    raise EngineError("A block input stands outside of a block.", why="Nothing arrives there.", fix="Delete it.")


def _measured(report: NodeReport, layer: LayerKind, shapes: tuple[Shape, ...]) -> NodeReport:
    found = _block_measures(layer, shapes) if isinstance(layer, BlockKind) else _layer_measures(layer, shapes)
    if isinstance(found, Problem):
        return replace(report, inputs=shapes, problem=replace(found, node_id=report.node.id))
    return replace(report, inputs=shapes, **found)


Measures = Mapping[str, object] | Problem
"""The fields of a `NodeReport` that follow from the layer and its inputs; or what is wrong, not yet at a node. Kept
between calls: after an edit nearly all layers are what they were."""


@lru_cache(maxsize=8192)
def _layer_measures(layer: LayerKind, shapes: tuple[Shape, ...]) -> Measures:
    try:
        shape = layer.infer(*shapes)
    except EngineError as error:
        return Problem("", error.what, error.why, error.fix)
    return {
        "shape": shape,
        "parameters": layer.parameters(*shapes),
        "multiply_adds": layer.multiply_adds(*shapes),
        "activation_bytes": BYTES_PER_NUMBER * math.prod(shape) if layer.arity[1] else 0,
    }


@lru_cache(maxsize=2048)
def _block_measures(layer: BlockKind, shapes: tuple[Shape, ...]) -> Measures:
    try:
        # Nothing inside a block depends on the data but through its inputs: classes stand outside.
        inside = infer(layer.draw(*shapes), Facts(), shapes)
    except EngineError as error:
        return Problem("", error.what, error.why, error.fix)
    if inside.problems:
        problem = inside.problems[0]
        where = f" (inside, at “{problem.node_id}”)" if problem.node_id else ""
        return Problem("", f"{problem.what.rstrip('.')}{where}.", problem.why, problem.fix)
    return {
        "shape": inside.nodes[output_of(layer.draw(*shapes))].shape,  # type: ignore[index] - without problems it is clear
        "parameters": inside.parameters,
        "multiply_adds": inside.multiply_adds,
        "activation_bytes": inside.activation_bytes,
        "inside": inside,
    }


def resolved(node: Node, facts: Facts, network: NetworkSpec | None = None) -> LayerKind:
    """The node's layer with all settings, automatic ones taken from the data.

    Raises: EngineError for an unknown kind, an unknown or impossible setting, or a fact that is not known yet.
    """
    kind = kind_named(node.kind, network.blocks if network else ())
    return _resolved(kind, tuple(node.params.items()), facts)


def _resolved(kind: type[LayerKind], given: tuple[tuple[str, Value], ...], facts: Facts) -> LayerKind:
    try:
        return _kept(kind, given, facts)
    except TypeError:  # a value that cannot be looked up, as only a damaged file has it
        return _filled_in(kind, given, facts)


def _filled_in(kind: type[LayerKind], given: tuple[tuple[str, Value], ...], facts: Facts) -> LayerKind:
    settings = {setting.name: setting for setting in params_of(kind)}
    params = dict(given)
    for name in params:
        if name not in settings:
            raise EngineError(
                f"“{kind.title}” has no setting “{name}”.",
                why="It may come from a newer version of Atelier.",
                fix="Delete the layer and add it again.",
            )
    for name, setting in settings.items():
        if setting.fact and params.get(name, setting.default) == 0:
            value = getattr(facts, setting.fact)
            if not value:
                raise EngineError(
                    "The number of classes is not known yet.",
                    why="It follows from the data, and no images have been chosen.",
                    fix="Choose a folder of images, or set the number of outputs by hand.",
                )
            params[name] = value
    return kind(**params)


_kept = lru_cache(maxsize=8192, typed=True)(_filled_in)  # typed: 1, 1.0 and True are not the same setting


def _wrong_arity(layer: LayerKind, found: int) -> ShapeMismatch:
    fewest, most = layer.arity
    if most == 0:
        return ShapeMismatch(
            f"“{layer.title}” cannot follow another layer.", why="Images start there.", fix="Move it to the top."
        )
    wanted = "one input" if most == 1 else f"{fewest} inputs" if most == fewest else f"at least {fewest} inputs"
    return ShapeMismatch(
        f"“{layer.title}” needs {wanted}.",
        why=f"It has {found or 'none'}.",
        fix="Remove a link." if found > most else "Connect it to the layer whose output it should receive.",
    )


def _inside(network: NetworkSpec, reports: Mapping[str, NodeReport]) -> list[Problem]:
    """Problems of the inside of a block as a whole; at most one, the first to solve."""
    for report in reports.values():
        if report.node.kind == "image" or (report.kind and report.kind.family == "output"):
            return [
                Problem(
                    report.node.id,
                    f"“{report.kind.title}” cannot stand inside a block.",  # type: ignore[union-attr]
                    "A network has one of it, and a block may be used many times.",
                    "Delete it, and put it before or behind the block.",
                )
            ]
    if not any(node.kind == "port" for node in network.nodes):
        return [Problem("", "The block has no input.", "Nothing arrives in it.", "Add a block input at the top.")]
    if output_of(network) is None:
        fed = {source for node in network.nodes for source in node.inputs}
        ends = [node.id for node in network.nodes if node.id not in fed]
        if len(ends) < 2:
            return [Problem("", "The block is empty.", "It has no layer that gives an output.", "Add a layer.")]
        return [
            Problem(
                ends[0],
                "The block has several ends.",
                "One output leaves a block, and it is not clear which.",
                "Connect the other ends to a layer, or delete them.",
            )
        ]
    return []


def _whole(network: NetworkSpec, reports: Mapping[str, NodeReport], facts: Facts) -> list[Problem]:
    """Problems of the network as a whole; at most one, the first to solve."""
    families = [(report, report.kind.family) for report in reports.values() if report.layer and report.kind]
    inputs = [report for report, family in families if family == "input"]
    outputs = [report for report, family in families if family == "output"]
    if not inputs:
        fix = "Add an Image layer at the top." if len(network) else "Choose a template, or add an Image layer."
        return [Problem("", "The network has no input.", "Nothing says where images come in.", fix)]
    if not outputs:
        drawn = [report for report in reports.values() if report.kind and report.kind.family == "output"]
        if not drawn:
            last = list(reports)[-1]
            return [Problem(last, "The network has no output.", "Nothing names a class.", "Add Classes at the end.")]
        return []
    if len(outputs) > 1:
        return [Problem(outputs[1].node.id, "There are two outputs.", "Training needs one.", "Delete one of them.")]
    return _output_problems(network, outputs[0], facts)


def _output_problems(network: NetworkSpec, output: NodeReport, facts: Facts) -> list[Problem]:
    node, count = output.node, output.layer.outputs
    dangling = [n for n in network.nodes if n.id != node.id and not network.consumers(n.id)]
    if network.consumers(node.id):
        return [Problem(node.id, "Layers follow the output.", "Classes must come last.", "Move it to the end.")]
    if dangling:
        return [
            Problem(
                dangling[0].id,
                "The output of this layer goes nowhere.",
                "No layer receives it.",
                "Connect it or delete it.",
            )
        ]
    if facts.classes and count != facts.classes and not (count == 1 and facts.classes == 2):
        return [
            Problem(
                node.id,
                f"The network has {count} output{'' if count == 1 else 's'}, the data have {facts.classes} classes.",
                "Every class needs an output of its own; a single output can divide two classes only.",
                "Set the outputs to 0: one per class.",
            )
        ]
    if facts.classes == 1:
        return [
            Problem(
                node.id,
                "The data have only one class.",
                "There is nothing to tell apart.",
                "Add a second class folder.",
            )
        ]
    return []


def raise_first_problem(report: NetworkReport) -> None:
    """Raises: EngineError with the first problem of a network, where it has any."""
    for problem in report.problems[:1]:
        where = f" (layer “{problem.node_id}”)" if problem.node_id else ""
        what = f"The network cannot be trained yet: {problem.what}{where}"
        raise EngineError(what, why=problem.why, fix=problem.fix)
