"""What can be done with the whole network, behind the button with three lines."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from gui.pages.network.costs import COSTS, cost_title


class MoreMenu(QMenu):
    """Only asks; what it asks for is in the names of its signals.

    Signals:
        cost_wanted(name): one of `COSTS`.
        insides_wanted(shown): of all blocks.
        scale_wanted(factor).
        import_wanted(), torchvision_wanted(), save_network_wanted(), save_picture_wanted().
    """

    cost_wanted = Signal(str)
    insides_wanted = Signal(bool)
    scale_wanted = Signal(float)
    import_wanted = Signal()
    torchvision_wanted = Signal()
    save_network_wanted = Signal()
    save_picture_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("network.more_menu")
        bars = self.addMenu(self.tr("Bars on the cards"))
        bars.setObjectName("network.bars")
        self._bars = QActionGroup(self)
        self.costs: dict[str, QAction] = {}
        for name in COSTS:
            action = bars.addAction(cost_title(name))
            action.setCheckable(True)
            action.setActionGroup(self._bars)
            action.triggered.connect(lambda _=False, name=name: self.cost_wanted.emit(name))
            self.costs[name] = action
        self.costs[""].setChecked(True)
        self.insides = self.addAction(self.tr("Show the inside of all blocks"))
        self.insides.setCheckable(True)
        self.insides.triggered.connect(self.insides_wanted)
        self.addSeparator()
        self.half = self._add(self.tr("Half width"), lambda: self.scale_wanted.emit(0.5))
        self.double = self._add(self.tr("Double width"), lambda: self.scale_wanted.emit(2.0))
        self.addSeparator()
        self.load = self._add(self.tr("Open a network (.json, .onnx)…"), self.import_wanted.emit)
        self.torchvision = self._add(self.tr("Take one from torchvision…"), self.torchvision_wanted.emit)
        self.save_network = self._add(self.tr("Save the network…"), self.save_network_wanted.emit)
        self.save_picture = self._add(self.tr("Save the picture (SVG, PNG)…"), self.save_picture_wanted.emit)

    def _add(self, text: str, do) -> QAction:
        action = self.addAction(text)
        action.triggered.connect(lambda: do())  # without the check mark
        return action

    def show_state(self, *, has_layers: bool, has_blocks: bool, insides: bool, is_drawn: bool, cost: str) -> None:
        """Offer what makes sense now."""
        for action in (self.half, self.double, self.save_network):
            action.setEnabled(has_layers)
        self.save_picture.setEnabled(has_layers and is_drawn)
        self.insides.setEnabled(has_blocks and is_drawn)
        self.insides.setChecked(insides)
        for action in self.costs.values():
            action.setEnabled(is_drawn)
        self.costs[cost].setChecked(True)
