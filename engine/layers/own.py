"""Blocks that users made: from the definition kept in a network to a layer kind like any other."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import make_dataclass, replace

from engine.errors import EngineError
from engine.layers.base import LAYERS, LayerKind, Shape
from engine.layers.blocks import BlockKind
from engine.params import Param, params_of
from engine.spec.network import OWN, BlockSetting, BlockSpec, NetworkSpec

Blocks = tuple[BlockSpec, ...]

_KEPT = 64
_made: OrderedDict[int, tuple[Blocks, dict[str, type[BlockKind]]]] = OrderedDict()
"""Kinds by the identity of the tuple of definitions they come from: edits elsewhere in a network keep that tuple, and
comparing the definitions themselves at every keystroke would cost more than making the kinds."""


def kind_named(name: str, blocks: Blocks = ()) -> type[LayerKind]:
    """The layer kind of that name, also one of a network's own `blocks`.

    Raises: EngineError, for an unknown kind or a block that contains itself.
    """
    if not name.startswith(OWN):
        return LAYERS[name]
    kinds = _own_kinds(blocks)
    if name in kinds:
        return kinds[name]
    wanted = name.removeprefix(OWN)
    if any(block.name == wanted for block in blocks):
        raise EngineError(
            f"The block “{wanted}” contains itself.",
            why="It would never end.",
            fix="Open the block and delete the layer that leads back to it.",
        )
    raise EngineError(
        f"The block “{wanted}” is not in this project.",
        why="Its definition was deleted, or the file that brought the layer did not bring it.",
        fix="Delete the layer, or paste the block again from where it comes.",
    )


def known_kind(name: str, blocks: Blocks = ()) -> type[LayerKind] | None:
    """Like `kind_named`, but None where there is none."""
    try:
        return kind_named(name, blocks)
    except EngineError:
        return None


def _own_kinds(blocks: Blocks) -> dict[str, type[BlockKind]]:
    found = _made.get(id(blocks))
    if found is None or found[0] is not blocks:
        found = _made[id(blocks)] = (blocks, _make_all(blocks))
        while len(_made) > _KEPT:
            _made.popitem(last=False)
    return found[1]


def _make_all(blocks: Blocks) -> dict[str, type[BlockKind]]:
    """Those blocks that can be made: from the innermost outwards; what is on a loop stays away."""
    kinds: dict[str, type[BlockKind]] = {}
    waiting = {OWN + block.name: block for block in blocks}
    while True:
        ready = [name for name, block in waiting.items() if not any(node.kind in waiting for node in block.nodes)]
        if not ready:
            return kinds
        for name in ready:
            kinds[name] = _kind_of(waiting.pop(name), blocks, kinds)


def _kind_of(block: BlockSpec, blocks: Blocks, inner: Mapping[str, type[BlockKind]]) -> type[BlockKind]:
    settings = [(setting, _param_of(setting, block, inner)) for setting in block.settings]
    usable = [(setting, param) for setting, param in settings if param is not None]
    targets = {setting.name: setting.targets for setting, _ in usable}
    ports = max(1, sum(node.kind == "port" for node in block.nodes))

    def draw(self: BlockKind, *inputs: Shape) -> NetworkSpec:
        nodes = {node.id: node for node in block.nodes}
        for name, places in targets.items():
            for node_id, setting in places:
                if node_id in nodes:
                    node = nodes[node_id]
                    nodes[node_id] = replace(node, params={**node.params, setting: getattr(self, name)})
        return NetworkSpec(tuple(nodes.values()), blocks=blocks)

    def said(self: BlockKind) -> str:
        return ", ".join(f"{param.label.lower()} {param.said(getattr(self, param.name))}" for _, param in usable[:3])

    members = {
        "__doc__": block.help or f"A block of {len(block.nodes) - ports} layers, made in this project.",
        "family": "block",
        "arity": (ports, ports),
        "own": True,
        "draw": draw,
        "said": said,
        "name": OWN + block.name,
        "title": block.title,
    }
    fields = [(param.name, object, _field(param)) for _, param in usable]
    return make_dataclass("OwnBlock", fields, bases=(BlockKind,), namespace=members, frozen=True)


def _param_of(setting: BlockSetting, block: BlockSpec, inner: Mapping[str, type[BlockKind]]) -> Param | None:
    """The declaration of a block's setting: that of the first layer it drives; None where it drives nothing any
    more."""
    nodes = {node.id: node for node in block.nodes}
    for node_id, wanted in setting.targets:
        node = nodes.get(node_id)
        kind = inner.get(node.kind) or known_kind(node.kind) if node else None
        declared = next((param for param in params_of(kind) if param.name == wanted), None) if kind else None
        if declared is None:
            continue
        try:
            default = declared.clean(setting.default)
        except EngineError:
            default = declared.default
        return replace(declared, name=setting.name, label=setting.label or declared.label, default=default, more=False)
    return None


def _field(param: Param) -> dataclasses.Field:
    return dataclasses.field(default=param.default, metadata={"param": param})
