"""What the keys do on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from gui.canvas.scene import Gap, NetworkScene

if TYPE_CHECKING:
    from gui.canvas.view import NetworkView

_ARROWS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_CTRL, _ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def move_target(scene: NetworkScene, node_id: str, step: int) -> Gap | None:
    """Where a layer goes when it is moved up (`step` -1) or down (1) by one place; None where it cannot."""
    card = scene.cards[node_id]
    gaps = scene.gaps(card.face.family, moving=node_id)
    beyond = [gap for gap in gaps if (gap.y > card.y()) == (step > 0)]
    return min(beyond, key=lambda gap: abs(gap.y - card.y()), default=None)


class KeyMap:
    """Arrows select, Alt+arrows move the layer, Delete removes, Ctrl+D duplicates, + adds behind, C draws a link,
    Ctrl +/−/0 zooms."""

    def __init__(self, view: NetworkView):
        self._view = view

    def claims(self, event: QKeyEvent, scene: NetworkScene) -> bool:
        """Whether a key belongs to the canvas even where the window has a shortcut for it."""
        with_control = {Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0}
        if scene.selected:
            with_control |= {Qt.Key.Key_D, Qt.Key.Key_C, Qt.Key.Key_X, Qt.Key.Key_G}
        with_control |= {Qt.Key.Key_V, Qt.Key.Key_A}
        if event.modifiers() & _CTRL:
            return event.key() in with_control
        return bool(scene.selected or scene.selected_link) and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)

    def handle(self, event: QKeyEvent, scene: NetworkScene) -> bool:
        """Act on a key. Returns False for keys that mean nothing here."""
        if event.modifiers() & _CTRL:
            return self._with_control(event, scene)
        if event.key() in _ARROWS:
            move = self._move_layer if event.modifiers() & _ALT else self._move_selection
            return move(scene, _ARROWS[event.key()])
        deletes = event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if deletes and scene.selected_link is not None:
            self._view.disconnect_wanted.emit(scene.selected_link)
        elif deletes and scene.selected:
            self._view.remove_wanted.emit(list(scene.selection))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._is_block(scene):
            self._view.open_wanted.emit(scene.selected)
        elif event.key() == Qt.Key.Key_Space and self._is_block(scene):
            self._view.inside_wanted.emit(scene.selected)
        elif event.key() == Qt.Key.Key_C and scene.selected:
            self._view.begin_cable(scene.selected)
        elif event.key() == Qt.Key.Key_R and scene.selected:
            self._view.replace_wanted.emit(scene.selected)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Insert):
            self._view.add_wanted.emit(self._gap_behind_selection(scene))
        elif event.key() == Qt.Key.Key_Escape:
            if scene.selected or scene.selected_link is not None:
                self._view.selected.emit("")
            else:
                self._view.leave_wanted.emit()
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and scene.order:
            self._view.selected.emit(scene.order[0 if event.key() == Qt.Key.Key_Home else -1])
        else:
            return False
        return True

    @staticmethod
    def _is_block(scene: NetworkScene) -> bool:
        return bool(scene.selected) and scene.cards[scene.selected].face.family == "block"

    def _with_control(self, event: QKeyEvent, scene: NetworkScene) -> bool:
        key, ids = event.key(), list(scene.selection)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._view.set_zoom(self._view.zoom * 1.2)
        elif key == Qt.Key.Key_Minus:
            self._view.set_zoom(self._view.zoom / 1.2)
        elif key == Qt.Key.Key_0:
            self._view.set_zoom(1.0)
        elif key == Qt.Key.Key_D and scene.selected:
            self._view.duplicate_wanted.emit(ids)
        elif key == Qt.Key.Key_C and ids:
            self._view.copy_wanted.emit(ids)
        elif key == Qt.Key.Key_X and ids:
            self._view.cut_wanted.emit(ids)
        elif key == Qt.Key.Key_V:
            self._view.paste_wanted.emit()
        elif key == Qt.Key.Key_A:
            self._view.several_selected.emit(list(scene.order))
        elif key == Qt.Key.Key_G and shift and ids:
            self._view.unfold_wanted.emit(scene.selected)
        elif key == Qt.Key.Key_G and ids:
            self._view.fold_wanted.emit(ids)
        else:
            return False
        return True

    def _move_selection(self, scene: NetworkScene, step: int) -> bool:
        if not scene.order:
            return False
        start = 0 if step > 0 else len(scene.order) - 1
        place = scene.order.index(scene.selected) + step if scene.selected else start
        self._view.selected.emit(scene.order[max(0, min(len(scene.order) - 1, place))])
        return True

    def _move_layer(self, scene: NetworkScene, step: int) -> bool:
        if not scene.selected:
            return False
        target = move_target(scene, scene.selected, step)
        if target is not None:
            self._view.move_wanted.emit(scene.selected, target.after)
        return True

    @staticmethod
    def _gap_behind_selection(scene: NetworkScene) -> Gap:
        gaps = scene.gaps()
        behind = [gap for gap in gaps if scene.selected and gap.after == scene.selected and gap.key is None]
        return (behind or gaps)[-1]
