"""In which order images are shown beside their biographies; the biographies are told on another thread."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from engine.train.biography import Biography
from gui.pages.shared.background import LatestAnswer
from gui.pages.train.predictions.replay import Replay
from gui.widgets.bars import number as in_figures
from gui.widgets.fields import ElidingCombo

ORDERS = ("never", "forgotten", "late")


class BiographyOrder(ElidingCombo):
    """Never learned first, forgotten first, learned late first, or as in the data set."""

    changed = Signal()  # another order was chosen, or the biographies are known better

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.biography.order")
        self.setAccessibleName(self.tr("Order of the images"))
        self._biography: Biography | None = None
        self._asked: tuple[int, int] | None = None  # what the biographies were asked for
        self._is_picked = False  # by the user
        self._teller = LatestAnswer(self)
        self._teller.answered.connect(self._on_told)
        for key, words in zip((*ORDERS, ""), self._words(), strict=True):
            self.addItem(words, key)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.activated.connect(self._on_picked)

    def _words(self) -> tuple[str, ...]:
        first = self.tr("First: never learned"), self.tr("First: forgotten"), self.tr("First: learned late")
        return *first, self.tr("As in the data set")

    def order(self) -> str:
        """Return a key of `ORDERS`, empty for that of the data set."""
        return self.currentData()

    def forget(self) -> None:
        """Another run is shown."""
        self._biography = self._asked = None
        self._teller.forget()
        self._tell()

    def ordered(self, replay: Replay) -> np.ndarray:
        """Return the picture numbers of `replay` in the chosen order, as far as the biographies are known."""
        version = (len(replay), len(replay.waiting()))
        if version != self._asked:
            self._asked = version
            self._teller.ask(replay.biography())
        found, order = self._biography, self.order()
        if not order or found is None or len(found.ever) != len(replay.numbers):
            return replay.numbers
        return replay.numbers[found.ordered(order)]

    def _on_picked(self) -> None:
        self._is_picked = True
        self.changed.emit()

    def _on_told(self, told: Biography) -> None:
        self._biography = told
        self._tell()
        if not self._is_picked:  # what there is none of is no good beginning
            self.setCurrentIndex(next((place for place, key in enumerate(ORDERS) if told.count(key)), len(ORDERS)))
        self.changed.emit()

    def _tell(self) -> None:
        for place, words in enumerate(self._words()[:-1]):
            count = self._biography.count(ORDERS[place]) if self._biography is not None else None
            self.setItemText(place, words if count is None else f"{words} ({in_figures(count)})")
