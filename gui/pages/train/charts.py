"""Loss and accuracy of the run that is shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.train import history
from gui.plots import Curves, Line
from gui.theme import theme


class Charts(QWidget):
    """Two charts that follow the training."""

    epoch_picked = Signal(int)

    def __init__(self, training: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.loss = Curves(self.tr("Loss"), legend=False)
        self.loss.setObjectName("train.loss")
        self.accuracy = Curves(self.tr("Accuracy"), percent=True)
        self.accuracy.setObjectName("train.accuracy")
        self._others: tuple[int, int] | None = None
        self._both = (self.loss, self.accuracy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().tokens.space_large)
        for chart in self._both:
            row.addWidget(chart, 1)
            chart.epoch_picked.connect(self.epoch_picked)
        training.started.connect(self.show_run)
        training.shown_changed.connect(self.show_run)
        training.batch_done.connect(self._on_batch)
        training.epoch_done.connect(self._on_epoch)
        training.runs_changed.connect(self._show_others)
        self.show_run()

    def show_run(self) -> None:
        """Draw the shown run from its beginning."""
        for chart in self._both:
            chart.clear()
            chart.set_planned(self._planned())
        self._others = None
        self._add_steps(self._training.steps)
        self._show_epochs()
        self._show_others()

    def set_cursor(self, epoch: int | None) -> None:
        """Put both cross-hairs at the epoch that is being replayed."""
        for chart in self._both:
            chart.set_cursor(epoch)

    def _planned(self) -> int:
        for info in self._training.runs:
            if info.number == self._training.shown_run and info.epochs:
                return info.epochs
        run = self._training.run
        return run.epochs if run is not None else max(1, len(self._training.epochs))

    def _is_live(self) -> bool:
        run = self._training.run
        return run is not None and self._training.shown_run in (None, run.run)

    def _on_batch(self, event: object) -> None:
        if self._is_live():
            self._add_steps([event])

    def _add_steps(self, steps: Sequence) -> None:
        run = self._training.run
        if run is None or not steps:
            return
        x = [event.epoch - 1 + event.step / max(1, run.steps_per_epoch) for event in steps]
        self.loss.add_steps(x, [event.loss for event in steps])
        self.accuracy.add_steps(x, [event.accuracy for event in steps])

    def _on_epoch(self) -> None:
        if self._is_live():
            self._show_epochs()

    def _show_epochs(self) -> None:
        epochs = self._training.epochs
        x = [event.epoch for event in epochs]
        self.loss.set_epochs(x, [e.train_loss for e in epochs], [e.validation_loss for e in epochs])
        self.accuracy.set_epochs(x, [e.train_accuracy for e in epochs], [e.validation_accuracy for e in epochs])
        best = history.best_of(epochs)
        for chart in self._both:
            chart.set_best(best.epoch if best is not None else None)

    def _show_others(self) -> None:
        """Draw the newest other run dashed, to compare."""
        others = (i for i in self._training.runs if i.number != self._training.shown_run and i.epochs_done)
        info = next(others, None)
        shown = (info.number, info.epochs_done) if info is not None else None
        if shown == self._others:
            return  # runs change with each epoch of the live one; its neighbour's file need not be read each time
        self._others = shown
        lines = history.read(info.folder) if info is not None else []
        if not lines:
            self.loss.set_others(())
            self.accuracy.set_others(())
            return
        name = self.tr("run {number}").format(number=info.number)
        x = np.array([line.epoch for line in lines], dtype=float)
        self.loss.set_others([Line(name, x, np.array([line.validation_loss for line in lines]))])
        self.accuracy.set_others([Line(name, x, np.array([line.validation_accuracy for line in lines]))])
