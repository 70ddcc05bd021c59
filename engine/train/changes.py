"""What is different between two projects, setting by setting, in words: "learning rate 0.001 → 0.0003"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from typing import Any

from engine.data.augment import AUGMENTATIONS
from engine.data.sources import SOURCES
from engine.errors import EngineError
from engine.layers import LAYERS
from engine.params import Declared, Param, Value, params_of
from engine.registry import Registry
from engine.spec import Chosen, NetworkSpec, ProjectSpec
from engine.spec.network import Node
from engine.tasks.losses import LOSSES
from engine.train.optimizers import OPTIMIZERS
from engine.train.schedules import SCHEDULES

NOTHING = "–"
"""Stands where one of the two has no such setting."""

_REGISTRIES: dict[str, Registry] = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "loss": LOSSES,
    "augment": AUGMENTATIONS,
    "source": SOURCES,
}
_MOST_IN_A_LINE = 3


@dataclass(frozen=True)
class Change:
    """One setting that is not the same.

    Attributes:
        part: "data", "network" or "recipe".
        label: what it is called, as on its form: "Learning rate".
        before, after: its values in words; `NOTHING` where there is none, both empty where they are too long to say.
    """

    part: str
    label: str
    before: str
    after: str

    def __str__(self) -> str:
        label = uncapitalised(self.label)
        if self.before == NOTHING:
            return " ".join(part for part in (label, self.after, "added") if part)
        if self.after == NOTHING:
            return " ".join(part for part in (label, self.before, "removed") if part)
        if not self.before and not self.after:
            return f"{label} changed"
        return f"{label} {_without_unit_of(self.after, self.before)} → {self.after}"


def _without_unit_of(other: str, text: str) -> str:
    """The number alone, where the other value has the same unit: "32 images → 48 images" says it twice."""
    number, _, unit = text.partition(" ")
    return number if number.isdecimal() and unit and other.endswith(f" {unit}") else text


def uncapitalised(text: str) -> str:
    """Text for the middle of a sentence; "SGD" stays what it is."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def changes_between(before: ProjectSpec, after: ProjectSpec) -> tuple[Change, ...]:
    """Every setting of recipe, network and data that differs; notes are nobody's setting."""
    return (
        *_declared("recipe", before.recipe, after.recipe),
        *_networks(before.network, after.network),
        *_declared("data", before.data, after.data),
    )


def in_one_line(changes: Sequence[Change]) -> str:
    """The changes as one line of a list: the first few, and how many more there are. Empty without any."""
    shown = [str(change) for change in changes[:_MOST_IN_A_LINE]]
    left = len(changes) - len(shown)
    return ", ".join([*shown, f"{left} more"] if left else shown)


def _declared(part: str, before: Declared, after: Declared) -> Iterator[Change]:
    """All that differs between two specifications of one class, whatever settings it has."""
    settings = {setting.name: setting for setting in params_of(type(after))}
    for field in fields(after):
        one, other = getattr(before, field.name), getattr(after, field.name)
        if one == other or field.name == "classes":  # the classes follow from source and edits
            continue
        if field.name in settings:
            setting = settings[field.name]
            yield Change(part, setting.label, setting.said(one), setting.said(other))
        elif isinstance(one, Chosen) or isinstance(other, Chosen):
            yield from _chosen(part, field.name, one, other)
        elif isinstance(one, tuple) and all(isinstance(entry, Chosen) for entry in (*one, *other)):
            yield from _lists(part, field.name, one, other)
        else:
            yield Change(part, _label_of(field.name), "", "")


def _label_of(name: str) -> str:
    return {"augment": "Augmentation", "source": "Images", "edits": "Edits of images"}.get(
        name, name.replace("_", " ").capitalize()
    )


def _chosen(part: str, name: str, before: Chosen | None, after: Chosen | None) -> Iterator[Change]:
    """One entry of a registry: another one, or the same with other settings."""
    if before is None or after is None or before.kind != after.kind:
        yield Change(part, _label_of(name), _title(name, before), _title(name, after))
    else:
        kind = _kind(name, after.kind)
        for setting, one, other in _params(kind, before.params, after.params):
            yield Change(part, f"{_title(name, after)}, {uncapitalised(setting)}", one, other)


def _lists(part: str, name: str, before: tuple[Chosen, ...], after: tuple[Chosen, ...]) -> Iterator[Change]:
    """Entries of a registry that each may be there once, such as augmentations."""
    ones, others = {entry.kind: entry for entry in before}, {entry.kind: entry for entry in after}
    for kind in dict.fromkeys([*ones, *others]):
        one, other = ones.get(kind), others.get(kind)
        if one is None or other is None:
            yield Change(part, _label_of(name), _title(name, one), _title(name, other))
        elif one != other:
            yield from _chosen(part, name, one, other)
    if list(ones) != list(others) and set(ones) == set(others):
        yield Change(part, _label_of(name), *(", ".join(_title(name, e) for e in side) for side in (before, after)))


def _kind(name: str, kind: str) -> type[Declared] | None:
    registry = _REGISTRIES.get(name)
    return registry[kind] if registry is not None and kind in registry else None


def _title(name: str, chosen: Chosen | None) -> str:
    if chosen is None:
        return NOTHING
    kind = _kind(name, chosen.kind)
    title = chosen.kind.replace("_", " ") if kind is None else kind.title
    path = chosen.params.get("path")
    return f"{title} “{path}”" if isinstance(path, str) else title


def _params(kind: type[Declared] | None, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    """(label, before, after) of the settings that differ; what is not stored stands for the default."""
    settings = {setting.name: setting for setting in params_of(kind)} if kind is not None else {}
    for name in dict.fromkeys([*settings, *before, *after]):
        setting = settings.get(name)
        default = setting.default if setting is not None else None
        one, other = before.get(name, default), after.get(name, default)
        if one != other:
            label = setting.label if setting is not None else _label_of(name)
            yield label, _said(setting, one), _said(setting, other)


def _said(setting: Param | None, value: Value | None) -> str:
    if value is None:
        return NOTHING
    return str(value) if setting is None else setting.said(value)


def _networks(before: NetworkSpec, after: NetworkSpec) -> Iterator[Change]:
    """Layers that came, went or have other settings; another template altogether is one change."""
    if before.nodes == after.nodes and before.blocks == after.blocks:
        return
    ones, others = {node.id: node for node in before.nodes}, {node.id: node for node in after.nodes}
    shared = [node_id for node_id in ones if node_id in others and ones[node_id].kind == others[node_id].kind]
    if before.template != after.template or 2 * len(shared) < max(len(ones), len(others)):
        yield Change("network", "Network", _network_title(before), _network_title(after))
        return
    for node_id in dict.fromkeys([*ones, *others]):
        one, other = ones.get(node_id), others.get(node_id)
        if one is None or other is None or one.kind != other.kind:
            yield Change("network", "Layer", _node_title(one), _node_title(other))
            continue
        for label, was, now in _params(_layer(other.kind), one.params, other.params):
            yield Change("network", f"{_node_title(other)}, {uncapitalised(label)}", was, now)
    if any(ones[node_id].inputs != others[node_id].inputs for node_id in shared) and ones.keys() == others.keys():
        yield Change("network", "Links between layers", "", "")
    for one, other in zip_longest(before.blocks, after.blocks):
        if one != other:
            block = other or one
            yield Change("network", f"Block “{block.title}”", "" if one else NOTHING, "" if other else NOTHING)


def _layer(kind: str) -> type[Declared] | None:
    return LAYERS[kind] if kind in LAYERS else None  # noqa: SIM401 - a registry has no `get`


def _node_title(node: Node | None) -> str:
    if node is None:
        return NOTHING
    kind = _layer(node.kind)
    return f"{node.label or (kind.title if kind is not None else node.kind)} “{node.id}”"


def _network_title(network: NetworkSpec) -> str:
    from engine.templates import template

    try:
        name = template(network.template).title
    except EngineError:
        name = "drawn by hand"
    return f"{name}, {len(network.nodes)} layers"
