"""The shelf of runs: what the list says of each, what its menu does, and what trains more than one."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QInputDialog, QMessageBox, QPushButton, QWidget
from train_studio import FakeStudio

from engine.errors import EngineError
from engine.spec import ProjectSpec
from engine.templates import fitted
from engine.train import runs
from engine.train.experiments.plans import FoldsPlan, SearchPlan, SeedsPlan
from engine.train.experiments.settings import parse_choice
from engine.train.experiments.store import (
    begin_queued,
    create_experiment,
    open_queue,
    read_experiment,
    trial_project,
    with_trial,
    write_experiment,
)
from engine.train.tensorboard import writes_event_files
from gui.jobs import Failed, Finished, Outcome, Stopped
from gui.pages.train.experiments import experiment_dialog
from gui.pages.train.experiments.experiment_dialog import ExperimentDialog
from gui.pages.train.experiments.more_ways import ExperimentRow
from gui.pages.train.experiments.score_chart import score_range
from gui.pages.train.experiments.search_dialog import SearchDialog
from gui.pages.train.runs.compare_dialog import CompareDialog
from gui.pages.train.runs.run_groups import Group, GroupRow
from gui.pages.train.runs.run_list import RunList
from gui.pages.train.runs.run_tools import RunTools
from gui.plots.series import OTHER_TOKENS
from gui.studio import experiment_session
from gui.studio.experiment_words import halving_in_words


@pytest.fixture
def studio(qtbot, picture_folder, tmp_path, monkeypatch) -> FakeStudio:
    """A project with three runs of its own: the second a child of the first, the third of the second."""
    studio = FakeStudio(tmp_path)
    studio.open(tmp_path, ("disc", "stripes"))
    document, training = studio.document, studio.training
    rates = (0.001, 0.0003, 0.0003)
    for number, rate in enumerate(rates, start=1):
        recipe = replace(document.recipe, learning_rate=rate, epochs=12)
        spec = replace(document.spec, recipe=recipe)
        facts = {"epochs": 12, "network": "Small VGG", "parent": number - 1}
        _, folder = runs.create_run(document.path, spec, facts)
        runs.write_state(folder, {"state": "finished"})
        runs.release(folder)
    monkeypatch.setattr(type(training), "reload_runs", lambda self: read_runs(self, document.path))
    read_runs(training, document.path)
    return studio


def read_runs(training, path) -> None:
    """What the real session does; the best epoch is made up, since nothing was trained."""
    scores = {1: 0.90, 2: 0.925, 3: 0.8}
    training.runs = tuple(
        replace(info, best_accuracy=scores.get(info.number), epochs_done=12, best_epoch=9)
        for info in runs.list_runs(path)
    )
    training.runs_changed.emit()


@pytest.fixture
def tools(qtbot, studio) -> RunTools:
    listed = RunList(studio.training)
    made = RunTools(studio, listed)
    made.runs = listed
    for widget in (listed, made):
        qtbot.addWidget(widget)
        widget.show()
    return made


def info(studio, number: int) -> runs.RunInfo:
    return next(each for each in studio.training.runs if each.number == number)


def choose(tools, studio, number: int, name: str) -> None:
    """Choose an entry of a run's menu."""
    menu = tools.menu_of(info(studio, number))
    (action,) = [each for each in menu.actions() if each.objectName() == f"train.run.{name}"]
    assert action.isEnabled(), name
    action.trigger()


def words(tools, place: int) -> str:
    return tools.runs.item(place).data(Qt.ItemDataRole.AccessibleTextRole)


# ---- the list


def test_a_run_says_what_is_different_from_its_parent_and_what_came_of_it(tools):
    assert "same settings as run 2" in words(tools, 0) and "−12.5 points" in words(tools, 0)
    assert "learning rate 0.001 → 0.0003" in words(tools, 1) and "+2.5 points" in words(tools, 1)
    assert "points" not in words(tools, 2)


def test_a_trial_of_an_experiment_says_what_it_is(tools, studio):
    runs.write_state(info(studio, 3).folder, {"experiment": 1, "label": "fold 2 of 5"})
    studio.training.reload_runs()
    assert "fold 2 of 5" in words(tools, 0) and "points" not in words(tools, 0)


def test_a_pinned_run_stands_first_and_choosing_one_shows_it(tools, studio):
    choose(tools, studio, 1, "pin")
    assert words(tools, 0).startswith("run 1") and "pinned" in words(tools, 0)
    tools.runs.setCurrentRow(2)
    assert studio.training.shown_run == 2, "the third of the list is run 2 now"
    choose(tools, studio, 1, "pin")
    assert words(tools, 0).startswith("run 3")


def test_a_note_is_written_in_the_row_kept_by_enter_and_left_by_escape(qtbot, tools, studio):
    choose(tools, studio, 2, "note")
    row = tools.runs.itemWidget(tools.runs.item(1))
    assert row.is_editing() and row.note.objectName() == "train.run.2.note"
    qtbot.keyClicks(row.note, "darker images ")
    qtbot.keyClick(row.note, Qt.Key.Key_Return)
    assert not row.is_editing() and info(studio, 2).note == "darker images" and "darker images" in words(tools, 1)
    choose(tools, studio, 2, "note")
    qtbot.keyClicks(row.note, "something else")
    qtbot.keyClick(row.note, Qt.Key.Key_Escape)
    assert not row.is_editing() and info(studio, 2).note == "darker images"


def test_rows_grow_with_what_they_say(tools, studio):
    before = tools.runs.item(1).sizeHint().height()
    studio.experiments.set_note(2, "a note")
    assert tools.runs.item(1).sizeHint().height() > before


# ---- the menu


def test_open_network_is_one_step_that_undo_takes_back(tools, studio):
    document = studio.document
    document.edit("Set fold", data=replace(document.data, folds=4, fold=2))
    before = document.spec
    choose(tools, studio, 2, "open")
    assert document.recipe.learning_rate == 0.0003 and document.undo_stack.undoText().endswith("run 2")
    assert (document.data.folds, document.data.fold) == (4, 2), "the project's own"
    document.undo_stack.undo()
    assert document.spec == before


def test_another_seed_starts_a_child(tools, studio):
    choose(tools, studio, 1, "again")
    name, project, origin = studio.training.asked[-1]
    assert name == "start_project" and project.recipe.seed == 1 and origin.parent == 1


def test_continue_asks_for_how_many_epochs(qtbot, tools, studio, monkeypatch):
    def accept(box: QInputDialog) -> int:
        box.setIntValue(7)
        return 1

    monkeypatch.setattr(QInputDialog, "exec", accept)
    choose(tools, studio, 2, "continue")
    assert studio.training.asked[-1] == ("continue_run", 2, 7)
    monkeypatch.setattr(QInputDialog, "exec", lambda box: 0)
    choose(tools, studio, 2, "continue")
    assert len(studio.training.asked) == 1


def test_while_something_is_trained_nothing_else_can_be_started(tools, studio):
    studio.training.become("training")
    enabled = {each.objectName(): each.isEnabled() for each in tools.menu_of(info(studio, 1)).actions()}
    assert not enabled["train.run.continue"] and not enabled["train.run.again"] and enabled["train.run.open"]


def test_what_is_being_trained_cannot_be_deleted(tools, studio):
    folder = info(studio, 3).folder
    runs.write_state(folder, {"state": "running"})
    runs.claim(folder)
    studio.training.reload_runs()
    menu = tools.menu_of(info(studio, 3))
    assert not next(each for each in menu.actions() if each.objectName() == "train.run.delete").isEnabled()
    assert studio.experiments.delete((3,)) == () and folder.exists()


def test_a_deleted_run_lies_in_the_trash_and_comes_back(qtbot, tools, studio, user_folders):
    folder = info(studio, 2).folder
    content = {file.name: file.read_bytes() for file in folder.iterdir()}
    choose(tools, studio, 2, "delete")
    if not studio.experiments.can_undo_delete:
        pytest.skip("there is no trash here")
    assert not folder.exists() and [each.number for each in studio.training.runs] == [3, 1]
    assert tools.undo_row.isVisible() and "Run 2 is in the trash" in tools.undo_row.text.text()
    qtbot.mouseClick(tools.undo_row.undo, Qt.MouseButton.LeftButton)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == content
    assert tools.undo_row.isHidden() and [each.number for each in studio.training.runs] == [3, 2, 1]
    assert not list(user_folders.rglob("*.trashinfo")), "no note of what is no longer in the trash"


def test_a_run_that_comes_back_takes_another_number_where_its_own_is_taken(tools, studio):
    choose(tools, studio, 3, "delete")
    if not studio.experiments.can_undo_delete:
        pytest.skip("there is no trash here")
    number, folder = runs.create_run(studio.document.path, ProjectSpec(), {"epochs": 1})
    runs.release(folder)
    assert number == 3
    studio.experiments.undo_delete()
    assert [each.number for each in studio.training.runs] == [4, 3, 2, 1]


def press(box: QMessageBox, answer: str) -> None:
    next(each for each in box.findChildren(QPushButton) if each.text() == answer).click()


@pytest.mark.parametrize("answer", ["Delete", "Cancel"])
def test_without_a_trash_it_asks_before_anything_is_gone(tools, studio, monkeypatch, answer):
    monkeypatch.setattr(experiment_session, "to_trash", lambda folder: None)
    asked = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.text()) or press(box, answer))
    folder = info(studio, 1).folder
    choose(tools, studio, 1, "delete")
    assert asked == ["Delete run 1 for good?"] and folder.exists() == (answer == "Cancel")
    assert not studio.experiments.can_undo_delete
    assert tools.undo_row.isVisible() == (answer == "Delete") and tools.undo_row.undo.isHidden() == (answer == "Delete")


def with_trials(studio) -> int:
    """Make an experiment whose first trial is run 3. Returns: its number."""
    made = create_experiment(studio.document.path, studio.document.spec, SeedsPlan(2))
    studio.experiments.reload()
    folder = runs.run_folder(studio.document.path, 3)
    runs.write_state(folder, {"experiment": made.number})
    studio.training.reload_runs()
    return made.number


def test_an_experiment_and_its_runs_are_deleted_together_and_come_back(qtbot, tools, studio):
    number = with_trials(studio)
    dialog = ExperimentDialog(studio, number)
    qtbot.addWidget(dialog)
    dialog.delete_button.click()
    if not studio.experiments.can_undo_delete:
        pytest.skip("there is no trash here")
    assert studio.experiments.experiments == () and [info.number for info in studio.training.runs] == [2, 1]
    assert "and its runs are in the trash" in tools.undo_row.text.text() and dialog.isHidden()
    qtbot.mouseClick(tools.undo_row.undo, Qt.MouseButton.LeftButton)
    assert [known.number for known in studio.experiments.experiments] == [number]
    assert [info.number for info in studio.training.runs] == [3, 2, 1]


@pytest.mark.parametrize("answer", ["Delete", "Cancel"])
def test_without_a_trash_it_asks_before_an_experiment_is_gone(qtbot, tools, studio, monkeypatch, answer):
    monkeypatch.setattr(experiment_session, "to_trash", lambda folder: None)
    monkeypatch.setattr(QMessageBox, "exec", lambda box: press(box, answer))
    dialog = ExperimentDialog(studio, with_trials(studio))
    qtbot.addWidget(dialog)
    dialog.delete_button.click()
    gone = answer == "Delete"
    assert (studio.experiments.experiments == ()) == gone
    assert [info.number for info in studio.training.runs] == ([2, 1] if gone else [3, 2, 1])


def test_an_experiment_that_is_worked_on_stays(qtbot, tools, studio):
    number = with_trials(studio)
    folder = studio.experiments.experiments[0].folder
    runs.claim(folder)
    assert studio.experiments.delete_experiment(number) and folder.exists()
    runs.release(folder)


def click(qtbot, tools, place: int, modifier=Qt.KeyboardModifier.NoModifier, button=Qt.MouseButton.LeftButton) -> None:
    middle = tools.runs.visualItemRect(tools.runs.item(place)).center()
    qtbot.mouseClick(tools.runs.viewport(), button, modifier, middle)


def test_all_that_are_chosen_are_deleted_together(qtbot, tools, studio):
    studio.training.show_run(1)
    click(qtbot, tools, 0, Qt.KeyboardModifier.ControlModifier)
    click(qtbot, tools, 0, button=Qt.MouseButton.RightButton)
    assert tools.runs.chosen() == (3, 1) and studio.training.shown_run == 1, "a menu changes nothing of it"
    choose(tools, studio, 3, "delete")
    assert [each.number for each in studio.training.runs] == [2]


def test_a_run_that_is_only_compared_is_marked_and_not_deleted_with_another(tools, studio):
    studio.training.show_run(1)
    tools.runs.compare([3, 2])
    rows = [tools.runs.itemWidget(tools.runs.item(place)) for place in range(3)]
    assert [row.mark() for row in rows] == [*OTHER_TOKENS[:2], ""] and tools.runs.chosen() == (1,)
    assert words(tools, 0).endswith(", compared") and not words(tools, 2).endswith(", compared")
    choose(tools, studio, 3, "delete")
    assert [each.number for each in studio.training.runs] == [2, 1]


# ---- the keys


def test_keys_show_other_runs_as_a_click_does(qtbot, tools, studio):
    tools.runs.setCurrentRow(0)
    asked = []
    tools.runs.row_wanted.connect(asked.append)
    shown = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_End, Qt.Key.Key_Home):
        qtbot.keyClick(tools.runs, key)
        shown.append(studio.training.shown_run)
        assert tools.runs.chosen() == (studio.training.shown_run,)
    assert shown == [2, 1, 2, 1, 3]


def test_shift_and_control_add_runs_to_compare(qtbot, tools, studio):
    tools.runs.setCurrentRow(0)
    compared = []
    tools.runs.compared.connect(compared.append)
    for _ in range(2):
        qtbot.keyClick(tools.runs, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert studio.training.shown_run == 3 and tools.runs.chosen() == (3, 2, 1) and compared[-1] == (2, 1)
    qtbot.keyClick(tools.runs, Qt.Key.Key_Home)
    assert studio.training.shown_run == 3
    qtbot.keyClick(tools.runs, Qt.Key.Key_Down)
    assert studio.training.shown_run == 2 and tools.runs.chosen() == (2,) and compared[-1] is None
    qtbot.keyClick(tools.runs, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert tools.runs.chosen() == (2,), "only the way there"
    qtbot.keyClick(tools.runs, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert tools.runs.chosen() == (2, 1) and compared[-1] == (1,) and studio.training.shown_run == 2


def test_a_plain_click_shows_the_run_that_was_just_added(qtbot, tools, studio):
    tools.runs.setCurrentRow(0)
    click(qtbot, tools, 1, Qt.KeyboardModifier.ControlModifier)
    assert tools.runs.chosen() == (3, 2)
    click(qtbot, tools, 1)
    assert studio.training.shown_run == 2 and tools.runs.chosen() == (2,) and tools.runs.compared_runs() == (2,)


def test_a_range_that_shift_draws_up_can_shrink(qtbot, tools, studio):
    click(qtbot, tools, 0)
    click(qtbot, tools, 2, Qt.KeyboardModifier.ShiftModifier)
    assert tools.runs.chosen() == (3, 2, 1)
    click(qtbot, tools, 1, Qt.KeyboardModifier.ShiftModifier)
    assert tools.runs.chosen() == (3, 2) == tools.runs.compared_runs()
    qtbot.keyClick(tools.runs, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert tools.runs.chosen() == (3, 2, 1)
    qtbot.keyClick(tools.runs, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert tools.runs.chosen() == (3, 2)


def test_what_was_chosen_with_one_run_is_not_deleted_with_the_next(tools, studio, qtbot):
    tools.runs.setCurrentRow(0)
    click(qtbot, tools, 1, Qt.KeyboardModifier.ControlModifier)
    studio.training.show_run(1)  # by itself, as when a training begins
    assert tools.runs.chosen() == (1,)


def test_the_shown_run_is_one_of_two_that_are_compared_by_the_button(tools, studio, qtbot, monkeypatch):
    opened = []
    monkeypatch.setattr(tools, "_open_comparison", lambda *pair: opened.append(pair))
    tools.runs.setCurrentRow(2)
    for place in (0, 1):
        click(qtbot, tools, place, Qt.KeyboardModifier.ControlModifier)
    tools.compare_button.click()
    assert studio.training.shown_run == 1 and opened == [(1, 3)]


def test_a_note_gives_the_focus_back_to_the_list(tools, studio, qtbot):
    tools.runs.activateWindow()
    qtbot.waitUntil(tools.runs.isActiveWindow)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        tools.runs.edit_note(2)
        row = tools.runs.itemWidget(tools.runs.item(1))
        qtbot.waitUntil(row.note.hasFocus)
        qtbot.keyClick(row.note, key)
        qtbot.waitUntil(tools.runs.hasFocus)


def test_control_click_keeps_what_the_menu_of_the_charts_compares(qtbot, tools, studio):
    tools.runs.setCurrentRow(0)
    tools.runs.compare([2])
    click(qtbot, tools, 2, Qt.KeyboardModifier.ControlModifier)
    assert tools.runs.compared_runs() == (3, 2, 1) and tools.runs.chosen() == (3, 1)


def test_the_delete_key_deletes_what_the_menu_would(qtbot, tools, studio, monkeypatch):
    tools.runs.setCurrentRow(1)
    deleted = []
    monkeypatch.setattr(studio.experiments, "delete", lambda numbers: deleted.append(numbers) or ())
    qtbot.keyClick(tools.runs, Qt.Key.Key_Delete)
    qtbot.keyClick(tools.runs, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(tools.runs, Qt.Key.Key_Delete)
    assert deleted == [(2,), (2, 1)]


def test_nothing_is_compared_any_more_once_another_project_is_open(tools, studio, tmp_path):
    tools.runs.compare([2])
    compared = []
    tools.runs.compared.connect(compared.append)
    path = tmp_path / "other" / "P.atelier"
    path.parent.mkdir()
    for _ in range(2):
        runs.release(runs.create_run(path, studio.document.spec, {"epochs": 3})[1])
    read_runs(studio.training, path)
    assert compared == [None] and not tools.runs.itemWidget(tools.runs.item(0)).mark()


def test_a_run_that_was_deleted_is_not_compared_any_more(tools, studio):
    studio.training.show_run(3)
    tools.runs.compare([2, 1])
    compared = []
    tools.runs.compared.connect(compared.append)
    studio.experiments.delete_for_good((2,))
    assert compared == [(1,)] and tools.runs.compared_runs() == (3, 1)
    studio.experiments.delete_for_good((1,))
    assert compared == [(1,), None]


def test_a_number_that_is_used_again_does_not_show_the_settings_of_the_discarded_run(tools, studio):
    folder = info(studio, 3).folder
    assert "same settings as run 2" in words(tools, 0)
    runs.discard(folder)
    other = replace(studio.document.spec, recipe=replace(studio.document.recipe, learning_rate=0.5, epochs=12))
    number, folder = runs.create_run(studio.document.path, other, {"epochs": 12, "parent": 2})
    runs.write_state(folder, {"state": "finished"})
    runs.release(folder)
    studio.training.reload_runs()
    assert number == 3 and "learning rate 0.0003 → 0.5" in words(tools, 0)


# ---- runs that were continued


def test_a_continued_run_says_what_it_goes_on_from_and_is_not_repeated_from_another_seed(tools, studio):
    runs.write_state(info(studio, 3).folder, {"restarted_after": 9, "label": "3 more epochs"})
    studio.training.reload_runs()
    assert "continued from run 2, 3 more epochs" in words(tools, 0)
    again = next(a for a in tools.menu_of(info(studio, 3)).actions() if a.objectName() == "train.run.again")
    assert not again.isEnabled() and "start run 2 again" in again.toolTip()
    told = []
    studio.experiments.failed.connect(told.append)
    studio.experiments.start_again(3)
    assert not studio.training.asked and "began anew after epoch 9" in told[0].what
    assert next(a for a in tools.menu_of(info(studio, 2)).actions() if a.objectName() == "train.run.again").isEnabled()


# ---- the runs of an experiment


@pytest.fixture
def trials(tools, studio) -> RunTools:
    """Runs 2 and 3 are the two seeds of a finished experiment, run 1 is shown."""
    studio.training.show_run(1)
    made = create_experiment(studio.document.path, studio.document.spec, SeedsPlan(2))
    for trial, number in zip(made.trials, (2, 3), strict=True):
        runs.write_state(info(studio, number).folder, {"experiment": 1, "label": trial.label, "parent": None})
        done = replace(trial, run=number, state="finished", marks=((0.8 + number / 100, 0.5),), last_accuracy=0.8)
        made = with_trial(made, done)
    write_experiment(made, "finished")
    studio.training.reload_runs()
    studio.experiments.reload()
    return tools


def rows(tools) -> list[str]:
    return [words(tools, place).partition(",")[0] for place in range(tools.runs.count())]


def test_the_runs_of_an_experiment_are_folded_under_its_name_and_result(qtbot, trials, studio):
    assert rows(trials) == ["2 seeds", "run 1"]
    assert "2 seeds, 82.5 % ± 0.7 points, 2 runs, closed" in words(trials, 0)
    click(qtbot, trials, 0)
    assert rows(trials) == ["2 seeds", "run 3", "run 2", "run 1"] and words(trials, 0).endswith("open")
    assert studio.training.shown_run == 1 and trials.runs.chosen() == (1,)
    place = trials.runs.itemWidget(trials.runs.item(1)).layout().contentsMargins().left()
    assert place > trials.runs.itemWidget(trials.runs.item(3)).layout().contentsMargins().left()
    qtbot.mouseClick(trials.runs.itemWidget(trials.runs.item(0)).fold, Qt.MouseButton.LeftButton)
    assert rows(trials) == ["2 seeds", "run 1"]


def test_a_row_that_becomes_a_heading_or_a_run_leaves_nothing_behind(trials, studio):
    for _ in range(3):
        trials.runs.toggle_experiment(1)
        seen = [row for row in trials.runs.viewport().children() if isinstance(row, QWidget) and row.isVisible()]
        assert len(seen) == trials.runs.count()


def test_the_runs_of_an_experiment_are_seen_while_it_trains_or_one_of_them_is_shown(trials, studio):
    studio.training.show_run(2)
    assert rows(trials) == ["2 seeds", "run 3", "run 2", "run 1"]
    studio.training.show_run(1)
    assert len(rows(trials)) == 4, "rows do not vanish under the mouse"
    number, folder = runs.create_run(studio.document.path, studio.document.spec, {"epochs": 12})
    runs.release(folder)
    studio.training.reload_runs()
    assert rows(trials) == [f"run {number}", "2 seeds", "run 1"], "something else goes on"
    experiment = studio.experiments.experiments[0]
    runs.claim(experiment.folder)
    write_experiment(experiment, "running")
    studio.experiments.reload()
    assert rows(trials) == ["run 4", "2 seeds", "run 3", "run 2", "run 1"]
    runs.release(experiment.folder)


def test_a_pinned_trial_stands_first_and_alone(trials, studio):
    choose(trials, studio, 2, "pin")
    assert rows(trials) == ["run 2", "2 seeds", "run 1"] and "1 run, closed" in words(trials, 1)
    assert "seed 0 · 2 seeds" in words(trials, 0), "there is no heading above it to say so"


def test_keys_open_and_close_an_experiment(qtbot, trials, studio):
    qtbot.keyClick(trials.runs, Qt.Key.Key_Up)
    assert studio.training.shown_run == 1 and trials.runs.chosen() == (1,)
    qtbot.keyClick(trials.runs, Qt.Key.Key_Delete)
    assert len(studio.training.runs) == 3, "a heading is no run"
    qtbot.keyClick(trials.runs, Qt.Key.Key_Right)
    assert len(rows(trials)) == 4
    qtbot.keyClick(trials.runs, Qt.Key.Key_Right)
    assert len(rows(trials)) == 4
    qtbot.keyClick(trials.runs, Qt.Key.Key_Down)
    assert studio.training.shown_run == 3
    qtbot.keyClick(trials.runs, Qt.Key.Key_Up)
    qtbot.keyClick(trials.runs, Qt.Key.Key_Return)
    assert rows(trials) == ["2 seeds", "run 1"]
    qtbot.keyClick(trials.runs, Qt.Key.Key_Down)
    assert studio.training.shown_run == 1


def test_what_was_folded_away_is_seen_again_when_it_is_shown_or_written_about(trials, studio):
    studio.training.show_run(3)
    trials.runs.toggle_experiment(1)
    assert rows(trials) == ["2 seeds", "run 1"]
    studio.training.show_run(2)
    assert len(rows(trials)) == 4
    trials.runs.toggle_experiment(1)
    trials.runs.edit_note(3)
    assert len(rows(trials)) == 4 and trials.runs.itemWidget(trials.runs.item(1)).is_editing()


def test_the_list_is_sorted_by_accuracy_where_that_is_wanted(trials, studio):
    trials.runs.toggle_experiment(1)
    trials.runs.set_order("best")
    assert rows(trials) == ["2 seeds", "run 2", "run 3", "run 1"] and trials.runs.order() == "best"
    studio.experiments.delete_experiment_for_good(1)
    read_runs(studio.training, studio.document.path)
    trials.runs.set_order("newest")
    assert rows(trials) == ["run 1"]


def test_the_heading_opens_the_table_of_its_experiment(qtbot, trials):
    qtbot.mouseClick(trials.runs.itemWidget(trials.runs.item(0)).show_button, Qt.MouseButton.LeftButton)
    (dialog,) = trials.window().findChildren(ExperimentDialog)
    assert dialog.table.rowCount() == 2
    dialog.reject()


# ---- more ways


def test_folds_and_seeds_start_with_the_number_that_is_chosen(qtbot, tools, studio, monkeypatch):
    started = []
    monkeypatch.setattr(studio.experiments, "start", started.append)
    more = tools.more
    more.fold.set_open(True)
    more.folds.setValue(4)
    for button in (more.folds_start, more.seeds_start):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert started == [FoldsPlan(4), SeedsPlan(3)]


def test_what_cannot_be_trained_cannot_be_started_more_than_once_either(tools, studio):
    assert tools.more.folds_start.isEnabled()
    studio.training.problem = EngineError("No images have been chosen.")
    studio.training.become("idle")
    assert not any(b.isEnabled() for b in (tools.more.folds_start, tools.more.seeds_start, tools.more.search))


def test_the_queue_takes_the_project_as_it_is_while_something_is_trained(qtbot, tools, studio):
    document = studio.document
    document.edit("x", network=fitted("mlp", document.facts))
    studio.training.become("training")
    tools.more.fold.set_open(True)
    for rate in (0.01, 0.02):
        document.edit("x", recipe=replace(document.recipe, learning_rate=rate))
        qtbot.mouseClick(tools.more.queue, Qt.MouseButton.LeftButton)
    assert tools.more.waiting.text() == "2 waiting in the queue" and not studio.training.asked
    queue = open_queue(document.path)
    assert [trial_project(queue, trial).recipe.learning_rate for trial in queue.trials] == [0.01, 0.02]
    studio.training.state = "idle"
    studio.training.ended.emit(Finished())
    assert studio.training.asked == [("run_work",)]


def queued(tools, studio, count: int = 2) -> None:
    """Add trainings to the queue while something else is being trained, each with a rate of its own."""
    document = studio.document
    document.edit("x", network=fitted("mlp", document.facts))
    studio.training.become("training")
    for place in range(1, count + 1):
        document.edit("x", recipe=replace(document.recipe, learning_rate=place / 100))
        assert studio.experiments.add_to_queue() is not None


def trained(studio, outcome: Outcome, *states: str) -> list[tuple]:
    """Let a training go through states to its end. Returns: what was asked for then."""
    studio.training.asked.clear()
    for state in (*states, "idle"):
        studio.training.become(state)
    studio.training.ended.emit(outcome)
    return studio.training.asked


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        (Stopped(), ("stopping",)),
        (Stopped(kept=False), ("stopping",)),
        (Finished(), ("stopping",)),
        (Failed(EngineError("The disk is full."), ""), ()),
    ],
)
def test_a_queue_that_was_stopped_waits_until_the_user_asks_for_it(tools, studio, outcome, states):
    queued(tools, studio)
    assert not trained(studio, outcome, *states), "a stop leaves the queue to the user"
    assert not trained(studio, Finished(), "training"), "training once more is no wish to go on with it"
    studio.experiments.resume(1)
    assert trained(studio, Finished(), "training") == [("run_work",)]


def test_adding_to_a_queue_that_was_stopped_starts_it_again(tools, studio):
    queued(tools, studio)
    assert not trained(studio, Stopped(), "stopping")
    queued(tools, studio, 1)
    assert trained(studio, Finished()) == [("run_work",)]


def test_the_queue_of_a_project_that_is_opened_anew_waits_for_the_user(tools, studio):
    queued(tools, studio)
    studio.training.state = "idle"
    studio.document.replaced.emit()
    assert studio.experiments.waiting() == 2 and not trained(studio, Finished(), "training")


def test_it_is_said_what_was_queued_when_it_begins_and_whether_it_is_nothing_new(qtbot, tools, studio):
    document, told = studio.document, []
    studio.told.connect(told.append)
    document.edit("x", network=fitted("mlp", document.facts))
    studio.training.become("training")
    tools.more.fold.set_open(True)
    for rate in (0.01, 0.01, 0.02):
        document.edit("x", recipe=replace(document.recipe, learning_rate=rate))
        qtbot.mouseClick(tools.more.queue, Qt.MouseButton.LeftButton)
    first = "“MLP, 20 epochs” was added to the queue: it begins when what is being trained now has ended."
    again = "it begins after the one that waits before it, though the very same settings with the same seed are waiting"
    assert told[0] == first and again in told[1]
    assert told[2].startswith("“learning rate 0.02” was added")
    assert told[2].endswith("after the 2 that wait before it.")
    labels = [trial.label for trial in open_queue(document.path).trials]
    assert labels == ["MLP, 20 epochs", "MLP, 20 epochs, the same again", "learning rate 0.02"]


def test_what_was_trained_already_is_queued_with_a_word_about_it(qtbot, tools, studio):
    document, told = studio.document, []
    studio.told.connect(told.append)
    document.edit("x", network=fitted("mlp", document.facts))
    number, folder = runs.create_run(document.path, document.spec, {"epochs": 10})
    runs.write_state(folder, {"state": "finished"})
    runs.release(folder)
    tools.more.fold.set_open(True)
    qtbot.mouseClick(tools.more.queue, Qt.MouseButton.LeftButton)
    assert number == 4 and studio.training.asked == [("run_work",)]
    assert "it begins now, though run 4 was trained with the very same settings and seed." in told[0]


def test_event_files_are_switched_for_all_projects(qtbot, tools):
    tools.more.fold.set_open(True)
    assert not writes_event_files()
    tools.more.events.setChecked(True)
    assert writes_event_files()
    tools.more.events.setChecked(False)
    assert not writes_event_files()


def told(tools) -> list[str]:
    return [row.accessibleName() for row in tools.more.findChildren(ExperimentRow) if row.isVisible()]


def test_an_experiment_is_listed_with_what_it_has_found_and_can_go_on(qtbot, tools, studio):
    made = create_experiment(studio.document.path, studio.document.spec, SeedsPlan(2))
    studio.experiments.reload()
    (row,) = [each for each in tools.more.findChildren(QPushButton) if each.objectName() == "train.experiment.1.resume"]
    assert made.can_resume
    qtbot.waitUntil(row.isVisible)
    assert told(tools) == ["2 seeds: 0 of 2 done · waiting"]
    begun = with_trial(made, replace(made.trials[0], state="running"))
    write_experiment(begun, "stopped")
    studio.experiments.reload()
    qtbot.waitUntil(lambda: told(tools) == ["2 seeds: 0 of 2 done · stopped"])
    (row,) = [
        each
        for each in tools.more.findChildren(QPushButton)
        if each.objectName() == "train.experiment.1.resume" and each.isVisible()
    ]
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert studio.training.asked[-1] == ("run_work",)


# ---- the dialogs


def test_the_search_says_what_it_will_do_and_why_it_cannot_begin(qtbot, studio):
    dialog = SearchDialog(studio)
    qtbot.addWidget(dialog)
    plans = []
    dialog.wanted.connect(plans.append)
    assert dialog.start.isEnabled() and "9 trainings begin" in dialog.sentence.text()
    row = dialog._rows[0]
    row.values.setText("0.1 .. nonsense")
    assert not dialog.start.isEnabled() and dialog.sentence.text()
    row.values.setText("0.001, 0.01")
    dialog.method.button("grid").click()
    assert "2 trainings of" in dialog.sentence.text() and dialog.count.isHidden()
    dialog.add_row("optimizer")
    dialog._rows[1].values.setText("adamw, sgd")
    assert "4 trainings of" in dialog.sentence.text()
    dialog.add_row("learning_rate")
    assert not dialog.start.isEnabled() and "twice" in dialog.sentence.text()
    dialog._rows[2].removed.emit()
    dialog.start.click()
    (plan,) = plans
    assert isinstance(plan, SearchPlan) and [choice.name for choice in plan.choices] == ["learning_rate", "optimizer"]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_return_in_a_field_confirms_it_and_only_with_control_the_search_starts(qtbot, studio, key):
    dialog = SearchDialog(studio)
    qtbot.addWidget(dialog)
    plans = []
    dialog.wanted.connect(plans.append)
    dialog.show()
    qtbot.waitExposed(dialog)
    dialog.count.setFocus()
    dialog.count.selectAll()
    qtbot.keyClicks(dialog.count, "12")
    for field in (dialog.count, dialog._rows[0].values):
        qtbot.keyClick(field, key)
        assert not plans and dialog.isVisible()
    assert dialog.count.value() == 12 and "12 trainings begin" in dialog.sentence.text()
    dialog._rows[0].values.setText("nonsense")
    qtbot.keyClick(dialog.count, key, Qt.KeyboardModifier.ControlModifier)
    assert not plans, "what cannot begin does not"
    dialog._rows[0].values.setText("0.001 .. 0.1")
    qtbot.keyClick(dialog._rows[0].values, key, Qt.KeyboardModifier.ControlModifier)
    assert [plan.count for plan in plans] == [12] and not dialog.isVisible()


def test_return_on_the_button_starts_the_search(qtbot, studio):
    dialog = SearchDialog(studio)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.keyClick(dialog.start, Qt.Key.Key_Return)
    assert not dialog.isVisible()


def halved(studio) -> None:
    """A search by successive halving whose trials are the three runs: one finished, one given up, one still waits."""
    document = studio.document
    document.edit("x", recipe=replace(document.recipe, epochs=9))
    plan = SearchPlan("halving", (parse_choice(document.spec, "learning_rate", "0.1, 0.01, 0.001"),), count=3)
    made = create_experiment(document.path, document.spec, plan)
    states = (("finished", 9), ("dropped", 3), ("judged", 3))
    for number, (trial, (state, epochs)) in enumerate(zip(made.trials, states, strict=True), start=1):
        folder = runs.run_folder(document.path, number)
        runs.write_state(folder, {**runs.read_state(folder), "state": "finished" if epochs == 9 else "stopped"})
        marks = tuple((number / 10, 0.5) for _ in range(2 if epochs == 9 else 1))
        made = with_trial(made, replace(trial, run=number, state=state, marks=marks, epochs=epochs))
    write_experiment(made, "stopped")
    studio.training.runs = tuple(
        replace(each, experiment=1, state="finished" if each.number == 1 else "stopped", epochs=9, epochs_done=done)
        for each, done in zip(studio.training.runs, (3, 3, 9), strict=True)
    )
    studio.training.runs_changed.emit()
    studio.experiments.reload()


def test_what_a_search_gave_up_nobody_has_stopped(qtbot, tools, studio):
    halved(studio)
    tools.runs.toggle_experiment(1)
    said = {info.number: words(tools, place + 1) for place, info in enumerate(studio.training.runs)}
    assert "given up by the search · 3 of 9" in said[2] and "waits for others · 3 of 9" in said[3]
    assert "stopped" not in said[2] and "finished · 9 epochs" in said[1]
    assert all(tools.runs.itemWidget(tools.runs.item(place)).resume.isHidden() for place in (1, 2, 3))
    choose(tools, studio, 2, "resume")
    assert studio.training.asked == [("resume_run", 2)]


def test_what_was_given_up_and_trained_further_by_hand_is_a_run_like_others(tools, studio):
    halved(studio)
    studio.training.runs = tuple(
        replace(each, epochs_done=5) if each.number == 2 else each for each in studio.training.runs
    )
    studio.training.runs_changed.emit()
    tools.runs.toggle_experiment(1)
    assert "stopped · 5 of 9" in words(tools, 2)


def test_successive_halving_is_explained_with_its_factor_and_its_numbers(qtbot, studio):
    halved(studio)
    dialog = ExperimentDialog(studio, 1)
    qtbot.addWidget(dialog)
    sentence = (
        "Successive halving gives the worse ones up early: 3 trainings begin, and each time only the best third goes "
        "on: 1 after epoch 3, up to epoch 9."
    )
    assert dialog.more.text().startswith(sentence)
    assert "best half goes on: 4 after epoch 2, 2 after epoch 4, up to epoch 8." in halving_in_words(9, (2, 4, 8), 2)


@pytest.mark.parametrize("width", [224, 300])
def test_the_heading_of_an_experiment_is_read_as_a_whole(qtbot, studio, width):
    group = Group(1, "Search, successive halving", "Best: 98.9 % with learning rate 0.0275", 6, False)
    row = GroupRow()
    qtbot.addWidget(row)
    row.show_group(group)
    row.resize(width, row.height_in(width))
    row.show()
    for label, text in ((row._title, group.title), (row._words, group.words)):
        assert "…" not in "".join(label.shown_lines()) and label.text() == text
        assert label.height() >= label.heightForWidth(label.width()) and label.geometry().bottom() < row.height()


def test_every_setting_begins_with_something_that_can_be_tried(qtbot, studio):
    dialog = SearchDialog(studio)
    qtbot.addWidget(dialog)
    row = dialog._rows[0]
    for place in range(row.setting.count()):
        row.setting.setCurrentIndex(place)
        choice = parse_choice(studio.document.spec, row.name(), row.values.text())
        assert choice.span is not None or len(choice.values) > 1, f"{row.name()} would not vary"


def test_halving_that_gives_nothing_up_says_so(qtbot, studio):
    studio.document.edit("x", recipe=replace(studio.document.recipe, epochs=2))
    dialog = SearchDialog(studio)
    qtbot.addWidget(dialog)
    assert "none is given up early" in dialog.sentence.text() and dialog.start.isEnabled()
    dialog.method.button("random").click()
    assert dialog.sentence.text() == "9 trainings of 2 epochs."


def test_the_table_of_an_experiment_holds_its_trials_and_follows_them(qtbot, studio):
    create_experiment(studio.document.path, studio.document.spec, SeedsPlan(3))
    dialog = ExperimentDialog(studio, 1)
    qtbot.addWidget(dialog)
    assert dialog.table.rowCount() == 3 and dialog.table.item(0, 4).text() == "waiting"
    assert dialog.chart.isHidden() and dialog.open_button.isHidden()
    assert "No trial" in dialog.summary.text()
    experiment = read_experiment(studio.document.path, 1)
    runs.claim(experiment.folder)
    write_experiment(with_trial(experiment, replace(experiment.trials[1], state="running", run=9)), "running")
    studio.training.trial = object()
    studio.training.started.emit(None)
    assert [dialog.table.item(row, 4).text() for row in range(3)] == ["waiting", "in training", "waiting"]
    runs.release(experiment.folder)
    studio.experiments.reload()
    assert dialog.table.item(1, 4).text() == "interrupted"


def searched(studio, choices: dict[str, str], accuracies: list[float], kind: str = "grid") -> ExperimentDialog:
    """The table of a search whose trials are finished with these accuracies."""
    plan = SearchPlan(kind, tuple(parse_choice(studio.document.spec, *choice) for choice in choices.items()), count=3)
    made = create_experiment(studio.document.path, studio.document.spec, plan)
    for place, (trial, accuracy) in enumerate(zip(made.trials, accuracies, strict=True), start=1):
        done = replace(trial, run=place, state="finished", marks=((accuracy, 0.5),), last_accuracy=accuracy, epochs=12)
        made = with_trial(made, done)
    write_experiment(made, "finished")
    studio.experiments.reload()
    return ExperimentDialog(studio, made.number)


def column(dialog: ExperimentDialog, place: int) -> list[str]:
    return [dialog.table.item(row, place).text() for row in range(dialog.table.rowCount())]


def test_a_search_is_drawn_as_dots_over_its_first_numeric_setting(qtbot, studio):
    dialog = searched(studio, {"optimizer": "adamw", "learning_rate": "0.1, 0.001, 0.01"}, [0.2, 0.9, 0.8])
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    assert dialog.chart.isHidden() and "over learning rate, on a logarithmic scale" in dialog.caption.text()
    points = dialog.dots.points()
    assert points[1].x() < points[2].x() < points[0].x() and points[1].y() < points[2].y() < points[0].y()
    assert points[2].x() * 2 == pytest.approx(points[0].x() + points[1].x()), "as far apart as their powers of ten"
    low, high = dialog.dots.shown_range()
    assert 0.1 < low < 0.2 and 0.9 < high < 1.0
    assert "0.01: 80.0 % after 12 epochs (run 3)" in dialog.dots.text_at(points[2])
    assert not dialog.dots.text_at((points[0] + points[1]) / 2)
    qtbot.mouseClick(dialog.dots, Qt.MouseButton.LeftButton, pos=points[2].toPoint())
    assert dialog.table.currentRow() == 2


def test_a_search_over_words_has_a_place_for_each(qtbot, studio):
    dialog = searched(studio, {"optimizer": "adamw, sgd"}, [0.7, 0.6])
    qtbot.addWidget(dialog)
    first, second = dialog.dots.points()
    assert first.x() < second.x() and not dialog.dots.isHidden()
    words = "Validation accuracy of each trial over optimizer. The green one is the best, orange ones are the others."
    assert dialog.caption.text() == words


def test_trials_are_sorted_by_a_click_and_stay_so(qtbot, studio):
    dialog = searched(studio, {"learning_rate": "0.1, 0.001, 0.01"}, [0.09, 0.9, 0.8])
    qtbot.addWidget(dialog)
    assert column(dialog, 1) == ["1", "2", "3"], "as they were planned"
    header = dialog.table.horizontalHeader()
    dialog.show()
    place = header.sectionViewportPosition(3) + header.sectionSize(3) // 2
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, header.height() // 2))
    assert column(dialog, 3) == ["9.0 %", "80.0 %", "90.0 %"], "by size, not by letters"
    studio.experiments.reload()
    assert column(dialog, 1) == ["1", "3", "2"]
    dialog.dots.picked.emit("trial-2")
    assert dialog.table.currentRow() == 2


def test_a_table_is_no_higher_than_its_rows(qtbot, studio):
    dialog = searched(studio, {"learning_rate": "0.1, 0.001, 0.01"}, [0.2, 0.9, 0.8])
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    table = dialog.table
    assert table.height() < table.verticalHeader().length() + table.horizontalHeader().height() + 12
    assert not table.verticalScrollBar().isVisible() and dialog.dots.height() > table.height()


def test_without_a_chart_the_dialog_is_no_higher_than_its_table(qtbot, studio):
    studio.document.edit("x", network=fitted("mlp", studio.document.facts))
    studio.training.state = "training"
    for _ in range(2):
        studio.experiments.add_to_queue()
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ExperimentDialog(studio, 1, window)
    dialog.show()
    qtbot.waitExposed(dialog)
    assert dialog.caption.isHidden() and dialog.height() < 320
    assert dialog.delete_button.mapTo(dialog, QPoint(0, 0)).y() - dialog.table.geometry().bottom() < 30, "no gap"
    assert dialog.table.height() >= dialog.table.verticalHeader().length() + dialog.table.horizontalHeader().height()


def remover(dialog: ExperimentDialog, row: int) -> QPushButton | None:
    return dialog.table.cellWidget(row, 5)


def test_one_that_waits_is_removed_by_its_button_or_by_a_key_and_nothing_else_is(qtbot, tools, studio):
    queued(tools, studio, 5)
    queue = read_experiment(studio.document.path, 1)
    runs.claim(queue.folder)
    write_experiment(
        with_trial(queue, replace(begin_queued(queue, queue.trials[0]), state="running", run=9)), "running"
    )
    studio.experiments.reload()
    dialog = ExperimentDialog(studio, 1)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    assert column(dialog, 4) == ["in training", *4 * ["waiting"]] and remover(dialog, 0) is None
    qtbot.mouseClick(remover(dialog, 1), Qt.MouseButton.LeftButton)
    labels = ["MLP, 20 epochs", "learning rate 0.03", "learning rate 0.04", "learning rate 0.05"]
    assert column(dialog, 0) == labels and dialog.table.currentRow() == 1 and tools.more.waiting.text().startswith("3 ")
    qtbot.keyClick(dialog.table, Qt.Key.Key_Delete)
    assert column(dialog, 0) == [labels[0], *labels[2:]]
    dialog.table.selectRow(0)
    qtbot.keyClick(dialog.table, Qt.Key.Key_Delete)
    assert column(dialog, 0) == [labels[0], *labels[2:]], "what is being trained is stopped, not removed"
    qtbot.mouseClick(dialog.clear_button, Qt.MouseButton.LeftButton)
    assert column(dialog, 0) == labels[:1] and dialog.clear_button.isHidden() and dialog.table.isColumnHidden(5)
    runs.release(queue.folder)


def test_the_button_of_a_line_goes_with_it_where_lines_are_sorted(qtbot, tools, studio):
    queued(tools, studio, 4)
    dialog = ExperimentDialog(studio, 1)
    qtbot.addWidget(dialog)
    dialog.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    for _ in range(2):
        names = [dialog.table.item(row, 0).data(experiment_dialog.NAME) for row in range(4)]
        assert names == ["queued-004", "queued-003", "queued-002", "queued-001"]
        assert [remover(dialog, row).objectName().rpartition(".")[2] for row in range(4)] == names
        studio.experiments.reload()
    qtbot.mouseClick(remover(dialog, 1), Qt.MouseButton.LeftButton)
    assert [trial.name for trial in open_queue(studio.document.path).trials] == [
        "queued-001",
        "queued-002",
        "queued-004",
    ]


def test_an_emptied_queue_is_not_listed_and_says_so_where_it_is_still_open(qtbot, tools, studio):
    queued(tools, studio, 2)
    dialog = ExperimentDialog(studio, 1)
    qtbot.addWidget(dialog)
    assert len(told(tools)) == 1
    dialog.clear_button.click()
    assert dialog.summary.text() == "Nothing is in the queue." and not told(tools) and tools.more.waiting.isHidden()


def test_what_has_begun_meanwhile_is_not_removed_and_that_is_said(qtbot, tools, studio):
    failures = []
    studio.experiments.failed.connect(failures.append)
    queued(tools, studio, 2)
    dialog = ExperimentDialog(studio, 1)
    qtbot.addWidget(dialog)
    queue = read_experiment(studio.document.path, 1)
    begin_queued(queue, queue.trials[0])
    dialog.clear_button.click()
    assert "“MLP, 20 epochs” does not wait any more." in str(failures[0])
    assert column(dialog, 4) == ["stopped"]


def test_a_trial_that_was_stopped_by_the_user_says_so(qtbot, studio):
    made = create_experiment(studio.document.path, studio.document.spec, SeedsPlan(2))
    write_experiment(with_trial(made, replace(made.trials[0], state="running", run=1)), "stopped")
    dialog = ExperimentDialog(studio, 1)
    qtbot.addWidget(dialog)
    assert column(dialog, 4) == ["stopped", "waiting"]


def test_what_stands_after_the_sign_is_said(qtbot, trials, studio):
    dialog = ExperimentDialog(studio, 1)
    qtbot.addWidget(dialog)
    assert "±" in dialog.summary.text() and "± is one standard deviation over the seeds" in dialog.more.text()
    assert dialog.chart.isHidden() and dialog.caption.isHidden(), "their runs have no history"


@pytest.mark.parametrize(
    ("values", "low", "high", "ticks"),
    [
        ([0.9, 0.95], 0.89, 0.96, (0.9, 0.92, 0.94, 0.96)),
        ([0.0, 1.0], 0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0)),
        ([0.5, 0.5], 0.49, 0.51, (0.49, 0.495, 0.5, 0.505, 0.51)),
        ([-0.2, 1.3], 0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0)),
    ],
)
def test_the_axis_of_accuracy_is_fitted_with_some_room(values, low, high, ticks):
    assert score_range(values) == (pytest.approx(low), pytest.approx(high), pytest.approx(ticks))


@pytest.mark.parametrize(
    ("done", "planned", "said"),
    [
        ((12, 12), (12, 12), ""),
        ((1, 34), (30, 34), "Run 1 was trained for 1 of 30 planned epochs, run 3 for 34 epochs."),
        ((9, 9), (12, 12), "Run 1 was trained for 9 of 12 planned epochs, run 3 for 9 of 12 planned epochs."),
        ((1, 2), (1, 2), "Run 1 was trained for 1 epoch, run 3 for 2 epochs."),
    ],
)
def test_a_comparison_names_the_epochs_where_they_are_not_as_many_or_not_as_planned(qtbot, studio, done, planned, said):
    first, second = (
        replace(info(studio, number), epochs_done=count, epochs=plan)
        for number, count, plan in zip((1, 3), done, planned, strict=True)
    )
    studio.training.runs = (second, first)
    dialog = CompareDialog(studio, 1, 3)
    qtbot.addWidget(dialog)
    assert dialog.lengths.text() == said and dialog.lengths.isHidden() == (not said)
    assert ("not trained for as many" in dialog.same.text()) == (done[0] != done[1])
    qtbot.waitUntil(lambda: not dialog.is_busy())


def test_the_comparison_stays_within_a_small_window(qtbot, studio):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1024, 700)
    dialog = CompareDialog(studio, 1, 2, window)
    assert dialog.width() < 1024 and dialog.height() < 700
    least = dialog.minimumSizeHint()
    assert least.width() < 1000 and least.height() < 660
    qtbot.waitUntil(lambda: not dialog.is_busy())
