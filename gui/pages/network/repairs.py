"""Problems of a network that can be solved by pressing a button.

Every repair is tried out before it is offered: only what makes the problem go away, without a new one at the layers it
touches, becomes a button.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from engine.compile import NetworkReport, infer
from engine.compile.infer import NodeReport, Problem
from engine.errors import EngineError
from engine.layers import LAYERS
from engine.params import both, params_of
from engine.spec import NetworkSpec
from engine.spec.network import move_after, remove, set_param
from gui.pages.network.edits import add_layer

Edit = Callable[[NetworkSpec], NetworkSpec]


@dataclass(frozen=True)
class Repair:
    """A button's text, and what it does to the network."""

    text: str
    edit: Edit


def repairs(network: NetworkSpec, report: NetworkReport, problem: Problem) -> tuple[Repair, ...]:
    """What would solve `problem`, the best way first."""
    return tuple(repair for repair in _ideas(network, report, problem) if _solves(repair, network, report, problem))


def _solves(repair: Repair, network: NetworkSpec, report: NetworkReport, problem: Problem) -> bool:
    try:
        changed = repair.edit(network)
    except EngineError:  # the idea does not apply here
        return False
    after = infer(changed, report.facts)
    if any(left.what == problem.what and left.node_id == problem.node_id for left in after.problems):
        return False
    before = {node.id: node for node in network.nodes}
    touched = {node.id for node in changed.nodes if before.get(node.id) != node} | {problem.node_id}
    # What stands further down could not be judged before; only what was put in or changed must be right.
    return not any(left.node_id in touched or not left.node_id for left in after.problems)


def _ideas(network: NetworkSpec, report: NetworkReport, problem: Problem) -> Iterator[Repair]:
    entry = report.nodes.get(problem.node_id)
    if entry is None:
        yield from _ideas_for_the_whole(report)
        return
    yield from _ideas_about_form(network, report, entry)
    yield from _ideas_about_settings(entry)
    yield from _ideas_for_the_whole(report)
    node = entry.node
    if entry.layer is None or entry.layer.family not in ("input", "output"):
        yield Repair(_tr("Delete this layer"), lambda spec: remove(spec, [node.id]))


def _ideas_about_form(network: NetworkSpec, report: NetworkReport, entry: NodeReport) -> Iterator[Repair]:
    """The layer needs another form of input: convert before it, or move it to where that form still is."""
    node = entry.node
    if not entry.inputs and len(node.inputs) == 1 and node.inputs[0] in report.nodes:
        received = report.nodes[node.inputs[0]].shape
    else:
        received = entry.inputs[0] if entry.inputs else None
    if received is None or len(node.inputs) != 1:
        return
    source = node.inputs[0]
    if len(received) > 1:
        for kind, text in (
            ("flatten", _tr("Add Flatten before it")),
            ("global_avg_pool", _tr("Add global average pooling")),
        ):
            yield Repair(text, lambda spec, kind=kind: add_layer(spec, source, kind)[0])
    elif (place := _where_it_was_a_picture(network, report, node.id)) is not None:
        title = LAYERS[place.kind].title if place.kind in LAYERS else place.kind
        before = place.inputs[0]
        text = _tr("Move it before {layer}").format(layer=place.label or title)
        yield Repair(text, lambda spec: move_after(spec, node.id, before))


def _where_it_was_a_picture(network: NetworkSpec, report: NetworkReport, node_id: str):
    """The nearest layer above that receives a picture and gives something else."""
    node = network[node_id]
    for _ in range(len(network)):
        if len(node.inputs) != 1 or node.inputs[0] not in network:
            return None
        node = network[node.inputs[0]]
        shapes = report.nodes[node.id].inputs
        if node.inputs and shapes and len(shapes[0]) == 3:
            return node
    return None


def _ideas_about_settings(entry: NodeReport) -> Iterator[Repair]:
    node = entry.node
    if node.kind not in LAYERS:
        return
    kind = LAYERS[node.kind]
    names = {setting.name: setting for setting in params_of(kind)}
    unknown = [name for name in node.params if name not in names]
    if unknown:
        yield Repair(_tr("Leave out the unknown settings"), lambda spec: _keep_params(spec, node.id, set(names)))
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
    if "outputs" in names:
        yield Repair(_tr("One output per class"), lambda spec: set_param(spec, node.id, "outputs", 0))


def _keep_params(network: NetworkSpec, node_id: str, names: set[str]) -> NetworkSpec:
    params = {name: value for name, value in network[node_id].params.items() if name in names}
    nodes = (replace(node, params=params) if node.id == node_id else node for node in network.nodes)
    return replace(network, nodes=tuple(nodes))


def _ideas_for_the_whole(report: NetworkReport) -> Iterator[Repair]:
    order = list(report.nodes)
    families = {node_id: entry.layer.family for node_id, entry in report.nodes.items() if entry.layer}
    inputs = [node_id for node_id in order if families.get(node_id) == "input"]
    outputs = [node_id for node_id in order if report.nodes[node_id].node.kind == "classes"]
    if not inputs:
        yield Repair(_tr("Add Image at the top"), lambda spec: add_layer(spec, None, "image")[0])
    elif order[0] != inputs[0] or report.nodes[inputs[0]].node.inputs:
        yield Repair(_tr("Move {layer} to the top").format(layer="Image"), lambda s: move_after(s, inputs[0], None))
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


def _add_two(network: NetworkSpec, after: str, first: str, second: str) -> NetworkSpec:
    network, added = add_layer(network, after, first)
    return add_layer(network, added, second)[0]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Repairs", text)
