"""What can be done with several layers at once."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from engine.compile import NodeReport
from engine.layers import grouped
from gui.pages.network.words import counted
from gui.theme import icon, theme
from gui.widgets.panel import dim_label, heading, text_label


class SeveralPanel(QWidget):
    """How many are selected, what they cost together, and the buttons for all of them."""

    duplicate_wanted = Signal()
    remove_wanted = Signal()
    fold_wanted = Signal()
    copy_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("network.several")
        self.title = heading("")
        self.figures = text_label(wrap=True)
        self.names = dim_label(wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        for widget in (self.title, self.figures, self.names):
            column.addWidget(widget)
        for name, words, picture, keys, wanted in (
            ("fold_several", self.tr("Fold into a block"), "network", "Ctrl+G", self.fold_wanted),
            ("duplicate_several", self.tr("Duplicate"), "duplicate", "Ctrl+D", self.duplicate_wanted),
            ("copy_several", self.tr("Copy"), "copy", "Ctrl+C", self.copy_wanted),
            ("delete_several", self.tr("Delete"), "trash", self.tr("Delete"), self.remove_wanted),
        ):
            button = QPushButton(words)
            button.setObjectName(f"network.{name}")
            button.setIcon(icon(picture))
            button.setToolTip(f"{words} ({keys})")
            button.clicked.connect(wanted)
            column.addWidget(button)
        column.addStretch(1)

    def show_layers(self, entries: Sequence[NodeReport], names: Sequence[str]) -> None:
        """Show the selected layers and what people call them."""
        self.title.setText(self.tr("{count} layers selected").format(count=len(entries)))
        parameters = sum(entry.parameters for entry in entries)
        cost = sum(entry.multiply_adds for entry in entries)
        words = self.tr("{parameters} parameters, {cost} multiply-adds together")
        self.figures.setText(words.format(parameters=grouped(parameters), cost=counted(cost)))
        shown = ", ".join(names[:8])
        self.names.setText(shown if len(names) <= 8 else f"{shown}, …")
