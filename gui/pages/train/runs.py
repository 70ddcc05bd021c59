"""The runs of the project, newest first."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QToolTip,
    QWidget,
)

from engine.errors import EngineError
from engine.train.optimizers import OPTIMIZERS
from engine.train.runs import RunInfo, read_run_spec
from gui.theme import theme
from gui.widgets.bars import number, percent
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import text_label

ITEM_PADDING = 12  # px above and below together that the style sheet gives the items of a list, and a little air
MOST_SHOWN = 5  # rows before the list scrolls by itself
TOKENS = {"running": "accent", "interrupted": "validation", "stopped": "faint", "failed": "bad", "finished": "good"}


def state_in_words(info: RunInfo, *, is_paused: bool = False) -> str:
    """Return what became of a run: "finished · 30 epochs", "interrupted · 9 of 30 epochs"."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Runs", text)

    sentences = {
        "running": tr("training · {done} of {all} epochs done"),
        "paused": tr("paused · {done} of {all} epochs done"),
        "finished": tr("finished · {done} epochs"),
        "stopped": tr("stopped · {done} of {all} epochs"),
        "interrupted": tr("interrupted · {done} of {all} epochs"),
        "failed": tr("failed · {done} of {all} epochs"),
    }
    state = "paused" if is_paused else info.state
    return sentences.get(state, state).format(done=number(info.epochs_done), all=number(info.epochs))


def recipe_in_words(info: RunInfo) -> str:
    """Return what a run was trained with, line by line, read from its files; empty where they cannot be read."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Runs", text)

    try:
        recipe = read_run_spec(info.folder).recipe
    except EngineError:
        return ""
    kind = recipe.optimizer.kind
    lines = (
        tr("{count} epochs").format(count=number(recipe.epochs)),
        tr("batch size {size}").format(size=number(recipe.batch_size)),
        OPTIMIZERS[kind].title if kind in OPTIMIZERS else kind,
        tr("learning rate {rate}").format(rate=f"{recipe.learning_rate:g}"),
        tr("{count} parameters").format(count=number(info.parameters)),
    )
    return "\n".join(lines)


class _Dot(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._token = "faint"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_token(self, token: str) -> None:
        self._token = token
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(10), theme().px(10))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(self._token))
        painter.drawEllipse(QRectF(self.rect()).adjusted(1, 1, -1, -1))


class RunRow(QWidget):
    """One run."""

    resume_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = 0
        self._dot = _Dot()
        self._name = text_label(strong=True)
        self._network = ElidedLabel()
        self._network.setProperty("dim", True)
        self._score = text_label(strong=True)
        self._state = ElidedLabel()
        self._state.setProperty("dim", True)
        self._state.setProperty("small", True)
        self.resume = QPushButton(self.tr("resume"))
        self.resume.setProperty("link", True)
        self.resume.clicked.connect(self._on_resume)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        grid.addWidget(self._dot, 0, 0)
        grid.addWidget(self._name, 0, 1)
        grid.addWidget(self._network, 0, 2)
        grid.addWidget(self._score, 0, 3, Qt.AlignmentFlag.AlignRight)
        below = QHBoxLayout()
        below.addWidget(self._state, 1)
        below.addWidget(self.resume)
        grid.addLayout(below, 1, 1, 1, 3)
        grid.setColumnStretch(2, 1)

    def show_run(self, info: RunInfo, *, can_resume: bool, is_paused: bool) -> str:
        """Show a run; return all of it in words."""
        self._number = info.number
        self._dot.set_token(TOKENS.get(info.state, "faint"))
        self._name.setText(self.tr("run {number}").format(number=info.number))
        self._network.setText(info.network)
        self._score.setText("" if info.best_accuracy is None else percent(info.best_accuracy))
        self._state.setText(state_in_words(info, is_paused=is_paused))
        self._state.setToolTip(info.reason if info.state == "failed" else self._state.toolTip())
        self.resume.setVisible(can_resume)
        self.resume.setObjectName(f"train.resume.{info.number}")
        self.resume.setAccessibleName(self.tr("Resume run {number}").format(number=info.number))
        parts = (self._name.text(), info.network, self._score.text(), self._state.text())
        return ", ".join(part for part in parts if part)

    def _on_resume(self) -> None:
        self.resume_wanted.emit(self._number)


class RunList(QListWidget):
    """All runs; choosing one shows its curves and pictures."""

    def __init__(self, training: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.setObjectName("train.runs")
        self.setAccessibleName(self.tr("Runs"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        training.runs_changed.connect(self.update_runs)
        training.state_changed.connect(self.update_runs)
        training.shown_changed.connect(self._select_shown)
        theme().changed.connect(self.update_runs)
        self.currentItemChanged.connect(self._on_current)
        self.update_runs()

    def update_runs(self) -> None:
        """Read the runs anew."""
        runs = self._training.runs
        self.blockSignals(True)
        while self.count() > len(runs):
            self.takeItem(self.count() - 1)
        while self.count() < len(runs):
            item = QListWidgetItem()
            self.addItem(item)
            row = RunRow()
            row.resume_wanted.connect(self._on_resume)
            self.setItemWidget(item, row)
        idle, live = self._training.state == "idle", self._training.run
        for place, info in enumerate(runs):
            item = self.item(place)
            row = self.itemWidget(item)
            is_paused = self._training.state == "paused" and live is not None and live.run == info.number
            words = row.show_run(info, can_resume=idle and info.can_resume, is_paused=is_paused)
            item.setData(Qt.ItemDataRole.UserRole, info.number)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
            item.setSizeHint(QSize(0, row.sizeHint().height() + ITEM_PADDING))
        self.blockSignals(False)
        self._select_shown()
        self.updateGeometry()

    def _select_shown(self) -> None:
        self.blockSignals(True)
        for place, info in enumerate(self._training.runs):
            if info.number == self._training.shown_run and place < self.count():
                self.setCurrentRow(place)
        self.blockSignals(False)
        self.viewport().update()

    def _on_current(self, item: QListWidgetItem | None, before: QListWidgetItem | None) -> None:
        number = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if number is not None and number != self._training.shown_run:
            self._training.show_run(number)

    def _on_resume(self, number: int) -> None:
        self._training.resume_run(number)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tool_tip_at(event.pos()), self)
            return True
        return super().viewportEvent(event)

    def tool_tip_at(self, place: QPoint) -> str:
        """Return the recipe of the run at a place; read only when somebody asks, for there may be hundreds of runs."""
        row = self.indexAt(place).row()
        return recipe_in_words(self._training.runs[row]) if 0 <= row < len(self._training.runs) else ""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.doItemsLayout()  # the rows' widgets would keep the width of before

    def sizeHint(self) -> QSize:
        heights = [self.item(place).sizeHint().height() for place in range(min(self.count(), MOST_SHOWN))]
        return QSize(theme().px(200), sum(heights) + 2 * self.frameWidth() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(120), self.sizeHint().height())
