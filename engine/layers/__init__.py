"""Layer kinds: one module for each family. `LAYERS` knows them all."""

from engine.layers.base import FAMILIES, LAYERS, LayerKind, Shape, grouped, shape_in_words

__all__ = ["FAMILIES", "LAYERS", "LayerKind", "Shape", "grouped", "shape_in_words"]
