"""What can be done with one layer, as a menu at its card."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu

from gui.canvas.keys import move_target
from gui.canvas.scene import Gap, LinkKey, NetworkScene
from gui.theme import icon

if TYPE_CHECKING:
    from gui.canvas.view import NetworkView


class _Menu(QMenu):
    """Actions that say the keys which do the same."""

    def _add(self, text: str, keys: str, icon_name: str, enabled: bool, do: Callable[[], None]) -> None:
        action = self.addAction(text)
        if icon_name:
            action.setIcon(icon(icon_name))
        if keys:
            action.setShortcut(keys)
            action.setShortcutVisibleInContextMenu(True)
        action.setEnabled(enabled)
        action.triggered.connect(lambda: do())  # without the check mark


class GroundMenu(_Menu):
    """What can be done with a link, or where nothing stands."""

    def __init__(self, view: NetworkView, scene: NetworkScene, key: LinkKey | None):
        super().__init__(view)
        self.setObjectName("network.ground_menu")
        if key is not None:
            self._add(_tr("Disconnect"), "Del", "trash", True, lambda: view.disconnect_wanted.emit(key))
            gap = next((gap for gap in scene.gaps() if gap.key == key), _gap_after(scene, key.source))
            self._add(_tr("Add a layer here…"), "", "plus", gap is not None, lambda: view.add_wanted.emit(gap))
            self.addSeparator()
        self._add(_tr("Paste"), "Ctrl+V", "paste", True, view.paste_wanted.emit)
        has_layers = bool(scene.cards)
        self._add(_tr("Select all"), "Ctrl+A", "", has_layers, lambda: view.several_selected.emit(list(scene.order)))
        self._add(_tr("Show the whole network"), "", "", has_layers, view.fit)


class LayerMenu(_Menu):
    """Duplicate, Delete, Move up and down, Add before and after; says the keys that do the same."""

    def __init__(self, view: NetworkView, scene: NetworkScene, node_id: str):
        super().__init__(view)
        self.setObjectName("network.layer_menu")
        family = scene.cards[node_id].face.family
        ids = list(scene.selection) if node_id in scene.selection else [node_id]
        is_end = family in ("input", "output")
        self._add(_tr("Duplicate"), "Ctrl+D", "duplicate", not is_end, lambda: view.duplicate_wanted.emit(ids))
        self._add(_tr("Delete"), "Del", "trash", True, lambda: view.remove_wanted.emit(ids))
        self._add(_tr("Copy"), "Ctrl+C", "copy", True, lambda: view.copy_wanted.emit(ids))
        self._add(_tr("Paste behind"), "Ctrl+V", "paste", True, lambda: view.paste_wanted.emit())
        self._add(_tr("Connect with…"), "C", "", family != "output", lambda: view.begin_cable(node_id))
        self._add(_tr("Replace by…"), "R", "", not is_end, lambda: view.replace_wanted.emit(node_id))
        self.addSeparator()
        if family == "block":
            self._add(_tr("Open"), "Return", "", True, lambda: view.open_wanted.emit(node_id))
            shown = node_id in scene.opened
            text = _tr("Hide its inside") if shown else _tr("Show its inside")
            can_open = scene.cards[node_id].can_open
            self._add(text, "Space", "", can_open, lambda: view.inside_wanted.emit(node_id))
            self._add(_tr("Unfold"), "Ctrl+Shift+G", "", True, lambda: view.unfold_wanted.emit(node_id))
        self._add(_tr("Fold into a block"), "Ctrl+G", "", not is_end, lambda: view.fold_wanted.emit(ids))
        self.addSeparator()
        for text, keys, step in ((_tr("Move up"), "Alt+Up", -1), (_tr("Move down"), "Alt+Down", 1)):
            gap = move_target(scene, node_id, step)
            self._add(text, keys, "", gap is not None, lambda gap=gap: view.move_wanted.emit(node_id, gap.after))
        self.addSeparator()
        place = scene.order.index(node_id)
        before, behind = _gap_after(scene, scene.order[place - 1] if place else None), _gap_after(scene, node_id)
        self._add(_tr("Add before…"), "", "", before is not None, lambda: view.add_wanted.emit(before))
        self._add(_tr("Add after…"), "Ins", "plus", behind is not None, lambda: view.add_wanted.emit(behind))


def _gap_after(scene: NetworkScene, after: str | None) -> Gap | None:
    """The place behind a layer; None where nothing can go."""
    return next((gap for gap in scene.gaps() if gap.after == after and gap.key is None), None)


def _tr(text: str) -> str:
    return QCoreApplication.translate("LayerMenu", text)
