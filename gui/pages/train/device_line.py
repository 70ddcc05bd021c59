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
    """One line under the recipe, brought up to date while it can be seen; the tool tip has what it has no room for."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.words = ElidedLabel()
        self.words.setProperty("dim", True)
        self.words.setProperty("small", True)
        self.words.setObjectName("train.device")
        self.problem = dim_label(wrap=True, small=True)
        self.problem.setObjectName("train.device.problem")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.words)
        column.addWidget(self.problem)
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.refresh)
        studio.machine_changed.connect(self.refresh)
        studio.document.recipe_changed.connect(self.refresh)
        studio.training.started.connect(self.refresh)
        studio.training.ended.connect(self.refresh)
        studio.training.started.connect(self.refresh)
        studio.training.ended.connect(self.refresh)
        self.words.hide()
        self.problem.hide()

    def refresh(self, *_: object) -> None:
        """Ask anew; nothing is said before torch is there to be asked."""
        if self._studio.machine is None or not self.isVisible():
            return
        from engine.train.device import device_use  # it imports torch, which is there by now

        try:
            use = device_use(self._studio.document.recipe.device)
            # Shortest first: what changes is seen, and why is in the tool tip where the line is full.
            parts = (use.words, use.busy, use.reason, *self._of_the_run())
            text, problem = " · ".join(parts), ""
        except EngineError as error:
            text, problem = "", str(error)
        for label, words in ((self.words, text), (self.problem, problem)):
            label.setText(words)
            label.setAccessibleName(words)
            label.setVisible(bool(words))

    def _of_the_run(self) -> tuple[str, ...]:
        """How the run that goes on computes, and why."""
        training = self._studio.training
        run = training.run if training.is_active else None
        if run is None:
            return ()
        precision = self.tr("{precision} ({why})").format(precision=run.precision, why=run.precision_reason)
        batch_why = run.batch_reason or self.tr("as chosen")
        return precision, self.tr("batches of {batch} ({why})").format(batch=run.batch_size, why=batch_why)

    def _of_the_run(self) -> str:
        """How the run that goes on computes, and why."""
        training = self._studio.training
        run = training.run if training.is_active else None
        if run is None:
            return ""
        return self.tr("Run {number}: {precision}, since {why}; batches of {batch}, {batch_why}.").format(
            number=run.run,
            precision=run.precision,
            why=run.precision_reason,
            batch=run.batch_size,
            batch_why=run.batch_reason or self.tr("as chosen"),
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
