"""Layer kinds: one module for each family. `LAYERS` knows them all; `kind_named` also a network's own blocks."""

from engine.layers.base import EVERYWHERE, FAMILIES, LAYERS, LayerKind, Reach, Shape, grouped, shape_in_words
from engine.layers.blocks import BlockKind
from engine.layers.own import kind_named, known_kind

__all__ = [
    "EVERYWHERE",
    "FAMILIES",
    "LAYERS",
    "BlockKind",
    "LayerKind",
    "Reach",
    "Shape",
    "grouped",
    "kind_named",
    "known_kind",
    "shape_in_words",
]
