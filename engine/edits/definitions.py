"""Definitions of own blocks: which a part of a network needs, and how they come into another network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.spec.network import OWN, BlockSpec, NetworkSpec, Node


def block_name(kind: str) -> str:
    """Of the kind of a node, the name of the own block it is an instance of; empty for other kinds."""
    return kind.removeprefix(OWN) if kind.startswith(OWN) else ""


def definition(network: NetworkSpec, name: str) -> BlockSpec | None:
    """The definition of that name, if the network has it."""
    return next((block for block in network.blocks if block.name == name), None)


def needed_blocks(nodes: Iterable[Node], blocks: tuple[BlockSpec, ...]) -> tuple[BlockSpec, ...]:
    """The definitions that `nodes` use, and those that these use, in the order of `blocks`."""
    known = {block.name: block for block in blocks}
    wanted: set[str] = set()
    waiting = [block_name(node.kind) for node in nodes]
    while waiting:
        name = waiting.pop()
        if name in known and name not in wanted:
            wanted.add(name)
            waiting += [block_name(node.kind) for node in known[name].nodes]
    return tuple(block for block in blocks if block.name in wanted)


def free_name(title: str, taken: Iterable[str]) -> str:
    """A name for a block called `title`: an identifier unlike those in `taken`."""
    stem = re.sub(r"\W+", "_", title.casefold(), flags=re.ASCII).strip("_")[:40] or "block"
    stem = stem if not stem[0].isdigit() else f"b_{stem}"
    taken, name, number = set(taken), stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name


def merge_definitions(network: NetworkSpec, blocks: Iterable[BlockSpec]) -> tuple[NetworkSpec, Mapping[str, str]]:
    """Bring definitions into a network. One that is there already, name and content, is used as it is; another one of
    the same name gets a new name.

    Returns: the network, and the kinds under which the definitions are now known, by those under which they came.
    """
    blocks = tuple(blocks)
    names: dict[str, str] = {}
    taken = {block.name for block in network.blocks}
    for block in blocks:
        same = definition(network, block.name)
        names[block.name] = block.name if same == block else free_name(block.name, taken)
        taken.add(names[block.name])
    kinds = {OWN + old: OWN + new for old, new in names.items()}
    fresh = [_renamed(block, names, kinds) for block in blocks if definition(network, names[block.name]) is None]
    return (replace(network, blocks=(*network.blocks, *fresh)) if fresh else network), kinds


def _renamed(block: BlockSpec, names: Mapping[str, str], kinds: Mapping[str, str]) -> BlockSpec:
    nodes = (replace(node, kind=kinds.get(node.kind, node.kind)) for node in block.nodes)
    return replace(block, name=names[block.name], nodes=tuple(nodes))
