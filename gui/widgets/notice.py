"""The bar at the top of a page that says what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from gui.theme import icon, restyle, theme
from gui.widgets.empty import IconView
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.panel import text_label

Action = tuple[str, Callable[[], object]]

# kind -> (icon, colour token); the icon says the same as the colour
KINDS = {
    "error": ("warning", "bad"),
    "warning": ("warning", "validation"),
    "info": ("info", "train"),
    "good": ("check", "good"),
}


class ErrorBar(QFrame):
    """A message that stands in the page instead of a dialog over it. Hidden until something is shown."""

    closed = Signal()  # the user closed it, or chose one of its actions
    toggled = Signal(bool)  # it is shown, or hidden

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = "error"
        self._callables: list[Callable[[], object]] = []
        self._icon = IconView("warning", 18, color="bad")
        self.what = text_label(wrap=True, strong=True)
        self.why = text_label(wrap=True, dim=True)
        self.fix = text_label(wrap=True)
        self.close_button = QToolButton()
        self.close_button.setIcon(icon("close"))
        self.close_button.setToolTip(self.tr("Close"))
        self.close_button.setAccessibleName(self.tr("Close this message"))
        self.close_button.clicked.connect(self.dismiss)
        self._button_box = QWidget()
        self._buttons = FlowLayout(self._button_box, spacing=theme().tokens.space)
        self._lay_out()
        theme().changed.connect(self._size_icon)
        self._size_icon()
        self.hide()

    def setVisible(self, visible: bool) -> None:
        self.toggled.emit(visible)
        super().setVisible(visible)

    def _lay_out(self) -> None:
        tokens = theme().tokens
        words = QVBoxLayout()
        words.setSpacing(tokens.space_small)
        for label in (self.what, self.why, self.fix):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(label)
        words.addWidget(self._button_box)
        row = QHBoxLayout(self)
        row.setContentsMargins(*[tokens.space_large] * 4)
        row.setSpacing(tokens.space_large)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)

    def show_error(self, what: str, why: str = "", fix: str = "", actions: Sequence[Action] = ()) -> None:
        """Show an error: what happened, why, what to do, and buttons that do it."""
        self.show_message("error", what, why, fix, actions)

    def show_message(self, kind: str, what: str, why: str = "", fix: str = "", actions: Sequence[Action] = ()) -> None:
        """Show a message of kind "error", "warning", "info" or "good"; it replaces the one before.

        Args:
            actions: (text, called without arguments on the GUI thread after the bar has closed).

        Raises:
            KeyError: any other kind.
        """
        self._icon.set_icon(*KINDS[kind])
        self._kind = kind
        for label, text in ((self.what, what), (self.why, why), (self.fix, fix)):
            label.setText(text)
            label.setVisible(bool(text))
        self._set_actions(actions)
        restyle(self, notice=kind)
        self.setAccessibleName(" ".join(part for part in (what, why, fix) if part))
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def kind(self) -> str:
        """Return the kind of the message shown last."""
        return self._kind

    def dismiss(self) -> None:
        """Close the bar."""
        self.hide()
        self.closed.emit()

    def clear(self) -> None:
        """Take the message away because it is no longer true; `closed` is not emitted."""
        self.hide()

    def buttons(self) -> list[QPushButton]:
        """Return the action buttons from left to right."""
        widgets = [self._buttons.itemAt(i).widget() for i in range(self._buttons.count())]
        return [widget for widget in widgets if isinstance(widget, QPushButton)]

    def _set_actions(self, actions: Sequence[Action]) -> None:
        self._buttons.clear()
        self._callables = [slot for _, slot in actions]
        for text, _ in actions:
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(self._on_action)
            self._buttons.addWidget(button)
        self._button_box.setVisible(bool(actions))

    def _on_action(self) -> None:
        slot = self._callables[self.buttons().index(self.sender())]
        self.dismiss()  # first: the action may show the next message in this bar
        slot()

    def _size_icon(self) -> None:
        self.close_button.setIconSize(QSize(theme().px(14), theme().px(14)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)
