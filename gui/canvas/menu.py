"""What can be done with one layer, as a menu at its card."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu

from gui.canvas.keys import move_target
from gui.canvas.scene import Gap, NetworkScene
from gui.theme import icon

if TYPE_CHECKING:
    from gui.canvas.view import NetworkView


class LayerMenu(QMenu):
    """Duplicate, Delete, Move up and down, Add before and after; says the keys that do the same."""

    def __init__(self, view: NetworkView, scene: NetworkScene, node_id: str):
        super().__init__(view)
        self.setObjectName("network.layer_menu")
        family = scene.cards[node_id].face.family
        is_end = family in ("input", "output")
        self._add(_tr("Duplicate"), "Ctrl+D", "duplicate", not is_end, lambda: view.duplicate_wanted.emit(node_id))
        self._add(_tr("Delete"), "Del", "trash", True, lambda: view.remove_wanted.emit([node_id]))
        self.addSeparator()
        for text, keys, step in ((_tr("Move up"), "Alt+Up", -1), (_tr("Move down"), "Alt+Down", 1)):
            gap = move_target(scene, node_id, step)
            self._add(text, keys, "", gap is not None, lambda gap=gap: view.move_wanted.emit(node_id, gap.after))
        self.addSeparator()
        place = scene.order.index(node_id)
        before, behind = _gap_after(scene, scene.order[place - 1] if place else None), _gap_after(scene, node_id)
        self._add(_tr("Add before…"), "", "", before is not None, lambda: view.add_wanted.emit(before))
        self._add(_tr("Add after…"), "Ins", "plus", behind is not None, lambda: view.add_wanted.emit(behind))

    def _add(self, text: str, keys: str, icon_name: str, enabled: bool, do: Callable[[], None]) -> None:
        action = self.addAction(text)
        if icon_name:
            action.setIcon(icon(icon_name))
        if keys:
            action.setShortcut(keys)
            action.setShortcutVisibleInContextMenu(True)
        action.setEnabled(enabled)
        action.triggered.connect(lambda: do())  # without the check mark


def _gap_after(scene: NetworkScene, after: str | None) -> Gap | None:
    """The place behind a layer; None where nothing can go."""
    return next((gap for gap in scene.gaps() if gap.after == after), None)


def _tr(text: str) -> str:
    return QCoreApplication.translate("LayerMenu", text)
