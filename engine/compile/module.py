"""From a drawn network to a torch module."""

from collections.abc import Collection

from torch import Tensor, nn

from engine.compile.infer import Facts, infer
from engine.errors import EngineError
from engine.spec.network import NetworkSpec


class Network(nn.Module):
    """A compiled network. Children carry the node ids, so weights are named as the layers are on the canvas."""

    def __init__(self, plan: list[tuple[str, tuple[str, ...]]], layers: dict[str, nn.Module]):
        super().__init__()
        self._plan = plan
        self._names: dict[str, str] = {}
        last_use = {source: place for place, (_, sources) in enumerate(plan) for source in sources}
        # Outputs are dropped after their last use: without gradients, a deep network then needs little memory.
        self._done_after = [
            [source for source, place in last_use.items() if place == here] for here in range(len(plan))
        ]
        for node_id, layer in layers.items():
            self._names[node_id] = self._free_name(node_id, layers)
            self.add_module(self._names[node_id], layer)

    def _free_name(self, node_id: str, ids: Collection[str]) -> str:
        """The id itself, unless torch needs that name for its own, as "half" or "training": then with "_" behind it."""
        name = node_id
        while hasattr(self, name) or (name != node_id and name in ids):
            name += "_"
        return name

    def forward(self, x: Tensor) -> Tensor:
        """(B, *input shape) -> logits (B, outputs)."""
        return self.tapped(x, ())[0]

    def tapped(self, x: Tensor, taps: Collection[str]) -> tuple[Tensor, dict[str, Tensor]]:
        """Like `forward`, and the outputs of the nodes `taps` by id."""
        values: dict[str, Tensor] = {}
        seen: dict[str, Tensor] = {}
        for (node_id, sources), done in zip(self._plan, self._done_after, strict=True):
            result = getattr(self, self._names[node_id])(*(values[source] for source in sources) if sources else (x,))
            values[node_id] = result
            if node_id in taps:
                seen[node_id] = result
            for source in done:
                del values[source]
        return result, seen


def build(network: NetworkSpec, facts: Facts) -> Network:
    """Compile `network` for the data described by `facts`. Weights are drawn from torch's global random state.

    Raises: EngineError with the first problem, where `infer` finds any.
    """
    report = infer(network, facts)
    if report.problems:
        raise _at_its_layer(report.problems[0])
    plan = [(node_id, entry.node.inputs) for node_id, entry in report.nodes.items()]
    layers = {node_id: entry.layer.build(*entry.inputs) for node_id, entry in report.nodes.items()}
    return Network(plan, layers)


def _at_its_layer(problem) -> EngineError:
    where = f" (layer “{problem.node_id}”)" if problem.node_id else ""
    return EngineError(f"The network cannot be trained yet: {problem.what}{where}", why=problem.why, fix=problem.fix)
