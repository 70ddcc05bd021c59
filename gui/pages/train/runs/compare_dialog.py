"""Two runs side by side: which is better and how sure that is, what is different, and where they disagree."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import QMargins, QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.data.index import Index
from engine.errors import EngineError
from engine.train import history
from engine.train.changes import Change, changes_between
from engine.train.compare import Comparison, StoredAnswers, compare, numbers_in, stored_answers
from engine.train.runs import RunInfo, read_run_spec
from gui.pages.shared.background import LatestAnswer
from gui.pages.train.runs.run_words import lengths_in_words
from gui.pictures import Answers, PictureView, answers_from
from gui.plots import Curves, Line
from gui.plots.legend import LegendKey
from gui.theme import restyle, theme
from gui.widgets.bars import number, percent
from gui.widgets.fields import ComboBox
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.panel import Panel, dim_label, heading, text_label
from gui.widgets.segmented import Segmented

WIDTH, HEIGHT = 1080, 700  # px at 100 % text size
SIDE_WIDTH = 330  # px
MARGIN = 16  # px that are left of the window behind
TILE = 132  # px


class Look:
    """All that two runs have to say about each other, read from their files off the window's thread."""

    def __init__(self, first: RunInfo, second: RunInfo, index: Index | None):
        self.lines = tuple(history.read(info.folder) for info in (first, second))
        self.changes: tuple[Change, ...] = ()
        self.problem: EngineError | None = None
        self.found: Comparison | None = None
        self.answers: tuple[StoredAnswers, StoredAnswers] | None = None
        self.numbers = np.zeros(0, dtype=np.int64)
        self.index = index
        try:
            self.changes = changes_between(read_run_spec(first.folder), read_run_spec(second.folder))
            self.answers = stored_answers(first), stored_answers(second)
            self.found = compare(*self.answers)
            if index is not None:
                self.numbers = numbers_in(index, self.found.paths)
            self.verdict = self.found.verdict_in_words()
        except EngineError as error:
            self.problem = error

    def shown(self, side: int) -> tuple[np.ndarray, Answers | None]:
        """(n,) picture numbers of the images that only one run gets right (0: the first), with what the other says."""
        if self.found is None or self.index is None or self.answers is None:
            return np.zeros(0, dtype=np.int64), None
        places = (self.found.only_first, self.found.only_second)[side]
        places = places[self.numbers[places] >= 0]
        other = self.answers[1 - side]
        rows = self.found.rows[1 - side][places]
        known = {name: place for place, name in enumerate(other.classes)}
        labels = np.array([known.get(other.labels[row], -1) for row in rows], dtype=np.int64)
        return self.numbers[places], answers_from(other.classes, other.probabilities[rows], labels)


class CompareDialog(QDialog):
    """Compares two runs of the open project; others can be chosen in it."""

    def __init__(self, studio: object, first: int, second: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._training = studio, studio.training
        self._side = 0
        self._look: Look | None = None
        self.setObjectName("compare")
        self.setWindowTitle(self.tr("Compare two runs"))
        self.setAccessibleName(self.windowTitle())
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._answers = LatestAnswer(self)
        self._answers.answered.connect(self._show_look)
        self._answers.failed.connect(studio.failed)
        self.first, self.second = (self._run_box(name) for name in ("first", "second"))
        self._make_parts()
        self._lay_out()
        self._fill(first, second)
        studio.closing.connect(self.reject)
        studio.document.replaced.connect(self.reject)
        self.finished.connect(self._answers.forget)
        behind = parent.window().size() if parent is not None else self.screen().availableSize()
        room = behind.shrunkBy(QMargins(*[MARGIN] * 4))
        self.resize(QSize(theme().px(WIDTH), theme().px(HEIGHT)).boundedTo(room))
        self._ask()

    def is_busy(self) -> bool:
        """Whether what is shown is still going to change."""
        return self._answers.is_busy

    def _run_box(self, name: str) -> ComboBox:
        box = ComboBox()
        box.setObjectName(f"compare.{name}")
        box.setAccessibleName(self.tr("First run") if name == "first" else self.tr("Second run"))
        return box

    def _make_parts(self) -> None:
        self.headline = text_label(wrap=True, title=True)
        self.headline.setObjectName("compare.headline")
        self.verdict = dim_label(wrap=True)
        self.verdict.setObjectName("compare.verdict")
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.lengths = dim_label(wrap=True)
        self.lengths.setObjectName("compare.lengths")
        self.differences = QTableWidget(0, 3)
        self.differences.setObjectName("compare.settings")
        self.differences.setAccessibleName(self.tr("Settings that differ"))
        self.differences.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.differences.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.differences.setWordWrap(True)
        self.differences.verticalHeader().hide()
        self.differences.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.same = dim_label(wrap=True)
        self.same.setObjectName("compare.same")
        self.loss = Curves(self.tr("Loss"), legend=False)
        self.loss.setObjectName("compare.loss")
        self.accuracy = Curves(self.tr("Accuracy"), percent=True, legend=False)
        self.accuracy.setObjectName("compare.accuracy")
        self.legend = QWidget()
        self._keys = FlowLayout(self.legend, spacing=theme().tokens.space_large, line_spacing=2)
        self.sides = Segmented()
        self.sides.setAccessibleName(self.tr("Which images"))
        for side in ("first", "second"):
            self.sides.add(side, "–").setObjectName(f"compare.only_{side}")
        self.sides.chosen.connect(self._on_side)
        self.whose = dim_label(wrap=True, small=True)
        self.whose.setObjectName("compare.whose")
        self.grid = PictureView(tile=TILE, caption=True, whole=True)
        self.grid.setObjectName("compare.grid")
        self.grid.setAccessibleName(self.tr("Images that one run gets right and the other wrong"))

    def _lay_out(self) -> None:
        tokens = theme().tokens
        choice = QGridLayout()
        choice.setHorizontalSpacing(tokens.space)
        for place, (box, words) in enumerate(((self.first, self.tr("First")), (self.second, self.tr("Second")))):
            label = dim_label(words)
            label.setBuddy(box)
            choice.addWidget(label, place, 0)
            choice.addWidget(box, place, 1)
        choice.setColumnStretch(1, 1)
        side = QWidget()
        side.setFixedWidth(theme().px(SIDE_WIDTH))
        left = QVBoxLayout(side)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(tokens.space)
        left.addLayout(choice)
        left.addSpacing(tokens.space_small)
        left.addWidget(self.headline)
        left.addWidget(self.lengths)
        left.addWidget(self.verdict)
        left.addSpacing(tokens.space_small)
        left.addWidget(heading(self.tr("Settings that differ")))
        left.addWidget(self.same)
        left.addWidget(self.differences, 1)
        left.addStretch(0)
        charts = QHBoxLayout()
        charts.setSpacing(tokens.space_large)
        for chart in (self.loss, self.accuracy):
            charts.addWidget(chart, 1)
        pictures = Panel(self.tr("Where they disagree"))
        pictures.add_beside_title(self.sides)
        pictures.body.addWidget(self.whose)
        pictures.body.addWidget(self.grid, 1)
        right = QVBoxLayout()
        right.setSpacing(tokens.space_large)
        curves = QVBoxLayout()
        curves.setSpacing(tokens.space)
        curves.addLayout(charts, 1)
        curves.addWidget(self.legend)
        right.addLayout(curves, 2)
        right.addWidget(pictures, 3)
        across = QHBoxLayout()
        across.setSpacing(tokens.space_large)
        across.addWidget(side)
        across.addLayout(right, 1)
        buttons = QDialogButtonBox()
        close = buttons.addButton(self.tr("Close"), QDialogButtonBox.ButtonRole.AcceptRole)
        close.setObjectName("compare.close")
        close.clicked.connect(self.accept)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*[tokens.space_large] * 4)
        outer.setSpacing(tokens.space_large)
        outer.addLayout(across, 1)
        outer.addWidget(buttons)

    # ---- which runs

    def _fill(self, first: int, second: int) -> None:
        for box, wanted in ((self.first, first), (self.second, second)):
            for info in self._training.runs:
                if info.epochs_done:
                    score = "" if info.best_accuracy is None else percent(info.best_accuracy)
                    words = self.tr("run {number} · {network} · {score}")
                    named = words.format(number=info.number, network=info.label or info.network, score=score)
                    box.addItem(named, info.number)
            box.setCurrentIndex(box.findData(wanted))
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # long names are cut
            box.currentIndexChanged.connect(self._ask)

    def _infos(self) -> tuple[RunInfo | None, RunInfo | None]:
        known = {info.number: info for info in self._training.runs}
        return known.get(self.first.currentData()), known.get(self.second.currentData())

    def _ask(self) -> None:
        first, second = self._infos()
        if first is None or second is None:
            return
        same = self.tr("Both have the same settings.")
        other = self.tr("Both have the same settings, but were not trained for as many epochs.")
        self.lengths.setText(lengths_in_words(first, second))
        self.lengths.setVisible(bool(self.lengths.text()) and first.number != second.number)
        self.same.setText(same if first.epochs_done == second.epochs_done else other)
        if first.number == second.number:
            self._answers.forget()
            self._show_problem(self.tr("Choose two different runs."))
            return
        index = self._studio.data.index
        self._answers.ask(self._work(first, second, index))

    @staticmethod
    def _work(first: RunInfo, second: RunInfo, index: Index | None) -> Callable[[], Look]:
        return partial(Look, first, second, index)

    # ---- what is shown

    def _show_look(self, look: Look) -> None:
        self._look = look
        first, second = self.first.currentData(), self.second.currentData()
        if look.problem is not None:
            error = look.problem
            self._show_problem(" ".join(part for part in (error.what, error.why, error.fix) if part))
        else:
            self.verdict.setText(look.verdict)
            self._show_headline(look.found)
        self._show_curves(look, first, second)
        self._show_changes(look.changes, first, second)
        self._show_sides(look.found, first, second)
        self._show_pictures()

    def _show_headline(self, found: Comparison) -> None:
        difference = found.gain()[0]
        better = found.second if difference > 0 else found.first
        sure, unsure = self.tr("Run {run} is better"), self.tr("Not sure which is better")
        self.headline.setText(sure.format(run=better) if found.is_sure else unsure)
        restyle(self.headline, tone="good" if found.is_sure else "")
        self.headline.show()

    def _show_problem(self, sentence: str) -> None:
        self.verdict.setText(sentence)
        self.headline.hide()

    def _show_changes(self, changes: tuple[Change, ...], first: int, second: int) -> None:
        self.same.setVisible(not changes)
        self.differences.setVisible(bool(changes))
        names = (self.tr("run {number}").format(number=run) for run in (first, second))
        self.differences.setHorizontalHeaderLabels([self.tr("Setting"), *names])
        self.differences.setRowCount(len(changes))
        for row, change in enumerate(changes):
            values = (change.before, change.after) if change.before or change.after else ("", self.tr("changed"))
            for column, text in enumerate((change.label, *values)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.differences.setItem(row, column, item)
        self.differences.resizeRowsToContents()

    def _show_curves(self, look: Look, first: int, second: int) -> None:
        mine, others = look.lines
        titles = (self.tr("Loss of run {number}"), self.tr("Accuracy of run {number}"))
        for chart, name, title in zip((self.loss, self.accuracy), ("loss", "accuracy"), titles, strict=True):
            chart.clear()
            chart.set_title(title.format(number=first))
            chart.set_planned(max(len(mine), len(others), 1))
            x = [line.epoch for line in mine]
            train, validation = ([getattr(line, f"{part}_{name}") for line in mine] for part in ("train", "validation"))
            chart.set_epochs(x, train, validation)
            theirs = np.array([[line.epoch, getattr(line, f"validation_{name}")] for line in others]).reshape(-1, 2)
            words = self.tr("run {number}").format(number=second)
            chart.set_others([Line(words, theirs[:, 0], theirs[:, 1])])
        if look.answers is not None:  # of a network that knows nothing: an epoch may have exploded before it was told
            self.loss.set_expected(math.log(max(2, len(look.answers[0].classes))))
        self._show_legend(first, second)

    def _show_legend(self, first: int, second: int) -> None:
        while self._keys.count():
            key = self._keys.takeAt(0).widget()
            key.hide()
            key.deleteLater()
        (train, validation, other), words = self.accuracy.named_lines(), self.tr("run {number}, {part}")
        for run, (_, token, dashed), part in (
            (first, train, train[0]),
            (first, validation, validation[0]),
            (second, other, validation[0]),
        ):
            self._keys.addWidget(LegendKey(words.format(number=run, part=part), token, dashed=dashed, small=True))

    def _show_sides(self, found: Comparison | None, first: int, second: int) -> None:
        counts = (0, 0) if found is None else (len(found.only_first), len(found.only_second))
        words = self.tr("only run {run} right ({count})")
        for side, run, count in zip(("first", "second"), (first, second), counts, strict=True):
            self.sides.set_label(side, words.format(run=run, count=number(count)))
        if not counts[self._side] and counts[1 - self._side]:
            self._side = 1 - self._side
        self.sides.set_current(("first", "second")[self._side])

    def _on_side(self, key: str) -> None:
        self._side = 0 if key == "first" else 1
        self._show_pictures()

    def _show_pictures(self) -> None:
        numbers, answers = (np.zeros(0, dtype=np.int64), None) if self._look is None else self._look.shown(self._side)
        index = self._look.index if self._look is not None else None
        self.grid.set_pictures(index, numbers, answers)
        runs = self.first.currentData(), self.second.currentData()
        run, other = runs if self._side == 0 else reversed(runs)
        whose = self.tr("Run {run} gets these right. What is shown are the wrong answers of run {other}.")
        self.whose.setText(whose.format(run=run, other=other))
        self.whose.setVisible(len(numbers) > 0)
        nothing = self.tr("There is no image that only run {run} gets right.").format(run=run)
        self.grid.set_placeholder(nothing)
