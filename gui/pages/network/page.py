"""The network's place: palette, canvas, inspector, status. Gestures become edits of the document, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QInputDialog, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.compile.advice import Advice, advice
from engine.compile.infer import Problem
from engine.compile.source import source
from engine.edits.definitions import block_name, definition
from engine.edits.scale import scaled
from engine.errors import EngineError
from engine.explain.filters import filters
from engine.params import params_of
from engine.spec import DataSpec
from engine.spec.network import OWN
from engine.templates import templates, title_of
from engine.train.kept import weights_at
from engine.train.runs import BEST
from gui.canvas import NetworkCanvas
from gui.pages.network import edits, scope
from gui.pages.network.code_view import CodeView
from gui.pages.network.costs import Costs
from gui.pages.network.crumbs import Crumbs
from gui.pages.network.files import NetworkFiles
from gui.pages.network.gestures import Gestures
from gui.pages.network.improvements import improvements
from gui.pages.network.inspector import Inspector
from gui.pages.network.lights import Lights
from gui.pages.network.more_menu import MoreMenu
from gui.pages.network.palette import LayerPalette
from gui.pages.network.problem_box import Action
from gui.pages.network.repairs import Repair, repairs
from gui.pages.network.status import NetworkStatus
from gui.pages.network.table_view import NetworkTable
from gui.pages.network.templates import StartHere, TemplatePopup
from gui.pages.network.toolbar import CanvasToolbar
from gui.pages.shared.background import LatestAnswer
from gui.theme import theme

if TYPE_CHECKING:
    from gui.studio import Studio


MOST_SELECTED = 30
"""Layers that come at once, by undo or paste, and are selected then; more are another network."""


class NetworkPage(QWidget):
    """Where the network is drawn; the page of the rail's “Network”."""

    def __init__(self, studio: Studio, parent: QWidget | None = None):
        super().__init__(parent)
        self._studio, self._document = studio, studio.document
        self._known: frozenset[str] = frozenset()
        self.palette_panel = LayerPalette()
        self.canvas = NetworkCanvas()
        self.canvas.setObjectName("network.canvas")
        self.start = StartHere()
        self.toolbar, self.status, self.inspector = CanvasToolbar(), NetworkStatus(), Inspector()
        self.crumbs = Crumbs()
        self._gestures = Gestures(self._document, self.canvas, self._stay, self)
        self._found: list[str] = []
        self._sights = LatestAnswer(self)
        self._sights.answered.connect(self._show_sights)
        self._sights.failed.connect(self._hide_sights)  # a damaged file is told where the run is used
        self._middle = QStackedWidget()
        self._middle.addWidget(self.start)
        self._middle.addWidget(self.canvas)
        self.code, self.table = CodeView(), NetworkTable()
        self._middle.addWidget(self.code)
        self._middle.addWidget(self.table)
        self.menu = MoreMenu(self)
        self.toolbar.more.setMenu(self.menu)
        self.costs = Costs(self)
        self.lights = Lights(studio, self.canvas, self)
        self.files = NetworkFiles(studio, self.canvas, self)
        self._lay_out()
        self._listen()
        slash = QShortcut(QKeySequence("/"), self)
        slash.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        slash.activated.connect(self.palette_panel.start_search)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self.toolbar.start_search)
        self._show_network()

    def _lay_out(self) -> None:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget, stretch in ((self.toolbar, 0), (self.crumbs, 0), (self._middle, 1), (self.status, 0)):
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
        self.toolbar.set_narrow(self.width() < px(1180))
        self._centre.setMinimumWidth(self.toolbar.least_width())
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
        self._studio.machine_changed.connect(self._show_figures)
        document.replaced.connect(self._on_replaced)
        self.palette_panel.picked.connect(self.add_layer)
        self.palette_panel.left.connect(self.canvas.setFocus)
        canvas.selected.connect(self._show_selection)
        canvas.open_wanted.connect(self._look_into)
        canvas.leave_wanted.connect(self._leave_block)
        self.crumbs.depth_wanted.connect(self._go_to_depth)
        self.crumbs.title_wanted.connect(self._ask_for_title)
        self.toolbar.view_wanted.connect(self._show_network)
        self.code.failed.connect(self._stay)
        self.table.failed.connect(self._stay)
        self.table.selected.connect(self.select)
        self._listen_to_menu()
        self.toolbar.search_changed.connect(self._on_search)
        self.toolbar.search_next.connect(self._find_next)
        canvas.zoomed.connect(self.toolbar.show_zoom)
        self.toolbar.zoom_wanted.connect(canvas.set_zoom)
        self.toolbar.fit_wanted.connect(canvas.fit)
        self.toolbar.templates.clicked.connect(self.open_templates)
        self.start.picked.connect(self._studio.use_template)
        self.start.blank_wanted.connect(self._start_blank)
        self.start.kind_dropped.connect(self.add_layer)
        self.status.problem_clicked.connect(self.select)
        layer.setting_changed.connect(self._gestures.set_param)
        layer.data_changed.connect(self._set_data)
        layer.label_changed.connect(self._gestures.set_label)
        layer.open_wanted.connect(lambda: self.open_block(canvas.selected_id()))
        layer.unfold_wanted.connect(lambda: self._gestures.unfold(canvas.selected_id()))
        layer.keep_wanted.connect(self._keep_block)
        layer.shared_changed.connect(lambda name, on: self._gestures.promote(canvas.selected_id(), name, on))
        layer.duplicate_wanted.connect(lambda: self._gestures.duplicate(canvas.selection()))
        layer.remove_wanted.connect(lambda: self._gestures.remove(canvas.selection()))
        several = self.inspector.several
        several.duplicate_wanted.connect(lambda: self._gestures.duplicate(canvas.selection()))
        several.remove_wanted.connect(lambda: self._gestures.remove(canvas.selection()))
        several.fold_wanted.connect(lambda: self._gestures.fold(canvas.selection()))
        several.copy_wanted.connect(lambda: self._gestures.copy(canvas.selection()))
        theme().changed.connect(self._wear)

    def _listen_to_menu(self) -> None:
        menu, canvas, training = self.menu, self.canvas, self._studio.training
        menu.aboutToShow.connect(self._show_menu_state)
        menu.cost_wanted.connect(self.costs.show_kind)
        menu.insides_wanted.connect(lambda shown: canvas.set_opened(canvas.scene.all_blocks() if shown else ()))
        menu.scale_wanted.connect(self._scale)
        menu.import_wanted.connect(self.files.ask_what_to_open)
        menu.torchvision_wanted.connect(self.files.ask_which_model)
        menu.save_network_wanted.connect(self.files.ask_where_to_save)
        menu.save_picture_wanted.connect(self.files.ask_where_to_paint)
        self.costs.changed.connect(self._show_costs)
        self.costs.failed.connect(self._stay)
        canvas.opened_changed.connect(self._show_costs)
        training.state_changed.connect(lambda: self.costs.let_measure(not training.is_active))
        training.runs_changed.connect(self._show_selection)
        self._studio.replay_changed.connect(self._look_again)
        self._studio.closing.connect(self.costs.close)

    # ---- what is shown

    def _show_menu_state(self) -> None:
        blocks = self.canvas.scene.all_blocks()
        self.menu.show_state(
            has_layers=len(self._gestures.network) > 0,
            has_blocks=bool(blocks),
            insides=bool(blocks) and self.canvas.opened() >= set(blocks),
            is_drawn=self._middle.currentWidget() is self.canvas,
            cost=self.costs.shown,
        )

    def _show_costs(self) -> None:
        self.canvas.set_costs(self.costs.bars())

    def _scale(self, factor: float) -> None:
        network, facts = self._document.network, self._document.facts
        text = self.tr("Double width") if factor > 1 else self.tr("Half width")
        try:
            self._document.edit(text, network=scaled(network, factor, facts))
        except EngineError as error:
            self._stay(error)

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

    def _stay(self, error: EngineError) -> None:
        self._studio.failed.emit(error)

    def _keep_block(self) -> None:
        self._gestures.keep_block(self.canvas.selected_id())
        self._show_own_blocks()

    def _show_own_blocks(self) -> None:
        self.palette_panel.set_own(self._gestures.show_palette())

    def _on_replaced(self) -> None:
        self._gestures.path = ()
        self._known = frozenset()
        self.canvas.select("")
        self.canvas.reset_zoom()

    def _show_network(self, *_: object) -> None:
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
        self._gestures.path = scope.kept(self._document.network, self._gestures.path)
        network, report = self._gestures.network, self._gestures.report
        self._show_own_blocks()
        self._show_crumbs()
        selected, order_before = self.canvas.selected_id(), self.canvas.order()
        middle = self._view() if len(network) or self._gestures.path else self.start
        self._middle.setCurrentWidget(middle)
        self.setFocusProxy(middle)
        self.toolbar.show_zoom_buttons(len(network) > 0)
        if not len(network):
            self.start.set_facts(self._document.facts)
        self.canvas.set_network(network, report)
        self.lights.refresh()  # new cards have none yet
        self.canvas.set_animated(self.isVisible())
        present = frozenset(report.nodes)
        added, gone = present - self._known, self._known - present
        if len(added) == 1 and self._known:  # added, duplicated, or brought back by undo
            self.canvas.select(next(iter(added)))
        elif 1 < len(added) <= MOST_SELECTED and self._known and present - added:  # several were brought back
            self.canvas.scene.select_many(node_id for node_id in report.nodes if node_id in added)
        elif selected and selected not in present:
            self.canvas.select(edits.heir(order_before, set(gone)))
        self._known = present
        self._show_selection()
        self._show_figures()

    def _view(self) -> QWidget:
        """The canvas, the table, or the program of the whole network."""
        if self.toolbar.views.current() == "table":
            self.table.show_report(self._gestures.report, self._document.name or "network")
            return self.table
        if self.toolbar.views.current() != "code":
            return self.canvas
        network, facts = self._document.network, self._document.facts
        try:
            # Without data the number of classes is open; two are the fewest there can be.
            known = facts if facts.classes else replace(facts, classes=2)
            title = title_of(network, facts) if network.template else self._document.name
            self.code.show_code(source(network, known, title), self._document.name or "network")
        except EngineError as error:
            self.code.show_problem(error)
        return self.code

    def _show_crumbs(self) -> None:
        blocks, path = self._document.network.blocks, self._gestures.path
        titles = {block.name: block.title for block in blocks}
        everything = [*self._document.network.nodes, *(node for block in blocks for node in block.nodes)]
        uses = sum(node.kind == OWN + path[-1] for node in everything) if path else 0
        self.crumbs.show_path([titles[name] for name in path], uses)

    def _show_figures(self) -> None:
        self.costs.set_network(self._gestures.report, self._document.recipe)
        self._show_costs()
        report = self._gestures.report
        memory = self._device_memory()
        self.status.show_report(report, self._document.recipe.assumed_batch_size, len(advice(report)), memory)
        self._show_summary()

    def _show_selection(self, _node_id: str = "") -> None:
        with self._keeping_focus():
            self._show_selected()

    def _show_selected(self) -> None:
        report, node_id = self._gestures.report, self.canvas.selected_id()
        entry = report.nodes.get(node_id)
        self.table.show_selected(node_id)
        self.inspector.show_layer_panel(entry is not None)
        if entry is None:
            self._show_summary()
            return
        problem = next((problem for problem in report.problems if problem.node_id == node_id), None)
        place = self.canvas.order().index(node_id) + 1
        chosen = [one for one in self.canvas.selection() if one in report.nodes]
        if len(chosen) > 1:
            order = [one for one in report.nodes if one in chosen]
            self.inspector.several.show_layers([report.nodes[i] for i in order], [*map(self._gestures.title, order)])
            self.inspector.show_several()
            return
        self._look_at(node_id)
        found = [(one, self._advice_actions(one)) for one in advice(report) if one.node_id == node_id]
        self.inspector.layer.advice.show_advice(found)
        self.inspector.layer.show_layer(
            entry, place, self._document.data, problem, self._actions(problem), self._shared_settings(node_id)
        )

    def _look_at(self, node_id: str) -> None:
        """Show what the selected layer has learnt, where a run with this very layer has."""
        replayed = self._studio.replayed
        runs = [info for info in self._studio.training.runs if info.has_weights]
        run = next((info for info in runs if replayed is None or info.number == replayed[0]), None)
        if run is None or self._gestures.path:
            self._sights.forget()
            self.inspector.layer.sights.show_filters(None)
            return
        report = self._document.report

        def look() -> tuple:
            kept = weights_at(run.folder, replayed[1]) if replayed is not None else None
            return node_id, run.number, filters(kept or run.folder / BEST, report, node_id)

        self._sights.ask(look)

    def _look_again(self) -> None:
        node_id = self.canvas.selected_id()
        if node_id in self._document.report.nodes:
            self._look_at(node_id)

    def _hide_sights(self, _error: Exception) -> None:
        self.inspector.layer.sights.show_filters(None)

    def _show_sights(self, answer: tuple) -> None:
        node_id, run, found = answer
        is_shown = node_id == self.canvas.selected_id()
        self.inspector.layer.sights.show_filters(found if is_shown else None, run)

    def _shared_settings(self, node_id: str) -> frozenset[str] | None:
        """Which settings of a layer inside the open block follow those of the block; None outside of blocks."""
        path = self._gestures.path
        block = definition(self._document.network, path[-1]) if path else None
        if block is None:
            return None
        return frozenset(name for one in block.settings for where, name in one.targets if where == node_id)

    def _show_summary(self) -> None:
        with self._keeping_focus():
            self._show_whole()

    def _show_whole(self) -> None:
        if self.canvas.selected_id():
            return
        report, network = self._gestures.report, self._gestures.network
        title = self._title_of_what_is_shown()
        problem = report.problems[0] if report.problems and len(network) else None
        actions = self._actions(problem)
        if problem is not None and problem.node_id:
            actions.insert(0, (self.tr("Show this layer"), lambda: self.select(problem.node_id)))
        batch = self._document.recipe.assumed_batch_size
        self.inspector.summary.show_report(title, report, batch, problem, actions, self._device_memory())
        self.inspector.summary.advice.show_advice([(one, self._advice_actions(one)) for one in advice(report)])

    def _title_of_what_is_shown(self) -> str:
        """The open block, or the template with a word where it was changed; empty for a network drawn by hand."""
        document, path = self._document, self._gestures.path
        if path:
            block = definition(document.network, path[-1])
            return block.title if block is not None else path[-1]
        if not len(document.network) or not any(one.name == document.network.template for one in templates()):
            return ""
        return title_of(document.network, document.facts)

    def _device_memory(self) -> int:
        return self._studio.machine.memory if self._studio.machine is not None else 0

    def _advice_actions(self, one: Advice) -> list[Action]:
        """Buttons that follow a piece of advice."""
        found = improvements(self._gestures.network, self._gestures.report, one)
        actions: list[Action] = [(repair.text, self._doing(repair)) for repair in found]
        if one.node_id and one.node_id != self.canvas.selected_id():
            actions.append((self.tr("Show this layer"), lambda: self.select(one.node_id)))
        return actions

    def _actions(self, problem: Problem | None) -> list[Action]:
        """Buttons that solve `problem`."""
        if problem is None:
            return []
        found = repairs(self._gestures.network, self._gestures.report, problem)
        actions: list[Action] = [(repair.text, self._doing(repair)) for repair in found]
        if not self._document.facts.classes and self._gestures.family(problem.node_id) == "output":
            actions.append((self.tr("Choose images"), lambda: self._studio.place_wanted.emit("data")))
        return actions

    def _doing(self, repair: Repair):
        return lambda: self._gestures.edit(repair.text, repair.edit(self._gestures.network))

    # ---- what the page itself asks for

    def add_layer(self, kind: str) -> None:
        """Add a layer where it makes sense: behind the selected one, before the output."""
        self._gestures.add(kind)

    def _start_blank(self) -> None:
        self._gestures.insert(None, "image")
        self.canvas.setFocus()

    def _set_data(self, name: str, value: object, merge_key: str) -> None:
        label = next(setting.label for setting in params_of(DataSpec) if setting.name == name)
        text = self.tr("Set {setting} of the images").format(setting=label.lower())
        self._document.edit(text, data=replace(self._document.data, **{name: value}), merge_key=merge_key)

    # ---- blocks from inside

    def _look_into(self, node_id: str) -> None:
        """Show the inside of a block: one of the project's own in a view of its own, to be edited; a built-in one where
        it stands, since only looking must not change anything."""
        if block_name(self._gestures.network[node_id].kind):
            self.open_block(node_id)
        elif self.canvas.scene.cards[node_id].can_open:
            self.canvas.toggle_inside(node_id)

    def open_block(self, node_id: str) -> None:
        """Show the inside of a block; a built-in one becomes a block of the project's own, so that it can be edited."""
        name = self._gestures.own(node_id)
        if name is not None:
            self._go_to((*self._gestures.path, name))

    def _go_to_depth(self, depth: int) -> None:
        self._go_to(self._gestures.path[:depth])

    def _leave_block(self) -> None:
        if self._gestures.path:
            self._go_to(self._gestures.path[:-1])

    def _ask_for_title(self) -> None:
        """Let the user name the block that is open."""
        name = self._gestures.path[-1]
        block = definition(self._document.network, name)
        former = block.title if block is not None else name
        title, accepted = QInputDialog.getText(self, self.tr("Name the block"), self.tr("Name"), text=former)
        if accepted and title.strip() and title.strip() != former:
            self._gestures.rename_block(name, title.strip())

    def _go_to(self, path: tuple[str, ...]) -> None:
        self._gestures.path = path
        self._known = frozenset()
        self.canvas.select("")
        self._show_network()
        self.canvas.reset_zoom()
        self.canvas.setFocus()

    # ---- finding layers

    def _on_search(self, text: str) -> None:
        self._found = self.canvas.search(text)
        self.toolbar.show_found(len(self._found))
        self._find_next(first=True)

    def _find_next(self, *, first: bool = False) -> None:
        if not self._found:
            return
        here = self.canvas.selected_id()
        place = self._found.index(here) + 1 if here in self._found and not first else 0
        self.select(self._found[place % len(self._found)])
