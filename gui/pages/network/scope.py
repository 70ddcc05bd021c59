"""Which network the page shows and edits: the whole one, or the inside of a block of the user's own."""

from __future__ import annotations

from engine.compile import NetworkReport, infer
from engine.compile.infer import NodeReport
from engine.edits.blocks import inside, with_inside
from engine.edits.definitions import definition
from engine.layers import BlockKind, Shape, kind_named
from engine.spec.network import OWN, NetworkSpec

USUAL_INPUT: Shape = (64, 32, 32)
"""What a block is shown with while it is used nowhere."""


def at(network: NetworkSpec, path: tuple[str, ...]) -> NetworkSpec:
    """The network at `path`, the names of blocks from the outermost; () is the whole."""
    return inside(network, path[-1]) if path else network


def put(network: NetworkSpec, path: tuple[str, ...], edited: NetworkSpec) -> NetworkSpec:
    """`network` with the part at `path` in a new form."""
    return with_inside(network, path[-1], edited) if path else edited


def kept(network: NetworkSpec, path: tuple[str, ...]) -> tuple[str, ...]:
    """As much of `path` as still exists."""
    names: list[str] = []
    for name in path:
        if definition(network, name) is None:
            break
        names.append(name)
    return tuple(names)


def report_at(network: NetworkSpec, report: NetworkReport, path: tuple[str, ...]) -> NetworkReport:
    """What is known about the part at `path`: with the shapes that arrive where the block is first used."""
    if not path:
        return report
    name = OWN + path[-1]
    entry = _first_use(report, name)
    kind = kind_named(name, network.blocks)
    if entry is not None and isinstance(entry.layer, BlockKind) and entry.inputs:
        return infer(entry.layer.draw(*entry.inputs), report.facts, entry.inputs)
    inputs = (USUAL_INPUT,) * max(1, kind.arity[0])
    return infer(kind().draw(*inputs), report.facts, inputs)


def _first_use(report: NetworkReport, kind: str) -> NodeReport | None:
    for entry in report.nodes.values():
        if entry.node.kind == kind and entry.inputs:
            return entry
        found = _first_use(entry.inside, kind) if entry.inside is not None else None
        if found is not None:
            return found
    return None
