"""Loss, accuracy and learning rate of the run that is shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.errors import EngineError
from engine.files import save_for_user
from engine.train import history, rate_curve, step_curve
from engine.train.runs import RunInfo, compared_with, read_run_spec
from gui.pages.shared.choosing import choose_new_file
from gui.pages.train.curves.chart_menu import ChartMenu, SmoothButton
from gui.pages.train.curves.curve_table import CurveTable
from gui.plots import MOST_OTHERS, Curves, Line
from gui.plots.legend import LegendKey
from gui.plots.report import Part, png_bytes, report_image
from gui.theme import theme
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.segmented import Segmented

WIDE = 860  # px at 100 % text size: from here on, three charts stand side by side
SHARES = (5, 5, 3)  # of the width
MENU_ZOOM = 2.0
COLLECT_MS = 250
SMOOTHING, LOGARITHMIC, RATE = "train/smoothing", "train/logarithmic", "train/rate"


class Charts(QWidget):
    """Charts that follow the training, with one cross-hair over all of them.

    Where there is no room for three, accuracy and learning rate share one place.
    """

    epoch_picked = Signal(int)
    failed = Signal(object)  # an EngineError: the curves could not be saved
    told = Signal(str)  # a sentence for the user: they were copied, or saved

    def __init__(
        self,
        training: object,
        settings: QSettings | None = None,
        parent: QWidget | None = None,
        *,
        project_name: Callable[[], str] = str,
    ) -> None:
        """Make empty charts.

        Args:
            training: the session.
            project_name: asked for it when an image of the charts is made.
        """
        super().__init__(parent)
        self._training, self._project_name = training, project_name
        self._settings = settings if settings is not None else QSettings()
        self.loss = Curves(self.tr("Loss"), legend=False)
        self.loss.setObjectName("train.loss")
        self.accuracy = Curves(self.tr("Accuracy"), percent=True)
        self.accuracy.setObjectName("train.accuracy")
        self.rate = Curves(self.tr("Learning rate"), single=self.tr("learning rate"))
        self.rate.setObjectName("train.rate")
        self.all = (self.loss, self.accuracy, self.rate)
        self._compared: tuple[int, ...] | None = None  # chosen by the user; None: as the words compare
        self._others: tuple[tuple[int, int], ...] | None = None  # number and epochs of those that are drawn
        self._best: object | None = None  # the best epoch so far
        self._coming: list = []  # steps that have not been added yet
        self._collected = QTimer(self, singleShot=True, interval=COLLECT_MS)
        self._collected.timeout.connect(self._take_in)
        self._is_rate_in_front = False  # where it shares its place with the accuracy
        self._lay_out()
        self._make_menu()
        training.started.connect(self.show_run)
        training.shown_changed.connect(self.show_run)
        training.batch_done.connect(self._on_batch)
        training.epoch_done.connect(self._on_epoch)
        training.runs_changed.connect(self._on_runs)
        training.state_changed.connect(self._fit_to_plan)
        training.ended.connect(self._on_ended)
        self.show_run()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        row = self._row = QHBoxLayout()
        row.setSpacing(theme().tokens.space_large)
        column.addLayout(row, 1)
        self.legend = QWidget()
        self._keys = FlowLayout(self.legend, spacing=theme().tokens.space_large, line_spacing=2)
        column.addWidget(self.legend)
        self.accuracy.legend_moved.connect(self._show_legend)
        for chart, share in zip(self.all, SHARES, strict=True):
            row.addWidget(chart, share)
            chart.epoch_picked.connect(self.epoch_picked)
            chart.hovered.connect(self._on_hovered)
            chart.view_changed.connect(self.look_at)
        self._switches = []
        for chart, name in ((self.accuracy, "accuracy"), (self.rate, "rate")):
            switch = Segmented()
            switch.setAccessibleName(self.tr("Which curve"))
            switch.add("accuracy", self.tr("Accuracy")).setObjectName(f"train.{name}.to_accuracy")
            switch.add("rate", self.tr("Learning rate")).setObjectName(f"train.{name}.to_rate")
            switch.chosen.connect(self._on_switched)
            chart.add_switch(switch)
            self._switches.append(switch)
        theme().changed.connect(self._arrange)

    def _make_menu(self) -> None:
        self.smooth = SmoothButton()
        self.smooth.changed.connect(self._on_smoothing)
        self.loss.add_extra(self.smooth)
        self.whole = QPushButton(self.tr("all"))
        self.whole.setObjectName("train.whole")
        self.whole.setProperty("quiet", True)
        self.whole.setToolTip(self.tr("Show all epochs again; the wheel over a chart looks closer"))
        self.whole.setAccessibleName(self.tr("Show the whole run"))
        self.whole.clicked.connect(lambda: self.look_at(None))
        self.whole.hide()
        self.loss.add_extra(self.whole)
        self.menu = ChartMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.menu.copy.triggered.connect(self.copy_picture)
        self.menu.save_image.triggered.connect(self._choose_image_file)
        self.menu.save.triggered.connect(self._choose_file)
        self.menu.closer.triggered.connect(lambda: self.loss.zoom(1 / MENU_ZOOM))
        self.menu.farther.triggered.connect(lambda: self.loss.zoom(MENU_ZOOM))
        self.menu.whole.triggered.connect(lambda: self.look_at(None))
        self.menu.rate.toggled.connect(self._on_rate_toggled)
        self.menu.compared.connect(self.compare_with)
        self.loss.add_extra(self.menu.button)
        for chart in self.all:
            chart.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            chart.customContextMenuRequested.connect(partial(self._open_menu, chart))
        self.loss.logarithmic_changed.connect(partial(self._settings.setValue, LOGARITHMIC))
        self.loss.set_logarithmic(self._settings.value(LOGARITHMIC, False, type=bool))
        self.menu.rate.setChecked(self._settings.value(RATE, True, type=bool))
        self.smooth.set_weight(self._settings.value(SMOOTHING, 0.0, type=float))
        self._arrange()

    # ---- room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        # That of two charts: the third gives way before it could hold the window open.
        each = self.loss.minimumSizeHint()
        return QSize(2 * each.width() + self._row.spacing(), each.height())

    def is_wide(self) -> bool:
        """Whether there is room for three charts side by side."""
        return self.width() >= theme().px(WIDE)

    def _arrange(self) -> None:
        has_rate, is_wide = self.menu.rate.isChecked(), self.is_wide()
        rate_alone = has_rate and not is_wide and self._is_rate_in_front
        self._row.setStretch(self._row.indexOf(self.rate), SHARES[2 if is_wide else 1])
        self.rate.setVisible(has_rate and (is_wide or rate_alone))
        self.accuracy.setVisible(not rate_alone)
        for chart, switch in zip((self.accuracy, self.rate), self._switches, strict=True):
            switch.set_current("rate" if self._is_rate_in_front else "accuracy")
            chart.show_switch(has_rate and not is_wide)
        self._show_legend()
        self.layout().activate()  # now: what has just been shown would be painted where it is no longer

    def _show_legend(self) -> None:
        """Name the lines below all charts, where the heading of none has room for it."""
        is_above = self.accuracy.has_legend() and not self.accuracy.isHidden()
        if is_above:
            self.legend.hide()
            return
        while self._keys.count():
            key = self._keys.takeAt(0).widget()
            key.hide()
            key.deleteLater()
        for name, token, dashed in self.accuracy.named_lines():
            self._keys.addWidget(LegendKey(name, token, dashed=dashed, small=True))
        self.legend.show()  # after its keys, so that it is seen with them

    def _on_switched(self, key: str) -> None:
        self._is_rate_in_front = key == "rate"
        self._arrange()
        shown = self._switches[1 if self._is_rate_in_front else 0]
        shown.button(key).setFocus()  # the one that was pressed is hidden now

    def _on_rate_toggled(self, on: bool) -> None:
        self._settings.setValue(RATE, on)
        self._is_rate_in_front &= on
        self._arrange()

    # ---- what is drawn

    def show_run(self) -> None:
        """Draw the shown run from its beginning."""
        self.look_at(None)
        for chart in self.all:
            chart.clear()
        self._fit_to_plan()
        self._expect()
        self._others = None
        self._name_run()
        past = self._training.past_steps
        for chart, values in zip(self.all, past[1:], strict=True):
            chart.add_steps(past.place, values)
        self._coming = []  # they are among the steps of the session
        self._add_steps(self._training.steps)
        self._show_epochs()
        self._show_others()
        self._fill_rate()

    def _shown_info(self) -> RunInfo | None:
        shown = self._training.shown_run
        return next((info for info in self._training.runs if info.number == shown), None)

    def _name_run(self) -> None:
        """Say what the shown run is called, and where it was continued."""
        shown, info = self._training.shown_run, self._shown_info()
        for chart in self.all:
            chart.set_name("" if shown is None else self._name(shown))
            chart.set_continued((info.restarted_after or None) if info is not None else None)

    def _on_runs(self) -> None:
        self._name_run()
        self._show_others()

    def _on_ended(self, *_: object) -> None:
        self._fit_to_plan()
        self._fill_rate()

    def _fill_rate(self) -> None:
        """Draw the learning rate of a run that has ended as it was, also between the steps that were told."""
        info = self._shown_info()
        is_live = self._is_live() and self._training.is_active
        if info is None or is_live or len(self.rate.steps()[0]) >= rate_curve.ENOUGH:
            return
        told = step_curve.read(info.folder)
        place, rate = rate_curve.filled(info.folder, told)
        if len(place) > len(told.place):
            self.rate.set_line(place, rate)

    def set_cursor(self, epoch: int | None) -> None:
        """Put all cross-hairs at the epoch that is being replayed."""
        for chart in self.all:
            chart.set_cursor(epoch)

    def look_at(self, view: tuple[float, float] | None) -> None:
        """Show the same epochs in all charts, from one place to another; None: the whole run."""
        for chart in self.all:
            chart.set_view(view)
        self.whole.setVisible(view is not None)

    def _on_hovered(self, place: float | None) -> None:
        for chart in self.all:
            if chart is not self.sender():
                chart.set_hover(place)

    def _on_smoothing(self, weight: float) -> None:
        self._settings.setValue(SMOOTHING, weight)
        for chart in (self.loss, self.accuracy):
            chart.set_smoothing(weight)

    def _planned(self) -> int:
        """Up to where there must be room: the plan of a run that is being trained, the end of one that has ended."""
        run = self._training.run
        if run is not None and self._is_live() and self._training.is_active:
            return run.epochs
        return max(1, len(self._training.epochs))

    def _fit_to_plan(self, *_: object) -> None:
        for chart in self.all:
            chart.set_planned(self._planned())
            if not self._training.is_active:
                chart.set_expected(math.nan)  # what has come is all there is

    def _expect(self) -> None:
        """Say how high the first numbers of a live run will be, so that no other run rules its axes until then."""
        run = self._training.run
        if run is None or not self._is_live() or not self._training.is_active:
            return
        self.loss.set_expected(math.log(max(2, len(run.classes))))  # of a network that knows nothing
        with suppress(EngineError):  # without it, the axis follows the rate
            self.rate.set_expected(read_run_spec(run.folder).recipe.learning_rate)

    def _is_live(self) -> bool:
        run = self._training.run
        return run is not None and self._training.shown_run in (None, run.run)

    def _on_batch(self, event: object) -> None:
        if self._is_live():
            self._coming.append(event)
            if not self._collected.isActive():
                self._collected.start()

    def _take_in(self) -> None:
        """Add the steps that came since the last time: together they take the window less than one by one."""
        coming, self._coming = self._coming, []
        self._add_steps(coming)

    def _add_steps(self, steps: Sequence) -> None:
        run = self._training.run
        if run is None or not steps:
            return
        x = [step_curve.place(event, run.steps_per_epoch) for event in steps]
        self.loss.add_steps(x, [event.loss for event in steps])
        self.accuracy.add_steps(x, [event.accuracy for event in steps])
        self.rate.add_steps(x, [event.learning_rate for event in steps])

    def _on_epoch(self, event: object) -> None:
        if not self._is_live():
            return
        self._take_in()
        drawn = self.loss.count()
        if len(self._training.epochs) != drawn + 1:
            self._show_epochs()
            return
        done = self._training.epochs[-1]
        self.loss.add_epoch(done.epoch, done.train_loss, done.validation_loss)
        self.accuracy.add_epoch(done.epoch, done.train_accuracy, done.validation_accuracy)
        self.rate.add_epoch(done.epoch, done.learning_rate)
        self._mark_best(done if history.is_better(done, self._best) else self._best)

    def _show_epochs(self) -> None:
        epochs = self._training.epochs
        x = [event.epoch for event in epochs]
        self.loss.set_epochs(x, [e.train_loss for e in epochs], [e.validation_loss for e in epochs])
        self.accuracy.set_epochs(x, [e.train_accuracy for e in epochs], [e.validation_accuracy for e in epochs])
        self.rate.set_epochs(x, [e.learning_rate for e in epochs], np.full(len(x), np.nan))
        self._mark_best(history.best_of(epochs))

    def _mark_best(self, best: object | None) -> None:
        self._best = best
        for chart in (self.loss, self.accuracy):
            chart.set_best(best.epoch if best is not None else None)

    # ---- other runs

    def compare_with(self, numbers: Sequence[int] | None) -> None:
        """Draw these runs dashed, `MOST_OTHERS` at most; None: the one that the words compare the shown one with."""
        self._compared = None if numbers is None else tuple(numbers)[:MOST_OTHERS]
        self._show_others()

    def compared(self) -> tuple[int, ...]:
        """Return the numbers of the runs that are drawn dashed, newest first."""
        return tuple(info.number for info in self._shown_others())

    def _shown_others(self) -> list[RunInfo]:
        others = [info for info in self._training.runs if info.number != self._training.shown_run and info.epochs_done]
        if self._compared is None:
            basis = compared_with(self._shown_info(), others)
            # The first run of all, or one whose basis was deleted: nothing is said of how it compares, and the newest
            # other run says at least how high is high.
            return [basis] if basis is not None else others[:1]
        return [info for info in others if info.number in self._compared][:MOST_OTHERS]

    def _show_others(self) -> None:
        """Draw other runs dashed, to compare."""
        found = self._shown_others()
        shown = tuple((info.number, info.epochs_done) for info in found)
        if shown == self._others:
            return  # runs change with each epoch of the live one; their files need not be read each time
        self._others = shown
        lines: dict[str, list[Line]] = {"loss": [], "accuracy": [], "rate": []}
        for info in found:
            told = history.read(info.folder)
            x, name = np.array([line.epoch for line in told], dtype=float), self._name(info.number)
            if not len(x):
                continue
            lines["loss"].append(Line(name, x, np.array([line.validation_loss for line in told])))
            lines["accuracy"].append(Line(name, x, np.array([line.validation_accuracy for line in told])))
            lines["rate"].append(self._rate_line(name, info, told))
        for chart, key in zip(self.all, lines, strict=True):
            chart.set_others(lines[key])
        self._show_legend()

    @staticmethod
    def _rate_line(name: str, info: RunInfo, told: Sequence[history.EpochLine]) -> Line:
        """The learning rate at the steps of another run that were kept, up to the end of its last epoch."""
        place, rate = rate_curve.filled(info.folder, step_curve.read(info.folder, len(told)))
        after = [line for line in told if not len(place) or line.epoch > place[-1]]
        return Line(
            name,
            np.concatenate([place, [line.epoch for line in after]]),
            np.concatenate([rate, [line.learning_rate for line in after]]),
        )

    def _name(self, number: int) -> str:
        return self.tr("run {number}").format(number=number)

    # ---- menu

    def _open_menu(self, chart: Curves, place: QPoint) -> None:
        self.menu.popup(chart.mapToGlobal(place))

    def _fill_menu(self) -> None:
        shown = self._training.shown_run
        others = [info.number for info in self._training.runs if info.number != shown and info.epochs_done]
        self.menu.offer_runs({number: self._name(number) for number in others}, self.compared())
        is_whole = self.loss.view() is None
        for action in (self.menu.farther, self.menu.whole):
            action.setEnabled(not is_whole)
        has_curves = bool(self._training.epochs) or self.loss.has_steps()
        for action in (self.menu.copy, self.menu.save_image, self.menu.save):
            action.setEnabled(has_curves)

    def image(self) -> QImage:
        """Return the charts as they are in view, for a report: see `gui.plots.report`."""
        self._take_in()
        shown = self._training.shown_run
        title = " · ".join(part for part in (self._project_name(), "" if shown is None else self._name(shown)) if part)
        parts = [Part(chart, share) for chart, share in zip(self.all, SHARES, strict=True)]
        keys = [(name, token, "dashed" if dashed else "line") for name, token, dashed in self.accuracy.named_lines()]
        if self._best is not None:
            keys.append((self.tr("best epoch {epoch}").format(epoch=self._best.epoch), "good", "dotted"))
        subtitle = self._looked_at()
        return report_image(title, subtitle, parts if self.menu.rate.isChecked() else parts[:2], keys)

    def _looked_at(self) -> str:
        """What makes the curves look other than the numbers are, in words."""
        others = ", ".join(self._name(number) for number in self.compared())
        parts = [self.tr("compared with the validation of {runs}").format(runs=others)] if others else []
        if self.smooth.weight():
            parts.append(self.tr("smoothed by {amount}").format(amount=f"{self.smooth.weight():g}"))
        return " · ".join(parts)

    def copy_picture(self) -> None:
        """Put an image of the charts for a report on the clipboard."""
        QGuiApplication.clipboard().setImage(self.image())
        self.told.emit(self.tr("The curves were copied as an image."))

    def _on_hovered_all(self, place: float | None) -> None:
        for chart in self.all:
            chart.set_hover(place)

    def _choose_file(self) -> None:
        self._save_as(self.tr("Tables (*.csv)"), ".csv", self.table)

    def _choose_image_file(self) -> None:
        self._save_as(self.tr("Images (*.png)"), ".png", lambda: png_bytes(self.image()))

    def _save_as(self, pattern: str, suffix: str, content: Callable[[], str | bytes]) -> None:
        shown = self._training.shown_run
        name = f"curves{suffix}" if shown is None else f"run_{shown}{suffix}"
        path = choose_new_file(self, self._settings, "curves", self.tr("Save the curves"), name, pattern)
        if path is None:
            return
        try:
            save_for_user(path, content())
        except EngineError as error:
            self.failed.emit(error)
        else:
            self.told.emit(self.tr("Saved as “{path}”.").format(path=path))

    def table(self) -> str:
        """Return the shown run, its steps, and the runs it is compared with as a table: text of a CSV file."""
        self._take_in()
        table = CurveTable()
        table.add_epochs(self._training.shown_run or 0, self._training.epochs)
        x, _ = self.loss.steps()
        table.add_steps(self._training.shown_run or 0, x, *(chart.steps()[1] for chart in self.all))
        for info in self._shown_others():
            table.add_epochs(info.number, history.read(info.folder))
        return table.text()
