"""The drawn network: a graph of nodes as plain frozen data, and the edits that lead from one graph to the next.

A node names its layer kind; it never holds a class, so a file with a layer from a newer version still opens. Edits are
pure functions. A network may be incomplete or wrong while it is drawn: `compile.infer` says what is missing.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from engine.errors import EngineError
from engine.params import Value


@dataclass(frozen=True)
class Node:
    """One layer in a network.

    Attributes:
        id: stable for the life of the project; letters, digits and "_" only, since it names modules and weights.
        kind: a name in `engine.layers.LAYERS`.
        params: settings that differ from the kind's defaults; replaced as a whole, never changed in place.
        inputs: ids of the nodes whose outputs this one receives, in order.
        label: what the user calls it; empty for the kind's own title.
    """

    id: str
    kind: str
    params: Mapping[str, Value] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    label: str = ""


OWN = "block:"
"""What the kind of a node begins with that is an instance of one of the network's own blocks; then comes its name."""


@dataclass(frozen=True)
class BlockSetting:
    """A setting of a block: the one value for settings of layers inside it.

    Attributes:
        name: a Python identifier, unlike those of the block's other settings.
        targets: (node id, setting) of the layers inside that follow it; bounds and help are those of the first.
    """

    name: str
    label: str
    default: Value
    targets: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BlockSpec:
    """A small network under a name, to be used as one layer, any number of times.

    Attributes:
        name: a Python identifier, unlike those of the network's other blocks; nodes of kind OWN + name are instances.
        nodes: those of kind "port" are its inputs, in order; the one that feeds no other gives the output.
    """

    name: str
    title: str
    nodes: tuple[Node, ...] = ()
    settings: tuple[BlockSetting, ...] = ()
    help: str = ""


@dataclass(frozen=True)
class NetworkSpec:
    """A graph of layers. The order of `nodes` is the order of display where the graph leaves a choice.

    Attributes:
        template: name of the template it was made from, empty when drawn by hand; only for display.
        blocks: definitions of the blocks that the user made.
    """

    nodes: tuple[Node, ...] = ()
    template: str = ""
    blocks: tuple[BlockSpec, ...] = ()

    def __getitem__(self, node_id: str) -> Node:
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise EngineError(f"The network has no layer “{node_id}”.", fix="It may have been deleted; choose another one.")

    def __contains__(self, node_id: object) -> bool:
        return any(node.id == node_id for node in self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def consumers(self, node_id: str) -> tuple[Node, ...]:
        """The nodes that receive the output of `node_id`."""
        return tuple(node for node in self.nodes if node_id in node.inputs)


def ordered(network: NetworkSpec) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """Sort a network so that every node comes after its inputs; where that leaves a choice, in display order, so that a
    branch is computed and listed from end to end.

    Returns:
        The sorted nodes, and those that cannot be sorted because they stand on a cycle or behind one. Links to nodes
        that do not exist are ignored here; `compile.infer` reports them.
    """
    known = {node.id: node for node in network.nodes}
    waiting = {node.id: sum(source in known for source in node.inputs) for node in network.nodes}
    targets: dict[str, list[Node]] = {node.id: [] for node in network.nodes}
    for node in network.nodes:
        for source in node.inputs:
            if source in known:
                targets[source].append(node)
    place = {node.id: index for index, node in enumerate(network.nodes)}
    ready = [place[node.id] for node in network.nodes if not waiting[node.id]]  # in order, and so a heap
    done: list[Node] = []
    while ready:
        node = network.nodes[heapq.heappop(ready)]
        done.append(node)
        for target in targets[node.id]:
            waiting[target.id] -= 1
            if not waiting[target.id]:
                heapq.heappush(ready, place[target.id])
    reached = {node.id for node in done}
    return tuple(done), tuple(node for node in network.nodes if node.id not in reached)


def free_id(network: NetworkSpec, kind: str) -> str:
    """An id that no node has yet: "conv2d_1", "conv2d_2", ..."""
    taken = {node.id for node in network.nodes}
    stem, number = kind.removeprefix(OWN), 1
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"


def _with_node(network: NetworkSpec, node_id: str, **changes: object) -> NetworkSpec:
    network[node_id]  # raises for an unknown id
    nodes = (replace(node, **changes) if node.id == node_id else node for node in network.nodes)
    return replace(network, nodes=tuple(nodes))


def set_param(network: NetworkSpec, node_id: str, name: str, value: Value) -> NetworkSpec:
    """Change one setting of one layer."""
    return _with_node(network, node_id, params={**network[node_id].params, name: value})


def set_label(network: NetworkSpec, node_id: str, label: str) -> NetworkSpec:
    """Give a layer a name of the user's own."""
    return _with_node(network, node_id, label=label.strip())


def connect(network: NetworkSpec, node_id: str, inputs: Iterable[str]) -> NetworkSpec:
    """Let `node_id` receive the outputs of `inputs`, in this order, in place of what it received."""
    return _with_node(network, node_id, inputs=tuple(inputs))


def insert_after(network: NetworkSpec, after: str | None, node: Node) -> NetworkSpec:
    """Put `node` behind `after`; what received the output of `after` now receives that of `node`.

    With `after` None the node comes first and feeds every node that had no input.
    """
    if after is None:
        rest = (n if n.inputs else replace(n, inputs=(node.id,)) for n in network.nodes)
        return replace(network, nodes=(replace(node, inputs=()), *rest))
    place = network.nodes.index(network[after])
    nodes = [replace(n, inputs=tuple(node.id if i == after else i for i in n.inputs)) for n in network.nodes]
    nodes.insert(place + 1, replace(node, inputs=(after,)))
    return replace(network, nodes=tuple(nodes))


def remove(network: NetworkSpec, node_ids: Iterable[str]) -> NetworkSpec:
    """Delete layers and heal the gaps: a neighbour that lost its input takes over the deleted layer's inputs."""
    for node_id in node_ids:
        gone = network[node_id]
        nodes = (
            replace(node, inputs=_spliced(node.inputs, node_id, gone.inputs))
            for node in network.nodes
            if node.id != node_id
        )
        network = replace(network, nodes=tuple(nodes))
    return network


def _spliced(inputs: tuple[str, ...], gone: str, instead: tuple[str, ...]) -> tuple[str, ...]:
    # Nothing arrives twice because of the healing, and a layer that fed itself leaves no link to what is gone.
    fresh = tuple(source for source in instead if source not in inputs and source != gone)
    result: list[str] = []
    for source in inputs:
        result.extend((s for s in fresh if s not in result) if source == gone else [source])
    return tuple(result)


def move_after(network: NetworkSpec, node_id: str, after: str | None) -> NetworkSpec:
    """Take a layer out of its place (healing the gap) and put it behind `after`; None puts it first."""
    if node_id == after or network[node_id].inputs == ((after,) if after else ()):
        return network
    node = network[node_id]
    return insert_after(remove(network, [node_id]), after, node)


def duplicate(network: NetworkSpec, node_id: str) -> tuple[NetworkSpec, str]:
    """Put a copy of a layer right behind it. Returns the network and the copy's id."""
    node = network[node_id]
    copy = replace(node, id=free_id(network, node.kind))
    return insert_after(network, node_id, copy), copy.id


def chain(layers: Iterable[tuple[str, Mapping[str, Value]]], template: str = "") -> NetworkSpec:
    """A network whose layers, given as (kind, settings), follow one another."""
    network = NetworkSpec(template=template)
    last: str | None = None
    for kind, params in layers:
        node = Node(free_id(network, kind), kind, dict(params), (last,) if last else ())
        network = replace(network, nodes=(*network.nodes, node))
        last = node.id
    return network
