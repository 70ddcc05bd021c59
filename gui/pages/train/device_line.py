"""On what a training computes, why, and how busy that is."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.errors import EngineError
from gui.widgets.panel import dim_label

EVERY_MS = 2000


class DeviceLine(QWidget):
    """A few short sentences under the recipe, brought up to date while they can be seen."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.words = dim_label(wrap=True, small=True)
        self.words.setObjectName("train.device")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.words)
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.refresh)
        studio.machine_changed.connect(self.refresh)
        studio.document.recipe_changed.connect(self.refresh)
        studio.training.started.connect(self.refresh)
        studio.training.ended.connect(self.refresh)
        self.words.hide()

    def refresh(self, *_: object) -> None:
        """Ask anew; nothing is said before torch is there to be asked."""
        if self._studio.machine is None or not self.isVisible():
            return
        from engine.train.device import device_use  # it imports torch, which is there by now

        try:
            use = device_use(self._studio.document.recipe.device)
            text = self.tr("Computes on {device}: {reason}. Now {busy}.").format(
                device=use.words, reason=use.reason, busy=use.busy
            )
            text = " ".join(filter(None, (text, self._of_the_run())))
        except EngineError as error:
            text = str(error)
        self.words.setText(text)
        self.words.setAccessibleName(text)
        self.words.show()

    def _of_the_run(self) -> str:
        """How the run that goes on computes, and why."""
        training = self._studio.training
        run = training.run if training.is_active else None
        if run is None:
            return ""
        return self.tr("Run {number}: {precision} ({why}), batches of {batch} ({batch_why}).").format(
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
