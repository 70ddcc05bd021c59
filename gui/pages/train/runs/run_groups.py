"""The order of the list of runs: pinned ones first, and the trials of an experiment under a heading of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QToolButton, QWidget

from engine.train.experiments.store import Experiment
from engine.train.runs import RunInfo, pinned_first
from gui.pages.train.runs.run_words import experiment_in_words
from gui.theme import icon, theme
from gui.widgets.bars import number
from gui.widgets.panel import dim_label
from gui.widgets.two_lines import TwoLinesLabel

ORDERS = ("newest", "best")
"""How runs can be sorted: as they were begun, the newest first, or by their accuracy."""

CHEVRON = 12  # px


@dataclass(frozen=True)
class Group:
    """The heading over the runs of one experiment.

    Attributes:
        experiment: its number.
        title: what it asks.
        words: how far it is and what it has found, in words.
        runs: how many stand under it.
        is_open: whether they are seen.
    """

    experiment: int
    title: str
    words: str
    runs: int
    is_open: bool


Entry = RunInfo | Group
"""What a row of the list shows."""


def sorted_runs(runs: Sequence[RunInfo], order: str) -> tuple[RunInfo, ...]:
    """Return runs, given newest first, in one of `ORDERS`; pinned ones stand first in any, and those without a
    finished epoch last where the best are wanted."""
    if order == "best":
        runs = sorted(runs, key=lambda info: -1.0 if info.best_accuracy is None else info.best_accuracy, reverse=True)
    return pinned_first(runs)


def arranged(
    runs: Sequence[RunInfo], experiments: Sequence[Experiment], is_open: Callable[[Experiment], bool]
) -> tuple[Entry, ...]:
    """Put the runs of each experiment under a heading, which stands where the first of them would.

    A pinned run stands alone: it was pinned to be found at once.

    Args:
        runs: in the order of the list.
        experiments: those that are known; the runs of others have no heading.
        is_open: whether the runs of an experiment are seen.
    """
    known = {experiment.number: experiment for experiment in experiments}
    members: dict[int, list[RunInfo]] = {}
    for info in runs:
        if info.experiment in known and not info.is_pinned:
            members.setdefault(info.experiment, []).append(info)
    entries: list[Entry] = []
    for info in runs:
        of_it = members.get(info.experiment, ()) if not info.is_pinned else ()
        if not of_it:
            entries.append(info)
        elif info is of_it[0]:
            experiment = known[info.experiment]
            opened, words = is_open(experiment), experiment_in_words(experiment, brief=True)
            entries.append(Group(experiment.number, experiment.title, words, len(of_it), opened))
            entries += of_it if opened else ()
    return tuple(entries)


class GroupRow(QWidget):
    """The heading over the runs of one experiment, which shows or hides them."""

    toggled = Signal(int)  # number of the experiment
    shown = Signal(int)  # its table is wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._experiment = 0
        self.fold = QToolButton()
        self.fold.setProperty("fold", True)
        self.fold.clicked.connect(self._on_fold)
        self._title, self._words = TwoLinesLabel(), TwoLinesLabel()
        self._words.setProperty("dim", True)
        self._words.setProperty("small", True)
        self._count = dim_label(small=True)
        self._count.setIndent(theme().tokens.space)
        self.show_button = QPushButton(self.tr("show"))
        self.show_button.setProperty("link", True)
        self.show_button.setToolTip(self.tr("All its trials in a table"))
        self.show_button.clicked.connect(self._on_show)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(0)
        grid.setVerticalSpacing(1)
        top = Qt.AlignmentFlag.AlignTop  # beside the first line of two
        grid.addWidget(self.fold, 0, 0, top)
        grid.addWidget(self._title, 0, 1)
        grid.addWidget(self._count, 0, 2, top)
        grid.addWidget(self._words, 1, 1)
        grid.addWidget(self.show_button, 1, 2, top)
        grid.setColumnStretch(1, 1)

    def show_group(self, group: Group) -> str:
        """Show a heading; return all of it in words."""
        self._experiment = group.experiment
        one, many = self.tr("1 run"), self.tr("{count} runs")
        count = one if group.runs == 1 else many.format(count=number(group.runs))
        state = self.tr("open") if group.is_open else self.tr("closed")
        self._title.setText(group.title)
        self._words.setText(group.words)
        self._count.setText(count)
        self.fold.setIcon(icon("chevron-down" if group.is_open else "chevron-right"))
        self.fold.setIconSize(QSize(theme().px(CHEVRON), theme().px(CHEVRON)))
        self.fold.setFixedWidth(theme().px(CHEVRON) + 6)  # so that titles stand where the names of runs do
        self.fold.setObjectName(f"train.runs.experiment.{group.experiment}.fold")
        tell = self.tr("Hide the runs of {title}") if group.is_open else self.tr("Show the runs of {title}")
        self.fold.setAccessibleName(tell.format(title=group.title))
        self.show_button.setObjectName(f"train.runs.experiment.{group.experiment}.show")
        self.show_button.setAccessibleName(self.tr("Show the trials of {title}").format(title=group.title))
        return ", ".join((group.title, group.words, count, state))

    def height_in(self, width: int) -> int:
        """Return how high it wants to be in a width, both in px."""
        layout = self.layout()
        layout.activate()
        return layout.totalHeightForWidth(width)

    def _on_fold(self) -> None:
        self.toggled.emit(self._experiment)

    def _on_show(self) -> None:
        self.shown.emit(self._experiment)
