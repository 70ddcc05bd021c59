"""What can be done with runs: the menu of each, the way back from the trash, and what trains more than one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMenu, QPushButton, QVBoxLayout, QWidget

from engine.train.continuing import can_continue, repeat_blocker
from engine.train.runs import RunInfo
from gui.pages.train.experiments.more_ways import MoreWays
from gui.pages.train.runs.compare_dialog import CompareDialog
from gui.pages.train.runs.deleting import UndoRow, wants_to_delete
from gui.pages.train.runs.run_list import RunList
from gui.theme import theme

MOST_EPOCHS = 100_000


class RunTools(QWidget):
    """Answers the menus of the list of runs.

    Attributes:
        compare_button: to be shown beside the heading of that list.
        undo_row: to be shown right above that list.
    """

    def __init__(self, studio: object, runs: RunList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._runs = studio, runs
        self._training, self._experiments = studio.training, studio.experiments
        self.compare_button = QPushButton(self.tr("compare…"))
        self.compare_button.setProperty("link", True)
        self.compare_button.setObjectName("train.compare")
        self.compare_button.setAccessibleName(self.tr("Compare two runs"))
        self.compare_button.clicked.connect(self._compare_chosen)
        self.undo_row = UndoRow(self)
        self.undo_row.undo.clicked.connect(self._undo)
        self.more = MoreWays(studio)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addWidget(self.more)
        runs.menu_wanted.connect(self.open_menu)
        runs.delete_wanted.connect(self._delete_chosen)
        runs.experiment_wanted.connect(self.more.show_experiment)
        runs.note_written.connect(self._experiments.set_note)
        self._experiments.changed.connect(self._show_experiments)
        self._experiments.deleted.connect(self._on_deleted)
        studio.document.replaced.connect(self.undo_row.hide)
        self._training.runs_changed.connect(self._update)
        self._update()
        self._show_experiments()

    def _show_experiments(self) -> None:
        self._runs.show_experiments(self._experiments.experiments)

    def _update(self) -> None:
        self.compare_button.setVisible(len(self._with_answers()) > 1)

    def _with_answers(self) -> list[RunInfo]:
        return [info for info in self._training.runs if info.epochs_done]

    def _info(self, number: int) -> RunInfo | None:
        return next((info for info in self._training.runs if info.number == number), None)

    # ---- the menu of a run

    def open_menu(self, number: int, place: QPoint) -> None:
        """Show what can be done with a run."""
        info = self._info(number)
        if info is not None:
            self.menu_of(info).popup(place)

    def menu_of(self, info: RunInfo) -> QMenu:
        """Return a new menu that acts on a run."""
        menu = QMenu(self)
        menu.setObjectName("train.run.menu")
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        is_idle, number = not self._training.is_active, info.number

        def add(name: str, text: str, slot: Callable[[], object], enabled: bool = True) -> QAction:
            action = menu.addAction(text, slot)
            action.setObjectName(f"train.run.{name}")
            action.setEnabled(enabled)
            return action

        others = [other for other in self._with_answers() if other.number != number]
        compare = add("compare", self.tr("Compare…"), partial(self.compare, number))
        compare.setEnabled(bool(info.epochs_done and others))
        menu.addSeparator()
        add("open", self.tr("Open this network"), partial(self._experiments.open_network, number))
        more = add("continue", self.tr("Continue for more epochs…"), partial(self._continue, info))
        more.setEnabled(is_idle and can_continue(info))
        if info.can_resume:
            # Also where a search gave it up, which is no stop: its row does not offer that.
            to_end = self.tr("Train it to epoch {last}").format(last=info.epochs)
            add("resume", to_end, partial(self._training.resume_run, number), is_idle)
        again = add("again", self.tr("Start again with another seed"), partial(self._experiments.start_again, number))
        blocker = repeat_blocker(info)
        again.setEnabled(is_idle and blocker is None)
        again.setToolTip(
            ""
            if blocker is None
            else self.tr(
                "Its learning rate began anew when it was continued, which one training from another seed would not "
                "repeat: start run {number} again instead, and continue that one."
            ).format(number=info.parent or "–")
        )
        menu.addSeparator()
        pin = self.tr("Unpin") if info.is_pinned else self.tr("Pin to the top")
        add("pin", pin, partial(self._experiments.set_pinned, number, not info.is_pinned))
        add("note", self.tr("Write a note"), partial(self._runs.edit_note, number))
        menu.addSeparator()
        numbers = self._deletable(number)
        words = self.tr("Delete") if len(numbers) < 2 else self.tr("Delete {count} runs").format(count=len(numbers))
        add("delete", words, partial(self.delete, numbers), bool(numbers))
        return menu

    def _deletable(self, number: int) -> tuple[int, ...]:
        """The runs that are meant: all that are chosen, where this is one of them; none that is being trained."""
        chosen = self._runs.chosen()
        known = (self._info(each) for each in (chosen if number in chosen else (number,)))
        return tuple(info.number for info in known if info is not None and info.state != "running")

    def _continue(self, info: RunInfo) -> None:
        title = self.tr("Continue run {number}").format(number=info.number)
        words = self.tr("For how many more epochs? The schedule of the learning rate begins anew for them.")
        box = QInputDialog(self)
        box.setObjectName("train.continue")
        box.setWindowTitle(title)
        box.setLabelText(words)
        box.setInputMode(QInputDialog.InputMode.IntInput)
        box.setIntRange(1, MOST_EPOCHS)
        box.setIntValue(max(1, info.epochs_done // 2))
        self._studio.closing.connect(box.reject)
        if box.exec() and not self._training.is_active:
            self._training.continue_run(info.number, box.intValue())
        box.deleteLater()

    # ---- deleting

    def _delete_chosen(self, number: int) -> None:
        """Delete what the menu of a run would."""
        numbers = self._deletable(number)
        if numbers:
            self.delete(numbers)

    def delete(self, numbers: tuple[int, ...]) -> None:
        """Put runs into the trash; where there is none, ask."""
        refused = self._experiments.delete(numbers)
        if refused and self._asked(refused):
            self._experiments.delete_for_good(refused)

    def _asked(self, numbers: tuple[int, ...]) -> bool:
        names = ", ".join(str(number) for number in numbers)
        one, many = self.tr("Delete run {names} for good?"), self.tr("Delete runs {names} for good?")
        return wants_to_delete(self._studio, (one if len(numbers) == 1 else many).format(names=names), self)

    def _on_deleted(self, numbers: tuple[int, ...], experiment: str) -> None:
        self.undo_row.show_deleted(numbers, self._experiments.can_undo_delete, experiment)

    def _undo(self) -> None:
        self.undo_row.hide()
        self._experiments.undo_delete()

    # ---- comparing

    def _compare_chosen(self) -> None:
        chosen = [number for number in self._runs.compared_runs() if getattr(self._info(number), "epochs_done", 0)]
        shown = self._training.shown_run
        first = shown if shown in chosen else chosen[0] if chosen else self._with_answers()[0].number
        others = [number for number in chosen if number != first]
        if others:
            self._open_comparison(min(first, others[0]), max(first, others[0]))  # the older one first
        else:
            self.compare(first)

    def compare(self, number: int) -> None:
        """Compare a run with its parent, or else with the one before it."""
        info, known = self._info(number), [each.number for each in self._with_answers()]
        others = [each for each in known if each != number]
        if info is None or not others:
            return
        before = [each for each in others if each < number]
        other = info.parent if info.parent in others else before[0] if before else others[-1]
        self._open_comparison(min(other, number), max(other, number))

    def _open_comparison(self, first: int, second: int) -> None:
        dialog = CompareDialog(self._studio, first, second, self.window())
        dialog.open()
