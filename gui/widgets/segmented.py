"""Joined buttons of which one is chosen."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from gui.theme import restyle
from gui.widgets.elided import ElidedButton
from gui.widgets.roving import RovingFocus


class Segmented(QWidget):
    """A short choice shown whole, like "Watched | Worst | All". Arrow keys move; Tab enters at the current one."""

    chosen = Signal(str)  # the user chose this key; not emitted by set_current

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._group.idClicked.connect(self._on_clicked)
        self._roving = RovingFocus(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def add(self, key: str, label: str, *, tool_tip: str = "") -> QPushButton:
        """Add a segment at the right; the first one is current.

        Raises:
            ValueError: there is a segment with this key.
        """
        if key in self._buttons:
            raise ValueError(f"there is a segment {key!r} already")
        button = ElidedButton(label)
        button.setCheckable(True)
        button.setAutoDefault(False)
        button.setToolTip(tool_tip)
        button.setProperty("segment", True)
        self._group.addButton(button, len(self._buttons))
        self._roving.add(button)
        self._buttons[key] = button
        self.layout().addWidget(button)
        if len(self._buttons) == 1:
            button.setChecked(True)
        self._round_edges()
        return button

    def keys(self) -> list[str]:
        """Return the keys from left to right."""
        return list(self._buttons)

    def current(self) -> str:
        """Return the key of the chosen segment; empty when there is none."""
        keys = self.keys()
        return keys[self._group.checkedId()] if keys else ""

    def set_current(self, key: str) -> None:
        """Show `key` as chosen without emitting `chosen`.

        Raises:
            KeyError: there is no such segment.
        """
        self._buttons[key].setChecked(True)

    def set_label(self, key: str, label: str) -> None:
        """Change the words on a segment, such as a count."""
        self._buttons[key].setText(label)

    def button(self, key: str) -> QPushButton:
        """Return the button of a segment, to enable it or name it."""
        return self._buttons[key]

    def _round_edges(self) -> None:
        buttons = list(self._buttons.values())
        for button in buttons:
            first, last = button is buttons[0], button is buttons[-1]
            edge = "both" if first and last else "left" if first else "right" if last else "middle"
            restyle(button, edge=edge)

    def _on_clicked(self, index: int) -> None:
        self.chosen.emit(self.keys()[index])
