"""The drawing: brought from one network to the next by changing only what differs."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QGraphicsScene

from engine.compile import NetworkReport
from engine.spec import NetworkSpec
from gui.canvas.card import LayerCard
from gui.canvas.face import faces
from gui.canvas.look import look
from gui.canvas.marks import GapButton, Link, Marker
from gui.theme import theme


@dataclass(frozen=True)
class Gap:
    """A place where a layer can go: behind the layer `after` (None: first), drawn at height `y`."""

    after: str | None
    y: float


class NetworkScene(QGraphicsScene):
    """All cards in one column, in the order of computation, and the links between them."""

    def __init__(self) -> None:
        super().__init__()
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)  # a few hundred items that often move
        self.cards: dict[str, LayerCard] = {}
        self.order: tuple[str, ...] = ()
        self._links: dict[tuple[str, str], Link] = {}
        self._selected = ""
        self._bottom = 0.0
        self.plus, self.marker = GapButton(), Marker()
        self.addItem(self.plus)
        self.addItem(self.marker)
        theme().changed.connect(self._wear)

    # ---- from one network to the next

    def show_network(self, network: NetworkSpec, report: NetworkReport) -> None:
        """Bring the drawing to `network`; cards whose content stayed the same are not touched."""
        wanted = faces(report)
        moved = tuple(wanted) != self.order
        for node_id in self.cards.keys() - wanted.keys():
            self.removeItem(self.cards.pop(node_id))
        for node_id, face in wanted.items():
            card = self.cards.get(node_id)
            if card is None:
                card = self.cards[node_id] = LayerCard(node_id, face)
                self.addItem(card)
            elif face != card.face:
                moved = card.show_face(face) or moved
        self.order = tuple(wanted)
        if moved:
            self._place_cards()
        self._show_links(network)
        if self._selected not in self.cards:
            self._selected = ""

    def _place_cards(self) -> None:
        y = 0.0
        for node_id in self.order:
            card = self.cards[node_id]
            if card.pos() != QPointF(0, y):
                card.setPos(0, y)
            y += card.height + look().gap
        self._bottom = y
        self.plus.setVisible(False)

    def _frame(self) -> None:
        """Leave room around the column, and more at the sides where links pass."""
        side = theme().px(110 if any(link.is_bow for link in self._links.values()) else 20)
        above, below = theme().px(16), theme().px(70)
        self.setSceneRect(
            QRectF(-look().width / 2 - side, -above, look().width + 2 * side, self._bottom + above + below)
        )

    def _show_links(self, network: NetworkSpec) -> None:
        place = {node_id: index for index, node_id in enumerate(self.order)}
        wanted = [(source, node.id) for node in network.nodes for source in node.inputs if source in place]
        for ends in self._links.keys() - set(wanted):
            self.removeItem(self._links.pop(ends))
        for source, target in wanted:
            link = self._links.get((source, target))
            if link is None:
                link = self._links[source, target] = Link()
                self.addItem(link)
            neighbours = place[target] == place[source] + 1
            link.connect_cards(self.cards[source], self.cards[target], neighbours=neighbours)
        self._frame()

    def _wear(self) -> None:
        for card in self.cards.values():
            card.prepareGeometryChange()
            card.measure()
        self._place_cards()
        for (source, target), link in self._links.items():
            neighbours = self.order.index(target) == self.order.index(source) + 1
            link.connect_cards(self.cards[source], self.cards[target], neighbours=neighbours)
            link.wear()
        self._frame()
        self.update()

    # ---- selection

    @property
    def selected(self) -> str:
        """Id of the selected layer, or empty."""
        return self._selected

    def select(self, node_id: str) -> None:
        """Mark one layer as selected; empty for none."""
        if self._selected in self.cards:
            self.cards[self._selected].set_selected(False)
        self._selected = node_id if node_id in self.cards else ""
        if self._selected:
            self.cards[self._selected].set_selected(True)

    # ---- places

    def card_at(self, point: QPointF) -> LayerCard | None:
        """The card under a point of the scene."""
        for card in self.cards.values():
            if card.frame().translated(card.pos()).contains(point):
                return card
        return None

    def gaps(self, family: str = "", moving: str = "") -> list[Gap]:
        """The places where a layer of `family` can go, from the top: pictures come in first, classes go out last.

        Args:
            moving: a layer that is already drawn; the gaps beside it are left out, for they change nothing.
        """
        cards = [self.cards[node_id] for node_id in self.order]
        if not cards:
            return [Gap(None, 0.0)]
        half = look().gap / 2
        gaps = [Gap(None, cards[0].y() - half)]
        gaps += [Gap(card.node_id, card.y() + card.height + half) for card in cards]
        starts, ends = cards[0].face.family == "input", cards[-1].face.family == "output"
        if family == "input":
            gaps = gaps[:1]
        elif family == "output":
            gaps = gaps[-1:]
        else:
            gaps = gaps[starts and cards[0].node_id != moving : len(gaps) - (ends and cards[-1].node_id != moving)]
        return [gap for gap in gaps if not moving or not self._is_beside(gap, moving)]

    def _is_beside(self, gap: Gap, node_id: str) -> bool:
        index = self.order.index(node_id)
        return gap.after == node_id or gap.after == (self.order[index - 1] if index else None)

    def nearest_gap(self, y: float, family: str = "", moving: str = "") -> Gap | None:
        """The possible place nearest to the height `y`."""
        return min(self.gaps(family, moving), key=lambda gap: abs(gap.y - y), default=None)

    def gap_under(self, point: QPointF) -> Gap | None:
        """The gap that the mouse at `point` means, if any."""
        gap = self.nearest_gap(point.y())
        if gap is None or abs(point.x()) > look().width / 2:
            return None
        reach = self.plus.radius() + 2
        is_last = bool(self.order) and gap.after == self.order[-1]
        below = theme().px(60) if is_last else reach  # the room below the last card invites to go on
        return gap if -reach <= point.y() - gap.y <= below else None

    def show_plus(self, gap: Gap | None) -> None:
        """Show the "+" in a gap, or nowhere."""
        self.plus.setVisible(gap is not None)
        if gap is not None:
            self.plus.setPos(0, gap.y)

    def show_marker(self, gap: Gap | None) -> None:
        """Show where a dragged layer will land, or nothing."""
        self.marker.setVisible(gap is not None)
        if gap is not None:
            self.marker.setPos(0, gap.y)
