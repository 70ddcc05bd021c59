"""Train."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from engine.train.next_step import NextStep
from gui.pages.train.controls import RUNNING, TrainControls
from gui.pages.train.curves.charts import Charts
from gui.pages.train.device_line import DeviceLine
from gui.pages.train.diagnosis.child_run import start_child
from gui.pages.train.diagnosis.diagnosis_box import DiagnosisBox
from gui.pages.train.layers import LayersRow
from gui.pages.train.predictions.live import LivePredictions
from gui.pages.train.recipe.form import RecipeForm
from gui.pages.train.runs.run_list import RunList
from gui.pages.train.runs.run_tools import RunTools
from gui.theme import icon, theme
from gui.widgets.bars import number
from gui.widgets.busy import BusyRow
from gui.widgets.empty import EmptyState
from gui.widgets.notice import ErrorBar
from gui.widgets.panel import Panel, dim_label, heading

BEST_FIRST = "train/best_first"  # under which the settings keep how the runs are sorted
SIDE_WIDTH, LEAST_SIDE = 280, 180  # px at 100 % text size
WIDEST_SIDE = 0.36  # of the page, where text is large and the window small
MANY_EPOCHS = 100  # from here on, a run is judged now and then while it goes on, not after every epoch
DIAGNOSE_MS = 1000
REVEAL_MS = 50  # until a list that has just changed has its new height
CHART_SHARE, PICTURE_SHARE = 38, 62  # of the height


class TrainPage(QWidget):
    """Recipe, runs and diagnosis at the left; curves and pictures at the right."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._training = studio, studio.training
        self._settings = QSettings()
        self.setObjectName("train")
        self.setAccessibleName(self.tr("Train"))
        self.recipe = RecipeForm(studio.document, studio=studio)
        self.layers = LayersRow(studio)
        self.device = DeviceLine(studio)
        self.runs = RunList(self._training)
        self.run_tools = RunTools(studio, self.runs)
        self.diagnosis = DiagnosisBox()
        self.diagnosis.resume_wanted.connect(self._resume_run)
        self.diagnosis.step_wanted.connect(self._try_step)
        self.later = dim_label(self.tr("Changes count from the next run."), wrap=True)
        self.controls = TrainControls(self._training)
        self.notice = ErrorBar()
        self.busy = BusyRow()
        self.busy.cancelled.connect(self._cancel_preparing)
        self.charts = Charts(self._training, project_name=lambda: studio.document.name)
        self.live = LivePredictions(studio)
        self.charts.epoch_picked.connect(self.live.show_epoch)
        self.charts.failed.connect(studio.failed)
        self.charts.told.connect(studio.told)
        self.runs.compared.connect(self.charts.compare_with)
        self.charts.menu.compared.connect(self.runs.compare)
        self.live.epoch_shown.connect(self.charts.set_cursor)
        self.empty = EmptyState("train", "")
        self._empty_button = self.empty.add_button(self.tr("Go to Data"))
        self._empty_button.setObjectName("train.first")
        self._empty_button.clicked.connect(self._on_empty_button)
        self._lay_out()
        # Many signals come at once (a project opens, a run ends): one look at the state answers them all.
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._update)
        self._diagnose_later = QTimer(self, singleShot=True, interval=DIAGNOSE_MS)
        self._diagnose_later.timeout.connect(self._show_diagnosis)
        self._reveal = QTimer(self, singleShot=True, interval=REVEAL_MS)
        self._reveal.timeout.connect(self._show_looked_for)
        self._run_looked_for: int | None = None
        self._diagnosed: int | None = None  # the run
        self._connect()
        self._update()

    def _lay_out(self) -> None:
        space = theme().tokens.space_large
        row = QHBoxLayout(self)
        row.setContentsMargins(space, space, space, space)
        row.setSpacing(space)
        row.addWidget(self._make_side())
        row.addLayout(self._make_main(), 1)

    def _make_side(self) -> Panel:
        tokens = theme().tokens
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, tokens.space_small, 0)
        column.setSpacing(tokens.space)
        upper = (
            heading(self.tr("Recipe")),
            self.recipe,
            self.device,
            self.later,
            self.diagnosis,
            self.layers,
        )  # seen without scrolling
        for widget in (*upper, self.run_tools, self._make_runs_heading(), self.run_tools.undo_row, self.runs):
            column.addWidget(widget)  # the runs last: there may be many
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(content)
        self._side = Panel()
        self._side.setAccessibleName(self.tr("Recipe and runs"))
        self._side.body.addWidget(self._scroll, 1)
        self._side.body.addWidget(self.controls)
        theme().changed.connect(self._size)
        self._size()
        return self._side

    def _make_runs_heading(self) -> QWidget:
        self._runs_heading = QWidget()
        row = QHBoxLayout(self._runs_heading)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().tokens.space_small)
        self.best_first = QPushButton(self.tr("best first"))
        self.best_first.setObjectName("train.runs.best_first")
        self.best_first.setAccessibleName(self.tr("Sort the runs by validation accuracy"))
        self.best_first.setToolTip(self.tr("Sort the runs by validation accuracy, not by time"))
        self.best_first.setProperty("quiet", True)
        self.best_first.setCheckable(True)
        self.best_first.toggled.connect(self._on_order)
        self.best_first.setChecked(self._settings.value(BEST_FIRST, False, type=bool))
        row.addWidget(heading(self.tr("Runs")), 1)
        row.addWidget(self.best_first)
        row.addWidget(self.run_tools.compare_button)
        return self._runs_heading

    def _on_order(self, best_first: bool) -> None:
        self._settings.setValue(BEST_FIRST, best_first)
        self.runs.set_order("best" if best_first else "newest")

    def _make_main(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(theme().tokens.space_large)
        column.addWidget(self.notice)
        column.addWidget(self.busy)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme().tokens.space_large)
        inner.addWidget(self.charts, CHART_SHARE)
        inner.addWidget(self.live, PICTURE_SHARE)
        self._stack = QStackedWidget()
        empty = Panel()
        empty.body.addWidget(self.empty, 1)
        self._stack.addWidget(empty)
        self._stack.addWidget(content)
        column.addWidget(self._stack, 1)
        return column

    def _size(self) -> None:
        most = max(theme().px(LEAST_SIDE), round(WIDEST_SIDE * self.width()))
        self._side.setFixedWidth(min(theme().px(SIDE_WIDTH), most))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._size()

    def _connect(self) -> None:
        training, data, document = self._training, self._studio.data, self._studio.document
        signals = (training.state_changed, training.runs_changed, training.shown_changed, training.started)
        signals += (training.epoch_done, training.ended, training.prepared)
        signals += (data.changed, data.index_changed, data.pictures_changed)
        signals += (document.state_changed, document.report_changed, document.replaced)
        for signal in signals:
            signal.connect(self._update_later)
        self._studio.experiments.deleted.connect(self._reveal_later)
        self.runs.row_wanted.connect(self._reveal_run)

    def _reveal_later(self, *_: object) -> None:
        self._reveal.start()  # once the list is shorter and the row has its place

    def _show_looked_for(self) -> None:
        if self._run_looked_for is None:
            if not self.run_tools.undo_row.isHidden():
                self._scroll.ensureWidgetVisible(self.run_tools.undo_row)
            return
        row, self._run_looked_for = self.runs.row_of(self._run_looked_for), None
        place = self.runs.viewport().mapTo(self._scroll.widget(), row.center())
        self._scroll.ensureVisible(place.x(), place.y(), 0, row.height() // 2 + theme().tokens.space)

    def _reveal_run(self, number: int) -> None:
        self._run_looked_for = number
        self._reveal.start()

    # ---- state

    def _update_later(self) -> None:
        if not self._later.isActive():
            self._later.start()

    def _update(self) -> None:
        blocker = None if self._training.state in RUNNING else self._training.blocker()
        self.controls.set_blocked("" if blocker is None else str(blocker))
        has_content = self._has_content()
        self._stack.setCurrentIndex(1 if has_content else 0)
        self._show_busy()
        self._show_blocker(blocker, has_content)
        self._show_diagnosis_in_time()
        self.later.setVisible(self._training.state in RUNNING)
        has_runs = len(self._training.runs) > 0
        self._runs_heading.setVisible(has_runs)
        self.best_first.setVisible(len(self._training.runs) > 2)
        self.runs.setVisible(has_runs)

    def _has_content(self) -> bool:
        return bool(self._training.epochs) or self._training.state in ("training", "paused", "stopping")

    def _show_busy(self) -> None:
        preparing, data = self._training.state == "preparing", self._studio.data
        if not preparing and data.state not in ("scanning", "decoding"):
            self.busy.finish()
            return
        if self.busy.isHidden() or self.busy.cancel_button.isHidden() == preparing:
            self.busy.start("", can_cancel=preparing)
        progress = self._training.progress if preparing else data.progress
        if progress is None or progress.total <= 0:
            self.busy.set_progress(0, 0, self.tr("preparing…") if progress is None else progress.text)
            return
        if preparing and progress.done >= progress.total:
            self.busy.set_progress(0, 0, self.tr("starting…"))  # the images are ready, the network is built
            return
        words = self.tr("preparing {done} of {total} images")
        done, total = number(progress.done), number(progress.total)
        self.busy.set_progress(progress.done, progress.total, words.format(done=done, total=total))

    def _cancel_preparing(self) -> None:
        self._training.stop(keep=False)

    def _show_blocker(self, blocker: object | None, has_content: bool) -> None:
        if blocker is None:
            self.notice.clear()
            self._show_ready()
        elif has_content and not self._place():
            self.notice.clear()  # time solves it, and the button's tool tip says it
        elif has_content:
            actions = [(self._place_text(), self._go)]
            self.notice.show_message("info", blocker.what, blocker.why, blocker.fix, actions)
        else:
            self.notice.clear()
            self.empty.set_text(blocker.what, " ".join(part for part in (blocker.why, blocker.fix) if part))
            self._offer(self._place_text())

    def _show_ready(self) -> None:
        preparing, shown = self._training.state == "preparing", self._training.shown_run
        self._offer("" if preparing else self.tr("Train"), "play")
        if shown is not None and not preparing:
            title = self.tr("Run {number} has no finished epoch").format(number=shown)
            self.empty.set_text(title, self.tr("Resume it, choose another one under Runs, or press Train."))
            return
        title = self.tr("Getting the images ready") if preparing else self.tr("Nothing has been trained yet")
        words = self.tr(
            "Here you will see loss and accuracy while the network learns, and what it answers to each image, "
            "epoch by epoch."
        )
        press = self.tr("Press Train to let the network learn from your images.")
        self.empty.set_text(title, words if preparing else f"{press} {words}")

    def _offer(self, text: str, icon_name: str = "") -> None:
        """Show the button of the empty page; without text, none."""
        self._empty_button.setText(text)
        self._empty_button.setIcon(icon(icon_name) if icon_name else QIcon())
        self._empty_button.setVisible(bool(text))

    # ---- where a blocker is solved

    def _place(self) -> str:
        """Return where what blocks the training is solved; empty when time solves it."""
        data, document = self._studio.data, self._studio.document
        if not document.is_open:
            return "home"
        if document.data.source is None or data.problem is not None:
            return "data"
        return "network" if data.index is not None else ""

    def _place_text(self) -> str:
        texts = {"home": self.tr("Go to Home"), "data": self.tr("Go to Data"), "network": self.tr("Go to Network")}
        return texts.get(self._place(), "")

    def _on_empty_button(self) -> None:
        """Train, or go where what blocks that is solved."""
        if self._training.blocker() is None:
            self._training.start()
        else:
            self._go()

    def _go(self) -> None:
        self._studio.place_wanted.emit(self._place())

    # ---- diagnosis

    def _show_diagnosis_in_time(self) -> None:
        # Each look goes through all epochs: with thousands of them, and many a second, that is all the window did.
        is_other = self._training.shown_run != self._diagnosed
        if is_other or self._training.state not in RUNNING or len(self._training.epochs) < MANY_EPOCHS:
            self._diagnose_later.stop()
            self._show_diagnosis()
        elif not self._diagnose_later.isActive():
            self._diagnose_later.start()

    def _show_diagnosis(self) -> None:
        self._diagnosed = self._training.shown_run
        # Also of a run whose first epoch broke: that is what there is to say of it.
        self.diagnosis.setVisible(self._has_content() or self._training.shown_run is not None)
        self.diagnosis.show_run(self._training, self._studio.document.data.classes)

    def _resume_run(self, number: int) -> None:
        self._training.resume_run(number)

    def _try_step(self, step: NextStep, number: int) -> None:
        start_child(self._studio, step, number)
