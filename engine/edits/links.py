"""Links between layers: which are possible, and the edits that make, move and cut them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from engine.errors import EngineError
from engine.layers import known_kind
from engine.spec.network import NetworkSpec, Node, free_id, insert_after, move_after, ordered, remove


def move_chain(network: NetworkSpec, ids: Sequence[str], after: str | None) -> NetworkSpec:
    """Take layers that follow one another to another place, in their order; with `after` None, first.

    Where `after` is one of them, nothing changes.

    Raises: EngineError, where they do not form a chain.
    """
    order = [node.id for node in ordered(network)[0] if node.id in set(ids)]
    if any(network[node_id].inputs != (before,) for before, node_id in pairwise(order)):
        raise EngineError(
            "These layers cannot be moved together.",
            why="They do not follow one another.",
            fix="Move them one by one, or fold them into a block first.",
        )
    if after in order:
        return network
    for node_id in order:
        network = move_after(network, node_id, after)
        after = node_id
    return network


def why_not(network: NetworkSpec, source: str, target: str) -> str:
    """Why the output of `source` cannot lead into `target`, in one sentence; empty where it can."""
    if source == target:
        return "A layer cannot feed itself."
    first, last = known_kind(network[source].kind, network.blocks), known_kind(network[target].kind, network.blocks)
    if first is not None and first.family == "output":
        return "Nothing can follow the output."
    if last is not None and last.arity[1] == 0:
        return "Images come in here: it takes nothing from other layers."
    if source in behind(network, target):
        return "That would be a loop: this layer's output already leads there."
    if source in network[target].inputs and last is not None and last.arity[1] <= len(network[target].inputs):
        return "They are linked already."
    return ""


def behind(network: NetworkSpec, node_id: str) -> set[str]:
    """The layer and all that its output reaches."""
    targets: dict[str, list[str]] = {}
    for node in network.nodes:
        for source in node.inputs:
            targets.setdefault(source, []).append(node.id)
    found, waiting = {node_id}, [node_id]
    while waiting:
        for target in targets.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def insert_on_link(network: NetworkSpec, source: str, target: str, slot: int, node: Node) -> NetworkSpec:
    """Put `node` between `source` and the input `slot` of `target`; other links of `source` stay. Where that link is
    not there (any more), the node goes behind `source`."""
    inputs = network[target].inputs
    if not (0 <= slot < len(inputs) and inputs[slot] == source):
        return insert_after(network, source, node)
    rewired = tuple(node.id if place == slot else one for place, one in enumerate(inputs))
    nodes: list[Node] = []
    for one in network.nodes:
        if one.id == target:
            nodes += [replace(node, inputs=(source,)), replace(one, inputs=rewired)]
        else:
            nodes.append(one)
    return replace(network, nodes=tuple(nodes))


def add_free(network: NetworkSpec, node: Node) -> NetworkSpec:
    """Add a layer that is linked to nothing yet."""
    return replace(network, nodes=(*network.nodes, replace(node, inputs=())))


def attach(network: NetworkSpec, source: str, target: str, slot: int | None = None) -> NetworkSpec:
    """Lead the output of `source` into `target`.

    A layer that takes one input receives it in place of what it received; one that takes several receives it as a
    further input, or in place of the one at `slot`.
    """
    network[source]  # raises for an unknown id
    node = network[target]
    kind = known_kind(node.kind, network.blocks)
    most = kind.arity[1] if kind is not None else 1
    inputs = list(node.inputs)
    if slot is not None and slot < len(inputs):
        inputs[slot] = source
    elif len(inputs) < most:
        inputs.append(source)
    else:
        inputs = [*inputs[: most - 1], source]
    return _with_inputs(network, target, inputs)


def detach(network: NetworkSpec, source: str, target: str, slot: int) -> NetworkSpec:
    """Cut the link from `source` into the input `slot` of `target`; a link that is not there stays cut."""
    inputs = network[target].inputs
    if not (0 <= slot < len(inputs) and inputs[slot] == source):
        return network
    return _with_inputs(network, target, inputs[:slot] + inputs[slot + 1 :])


def move_to_link(network: NetworkSpec, node_id: str, source: str, target: str, slot: int) -> NetworkSpec:
    """Take a layer out of its place, healing the gap, and put it on another link; on its own links nothing changes."""
    if node_id in (source, target):
        return network
    return insert_on_link(remove(network, [node_id]), source, target, slot, network[node_id])


def duplicate_many(network: NetworkSpec, ids: Iterable[str]) -> tuple[NetworkSpec, tuple[str, ...]]:
    """Copy layers with the links between them. Layers that follow one another are put behind the last of them, as part
    of the chain; others hang as a branch from where the originals hang. Returns the network and the copies' ids, in
    the order of computation."""
    chosen = set(ids)
    wanted = [node for node in ordered(network)[0] if node.id in chosen]
    if wanted and all(node.inputs == (before.id,) for before, node in pairwise(wanted)):
        after, copies = wanted[-1].id, []
        for node in wanted:
            copy = replace(node, id=free_id(network, node.kind))
            network = insert_after(network, after, copy)
            after = copy.id
            copies.append(copy.id)
        return network, tuple(copies)
    network, names = with_copies(network, wanted)
    return network, tuple(names[node.id] for node in wanted)


def with_copies(network: NetworkSpec, nodes: Iterable[Node]) -> tuple[NetworkSpec, Mapping[str, str]]:
    """Add copies of `nodes` under free ids. Links between them are copied; links from other layers stay where these are
    in `network`, else they are dropped. Returns the network and the new ids by the old."""
    nodes = tuple(nodes)
    names: dict[str, str] = {}
    grown = network
    for node in nodes:
        names[node.id] = free_id(grown, node.kind)
        grown = add_free(grown, replace(node, id=names[node.id]))
    copies = {
        names[node.id]: tuple(names.get(one, one) for one in node.inputs if one in names or one in network)
        for node in nodes
    }
    rewired = (replace(node, inputs=copies[node.id]) if node.id in copies else node for node in grown.nodes)
    return replace(grown, nodes=tuple(rewired)), names


def _with_inputs(network: NetworkSpec, node_id: str, inputs: Iterable[str]) -> NetworkSpec:
    nodes = (replace(node, inputs=tuple(inputs)) if node.id == node_id else node for node in network.nodes)
    return replace(network, nodes=tuple(nodes))
