"""Layers on the move: a card dragged to another place, a kind dragged in from the palette."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QMimeData, QPointF
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QToolTip

from engine.layers import LAYERS
from engine.spec.network import OWN
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
    return kind if kind in LAYERS or kind.startswith(OWN) else ""


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
        middle = corner + QPointF(0, self._ghost.height / 2)
        gap = self._scene.nearest_gap(middle, self.card.face.family, moving=self.card.node_id)
        # Nearer to where it came from than to any other place: it stays.
        home = self.card.pos() + QPointF(0, self.card.height / 2)
        is_nearer = gap is not None and math.dist((gap.x, gap.y), middle.toTuple()) < math.dist(
            home.toTuple(), middle.toTuple()
        )
        self.gap = gap if is_nearer else None
        self._scene.show_marker(self.gap)

    def finish(self) -> Gap | None:
        """Put everything back and return where the card was dropped; None where it stays."""
        self._scene.removeItem(self._ghost)
        self._scene.show_marker(None)
        self.card.set_lifted(False)
        return self.gap


class Cable:
    """A link in the hand: from the output of `source` to the card under the mouse. Cards that cannot take it are drawn
    pale and say why."""

    def __init__(self, scene: NetworkScene, source: str, judge: Callable[[str, str], str]):
        self._scene, self.source, self.has_moved = scene, source, False
        reasons = {node_id: judge(source, node_id) for node_id in scene.cards if node_id != source}
        self._reasons = {node_id: reason for node_id, reason in reasons.items() if reason}
        self._target = ""
        self._searched = scene.found()

    def move(self, point: QPointF) -> None:
        """Follow the mouse to `point` of the scene."""
        if not self.has_moved:
            self._scene.dim(self._reasons)
            self.has_moved = True
        card = self._scene.card_at(point)
        self._target = card.node_id if card is not None and card.node_id != self.source else ""
        good = bool(self._target) and self._target not in self._reasons
        self._scene.mark_search([self._target] if good else [])
        end = card.input_point() if card is not None and good else point
        self._scene.show_rubber(self._scene.cards[self.source].output_point(), end, good)
        reason = self._reasons.get(self._target, "")
        if reason:
            QToolTip.showText(QCursor.pos(), reason)
        else:
            QToolTip.hideText()

    @property
    def target(self) -> str:
        """The layer that would receive the link; empty for none."""
        return self._target

    def step(self, step: int) -> None:
        """Go on to the next layer that can take the link, in the order of the drawing; -1 for the one before."""
        if not self.has_moved:
            self._scene.dim(self._reasons)
            self.has_moved = True
        order = self._scene.order
        possible = [one for one in order if one != self.source and one not in self._reasons]
        if not possible:
            self._scene.hide_rubber()
            return
        if self._target in possible:
            self._target = possible[(possible.index(self._target) + step) % len(possible)]
        else:  # what stands below is meant first
            below = [one for one in possible if order.index(one) > order.index(self.source)]
            self._target = (below or possible)[0]
        cards = self._scene.cards
        self._scene.mark_search([self._target])
        self._scene.show_rubber(cards[self.source].output_point(), cards[self._target].input_point(), True)

    def finish(self) -> tuple[str, str]:
        """Put everything back. Returns the layer over which the mouse was, and why it cannot take the link."""
        self._scene.hide_rubber()
        self._scene.mark_search(self._searched)
        self._scene.dim({})
        return self._target, self._reasons.get(self._target, "")
