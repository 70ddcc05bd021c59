"""The network as a table: one row per layer, to sort, to copy, to keep."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.compile.infer import NetworkReport, NodeReport


@dataclass(frozen=True)
class Row:
    """One layer. Figures are None where a problem keeps them unknown.

    Attributes:
        place: in the order of computation, from 1; layers inside a block have that of the block.
        id: "residual_1.conv1" for a layer inside a block.
        inputs: ids of the layers it receives from, as `id` says them.
        memory: bytes of the output for one image, float32.
    """

    place: int
    id: str
    title: str
    settings: str
    inputs: str
    output: str
    parameters: int | None
    multiply_adds: int | None
    memory: int | None


COLUMNS = (
    ("place", "#"),
    ("id", "Name"),
    ("title", "Layer"),
    ("settings", "Settings"),
    ("output", "Output"),
    ("parameters", "Parameters"),
    ("multiply_adds", "Multiply-adds"),
    ("memory", "Memory"),
    ("inputs", "Receives from"),
)
"""Fields of `Row` with their headings, in the order of the table."""


def rows(report: NetworkReport, *, inside: bool = False) -> tuple[Row, ...]:
    """The rows of a network in the order of computation.

    Args:
        inside: have the layers inside blocks in place of the blocks.
    """
    found: list[Row] = []
    for place, entry in enumerate(report.nodes.values(), start=1):
        if inside and entry.inside is not None:
            found += _inside(entry.inside, place, f"{entry.node.id}.")
        else:
            found.append(_row(entry, place, ""))
    return tuple(found)


def _inside(report: NetworkReport, place: int, prefix: str) -> Iterator[Row]:
    for entry in report.nodes.values():
        if entry.node.kind == "port":
            continue
        if entry.inside is not None:
            yield from _inside(entry.inside, place, f"{prefix}{entry.node.id}.")
        else:
            yield _row(entry, place, prefix)


def _row(entry: NodeReport, place: int, prefix: str) -> Row:
    known = entry.shape is not None
    kind = entry.kind.title if entry.kind is not None else entry.node.kind
    return Row(
        place=place,
        id=prefix + entry.node.id,
        title=f"{entry.node.label} ({kind})" if entry.node.label else kind,
        settings=entry.layer.said() if entry.layer is not None else "",
        inputs=", ".join(prefix + source for source in entry.node.inputs),
        output=" × ".join(map(str, entry.shape)) if entry.shape else "",
        parameters=entry.parameters if known else None,
        multiply_adds=entry.multiply_adds if known else None,
        memory=entry.activation_bytes if known else None,
    )


def as_csv(table: Iterable[Row], separator: str = ",") -> str:
    """With a heading; plain numbers, as spreadsheets want them. A tab as `separator` is what pastes into cells."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow([heading for _, heading in COLUMNS])
    for row in table:
        writer.writerow([_harmless(getattr(row, name)) for name, _ in COLUMNS])
    return text.getvalue()


def _harmless(value: object) -> object:
    """A text that begins like a formula would be computed by a spreadsheet."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def as_text(table: Sequence[Row]) -> str:
    """In columns, to read in any editor; numbers stand at the right."""
    cells = [[heading for _, heading in COLUMNS]]
    cells += [["" if (value := getattr(row, name)) is None else str(value) for name, _ in COLUMNS] for row in table]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    numbers = {place for place, (name, _) in enumerate(COLUMNS) if name in _NUMBERS}
    lines = []
    for line in cells:
        parts = [
            text.rjust(width) if place in numbers else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines) + "\n"


_NUMBERS = ("place", "parameters", "multiply_adds", "memory")
