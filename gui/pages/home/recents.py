"""The recent projects: name, score or state, when; missing ones can only be taken off the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDate, QLocale, Qt, QTime, QUrl, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QDesktopServices, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from gui.pages.home.card import CardButton
from gui.pages.shared.background import LatestAnswer
from gui.studio.recents import Recent
from gui.theme import restyle, theme
from gui.widgets.bars import number, percent
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import dim_label, text_label


def when_in_words(when: datetime, now: datetime) -> str:
    """ "today 14:02", "yesterday", "Monday" within a week, a date before that."""
    when = when.astimezone().replace(tzinfo=None) if when.tzinfo else when
    days = (now.date() - when.date()).days
    if days <= 0:
        clock = QLocale().toString(QTime(when.hour, when.minute), QLocale.FormatType.ShortFormat)
        return QCoreApplication.translate("Recents", "today {time}").format(time=clock)
    if days == 1:
        return QCoreApplication.translate("Recents", "yesterday")
    if timedelta(days=days) < timedelta(days=7):
        return QLocale().dayName(when.isoweekday())
    return QLocale().toString(QDate(when.year, when.month, when.day), "d MMMM yyyy")


def state_in_words(recent: Recent) -> str:
    """ "stopped at epoch 9 of 40 · resume", "3 runs", "not trained yet"."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Recents", text)

    run = recent.resumable
    if run is not None:
        # The words of the list of runs, so that both pages speak of the same thing.
        killed = tr("interrupted at epoch {done} of {all} · resume")
        text = killed if run.state == "interrupted" else tr("stopped at epoch {done} of {all} · resume")
        return text.format(done=number(run.epochs_done), all=number(run.epochs))
    if recent.state == "running":
        return tr("training now")
    if recent.runs == 0:
        return tr("not trained yet")
    return tr("1 run") if recent.runs == 1 else tr("{count} runs").format(count=number(recent.runs))


class RecentCard(CardButton):
    """One project. Enter opens it, Delete takes it off the list, the menu key shows what else there is."""

    opened = Signal(object)  # Path
    removed = Signal(object)  # Path

    def __init__(self, recent: Recent, now: datetime, parent: QWidget | None = None) -> None:
        """Show one project; one whose file is gone is grey and can only be taken off the list."""
        super().__init__(parent)
        self.path: Path = recent.path
        self.is_missing = not recent.is_there
        self.name = ElidedLabel(recent.name)
        self.name.setProperty("strong", True)
        self.score = text_label("–" if recent.score is None else percent(recent.score))
        self.score.setProperty("tone", None if recent.score is None else "good")
        self.score.setProperty("dim", recent.score is None)
        self.state = dim_label(wrap=True)
        self.let_through(self.name, self.score, self.state)
        top = QHBoxLayout()
        top.addWidget(self.name, 1)
        top.addWidget(self.score)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme().tokens.space_large] * 4)
        column.setSpacing(theme().tokens.space_small)
        column.addLayout(top)
        column.addWidget(self.state)
        self.setToolTip(str(self.path))
        self.setAccessibleName(recent.name)
        self.clicked.connect(self._on_clicked)
        if self.is_missing:
            self.state.setText(self.tr("not there any more · remove from the list"))
            self.name.setEnabled(False)
            self.score.hide()
            restyle(self.state, dim=False, tone="bad")
        else:
            self.state.setText(f"{state_in_words(recent)} · {when_in_words(recent.when, now)}")
        self.setAccessibleDescription(self.state.text())

    def _on_clicked(self) -> None:
        (self.removed if self.is_missing else self.opened).emit(self.path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit(self.path)
        elif event.key() == Qt.Key.Key_Down:
            self.focusNextChild()
        elif event.key() == Qt.Key.Key_Up:
            self.focusPreviousChild()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.make_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def make_menu(self) -> QMenu:
        """What can be done with the project."""
        menu = QMenu(self)
        entries = ((self.tr("Open"), self._open), (self.tr("Show its folder"), self._show_folder))
        for text, slot in entries:
            action = QAction(text, menu, enabled=not self.is_missing)
            action.triggered.connect(slot)
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction(self.tr("Remove from this list"), self._remove)
        return menu

    def _open(self) -> None:
        self.opened.emit(self.path)

    def _remove(self) -> None:
        self.removed.emit(self.path)

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.path.parent)))


class RecentList(QWidget):
    """The recent projects under each other, or a sentence that there are none yet."""

    opened = Signal(object)  # Path
    removed = Signal(object)  # Path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("home.recent")
        self.setAccessibleName(self.tr("Recent projects"))
        self.cards: list[RecentCard] = []
        self.empty = dim_label(self.tr("Projects that you open or start appear here."), wrap=True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme().tokens.space)
        self._column.addWidget(self.empty)
        # Reading what the projects have reached takes seconds where one lies on a network that is away.
        self._disk = LatestAnswer(self)
        self._disk.answered.connect(self.set_recents)

    def load(self, entries: Callable[[], Sequence[Recent]]) -> None:
        """Show what `entries` returns; it is called off the GUI thread."""
        self._disk.ask(entries)

    def is_loading(self) -> bool:
        """Whether the list is being read."""
        return self._disk.is_busy

    def set_recents(self, recents: Sequence[Recent]) -> None:
        """Show these projects, newest first."""
        now = datetime.now()
        for card in self.cards:
            card.hide()
            card.deleteLater()
        self.cards = [RecentCard(recent, now) for recent in recents]
        for card in self.cards:
            card.opened.connect(self.opened)
            card.removed.connect(self.removed)
            self._column.addWidget(card)
        self.empty.setVisible(not self.cards)
