"""Buttons that take a double click for one click."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget


class _SecondPress(QObject):
    """Swallows the second press of a double click."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        return event.type() == QEvent.Type.MouseButtonDblClick


def only_single_clicks(*buttons: QWidget) -> None:
    """Let a double click on any of `buttons` act once.

    For buttons that change places or meanings when they are clicked: the second press of a double click on “Train”
    would land on “Pause”, and that of one on “Pause” would resume.
    """
    for button in buttons:
        button.installEventFilter(_SecondPress(button))
