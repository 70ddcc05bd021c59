"""One Tab stop for a group of buttons, arrow keys inside it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton

BACK = (Qt.Key.Key_Up, Qt.Key.Key_Left)
FORTH = (Qt.Key.Key_Down, Qt.Key.Key_Right)


class RovingFocus(QObject):
    """Lets Tab enter a group of checkable buttons at the checked one; arrows, Home and End choose another.

    The mouse leaves the focus where it is, so that the ring shows to those who use the keyboard.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._buttons: list[QAbstractButton] = []

    def add(self, button: QAbstractButton) -> None:
        """Take a button into the group, after the others."""
        self._buttons.append(button)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.toggled.connect(self._set_stop)
        button.installEventFilter(self)

    def _set_stop(self) -> None:
        for button in self._buttons:
            policy = Qt.FocusPolicy.TabFocus if button.isChecked() else Qt.FocusPolicy.NoFocus
            button.setFocusPolicy(policy)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and watched in self._buttons:
            target = self._target(self._buttons.index(watched), Qt.Key(event.key()))
            if target is not None:
                target.click()
                target.setFocus(Qt.FocusReason.TabFocusReason)
                return True
        return super().eventFilter(watched, event)

    def _target(self, index: int, key: Qt.Key) -> QAbstractButton | None:
        """Return the button that `key` leads to from `index`; None for any other key."""
        if key in BACK:
            candidates = reversed(self._buttons[:index])
        elif key in FORTH:
            candidates = iter(self._buttons[index + 1 :])
        elif key == Qt.Key.Key_Home:
            candidates = iter(self._buttons)
        elif key == Qt.Key.Key_End:
            candidates = reversed(self._buttons)
        else:
            return None
        usable = (button for button in candidates if button.isEnabled() and not button.isHidden())
        return next(usable, self._buttons[index])
