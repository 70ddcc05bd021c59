"""The panel that looks for a learning rate."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.errors import EngineError
from engine.jobs import JobControl, Progress
from engine.params import short_number
from engine.train.finder import HIGHEST, LOWEST, FinderStep, FoundRate, find_rate
from engine.train.job import prepared
from gui.jobs import Failed, Finished, JobRunner, Outcome
from gui.plots.range_curve import RangeCurve
from gui.theme import restyle, theme
from gui.widgets.panel import dim_label, text_label


class FinderPanel(QDialog):
    """Runs the range test on a thread, shows its curve, and offers to take what it suggests.

    It stops when it is closed, and as soon as a training starts: both at once would only wait for each other.
    """

    running_changed = Signal()

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._document, self._training = studio, studio.document, studio.training
        self.setObjectName("train.finder")
        self.setWindowTitle(self.tr("Find a learning rate"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.found: FoundRate | None = None
        self.curve = RangeCurve(LOWEST, HIGHEST)
        self.curve.setObjectName("train.finder.curve")
        self.words = text_label(wrap=True)
        self.take = QPushButton(self.tr("Take it"))
        self.take.setObjectName("train.finder.take")
        self.take.setProperty("primary", True)
        self.take.setAccessibleName(self.tr("Take the suggested learning rate"))
        self.take.clicked.connect(self._take)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setObjectName("train.finder.cancel")
        self.cancel.setAccessibleName(self.cancel.text())
        self.cancel.clicked.connect(self.reject)
        self._lay_out()
        self._runner = JobRunner(self)
        self._runner.progressed.connect(self._on_progressed)
        self._runner.ended.connect(self._on_ended)
        self._runner.state_changed.connect(self.running_changed)
        self._training.state_changed.connect(self._on_training)
        self._document.replaced.connect(self.reject)
        studio.closing.connect(self.reject)

    def _lay_out(self) -> None:
        tokens = theme().tokens
        about = dim_label(
            self.tr(
                "A copy of the network takes 120 steps, each with a larger learning rate. Good rates are where the "
                "loss falls fast; where it rises, they are too large."
            ),
            wrap=True,
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(tokens.space)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.take)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[2 * tokens.space] * 4)
        column.setSpacing(tokens.space_large)
        column.addWidget(about)
        column.addWidget(self.curve, 1)
        column.addWidget(self.words)
        column.addLayout(buttons)
        self.resize(theme().px(500), theme().px(400))

    def start(self) -> None:
        """Begin the test."""
        self.take.setEnabled(False)
        self.cancel.setText(self.tr("Cancel"))
        blocker = self._training.blocker()
        if blocker is not None:
            self._say(str(blocker), "bad")
            return
        project = self._document.spec
        self._say(self.tr("Getting the images ready…"))

        def work(control: JobControl) -> Generator:
            pictures = yield from prepared(project.data, control)
            return (yield from find_rate(project, pictures, control))

        self._runner.start(work)

    @property
    def is_running(self) -> bool:
        return self._runner.is_running

    def done(self, result: int) -> None:
        # Whatever closes the window ends the test; nobody would hear of its outcome.
        self._runner.close()
        super().done(result)

    def _say(self, text: str, tone: str = "") -> None:
        self.words.setText(text)
        if (self.words.property("tone") or "") != tone:
            restyle(self.words, tone=tone)

    # ---- what the test tells

    def _on_progressed(self, event: object) -> None:
        if isinstance(event, FinderStep):
            self.curve.show_curve(event.rates, event.losses)
            self._say(self.tr("Trying learning rates… {percent} %").format(percent=round(100 * event.share)))
        elif isinstance(event, Progress) and event.text:
            self._say(f"{event.text}…")

    def _on_ended(self, outcome: Outcome) -> None:
        self._let_close()
        if isinstance(outcome, Finished):
            self._show_found(outcome.value)
        elif isinstance(outcome, Failed):
            error = outcome.error
            known = isinstance(error, EngineError)
            self._say(str(error) if known else self.tr("The test failed: {error}.").format(error=error), "bad")

    def _show_found(self, found: FoundRate) -> None:
        self.found = found
        self.curve.show_curve(found.rates, found.losses)
        self.curve.show_band(found.low, found.high, found.rate)
        words = self.tr("Between {low} and {high} the loss falls fast; {rate} is a good first try.")
        low, high, rate = short_number(found.low, 2), short_number(found.high, 2), short_number(found.rate)
        self._say(words.format(low=low, high=high, rate=rate))
        self.take.setText(self.tr("Take {rate}").format(rate=rate))
        self.take.setAccessibleName(self.take.text())
        self.take.setEnabled(True)
        self.take.setFocus()

    def _on_training(self) -> None:
        if self._training.is_active and self._runner.is_running:
            self._runner.close()
            self._say(self.tr("A training was started, so the test was ended."))
            self._let_close()

    def _let_close(self) -> None:
        """There is nothing to cancel any more."""
        self.cancel.setText(self.tr("Close"))
        self.cancel.setAccessibleName(self.cancel.text())

    def _take(self) -> None:
        rate = self.found.rate
        recipe = replace(self._document.recipe, learning_rate=rate)
        self._document.edit(self.tr("Take learning rate {rate}").format(rate=short_number(rate)), recipe=recipe)
        self.accept()
