"""More ways to train than once: folds, seeds, a search, a queue; and what became of those that were begun."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.errors import EngineError
from engine.train.experiments.plans import FoldsPlan, SeedsPlan
from engine.train.experiments.store import Experiment
from engine.train.tensorboard import set_event_files, writes_event_files
from gui.pages.train.experiments.experiment_dialog import ExperimentDialog
from gui.pages.train.experiments.search_dialog import SearchDialog
from gui.pages.train.runs.run_words import experiment_in_words
from gui.studio.experiment_session import Queued
from gui.theme import theme
from gui.widgets.elided import ElidedLabel
from gui.widgets.fields import SpinBox
from gui.widgets.fold import Fold
from gui.widgets.panel import dim_label, heading

USUAL_FOLDS, MOST_FOLDS = 5, 50
USUAL_SEEDS, MOST_SEEDS = 3, 100


def _is_open(experiment: Experiment) -> bool:
    """Whether there is more to it than its heading in the list of runs says: it goes on, can, or has no run yet."""
    if not experiment.trials:
        return experiment.state == "running"  # a queue that was emptied
    has_runs = any(trial.run for trial in experiment.trials)
    return experiment.state == "running" or experiment.can_resume or not has_runs


class ExperimentRow(QWidget):
    """One experiment: what it asks, how far it is, what it has found."""

    shown = Signal(int)
    resumed = Signal(int)

    def __init__(self, experiment: Experiment, can_resume: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        number = experiment.number
        title = ElidedLabel(experiment.title)
        show = QPushButton(self.tr("show"))
        show.setObjectName(f"train.experiment.{number}.show")
        show.setAccessibleName(self.tr("Show experiment {number}").format(number=number))
        resume = QPushButton(self.tr("resume"))
        resume.setObjectName(f"train.experiment.{number}.resume")
        resume.setAccessibleName(self.tr("Resume experiment {number}").format(number=number))
        for button in (show, resume):
            button.setProperty("link", True)
        resume.setVisible(can_resume and experiment.can_resume)
        show.clicked.connect(partial(self.shown.emit, number))
        resume.clicked.connect(partial(self.resumed.emit, number))
        state = ElidedLabel(experiment_in_words(experiment))
        state.setProperty("dim", True)
        state.setProperty("small", True)
        above = QHBoxLayout()
        above.addWidget(title, 1)
        above.addWidget(resume)
        above.addWidget(show)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(above)
        column.addWidget(state)
        self.setAccessibleName(f"{experiment.title}: {state.text()}")


class MoreWays(QWidget):
    """A fold with everything that trains more than once, and under it the experiments that are not over."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._training, self._experiments = studio, studio.training, studio.experiments
        self._listed: tuple | None = None
        self.fold = Fold(self.tr("More ways to train"), key="train.more")
        self.fold.header.setObjectName("train.more")
        self._make_ways()
        self._heading = heading(self.tr("Experiments"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(theme().tokens.space)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addWidget(self.fold)
        column.addWidget(self._heading)
        column.addLayout(self._rows)
        for signal in (self._experiments.changed, self._training.state_changed):
            signal.connect(self.update_now)
        studio.document.report_changed.connect(self.update_now)
        studio.data.changed.connect(self.update_now)
        self.update_now()

    def _make_ways(self) -> None:
        folds_help = self.tr(
            "Divide the images into equal parts; each validates once while the network learns from the others."
        )
        self.folds, self.folds_start = self._way(
            "folds", self.tr("Cross-validate"), self.tr(" folds"), USUAL_FOLDS, MOST_FOLDS, folds_help
        )
        self.folds_start.clicked.connect(self._start_folds)
        seeds_help = self.tr("Train the same several times from other random numbers: how much of a score is luck.")
        self.seeds, self.seeds_start = self._way(
            "seeds", self.tr("Repeat"), self.tr(" seeds"), USUAL_SEEDS, MOST_SEEDS, seeds_help
        )
        self.seeds_start.clicked.connect(self._start_seeds)
        self.search = self._button("search", self.tr("Search settings…"))
        self.search.clicked.connect(self._open_search)
        self.search.setToolTip(self.tr("Try several values of some settings, and find the best of them."))
        self.queue = self._button("queue", self.tr("Add to the queue"))
        self.queue.clicked.connect(self._add_to_queue)
        self.waiting = dim_label(small=True)
        self.events = QCheckBox(self.tr("Write TensorBoard files"))
        self.events.setObjectName("train.event_files")
        self.events.setAccessibleName(self.events.text())
        self.events.setToolTip(self.tr("New runs write their curves as event files too, into their folders."))
        self.events.setChecked(writes_event_files())
        self.events.toggled.connect(self._on_events)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(0, 1)
        for row, pair in enumerate(((self.folds, self.folds_start), (self.seeds, self.seeds_start))):
            for column, widget in enumerate(pair):
                grid.addWidget(widget, row, column)
        self.fold.body.addLayout(grid)
        for widget in (self.search, self.queue, self.waiting, self.events):
            self.fold.body.addWidget(widget)

    def _way(self, name: str, words: str, unit: str, usual: int, most: int, help: str) -> tuple[SpinBox, QPushButton]:
        """Return a field for how many, and the button that starts so many."""
        count = SpinBox()
        count.setObjectName(f"train.{name}.count")
        count.setAccessibleName(f"{words},{unit}")
        count.setRange(2, most)
        count.setValue(usual)
        count.setSuffix(unit)
        start = self._button(name, words)
        for widget in (count, start):
            widget.setToolTip(help)
        count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # what the words leave
        return count, start

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"train.{name}")
        button.setAccessibleName(text)
        return button

    # ---- what is shown

    def update_now(self) -> None:
        """Say what can be started now, and how far what was started is."""
        blocker = self._training.blocker()
        for button in (self.folds_start, self.seeds_start, self.search):
            button.setEnabled(blocker is None)
        queue_blocker = self._experiments.queue_blocker()
        self.queue.setEnabled(queue_blocker is None)
        words = self.tr("Train this after what is being trained now, whatever you change meanwhile.")
        self.queue.setToolTip(words if queue_blocker is None else str(queue_blocker))
        waiting = self._experiments.waiting()
        self.waiting.setText(self.tr("{count} waiting in the queue").format(count=waiting))
        self.waiting.setVisible(waiting > 0)
        self._show_experiments()

    def _show_experiments(self) -> None:
        is_idle = not self._training.is_active
        known = self._experiments.experiments
        listed = [experiment for experiment in known if _is_open(experiment)]
        shown = (is_idle, tuple(listed))
        if shown == self._listed:
            return
        self._listed = shown
        while self._rows.count():
            old = self._rows.takeAt(0).widget()
            old.hide()
            old.deleteLater()
        for experiment in listed:
            row = ExperimentRow(experiment, is_idle)
            row.shown.connect(self.show_experiment)
            row.resumed.connect(self._experiments.resume)
            self._rows.addWidget(row)
            row.show()  # now, not with the next layout: the list would blink
        self._heading.setVisible(bool(listed))

    # ---- what is done

    def _start_folds(self) -> None:
        self._experiments.start(FoldsPlan(self.folds.value()))

    def _start_seeds(self) -> None:
        self._experiments.start(SeedsPlan(self.seeds.value()))

    def _add_to_queue(self) -> None:
        added = self._experiments.add_to_queue()
        if added is not None:
            self._studio.told.emit(self._queued_in_words(added))

    def _queued_in_words(self, added: Queued) -> str:
        """One sentence: what was added, when it begins, and whether that is nothing new."""
        if added.begins_now and not added.before:
            when = self.tr("it begins now")
        elif added.before:
            one, many = self.tr("the one that waits before it"), self.tr("the {count} that wait before it")
            when = self.tr("it begins after {others}").format(others=one if added.before == 1 else many)
            when = when.format(count=added.before)
        else:
            when = self.tr("it begins when what is being trained now has ended")
        words = self.tr("“{label}” was added to the queue: {when}{same}.")
        return words.format(label=added.label, when=when, same=self._same_in_words(added))

    def _same_in_words(self, added: Queued) -> str:
        if added.alike:
            return self.tr(", though the very same settings with the same seed are waiting already")
        if added.run is None:
            return ""
        if added.run.state == "running":
            words = self.tr(", though run {number} is being trained with the very same settings and seed")
        else:
            words = self.tr(", though run {number} was trained with the very same settings and seed")
        return words.format(number=added.run.number)

    def _open_search(self) -> None:
        dialog = SearchDialog(self._studio, self.window())
        dialog.wanted.connect(self._experiments.start)
        dialog.open()

    def show_experiment(self, number: int) -> None:
        """Open the table of an experiment."""
        ExperimentDialog(self._studio, number, self.window()).open()

    def _on_events(self, on: bool) -> None:
        try:
            set_event_files(on)
        except EngineError as error:
            self._studio.failed.emit(error)
