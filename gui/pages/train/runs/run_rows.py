"""What the rows of the list of runs show: a run each, or the heading over the runs of an experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from PySide6.QtCore import QModelIndex, QObject, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from engine.train.runs import RunInfo
from gui.pages.train.runs.run_groups import Entry, Group, GroupRow
from gui.pages.train.runs.run_row import RunRow
from gui.pages.train.runs.run_words import change_in_words, difference_in_words, gain_in_words, recipe_in_words
from gui.theme import theme

ITEM_PADDING = 12  # px above and below together that the style sheet gives the items of a list, and a little air
KEY = Qt.ItemDataRole.UserRole
"""Where an item keeps the key of its row, see `key_of`."""
WORDS = Qt.ItemDataRole.UserRole + 1
"""Where an item keeps what its row says, without what is only true for the moment."""


def key_of(entry: Entry) -> int:
    """Return the key of a row: the number of its run, or that of its experiment, negative, where it is a heading."""
    return entry.number if isinstance(entry, RunInfo) else -entry.experiment


def tip_of(entry: Entry, parent: RunInfo | None) -> str:
    """Return the recipe of a run and how it compares with its parent, or all of a heading; reads files."""
    if isinstance(entry, Group):
        return "\n".join(part for part in (entry.title, entry.words) if part)
    parts = (recipe_in_words(entry), gain_in_words(entry, parent), entry.note)
    return "\n".join(part for part in parts if part)


@dataclass(frozen=True)
class _Facts:
    """Everything that a row is drawn from: until something of it is different, it stays as it is."""

    entry: Entry
    parent: RunInfo | None = None
    can_resume: bool = False
    is_paused: bool = False
    is_inner: bool = False  # under the heading of its experiment
    experiment: str = ""  # its title, where no heading says it
    left: str = ""  # what a search did with it that did not train it to its end


class RunRows(QObject):
    """Fills a list with rows, and draws only those anew that show something else than before.

    Signals, each with the number of the run or of the experiment:
        resume_wanted, menu_wanted, note_written, note_left: of a run, see `RunRow`; menus with their place.
        fold_wanted, table_wanted: the runs of an experiment are to be shown or hidden; all its trials are to be shown.

    Attributes:
        entries: what each row shows, from top to bottom.
    """

    resume_wanted = Signal(int)
    menu_wanted = Signal(int, QPoint)
    note_written = Signal(int, str)
    note_left = Signal()
    fold_wanted = Signal(int)
    table_wanted = Signal(int)

    def __init__(self, view: QListWidget) -> None:
        super().__init__(view)
        self._view = view
        self.entries: tuple[Entry, ...] = ()
        self._drawn: list[_Facts] = []  # what each row was drawn from
        view.setItemDelegate(_FocusFrame(view))

    def show_entries(
        self,
        entries: Sequence[Entry],
        runs: Sequence[RunInfo],
        titles: Mapping[int, str],
        *,
        idle: bool,
        paused: int | None,
        left: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Show entries, one in each row.

        Args:
            runs: all of the project, to find parents in.
            titles: of experiments, by number.
            idle: nothing is being trained, so that a run can be resumed.
            paused: number of the run that is paused.
            left: what searches did with runs that they did not train to their end, by number.
        """
        view, self.entries = self._view, tuple(entries)
        view.blockSignals(True)
        while view.count() > len(self.entries):
            view.takeItem(view.count() - 1)
        while view.count() < len(self.entries):
            view.addItem(QListWidgetItem())
        wanted = _facts_of(self.entries, runs, titles, left, idle=idle, paused=paused)
        has_changed = len(self._drawn) != len(wanted)
        for place, facts in enumerate(wanted):
            # After each epoch there is news of one run, and there may be hundreds.
            if place >= len(self._drawn) or self._drawn[place] != facts:
                self._draw(place, facts)
                has_changed = True
        self._drawn = wanted
        view.blockSignals(False)
        if has_changed:
            self.fit()

    def forget(self) -> None:
        """Let all rows be drawn anew the next time."""
        self._drawn = []

    def _draw(self, place: int, facts: _Facts) -> None:
        entry, parent, item = facts.entry, facts.parent, self._view.item(place)
        is_run = isinstance(entry, RunInfo)
        row = self._row_for(item, RunRow if is_run else GroupRow)
        if is_run:
            words = row.show_run(
                entry,
                can_resume=facts.can_resume,
                is_paused=facts.is_paused,
                change=" · ".join(part for part in (change_in_words(entry, parent), facts.experiment) if part),
                difference=difference_in_words(entry, parent),
                is_same_network=parent is not None and parent.network == entry.network,
                left=facts.left,
            )
            row.set_inner(facts.is_inner)
        else:
            words = row.show_group(entry)
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable if is_run else Qt.ItemFlag.ItemIsEnabled
        item.setFlags(flags)
        item.setData(KEY, key_of(entry))
        item.setData(WORDS, words)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, words)

    def _row_for(self, item: QListWidgetItem, kind: type[QWidget]) -> QWidget:
        """The widget of a row, made anew where it was of another kind."""
        row = self._view.itemWidget(item)
        if isinstance(row, kind):
            return row
        if row is not None:
            row.hide()  # the list deletes it only when it comes to it
        row = kind()
        if isinstance(row, RunRow):
            row.resume_wanted.connect(self.resume_wanted)
            row.menu_wanted.connect(self.menu_wanted)
            row.note_written.connect(self.note_written)
            row.note.ended.connect(self.fit)
            row.note_left.connect(self.note_left)
        else:
            row.toggled.connect(self.fold_wanted)
            row.shown.connect(self.table_wanted)
        self._view.setItemWidget(item, row)
        return row

    def mark(self, tokens: Mapping[int, str]) -> None:
        """Give the runs that are compared the colours that the charts draw them in.

        Args:
            tokens: of the colours, by number of the run.
        """
        for place, entry in enumerate(self.entries):
            if isinstance(entry, RunInfo):
                item, token = self._view.item(place), tokens.get(entry.number, "")
                self._view.itemWidget(item).set_mark(token)
                words = item.data(WORDS)
                said = self.tr("{run}, compared").format(run=words) if token else words
                if item.data(Qt.ItemDataRole.AccessibleTextRole) != said:
                    item.setData(Qt.ItemDataRole.AccessibleTextRole, said)

    def edit_note(self, place: int) -> None:
        """Let the user write the note on a run, in its row."""
        self._view.itemWidget(self._view.item(place)).edit_note()
        self.fit()

    # ---- places

    def place_of(self, key: int | None) -> int | None:
        """Return where the row with a key is, from 0; None where there is none."""
        return next((place for place, entry in enumerate(self.entries) if key_of(entry) == key), None)

    def fit(self) -> None:
        """Make each row as high as what it shows."""
        for place in range(self._view.count()):
            item = self._view.item(place)
            row = self._view.itemWidget(item)
            if row is None:
                continue  # it is just being added
            item.setSizeHint(QSize(0, row.height_in(row.width()) + ITEM_PADDING))
        self._view.updateGeometry()

    def height(self) -> int:
        """Return how high all rows are together, in px."""
        return sum(self._view.item(place).sizeHint().height() for place in range(self._view.count()))


def _facts_of(
    entries: Sequence[Entry],
    runs: Sequence[RunInfo],
    titles: Mapping[int, str],
    left: Mapping[int, str],
    *,
    idle: bool,
    paused: int | None,
) -> list[_Facts]:
    """What each row is drawn from: a run under a heading stands further in, and any other trial names its experiment
    itself."""
    known = {info.number: info for info in runs}
    found: list[_Facts] = []
    under: int | None = None  # experiment whose runs these are
    for entry in entries:
        if isinstance(entry, Group):
            under = entry.experiment
            found.append(_Facts(entry))
            continue
        under = entry.experiment if entry.experiment == under and not entry.is_pinned else None
        found.append(
            _Facts(
                entry,
                known.get(entry.parent),
                can_resume=idle and entry.can_resume and entry.number not in left,
                is_paused=entry.number == paused,
                is_inner=under is not None,
                experiment="" if under is not None else titles.get(entry.experiment, ""),
                left=left.get(entry.number, ""),
            )
        )
    return found


class _FocusFrame(QStyledItemDelegate):
    """Draws a frame around the heading that the keys act on; runs that are shown stand out by themselves."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        if option.state & QStyle.StateFlag.State_HasFocus and (index.data(KEY) or 0) < 0:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(theme().color("accent"))
            radius = theme().tokens.space_small
            painter.drawRoundedRect(QRectF(option.rect).adjusted(1.5, 1.5, -1.5, -1.5), radius, radius)
            painter.restore()
