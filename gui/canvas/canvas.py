"""The canvas as the page knows it: a small interface, so that another drawing can take its place."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.compile import NetworkReport
from engine.spec import NetworkSpec
from gui.canvas.quick_add import QuickAdd
from gui.canvas.scene import Gap, NetworkScene
from gui.canvas.view import NetworkView


class NetworkCanvas(QWidget):
    """Shows a network and says what the user wants done with it; it changes nothing by itself.

    Signals:
        selected(node_id): the user selected a layer; empty for none.
        insert_wanted(after, kind): a layer of `kind` behind the layer `after`, None for first.
        move_wanted(node_id, after): a layer to another place.
        remove_wanted(node_ids): layers away, as a list of ids.
        duplicate_wanted(node_id): a copy of a layer behind it.
        zoomed(zoom): 1.0 is drawn size.
    """

    selected = Signal(str)
    insert_wanted = Signal(object, str)
    move_wanted = Signal(str, object)
    remove_wanted = Signal(object)
    duplicate_wanted = Signal(str)
    zoomed = Signal(float)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.scene = NetworkScene()
        self.view = NetworkView(self.scene)
        self.view.setAccessibleName(self.tr("Network, layer by layer"))
        self.setFocusProxy(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        self.view.selected.connect(self._on_selected)
        self.view.insert_wanted.connect(self.insert_wanted.emit)
        self.view.move_wanted.connect(self.move_wanted.emit)
        self.view.remove_wanted.connect(self.remove_wanted.emit)
        self.view.duplicate_wanted.connect(self.duplicate_wanted.emit)
        self.view.zoomed.connect(self.zoomed.emit)
        self.view.add_wanted.connect(self.open_quick_add)

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
        popup = QuickAdd(self)
        self.scene.show_plus(gap)
        popup.picked.connect(lambda kind: self.insert_wanted.emit(gap.after, kind))
        popup.closed.connect(self._on_quick_add_closed)
        popup.open_at(self.view.viewport().mapToGlobal(self.view.mapFromScene(QPointF(0, gap.y))))
        return popup

    def _on_quick_add_closed(self) -> None:
        self.scene.show_plus(None)
        self.view.setFocus()

    def _on_selected(self, node_id: str) -> None:
        self.scene.select(node_id)
        self.view.show_card(node_id)
        self._say_selection()
        self.selected.emit(node_id)

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
