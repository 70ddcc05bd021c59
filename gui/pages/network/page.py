"""The network's place: palette, canvas, inspector, status. Gestures become edits of the document, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.compile.infer import Problem
from engine.layers import LAYERS
from engine.params import params_of
from engine.spec import DataSpec, NetworkSpec
from engine.spec.network import duplicate, move_after, remove, set_label
from engine.templates import templates
from gui.canvas import NetworkCanvas
from gui.forms import Beginning
from gui.pages.network import edits
from gui.pages.network.inspector import Inspector
from gui.pages.network.palette import LayerPalette
from gui.pages.network.problem_box import Action
from gui.pages.network.repairs import Repair, repairs
from gui.pages.network.status import NetworkStatus
from gui.pages.network.templates import StartHere, TemplatePopup
from gui.pages.network.toolbar import CanvasToolbar
from gui.theme import theme

if TYPE_CHECKING:
    from gui.studio import Studio


class NetworkPage(QWidget):
    """Where the network is drawn; the page of the rail's “Network”."""

    def __init__(self, studio: Studio, parent: QWidget | None = None):
        super().__init__(parent)
        self._studio, self._document = studio, studio.document
        self._known: frozenset[str] = frozenset()
        self._beginning = Beginning()
        self.palette_panel = LayerPalette()
        self.canvas = NetworkCanvas()
        self.canvas.setObjectName("network.canvas")
        self.start = StartHere()
        self.toolbar, self.status, self.inspector = CanvasToolbar(), NetworkStatus(), Inspector()
        self._middle = QStackedWidget()
        self._middle.addWidget(self.start)
        self._middle.addWidget(self.canvas)
        self._lay_out()
        self._listen()
        slash = QShortcut(QKeySequence("/"), self)
        slash.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        slash.activated.connect(self.palette_panel.start_search)
        self._show_network()

    def _lay_out(self) -> None:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget, stretch in ((self.toolbar, 0), (self._middle, 1), (self.status, 0)):
            column.addWidget(widget, stretch)
        self._centre = centre
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(4)
        self.splitter.setChildrenCollapsible(False)
        for widget in (self.palette_panel, centre, self.inspector):
            self.splitter.addWidget(widget)
        self.splitter.setStretchFactor(1, 1)
        self._widths_are_chosen = False
        self.splitter.splitterMoved.connect(self._on_dragged)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.splitter)

    def _on_dragged(self) -> None:
        self._widths_are_chosen = True

    def _share_width(self) -> None:
        """Divide the width: where it is short of the text size, the sides give way and the toolbar stays whole."""
        px = theme().px
        self._centre.setMinimumWidth(self.toolbar.minimumSizeHint().width())
        if not self._widths_are_chosen:
            room = self.width() - 2 * self.splitter.handleWidth()
            right = max(self.inspector.minimumWidth(), min(px(290), round(room * 0.36)))
            left = max(self.palette_panel.minimumWidth(), min(px(206), room - right - px(400)))  # one column of cards
            self.splitter.setSizes([left, max(1, room - left - right), right])

    def _wear(self) -> None:
        self._share_width()
        self._show_figures()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _listen(self) -> None:
        document, canvas, layer = self._document, self.canvas, self.inspector.layer
        document.report_changed.connect(self._show_network)
        document.data_changed.connect(self._show_selection)
        document.recipe_changed.connect(self._show_figures)
        document.replaced.connect(self._on_replaced)
        self.palette_panel.picked.connect(self.add_layer)
        self.palette_panel.left.connect(self.canvas.setFocus)
        canvas.selected.connect(self._show_selection)
        canvas.insert_wanted.connect(self._insert)
        canvas.move_wanted.connect(self._move)
        canvas.remove_wanted.connect(self._remove)
        canvas.duplicate_wanted.connect(self._duplicate)
        canvas.zoomed.connect(self.toolbar.show_zoom)
        self.toolbar.zoom_wanted.connect(canvas.set_zoom)
        self.toolbar.fit_wanted.connect(canvas.fit)
        self.toolbar.templates.clicked.connect(self.open_templates)
        self.start.picked.connect(self._studio.use_template)
        self.start.blank_wanted.connect(self._start_blank)
        self.start.kind_dropped.connect(self.add_layer)
        self.status.problem_clicked.connect(self.select)
        layer.setting_changed.connect(self._set_param)
        layer.data_changed.connect(self._set_data)
        layer.label_changed.connect(self._set_label)
        layer.duplicate_wanted.connect(lambda: self._duplicate(canvas.selected_id()))
        layer.remove_wanted.connect(lambda: self._remove([canvas.selected_id()]))
        theme().changed.connect(self._wear)

    # ---- what is shown

    def select(self, node_id: str) -> None:
        """Select a layer and show it; empty shows the summary of the network."""
        self.canvas.select(node_id)
        self._show_selection()

    def open_templates(self) -> TemplatePopup:
        """Open the window of templates below its button."""
        popup = TemplatePopup(self._document.facts, self)
        popup.picked.connect(self._studio.use_template)
        popup.open_below(self.toolbar.templates)
        return popup

    def _on_replaced(self) -> None:
        self._known = frozenset()
        self.canvas.select("")
        self.canvas.reset_zoom()

    def _show_network(self) -> None:
        """Bring everything to the document's present network and report."""
        with self._keeping_focus():
            self._bring_to_document()

    @contextmanager
    def _keeping_focus(self) -> Iterator[None]:
        """Give the focus to the canvas where what had it goes: Qt would pass it to whatever comes next, far away."""
        held = QApplication.focusWidget()
        was_here = held is not None and held.isVisible() and self.isAncestorOf(held)
        yield
        if was_here and not held.isVisible():
            self.setFocus()

    def _bring_to_document(self) -> None:
        network, report = self._document.network, self._document.report
        selected, order_before = self.canvas.selected_id(), self.canvas.order()
        middle = self.canvas if len(network) else self.start
        self._middle.setCurrentWidget(middle)
        self.setFocusProxy(middle)
        self.toolbar.show_zoom_buttons(len(network) > 0)
        if not len(network):
            self.start.set_facts(self._document.facts)
        self.canvas.set_network(network, report)
        present = frozenset(report.nodes)
        added, gone = present - self._known, self._known - present
        if len(added) == 1 and self._known:  # added, duplicated, or brought back by undo
            self.canvas.select(next(iter(added)))
        elif selected and selected not in present:
            self.canvas.select(edits.heir(order_before, set(gone)))
        self._known = present
        self._show_selection()
        self._show_figures()

    def _show_figures(self) -> None:
        self.status.show_report(self._document.report, self._document.recipe.batch_size)
        self._show_summary()

    def _show_selection(self, _node_id: str = "") -> None:
        with self._keeping_focus():
            self._show_selected()

    def _show_selected(self) -> None:
        report, node_id = self._document.report, self.canvas.selected_id()
        entry = report.nodes.get(node_id)
        self.inspector.show_layer_panel(entry is not None)
        if entry is None:
            self._show_summary()
            return
        problem = next((problem for problem in report.problems if problem.node_id == node_id), None)
        place = self.canvas.order().index(node_id) + 1
        self.inspector.layer.show_layer(entry, place, self._document.data, problem, self._actions(problem))

    def _show_summary(self) -> None:
        with self._keeping_focus():
            self._show_whole()

    def _show_whole(self) -> None:
        if self.canvas.selected_id():
            return
        report, network = self._document.report, self._document.network
        title = next((entry.title for entry in templates() if entry.name == network.template), "")
        problem = report.problems[0] if report.problems and len(network) else None
        actions = self._actions(problem)
        if problem is not None and problem.node_id:
            actions.insert(0, (self.tr("Show this layer"), lambda: self.select(problem.node_id)))
        self.inspector.summary.show_report(title, report, self._document.recipe.batch_size, problem, actions)

    def _actions(self, problem: Problem | None) -> list[Action]:
        """Buttons that solve `problem`."""
        if problem is None:
            return []
        found = repairs(self._document.network, self._document.report, problem)
        actions: list[Action] = [(repair.text, self._doing(repair)) for repair in found]
        if not self._document.facts.classes and self._family(problem.node_id) == "output":
            actions.append((self.tr("Choose images"), lambda: self._studio.place_wanted.emit("data")))
        return actions

    def _doing(self, repair: Repair):
        return lambda: self._edit(repair.text, repair.edit(self._document.network))

    def _family(self, node_id: str) -> str:
        entry = self._document.report.nodes.get(node_id)
        return LAYERS[entry.node.kind].family if entry is not None and entry.node.kind in LAYERS else ""

    # ---- gestures become edits

    def _edit(self, text: str, network: NetworkSpec, merge_key: str = "") -> None:
        self._document.edit(text, network=network, merge_key=merge_key)

    def _title(self, node_id: str) -> str:
        node = self._document.network[node_id]
        return node.label or (LAYERS[node.kind].title if node.kind in LAYERS else node.kind)

    def add_layer(self, kind: str) -> None:
        """Add a layer where it makes sense: behind the selected one, before the output."""
        self._insert(edits.place_for(self._document.network, self._document.report, kind, self.canvas.selected_id()), kind)
        self.canvas.setFocus()

    def _insert(self, after: str | None, kind: str) -> None:
        network = self._document.network
        if not len(network) and LAYERS[kind].family != "input":  # nothing works without one
            network, after = edits.add_layer(network, None, "image")
        network, added = edits.add_layer(network, after, kind)
        self._edit(self.tr("Add {layer}").format(layer=LAYERS[kind].title), network)
        if self.canvas.selected_id() != added:
            self.select(added)

    def _start_blank(self) -> None:
        self._insert(None, "image")
        self.canvas.setFocus()

    def _move(self, node_id: str, after: str | None) -> None:
        text = self.tr("Move {layer}").format(layer=self._title(node_id))
        self._edit(text, move_after(self._document.network, node_id, after))

    def _remove(self, node_ids: Iterable[str]) -> None:
        node_ids = list(node_ids)
        text = self.tr("Delete {layer}").format(layer=self._title(node_ids[0]))
        self._edit(text, remove(self._document.network, node_ids))
        self.canvas.setFocus()

    def _duplicate(self, node_id: str) -> None:
        text = self.tr("Duplicate {layer}").format(layer=self._title(node_id))
        if self._family(node_id) not in ("input", "output"):  # of these there can only be one
            self._edit(text, duplicate(self._document.network, node_id)[0])

    def _set_param(self, name: str, value: object, merge_key: str) -> None:
        node = self._document.network[self.canvas.selected_id()]
        setting = next(setting for setting in params_of(LAYERS[node.kind]) if setting.name == name)
        key = f"{node.id}/{merge_key}" if merge_key else ""
        params = self._beginning.with_value(node.params, name, value, setting.default, key)  # type: ignore[arg-type]
        text = self.tr("Set {setting} of {layer}").format(setting=setting.label.lower(), layer=self._title(node.id))
        self._edit(text, edits.with_params(self._document.network, node.id, params), key)

    def _set_data(self, name: str, value: object, merge_key: str) -> None:
        label = next(setting.label for setting in params_of(DataSpec) if setting.name == name)
        text = self.tr("Set {setting} of the images").format(setting=label.lower())
        self._document.edit(text, data=replace(self._document.data, **{name: value}), merge_key=merge_key)

    def _set_label(self, text: str, merge_key: str) -> None:
        node_id = self.canvas.selected_id()
        network = set_label(self._document.network, node_id, text)
        self._edit(self.tr("Name layer"), network, f"{node_id}/{merge_key}")
