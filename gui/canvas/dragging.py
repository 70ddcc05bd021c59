"""Layers on the move: a card dragged to another place, a kind dragged in from the palette."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPointF

from engine.layers import LAYERS
from gui.canvas.card import LayerCard
from gui.canvas.scene import Gap, NetworkScene

LAYER_FORMAT = "application/x-atelier-layer-kind"


def layer_mime(kind: str) -> QMimeData:
    """What a drag of the layer kind `kind` carries."""
    data = QMimeData()
    data.setData(LAYER_FORMAT, kind.encode())
    return data


def dragged_kind(data: QMimeData) -> str:
    """The layer kind that a drag carries; empty when it carries something else."""
    kind = bytes(data.data(LAYER_FORMAT).data()).decode(errors="replace") if data.hasFormat(LAYER_FORMAT) else ""
    return kind if kind in LAYERS else ""


class Reorder:
    """One card in the hand: a ghost follows the mouse, a line shows where the card will land."""

    def __init__(self, scene: NetworkScene, card: LayerCard, grabbed: QPointF):
        self._scene, self.card = scene, card
        self._offset = grabbed - card.pos()
        self.gap: Gap | None = None
        self._ghost = LayerCard(card.node_id, card.face)
        self._ghost.setZValue(10)
        self._ghost.setOpacity(0.85)
        self._ghost.set_selected(True)
        scene.addItem(self._ghost)
        card.set_lifted(True)

    def move(self, point: QPointF) -> None:
        """Follow the mouse to `point` of the scene."""
        corner = point - self._offset
        self._ghost.setPos(corner)
        middle = corner.y() + self._ghost.height / 2
        gap = self._scene.nearest_gap(middle, self.card.face.family, moving=self.card.node_id)
        # Nearer to where it came from than to any other place: it stays.
        home = self.card.y() + self.card.height / 2
        self.gap = gap if gap is not None and abs(gap.y - middle) < abs(home - middle) else None
        self._scene.show_marker(self.gap)

    def finish(self) -> Gap | None:
        """Put everything back and return where the card was dropped; None where it stays."""
        self._scene.removeItem(self._ghost)
        self._scene.show_marker(None)
        self.card.set_lifted(False)
        return self.gap
