"""One layer in the place of another."""

from __future__ import annotations

import dataclasses
import re

from engine.errors import EngineError
from engine.layers import kind_named, known_kind
from engine.params import params_of
from engine.spec.network import OWN, NetworkSpec, Node, free_id


def replace_kind(network: NetworkSpec, node_id: str, kind: str, *, rename: bool = False) -> NetworkSpec:
    """Make a layer one of another kind. It keeps its links and label, and those settings that both kinds have, as far
    as the new one accepts them.

    Args:
        rename: give it an id like those of its new kind, where its id is like those of the old one: ids name the layers
            of the program. Not for layers inside a block, whose settings know them by id.
    Raises: EngineError for an unknown kind.
    """
    node, wanted = network[node_id], kind_named(kind, network.blocks)
    inputs = node.inputs[: wanted.arity[1]]
    changed = dataclasses.replace(node, kind=kind, params=_kept(network, node, wanted), inputs=inputs)
    nodes = (changed if one.id == node_id else one for one in network.nodes)
    network = dataclasses.replace(network, nodes=tuple(nodes))
    if rename and re.fullmatch(rf"{re.escape(node.kind.removeprefix(OWN))}_\d+", node_id):
        return _renamed(network, node_id, free_id(network, kind))
    return network


def _renamed(network: NetworkSpec, old: str, new: str) -> NetworkSpec:
    nodes = (
        dataclasses.replace(
            node,
            id=new if node.id == old else node.id,
            inputs=tuple(new if source == old else source for source in node.inputs),
        )
        for node in network.nodes
    )
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
