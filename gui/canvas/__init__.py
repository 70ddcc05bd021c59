"""The network, drawn as a column of cards that can be edited in place."""

from gui.canvas.canvas import NetworkCanvas
from gui.canvas.card import Cost, Light
from gui.canvas.dragging import dragged_kind, layer_mime

__all__ = ["Cost", "Light", "NetworkCanvas", "dragged_kind", "layer_mime"]
