"""What can be done with the curves: smoothing, comparing, copying, saving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSlider, QToolButton, QWidget, QWidgetAction

from gui.plots import MOST_OTHERS
from gui.theme import icon, theme
from gui.widgets.elided import ElidedButton
from gui.widgets.panel import dim_label

MOST_SMOOTHING = 98  # hundredths
MOST_OFFERED = 20  # runs in the menu; the list of runs has them all


class SmoothButton(ElidedButton):
    """Says how smooth the curves are drawn, and opens a slider for it."""

    changed = Signal(float)  # weight of what came before, 0..0.98

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.smooth")
        self.setProperty("quiet", True)
        self.setToolTip(self.tr("Draw moving means over the epochs; the epochs themselves stay faintly behind"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("train.smoothing")
        self.slider.setAccessibleName(self.tr("Smoothing"))
        self.slider.setRange(0, MOST_SMOOTHING)
        self.slider.setPageStep(10)
        self.slider.setMinimumWidth(theme().px(180))
        self.slider.valueChanged.connect(self._on_value)
        row = QWidget()
        across = QHBoxLayout(row)
        across.setContentsMargins(12, 8, 12, 8)
        across.setSpacing(theme().tokens.space)
        across.addWidget(dim_label(self.tr("raw")))
        across.addWidget(self.slider, 1)
        across.addWidget(dim_label(self.tr("smooth")))
        action = QWidgetAction(self)
        action.setDefaultWidget(row)
        self._menu = QMenu(self)
        self._menu.addAction(action)
        self._menu.aboutToShow.connect(self.slider.setFocus)
        self.clicked.connect(self._open)
        self._tell()

    def set_weight(self, weight: float) -> None:
        """Choose a smoothing, 0..0.98."""
        self.slider.setValue(round(100 * weight) if 0 <= weight <= 1 else 0)

    def weight(self) -> float:
        """Return the smoothing."""
        return self.slider.value() / 100

    def _open(self) -> None:
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _on_value(self) -> None:
        self._tell()
        self.changed.emit(self.weight())

    def _tell(self) -> None:
        self.setText(self.tr("smooth {amount}").format(amount=f"{self.weight():.2f}".rstrip("0").ljust(3, "0")))
        self.setAccessibleName(self.tr("Smoothing {amount}").format(amount=self.weight()))


class ChartMenu(QMenu):
    """Opens with a right click on a chart, or with its button."""

    compared = Signal(object)  # the numbers of the runs to draw dashed

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("train.charts.menu")
        self.copy = self._add("train.charts.copy", self.tr("Copy as an image"))
        self.save_image = self._add("train.charts.save_image", self.tr("Save as an image…"))
        self.save = self._add("train.charts.save", self.tr("Save as CSV…"))
        self.addSeparator()
        self.closer = self._add("train.charts.closer", self.tr("Look closer"))
        self.farther = self._add("train.charts.farther", self.tr("Show more epochs"))
        self.whole = self._add("train.charts.whole", self.tr("Show the whole run"))
        self.addSeparator()
        self.runs = self.addMenu(self.tr("Compare with"))
        self.runs.setObjectName("train.charts.compare")
        self.rate = self._add("train.charts.rate", self.tr("Show the learning rate"))
        self.rate.setCheckable(True)
        self.button = QToolButton()
        self.button.setObjectName("train.charts.more")
        self.button.setIcon(icon("menu"))
        self.button.setIconSize(QSize(theme().px(14), theme().px(14)))
        self.button.setAccessibleName(self.tr("More about the curves"))
        self.button.setToolTip(self.tr("Copy, save and compare the curves"))
        self.button.clicked.connect(self._open)

    def _add(self, name: str, words: str) -> QAction:
        action = self.addAction(words)
        action.setObjectName(name)
        return action

    def _open(self) -> None:
        self.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))

    def offer_runs(self, names: Mapping[int, str], shown: Sequence[int]) -> None:
        """Offer runs by number, newest first; those of `shown` are drawn now."""
        self.runs.clear()
        self.runs.setEnabled(bool(names))
        is_full = len(shown) >= MOST_OTHERS
        newest = list(names.items())[:MOST_OFFERED]
        rest = [(number, name) for number, name in list(names.items())[MOST_OFFERED:] if number in shown]
        for number, name in newest + rest:
            action = self.runs.addAction(name)
            action.setObjectName(f"train.charts.compare.{number}")
            action.setData(number)
            action.setCheckable(True)
            action.setChecked(number in shown)
            action.setEnabled(number in shown or not is_full)
            action.toggled.connect(self._on_compared)

    def _on_compared(self) -> None:
        self.compared.emit(tuple(action.data() for action in self.runs.actions() if action.isChecked()))
