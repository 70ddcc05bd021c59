"""A whole network of half or double width in one step."""

from __future__ import annotations

import math
from dataclasses import replace

from engine.compile import Facts, infer
from engine.errors import EngineError
from engine.layers import known_kind
from engine.params import Param, Value, params_of
from engine.spec.network import OWN, BlockSetting, BlockSpec, NetworkSpec, Node


def scaled(network: NetworkSpec, factor: float, facts: Facts) -> NetworkSpec:
    """Multiply every width (channels, neurons) by `factor`, also inside the network's own blocks; the classes stay.

    Raises: EngineError, where nothing has a width, or what worked no longer does.
    """
    blocks = tuple(_block(block, network, factor) for block in network.blocks)
    nodes = tuple(_node(node, network, factor) for node in network.nodes)
    changed = replace(network, nodes=nodes, blocks=blocks)
    if changed == network:
        raise EngineError(
            "The network cannot be made wider or narrower.",
            why="No layer has a number of channels or neurons that could change any further.",
            fix="Add a convolution or a dense layer.",
        )
    before = {(problem.node_id, problem.what) for problem in infer(network, facts).problems}
    for problem in infer(changed, facts).problems:
        if (problem.node_id, problem.what) not in before and not before:
            raise EngineError(
                f"At {factor:g}× the width the network does not fit together.",
                why=f"At “{problem.node_id}”: {problem.what}",
                fix="Change that layer first, for example its groups or heads.",
            )
    return changed


def _node(node: Node, network: NetworkSpec, factor: float) -> Node:
    kind = known_kind(node.kind, network.blocks)
    if kind is None:
        return node
    params = dict(node.params)
    for setting in params_of(kind):
        # What an own block shows as its setting is scaled where its default stands, unless the instance says otherwise.
        if setting.scales and (setting.name in params or not node.kind.startswith(OWN)):
            params[setting.name] = _scaled(params.get(setting.name, setting.default), setting, factor)
    if "groups" in params and isinstance(params.get("filters"), int) and isinstance(params["groups"], int):
        groups = max(1, params["groups"])
        params["filters"] = max(groups, round(params["filters"] / groups) * groups)
    kept = {name: value for name, value in params.items() if name in node.params or value != _default(kind, name)}
    return replace(node, params=kept)


def _default(kind: type, name: str) -> Value:
    return next(setting.default for setting in params_of(kind) if setting.name == name)


def _scaled(value: Value, setting: Param, factor: float) -> Value:
    """`value` times `factor`, as nearly as the setting allows; 0 stands for something else and stays."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
        return value
    wanted = value * factor if isinstance(value, float) else max(1, math.floor(value * factor + 0.5))
    low = setting.low if setting.low is not None else wanted
    high = setting.high if setting.high is not None else wanted
    return type(value)(min(max(wanted, low), high))


def _block(block: BlockSpec, network: NetworkSpec, factor: float) -> BlockSpec:
    nodes = tuple(_node(node, network, factor) for node in block.nodes)
    return replace(block, nodes=nodes, settings=tuple(_setting(one, block, network, factor) for one in block.settings))


def _setting(one: BlockSetting, block: BlockSpec, network: NetworkSpec, factor: float) -> BlockSetting:
    kinds = {node.id: known_kind(node.kind, network.blocks) for node in block.nodes}
    for node_id, name in one.targets:
        kind = kinds.get(node_id)
        setting = next((param for param in params_of(kind) if param.name == name), None) if kind is not None else None
        if setting is not None and setting.scales:
            return replace(one, default=_scaled(one.default, setting, factor))
    return one
