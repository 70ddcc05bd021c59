"""What all editors of one value have in common."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from engine.params import Param, Value
from gui.theme import theme


def field_size(width: int) -> QSize:
    """The size of a field `width` px wide at 100 % text size: all sorts of fields are equally high."""
    return QSize(theme().px(width), theme().px(31))


class Editor(QObject):
    """One widget for one setting. It reads what is typed but judges nothing: `Param.clean` does, in the form's row.

    Signals:
        edited(raw): the user changed it; `raw` is unchecked, `reading.INCOMPLETE` while it cannot be meant yet.
        left(): Enter, or the focus went elsewhere: what comes next is another change.
        abandoned(): the focus went elsewhere in this window.
        taken_back(): Escape on refused text.
    """

    edited = Signal(object)
    left = Signal()
    abandoned = Signal()
    taken_back = Signal()

    merges = True
    """Whether successive changes are one gesture (typing), or each a decision of its own (a check mark)."""

    def __init__(self, setting: Param, widget: QWidget):
        super().__init__(widget)
        self.setting, self.widget = setting, widget
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not WheelFocus: scrolling past must not take the focus
        widget.installEventFilter(self)

    @property
    def body(self) -> QWidget:
        """What stands in the form: `widget`, or what has it with others in it."""
        return self.widget

    def show_value(self, value: Value) -> None:
        """Show `value` without emitting anything."""
        raise NotImplementedError

    def raw(self) -> object:
        """What the editor holds now, unchecked; the text itself where it is incomplete."""
        raise NotImplementedError

    def is_invalid(self) -> bool:
        """Whether the row marked the present content as refused."""
        return bool(self.widget.property("invalid"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.left.emit()
            # To look something up in another window, or in the field's own menu, is not to leave.
            if event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
                self.abandoned.emit()
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape and self.is_invalid():
            self.taken_back.emit()
            return True
        # Undo belongs to the project, not to one field's text: what was typed is in the project already. Refused
        # text is not, so there the field keeps its own undo.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and not self.is_invalid()
            and (event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo))
        ):
            event.ignore()
            return True
        return False
