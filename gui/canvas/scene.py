"""The drawing: brought from one network to the next by changing only what differs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtWidgets import QGraphicsScene

from engine.compile import NetworkReport
from engine.spec import NetworkSpec
from gui.canvas.card import Cost, LayerCard, Light
from gui.canvas.face import faces
from gui.canvas.glide import Glide
from gui.canvas.inside import spacing
from gui.canvas.layout import Box, Drawing, arrange
from gui.canvas.look import look
from gui.canvas.marks import GapButton, Link, Marker, Rubber
from gui.theme import theme


class LinkKey(NamedTuple):
    """A link: from the output of `source` into the input number `slot` of `target`."""

    source: str
    target: str
    slot: int


@dataclass(frozen=True)
class Gap:
    """A place where a layer can go: behind the layer `after` (None: first), or on the one link `key` where `after`
    feeds several. Drawn at (`x`, `y`)."""

    after: str | None
    y: float
    x: float = 0.0
    key: LinkKey | None = None

    def far_from(self, x: float, y: float) -> float:
        """How far the place is from a point: beside its card sideways counts twice."""
        return abs(self.y - y) + 2 * max(0.0, abs(x - self.x) - look().width / 2)


class NetworkScene(QGraphicsScene):
    """All cards, laid out in rows from the top, and the links between them.

    Signals:
        placed(): cards have new places.
    """

    placed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)  # a few hundred items that often move
        self.cards: dict[str, LayerCard] = {}
        self.order: tuple[str, ...] = ()
        self.selection: tuple[str, ...] = ()
        self.selected_link: LinkKey | None = None
        self._links: dict[LinkKey, Link] = {}
        self._drawing = Drawing({}, {}, (0.0, 0.0, 0.0, 0.0))
        self._dimmed: Mapping[str, str] = {}
        self.opened: frozenset[str] = frozenset()
        self._report: NetworkReport | None = None
        self.glide = Glide(self)
        self.plus, self.marker, self.rubber = GapButton(), Marker(), Rubber()
        for item in (self.plus, self.marker, self.rubber):
            self.addItem(item)
        theme().changed.connect(self._wear)

    # ---- from one network to the next

    def show_network(self, network: NetworkSpec, report: NetworkReport) -> None:
        """Bring the drawing to `network`; cards whose content stayed the same are not touched."""
        wanted = faces(report)
        self._report = report
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
            moved = card.show_inside(report.nodes[node_id].inside, self.opened) or moved
        self.order = tuple(wanted)
        keys = [
            LinkKey(source, node.id, slot)
            for node in network.nodes
            for slot, source in enumerate(node.inputs)
            if source in self.cards and source != node.id
        ]
        moved = self._keep_links(keys) or moved
        if moved:
            self._place()
        self.selection = tuple(node_id for node_id in self.selection if node_id in self.cards)
        if self.selected_link not in self._links:
            self.selected_link = None

    def open_blocks(self, ids: Iterable[str]) -> None:
        """Draw these blocks with their inside, and no others; "residual_1.inner_2" for one inside another."""
        self.opened = frozenset(ids)
        if self._report is None:
            return
        changed = [self.cards[i].show_inside(self._report.nodes[i].inside, self.opened) for i in self.order]
        if any(changed):
            self._place()

    def all_blocks(self) -> list[str]:
        """The ids of all blocks whose inside can be shown, not of those inside others."""
        return [node_id for node_id in self.order if self.cards[node_id].can_open]

    def fold_mark_at(self, point: QPointF) -> str:
        """The block whose mark for opening is at `point`, also one inside another; empty for none."""
        card = self.card_at(point)
        if card is None:
            return ""
        place = point - card.pos()
        if card.can_open and card.fold_mark().contains(place):
            return card.node_id
        inner = card.inside.card_under(place) if card.inside is not None else None
        if inner is None or not inner.can_open:
            return ""
        return inner.node_id if inner.fold_mark().contains(inner.mapFromScene(point)) else ""

    def show_lights(self, lights: Mapping[str, Light]) -> None:
        """Draw how the layers do in training; an empty mapping ends it."""
        for node_id, card in self.cards.items():
            card.show_light(lights.get(node_id))

    def show_costs(self, costs: Mapping[str, Cost]) -> None:
        """Draw what the layers cost; an empty mapping ends it."""
        for node_id, card in self.cards.items():
            card.show_cost(costs.get(node_id))

    def _keep_links(self, keys: Iterable[LinkKey]) -> bool:
        """Have a link for each of `keys`. Returns whether there are others than before."""
        wanted = list(dict.fromkeys(keys))
        changed = self._links.keys() != set(wanted)
        for key in self._links.keys() - set(wanted):
            self.removeItem(self._links.pop(key))
        for key in wanted:
            if key not in self._links:
                self._links[key] = Link()
                self.addItem(self._links[key])
        return changed

    def _place(self) -> None:
        px = theme().px
        self.glide.finish()
        before = {node_id: card.pos() for node_id, card in self.cards.items() if node_id in self._drawing.places}
        ran = {key: link.route for key, link in self._links.items() if link.route is not None}
        boxes = [Box(node_id, self.cards[node_id].width, self.cards[node_id].height) for node_id in self.order]
        self._drawing = arrange(boxes, [tuple(key) for key in self._links], spacing())
        for node_id, (x, y) in self._drawing.places.items():
            card = self.cards[node_id]
            if card.pos() != QPointF(x, y):
                card.setPos(x, y)
        for key, link in self._links.items():
            link.follow(self._drawing.routes[key])
        self.plus.setVisible(False)
        left, top, right, bottom = self._drawing.bounds
        side = px(20)
        self.setSceneRect(QRectF(left - side, top - px(16), right - left + 2 * side, bottom - top + px(86)))
        self.glide.start(before, ran, self.cards, self._links)
        self.placed.emit()

    def _wear(self) -> None:
        for card in self.cards.values():
            card.wear()
        self._place()
        for link in self._links.values():
            link.wear()
        self.update()

    def links(self) -> list[Link]:
        """All links."""
        return list(self._links.values())

    # ---- selection

    @property
    def selected(self) -> str:
        """Id of the layer that was selected last, or empty."""
        return self.selection[-1] if self.selection else ""

    def select(self, node_id: str) -> None:
        """Mark one layer as selected; empty for none."""
        self.select_many([node_id] if node_id else [])

    def select_many(self, ids: Iterable[str]) -> None:
        """Mark these layers as selected; the last of them counts where only one can."""
        self.select_link(None)
        wanted = tuple(dict.fromkeys(node_id for node_id in ids if node_id in self.cards))
        for node_id in {*self.selection, *wanted}:
            if node_id in self.cards:
                self.cards[node_id].set_selected(node_id in wanted)
        self.selection = wanted

    def select_link(self, key: LinkKey | None) -> None:
        """Mark one link as selected, or none."""
        for one in (self.selected_link, key):
            if one in self._links:
                self._links[one].set_lit(one == key)
        self.selected_link = key if key in self._links else None

    # ---- places

    def card_at(self, point: QPointF) -> LayerCard | None:
        """The card under a point of the scene."""
        for card in self.cards.values():
            if card.frame().translated(card.pos()).contains(point):
                return card
        return None

    def cards_in(self, area: QRectF) -> list[str]:
        """The layers whose cards `area` touches, in order."""
        cards = self.cards
        return [node_id for node_id in self.order if cards[node_id].frame().translated(cards[node_id].pos()) & area]

    def output_at(self, point: QPointF) -> str:
        """The layer at whose lower dot the mouse is, from which a link can be drawn; empty for none."""
        reach = theme().px(6)
        for card in self.cards.values():
            is_near = math.dist(point.toTuple(), card.output_point().toTuple()) <= reach
            if is_near and card.face.family != "output":
                return card.node_id
        return ""

    def link_at(self, point: QPointF) -> LinkKey | None:
        """The link that passes near a point."""
        reach = theme().px(6)
        around = QRectF(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach)
        for key, link in self._links.items():
            if link.touches(around):
                return key
        return None

    def gaps(self, family: str = "", moving: str = "") -> list[Gap]:
        """The places where a layer of `family` can go, from the top: images come in first, classes go out last.

        Args:
            moving: a layer that is already drawn; the gaps beside it are left out, for they change nothing.
        """
        if not self.order:
            return [Gap(None, 0.0)]
        first, last = self.cards[self.order[0]], self.cards[self.order[-1]]
        starts, ends = first.face.family == "input", last.face.family == "output"
        top = Gap(None, first.y() - look().gap / 2, first.x())
        found = self._gaps_behind()
        if family == "input":
            found = [top]
        elif family == "output":
            found = [gap for gap in found if gap.after == last.node_id]
        else:
            if not (starts and first.node_id != moving):
                found.insert(0, top)
            outputs = {node_id for node_id, card in self.cards.items() if card.face.family == "output"} - {moving}
            found = [gap for gap in found if gap.after not in outputs or not ends]
        return [gap for gap in found if not moving or not self._is_beside(gap, moving)]

    def _gaps_behind(self) -> list[Gap]:
        fed: dict[str, list[LinkKey]] = {node_id: [] for node_id in self.order}
        for key in self._links:
            fed[key.source].append(key)
        half, gaps = look().gap / 2, []
        for node_id in self.order:
            card = self.cards[node_id]
            gaps.append(Gap(node_id, card.y() + card.height + half, card.x()))
            if len(fed[node_id]) > 1:
                for key in fed[node_id]:
                    x, y = self._drawing.routes[key].points[-1]
                    gaps.append(Gap(node_id, y - half, x, key))
        return gaps

    def _is_beside(self, gap: Gap, node_id: str) -> bool:
        if gap.after == node_id or (gap.key is not None and gap.key.target == node_id):
            return True
        before = [key.source for key in self._links if key.target == node_id]
        siblings = [key for key in self._links if key.source == gap.after]
        return gap.after == (before[0] if before else None) and len(siblings) <= 1

    def nearest_gap(self, point: QPointF, family: str = "", moving: str = "") -> Gap | None:
        """The possible place nearest to a point."""

        return min(self.gaps(family, moving), key=lambda gap: gap.far_from(point.x(), point.y()), default=None)

    def gap_under(self, point: QPointF) -> Gap | None:
        """The gap that the mouse at `point` means, if any."""
        gap = self.nearest_gap(point)
        if gap is None or abs(point.x() - gap.x) > look().width / 2:
            return None
        reach = self.plus.radius() + 2
        is_last = bool(self.order) and gap.after == self.order[-1]
        below = theme().px(60) if is_last else reach  # the room below the last card invites to go on
        return gap if -reach <= point.y() - gap.y <= below else None

    # ---- marks

    def show_plus(self, gap: Gap | None) -> None:
        """Show the "+" in a gap, or nowhere."""
        self.plus.setVisible(gap is not None)
        if gap is not None:
            self.plus.setPos(gap.x, gap.y)

    def show_marker(self, gap: Gap | None) -> None:
        """Show where a dragged layer will land, or nothing."""
        self.marker.setVisible(gap is not None)
        if gap is not None:
            self.marker.setPos(gap.x, gap.y)

    def show_rubber(self, start: QPointF, end: QPointF, good: bool) -> None:
        """Draw the link that is being made."""
        self.rubber.stretch(start, end, good)

    def hide_rubber(self) -> None:
        """Draw none."""
        self.rubber.setVisible(False)

    def dim(self, reasons: Mapping[str, str]) -> None:
        """Draw these cards pale, with the reason as their tool tip; an empty mapping ends it."""
        for node_id in self._dimmed.keys() | reasons.keys():
            if node_id in self.cards:
                self.cards[node_id].set_dimmed(reasons.get(node_id, ""))
        self._dimmed = dict(reasons)

    def found(self) -> list[str]:
        """The cards with the mark of a search."""
        return [node_id for node_id, card in self.cards.items() if card.is_found]

    def mark_search(self, ids: Iterable[str]) -> None:
        """Draw a mark at these cards; none ends it."""
        wanted = set(ids)
        for node_id, card in self.cards.items():
            card.set_found(node_id in wanted)
