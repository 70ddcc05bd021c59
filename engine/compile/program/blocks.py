"""Blocks as classes: instances that differ in numbers only share one, and the numbers become its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from engine.compile.infer import NetworkReport, NodeReport, output_of
from engine.compile.names import free_name
from engine.compile.program.text import assignment, call, class_name, harmless, literal, local_name
from engine.layers.made import Made
from engine.spec.network import NetworkSpec

Vector = tuple[object, ...]
"""The values of one argument in all instances of a class."""

DEFAULTS: dict[str, dict[str, object]] = {
    "nn.Conv2d": {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True},
    "nn.BatchNorm2d": {"eps": 1e-5, "momentum": 0.1},
    "nn.Linear": {"bias": True},
}
"""Torch's own: an argument that one instance leaves out and another gives is the same argument."""

POSITIONS = {
    "nn.Conv2d": ("in_channels", "out_channels", "kernel_size"),
    "nn.ConvTranspose2d": ("in_channels", "out_channels", "kernel_size"),
    "nn.BatchNorm2d": ("num_features",),
    "nn.LayerNorm": ("normalized_shape",),
    "nn.GroupNorm": ("num_groups", "num_channels"),
    "nn.InstanceNorm2d": ("num_features",),
    "nn.Linear": ("in_features", "out_features"),
    "nn.MaxPool2d": ("kernel_size", "stride"),
    "nn.AvgPool2d": ("kernel_size", "stride"),
    "nn.Dropout": ("p",),
    "nn.Dropout2d": ("p",),
    "nn.PReLU": ("num_parameters",),
}
"""What torch calls its positional arguments."""

MOST_DIFFERENCES = 8
"""Layers; a class that differs in more of them from its namesake gets a number."""

CHANNELS = {"in_channels", "out_channels", "num_features", "num_channels", "in_features", "out_features", "channels"}


@dataclass
class Part:
    """One layer that a class makes in `__init__`: `self.name = target(arguments)`; keys are texts, or places."""

    name: str
    target: str
    arguments: dict[str | int, object]


@dataclass
class Step:
    """One line of `forward`."""

    variable: str
    expression: str
    comment: str


@dataclass
class Body:
    """What a class consists of, with the numbers of one instance."""

    report: NetworkReport
    title: str
    said: str
    inputs: list[str]
    parts: list[Part] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    result: str = ""

    def structure(self) -> tuple:
        """What instances of one class have in common."""
        parts = tuple(
            (
                part.name,
                part.target,
                tuple(key for key in part.arguments if isinstance(key, int)),
                tuple(sorted(str(key) for key in part.arguments if key not in DEFAULTS.get(part.target, {}))),
            )
            for part in self.parts
        )
        steps = tuple((step.variable, step.expression) for step in self.steps)
        return self.title, tuple(self.inputs), parts, steps, self.result


@dataclass
class Shared:
    """A class that is written: its text, and what each instance gives it."""

    name: str
    text: str
    parameters: tuple[str, ...]
    arguments: dict[int, dict[str | int, object]]


Call = Callable[[NodeReport, str, list[str], list[Part]], str]
"""Writes the call of a layer and adds what it needs to the parts."""


def body_of(report: NetworkReport, title: str, said: str, write_call: Call) -> Body:
    """The class of a network, or of the inside of a block."""
    ids = list(report.nodes)
    ports = [node_id for node_id, entry in report.nodes.items() if not entry.node.inputs]
    inputs = ["x"] if len(ports) == 1 else [f"x{place}" for place in range(1, len(ports) + 1)]
    body = Body(report, title, said, inputs)
    values = dict(zip(ports, inputs, strict=True))
    taken = {*inputs, "self", "torch", "nn", "functional", "math"}
    in_chain = all(report.nodes[node_id].node.inputs == (before,) for before, node_id in pairwise(ids))
    for node_id, entry in report.nodes.items():
        if node_id in values:
            continue
        given = [values[source] for source in entry.node.inputs]
        expression = write_call(entry, free_name(node_id, ids), given, body.parts)
        if expression in given:  # a layer that hands on what it gets
            values[node_id] = expression
            continue
        values[node_id] = "x" if in_chain else local_name(node_id, taken)
        shape = " × ".join(map(str, entry.shape or ()))
        label = f", {harmless(entry.node.label)}" if harmless(entry.node.label) else ""
        body.steps.append(Step(values[node_id], expression, shape + label))
    network = NetworkSpec(tuple(entry.node for entry in report.nodes.values()))
    body.result = values[output_of(network) or ids[-1]]
    return body


def part_of(name: str, module: Made) -> Part:
    """A plain layer as a part."""
    return Part(name, module.module, {**dict(enumerate(module.arguments)), **dict(module.options)})


def inside_out(report: NetworkReport) -> Iterator[list[NodeReport]]:
    """All blocks of a network, those first that hold no other, level by level."""
    levels: dict[int, list[NodeReport]] = {}

    def visit(inner: NetworkReport) -> int:
        height = 0
        for entry in inner.nodes.values():
            if entry.inside is not None:
                own = visit(entry.inside)
                levels.setdefault(own, []).append(entry)
                height = max(height, own + 1)
        return height

    visit(report)
    for height in sorted(levels):
        yield levels[height]


def shared_classes(
    bodies: Sequence[tuple[NodeReport, Body]], positions: Callable[[str], Sequence[str]], free: Callable[[str], str]
) -> list[Shared]:
    """Write a class for each structure among `bodies`.

    Args:
        positions: what the positional arguments of a module are called.
        free: a class name that nobody has, for a wanted one.
    """
    groups: dict[tuple, list[tuple[NodeReport, Body]]] = {}
    for entry, body in bodies:
        groups.setdefault(body.structure(), []).append((entry, body))
    named: dict[str, Body] = {}
    found = []
    for members in groups.values():
        first = members[0][1]
        stem = class_name(first.title) or "Block"
        usual = named.setdefault(stem, first)
        wanted = [stem] if usual is first else [stem + more for more in _differences(usual, first)]
        used = [shared.name for shared in found if shared.name != stem]
        wanted = [one for one in wanted if not any(one.startswith(name) for name in used)] or [stem]
        found.append(_written(free(wanted[0]), members, positions))
    return found


def _differences(usual: Body, other: Body) -> list[str]:
    """What tells a class from the first one of its title, in a word: "WithShortcut"; nothing where it is too much."""
    before, now = ([part.name for part in one.parts] + [step.variable for step in one.steps] for one in (usual, other))
    more = dict.fromkeys(name for name in now if name not in before)
    less = dict.fromkeys(name for name in before if name not in now)
    if len(more) + len(less) > MOST_DIFFERENCES:
        return []
    return [f"With{class_name(name)}" for name in more] + [f"Without{class_name(name)}" for name in less]


def _written(name: str, members: list[tuple[NodeReport, Body]], positions: Callable[[str], Sequence[str]]) -> Shared:
    entries, bodies = [entry for entry, _ in members], [body for _, body in members]
    first = bodies[0]
    names = _parameters(entries, bodies, positions)
    parts = []
    for place, part in enumerate(first.parts):
        arguments: dict[str | int, object] = {}
        for key in _keys(bodies, place):
            vector = _vector(bodies, place, key)
            if vector in names:
                arguments[key] = _Name(names[vector])
            elif key in part.arguments:
                arguments[key] = part.arguments[key]
        parts.append(replace(part, arguments=arguments))
    doc = harmless(f"{first.title}: {first.said}" if first.said and len({b.said for b in bodies}) == 1 else first.title)
    doc += "" if doc.endswith((".", "!", "?")) else "."
    steps = [
        replace(step, comment=step.comment if len({body.steps[place].comment for body in bodies}) == 1 else "")
        for place, step in enumerate(first.steps)
    ]
    signature = [f"{one}: {_type(vector)}" for vector, one in names.items()]
    text = class_text(name, doc, first.inputs, signature, parts, steps, first.result)
    given = {
        id(entry): {_key(one, place): vector[number] for place, (vector, one) in enumerate(names.items())}
        for number, entry in enumerate(entries)
    }
    return Shared(name, text, tuple(names.values()), given)


def _key(name: str, place: int) -> str | int:
    """Channels in and out are given by place, as torch does; everything else by name."""
    return place if name in ("channels", "in_channels", "out_channels") else name


class _Name:
    """An argument's name where a value stands."""

    def __init__(self, text: str):
        self.text = text


def _keys(bodies: Sequence[Body], place: int) -> list[str | int]:
    """The arguments of a part in any instance: those by place first."""
    keys = dict.fromkeys(key for body in bodies for key in body.parts[place].arguments)
    return sorted(keys, key=lambda key: (not isinstance(key, int), key if isinstance(key, int) else 0))


def _vector(bodies: Sequence[Body], place: int, key: str | int) -> Vector:
    usual = DEFAULTS.get(bodies[0].parts[place].target, {})
    return tuple(body.parts[place].arguments.get(key, usual.get(str(key))) for body in bodies)


def _parameters(
    entries: Sequence[NodeReport], bodies: Sequence[Body], positions: Callable[[str], Sequence[str]]
) -> dict[Vector, str]:
    """A name for each number that differs between the instances; equal numbers are one."""
    found: dict[Vector, list[tuple[Part, str]]] = {}
    for place, part in enumerate(bodies[0].parts):
        for key in _keys(bodies, place):
            vector = _vector(bodies, place, key)
            if len(set(map(repr, vector))) > 1:
                known = positions(part.target)
                argument = known[key] if isinstance(key, int) and key < len(known) else str(key)
                argument = argument if argument.isidentifier() else f"value{argument}"
                found.setdefault(vector, []).append((part, argument))
    names: dict[Vector, str] = {}
    for vector, uses in found.items():
        name = _parameter_name(vector, uses, entries)
        stem, number = name, 2
        if name in names.values():
            name = stem = f"{uses[0][0].name}_{uses[0][1]}"
        while name in names.values():
            name, number = f"{stem}{number}", number + 1
        names[vector] = name
    rank = {"channels": 0, "in_channels": 1, "out_channels": 2}
    return dict(sorted(names.items(), key=lambda item: rank.get(item[1], 3)))


def _parameter_name(vector: Vector, uses: list[tuple[Part, str]], entries: Sequence[NodeReport]) -> str:
    inward = tuple(entry.inputs[0][0] for entry in entries)
    outward = tuple((entry.shape or (0,))[0] for entry in entries)
    if any(argument in CHANNELS for _, argument in uses):
        if vector == inward:
            return "channels" if inward == outward else "in_channels"
        if vector == outward:
            return "out_channels"
        maker = next((part for part, argument in uses if argument in ("out_channels", "out_features")), uses[0][0])
        return f"{maker.name}_channels"
    return uses[0][1]


def _type(vector: Vector) -> str:
    kinds = []
    for value in vector:
        kind = f"tuple[{', '.join(['int'] * len(value))}]" if isinstance(value, tuple) else type(value).__name__
        if kind not in kinds:
            kinds.append(kind)
    return " | ".join("None" if kind == "NoneType" else kind for kind in kinds)


# ---- text


def class_text(
    name: str,
    doc: str,
    inputs: Sequence[str],
    signature: Sequence[str],
    parts: Sequence[Part],
    steps: Sequence[Step],
    result: str,
) -> str:
    """The class."""
    lines = [f"class {name}(nn.Module):", f'    """{doc}"""', ""]
    if parts:
        lines += [call(4, "def __init__", ["self", *signature], " -> None:"), "        super().__init__()"]
        lines += [_made(part) for part in parts]
        lines.append("")
    lines.append(call(4, "def forward", ["self", *(f"{one}: Tensor" for one in inputs)], " -> Tensor:"))
    lines += [assignment(step.variable, step.expression, step.comment) for step in steps]
    lines.append(f"        return {result}")
    return "\n".join(lines)


def _made(part: Part) -> str:
    shown = []
    for key, value in part.arguments.items():
        text = value.text if isinstance(value, _Name) else literal(value)
        shown.append(text if isinstance(key, int) else f"{key}={text}")
    return call(8, f"self.{part.name} = {part.target}", shown)
