"""Settings of a project that an experiment may vary, by name, and the values to try, as text."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.data.choose import make
from engine.errors import EngineError
from engine.layers import LAYERS
from engine.params import Param, Value, params_of
from engine.registry import Registry
from engine.spec import Chosen, ProjectSpec
from engine.spec.network import set_param
from engine.tasks.losses import LOSSES
from engine.train.optimizers import OPTIMIZERS
from engine.train.schedules import SCHEDULES

_CHOSEN: dict[str, Registry] = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "loss": LOSSES}
_NOT_HERE = {"epochs", "seed", "device", "precision", "compiled", "deterministic"}
"""Settings of the recipe that are no question of a search: it has epochs and seeds of its own."""

_DATA = ("size", "colour", "fit", "normalise")
_RANGE = re.compile(r"\s*(\S+?)\s*\.\.\s*(\S+)\s*")


@dataclass(frozen=True)
class Setting:
    """One setting that can be varied.

    Attributes:
        name: "learning_rate", "optimizer", "optimizer.weight_decay", "data.size", "conv1.filters".
        label: in words.
        param: what values it takes.
    """

    name: str
    label: str
    param: Param


@dataclass(frozen=True)
class Span:
    """All values from `low` to `high`; on a logarithmic scale where both are positive and far apart."""

    low: float
    high: float

    @property
    def is_logarithmic(self) -> bool:
        return self.low > 0 and self.high / self.low >= 10

    def drawn(self, random: np.random.Generator, setting: Setting) -> Value:
        """One value, each as likely as any other on the scale."""
        share, is_whole = float(random.random()), setting.param.sort == "integer"
        # A whole number stands for all that is rounded to it: without the outer halves the two ends come half as often.
        low, high = (self.low - 0.5, self.high + 0.5) if is_whole else (self.low, self.high)
        if self.is_logarithmic:
            value = math.exp(math.log(low) + share * math.log(high / low))
        else:
            value = low + share * (high - low)
        rounded = math.floor(value + 0.5) if is_whole else float(f"{value:.3g}")
        within = min(self.high, max(self.low, rounded))  # three digits may lie just beyond an end that has more
        return setting.param.clean(int(within) if is_whole else within)


@dataclass(frozen=True)
class Choice:
    """What is tried of one setting: single `values`, or a `span`."""

    name: str
    values: tuple[Value, ...] = ()
    span: Span | None = None


def settings_of(project: ProjectSpec) -> tuple[Setting, ...]:
    """Every setting of the project that a search may vary: of recipe, optimizer, schedule, data and layers."""
    return tuple(_settings(project))


def _settings(project: ProjectSpec) -> Iterator[Setting]:
    recipe = project.recipe
    for param in params_of(type(recipe)):
        if param.name not in _NOT_HERE:
            yield Setting(param.name, param.label, param)
    for name, registry in _CHOSEN.items():
        names = registry.names()
        titles = tuple(kind.title for kind in registry)
        label = registry.noun.capitalize()
        yield Setting(name, label, Param(name, "choice", names[0], label, choices=names, choice_labels=titles))
        kind = getattr(recipe, name).kind
        for param in params_of(registry[kind]) if kind in registry else ():
            yield Setting(f"{name}.{param.name}", f"{registry[kind].title}, {param.label.lower()}", param)
    for param in params_of(type(project.data)):
        if param.name in _DATA:
            yield Setting(f"data.{param.name}", f"Images, {param.label.lower()}", param)
    for node in project.network.nodes:
        for param in params_of(LAYERS[node.kind]) if node.kind in LAYERS else ():
            if not param.fact:  # what follows from the data is no choice
                yield Setting(f"{node.id}.{param.name}", f"{node.label or node.id}, {param.label.lower()}", param)


def find_setting(project: ProjectSpec, name: str) -> Setting:
    """A setting by name. Raises: EngineError, naming the nearest."""
    known: Registry = Registry("setting")  # for its sentence about what was meant
    for setting in _settings(project):
        if setting.name == name:
            return setting
        known.add(setting.name, setting.label)(type("Known", (), {}))
    return known[name]  # raises


def current_value(project: ProjectSpec, setting: Setting) -> Value:
    """What a setting of the project is now."""
    name, default = setting.name, setting.param.default
    if name in _CHOSEN:
        return getattr(project.recipe, name).kind
    first, _, rest = name.partition(".")
    if not rest:
        return getattr(project.recipe, name)
    if first in _CHOSEN:
        return getattr(project.recipe, first).params.get(rest, default)
    if first == "data":
        return getattr(project.data, rest)
    return project.network[first].params.get(rest, default)


def first_tries(project: ProjectSpec, setting: Setting) -> str:
    """What a search of a setting may begin with, as `parse_choice` reads it: some values about the present one.

    Where there are only a few they are all there; of text there is only the present one.
    """
    param, value = setting.param, current_value(project, setting)
    if setting.name == "learning_rate":
        return "0.0001 .. 0.1"
    if param.choices:
        return ", ".join(param.choices)
    if param.sort == "switch":
        return "yes, no"
    if param.sort == "text":
        return str(value)
    if isinstance(value, tuple):
        pairs = (tuple(round(side * share) for side in value) for share in (0.5, 1, 2))
        return ", ".join(f"{pair[0]}x{pair[1]}" for pair in pairs if _fits(param, pair))
    usual = _USUAL_TRIES.get(setting.name.rpartition(".")[2], ())
    tries = usual if usual and value in (0, *usual) else _about(value, param)
    return ", ".join(f"{number:.10g}" for number in tries if _fits(param, number))


_USUAL_TRIES = {
    "clip_norm": (0.0, 1.0, 5.0),
    "average_decay": (0.0, 0.99, 0.999),
    "weight_decay": (0.0, 0.01, 0.1),
    "label_smoothing": (0.0, 0.1, 0.2),
    "stop_change": (0.0, 0.001, 0.01),
    "initial": (0.0, 0.1, 1.0),
    "batch_size": (16, 32, 64),
    "kernel": (3, 5, 7),
}
"""Of settings that are off at first, of which the double of nothing says nothing, and of those with customs."""


def _about(value: float, param: Param) -> tuple[float, ...]:
    """The value itself and others about it, by the scale that numbers of its kind have."""
    if param.sort != "number":
        if value == 0:
            return (0, 1, 2) if param.sort == "pair" else (0, 5, 10)
        if value == 1:
            return (1, 2) if param.sort == "pair" else (1, 2, 4)
        return (value, value + 1, value + 2) if value < 8 else (value // 2, value, 2 * value)
    if value == 0:
        return (0.0, 10.0, 20.0) if param.unit == "%" else (0.0, 0.1, 0.2)
    if 0.8 <= value < 1 and param.high is not None and param.high <= 1:
        return 2 * value - 1, value, (value + 1) / 2  # 0.8, 0.9, 0.95: what counts is how much is left
    return value / 2, value, 2 * value


def _fits(param: Param, value: Value) -> bool:
    try:
        return param.clean(value) == value
    except EngineError:
        return False


def parse_choice(project: ProjectSpec, name: str, text: str) -> Choice:
    """Read "0.001, 0.01" or "1e-4 .. 1e-1" for a setting.

    Raises: EngineError: there is no such setting, or a value that it does not take.
    """
    setting = find_setting(project, name)
    found = _RANGE.fullmatch(text)
    if found:
        low, high = (_value(setting, part) for part in found.groups())
        if setting.param.sort not in ("integer", "number") or low >= high:
            raise EngineError(
                f"“{text.strip()}” is no range of “{setting.label}”.",
                why="A range goes from a smaller number to a larger one." if low != high else "Both ends are the same.",
                fix="List its values instead: a, b, c.",
            )
        return Choice(name, span=Span(float(low), float(high)))
    values = tuple(dict.fromkeys(_value(setting, part) for part in text.split(",") if part.strip()))
    if not values:
        raise EngineError(
            f"There is nothing to try for “{setting.label}”.", fix="Write values, for example 1, 2, 3, or 1 .. 3."
        )
    return Choice(name, values)


def _value(setting: Setting, text: str) -> Value:
    param, text = setting.param, text.strip()
    if param.sort == "switch" and text.lower() in ("yes", "no", "on", "off", "true", "false"):
        return text.lower() in ("yes", "on", "true")
    if param.sort in ("integer", "number", "pair", "size"):
        sides = re.split(r"\s*[x×]\s*", text) if param.sort == "pair" else [text]
        try:
            numbers = [float(side) for side in sides]
        except ValueError:
            return param.clean(text)  # a word, as "same"; or refused in words
        if param.sort != "number" and all(number.is_integer() for number in numbers):
            numbers = [int(number) for number in numbers]
        return param.clean(tuple(numbers) if len(numbers) == 2 else numbers[0])
    return param.clean(text)


def said(project: ProjectSpec, values: Mapping[str, Value]) -> str:
    """Chosen values in words: "learning rate 0.01, batch size 16 images"."""
    known = {setting.name: setting for setting in _settings(project)}
    parts = []
    for name, value in values.items():
        setting = known.get(name)
        label = setting.label[:1].lower() + setting.label[1:] if setting else name
        parts.append(f"{label} {setting.param.said(value) if setting else value}")
    return ", ".join(parts)


def with_values(project: ProjectSpec, values: Mapping[str, Value]) -> ProjectSpec:
    """The project with these settings. An optimizer that is tried brings its usual learning rate, unless one is given.

    Raises: EngineError, for a value that its setting does not take.
    """
    for name in sorted(values, key=lambda name: name not in _CHOSEN):  # the optimizer first, then its settings
        project = _with_value(project, name, values[name], "learning_rate" not in values)
    return project


def _with_value(project: ProjectSpec, name: str, value: Value, may_change_rate: bool) -> ProjectSpec:
    recipe, (first, _, rest) = project.recipe, name.partition(".")
    if name in _CHOSEN:
        if value == getattr(recipe, name).kind:
            return project
        recipe = replace(recipe, **{name: Chosen(str(value))})
        if name == "optimizer" and may_change_rate:
            recipe = replace(recipe, learning_rate=OPTIMIZERS[str(value)].usual_learning_rate)
        return replace(project, recipe=recipe)
    if first in _CHOSEN and rest:
        chosen = getattr(recipe, first)
        changed = Chosen(chosen.kind, {**chosen.params, rest: value})
        make(_CHOSEN[first], changed)
        return replace(project, recipe=replace(recipe, **{first: changed}))
    if first == "data" and rest:
        return replace(project, data=replace(project.data, **{rest: value}))
    if rest:
        return replace(project, network=set_param(project.network, first, rest, value))
    return replace(project, recipe=replace(recipe, **{name: value}))
