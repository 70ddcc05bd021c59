"""What an experiment has found: its trials in a table, what they say together, and their curves as a band."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.errors import EngineError
from engine.train.changes import uncapitalised
from engine.train.experiments.results import Results, Tried, band, results_of, tried
from engine.train.experiments.store import Experiment, Trial, experiments_folder, read_experiment
from gui.pages.train.experiments.band_chart import BandChart
from gui.pages.train.experiments.score_chart import DotsChart
from gui.pages.train.runs.deleting import wants_to_delete
from gui.studio.experiment_words import halving_in_words
from gui.theme import theme
from gui.widgets.bars import percent
from gui.widgets.panel import dim_label, text_label

WIDTH, HEIGHT = 760, 620  # px at 100 % text size
REMOVE = 5
"""The column with a button in each line of a queue that waits."""

LEAST_TABLE = 190  # px at 100 % text size: what a table of many trials keeps where the window is low
NAME = Qt.ItemDataRole.UserRole + 1
"""Where an item keeps the name of its trial."""


class _Cell(QTableWidgetItem):
    """An item that is sorted by what it is worth, not by its letters."""

    def __init__(self, text: str, worth: float | str) -> None:
        super().__init__(text)
        self._worth = worth

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return self._worth < other._worth


class ExperimentDialog(QDialog):
    """One experiment of the open project, live while it is being worked on."""

    def __init__(self, studio: object, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._number = studio, number
        self.setObjectName("experiment")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.summary = text_label(wrap=True, title=True)
        self.summary.setObjectName("experiment.summary")
        self.more = dim_label(wrap=True)
        self.caption = dim_label(wrap=True, small=True)
        self.caption.setObjectName("experiment.caption")
        self.chart, self.dots = BandChart(), DotsChart()
        self.dots.picked.connect(self._choose_trial)
        self.table = QTableWidget(0, 6)
        self._prepare_table()
        self.clear_button = QPushButton(self.tr("Remove all that wait"))
        self.clear_button.setObjectName("experiment.clear")
        self.clear_button.setAccessibleName(self.tr("Remove all that wait from the queue"))
        self.clear_button.clicked.connect(self._remove_all)
        self.open_button = QPushButton(self.tr("Open the best network"))
        self.open_button.setObjectName("experiment.open")
        self.open_button.setAccessibleName(self.open_button.text())
        self.open_button.clicked.connect(self._open_best)
        self.delete_button = QPushButton(self.tr("Delete"))
        self.delete_button.setObjectName("experiment.delete")
        self.delete_button.setAccessibleName(self.tr("Delete this experiment and its runs"))
        self.delete_button.setToolTip(self.tr("Put the experiment and all its runs into the trash"))
        self.delete_button.clicked.connect(self._delete)
        self._lay_out()
        studio.closing.connect(self.reject)
        studio.document.replaced.connect(self.reject)
        studio.experiments.changed.connect(self.update_now)
        self.resize(theme().px(WIDTH), self.height())  # first: in less width its words would ask for more height
        self.update_now()
        self.resize(theme().px(WIDTH), self._usual_height())

    def _prepare_table(self) -> None:
        table = self.table
        table.setObjectName("experiment.trials")
        table.setAccessibleName(self.tr("Trials"))
        titles = [self.tr("Trial"), self.tr("Run"), self.tr("Epochs"), self.tr("Accuracy"), self.tr("State"), ""]
        table.setHorizontalHeaderLabels(titles)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(REMOVE, QHeaderView.ResizeMode.Fixed)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # as they were planned, until a heading is clicked
        table.setSortingEnabled(True)
        table.activated.connect(self._show_run)
        table.setToolTip(self.tr("Double-click a trial to look at its run"))
        remove = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), table)
        remove.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        remove.activated.connect(self._remove_chosen)

    def _lay_out(self) -> None:
        tokens = theme().tokens
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*[2 * tokens.space] * 4)
        outer.setSpacing(tokens.space)
        for widget in (self.summary, self.more):
            outer.addWidget(widget)
        outer.addWidget(self.caption)
        for widget in (self.chart, self.dots):
            outer.addWidget(widget, 2)
        outer.addWidget(self.table, 3)
        outer.addStretch(0)  # where there is no chart, the table is still no higher than its rows
        buttons = QDialogButtonBox()
        buttons.addButton(self.open_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.delete_button, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.addButton(self.clear_button, QDialogButtonBox.ButtonRole.ResetRole)
        close = buttons.addButton(self.tr("Close"), QDialogButtonBox.ButtonRole.AcceptRole)
        close.setObjectName("experiment.close")
        close.clicked.connect(self.accept)
        outer.addWidget(buttons)

    # ---- what is shown

    def update_now(self) -> None:
        """Read the experiment anew."""
        path = self._studio.document.path
        if not (experiments_folder(path) / f"{self._number:04d}").exists():
            self.reject()  # deleted, here or in another window
            return
        try:
            experiment = read_experiment(path, self._number)
        except EngineError as error:
            self._studio.failed.emit(error)
            return
        found = results_of(experiment)
        self._best = found.best
        self.setWindowTitle(experiment.title)
        self.setAccessibleName(experiment.title)
        self.summary.setText(found.in_words())
        self.more.setText("\n".join(part for part in (self._halving(experiment), self._honest(found)) if part))
        self.more.setVisible(bool(self.more.text()))
        self._waiting = self._waiting_in(experiment)
        self._show_trials(experiment, found)
        self.clear_button.setVisible(len(self._waiting) > 1)
        self._show_charts(experiment)
        self.delete_button.setEnabled(experiment.state != "running")
        self.open_button.setVisible(experiment.kind == "search" and found.best is not None)
        self._keep_room()

    def _show_charts(self, experiment: Experiment) -> None:
        shown = band(experiment, "validation_accuracy") if experiment.kind in ("folds", "seeds") else None
        values = tried(experiment)
        words = ""
        if shown is not None:
            self.chart.show_band(shown)
            words = self.tr(
                "Validation accuracy over the epochs: the line is the mean of {count} runs, the band around it one "
                "standard deviation to each side."
            ).format(count=shown.runs)
            if (left := int(shown.counts[-1])) < shown.runs:
                more = self.tr("Not all are in it to the end: {left} of them came to epoch {epoch}.")
                words += " " + more.format(left=left, epoch=int(shown.epochs[-1]))
        elif values is not None:
            self.dots.show_tried(values)
            words = (
                self.tr("Validation accuracy of each trial over {setting}, on a logarithmic scale.")
                if values.is_logarithmic
                else self.tr("Validation accuracy of each trial over {setting}.")
            ).format(setting=uncapitalised(values.label))
            words += self._of_dots(values) + self._of_rings(experiment, values.trials)
        self.caption.setText(words)
        self.caption.setVisible(bool(words))
        self.chart.setVisible(shown is not None)
        self.dots.setVisible(shown is None and values is not None)

    @staticmethod
    def _halving(experiment: Experiment) -> str:
        """What successive halving does; empty of other experiments, and where it gives nothing up."""
        rungs = experiment.rungs
        return halving_in_words(len(experiment.trials), rungs, experiment.factor) if len(rungs) > 1 else ""

    def _of_dots(self, values: Tried) -> str:
        """What their colours stand for; begins with a space."""
        if len(values.trials) < 2:
            return ""
        states = {trial.state for place, trial in enumerate(values.trials) if place != values.best}
        words = self.tr("The green one is the best.")
        if states - {"dropped", "failed"}:
            words = self.tr("The green one is the best, orange ones are the others.")
        return f" {words}"

    def _of_rings(self, experiment: Experiment, shown: tuple[Trial, ...]) -> str:
        """What rings stand for, and whose dots are missing; begins with a space where there is something to say."""
        states = {trial.state for trial in shown}
        words = ""
        if {"dropped", "failed"} <= states:
            words = " " + self.tr("Rings were given up early or failed later.")
        elif "dropped" in states:
            words = " " + self.tr("Rings were given up early.")
        elif "failed" in states:
            words = " " + self.tr("Rings failed later.")
        missing = sum(trial.state == "failed" and trial.accuracy is None for trial in experiment.trials)
        if missing == 1:
            words += " " + self.tr("One trial failed before it had an accuracy; it has no dot.")
        elif missing:
            words += " " + self.tr("{count} trials failed before they had an accuracy; they have no dot.")
        return words.format(count=missing)

    def _honest(self, found: Results) -> str:
        """What the number does not say by itself."""
        if found.kind == "search" and found.best is not None:
            return self.tr(
                "The best of many was chosen by the same images that measure it, so it looks a little better than it "
                "is. The test images say how good it really is."
            )
        if found.last_mean is None:
            return ""
        words = self.tr("Accuracy of the best epochs on images for validation. After the last epochs: {mean}{spread}.")
        if found.deviation is not None:
            over = self.tr("folds") if found.kind == "folds" else self.tr("seeds")
            words += " " + self.tr("What follows ± is one standard deviation over the {parts}.").format(parts=over)
        if found.failed:
            words += " " + self.tr(
                "Trials that failed have no accuracy and are left out: the numbers are those of the others only, and "
                "look better than the settings are."
            )
        spread = "" if found.last_deviation is None else self.tr(" ± {points} points")
        figure = f"{100 * (found.last_deviation or 0):.1f}"
        return words.format(mean=percent(found.last_mean), spread=spread.format(points=figure))

    @staticmethod
    def _waiting_in(experiment: Experiment) -> tuple[str, ...]:
        """The names of the trials of a queue that can be taken out of it; empty of any other experiment."""
        waiting = (trial.name for trial in experiment.trials if trial.state == "waiting")
        return tuple(waiting) if experiment.kind == "queue" else ()

    def _show_trials(self, experiment: Experiment, found: Results) -> None:
        chosen = self._chosen()
        self.table.setSortingEnabled(False)  # a row would move away while it is being filled
        self.table.setRowCount(len(experiment.trials))
        for row, trial in enumerate(experiment.trials):
            state = self._state(experiment, trial)
            cells = (
                (trial.label, row),
                ("" if trial.run is None else str(trial.run), trial.run or 0),
                (str(trial.epochs or ""), trial.epochs),
                ("" if trial.accuracy is None else percent(trial.accuracy), trial.accuracy or 0.0),
                (state, state),
            )
            is_best = found.best is not None and trial.name == found.best.name and experiment.kind == "search"
            for column, (text, worth) in enumerate(cells):
                item = _Cell(text, worth)
                item.setToolTip(trial.reason or text)
                item.setData(Qt.ItemDataRole.UserRole, trial.run)
                item.setData(NAME, trial.name)
                if is_best:
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                if column in (1, 2, 3):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
            self._offer_removal(row, trial)
        self.table.setColumnHidden(REMOVE, not self._waiting)
        self._fit_removal()
        self.table.setSortingEnabled(True)
        if chosen != self._chosen():
            self._choose_trial(chosen)
        self._fit_table()

    def _offer_removal(self, row: int, trial: Trial) -> None:
        """Put a button into the line of a trial that can be taken out of the queue; the one that is there stays."""
        name = f"experiment.remove.{trial.name}" if trial.name in self._waiting else ""
        holder = self.table.cellWidget(row, REMOVE)
        if (holder.objectName() if holder is not None else "") == name:
            return
        self.table.removeCellWidget(row, REMOVE)
        if name:
            button = QPushButton(self.tr("remove"))
            button.setObjectName(name)
            button.setAccessibleName(self.tr("Remove {label} from the queue").format(label=trial.label))
            button.setProperty("link", True)
            button.setAutoDefault(False)
            button.clicked.connect(partial(self._remove, (trial.name,)))
            self.table.setCellWidget(row, REMOVE, button)

    def _fit_removal(self) -> None:
        """Make its column as wide as its buttons, which a table does not look at."""
        holders = (self.table.cellWidget(row, REMOVE) for row in range(self.table.rowCount()))
        widths = [holder.sizeHint().width() for holder in holders if holder is not None]
        if widths:
            self.table.setColumnWidth(REMOVE, max(widths) + 2 * theme().tokens.space)

    def _chosen(self) -> str:
        """The name of the trial in the line that is chosen; empty where there is none."""
        item = self.table.item(self.table.currentRow(), 0)
        return item.data(NAME) if item is not None and item.isSelected() else ""

    def _fit_table(self) -> None:
        """Let the table be as high as its rows, and scroll where there are many."""
        table = self.table
        whole = table.verticalHeader().length() + table.horizontalHeader().sizeHint().height() + 2 * table.frameWidth()
        table.setMaximumHeight(whole + 2)
        table.setMinimumHeight(min(whole + 2, theme().px(LEAST_TABLE)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_room()

    def _keep_room(self) -> None:
        """Let it be no lower than its words, a narrow one needs more lines, so that nothing lies over another thing."""
        self.setMinimumHeight(min(theme().px(HEIGHT), self.layout().minimumHeightForWidth(self.width())))

    def _usual_height(self) -> int:
        """How high it opens, in px: without a chart, no higher than what it has to say."""
        most, layout, table = theme().px(HEIGHT), self.layout(), self.table
        if self.caption.text():
            return most
        layout.activate()
        rest = layout.totalHeightForWidth(theme().px(WIDTH)) - min(table.sizeHint().height(), table.maximumHeight())
        return min(most, rest + table.maximumHeight())

    def _choose_trial(self, name: str) -> None:
        for row in range(self.table.rowCount()):
            if self.table.item(row, 0).data(NAME) == name:
                self.table.selectRow(row)

    def _state(self, experiment: Experiment, trial: Trial) -> str:
        begun = {"running": self.tr("in training"), "stopped": self.tr("stopped")}
        words = {
            "waiting": self.tr("waiting"),
            "running": begun.get(experiment.state, self.tr("interrupted")),
            "judged": self.tr("waits for others"),
            "finished": self.tr("finished"),
            "dropped": self.tr("given up"),
            "failed": self.tr("failed"),
        }
        return words.get(trial.state, trial.state)

    # ---- what is done

    def _remove(self, names: Sequence[str]) -> None:
        """Take trials out of the queue; the keys then act on the line that has come into the place of the first."""
        rows = [row for row in range(self.table.rowCount()) if self.table.item(row, 0).data(NAME) in names]
        self._studio.experiments.remove_from_queue(self._number, names)
        if self.table.rowCount():
            self.table.selectRow(min(min(rows, default=0), self.table.rowCount() - 1))
        self.table.setFocus()

    def _remove_chosen(self) -> None:
        if self._chosen() in self._waiting:
            self._remove((self._chosen(),))

    def _remove_all(self) -> None:
        self._remove(self._waiting)

    def _show_run(self, index: QModelIndex) -> None:
        run = index.data(Qt.ItemDataRole.UserRole)
        if run is not None and any(info.number == run for info in self._studio.training.runs):
            self._studio.training.show_run(run)
            self.accept()

    def _delete(self) -> None:
        experiments = self._studio.experiments
        if not experiments.delete_experiment(self._number):
            question = self.tr("Delete “{title}” and all its runs for good?").format(title=self.windowTitle())
            if not wants_to_delete(self._studio, question, self):
                return
            experiments.delete_experiment_for_good(self._number)
        self.accept()

    def _open_best(self) -> None:
        if self._best is not None and self._best.run is not None:
            self._studio.experiments.open_network(self._best.run)
            self.accept()
