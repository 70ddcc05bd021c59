"""The runs of the project, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QToolTip,
    QWidget,
)

from engine.train.runs import RunInfo, pinned_first
from gui.pages.train.run_words import (
    change_in_words,
    difference_in_words,
    gain_in_words,
    recipe_in_words,
    state_in_words,
)
from gui.theme import icon, theme
from gui.widgets.bars import percent
from gui.widgets.elided import ElidedLabel
from gui.widgets.empty import IconView
from gui.widgets.panel import dim_label, text_label
from gui.widgets.two_lines import TwoLinesLabel

ITEM_PADDING = 12  # px above and below together that the style sheet gives the items of a list, and a little air
TOKENS = {"running": "accent", "interrupted": "validation", "stopped": "faint", "failed": "bad", "finished": "good"}


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


class NoteEdit(QLineEdit):
    """Where the note on a run is written, in its row: Enter keeps it, Escape leaves it as it was."""

    ended = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.ended.emit()
        else:
            super().keyPressEvent(event)


class RunRow(QWidget):
    """One run."""

    resume_wanted = Signal(int)
    menu_wanted = Signal(int, QPoint)  # its number, and where on the screen
    note_written = Signal(int, str)

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
        self._change, self._note = TwoLinesLabel(), ElidedLabel()
        self._change.setProperty("small", True)
        self._note.setProperty("small", True)
        self._note.setProperty("dim", True)
        self._difference = dim_label(small=True)
        self._pin = IconView("pin", 12, color="accent")
        self._pin.setToolTip(self.tr("Pinned"))
        self.resume = QPushButton(self.tr("resume"))
        self.resume.setProperty("link", True)
        self.resume.clicked.connect(self._on_resume)
        self.more = QToolButton()
        self.more.setIcon(icon("more"))
        self.more.setToolTip(self.tr("What can be done with this run"))
        self.more.clicked.connect(self._on_more)
        self.note = NoteEdit()
        self.note.setPlaceholderText(self.tr("Note"))
        self.note.returnPressed.connect(self._on_note)
        self.note.editingFinished.connect(self._on_note)
        self.note.ended.connect(self._end_note)
        self.note.hide()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        grid.addWidget(self._dot, 0, 0)
        grid.addWidget(self._name, 0, 1)
        grid.addWidget(self._network, 0, 2)
        grid.addWidget(self._pin, 0, 3)
        grid.addWidget(self._difference, 0, 4)  # beside the score: under it, the change itself would have no room
        grid.addWidget(self._score, 0, 5, Qt.AlignmentFlag.AlignRight)
        below = QHBoxLayout()
        below.addWidget(self._state, 1)
        below.addWidget(self.resume)
        below.addWidget(self.more)
        grid.addLayout(below, 1, 1, 1, 5)
        for line, widget in enumerate((self._change, self._note, self.note), start=2):
            grid.addWidget(widget, line, 1, 1, 5)
        grid.setColumnStretch(2, 1)

    def show_run(
        self,
        info: RunInfo,
        *,
        can_resume: bool,
        is_paused: bool,
        change: str = "",
        difference: str = "",
        is_same_network: bool = False,
    ) -> str:
        """Show a run, what is different from its parent and what came of that; return all of it in words.

        Args:
            is_same_network: it is called as that of the parent, so that its name would say nothing.
        """
        self._number = info.number
        is_broken = bool(info.trouble) and info.state != "running"
        self._dot.set_token("bad" if is_broken else TOKENS.get(info.state, "faint"))
        self._name.setText(self.tr("run {number}").format(number=info.number))
        self._network.setText("" if is_same_network else info.network)
        self._network.setToolTip(info.network if is_same_network else self._network.toolTip())
        self._score.setText("" if info.best_accuracy is None else percent(info.best_accuracy))
        self._state.setText(state_in_words(info, is_paused=is_paused))
        self._state.setToolTip(info.reason if info.state == "failed" else self._state.toolTip())
        self.resume.setVisible(can_resume)
        self.resume.setObjectName(f"train.resume.{info.number}")
        self.resume.setAccessibleName(self.tr("Resume run {number}").format(number=info.number))
        self.more.setObjectName(f"train.run.{info.number}.more")
        self.more.setAccessibleName(self.tr("More about run {number}").format(number=info.number))
        self.more.setIconSize(QSize(theme().px(14), theme().px(14)))
        self.note.setObjectName(f"train.run.{info.number}.note")
        self.note.setAccessibleName(self.tr("Note on run {number}").format(number=info.number))
        self._pin.setVisible(info.is_pinned)
        for label, text in ((self._change, change), (self._note, info.note)):
            label.setText(text)
            label.setVisible(bool(text) and (label is not self._note or self.note.isHidden()))
        pinned = self.tr("pinned") if info.is_pinned else ""
        self._difference.setText(difference.partition(" ")[0])  # "+1.2": the whole would leave the network no room
        self._difference.setToolTip(self.tr("{points} against its parent").format(points=difference))
        self._difference.setVisible(bool(difference))
        texts = (self._name.text(), info.network, self._score.text(), self._state.text())
        parts = (*texts, change, difference, info.note, pinned)
        return ", ".join(part for part in parts if part)

    def height_in(self, width: int) -> int:
        """Return how high it wants to be in a width, both in px."""
        layout = self.layout()
        layout.activate()
        return layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else self.sizeHint().height()

    def edit_note(self) -> None:
        """Let the user write the note, where it will stand."""
        self.note.setText(self._note.text())
        self._note.hide()
        self.note.show()
        self.note.setFocus()
        self.note.selectAll()

    def is_editing(self) -> bool:
        """Whether the note is being written."""
        return not self.note.isHidden()

    def _on_note(self) -> None:
        if self.is_editing():  # Enter ends the editing, and hiding it ends it once more
            text = self.note.text()
            self._end_note()
            self.note_written.emit(self._number, text)

    def _end_note(self) -> None:
        self.note.hide()
        self._note.setVisible(bool(self._note.text()))

    def _on_resume(self) -> None:
        self.resume_wanted.emit(self._number)

    def _on_more(self) -> None:
        self.menu_wanted.emit(self._number, self.more.mapToGlobal(self.more.rect().bottomLeft()))


class RunList(QListWidget):
    """All runs; choosing one shows its curves and pictures, and others can be chosen with it to compare.

    As high as all its rows: what it lies in scrolls.
    """

    compared = Signal(object)  # numbers of the runs chosen besides the one that is shown; None: none
    menu_wanted = Signal(int, QPoint)  # what can be done with this run, at this place of the screen
    note_written = Signal(int, str)
    row_wanted = Signal(int)  # the user looks for the row of this run

    def __init__(self, training: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._compared: frozenset[int] = frozenset()
        self._shown: tuple[RunInfo, ...] = ()  # in the order of the list
        self._drawn: dict[int, tuple] = {}  # by place: what each row was drawn for
        self.setObjectName("train.runs")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAccessibleName(self.tr("Runs"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        training.runs_changed.connect(self.update_runs)
        training.state_changed.connect(self.update_runs)
        training.shown_changed.connect(self._select_shown)
        theme().changed.connect(self._draw_anew)
        self.currentItemChanged.connect(self._on_current)
        self.itemSelectionChanged.connect(self._on_selected)
        self.update_runs()

    def update_runs(self) -> None:
        """Read the runs anew."""
        runs = self._shown = pinned_first(self._training.runs)
        known = {info.number: info for info in runs}
        self.blockSignals(True)
        while self.count() > len(runs):
            self.takeItem(self.count() - 1)
        while self.count() < len(runs):
            item = QListWidgetItem()
            self.addItem(item)
            row = RunRow()
            row.resume_wanted.connect(self._on_resume)
            row.menu_wanted.connect(self.menu_wanted)
            row.note_written.connect(self.note_written)
            row.note.ended.connect(self._fit_rows)
            self.setItemWidget(item, row)
        idle, live = self._training.state == "idle", self._training.run
        has_changed = len(self._drawn) != len(runs)
        for place, info in enumerate(runs):
            item = self.item(place)
            row = self.itemWidget(item)
            is_paused = self._training.state == "paused" and live is not None and live.run == info.number
            parent = known.get(info.parent)
            drawn = (info, parent, idle, is_paused)
            if self._drawn.get(place) == drawn:
                continue  # after each epoch there is news of one run, and there may be hundreds
            self._drawn[place], has_changed = drawn, True
            words = row.show_run(
                info,
                can_resume=idle and info.can_resume,
                is_paused=is_paused,
                change=change_in_words(info, parent),
                difference=difference_in_words(info, parent),
                is_same_network=parent is not None and parent.network == info.network,
            )
            item.setData(Qt.ItemDataRole.UserRole, info.number)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
        self._drawn = {place: drawn for place, drawn in self._drawn.items() if place < len(runs)}
        self.blockSignals(False)
        if has_changed:
            self._fit_rows()
        self._select_shown()

    def _draw_anew(self) -> None:
        self._drawn.clear()
        self.update_runs()

    def _fit_rows(self) -> None:
        """Make each row as high as what it shows."""
        for place in range(self.count()):
            item = self.item(place)
            row = self.itemWidget(item)
            if row is None:
                continue  # it is just being added
            item.setSizeHint(QSize(0, row.height_in(row.width()) + ITEM_PADDING))
        self.updateGeometry()

    def edit_note(self, number: int) -> None:
        """Let the user write the note on a run, in its row."""
        for place, info in enumerate(self._shown):
            if info.number == number:
                self.itemWidget(self.item(place)).edit_note()
                self._fit_rows()
                self.row_wanted.emit(number)

    def row_of(self, number: int) -> QRect:
        """Return the place of a run's row; empty where there is none."""
        items = (self.item(place) for place, info in enumerate(self._shown) if info.number == number)
        return next((self.visualItemRect(item) for item in items), QRect())

    def chosen(self) -> tuple[int, ...]:
        """Return the numbers of the runs that are chosen, the shown one included, newest first."""
        return tuple(sorted((item.data(Qt.ItemDataRole.UserRole) for item in self.selectedItems()), reverse=True))

    def _select_shown(self) -> None:
        self.blockSignals(True)
        for place, info in enumerate(self._shown):
            if place < self.count():
                item, is_shown = self.item(place), info.number == self._training.shown_run
                item.setSelected(is_shown or info.number in self._compared)
                if is_shown:
                    index = self.indexFromItem(item)
                    self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.blockSignals(False)
        self.viewport().update()

    def _on_current(self, item: QListWidgetItem | None, before: QListWidgetItem | None) -> None:
        number = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        adds = QGuiApplication.keyboardModifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        if number is not None and number != self._training.shown_run and not adds:
            self._training.show_run(number)
        if item is not None and self.hasFocus():
            self.row_wanted.emit(number)

    def compare(self, numbers: Sequence[int]) -> None:
        """Show these runs as chosen besides the shown one, without telling it."""
        self._compared = frozenset(numbers)
        self._select_shown()

    def _on_selected(self) -> None:
        chosen = {item.data(Qt.ItemDataRole.UserRole) for item in self.selectedItems()}
        self._compared = frozenset(chosen - {self._training.shown_run, None})
        self._select_shown()  # the shown one stays chosen
        self.compared.emit(tuple(sorted(self._compared, reverse=True)) or None)

    def _on_resume(self, number: int) -> None:
        self._training.resume_run(number)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tool_tip_at(event.pos()), self)
            return True
        return super().viewportEvent(event)

    def tool_tip_at(self, place: QPoint) -> str:
        """Return the recipe of the run at a place, and how it compares with its parent; read only when somebody asks,
        for there may be hundreds of runs."""
        row = self.indexAt(place).row()
        if not 0 <= row < len(self._shown):
            return ""
        info = self._shown[row]
        parent = next((other for other in self._shown if other.number == info.parent), None)
        parts = (recipe_in_words(info), gain_in_words(info, parent), info.note)
        return "\n".join(part for part in parts if part)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        item = self.itemAt(event.pos()) if event.reason() != QContextMenuEvent.Reason.Keyboard else self.currentItem()
        if item is not None:
            place = event.globalPos()
            if event.reason() == QContextMenuEvent.Reason.Keyboard:
                place = self.viewport().mapToGlobal(self.visualItemRect(item).bottomLeft())
            self.menu_wanted.emit(item.data(Qt.ItemDataRole.UserRole), place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.doItemsLayout()  # the rows' widgets would keep the width of before
        self._fit_rows()

    def sizeHint(self) -> QSize:
        heights = [self.item(place).sizeHint().height() for place in range(self.count())]
        return QSize(theme().px(200), sum(heights) + 2 * self.frameWidth() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(120), self.sizeHint().height())
