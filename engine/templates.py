"""Networks to start from: JSON files in resources/templates, fitted to the data when they are taken."""

import json
from dataclasses import dataclass, replace
from functools import cache

from engine.compile import Facts, infer
from engine.errors import EngineError
from engine.files import resource_folder
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

    Templates are drawn for pictures of a usual size. On very small ones a window may not fit: a convolution then keeps
    its size by padding, and a pooling layer that has nothing left to pool is left out.
    """
    network = template(name).network
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
