"""The recent projects: name, score or state, when; missing ones can only be taken off the list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDate, QLocale, Qt, QTime, QUrl, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QDesktopServices, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from gui.pages.background import LatestAnswer
from gui.pages.home.card import CardButton
from gui.theme import restyle, theme
from gui.widgets.bars import percent
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


class RecentCard(CardButton):
    """One project. Enter opens it, Delete takes it off the list, the menu key shows what else there is."""

    opened = Signal(object)  # Path
    removed = Signal(object)  # Path

    def __init__(self, recent: object, now: datetime, parent: QWidget | None = None) -> None:
        """Show `recent` (path, name, score 0..1 or None, state in words, when)."""
        super().__init__(parent)
        self.path: Path = recent.path
        self.is_missing = False
        self._when = when_in_words(recent.when, now)
        self._state = recent.state
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
        self.set_missing(False)

    def set_missing(self, missing: bool) -> None:
        """Grey the card out when its file is not there any more."""
        self.is_missing = missing
        if missing:
            parts = [self.tr("not there any more"), self.tr("remove from the list")]
        else:
            parts = [self._state, self._when]
        self.state.setText(" · ".join(part for part in parts if part))
        self.name.setEnabled(not missing)
        self.score.setVisible(not missing)
        restyle(self.state, dim=not missing, tone="bad" if missing else None)
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
        # A look at the disk may take seconds where a folder lies on a network that is away.
        self._disk = LatestAnswer(self)
        self._disk.answered.connect(self._grey_out)

    def set_recents(self, recents: Iterable, now: datetime | None = None) -> None:
        """Show these projects, newest first."""
        for card in self.cards:
            card.hide()
            card.deleteLater()
        self.cards = [RecentCard(recent, now or datetime.now()) for recent in recents]
        for card in self.cards:
            card.opened.connect(self.opened)
            card.removed.connect(self.removed)
            self._column.addWidget(card)
        self.empty.setVisible(not self.cards)
        paths = [card.path for card in self.cards]
        self._disk.ask(lambda: frozenset(path for path in paths if not path.is_file()))

    def _grey_out(self, missing: frozenset[Path]) -> None:
        for card in self.cards:
            card.set_missing(card.path in missing)
