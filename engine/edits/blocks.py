"""Blocks of the user's own: folded from layers, edited inside, given settings, kept, and unfolded again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from engine.compile import Facts, infer
from engine.compile.infer import output_of
from engine.edits.definitions import block_name, definition, free_name, merge_definitions
from engine.edits.links import behind
from engine.errors import EngineError
from engine.layers import BlockKind, Shape, known_kind
from engine.params import params_of
from engine.spec.network import OWN, BlockSetting, BlockSpec, NetworkSpec, Node, free_id


def fold(network: NetworkSpec, ids: Iterable[str], title: str) -> tuple[NetworkSpec, str]:
    """Put layers into a block of their own.

    Returns: the network, and the id of the block's one instance.
    Raises: EngineError, where the layers cannot be one layer.
    """
    chosen = [node for node in network.nodes if node.id in set(ids)]
    inner = {node.id for node in chosen}
    ends = _ends(network, chosen, inner)
    sources = list(dict.fromkeys(source for node in chosen for source in node.inputs if source not in inner))
    _refuse(network, chosen, inner, sources, ends)
    ports = {source: free_port(inner, place) for place, source in enumerate(sources or [""], start=1)}
    bare = {} if sources else {node.id: (ports[""],) for node in chosen if not node.inputs}
    nodes = tuple(
        replace(node, inputs=bare.get(node.id) or tuple(ports.get(one, one) for one in node.inputs)) for node in chosen
    )
    name = free_name(title, (block.name for block in network.blocks))
    block = BlockSpec(name, title.strip() or name, (*(Node(port, "port") for port in ports.values()), *nodes))
    instance = Node(free_id(network, name), OWN + name, {}, tuple(sources))
    return _with_instance(network, inner, ends[0], instance, block), instance.id


def _ends(network: NetworkSpec, chosen: list[Node], inner: Collection[str]) -> list[str]:
    """The layers whose output leaves the selection; where none does, those that feed nothing."""
    leaving = [n.id for n in chosen if any(m.id not in inner for m in network.consumers(n.id))]
    return leaving or [node.id for node in chosen if not network.consumers(node.id)]


def free_port(taken: Collection[str], number: int) -> str:
    """An id for the input of that number of a block: "x", "x2", ..."""
    name = "x" if number == 1 else f"x{number}"
    while name in taken:
        name += "_"
    return name


def _refuse(
    network: NetworkSpec, chosen: list[Node], inner: Collection[str], sources: list[str], ends: list[str]
) -> None:
    if not chosen:
        raise EngineError("Nothing is selected.", why="A block is made of layers.", fix="Select the layers to fold.")
    for node in chosen:
        kind = known_kind(node.kind, network.blocks)
        if node.kind == "port" or (kind is not None and kind.family in ("input", "output")):
            raise EngineError(
                f"“{kind.title if kind else node.kind}” cannot go into a block.",
                why="A network has one of it, and a block may be used many times.",
                fix="Select the layers without it.",
            )
    if len(ends) != 1:
        raise EngineError(
            "These layers cannot become one block.",
            why=f"Outputs leave at {len(ends)} places ({', '.join(ends)}), and a layer has one output."
            if ends
            else "They stand on a loop, so that no output leaves.",
            fix="Select layers that end in one, for example up to the layer where branches meet.",
        )
    reached = set().union(*(behind(network, node.id) for node in chosen)) - set(inner)
    if any(source in reached for source in sources):
        raise EngineError(
            "These layers cannot become one block.",
            why="A way leaves them and comes back: the block would have to wait for itself.",
            fix="Select the layers between them too.",
        )


def _with_instance(
    network: NetworkSpec, inner: Collection[str], end: str, instance: Node, block: BlockSpec
) -> NetworkSpec:
    nodes: list[Node] = []
    for node in network.nodes:
        if node.id == end:
            nodes.append(instance)
        elif node.id not in inner:
            nodes.append(replace(node, inputs=tuple(instance.id if one == end else one for one in node.inputs)))
    return replace(network, nodes=tuple(nodes), blocks=(*network.blocks, block))


def unfold(
    network: NetworkSpec, node_id: str, facts: Facts, inputs: tuple[Shape, ...] = ()
) -> tuple[NetworkSpec, tuple[str, ...]]:
    """Put the layers of a block, built in or own, in its place; the definition of an own one stays for others.

    Args:
        inputs: what arrives at the ports, where `network` is itself the inside of a block.

    Returns: the network, and the ids of the layers.
    Raises: EngineError, where the layer is no block or what arrives at it is not known.
    """
    drawing, output = _drawn(network, node_id, facts, inputs)
    node = network[node_id]
    ports = [one.id for one in drawing.nodes if one.kind == "port"]
    names = dict(zip(ports, node.inputs, strict=False))
    grown, fresh = network, []
    for one in drawing.nodes:
        if one.kind != "port":
            names[one.id] = free_id(grown, one.kind)
            fresh.append(one)
            grown = replace(grown, nodes=(*grown.nodes, replace(one, id=names[one.id])))
    layers = [
        replace(one, id=names[one.id], inputs=tuple(names[source] for source in one.inputs if source in names))
        for one in fresh
    ]
    nodes: list[Node] = []
    for one in network.nodes:
        if one.id == node_id:
            nodes += layers
        else:
            inputs = tuple(names[output] if source == node_id else source for source in one.inputs)
            nodes.append(replace(one, inputs=inputs))
    return replace(network, nodes=tuple(nodes)), tuple(layer.id for layer in layers)


def _drawn(network: NetworkSpec, node_id: str, facts: Facts, inputs: tuple[Shape, ...]) -> tuple[NetworkSpec, str]:
    """What a block draws where it stands, and the id of the node that gives its output."""
    report = infer(network, facts, inputs).nodes.get(node_id)
    layer = report.layer if report is not None else None
    if not isinstance(layer, BlockKind):
        raise EngineError(
            "This layer is no block.", why="It has no layers inside.", fix="Select a block, as a residual block is one."
        )
    if not report.inputs:  # type: ignore[union-attr]
        raise EngineError(
            "The inside of this block is not known yet.",
            why="It depends on what arrives, and an earlier layer has a problem.",
            fix="Solve that problem first.",
        )
    drawing = layer.draw(*report.inputs)  # type: ignore[union-attr]
    output = output_of(drawing)
    if output is None:
        raise EngineError(
            "The block cannot be unfolded.",
            why="It is not clear which of its layers gives the output.",
            fix="Open the block and connect its ends.",
        )
    return drawing, output


def make_own(network: NetworkSpec, node_id: str, facts: Facts, inputs: tuple[Shape, ...] = ()) -> NetworkSpec:
    """Make one built-in block an own one, whose inside can be edited; an own block that is used elsewhere too gets a
    definition of its own. Names and shapes of its weights stay.

    Raises: EngineError, like `unfold`.
    """
    node = network[node_id]
    kind = known_kind(node.kind, network.blocks)
    title = kind.title if kind is not None else node.kind
    taken = [block.name for block in network.blocks]
    existing = definition(network, block_name(node.kind))
    if existing is not None:
        block = replace(existing, name=free_name(existing.title, taken), title=f"{existing.title}, copy")
        changed = replace(node, kind=OWN + block.name)
    else:
        drawing, _ = _drawn(network, node_id, facts, inputs)
        block = BlockSpec(free_name(title, taken), title, drawing.nodes, help=kind.help() if kind else "")
        network, _ = merge_definitions(network, drawing.blocks)
        changed = replace(node, kind=OWN + block.name, params={})
    nodes = (changed if one.id == node_id else one for one in network.nodes)
    return replace(network, nodes=tuple(nodes), blocks=(*network.blocks, block))


def inside(network: NetworkSpec, name: str) -> NetworkSpec:
    """The inside of an own block as a network to edit. Raises: EngineError for an unknown name."""
    block = _block(network, name)
    return NetworkSpec(block.nodes, blocks=network.blocks)


def with_inside(network: NetworkSpec, name: str, inner: NetworkSpec) -> NetworkSpec:
    """Put an edited inside back. Settings that drive nothing any more go, here and at the instances; definitions that
    came with the edit (a block folded inside) are kept."""
    kept = {node.id for node in inner.nodes}
    network = replace(network, blocks=inner.blocks)
    block = replace(_block(network, name), nodes=inner.nodes)
    settings = (replace(one, targets=tuple(t for t in one.targets if t[0] in kept)) for one in block.settings)
    block = replace(block, settings=tuple(one for one in settings if one.targets))
    return _with_block(network, name, block)


def promote(network: NetworkSpec, name: str, node_id: str, setting: str, join: str = "") -> NetworkSpec:
    """Make a setting of a layer inside a block a setting of the block; or let it follow the block's setting `join`.

    Raises: EngineError, where there is no such setting.
    """
    block = _block(network, name)
    if any((node_id, setting) in one.targets for one in block.settings):
        return network
    node = next((one for one in block.nodes if one.id == node_id), None)
    kind = known_kind(node.kind, network.blocks) if node is not None else None
    param = next((one for one in params_of(kind) if one.name == setting), None) if kind is not None else None
    if node is None or param is None:
        raise EngineError("There is no such setting.", fix="Choose a setting of a layer inside the block.")
    if join:
        settings = tuple(
            replace(one, targets=(*one.targets, (node_id, setting))) if one.name == join else one
            for one in block.settings
        )
    else:
        taken = [one.name for one in block.settings]
        label = param.label if param.label not in [one.label for one in block.settings] else f"{param.label}, {node_id}"
        made = BlockSetting(
            free_name(setting, taken), label, node.params.get(setting, param.default), ((node_id, setting),)
        )
        settings = (*block.settings, made)
    return _with_block(network, name, replace(block, settings=settings))


def demote(network: NetworkSpec, name: str, setting: str) -> NetworkSpec:
    """Take a setting away from a block; the layers inside keep its usual value."""
    block = _block(network, name)
    gone = next((one for one in block.settings if one.name == setting), None)
    if gone is None:
        return network
    nodes = tuple(
        replace(
            node, params={**node.params, **{what: gone.default for where, what in gone.targets if where == node.id}}
        )
        for node in block.nodes
    )
    rest = tuple(one for one in block.settings if one.name != setting)
    return _with_block(network, name, replace(block, nodes=nodes, settings=rest))


def rename_block(network: NetworkSpec, name: str, title: str) -> NetworkSpec:
    """Give a block another title; its name, which files use, stays."""
    return _with_block(network, name, replace(_block(network, name), title=title.strip() or name))


def _block(network: NetworkSpec, name: str) -> BlockSpec:
    block = definition(network, name)
    if block is None:
        raise EngineError(f"There is no block “{name}”.", fix="It may have been deleted; choose another one.")
    return block


def _with_block(network: NetworkSpec, name: str, block: BlockSpec) -> NetworkSpec:
    """Put a definition in the place of the one called `name`, and drop settings of instances that it has no more."""
    known = {one.name for one in block.settings}

    def fitted(node: Node) -> Node:
        if node.kind != OWN + name or node.params.keys() <= known:
            return node
        return replace(node, params={key: value for key, value in node.params.items() if key in known})

    blocks = tuple(
        replace(one, nodes=tuple(map(fitted, one.nodes)))
        for one in (block if old.name == name else old for old in network.blocks)
    )
    return replace(network, nodes=tuple(map(fitted, network.nodes)), blocks=blocks)
