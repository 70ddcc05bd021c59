"""Lines of a program, broken as formatters break them, and names that a program can have."""

from __future__ import annotations

import builtins
import json
import keyword
import re
from collections.abc import Sequence

WIDTH = 100
"""Characters of a line; longer calls are broken."""


def literal(value: object) -> str:
    """A plain value as Python text; texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=True)
    if isinstance(value, tuple):
        inside = ", ".join(map(literal, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return repr(value)


def call(indent: int, head: str, parts: Sequence[str], tail: str = "") -> str:
    """`head(part, part)tail` in as many lines as it takes: one, three, or one for each part."""
    space, deeper = " " * indent, " " * (indent + 4)
    line = f"{space}{head}({', '.join(parts)}){tail}"
    if len(line) <= WIDTH or not parts:
        return line
    inside = f"{deeper}{', '.join(parts)}"
    if len(inside) <= WIDTH:
        return f"{space}{head}(\n{inside}\n{space}){tail}"
    return f"{space}{head}(\n" + "".join(f"{deeper}{_long(part, indent + 4)},\n" for part in parts) + f"{space}){tail}"


def _long(part: str, indent: int) -> str:
    """A part that is too long for its line: a list, one value per line."""
    if indent + len(part) + 1 <= WIDTH or not (part.startswith("[") and part.endswith("]")):
        return part
    space, deeper = " " * indent, " " * (indent + 4)
    return "[\n" + "".join(f"{deeper}{one},\n" for one in split(part[1:-1])) + f"{space}]"


def split(text: str) -> list[str]:
    """`text` at its outer commas."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += letter in "([" or -(letter in ")]")
        if letter == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def assignment(name: str, expression: str, comment: str, indent: int = 8) -> str:
    """`name = expression  # comment`; the comment stands above where there is no room for it."""
    space, line = " " * indent, f"{' ' * indent}{name} = {expression}"
    remark = f"  # {comment}" if comment else ""
    if len(line + remark) <= WIDTH:
        return line + remark
    above = f"{space}# {comment}\n" if comment else ""
    if len(line) <= WIDTH:
        return above + line
    if match := re.fullmatch(r"([\w.]+)\((.*)\)", expression):
        return above + call(indent, f"{name} = {match[1]}", split(match[2]))
    for sign in (" + ", " * "):
        if sign in expression and "(" not in expression:
            deeper = " " * (indent + 4)
            first, *rest = expression.split(sign)
            terms = "".join(f"\n{deeper}{sign.strip()} {term}" for term in rest)
            return f"{above}{space}{name} = (\n{deeper}{first}{terms}\n{space})"
    return above + line


def local_name(node_id: str, taken: set[str]) -> str:
    """A variable for the output of a layer, unlike those that are `taken`; it is taken then."""
    name = node_id
    while name in taken or keyword.iskeyword(name) or hasattr(builtins, name):
        name += "_"
    taken.add(name)
    return name


def class_name(text: str) -> str:
    """ "Small ResNet" -> "SmallResNet"; empty where nothing usable is left."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[0].upper() + word[1:] for word in words)[:60]
    return f"Network{name}" if name[:1].isdigit() else name


def harmless(text: str) -> str:
    """User's text as part of a comment or docstring: it can end neither, and is one line."""
    line = " ".join(text.split())
    line = "".join(letter for letter in line if letter.isprintable()).replace("\\", "/").replace('"', "'")
    return line[:80].strip()
