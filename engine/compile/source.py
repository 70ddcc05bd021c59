"""The drawn network as a PyTorch program that people can read and that runs alone.

Attributes carry the node ids, as in `compile.module`, so that trained weights load into the program as they are. Blocks
become classes; instances with the same inside share one.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

from engine import layers
from engine.compile.infer import Facts, NetworkReport, NodeReport, infer, output_of, raise_first_problem
from engine.compile.names import free_name
from engine.layers import BlockKind
from engine.layers.made import Made
from engine.spec.network import NetworkSpec

_USED = frozenset({"Tensor", "Pads", "None", "True", "False", "nn", "torch", "functional", "math"})

WIDTH = 100
"""Characters; longer calls are broken into lines."""

_HEADS = {"functional": "from torch.nn import functional", "math": "import math"}


@dataclass
class _Program:
    """What has been written so far."""

    classes: list[str] = field(default_factory=list)
    blocks: dict[str, str] = field(default_factory=dict)  # the body of a block's class -> its name
    helpers: dict[str, str] = field(default_factory=dict)  # name in engine.layers.modules -> source


def source(network: NetworkSpec, facts: Facts, title: str = "") -> str:
    """The program.

    Args:
        title: of the project or template, for the first line; any text.
    Raises: EngineError, where the network has a problem.
    """
    report = infer(network, facts)
    raise_first_problem(report)
    program = _Program()
    main = _module_class("{name}", report, program, f"{_comment(title) or 'A network'}, drawn with Atelier.")
    name = _free_class(_class_name(title) or "Network", program)
    main = main.replace("class {name}(", f"class {name}(", 1)
    parts = [_head(facts, program, main, title), *program.helpers.values(), *program.classes, main, _foot(name, facts)]
    return "\n\n\n".join(part.rstrip() for part in parts) + "\n"


def _head(facts: Facts, program: _Program, main: str, title: str) -> str:
    body = "\n".join([*program.helpers.values(), *program.classes, main])
    shape = ", ".join(map(str, facts.shape))
    imports = [line for name, line in _HEADS.items() if name == "math" and re.search(r"\bmath\.", body)]
    imports += ["import torch", "from torch import Tensor, nn"]
    imports += [line for name, line in _HEADS.items() if name == "functional" and re.search(r"\bfunctional\.", body)]
    pads = "\n\nPads = tuple[tuple[int, int], tuple[int, int]]" if re.search(r"\bPads\b", body) else ""
    text = (
        f'"""{_comment(title) or "A network"}, drawn with Atelier.\n\n'
        f"Receives images as (batch, {shape}), normalised as in training. Gives logits: softmax, or\n"
        'sigmoid where there is a single output, makes probabilities of them.\n"""\n\n'
    )
    return text + "\n".join(imports) + pads


def _foot(name: str, facts: Facts) -> str:
    shape = ", ".join(map(str, (1, *facts.shape)))
    return (
        'if __name__ == "__main__":\n'
        f"    network = {name}().eval()\n"
        '    print(sum(parameter.numel() for parameter in network.parameters()), "parameters")\n'
        f"    print(network(torch.randn({shape})).shape)"
    )


def _module_class(name: str, report: NetworkReport, program: _Program, doc: str) -> str:
    """A class for a network or the inside of a block."""
    names = _attribute_names(report)
    made: list[str] = []
    steps: list[str] = []
    values: dict[str, str] = {}
    ports = [node_id for node_id, entry in report.nodes.items() if not entry.node.inputs]
    arguments = ["x"] if len(ports) == 1 else [f"x{place}" for place in range(1, len(ports) + 1)]
    values.update(zip(ports, arguments, strict=True))
    taken = {*arguments, "self", "torch", "nn", "functional", "math"}
    in_chain = _is_chain(report)
    for node_id, entry in report.nodes.items():
        if node_id in values:
            continue
        given = [values[source_id] for source_id in entry.node.inputs]
        call = _call(entry, names[node_id], given, made, program)
        values[node_id] = "x" if in_chain else _local(node_id, taken)
        shape = " × ".join(map(str, entry.shape or ()))
        label = f", {_comment(entry.node.label)}" if entry.node.label else ""
        steps.append(_step(f"{values[node_id]} = {call}", f"# {shape}{label}"))
    signature = ", ".join(f"{argument}: Tensor" for argument in arguments)
    out = values[_output(report)]
    init = ["    def __init__(self) -> None:", "        super().__init__()", *made] if made else []
    forward = [f"    def forward(self, {signature}) -> Tensor:", *steps, f"        return {out}"]
    lines = [f"class {name}(nn.Module):", f'    """{doc}"""', "", *init, *([""] if init else []), *forward]
    return "\n".join(lines)


def _step(statement: str, comment: str) -> str:
    """One line of `forward`; where it is too long, the comment stands above it and the call is broken at its commas."""
    line = f"        {statement}  {comment}"
    if len(line) <= WIDTH:
        return line
    lines = [f"        {comment}", "       "]
    for part in statement.split(" "):
        if len(lines[-1]) + 1 + len(part) > WIDTH and lines[-1].endswith(","):
            lines.append("           ")
        lines[-1] += f" {part}"
    return "\n".join(lines)


def _output(report: NetworkReport) -> str:
    network = NetworkSpec(tuple(entry.node for entry in report.nodes.values()))
    return output_of(network) or list(report.nodes)[-1]


def _is_chain(report: NetworkReport) -> bool:
    """Whether every layer receives just the one before it: then one variable is enough."""
    ids = list(report.nodes)
    return all(report.nodes[node_id].node.inputs == (before,) for before, node_id in pairwise(ids))


def _call(entry: NodeReport, name: str, given: list[str], made: list[str], program: _Program) -> str:
    if entry.inside is not None:
        made.append(f"        self.{name} = {_block_class(entry, program)}()")
        return f"self.{name}({', '.join(given)})"
    module: Made = entry.layer.made(*entry.inputs)  # type: ignore[union-attr]
    if module.expression:
        return module.expression.format(*given)
    made.append(_constructor(name, module, program))
    return f"self.{name}({', '.join(given)})"


def _constructor(name: str, module: Made, program: _Program) -> str:
    if not module.is_torch:
        _take_helper(module.module, program)
    parts = [*map(repr, module.arguments), *(f"{key}={value!r}" for key, value in module.options)]
    line = f"        self.{name} = {module.module}({', '.join(parts)})"
    if len(line) <= WIDTH:
        return line
    inside = "".join(f"            {part},\n" for part in parts)
    return f"        self.{name} = {module.module}(\n{inside}        )"


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
def _own_classes() -> dict[str, str]:
    """The source of the classes in `engine.layers.modules` by name; read as text, since importing them takes torch."""
    text = (Path(layers.__file__).parent / "modules.py").read_text("utf-8")
    found: dict[str, str] = {}
    for part in ast.parse(text).body:
        if isinstance(part, ast.ClassDef):
            found[part.name] = ast.get_source_segment(text, part) or ""
    return found


def _block_class(entry: NodeReport, program: _Program) -> str:
    layer: BlockKind = entry.layer  # type: ignore[assignment]
    doc = _comment(f"{layer.title}: {layer.said()}" if layer.said() else layer.title)
    body = _module_class("{name}", entry.inside, program, doc)  # type: ignore[arg-type]
    # Images of another size go through the same class, and so do instances that only say it in other words.
    key = re.sub(r'#[^\n]*|"""[^\n]*"""', "", body)
    if key not in program.blocks:
        name = _free_class(_class_name(layer.title) or "Block", program)
        program.blocks[key] = name
        program.classes.append(body.replace("class {name}(", f"class {name}(", 1))
    return program.blocks[key]


def _free_class(stem: str, program: _Program) -> str:
    """A name for a class that no other one has, nor could get."""
    name, number = stem, 2
    while name in program.blocks.values() or name in _own_classes() or name in _USED:
        name, number = f"{stem}{number}", number + 1
    return name


def _attribute_names(report: NetworkReport) -> dict[str, str]:
    """The names under which `compile.module.Network` keeps the layers."""
    ids = list(report.nodes)
    return {node_id: free_name(node_id, ids) for node_id in ids}


def _local(node_id: str, taken: set[str]) -> str:
    name = node_id
    while name in taken or keyword.iskeyword(name) or hasattr(builtins, name):
        name += "_"
    taken.add(name)
    return name


def _class_name(text: str) -> str:
    """ "Small ResNet" -> "SmallResNet"; empty where nothing usable is left."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[0].upper() + word[1:] for word in words)[:60]
    return f"Network{name}" if name[:1].isdigit() else name


def _comment(text: str) -> str:
    """User's text as part of a comment or docstring: it can end neither, and is one line."""
    line = " ".join(text.split())
    return "".join(letter for letter in line if letter.isprintable()).replace("\\", "/").replace('"', "'")[:80]
