"""The inside of a block, drawn on its card: read only, to look into a block where it stands."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from engine.compile import NetworkReport
from engine.compile.infer import output_of
from engine.spec.network import NetworkSpec
from gui.canvas.face import faces
from gui.canvas.layout import Box, Spacing, arrange
from gui.canvas.look import look
from gui.canvas.marks import Link
from gui.theme import theme

if TYPE_CHECKING:
    from gui.canvas.card import LayerCard  # which draws this, and so cannot be known when this is loaded

END = ""  # what the inner output leads to: the lower edge of the block; no layer has this id


def spacing() -> Spacing:
    """The distances of the canvas."""
    px = theme().px
    return Spacing(row=look().gap, bend=px(18), beside=px(34), lane=px(20))


class BlockInside:
    """Cards and links that belong to the card of a block.

    Args:
        owner: the card of the block, their parent.
        opened: ids of the blocks that are drawn open, "residual_1.inner_2" for one inside another.
    """

    def __init__(self, owner: LayerCard, report: NetworkReport, opened: Collection[str]):
        self._owner, self.report = owner, report
        self.opened = frozenset(one for one in opened if one.startswith(f"{owner.node_id}."))
        ports = [node_id for node_id, entry in report.nodes.items() if entry.node.kind == "port"]
        self._ports = ports
        self.cards: dict[str, LayerCard] = {}
        for node_id, face in faces(report).items():
            if node_id not in ports:
                card = type(owner)(f"{owner.node_id}.{node_id}", face)
                card.setParentItem(owner)
                self.cards[node_id] = card
                inner = report.nodes[node_id].inside
                card.show_inside(inner, opened)
        network = NetworkSpec(tuple(entry.node for entry in report.nodes.values()))
        out = output_of(network) or next(reversed(report.nodes))
        self._links: dict[tuple[str, str, int], Link] = {}
        for node_id, entry in report.nodes.items():
            for slot, source in enumerate(entry.node.inputs):
                self._links[source, node_id, slot] = self._link()
        self._links[out, END, 0] = self._link()
        self._place()

    def _link(self) -> Link:
        link = Link()
        link.setParentItem(self._owner)
        link.setZValue(0)
        return link

    def _place(self) -> None:
        boxes = [Box(i, 4.0, 1.0) for i in self._ports]
        boxes += [Box(i, card.width, card.height) for i, card in self.cards.items()]
        drawing = arrange([*boxes, Box(END, 4.0, 1.0)], list(self._links), spacing())
        left, _, right, bottom = drawing.bounds
        middle = (drawing.places[END][0] + drawing.places[self._ports[0]][0]) / 2 if self._ports else 0.0
        side = theme().px(16)
        self.width = 2 * max(middle - left, right - middle) + 2 * side
        self.height = bottom
        top = look().height
        for node_id, card in self.cards.items():
            x, y = drawing.places[node_id]
            card.setPos(x - middle, y + top)
        for key, link in self._links.items():
            link.follow(drawing.routes[key])
            link.setPos(-middle, top)

    def card_under(self, point: QPointF) -> LayerCard | None:
        """The innermost card at a point of the owner's coordinates."""
        for card in self.cards.values():
            here = point - card.pos()
            if card.frame().contains(here):
                deeper = card.inside.card_under(here) if card.inside is not None else None
                return deeper or card
        return None

    def wear(self) -> None:
        """Take the colours and the text size of the look that is on."""
        for card in self.cards.values():
            card.wear()
        self._place()
        for link in self._links.values():
            link.wear()

    def remove(self) -> None:
        """Take everything off the card."""
        for item in (*self.cards.values(), *self._links.values()):
            item.setParentItem(None)
            if item.scene() is not None:
                item.scene().removeItem(item)
