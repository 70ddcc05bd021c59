"""What the gestures of the page mean for a network: pure functions, no widgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.compile import NetworkReport, infer
from engine.layers import kind_named
from engine.params import Value
from engine.spec import NetworkSpec, Node
from engine.spec.network import free_id, insert_after


def place_for(network: NetworkSpec, report: NetworkReport, kind: str, selected: str = "") -> str | None:
    """Behind which layer a new one of `kind` goes when the user does not say it; None for first.

    Behind the selected layer. Without one, as far down as the network keeps working; where it does not anywhere, before
    the output. Never behind the output or before the input.
    """
    order = list(report.nodes)
    family = kind_named(kind, network.blocks).family
    if family == "input" or not order:
        return None
    if family == "output":
        return order[-1]
    place = order.index(selected) if selected in order else len(order) - 1
    while place >= 0 and _family(report, order[place]) == "output":
        place -= 1
    if selected not in order:
        place = _last_that_works(network, report, kind, order[: place + 1])
    return order[place] if place >= 0 else None


def _last_that_works(network: NetworkSpec, report: NetworkReport, kind: str, order: list[str]) -> int:
    for place in range(len(order) - 1, -1, -1):
        if keeps_working(add_layer(network, order[place], kind)[0], report):
            return place
    return len(order) - 1


def keeps_working(network: NetworkSpec, before: NetworkReport) -> bool:
    """Whether `network` has no problem that `before` has not, and nothing less is known about it."""
    known = {(problem.node_id, problem.what) for problem in before.problems}
    after = infer(network, before.facts, before.inputs)
    is_new = any((problem.node_id, problem.what) not in known for problem in after.problems)
    return not is_new and unjudged(after) <= unjudged(before)


def unjudged(report: NetworkReport) -> int:
    """How many layers nothing is known about, because of a problem."""
    return sum(entry.shape is None for entry in report.nodes.values())


def _family(report: NetworkReport, node_id: str) -> str:
    kind = report.nodes[node_id].kind
    return kind.family if kind is not None else ""


def add_layer(network: NetworkSpec, after: str | None, kind: str, **params: object) -> tuple[NetworkSpec, str]:
    """Put a new layer of `kind` behind `after`. Returns the network and the new layer's id."""
    node = Node(free_id(network, kind), kind, params)
    return insert_after(network, after, node), node.id


def with_params(network: NetworkSpec, node_id: str, params: Mapping[str, Value]) -> NetworkSpec:
    """Put `params` in the place of all settings of one layer."""
    nodes = (replace(node, params=dict(params)) if node.id == node_id else node for node in network.nodes)
    return replace(network, nodes=tuple(nodes))


def heir(order: tuple[str, ...], gone: set[str]) -> str:
    """Which layer to select when `gone` are deleted: the next one that stays, else the one before; empty for none."""
    first = min((order.index(node_id) for node_id in gone if node_id in order), default=0)
    after = [node_id for node_id in order[first:] if node_id not in gone]
    before = [node_id for node_id in order[:first] if node_id not in gone]
    return after[0] if after else before[-1] if before else ""
