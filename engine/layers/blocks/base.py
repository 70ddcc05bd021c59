"""What a block is: a layer kind that says which small network it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.layers.base import LayerKind, Shape
from engine.params import Value
from engine.spec.network import NetworkSpec, Node


class BlockKind(LayerKind):
    """A layer that is a small network. It declares `draw` only; `compile` infers, counts, builds and prints what is
    drawn.

    Attributes:
        own: whether the user made it; its drawing can then be edited.
    """

    own: ClassVar[bool] = False

    def draw(self, *inputs: Shape) -> NetworkSpec:
        """The network inside, for inputs of these shapes. Its first nodes are of kind "port", one for each input; its
        output is that of the one node that feeds no other.

        Ids are readable: they name the weights, and attributes in the code view.
        """
        raise NotImplementedError

    def said(self) -> str:
        return ""


class Sketch:
    """Draws a block in a few lines: each call adds a layer and returns its id.

    sketch = Sketch()
    y = sketch.add("conv1", "conv2d", {"filters": 64, "bias": False}, sketch.port)
    sketch.add("sum", "add", {}, y, sketch.port)
    return sketch.network()
    """

    port = "x"
    """Id of the first input."""

    def __init__(self, ports: int = 1) -> None:
        self.ports = tuple(self.port if place == 0 else f"{self.port}{place + 1}" for place in range(ports))
        self._nodes: list[Node] = [Node(port, "port") for port in self.ports]

    def add(self, node_id: str, kind: str, params: Mapping[str, Value] | None = None, *inputs: str) -> str:
        """Add a layer behind `inputs`; without any, behind the layer added last."""
        sources = inputs or (self._nodes[-1].id,)
        self._nodes.append(Node(node_id, kind, dict(params or {}), sources))
        return node_id

    @property
    def last(self) -> str:
        """The layer added last."""
        return self._nodes[-1].id

    def network(self) -> NetworkSpec:
        """What was drawn."""
        return NetworkSpec(tuple(self._nodes))
