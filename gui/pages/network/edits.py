"""What the gestures of the page mean for a network: pure functions, no widgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.compile import NetworkReport
from engine.layers import LAYERS
from engine.params import Value
from engine.spec import NetworkSpec, Node
from engine.spec.network import free_id, insert_after


def place_for(report: NetworkReport, kind: str, selected: str = "") -> str | None:
    """Behind which layer a new one of `kind` goes when the user does not say it; None for first.

    Behind the selected layer, or at the end, but never behind the output or before the input.
    """
    order = list(report.nodes)
    family = LAYERS[kind].family
    if family == "input" or not order:
        return None
    if family == "output":
        return order[-1]
    place = order.index(selected) if selected in order else len(order) - 1
    while place >= 0 and _family(report, order[place]) == "output":
        place -= 1
    return order[place] if place >= 0 else None


def _family(report: NetworkReport, node_id: str) -> str:
    kind = report.nodes[node_id].node.kind
    return LAYERS[kind].family if kind in LAYERS else ""


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
