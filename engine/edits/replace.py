"""One layer in the place of another."""

from __future__ import annotations

import dataclasses

from engine.errors import EngineError
from engine.layers import kind_named, known_kind
from engine.params import params_of
from engine.spec.network import NetworkSpec, Node


def replace_kind(network: NetworkSpec, node_id: str, kind: str) -> NetworkSpec:
    """Make a layer one of another kind. It keeps its id, links and label, and those settings that both kinds have, as
    far as the new one accepts them.

    Raises: EngineError for an unknown kind.
    """
    node, wanted = network[node_id], kind_named(kind, network.blocks)
    inputs = node.inputs[: wanted.arity[1]]
    changed = dataclasses.replace(node, kind=kind, params=_kept(network, node, wanted), inputs=inputs)
    nodes = (changed if one.id == node_id else one for one in network.nodes)
    return dataclasses.replace(network, nodes=tuple(nodes))


def _kept(network: NetworkSpec, node: Node, wanted: type) -> dict:
    former = known_kind(node.kind, network.blocks)
    known = {setting.name: setting for setting in params_of(wanted)}
    values = {setting.name: setting.default for setting in params_of(former)} if former is not None else {}
    values.update(node.params)
    kept = {}
    for name, value in values.items():
        if name not in known:
            continue
        try:
            clean = known[name].clean(value)
        except EngineError:
            continue
        if clean != known[name].default:
            kept[name] = clean
    return kept
