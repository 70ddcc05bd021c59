"""Layers as text, to be copied and pasted, also between projects. The text is JSON and describes; it never runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from engine.edits.definitions import merge_definitions, needed_blocks
from engine.edits.links import with_copies
from engine.errors import EngineError
from engine.spec.files import network_from_raw, network_to_raw
from engine.spec.network import NetworkSpec, Node, remove

MARK = "atelier-layers"
FORMAT = 1
LARGEST = 8 * 2**20
"""Characters; far more than any selection of layers needs."""


def copy_text(network: NetworkSpec, ids: Iterable[str]) -> str:
    """The layers `ids` as text, with the links between them and the definitions of the blocks they use."""
    chosen = set(ids)
    nodes = tuple(
        replace(node, inputs=tuple(source for source in node.inputs if source in chosen))
        for node in network.nodes
        if node.id in chosen
    )
    part = NetworkSpec(nodes, blocks=needed_blocks(nodes, network.blocks))
    return json.dumps({MARK: FORMAT, **network_to_raw(part)}, indent=1, ensure_ascii=False)


def is_layers(text: str) -> bool:
    """Whether `text` looks like copied layers."""
    return len(text) <= LARGEST and text.lstrip().startswith("{") and f'"{MARK}"' in text


def paste_text(network: NetworkSpec, text: str, after: str | None) -> tuple[NetworkSpec, tuple[str, ...]]:
    """Add copied layers to a network.

    A plain chain is put into the network behind `after`, like a single layer; anything else hangs from it as a branch.
    Inputs and outputs of a whole network are left out where the network has its own.

    Returns: the network, and the ids of the new layers.
    Raises: EngineError, where `text` holds no layers.
    """
    part = _read(text)
    part = _without_ends(part, network)
    if not part.nodes:
        raise EngineError(
            "There is nothing to paste.", why="The copied layers are already there.", fix="Copy other layers."
        )
    network, kinds = merge_definitions(network, part.blocks)
    nodes = [replace(node, kind=kinds.get(node.kind, node.kind)) for node in part.nodes]
    before = network
    network, names = with_copies(network, nodes)
    heads = [names[node.id] for node in nodes if not node.inputs and node.kind not in ("image", "port")]
    if after is not None and after in before:
        network = _hang(network, before, after, heads, _only_end(nodes, names))
    return network, tuple(names[node.id] for node in nodes)


def _read(text: str) -> NetworkSpec:
    refusal = EngineError(
        "The clipboard holds no layers.",
        why="What was copied last is something else.",
        fix="Copy layers on the canvas (Ctrl+C), here or in another project.",
    )
    if not is_layers(text):
        raise refusal
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise refusal from None
    if not isinstance(raw, dict) or not isinstance(raw.get(MARK), int) or raw[MARK] > FORMAT:
        raise refusal
    part = network_from_raw({name: value for name, value in raw.items() if name != MARK}, lambda _: None)
    known = {node.id for node in part.nodes}
    nodes = (replace(node, inputs=tuple(one for one in node.inputs if one in known)) for node in part.nodes)
    return replace(part, nodes=tuple(nodes))


def _without_ends(part: NetworkSpec, network: NetworkSpec) -> NetworkSpec:
    taken = {node.kind for node in network.nodes} & {"image", "classes", "scores"}
    return remove(part, [node.id for node in part.nodes if node.kind in taken])


def _only_end(nodes: Iterable[Node], names: dict[str, str]) -> str | None:
    nodes = tuple(nodes)
    fed = {source for node in nodes for source in node.inputs}
    ends = [names[node.id] for node in nodes if node.id not in fed]
    return ends[0] if len(ends) == 1 else None


def _hang(network: NetworkSpec, before: NetworkSpec, after: str, heads: list[str], end: str | None) -> NetworkSpec:
    """Lead `after` into the new layers, and their one end into what followed `after`."""
    new = {node.id for node in network.nodes} - {node.id for node in before.nodes}
    nodes = []
    for node in network.nodes:
        if node.id in heads:
            node = replace(node, inputs=(after,))
        elif node.id not in new and end is not None and after in node.inputs:
            node = replace(node, inputs=tuple(end if source == after else source for source in node.inputs))
        nodes.append(node)
    return replace(network, nodes=tuple(nodes))
