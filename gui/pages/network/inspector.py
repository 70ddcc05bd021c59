"""The panel at the right: the selected layer, or the whole network."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from gui.pages.network.layer_panel import LayerPanel
from gui.pages.network.several_panel import SeveralPanel
from gui.pages.network.summary import NetworkSummary
from gui.theme import theme


class Inspector(QFrame):
    """Holds the three views and scrolls them where there is little room."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("bar", "right")
        self.setObjectName("network.inspector")
        self.setAccessibleName(self.tr("Settings of the layer"))
        self.layer, self.summary, self.several = LayerPanel(), NetworkSummary(), SeveralPanel()
        self._stack = QStackedWidget()
        for view in (self.summary, self.layer, self.several):
            self._stack.addWidget(self._scrolling(view))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        theme().changed.connect(self._wear)
        self._wear()

    @staticmethod
    def _scrolling(view: QWidget) -> QScrollArea:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 14, 14, 14)
        column.addWidget(view)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        return area

    def show_layer_panel(self, shown: bool) -> None:
        """Show the layer's panel, or the summary of the network."""
        self._stack.setCurrentIndex(1 if shown else 0)

    def show_several(self) -> None:
        """Show the panel for several layers."""
        self._stack.setCurrentIndex(2)

    def _wear(self) -> None:
        self.setMinimumWidth(theme().px(216))
