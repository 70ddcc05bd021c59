"""The receptive field: how much of the image one output pixel of a layer sees.

Follows extent and step from layer to layer as in Araujo, Norris and Sim, 2019, "Computing receptive fields of
convolutional neural networks" (Distill); where branches meet, the widest counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.compile.infer import NetworkReport, NodeReport
from engine.compile.remembered import remembered

Sides = tuple[float, float]


@dataclass(frozen=True)
class Field:
    """What one output pixel sees of the image: `extent` pixels (height, width), moving on by `step` from one output
    pixel to the next. An infinite extent means the whole image, however large."""

    extent: Sides = (1.0, 1.0)
    step: Sides = (1.0, 1.0)

    @property
    def is_everything(self) -> bool:
        return math.inf in self.extent


def fields(report: NetworkReport) -> Mapping[str, Field]:
    """The receptive field of every layer that is known, by id."""
    return _through(report, ())


@remembered
def receptive_field(report: NetworkReport) -> Field | None:
    """That of the layer that sees most while there still is an image: what Flatten, pooling over everything or a dense
    layer then sums up. None where nothing is convolved."""
    if not any(_looks_around(entry) for entry in report.nodes.values()):
        return None
    known = fields(report)
    pictures = [known[i] for i, entry in report.nodes.items() if i in known and len(entry.shape or ()) == 3]
    finite = [field for field in pictures if not field.is_everything]
    if not finite:
        return None
    return max(finite, key=lambda field: min(field.extent))


def _looks_around(entry: NodeReport) -> bool:
    if entry.inside is not None:
        return any(_looks_around(inner) for inner in entry.inside.nodes.values())
    return entry.kind is not None and entry.kind.family == "convolution"


def _through(report: NetworkReport, arriving: Sequence[Field]) -> dict[str, Field]:
    """The fields inside a network, or inside a block that receives `arriving`."""
    ports = iter(arriving)
    found: dict[str, Field] = {}
    for node_id, entry in report.nodes.items():
        if entry.shape is None:
            continue
        if entry.node.kind == "port":
            found[node_id] = next(ports, Field())
            continue
        before = [found[source] for source in entry.node.inputs if source in found]
        found[node_id] = _behind(entry, before) if before else Field()
    return found


def _behind(entry: NodeReport, before: Sequence[Field]) -> Field:
    if entry.inside is not None:
        inside = _through(entry.inside, before)
        return list(inside.values())[-1] if inside else _widest(before)
    seen = _widest(before)
    reach = entry.layer.reach(*entry.inputs)  # type: ignore[union-attr] - it has a shape, so it is known
    if not entry.layer.sees_places:  # type: ignore[union-attr]
        return seen
    extent = tuple(
        size + (more - 1) * step for size, more, step in zip(seen.extent, reach.extent, seen.step, strict=True)
    )
    step = tuple(before * after for before, after in zip(seen.step, reach.step, strict=True))
    return Field(extent, step)  # type: ignore[arg-type]


def _widest(several: Sequence[Field]) -> Field:
    extent = tuple(max(field.extent[side] for field in several) for side in (0, 1))
    step = tuple(max(field.step[side] for field in several) for side in (0, 1))
    return Field(extent, step)  # type: ignore[arg-type]
