"""One run in the list of runs."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QToolButton, QWidget

from engine.train.runs import RunInfo
from gui.pages.train.runs.run_words import state_in_words
from gui.plots.legend import LegendKey
from gui.theme import icon, theme
from gui.widgets.bars import percent
from gui.widgets.elided import ElidedLabel
from gui.widgets.empty import IconView
from gui.widgets.panel import dim_label, text_label
from gui.widgets.two_lines import TwoLinesLabel

INNER = 14  # px that the runs of an experiment stand further in
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
    note_left = Signal()  # by a key: the focus goes back

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number, self._mark_token = 0, ""
        self._dot = _Dot()
        self._name = text_label(strong=True)
        self._mark = LegendKey("", "dim", dashed=True, small=True)
        self._mark.setToolTip(self.tr("Drawn dashed in the charts, to compare"))
        self._mark.hide()
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
        grid.addWidget(self._mark, 0, 2)
        grid.addWidget(self._network, 0, 3)
        grid.addWidget(self._pin, 0, 4)
        grid.addWidget(self._difference, 0, 5)  # beside the score: under it, the change itself would have no room
        grid.addWidget(self._score, 0, 6, Qt.AlignmentFlag.AlignRight)
        below = QHBoxLayout()
        below.addWidget(self._state, 1)
        below.addWidget(self.resume)
        below.addWidget(self.more)
        grid.addLayout(below, 1, 1, 1, 6)
        for line, widget in enumerate((self._change, self._note, self.note), start=2):
            grid.addWidget(widget, line, 1, 1, 6)
        grid.setColumnStretch(3, 1)

    def show_run(
        self,
        info: RunInfo,
        *,
        can_resume: bool,
        is_paused: bool,
        change: str = "",
        difference: str = "",
        is_same_network: bool = False,
        left: str = "",
    ) -> str:
        """Show a run, what is different from its parent and what came of that; return all of it in words.

        Args:
            is_same_network: it is called as that of the parent, so that its name would say nothing.
            left: what a search did with it that did not train it to its end.
        """
        self._number = info.number
        is_broken = bool(info.trouble) and info.state != "running"
        self._dot.set_token("bad" if is_broken else TOKENS.get(info.state, "faint"))
        self._name.setText(self.tr("run {number}").format(number=info.number))
        self._network.setText("" if is_same_network else info.network)
        self._network.setToolTip(info.network if is_same_network else self._network.toolTip())
        self._score.setText("" if info.best_accuracy is None else percent(info.best_accuracy))
        self._state.setText(state_in_words(info, is_paused=is_paused, left=left))
        self._state.setToolTip(info.reason or self._state.toolTip())
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

    def set_mark(self, token: str) -> None:
        """Show the colour in which the charts draw it beside the shown run; empty where they do not."""
        if token != self._mark_token:
            self._mark_token = token
            self._mark.set_token(token or "dim")
            self._mark.setVisible(bool(token))

    def mark(self) -> str:
        """Return the colour token in which the charts draw it beside the shown run; empty where they do not."""
        return self._mark_token

    def set_inner(self, inner: bool) -> None:
        """Let it stand further in, under the heading of its experiment, or not."""
        self.layout().setContentsMargins(theme().px(INNER) if inner else 0, 0, 0, 0)

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
        had_focus = self.note.hasFocus()
        self.note.hide()
        if had_focus:
            self.note_left.emit()
        self._note.setVisible(bool(self._note.text()))

    def _on_resume(self) -> None:
        self.resume_wanted.emit(self._number)

    def _on_more(self) -> None:
        self.menu_wanted.emit(self._number, self.more.mapToGlobal(self.more.rect().bottomLeft()))
