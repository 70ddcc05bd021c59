"""The bar at the bottom of the window: what is running, how far it is, and how well it goes."""

from __future__ import annotations

import time

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QProgressBar, QPushButton, QToolButton, QWidget

from gui.studio.experiment_words import end_in_words, place_in_words
from gui.theme import icon, theme
from gui.widgets.bars import Sparkline, number, percent
from gui.widgets.durations import duration_in_words
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import dim_label, text_label
from gui.widgets.single_clicks import only_single_clicks

HEIGHT = 40  # px at 100 % text size
NARROWEST_PROGRESS = 60  # px
REPAINT_MS = 100
STEP_MS = 400  # how often the place within an epoch is told anew: each time takes the training a millisecond
SAVED_MS = 5000  # how often "autosaved … ago" is told anew
RUNNING = ("preparing", "training", "paused", "stopping")


class RunBar(QFrame):
    """State, epoch, progress, time left, speed, device, accuracy; start, pause, stop. Follows the studio on a timer."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._experiments = studio, studio.experiments
        self._document, self._data, self._training = studio.document, studio.data, studio.training
        self._saved_at: float | None = None
        self._step: object | None = None  # the latest BatchDone of the live run
        self._accuracies: list[float] = []
        self._is_roomy = True  # nothing had to be left out
        self._last = ""  # how the last run of this project ended
        self._last_run: int | None = None  # which one that was; None where it is gone, and that was told
        self._experiment: int | None = None  # that is being worked on
        self._last_experiment: int | None = None  # whose end is told
        self.setObjectName("runbar")
        self.setAccessibleName(self.tr("Run bar"))
        self.setProperty("bar", "bottom")
        self._make_widgets()
        self._lay_out()
        self._timer = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._timer.timeout.connect(self.update_now)
        self._step_timer = QTimer(self, singleShot=True, interval=STEP_MS)
        self._step_timer.timeout.connect(self._follow_step)
        self._saved_timer = QTimer(self, interval=SAVED_MS)
        self._saved_timer.timeout.connect(self._show_saved)
        self._connect()
        theme().changed.connect(self._size)
        self._size()
        self.update_now()

    def _make_widgets(self) -> None:
        self.run = text_label(strong=True)
        self.text = ElidedLabel()
        self.text.setObjectName("runbar.text")
        self.show_button = QPushButton(self.tr("show"))
        self.show_button.setObjectName("runbar.experiment")
        self.show_button.setAccessibleName(self.tr("Show what the experiment has found"))
        self.show_button.setToolTip(self.tr("All its trials in a table"))
        self.show_button.setProperty("link", True)
        self.show_button.clicked.connect(self._show_experiment)
        self.progress = QProgressBar()
        self.progress.setObjectName("runbar.progress")
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.setTextVisible(False)
        self.left, self.speed, self.device = dim_label(), dim_label(), ElidedLabel()
        self.device.setProperty("dim", True)
        self.saved = dim_label()
        self.accuracy_caption = dim_label(self.tr("validation accuracy"))
        self.accuracy = text_label(strong=True)
        self.spark = Sparkline(token="validation")
        self.spark.setAccessibleName(self.tr("Validation accuracy over the epochs"))
        self.start = self._button("runbar.start")
        self.start.setIcon(icon("play"))
        self.start.setAccessibleName(self.tr("Train"))
        self.start.clicked.connect(lambda: self._training.start())
        self.pause = self._button("runbar.pause")
        self.pause.clicked.connect(self._pause_or_resume)
        self.stop = self._button("runbar.stop")
        self.stop.setIcon(icon("stop"))
        self.stop.setToolTip(self.tr("Stop"))
        self.stop.setAccessibleName(self.tr("Stop"))
        self.stop.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        for text, slot in (
            (self.tr("Stop and keep the best"), self._stop_and_keep),
            (self.tr("Stop and discard"), self._stop_and_discard),
        ):
            action = QAction(text, menu)
            action.triggered.connect(slot)
            menu.addAction(action)
        self.stop.setMenu(menu)
        only_single_clicks(self.start, self.pause, self.stop)

    def _button(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 1, 12, 0)
        row.setSpacing(theme().px(14))
        row.addWidget(self.run)
        row.addWidget(self.text)
        row.addWidget(self.show_button)
        row.addWidget(self.progress)
        row.addWidget(self.left)
        row.addWidget(self.speed)
        row.addWidget(self.device)
        row.addStretch(1)
        row.addWidget(self.saved)
        row.addWidget(self.accuracy_caption)
        row.addWidget(self.accuracy)
        row.addWidget(self.spark)
        row.addWidget(self.start)
        row.addWidget(self.pause)
        row.addWidget(self.stop)

    def _size(self) -> None:
        self.setFixedHeight(theme().px(HEIGHT))
        self.spark.setFixedWidth(theme().px(110))
        for button in (self.start, self.pause, self.stop):
            button.setIconSize(QSize(theme().px(16), theme().px(16)))

    def _connect(self) -> None:
        training = self._training
        training.batch_done.connect(self._on_batch)
        training.epoch_done.connect(self._on_epoch)
        training.started.connect(self._on_started)
        training.trial_started.connect(self._on_trial)
        self._experiments.changed.connect(self._on_experiments)
        for signal in (training.prepared, self._data.changed):
            signal.connect(self._update_later)
        training.state_changed.connect(self.update_now)
        training.ended.connect(self._on_ended)
        training.runs_changed.connect(self._on_runs)
        self._document.autosaved.connect(self._on_autosaved)
        self._document.state_changed.connect(self._update_later)
        self._document.replaced.connect(self._on_replaced)

    def _update_later(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    # ---- what comes in

    def _on_started(self, run: object) -> None:
        # Of the live run, whichever one the Train page shows. A resumed one has epochs already.
        is_shown = self._training.shown_run == run.run
        self._step = None
        self._forget_end()
        self._experiment = self._training.trial.experiment if self._training.trial is not None else None
        self._accuracies = [done.validation_accuracy for done in self._training.epochs] if is_shown else []
        self.update_now()

    def _on_batch(self, event: object) -> None:
        self._step = event
        if not self._step_timer.isActive():
            self._step_timer.start()

    def _on_epoch(self, event: object) -> None:
        self._accuracies.append(event.validation_accuracy)
        self._update_later()

    def _on_trial(self, trial: object) -> None:
        self._experiment = trial.experiment

    def _forget_end(self) -> None:
        self._last, self._last_run, self._last_experiment = "", None, None

    def _on_ended(self) -> None:
        experiment, self._experiment = self._experiments.known(self._experiment), None
        self._forget_end()
        if experiment is not None:
            self._last, self._last_experiment = end_in_words(experiment), experiment.number
        else:
            self._last, run = self._end_in_words(), self._training.run
            self._last_run = run.run if run is not None and self._is_listed(run.run) else None
        self.update_now()

    def _on_experiments(self) -> None:
        if self._last_experiment is not None and self._experiments.known(self._last_experiment) is None:
            self._forget_end()  # it was deleted
        self._update_later()

    def _is_listed(self, number: int) -> bool:
        return any(info.number == number for info in self._training.runs)

    def _on_runs(self) -> None:
        if self._last_run is not None and not self._is_listed(self._last_run):
            self._forget_end()  # it was deleted
            self.update_now()

    def _end_in_words(self) -> str:
        """Return "run 1 finished · best validation accuracy 90.6 %"; empty when no run had begun."""
        run = self._training.run
        if run is None:
            return ""
        info = next((info for info in self._training.runs if info.number == run.run), None)
        if info is None:
            return self.tr("run {number} stopped and discarded").format(number=run.run)
        words = {
            "finished": self.tr("run {number} stopped early") if info.ended_early else self.tr("run {number} finished"),
            "stopped": self.tr("run {number} stopped"),
            "failed": self.tr("run {number} failed"),
        }
        said = words.get(info.state, self.tr("run {number} interrupted")).format(number=run.run)
        if info.best_accuracy is None:
            return said
        return f"{said} · " + self.tr("best validation accuracy {percent}").format(percent=percent(info.best_accuracy))

    # ---- what is shown

    def update_now(self) -> None:
        """Show the state of now, as much of it as there is room for."""
        self._show_state()
        self._is_roomy = True
        self._fit()

    def _fit(self) -> None:
        """Hide what matters least until nothing must be cut: half of "20" is another number."""
        parts = (self.device, self.speed, self.spark, self.accuracy_caption, self.saved, self.progress, self.left)
        for part in parts:
            if part.isHidden() or self._needed() <= self.width():
                continue
            part.hide()
            self._is_roomy = False
        # The progress bar gives way before a word does. Were it left to the layout, both would.
        room = self.width() - self._needed() + NARROWEST_PROGRESS
        self.progress.setFixedWidth(max(NARROWEST_PROGRESS, min(self.progress.sizeHint().width(), room)))

    def _needed(self) -> int:
        """Return the px that everything shown takes, uncut."""
        row = self.layout()
        shown = [row.itemAt(place).widget() for place in range(row.count())]
        shown = [widget for widget in shown if widget is not None and not widget.isHidden()]
        margins = row.contentsMargins()
        gaps = row.spacing() * len(shown)  # one more than between them, for the stretch
        widths = (NARROWEST_PROGRESS if widget is self.progress else widget.sizeHint().width() for widget in shown)
        return sum(widths) + gaps + margins.left() + margins.right()

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(200), self.height())  # what has no room is left out

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update_now()

    def _show_state(self) -> None:
        running = self._training.state in RUNNING
        loading = self._data.state in ("scanning", "decoding")
        training = running and self._training.state != "preparing"
        for widget in (self.left, self.speed, self.device, self.accuracy_caption, self.accuracy, self.spark):
            widget.setVisible(training)
        self.run.setVisible(training and self._training.run is not None)
        self.progress.setVisible(running or loading)
        self.start.setVisible(self._document.is_open and not running)
        blocker = None if running else self._training.blocker()
        self.start.setEnabled(blocker is None)
        self.start.setToolTip(self.tr("Train") if blocker is None else blocker.what)
        self.pause.setVisible(training)
        self.stop.setVisible(running)
        self.saved.setVisible(not running)
        is_told = not running and not loading and not self._training.beside
        self.show_button.setVisible(is_told and self._last_experiment is not None)
        if training:
            self._show_training()
        elif running or loading:
            self._show_preparing()
        else:
            self.text.setText(self._training.beside or self._last or self.tr("Ready. Nothing is running."))
        self._show_saved()

    def _show_training(self) -> None:
        run = self._training.run
        if run is not None:
            self.run.setText(self.tr("run {number}").format(number=run.run))
            self.device.setText(run.device.upper())
            self.device.setToolTip(run.device_reason)
        self.progress.setRange(0, 1000)
        self.speed.setVisible(self._speed() > 0)
        self._show_place()
        known = bool(self._accuracies)
        for widget in (self.accuracy_caption, self.accuracy, self.spark):
            widget.setVisible(known)
        if known:
            self.accuracy.setText(percent(self._accuracies[-1]))
            self.spark.set_values(self._accuracies, total=run.epochs if run is not None else 0)
        self._show_buttons()

    def _follow_step(self) -> None:
        """Between two epochs: only what changes with steps, since the bar as a whole takes far longer."""
        if self._training.state != "training" or (self.speed.isHidden() and self._is_roomy):
            self.update_now()
        else:
            self._show_place()
            self._fit()

    def _show_place(self) -> None:
        run = self._training.run
        epoch, share = self._place()
        if run is not None:
            words = self.tr("epoch {epoch} / {epochs}").format(epoch=epoch, epochs=run.epochs)
            trial = self._trial_in_words(run.run)
            self.text.setText(f"{trial} · {words}" if trial else words)
        self.progress.setValue(round(1000 * share))
        self._show_pace()

    def _trial_in_words(self, run: int) -> str:
        """Return "fold 2 of 5", "training 4 of 9", as many as there are now; empty for a run of its own."""
        trial = self._training.trial
        if trial is None:  # a run may be gone on with alone
            info = next((info for info in self._training.runs if info.number == run), None)
            return place_in_words(self._experiments.known(info.experiment if info is not None else None), run)
        words = place_in_words(self._experiments.known(trial.experiment), run)
        return words or self.tr("training {place} of {total}").format(place=trial.place, total=trial.total)

    def _place(self) -> tuple[int, float]:
        """Return the epoch (1-based) and how much of the whole run is done, 0..1."""
        run, step = self._training.run, self._step
        if run is None:
            return 0, 0.0
        if step is None:
            return run.first_epoch, (run.first_epoch - 1) / max(1, run.epochs)
        return step.epoch, (step.epoch - 1 + step.step / max(1, run.steps_per_epoch)) / max(1, run.epochs)

    def _show_pace(self) -> None:
        state, step = self._training.state, self._step
        if state == "paused":
            self.left.setText(self.tr("paused"))
        elif state == "stopping":
            self.left.setText(self.tr("stopping…"))
        else:
            words = self.tr("{time} left")
            self.left.setText(words.format(time=duration_in_words(step.seconds_left)) if step is not None else "")
        if self._speed() > 0:
            self.speed.setText(self.tr("{count} images/s").format(count=number(round(self._speed()))))

    def _speed(self) -> float:
        """Return images per second; 0 while they are not known."""
        is_known = self._step is not None and self._training.state == "training"
        return self._step.images_per_second if is_known else 0.0

    def _show_buttons(self) -> None:
        paused = self._training.state == "paused"
        words = self.tr("Resume") if paused else self.tr("Pause")
        self.pause.setIcon(icon("play" if paused else "pause"))
        self.pause.setToolTip(words)
        self.pause.setAccessibleName(words)
        stopping = self._training.state == "stopping"
        self.pause.setEnabled(not stopping)
        self.stop.setEnabled(not stopping)

    def _show_preparing(self) -> None:
        preparing = self._training.state == "preparing"
        progress = self._training.progress if preparing else self._data.progress
        self.stop.setEnabled(True)
        if progress is None or progress.total <= 0:
            self.progress.setRange(0, 0)
            self.text.setText(self.tr("preparing…") if progress is None else progress.text)
            return
        if preparing and progress.done >= progress.total:
            self.progress.setRange(0, 0)
            self.text.setText(self.tr("starting…"))  # the images are ready, the network is built
            return
        self.progress.setRange(0, 1000)
        self.progress.setValue(round(1000 * min(1.0, progress.done / progress.total)))
        words = self.tr("preparing {done} of {total} images")
        self.text.setText(words.format(done=number(progress.done), total=number(progress.total)))

    # ---- saving

    def _on_autosaved(self) -> None:
        self._saved_at = time.monotonic()
        self._saved_timer.start()
        self._show_saved()

    def _on_replaced(self) -> None:
        self._saved_at, self._experiment = None, None
        self._forget_end()
        self._saved_timer.stop()
        self.update_now()

    def _show_saved(self) -> None:
        if not self._document.is_open:
            self.saved.setText("")
        elif self._document.is_modified and self._saved_at is not None:
            ago = time.monotonic() - self._saved_at
            words = self.tr("autosaved just now") if ago < 2 else self.tr("autosaved {time} ago")
            self.saved.setText(words.format(time=duration_in_words(ago)))
        elif self._document.is_modified:
            self.saved.setText(self.tr("not saved yet"))
        else:
            self.saved.setText(self.tr("all changes saved"))

    # ---- buttons

    def _pause_or_resume(self) -> None:
        if self._training.state == "paused":
            self._training.resume()
        else:
            self._training.pause()

    def _stop_and_keep(self) -> None:
        self._training.stop(keep=True)

    def _stop_and_discard(self) -> None:
        self._training.stop(keep=False)

    def _show_experiment(self) -> None:
        from gui.pages.train.experiments.experiment_dialog import ExperimentDialog  # a page: only when it is wanted

        if self._last_experiment is not None:
            ExperimentDialog(self._studio, self._last_experiment, self.window()).open()
