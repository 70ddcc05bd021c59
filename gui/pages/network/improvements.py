"""Buttons that follow a piece of advice; each is tried out before it is offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QCoreApplication

from engine.compile import NetworkReport, infer
from engine.compile.advice import Advice, advice
from engine.edits.links import insert_on_link
from engine.edits.replace import replace_kind
from engine.errors import EngineError
from engine.layers import grouped
from engine.params import both, params_of
from engine.spec import NetworkSpec, Node
from engine.spec.network import free_id, remove, set_param
from gui.pages.network.repair_ideas import Repair, title_of

MOST = 2
"""Buttons for one piece of advice."""

FEWEST = 8
"""Channels from which their means still say something about an image."""


def improvements(network: NetworkSpec, report: NetworkReport, one: Advice) -> tuple[Repair, ...]:
    """What makes `one` go away while the network stays ready; the smallest change first."""
    found = []
    for repair in _IDEAS[one.rule](network, report, one) if one.rule in _IDEAS else ():
        try:
            after = infer(repair.edit(network), report.facts, report.inputs)
        except EngineError:  # the idea does not apply here
            continue
        if after.is_ready and not any((left.rule, left.node_id) == (one.rule, one.node_id) for left in advice(after)):
            found.append(repair)
        if len(found) == MOST:
            break
    return tuple(found)


def _bend(network: NetworkSpec, report: NetworkReport, one: Advice) -> Iterator[Repair]:
    node = network[one.node_id]

    def add(spec: NetworkSpec) -> NetworkSpec:
        return insert_on_link(spec, node.inputs[0], node.id, 0, Node(free_id(spec, "relu"), "relu"))

    yield Repair(_tr("Add ReLU before {layer}").format(layer=title_of(node)), add)


def _without_softmax(network: NetworkSpec, report: NetworkReport, one: Advice) -> Iterator[Repair]:
    title = title_of(network[one.node_id])
    yield Repair(_tr("Delete {layer}").format(layer=title), lambda spec: remove(spec, [one.node_id]))
    yield Repair(
        _tr("ReLU in the place of {layer}").format(layer=title),
        lambda s: replace_kind(s, one.node_id, "relu", rename=not report.inputs),
    )


def _fewer_inputs(network: NetworkSpec, report: NetworkReport, one: Advice) -> Iterator[Repair]:
    """Average every channel in place of Flatten; or pool once more before it."""
    for node in _before(network, one.node_id):
        arriving = report.nodes[node.id].inputs
        if node.kind == "flatten" and arriving and len(arriving[0]) == 3 and arriving[0][0] >= FEWEST:
            text = _tr("Global average pooling: {count} inputs").format(count=grouped(arriving[0][0]))
            yield Repair(
                text, lambda spec, n=node: replace_kind(spec, n.id, "global_avg_pool", rename=not report.inputs)
            )


def _fewer_halvings(network: NetworkSpec, report: NetworkReport, one: Advice) -> Iterator[Repair]:
    """Take the nearest pooling layer away, or let the nearest convolution with a stride go pixel by pixel."""
    for node in _before(network, one.node_id):
        kind = report.nodes[node.id].kind
        stride = next((param for param in params_of(kind) if param.name == "stride"), None) if kind else None
        if stride is None:
            continue
        if kind.family == "pooling":  # type: ignore[union-attr]
            text = _tr("Delete {layer}").format(layer=title_of(node))
            yield Repair(text, lambda spec, n=node: remove(spec, [n.id]))
        elif max(both(node.params.get("stride", stride.default))) > 1:
            text = _tr("Stride 1 in {layer}").format(layer=title_of(node))
            yield Repair(text, lambda spec, n=node: set_param(spec, n.id, "stride", 1))


def _wider_view(network: NetworkSpec, report: NetworkReport, one: Advice) -> Iterator[Repair]:
    """Halve the image before one of the last windows: all that follow see twice as far."""
    for node in _before(network, one.node_id):
        if report.nodes[node.id].node.kind != "conv2d":
            continue

        def pool(spec: NetworkSpec, node: Node = node) -> NetworkSpec:
            added = Node(free_id(spec, "max_pool"), "max_pool")
            return insert_on_link(spec, node.inputs[0], node.id, 0, added)

        yield Repair(_tr("Max pooling before {layer}").format(layer=title_of(node)), pool)


Idea = Callable[[NetworkSpec, NetworkReport, Advice], Iterator[Repair]]
_IDEAS: dict[str, Idea] = {
    "no-activation": _bend,
    "softmax-before-loss": _without_softmax,
    "one-dense-layer": _fewer_inputs,
    "shrunk-early": _fewer_halvings,
    "short-sighted": _wider_view,
}


def _before(network: NetworkSpec, node_id: str) -> Iterator[Node]:
    """The layers from which everything comes that `node_id` receives, the nearest first, along first inputs."""
    node = network[node_id]
    seen = {node_id}
    while node.inputs and node.inputs[0] not in seen:
        node = network[node.inputs[0]]
        seen.add(node.id)
        yield node


def _tr(text: str) -> str:
    return QCoreApplication.translate("Improvements", text)
