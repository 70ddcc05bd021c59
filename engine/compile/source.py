"""The drawn network as a PyTorch program that people can read and that runs alone.

Attributes carry the node ids, as in `compile.module`, so that trained weights load into the program as they are. Blocks
become classes; instances that differ in numbers only share one, and the numbers become its arguments.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from engine import layers
from engine.compile.infer import Facts, NodeReport, infer, raise_first_problem
from engine.compile.program.blocks import (
    POSITIONS,
    Body,
    Part,
    Shared,
    body_of,
    class_text,
    inside_out,
    part_of,
    shared_classes,
)
from engine.compile.program.text import class_name, harmless
from engine.layers.made import Made
from engine.spec.network import NetworkSpec

_USED = frozenset({"Tensor", "Pads", "None", "True", "False", "nn", "torch", "functional", "math"})

_HEADS = {"functional": "from torch.nn import functional", "math": "import math"}


@dataclass
class _Program:
    """What has been written so far."""

    classes: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    instances: dict[int, Shared] = field(default_factory=dict)  # by the identity of a block's report
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of the classes written so far
    helpers: dict[str, str] = field(default_factory=dict)  # name in engine.layers.modules -> source

    def positions(self, module: str) -> tuple[str, ...]:
        """What the positional arguments of a module are called."""
        return POSITIONS.get(module) or self.parameters.get(module) or _own_arguments().get(module, ())

    def free_class(self, stem: str) -> str:
        """A name for a class that no other one has, nor could get."""
        name, number = stem, 2
        while name in self.names or name in _own_classes() or name in _USED:
            name, number = f"{stem}{number}", number + 1
        self.names.add(name)
        return name


def source(network: NetworkSpec, facts: Facts, title: str = "") -> str:
    """The program.

    Args:
        title: of the project or template, for the first line; any text.
    Raises: EngineError, where the network has a problem.
    """
    report = infer(network, facts)
    raise_first_problem(report)
    program = _Program()
    for blocks in inside_out(report):
        bodies = [(entry, _body(entry, program)) for entry in blocks]
        for shared in shared_classes(bodies, program.positions, program.free_class):
            program.classes.append(shared.text)
            program.parameters[shared.name] = shared.parameters
            program.instances.update(dict.fromkeys(shared.arguments, shared))
    doc = f"{harmless(title) or 'A network'}, drawn with Atelier."
    name = program.free_class(class_name(title) or "Network")
    body = body_of(report, title, "", lambda *call: _call(*call, program))
    main = class_text(name, doc, body.inputs, (), body.parts, body.steps, body.result)
    outputs = report.nodes[list(report.nodes)[-1]].shape or (facts.classes,)
    parts = [_head(facts, program, main, doc, outputs[0]), *program.helpers.values(), *program.classes, main]
    return "\n\n\n".join(part.rstrip() for part in [*parts, _foot(name, facts)]) + "\n"


def _head(facts: Facts, program: _Program, main: str, doc: str, outputs: int) -> str:
    body = "\n".join([*program.helpers.values(), *program.classes, main])
    shape = ", ".join(map(str, facts.shape))
    heads = [line for name, line in _HEADS.items() if name == "math" and re.search(r"\bmath\.", body)]
    heads = [*heads, ""] if heads else []
    heads += ["import torch", "from torch import Tensor, nn"]
    heads += [line for name, line in _HEADS.items() if name == "functional" and re.search(r"\bfunctional\.", body)]
    pads = "\n\nPads = tuple[tuple[int, int], tuple[int, int]]" if re.search(r"\bPads\b", body) else ""
    gives = (
        f"Gives logits (batch, {outputs}), one per class: softmax makes probabilities of them."
        if outputs > 1
        else "Gives one logit (batch, 1): sigmoid makes the probability of the second class of it."
    )
    text = f'"""{doc}\n\nReceives images as (batch, {shape}), normalised as in training.\n{gives}\n"""\n\n'
    return text + "\n".join(heads) + pads


def _foot(name: str, facts: Facts) -> str:
    shape = ", ".join(map(str, (1, *facts.shape)))
    return (
        'if __name__ == "__main__":\n'
        f"    network = {name}().eval()\n"
        '    print(sum(parameter.numel() for parameter in network.parameters()), "parameters")\n'
        f"    print(network(torch.randn({shape})).shape)"
    )


def _body(entry: NodeReport, program: _Program) -> Body:
    layer = entry.layer
    return body_of(entry.inside, layer.title, layer.said(), lambda *call: _call(*call, program))  # type: ignore[union-attr,arg-type]


def _call(entry: NodeReport, name: str, given: list[str], parts: list[Part], program: _Program) -> str:
    if entry.inside is not None:
        shared = program.instances[id(entry)]
        parts.append(Part(name, shared.name, dict(shared.arguments[id(entry)])))
        return f"self.{name}({', '.join(given)})"
    module: Made = entry.layer.made(*entry.inputs)  # type: ignore[union-attr]
    if module.expression:
        return module.expression.format(*given)
    if not module.is_torch:
        _take_helper(module.module, program)
    parts.append(part_of(name, module))
    return f"self.{name}({', '.join(given)})"


def _take_helper(name: str, program: _Program) -> None:
    """Copy a class of our own, and those of our own that it needs, into the program."""
    if name in program.helpers:
        return
    text = _own_classes()[name]
    for other in _own_classes():
        if other != name and re.search(rf"\b{other}\b", text):
            _take_helper(other, program)
    program.helpers[name] = text


@cache
def _parsed() -> tuple[str, list[ast.ClassDef]]:
    """`engine.layers.modules`, read as text: importing it takes torch."""
    text = (Path(layers.__file__).parent / "modules.py").read_text("utf-8")
    return text, [part for part in ast.parse(text).body if isinstance(part, ast.ClassDef)]


@cache
def _own_classes() -> dict[str, str]:
    """The source of its classes by name."""
    text, classes = _parsed()
    return {part.name: ast.get_source_segment(text, part) or "" for part in classes}


@cache
def _own_arguments() -> dict[str, tuple[str, ...]]:
    """The names of the arguments of their constructors."""
    found = {}
    for part in _parsed()[1]:
        makers = [one for one in part.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        found[part.name] = tuple(one.arg for one in makers[0].args.args[1:]) if makers else ()
    return found
