"""What the gestures on the canvas mean for the document: each becomes one edit, one step to undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QApplication

from engine.compile import NetworkReport
from engine.edits.blocks import demote, fold, make_own, promote, rename_block, unfold
from engine.edits.clipboard import copy_text, is_layers, paste_text
from engine.edits.definitions import block_name, definition
from engine.edits.links import (
    add_free,
    attach,
    detach,
    duplicate_many,
    insert_on_link,
    move_chain,
    move_to_link,
    why_not,
)
from engine.edits.replace import replace_kind
from engine.edits.shelf import add_definition, personal_blocks, save_block
from engine.errors import EngineError
from engine.files import settings_folder
from engine.layers import BlockKind, LayerKind, kind_named, known_kind
from engine.params import params_of
from engine.spec.network import OWN, NetworkSpec, Node, free_id, remove, set_label
from gui.forms import Beginning
from gui.pages.network import edits, scope

if TYPE_CHECKING:
    from gui.canvas import NetworkCanvas
    from gui.document import ProjectDocument

Failed = Callable[[EngineError], None]


def shelf_folder():
    """Where the user's own palette is kept."""
    return settings_folder() / "blocks"


class Gestures(QObject):
    """Turns the canvas' wishes into edits of the document, in the network or inside the block that is open.

    Args:
        failed: told about what cannot be done.
    """

    def __init__(self, document: ProjectDocument, canvas: NetworkCanvas, failed: Failed, parent: QObject | None = None):
        super().__init__(parent)
        self._document, self._canvas, self._failed = document, canvas, failed
        self._beginning = Beginning()
        self.path: tuple[str, ...] = ()
        self._shelf: dict[str, tuple] = {}
        canvas.insert_wanted.connect(self.insert)
        canvas.insert_on_link_wanted.connect(self.insert_on_link)
        canvas.add_free_wanted.connect(self.add_free)
        canvas.connect_wanted.connect(self.attach)
        canvas.disconnect_wanted.connect(self.detach)
        canvas.move_wanted.connect(self.move)
        canvas.move_to_link_wanted.connect(self.move_to_link)
        canvas.remove_wanted.connect(self.remove)
        canvas.duplicate_wanted.connect(self.duplicate)
        canvas.copy_wanted.connect(self.copy)
        canvas.cut_wanted.connect(self.cut)
        canvas.paste_wanted.connect(self.paste)
        canvas.replace_wanted.connect(self.replace)
        canvas.fold_wanted.connect(self.fold)
        canvas.unfold_wanted.connect(self.unfold)
        canvas.set_judge(lambda source, target: why_not(self.network, source, target))

    # ---- what is edited

    @property
    def network(self) -> NetworkSpec:
        """The network that is shown: the whole one, or the inside of the open block."""
        return scope.at(self._document.network, self.path)

    @property
    def report(self) -> NetworkReport:
        """What is known about it."""
        return scope.report_at(self._document.network, self._document.report, self.path)

    def edit(self, text: str, network: NetworkSpec, merge_key: str = "") -> None:
        """Make `network` the shown part of the document, as one step."""
        whole = scope.put(self._document.network, self.path, network)
        self._document.edit(text, network=whole, merge_key=merge_key)

    def title(self, node_id: str) -> str:
        """What a layer is called."""
        node = self.network[node_id]
        kind = known_kind(node.kind, self.network.blocks)
        return node.label or (kind.title if kind is not None else node.kind)

    def family(self, node_id: str) -> str:
        """The family of a layer; empty for an unknown one."""
        kind = known_kind(self.network[node_id].kind, self.network.blocks) if node_id in self.network else None
        return kind.family if kind is not None else ""

    def _try(self, text: str, make: Callable[[], NetworkSpec], merge_key: str = "") -> bool:
        try:
            network = make()
        except EngineError as error:
            self._failed(error)
            return False
        self.edit(text, network, merge_key)
        return True

    # ---- layers come

    def _ready_for(self, kind: str) -> tuple[NetworkSpec, str, type[LayerKind]]:
        """The network with the definition of `kind`, where that comes from the user's palette; the kind's name there,
        and the kind."""
        network = self.network
        if kind in self._shelf and known_kind(kind, network.blocks) is None:
            network, kind = add_definition(network, *self._shelf[kind])
        return network, kind, kind_named(kind, network.blocks)

    def add(self, kind: str) -> None:
        """Add a layer where it makes sense: behind the selected one, before the output."""
        network, name, _ = self._ready_for(kind)
        self.insert(edits.place_for(network, self.report, name, self._canvas.selected_id()), kind)
        self._canvas.setFocus()

    def insert(self, after: str | None, kind: str) -> None:
        """Add a layer behind another one; with None, first."""
        if kind == "port":  # one more input feeds nothing until it is connected
            self.add_free(kind)
            return
        network, name, made = self._ready_for(kind)
        if not len(network) and made.family != "input":  # nothing works without one
            network, after = edits.add_layer(network, None, "port" if self.path else "image")
        network, added = edits.add_layer(network, after, name)
        self.edit(_tr("Add {layer}").format(layer=made.title), network)
        self._select(added)

    def add_free(self, kind: str) -> None:
        """Add a layer that is connected with nothing yet."""
        network, name, made = self._ready_for(kind)
        node = Node(free_id(network, name), name)
        text = _tr("Add {layer}").format(layer=made.title)
        self.edit(text, add_free(network, node))
        self._select(node.id)

    def insert_on_link(self, key, kind: str) -> None:
        """Add a layer on a link."""
        network, name, made = self._ready_for(kind)
        node = Node(free_id(network, name), name)
        network = insert_on_link(network, key.source, key.target, key.slot, node)
        self.edit(_tr("Add {layer}").format(layer=made.title), network)
        self._select(node.id)

    def _select(self, node_id: str) -> None:
        if self._canvas.selected_id() != node_id:
            self._canvas.select(node_id)
            self._canvas.selected.emit(node_id)

    # ---- links

    def attach(self, source: str, target: str) -> None:
        """Lead one layer into another."""
        reason = why_not(self.network, source, target)
        if reason:
            self._failed(EngineError(_tr("These two layers cannot be connected."), why=reason))
            return
        text = _tr("Connect {source} with {target}").format(source=self.title(source), target=self.title(target))
        self.edit(text, attach(self.network, source, target))

    def detach(self, key) -> None:
        """Cut a link."""
        self.edit(_tr("Disconnect"), detach(self.network, key.source, key.target, key.slot))

    def move(self, node_id: str, after: str | None) -> None:
        """Take a layer to another place; where it is one of several that are selected, all of them."""
        chosen = self._canvas.selection()
        ids = list(chosen) if node_id in chosen else [node_id]
        text = _tr("Move {layers}").format(layers=self._named(ids))
        if self._try(text, lambda: move_chain(self.network, ids, after)) and len(ids) > 1:
            self._canvas.select_many(ids)

    def move_to_link(self, node_id: str, key) -> None:
        """Take a layer onto another link."""
        text = _tr("Move {layer}").format(layer=self.title(node_id))
        self.edit(text, move_to_link(self.network, node_id, key.source, key.target, key.slot))

    # ---- layers go, change and double

    def remove(self, node_ids: Iterable[str]) -> None:
        """Delete layers."""
        ids = [node_id for node_id in node_ids if node_id in self.network]
        if ids:
            self.edit(_tr("Delete {layers}").format(layers=self._named(ids)), remove(self.network, ids))
            self._canvas.setFocus()

    def _named(self, ids: list[str]) -> str:
        return self.title(ids[0]) if len(ids) == 1 else _tr("{count} layers").format(count=len(ids))

    def duplicate(self, node_ids: Iterable[str]) -> None:
        """Copy layers in place."""
        # Of inputs and outputs there can only be one.
        ids = [node_id for node_id in node_ids if self.family(node_id) not in ("input", "output")]
        if ids:
            network, added = duplicate_many(self.network, ids)
            self.edit(_tr("Duplicate {layers}").format(layers=self._named(ids)), network)
            self._canvas.select_many(added)

    def copy(self, node_ids: Iterable[str]) -> None:
        """Put layers on the clipboard as text."""
        if ids := list(node_ids):
            QApplication.clipboard().setText(copy_text(self.network, ids))

    def cut(self, node_ids: Iterable[str]) -> None:
        """Put layers on the clipboard and delete them."""
        ids = list(node_ids)
        self.copy(ids)
        self.remove(ids)

    def paste(self) -> None:
        """Add the layers that are on the clipboard behind the selected one."""
        text = QApplication.clipboard().text()
        after = self._canvas.selected_id()
        if not after or self.family(after) == "output":
            after = edits.place_for(self.network, self.report, "relu")
        try:
            network, added = paste_text(self.network, text, after)
        except EngineError as error:
            self._failed(error)
            return
        self.edit(_tr("Paste"), network)
        self._canvas.select_many(added)

    @staticmethod
    def can_paste() -> bool:
        """Whether the clipboard holds layers."""
        return is_layers(QApplication.clipboard().text())

    def replace(self, node_id: str, kind: str) -> None:
        """Put a layer of another kind in the place of one."""
        network, name, made = self._ready_for(kind)
        text = _tr("Replace {layer} by {other}").format(layer=self.title(node_id), other=made.title)
        self._try(text, lambda: replace_kind(network, node_id, name, rename=not self.path))

    # ---- blocks

    def fold(self, node_ids: Iterable[str]) -> None:
        """Put layers into a block."""
        ids = list(node_ids)
        try:
            network, added = fold(self.network, ids, _tr("Block"))
        except EngineError as error:
            self._failed(error)
            return
        self.edit(_tr("Fold {layers}").format(layers=self._named(ids)), network)
        self._select(added)

    def unfold(self, node_id: str) -> None:
        """Put the layers of a block in its place."""
        try:
            network, added = self._unfolded(node_id)
        except EngineError as error:
            self._failed(error)
            return
        self.edit(_tr("Unfold {layer}").format(layer=self.title(node_id)), network)
        self._canvas.select_many(added)

    def _unfolded(self, node_id: str) -> tuple[NetworkSpec, tuple[str, ...]]:
        if not self.path:
            return unfold(self.network, node_id, self._document.facts)
        return unfold(self.network, node_id, self._document.facts, self.report.inputs)

    def own(self, node_id: str) -> str | None:
        """The name of the definition behind a block, made for it where it is a built-in one; None where it cannot."""
        node = self.network[node_id]
        if not block_name(node.kind):
            text = _tr("Make {layer} a block of your own").format(layer=self.title(node_id))
            inputs = self.report.inputs
            if not self._try(text, lambda: make_own(self.network, node_id, self._document.facts, inputs)):
                return None
        return block_name(self.network[node_id].kind)

    def keep_block(self, node_id: str) -> None:
        """Put a block on the user's own palette."""
        name = self.own(node_id)
        block = definition(self.network, name) if name else None
        if block is None:
            return
        try:
            save_block(block, self.network.blocks, shelf_folder())
        except EngineError as error:
            self._failed(error)
        self.show_palette()

    def show_palette(self) -> list[type[BlockKind]]:
        """Own blocks of the project and of the user, for the palette and the quick search."""
        blocks = self._document.network.blocks
        kinds = [kind_named(OWN + block.name, blocks) for block in blocks if known_kind(OWN + block.name, blocks)]
        kept, _ = personal_blocks(shelf_folder())
        self._shelf = {}
        for block, needed in kept:
            kind = known_kind(OWN + block.name, (*needed, block))
            if kind is not None and definition(self._document.network, block.name) is None:
                self._shelf[kind.name] = (block, needed)
                kinds.append(kind)
        open_blocks = {OWN + name for name in self.path}
        kinds = [kind for kind in kinds if kind.name not in open_blocks]  # a block cannot contain itself
        if self.path:
            kinds.append(kind_named("port"))
        self._canvas.set_kinds(kinds)
        return kinds

    def promote(self, node_id: str, setting: str, shared: bool) -> None:
        """Make a setting of a layer inside the open block one of the block, or take that back."""
        network, name = self._document.network, self.path[-1]
        block = definition(network, name)
        followed = next((one for one in block.settings if (node_id, setting) in one.targets), None) if block else None
        if shared and followed is None:
            whole = promote(network, name, node_id, setting)
            self._document.edit(_tr("Make {setting} a setting of the block").format(setting=setting), network=whole)
        elif not shared and followed is not None:
            whole = demote(network, name, followed.name)
            self._document.edit(_tr("Take {setting} from the block").format(setting=setting), network=whole)

    def rename_block(self, name: str, title: str) -> None:
        """Give a block another title."""
        whole = rename_block(self._document.network, name, title)
        self._document.edit(_tr("Name block {title}").format(title=title), network=whole)

    # ---- settings

    def set_param(self, name: str, value: object, merge_key: str) -> None:
        """Change a setting of the selected layer."""
        node = self.network[self._canvas.selected_id()]
        kind = kind_named(node.kind, self.network.blocks)
        setting = next(setting for setting in params_of(kind) if setting.name == name)
        key = f"{node.id}/{merge_key}" if merge_key else ""
        params = self._beginning.with_value(node.params, name, value, setting.default, key)  # type: ignore[arg-type]
        text = _tr("Set {setting} of {layer}").format(setting=setting.label.lower(), layer=self.title(node.id))
        self.edit(text, edits.with_params(self.network, node.id, params), key)

    def set_label(self, text: str, merge_key: str) -> None:
        """Name the selected layer."""
        node_id = self._canvas.selected_id()
        self.edit(_tr("Name layer"), set_label(self.network, node_id, text), f"{node_id}/{merge_key}")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Gestures", text)
