"""Networks to start from: JSON files in resources/templates, fitted to the data when they are taken."""

import json
from dataclasses import dataclass, replace
from functools import cache

from engine.compile import Facts, infer
from engine.compile.advice import shrinks_early
from engine.errors import EngineError
from engine.files import resource_folder
from engine.layers import LAYERS
from engine.params import both, params_of
from engine.spec.files import network_from_raw
from engine.spec.network import NetworkSpec, Node, free_id, remove, set_param


@dataclass(frozen=True)
class Template:
    """A network to start from. `source` names the paper it follows, where there is one; `group` where it is listed."""

    name: str
    title: str
    summary: str
    source: str
    group: str
    network: NetworkSpec


@cache
def templates() -> tuple[Template, ...]:
    """All templates, simple ones first (in the order of their file names)."""
    return tuple(_read(json.loads(path.read_text("utf-8"))) for path in sorted(_folder().glob("*.json")))


def _folder():
    return resource_folder() / "templates"


def template(name: str) -> Template:
    """Raises: EngineError, listing the known names."""
    for entry in templates():
        if entry.name == name:
            return entry
    raise EngineError(
        f"There is no template called “{name}”.", fix=f"Choose one of: {', '.join(t.name for t in templates())}."
    )


def _read(raw: dict) -> Template:
    nodes: list[dict] = []
    drawn = NetworkSpec()
    for entry in raw["layers"]:
        previous = [nodes[-1]["id"]] if nodes else []
        node = {"inputs": previous, **entry, "id": entry.get("id") or free_id(drawn, entry["kind"])}
        nodes.append(node)
        drawn = replace(drawn, nodes=(*drawn.nodes, Node(node["id"], node["kind"])))
    complaints: list[str] = []
    network = network_from_raw({"template": raw["name"], "nodes": nodes}, complaints.append)
    if complaints:
        raise ValueError(f"template {raw['name']}: {complaints}")
    return Template(raw["name"], raw["title"], raw["summary"], raw.get("source", ""), raw["group"], network)


def title_of(network: NetworkSpec, facts: Facts) -> str:
    """What to call a network: its template's title, with a word when it was changed since; else its layers' number."""
    title = next((entry.title for entry in templates() if entry.name == network.template), "")
    if not title:
        return f"{len(network)} layers"
    return title if network == fitted(network.template, facts) else f"{title}, changed"


def fitted(name: str, facts: Facts) -> NetworkSpec:
    """The network of a template, changed as little as possible so that it works on pictures of `facts.shape`.

    Templates are drawn for pictures of a usual size. On small ones the first layers halve the picture less often, as
    He et al. drew ResNet for CIFAR-10, so that the last windows still see more than one pixel. Where a window does not
    fit at all, a convolution keeps its size by padding, and a pooling layer that has nothing left to pool is left out.
    """
    network = template(name).network
    for _ in range(MOST_STRIDES):
        fitting = _working(network, facts)
        if not shrinks_early(infer(fitting, facts)):
            return fitting
        slower = _with_one_stride_less(network)
        if slower is None:
            return fitting
        network = slower
    return _working(network, facts)


MOST_STRIDES = 5
"""How many of the first halvings may go for the sake of small pictures."""


def _with_one_stride_less(network: NetworkSpec) -> NetworkSpec | None:
    """`network` with the first layer that halves the picture no longer doing so; None where there is none."""
    for node in network.nodes:
        stride = next((param for param in params_of(LAYERS[node.kind]) if param.name == "stride"), None)
        if stride is None or both(node.params.get("stride", stride.default)) == (1, 1):
            continue
        if node.kind in ("max_pool", "avg_pool"):
            return remove(network, [node.id])
        return set_param(network, node.id, "stride", max(1, max(both(node.params.get("stride", stride.default))) // 2))
    return None


def _working(network: NetworkSpec, facts: Facts) -> NetworkSpec:
    for _ in range(len(network)):
        problem = next((p for p in infer(network, facts).problems if p.node_id in network), None)
        if problem is None:
            break
        node = network[problem.node_id]
        if node.kind == "conv2d" and node.params.get("padding") != "same":
            network = set_param(network, node.id, "padding", "same")
        elif node.kind in ("max_pool", "avg_pool"):
            network = remove(network, [node.id])
        else:
            break  # nothing to fit, for example classes that are not known yet
    return network
