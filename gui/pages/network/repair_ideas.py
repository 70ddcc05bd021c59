"""What might help against a problem; `repairs` tries every idea before it is offered."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from engine.compile import NetworkReport, infer
from engine.compile.infer import NodeReport, Problem
from engine.edits.links import attach, detach, insert_on_link, why_not
from engine.edits.replace import replace_kind
from engine.layers import LAYERS, Shape, grouped, known_kind
from engine.params import both, params_of
from engine.spec import NetworkSpec, Node
from engine.spec.network import connect, free_id, move_after, remove, set_param
from gui.pages.network.edits import add_layer, with_params

Edit = Callable[[NetworkSpec], NetworkSpec]


@dataclass(frozen=True)
class Repair:
    """A button's text, and what it does to the network."""

    text: str
    edit: Edit


def ideas(network: NetworkSpec, report: NetworkReport, problem: Problem) -> Iterator[Repair]:
    """Ideas against `problem`, the one that keeps most of what was drawn first; not all of them work."""
    entry = report.nodes.get(problem.node_id)
    if entry is None:
        yield from _about_the_whole(report)
        return
    delete = Repair(_tr("Delete this layer"), lambda spec: remove(spec, [entry.node.id]))
    if _is_an_end(entry.node) and not _is_the_only_end(report, entry.node):
        yield delete
    yield from _about_meeting(network, entry)
    yield from _about_links(network, report, entry)
    yield from _about_form(network, report, entry)
    yield from _about_settings(entry)
    yield from _about_the_whole(report)
    if not _is_an_end(entry.node):
        yield delete
    yield from _about_what_comes_before(network, entry)


BACK = 8
"""How many layers before one are asked whether they are the cause."""


def _about_what_comes_before(network: NetworkSpec, entry: NodeReport) -> Iterator[Repair]:
    """The layer that went wrong may only suffer from one further up."""
    node, seen = entry.node, {entry.node.id}
    for _ in range(BACK):
        if not node.inputs or node.inputs[0] in seen or node.inputs[0] not in network:
            return
        node = network[node.inputs[0]]
        seen.add(node.id)
        if not _is_an_end(node):
            text = _tr("Delete {layer} before it").format(layer=title_of(node))
            yield Repair(text, lambda spec, name=node.id: remove(spec, [name]))


def title_of(node: Node) -> str:
    """A layer's name for people."""
    kind = known_kind(node.kind)
    return node.label or (kind.title if kind is not None else node.kind.removeprefix("block:"))


def _family(node: Node) -> str:
    kind = known_kind(node.kind)
    return kind.family if kind is not None else ""


def _is_an_end(node: Node) -> bool:
    return _family(node) in ("input", "output")


def _is_the_only_end(report: NetworkReport, node: Node) -> bool:
    """Whether the network has no other input, or no other output, than `node`."""
    return sum(_family(entry.node) == _family(node) for entry in report.nodes.values()) == 1


# ---- branches that do not fit together


def _about_meeting(network: NetworkSpec, entry: NodeReport) -> Iterator[Repair]:
    """Several inputs that differ: bring one to the shape of another, or let them meet in another way."""
    node, shapes = entry.node, entry.inputs
    if len(shapes) < 2 or len(set(shapes)) < 2:
        return
    title = title_of(node)
    if all(len(shape) == 3 for shape in shapes):
        # The longest way is the main one: what is changed is rather the short cut.
        depth = [len(_all_before(network, source)) for source in node.inputs]
        for wanted in sorted(range(len(shapes)), key=lambda place: -depth[place]):
            others = [place for place in range(len(shapes)) if shapes[place] != shapes[wanted]]
            if others:
                text = _how_to_match(shapes[others[0]], shapes[wanted], title)
                yield Repair(text, lambda spec, w=wanted, o=others: _match(spec, node.id, shapes, w, o))
    if node.kind != "concatenate":
        text = _tr("Concatenate them instead")
        yield Repair(text, lambda spec: replace_kind(spec, node.id, "concatenate"))
    for place, source in reversed(list(enumerate(node.inputs))):
        text = _tr("Remove the link from {layer}").format(layer=title_of(network[source]) if source in network else "?")
        yield Repair(text, lambda spec, p=place, s=source: _without_link(spec, s, node.id, p))


def _all_before(network: NetworkSpec, node_id: str) -> set[str]:
    found, waiting = set(), [node_id]
    while waiting:
        name = waiting.pop()
        if name in network and name not in found:
            found.add(name)
            waiting += network[name].inputs
    return found


def _how_to_match(shape: Shape, wanted: Shape, title: str) -> str:
    if shape[1:] == wanted[1:]:
        return _tr("1×1 convolution to {count} channels, so that {layer} fits").format(count=wanted[0], layer=title)
    if shape[0] == wanted[0] and all(
        small and large % small == 0 for large, small in zip(shape[1:], wanted[1:], strict=True)
    ):
        return _tr("Max pooling to {height} × {width}, so that {layer} fits").format(
            height=wanted[1], width=wanted[2], layer=title
        )
    return _tr("1×1 convolution to {count} channels and {height} × {width}, so that {layer} fits").format(
        count=wanted[0], height=wanted[1], width=wanted[2], layer=title
    )


def _match(
    network: NetworkSpec, node_id: str, shapes: tuple[Shape, ...], wanted: int, others: list[int]
) -> NetworkSpec:
    """Put layers on the links `others` that bring them to the shape of the link `wanted`."""
    goal = shapes[wanted]
    for place in others:
        shape, source = shapes[place], network[node_id].inputs[place]
        # A window of 1 with padding "same" gives ceil(size / stride) pixels.
        steps = [max(1, -(-large // max(1, small))) for large, small in zip(shape[1:], goal[1:], strict=True)]
        only_size = shape[0] == goal[0] and shape[1:] != goal[1:]
        if only_size and all(
            large == small * step for large, small, step in zip(shape[1:], goal[1:], steps, strict=True)
        ):
            network = _put_between(network, source, node_id, place, "max_pool", kernel=_pair(steps))
        else:
            settings = {"filters": goal[0], "kernel": 1, "stride": _pair(steps)}
            network = _put_between(network, source, node_id, place, "conv2d", **settings)
    return network


def _pair(steps: list[int]) -> int | tuple[int, int]:
    return steps[0] if steps[0] == steps[1] else (steps[0], steps[1])


def _put_between(
    network: NetworkSpec, source: str, target: str, place: int, kind: str, **params: object
) -> NetworkSpec:
    return insert_on_link(network, source, target, place, Node(free_id(network, kind), kind, params))


def _without_link(network: NetworkSpec, source: str, target: str, place: int) -> NetworkSpec:
    network = detach(network, source, target, place)
    # A merge of one input is no merge any more.
    return remove(network, [target]) if len(network[target].inputs) == 1 else network


# ---- links that are missing, or lead nowhere


def _about_links(network: NetworkSpec, report: NetworkReport, entry: NodeReport) -> Iterator[Repair]:
    node = entry.node
    if entry.layer is None:
        return
    fewest, most = entry.layer.arity
    gone = [source for source in node.inputs if source not in network]
    if gone:
        yield Repair(_tr("Remove the link"), lambda spec: connect(spec, node.id, [s for s in node.inputs if s in spec]))
    order = list(report.nodes)
    if len(node.inputs) < fewest:
        above = [one for one in order[: order.index(node.id)] if one not in node.inputs]
        ends = [one for one in above if not network.consumers(one)] + list(reversed(above))
        for source in list(dict.fromkeys(ends))[:6]:
            if not why_not(network, source, node.id):
                text = _tr("Connect it to {layer}").format(layer=title_of(network[source]))
                yield Repair(text, lambda spec, s=source: attach(spec, s, node.id))
        if fewest > 1 and len(node.inputs) == 1:
            yield Repair(_tr("Delete this layer"), lambda spec: remove(spec, [node.id]))
    elif len(node.inputs) > most:
        yield Repair(
            _tr("Keep only the first link") if most == 1 else _tr("Keep only the first links"),
            lambda spec: connect(spec, node.id, node.inputs[:most]),
        )
    if not network.consumers(node.id) and _family(node) != "output":
        for target in order:
            kind = known_kind(network[target].kind)
            if kind is not None and kind.arity[1] > 1 and not why_not(network, node.id, target):
                text = _tr("Lead it into {layer}").format(layer=title_of(network[target]))
                yield Repair(text, lambda spec, t=target: attach(spec, node.id, t))


# ---- the layer needs another form of input


def _about_form(network: NetworkSpec, report: NetworkReport, entry: NodeReport) -> Iterator[Repair]:
    node = entry.node
    if len(node.inputs) != 1 or node.inputs[0] not in report.nodes:
        return
    source = node.inputs[0]
    received = entry.inputs[0] if entry.inputs else report.nodes[source].shape
    if received is None:
        return
    if len(received) == 3 and _family(node) == "recurrent" and not _is_image_needed_behind(network, node.id):
        place = node.inputs.index(source)
        text = _tr("Add {layer}: {count} steps").format(layer=LAYERS["rows_to_sequence"].title, count=received[1])
        yield Repair(text, lambda spec: _put_between(spec, source, node.id, place, "rows_to_sequence"))
    if len(received) > 1:
        yield from _flatten_it(report, node, source, received)
    if len(received) < 3 and (above := _layers_since_the_picture(network, report, node.id)):
        yield from _keep_the_picture(network, report, node, above)


def _is_image_needed_behind(network: NetworkSpec, node_id: str) -> bool:
    """Whether layers that only take images follow a layer: a sequence would be wrong for them."""
    seen, waiting = set(), [node_id]
    while waiting:
        for node in network.consumers(waiting.pop()):
            if _family(node) in ("convolution", "pooling") or node.kind == "class_maps":
                return True
            if node.id not in seen:
                seen.add(node.id)
                waiting.append(node.id)
    return False


def _flatten_it(report: NetworkReport, node: Node, source: str, received: Shape) -> Iterator[Repair]:
    """A flat list is needed and a picture or a sequence is there."""
    place = node.inputs.index(source)
    for kind, numbers in (
        ("flatten", math.prod(received)),
        ("global_avg_pool", received[0]),
        ("last_step", received[-1]),
        ("mean_steps", received[-1]),
    ):
        if kind in LAYERS:
            text = _tr("Add {layer}: {count} inputs").format(layer=LAYERS[kind].title, count=grouped(numbers))
            yield Repair(text, lambda spec, kind=kind: _put_between(spec, source, node.id, place, kind))
    output = _last_output(report)
    if output is not None and len(output.inputs) == 1 and output.id != node.id:
        text = _tr("Move it behind {layer}").format(layer=title_of(report.nodes[output.inputs[0]].node))
        yield Repair(text, lambda spec: move_after(spec, node.id, output.inputs[0]))


def _keep_the_picture(
    network: NetworkSpec, report: NetworkReport, node: Node, above: tuple[Node, ...]
) -> Iterator[Repair]:
    """A picture is needed, and `above` are the layers since it was one: the first of them made a flat list of it."""
    culprit = above[0]
    yield Repair(_tr("Delete {layers}").format(layers=title_of(culprit)), lambda spec: remove(spec, [culprit.id]))
    taken, failing = _that_need_a_flat_list(network, report, above)
    ids = [each.id for each in taken]
    if failing is not None:
        yield _move_all(taken, network[failing.inputs[0]])
    elif taken[1:] and (output := _last_output(report)) is not None and len(output.inputs) == 1:
        moved = _move_all(taken[1:], network[output.inputs[0]])  # there it is flat without the culprit
        yield Repair(moved.text, lambda spec: moved.edit(remove(spec, [culprit.id])))
    if taken[1:]:
        yield Repair(_tr("Delete {layers}").format(layers=_titles(taken)), lambda spec: remove(spec, ids))
    text = _tr("Move it before {layer}").format(layer=title_of(culprit))
    yield Repair(text, lambda spec: move_after(spec, node.id, culprit.inputs[0]))


def _layers_since_the_picture(network: NetworkSpec, report: NetworkReport, node_id: str) -> tuple[Node, ...]:
    """The layers above `node_id` from the nearest that receives a picture and gives something else."""
    node, above = network[node_id], []
    for _ in range(len(network)):
        if len(node.inputs) != 1 or node.inputs[0] not in network:
            return ()
        node = network[node.inputs[0]]
        above.insert(0, node)
        shapes = report.nodes[node.id].inputs
        if node.inputs and shapes and len(shapes[0]) == 3:
            return tuple(above)
    return ()


def _that_need_a_flat_list(
    network: NetworkSpec, report: NetworkReport, above: tuple[Node, ...]
) -> tuple[list[Node], Node | None]:
    """The first of `above` with all those of them that cannot be without it, and the layer further down that then
    fails, because it is there that the flat list is needed."""
    taken, rest = [above[0]], list(above[1:])
    while True:
        after = infer(remove(network, [node.id for node in taken]), report.facts, report.inputs)
        failing = [problem.node_id for problem in after.problems if problem.node_id in after.nodes]
        first = next((node for node in rest if node.id in failing), None)
        if first is None:
            break
        taken.append(first)
        rest.remove(first)
    below = (after.nodes[node_id].node for node_id in failing)
    return taken, next((node for node in below if _receives_picture(after, node)), None)


def _receives_picture(report: NetworkReport, node: Node) -> bool:
    source = report.nodes.get(node.inputs[0]) if len(node.inputs) == 1 else None
    return source is not None and len(source.shape or ()) == 3


def _last_output(report: NetworkReport) -> Node | None:
    found = [entry.node for entry in report.nodes.values() if _family(entry.node) == "output"]
    return found[-1] if found else None


def _move_all(nodes: list[Node], behind: Node) -> Repair:
    def edit(network: NetworkSpec) -> NetworkSpec:
        place = behind.id
        for node in nodes:
            network, place = move_after(network, node.id, place), node.id
        return network

    text = _tr("Move {layers} behind {place}").format(layers=_titles(nodes), place=title_of(behind))
    return Repair(text, edit)


def _titles(nodes: list[Node]) -> str:
    """ "Flatten", "Flatten and Dense", "Flatten and 3 more"."""
    first = title_of(nodes[0])
    if len(nodes) == 1:
        return first
    if len(nodes) == 2:
        return _tr("{first} and {second}").format(first=first, second=title_of(nodes[1]))
    return _tr("{first} and {count} more").format(first=first, count=len(nodes) - 1)


# ---- a setting is to be another one


def _about_settings(entry: NodeReport) -> Iterator[Repair]:
    node = entry.node
    if entry.kind is None:
        return
    names = {setting.name: setting for setting in params_of(entry.kind)}
    if any(name not in names for name in node.params):
        known = {name: value for name, value in node.params.items() if name in names}
        yield Repair(_tr("Leave out the unknown settings"), lambda spec: with_params(spec, node.id, known))
    if "padding" in names:
        yield Repair(_tr("Set padding to “same”"), lambda spec: set_param(spec, node.id, "padding", "same"))
    if "kernel" in names and entry.inputs and len(entry.inputs[0]) == 3:
        _, height, width = entry.inputs[0]
        rows, columns = both(node.params.get("kernel", names["kernel"].default))  # type: ignore[arg-type]
        fitting = names["kernel"].clean((min(rows, height), min(columns, width)))
        text = _tr("Set {setting} to {value}").format(
            setting=names["kernel"].label.lower(), value=f"{both(fitting)[0]} × {both(fitting)[1]}"
        )
        yield Repair(text, lambda spec: set_param(spec, node.id, "kernel", fitting))
    if "groups" in names:
        yield Repair(_tr("Set groups to 1"), lambda spec: set_param(spec, node.id, "groups", 1))
    if "outputs" in names and names["outputs"].fact:
        yield Repair(_tr("One output per class"), lambda spec: set_param(spec, node.id, "outputs", 0))


# ---- the network lacks an end, or has one too many


def _about_the_whole(report: NetworkReport) -> Iterator[Repair]:
    order = list(report.nodes)
    families = {node_id: _family(entry.node) for node_id, entry in report.nodes.items()}
    inputs = [node_id for node_id in order if families[node_id] == "input"]
    outputs = [node_id for node_id in order if families[node_id] == "output"]
    if report.inputs:  # the inside of a block has no ends of its own
        return
    if not inputs:
        yield Repair(_tr("Add Image at the top"), lambda spec: add_layer(spec, None, "image")[0])
    elif order[0] != inputs[0] or report.nodes[inputs[0]].node.inputs:
        yield Repair(_tr("Move {layer} to the top").format(layer="Image"), lambda s: move_after(s, inputs[0], None))
        yield _delete_all(report, order[: order.index(inputs[0])])
    if len(inputs) > 1:
        yield Repair(_tr("Keep only the first Image"), lambda spec: remove(spec, inputs[1:]))
    if not outputs and order:
        yield Repair(_tr("Add Classes at the end"), lambda spec: add_layer(spec, order[-1], "classes")[0])
        yield Repair(
            _tr("Add global average pooling and Classes"),
            lambda spec: _add_two(spec, order[-1], "global_avg_pool", "classes"),
        )
    if len(outputs) > 1:
        yield Repair(_tr("Keep only the last output"), lambda spec: remove(spec, outputs[:-1]))
    if len(outputs) == 1 and order[-1] != outputs[0]:
        yield Repair(_tr("Move Classes to the end"), lambda spec: move_after(spec, outputs[0], order[-1]))
        yield _delete_all(report, order[order.index(outputs[0]) + 1 :])


def _delete_all(report: NetworkReport, node_ids: list[str]) -> Repair:
    nodes = [report.nodes[node_id].node for node_id in node_ids]
    text = _tr("Delete {layers}").format(layers=_titles(nodes)) if nodes else ""
    return Repair(text, lambda spec: remove(spec, node_ids))


def _add_two(network: NetworkSpec, after: str, first: str, second: str) -> NetworkSpec:
    network, added = add_layer(network, after, first)
    return add_layer(network, added, second)[0]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Repairs", text)
