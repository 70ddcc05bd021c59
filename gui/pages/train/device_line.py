"""On what a training computes, why, and how busy that is."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.errors import EngineError
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import dim_label

EVERY_MS = 2000


class DeviceLine(QWidget):
    """Two lines under the recipe, brought up to date while they can be seen; the tool tip has all there is to say.

    Attributes:
        words: on what, and how busy that is.
        why: it was chosen; while a run goes on, how that computes.
    """

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.words, self.why = ElidedLabel(), ElidedLabel()
        for label in (self.words, self.why):
            label.setProperty("dim", True)
            label.setProperty("small", True)
        self.words.setObjectName("train.device")
        self.why.setObjectName("train.device.why")
        self.problem = dim_label(wrap=True, small=True)
        self.problem.setObjectName("train.device.problem")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for label in (self.words, self.why, self.problem):
            column.addWidget(label)
            label.hide()
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.refresh)
        studio.machine_changed.connect(self.refresh)
        studio.document.recipe_changed.connect(self.refresh)
        studio.training.started.connect(self.refresh)
        studio.training.ended.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """Ask anew; nothing is said before torch is there to be asked."""
        if self._studio.machine is None or not self.isVisible():
            return
        from engine.train.device import device_use  # it imports torch, which is there by now

        try:
            use = device_use(self._studio.document.recipe.device)
            first, (of_the_run, *reasons) = f"{use.words} · {use.busy}", self._of_the_run()
            texts = (first, of_the_run or use.reason, "")
            tip = "\n".join((first, use.reason, *reasons))
        except EngineError as error:
            texts, tip = ("", "", str(error)), ""
        for label, words in zip((self.words, self.why, self.problem), texts, strict=True):
            label.setText(words)
            label.setAccessibleName(words)
            label.setVisible(bool(words))
            label.setToolTip(tip)

    def _of_the_run(self) -> tuple[str, ...]:
        """How the run that goes on computes: in short, and each thing with its reason; nothing where none does."""
        training = self._studio.training
        run = training.run if training.is_active else None
        if run is None:
            return ("",)
        batches = self.tr("batches of {batch}").format(batch=run.batch_size)
        because = self.tr("{what} ({why})")
        reasons = ((run.precision, run.precision_reason), (batches, run.batch_reason or self.tr("as chosen")))
        return f"{run.precision} · {batches}", *(because.format(what=what, why=why) for what, why in reasons)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
