"""The canvas as the page knows it: a small interface, so that another drawing can take its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QPoint, QPointF, QRect, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.compile import NetworkReport
from engine.spec import NetworkSpec
from gui.canvas.card import Cost, Light
from gui.canvas.kinds import Kinds
from gui.canvas.overview import Overview
from gui.canvas.quick_add import QuickAdd
from gui.canvas.scene import Gap, LinkKey, NetworkScene
from gui.canvas.view import NetworkView


class NetworkCanvas(QWidget):
    """Shows a network and says what the user wants done with it; it changes nothing by itself.

    Signals:
        selected(node_id): the user selected a layer; empty for none.
        insert_wanted(after, kind): a layer of `kind` behind the layer `after`, None for first.
        move_wanted(node_id, after): a layer to another place.
        insert_on_link_wanted(key, kind), move_to_link_wanted(node_id, key): the same on one of several links.
        connect_wanted(source, target), disconnect_wanted(key): a link made or cut.
        remove_wanted(ids), duplicate_wanted(ids), copy_wanted(ids), cut_wanted(ids), paste_wanted(): as everywhere.
        replace_wanted(node_id, kind): a layer of another kind in its place.
        fold_wanted(ids), unfold_wanted(node_id), open_wanted(node_id): blocks.
        add_free_wanted(kind): a layer that is connected with nothing yet.
        leave_wanted(): Escape, with nothing selected.
        selection_changed(ids): which layers are selected.
        zoomed(zoom): 1.0 is drawn size.
        opened_changed(): the inside of other blocks is shown.
    """

    selected = Signal(str)
    insert_wanted = Signal(object, str)
    move_wanted = Signal(str, object)
    remove_wanted = Signal(object)
    insert_on_link_wanted = Signal(object, str)
    move_to_link_wanted = Signal(str, object)
    connect_wanted = Signal(str, str)
    disconnect_wanted = Signal(object)
    duplicate_wanted = Signal(object)
    copy_wanted = Signal(object)
    cut_wanted = Signal(object)
    paste_wanted = Signal()
    replace_wanted = Signal(str, str)
    fold_wanted = Signal(object)
    unfold_wanted = Signal(str)
    open_wanted = Signal(str)
    leave_wanted = Signal()
    add_free_wanted = Signal(str)
    selection_changed = Signal(object)
    zoomed = Signal(float)
    opened_changed = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._own: Kinds = ()
        self.scene = NetworkScene()
        self.view = NetworkView(self.scene)
        self.view.setAccessibleName(self.tr("Network, layer by layer"))
        self.setFocusProxy(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        self.view.selected.connect(self._on_selected)
        for name in (
            *("insert_wanted", "insert_on_link_wanted", "move_wanted", "move_to_link_wanted", "connect_wanted"),
            *("disconnect_wanted", "remove_wanted", "duplicate_wanted", "copy_wanted", "cut_wanted", "paste_wanted"),
            *("fold_wanted", "unfold_wanted", "open_wanted", "leave_wanted", "add_free_wanted"),
        ):
            getattr(self.view, name).connect(getattr(self, name))
        self.view.several_selected.connect(self._on_several)
        self.view.link_selected.connect(self._on_link)
        self.view.replace_wanted.connect(self.open_replace)
        self.view.zoomed.connect(self.zoomed.emit)
        self.view.add_wanted.connect(self.open_quick_add)
        self.view.inside_wanted.connect(self.toggle_inside)
        self.overview = Overview(self.view, self)

    def set_network(self, network: NetworkSpec, report: NetworkReport) -> None:
        """Show `network` with its `report`; what did not change is not drawn again. The selection stays where its
        layer stays."""
        if tuple(report.nodes) != self.scene.order:
            self.view.cancel_drag()  # what is in the hand may be gone
        self.scene.show_network(network, report)
        self._say_selection()

    def select(self, node_id: str) -> None:
        """Select a layer (empty: none) and scroll to it; `selected` is not emitted."""
        self.scene.select(node_id)
        self.view.show_card(self.scene.selected)
        self._say_selection()

    def select_many(self, ids: Iterable[str]) -> None:
        """Select several layers."""
        self._on_several(list(ids))

    def selection(self) -> tuple[str, ...]:
        """All selected layers, the last one chosen at the end."""
        return self.scene.selection

    def toggle_inside(self, node_id: str) -> None:
        """Show the inside of a block where it stands, or hide it."""
        self.set_opened(self.scene.opened ^ {node_id})

    def set_opened(self, ids: Iterable[str]) -> None:
        """Show the inside of exactly these blocks."""
        self.scene.open_blocks(ids)
        if self.scene.selected:
            self.view.show_card(self.scene.selected)
        self.opened_changed.emit()

    def opened(self) -> frozenset[str]:
        """The blocks whose inside is shown."""
        return self.scene.opened

    def set_animated(self, animated: bool) -> None:
        """Let cards glide to new places."""
        self.scene.glide.is_on = animated

    def set_costs(self, costs: Mapping[str, Cost]) -> None:
        """Show bars for what the layers cost; an empty mapping shows none."""
        self.scene.show_costs(costs)

    def set_lights(self, lights: Mapping[str, Light]) -> None:
        """Show how the layers do in training; an empty mapping shows nothing."""
        self.scene.show_lights(lights)

    def set_judge(self, judge: Callable[[str, str], str]) -> None:
        """Say why a link from one layer to another is impossible, in one sentence; empty where it is possible."""
        self.view.judge = judge

    def set_kinds(self, own: Kinds) -> None:
        """Offer these blocks of the user's own in the search windows too."""
        self._own = own

    def search(self, text: str) -> list[str]:
        """Mark the layers whose title, settings or id hold `text`. Returns their ids, from the top."""
        wanted = text.casefold().strip()
        found = [
            node_id
            for node_id, card in self.scene.cards.items()
            if wanted and wanted in f"{card.face.title} {card.face.said} {node_id}".casefold()
        ]
        self.scene.mark_search(found)
        return [node_id for node_id in self.scene.order if node_id in set(found)]

    def selected_id(self) -> str:
        """The selected layer, or empty."""
        return self.scene.selected

    def order(self) -> tuple[str, ...]:
        """The layers' ids as they are drawn, from the top."""
        return self.scene.order

    def card_rect(self, node_id: str) -> QRect:
        """Where a card is, in pixels of this widget."""
        card = self.scene.cards[node_id]
        corners = self.view.mapFromScene(card.frame().translated(card.pos()))
        return corners.boundingRect().translated(self.view.viewport().mapTo(self, QPoint(0, 0)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.overview.settle()

    def fit(self) -> None:
        """Zoom so that the whole network is seen."""
        self.view.fit()

    @property
    def zoom(self) -> float:
        return self.view.zoom

    def set_zoom(self, zoom: float) -> None:
        """Zoom; 1.0 is drawn size."""
        self.view.set_zoom(zoom)

    def reset_zoom(self) -> None:
        """Drawn size, and smaller where the column would not fit in."""
        self.view.reset_zoom()

    def open_quick_add(self, gap: Gap) -> QuickAdd:
        """Open the search window of a gap."""
        popup = QuickAdd(self, self._own)
        self.scene.show_plus(gap)
        if gap.key is not None:
            popup.picked.connect(lambda kind: self.insert_on_link_wanted.emit(gap.key, kind))
        else:
            popup.picked.connect(lambda kind: self.insert_wanted.emit(gap.after, kind))
        popup.closed.connect(self._on_quick_add_closed)
        popup.open_at(self.view.viewport().mapToGlobal(self.view.mapFromScene(QPointF(gap.x, gap.y))))
        return popup

    def open_replace(self, node_id: str) -> QuickAdd:
        """Open the search window for the kind that is to take a layer's place."""
        popup = QuickAdd(self, self._own)
        popup.search.setPlaceholderText(self.tr("Replace by…"))
        popup.picked.connect(lambda kind: self.replace_wanted.emit(node_id, kind))
        popup.closed.connect(self._on_quick_add_closed)
        popup.open_at(self.view.viewport().mapToGlobal(self.view.mapFromScene(self.scene.cards[node_id].pos())))
        return popup

    def _on_quick_add_closed(self) -> None:
        self.scene.show_plus(None)
        self.view.setFocus()

    def _on_selected(self, node_id: str) -> None:
        self.scene.select(node_id)
        self.view.show_card(node_id)
        self._say_selection()
        self.selected.emit(node_id)
        self.selection_changed.emit(self.scene.selection)

    def _on_several(self, ids: list[str]) -> None:
        self.scene.select_many(ids)
        self.view.show_card(self.scene.selected)
        self._say_selection()
        self.selected.emit(self.scene.selected)
        self.selection_changed.emit(self.scene.selection)

    def _on_link(self, key: LinkKey) -> None:
        self._on_several([])
        self.scene.select_link(key)

    def _say_selection(self) -> None:
        card = self.scene.cards.get(self.scene.selected)
        if card is None:
            self.view.setAccessibleDescription(self.tr("{count} layers").format(count=len(self.scene.cards)))
            return
        words = self.tr("Layer {place} of {count}: {layer}")
        place = self.scene.order.index(card.node_id) + 1
        self.view.setAccessibleDescription(
            words.format(place=place, count=len(self.scene.order), layer=card.face.spoken())
        )
