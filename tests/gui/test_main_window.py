"""The window: places, messages, questions, drops, and what it remembers."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from journeys.real_window import RealWindows, find, until
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton, QWidget
from real_studio import make_trained, set_epochs, small_project

from engine.errors import EngineError, OutOfMemory, TrainingDiverged
from engine.spec.files import read_project, write_project
from engine.train import runs
from engine.train.device import Machine
from gui import main_window
from gui.crash import CrashDialog, ExceptionCatcher
from gui.document import ProjectDocument
from gui.main_window import PLACES, MainWindow
from gui.theme import theme


@pytest.fixture
def windows(qtbot, user_folders: Path, monkeypatch: pytest.MonkeyPatch):
    windows = RealWindows(user_folders, monkeypatch)
    yield windows
    windows.end()


@pytest.fixture
def window(windows: RealWindows) -> MainWindow:
    return windows.open()


@pytest.fixture
def opened(qtbot, window: MainWindow, picture_folder: Path, tmp_path: Path) -> MainWindow:
    """A window with a project that can be trained."""
    (tmp_path / "project").mkdir()
    window.studio.document.create(small_project(picture_folder), tmp_path / "project" / "Test.atelier")
    until(qtbot, lambda: window.studio.data.state == "ready")
    return window


@pytest.fixture
def training(qtbot, opened: MainWindow) -> MainWindow:
    """A window in the middle of a long training, which it was asked for by the button; nothing is unsaved."""
    set_epochs(opened.studio, 5000)
    opened.studio.save()
    qtbot.mouseClick(find(opened, "top.train"), Qt.MouseButton.LeftButton)
    until(qtbot, lambda: opened.studio.training.epochs)
    return opened


def answering(monkeypatch, name: str, answer: object) -> list:
    """Answer one of the window's questions. Returns: how often it was asked."""
    asked: list[tuple] = []
    monkeypatch.setattr(main_window, name, lambda *args: asked.append(args) or answer)
    return asked


def never(monkeypatch) -> None:
    """Any question is one too many."""

    def unexpected(*_: object) -> None:
        raise AssertionError("there was nothing to ask")

    for name in ("ask_about_training", "ask_about_changes"):
        monkeypatch.setattr(main_window, name, unexpected)


# ---- places


def test_every_place_by_click_and_by_keys(qtbot, window):
    assert window.place == "home"
    for place in reversed(PLACES):
        qtbot.mouseClick(find(window, f"rail.{place}"), Qt.MouseButton.LeftButton)
        assert window.place == place and window.pages.currentWidget() is window.page(place)
        assert window.page(place).isVisible()
    for number, place in enumerate(PLACES):
        qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        assert window.place == place and window.rail.current() == place


def test_pages_are_built_when_they_are_wanted_or_nothing_else_happens(qtbot, window):
    assert list(window._built) == ["home"]
    window.go_to("predict")
    window.go_to("predict")
    assert list(window._built) == ["home", "predict"]
    window.build_pages()
    until(qtbot, lambda: len(window._built) == len(PLACES))
    assert window.place == "predict" and window.pages.currentWidget() is window.page("predict")


def test_chips_lead_to_their_places(qtbot, opened):
    for place in ("data", "network"):
        find(opened, f"top.{place}").clicked.emit()
        assert opened.place == place


def test_the_train_button_goes_there_and_trains(qtbot, training):
    assert training.place == "train" and training.studio.training.state == "training"
    assert not find(training, "top.train").isVisible() and find(training, "top.pause").isVisible()
    qtbot.mouseClick(find(training, "top.pause"), Qt.MouseButton.LeftButton)
    assert training.studio.training.state == "paused" and find(training, "top.pause").text() == "Resume"
    stop = find(training, "top.stop").menu().actions()
    with qtbot.waitSignal(training.studio.training.ended, timeout=60_000):
        stop[0].trigger()
    assert find(training, "top.train").isVisible() and find(training, "top.train").isEnabled()


def test_the_train_button_says_why_it_cannot(qtbot, opened, tmp_path):
    button = find(opened, "top.train")
    assert button.isEnabled() and button.toolTip() == ""
    opened.studio.choose_data(tmp_path / "nowhere")
    until(qtbot, lambda: opened.studio.data.state == "failed")
    assert not button.isEnabled() and opened.studio.data.problem.what in button.toolTip()


# ---- messages


def test_an_error_stands_in_the_bar_and_goes(qtbot, window):
    bar = find(window, "error")
    assert not bar.isVisible()
    window.studio.failed.emit(EngineError("It rained.", why="Clouds.", fix="Wait."))
    assert bar.isVisible() and (bar.what.text(), bar.why.text(), bar.fix.text()) == ("It rained.", "Clouds.", "Wait.")
    assert bar.buttons() == []
    qtbot.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    window.studio.told.emit("By the way.")
    assert bar.isVisible() and bar.kind() == "info"


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (OutOfMemory("Too large.", fitting_batch=4), {"batch_size": 4}),
        (TrainingDiverged("It diverged."), {"learning_rate": 0.0001}),
    ],
)
def test_a_button_of_the_bar_changes_the_recipe_and_trains(qtbot, opened, error, part):
    set_epochs(opened.studio, 1)
    opened.studio.failed.emit(error)
    (button,) = find(opened, "error").buttons()
    with qtbot.waitSignal(opened.studio.training.ended, timeout=60_000):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert opened.studio.training.is_active
    recipe = opened.studio.document.recipe
    assert {name: getattr(recipe, name) for name in part} == pytest.approx(part)
    assert opened.studio.document.undo_stack.undoText().startswith("Set ")
    assert runs.read_run_spec(opened.studio.training.runs[0].folder).recipe == recipe
    assert not find(opened, "error").isVisible()


def test_out_of_memory_without_a_size_that_fits_offers_nothing(window):
    window.studio.failed.emit(OutOfMemory("Too large."))
    assert find(window, "error").isVisible() and find(window, "error").buttons() == []


def test_a_mistake_of_ours_offers_its_report(qtbot, window):
    try:
        raise ZeroDivisionError("what a bug")
    except ZeroDivisionError as error:
        window.studio.failed.emit(error)
    (dialog,) = window.findChildren(CrashDialog)
    assert dialog.isVisible() and "what a bug" in dialog.text and "test_main_window" in dialog.text
    assert not dialog.isModal(), "the window stays usable"
    window.show_crash("a second one")
    assert len(window.findChildren(CrashDialog)) == 1 and "a second one" in dialog.text


@pytest.fixture
def catcher(window: MainWindow):
    before = sys.excepthook
    catcher = ExceptionCatcher()
    catcher.caught.connect(window.show_crash)
    catcher.install()
    yield catcher
    catcher.uninstall()
    sys.excepthook = before


def test_an_exception_in_a_slot_is_caught_and_the_program_lives_on(qtbot, window, catcher):
    from pytestqt.exceptions import capture_exceptions

    def slot() -> None:
        raise KeyError("a bug in a slot")

    # pytest-qt has its own hook while a test runs; the program's is what this test is about.
    with capture_exceptions():
        catcher.install()
        QTimer.singleShot(0, slot)
        until(qtbot, lambda: window.findChildren(CrashDialog))
    (dialog,) = window.findChildren(CrashDialog)
    assert "a bug in a slot" in dialog.text and "Atelier" in dialog.text
    qtbot.mouseClick(find(dialog, "crash.copy"), Qt.MouseButton.LeftButton)
    from PySide6.QtGui import QGuiApplication

    assert QGuiApplication.clipboard().text() == dialog.text
    dialog.accept()
    window.go_to("predict")
    assert window.place == "predict"


# ---- questions


def test_closing_an_idle_window_asks_nothing(opened, windows, monkeypatch):
    never(monkeypatch)
    windows.close()


def test_going_on_with_a_training_keeps_the_window(qtbot, training, monkeypatch):
    asked = answering(monkeypatch, "ask_about_training", False)
    assert not training.close()
    assert len(asked) == 1 and training.isVisible()
    assert training.studio.training.state == "training"


def test_stopping_a_training_closes_the_window_and_the_run_can_go_on(qtbot, training, windows, monkeypatch):
    asked = answering(monkeypatch, "ask_about_training", True)
    folder, path = training.studio.training.run.folder, training.studio.document.path
    windows.close()
    assert len(asked) == 1
    info = runs.run_info(folder)
    assert info.state == "stopped" and info.can_resume and not runs.owner_is_alive(folder)
    again = windows.open([str(path)])
    until(qtbot, lambda: again.studio.training.runs)
    again.studio.training.resume_run(info.number)
    until(qtbot, lambda: len(again.studio.training.epochs) > info.epochs_done)


def test_another_answer_to_the_second_question_leaves_the_training_alone(qtbot, training, monkeypatch):
    set_epochs(training.studio, 4000)
    answering(monkeypatch, "ask_about_training", True)
    answering(monkeypatch, "ask_about_changes", "cancel")
    assert not training.close()
    assert training.studio.training.state == "training" and training.isVisible()


def test_unsaved_changes_saved(opened, windows, monkeypatch):
    set_epochs(opened.studio, 77)
    path = opened.studio.document.path
    asked = answering(monkeypatch, "ask_about_changes", "save")
    windows.close()
    assert len(asked) == 1 and asked[0][1] == "Test"
    assert read_project(path)[0].recipe.epochs == 77


def test_unsaved_changes_thrown_away(opened, windows, monkeypatch):
    path, before = opened.studio.document.path, opened.studio.document.recipe.epochs
    set_epochs(opened.studio, 77)
    opened.studio.document.autosave()
    answering(monkeypatch, "ask_about_changes", "discard")
    windows.close()
    assert read_project(path)[0].recipe.epochs == before
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["Test.atelier"], "and no copy that comes back"


def test_unsaved_changes_kept_in_the_open_window(opened, monkeypatch):
    set_epochs(opened.studio, 77)
    answering(monkeypatch, "ask_about_changes", "cancel")
    assert not opened.close() and opened.isVisible()
    assert opened.studio.document.recipe.epochs == 77 and opened.studio.document.is_modified


def test_a_save_that_fails_keeps_the_window(opened, monkeypatch):
    set_epochs(opened.studio, 77)
    answering(monkeypatch, "ask_about_changes", "save")
    monkeypatch.setattr(opened.studio, "save", lambda *_: False)
    assert not opened.close() and opened.isVisible()


@pytest.mark.parametrize(("text", "answer"), [("Save", "save"), ("Don't save", "discard"), ("Cancel", "cancel")])
def test_the_question_about_changes(qtbot, window, text, answer):
    from gui.questions import ask_about_changes

    def press() -> None:
        box = window.findChild(QMessageBox, "question.unsaved")
        next(button for button in box.buttons() if button.text() == text).click()

    QTimer.singleShot(0, press)
    assert ask_about_changes(window, "Test") == answer


@pytest.mark.parametrize(("key", "stop"), [("Stop training", True), ("Keep the project open", False), ("", False)])
def test_the_question_about_a_training(qtbot, window, key, stop):
    from gui.questions import ask_about_training

    def press() -> None:
        box = window.findChild(QMessageBox, "question.training")
        if key:
            next(button for button in box.buttons() if button.text() == key).click()
        else:
            qtbot.keyClick(box, Qt.Key.Key_Escape)

    QTimer.singleShot(0, press)
    assert ask_about_training(window, window.studio.training.ended) is stop


@pytest.mark.parametrize(("key", "lost"), [("Discard", True), ("Go on training", False), ("", False)])
def test_the_question_about_discarding(qtbot, window, key, lost):
    from gui.questions import ask_about_discarding

    def press() -> None:
        box = window.findChild(QMessageBox, "question.discard")
        if key:
            next(button for button in box.buttons() if button.text() == key).click()
        else:
            qtbot.keyClick(box, Qt.Key.Key_Escape)

    QTimer.singleShot(0, press)
    assert ask_about_discarding(window, window.studio.training.ended) is lost


@pytest.mark.parametrize("close", ["hide", "reject", "close"])
def test_without_an_answer_nothing_is_stopped_or_lost(window, close):
    from gui.questions import ask_about_discarding, ask_about_training

    for ask, name in ((ask_about_discarding, "question.discard"), (ask_about_training, "question.training")):
        QTimer.singleShot(0, lambda name=name: getattr(window.findChild(QMessageBox, name), close)())
        assert not ask(window, window.studio.training.ended)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert window.findChild(QMessageBox, name) is None


def test_a_training_that_ends_meanwhile_is_not_discarded(window):
    from gui.jobs import Finished
    from gui.questions import ask_about_discarding

    QTimer.singleShot(0, lambda: window.studio.training.ended.emit(Finished(None)))
    assert not ask_about_discarding(window, window.studio.training.ended)


# ---- files


def test_a_project_that_another_window_saved_can_be_overwritten_on_purpose(qtbot, opened):
    studio = opened.studio
    theirs = ProjectDocument()
    theirs.open(studio.document.path)
    theirs.edit("Set notes", notes="theirs")
    theirs.save()
    set_epochs(studio, 77)
    assert not studio.save()
    assert opened.error_bar.isVisible()
    overwrite = next(button for button in opened.error_bar.buttons() if button.text() == "Overwrite")
    qtbot.mouseClick(overwrite, Qt.MouseButton.LeftButton)
    assert not studio.document.is_modified


def test_slash_leads_to_the_search_for_layers_from_any_page(qtbot, opened):
    for place in ("data", "network"):
        opened.go_to(place)
        qtbot.keyClick(opened.page(place), Qt.Key.Key_Slash)
        assert opened.place == "network"
        search = opened.findChild(QWidget, "network.search")
        qtbot.waitUntil(search.hasFocus)
        opened.page("network").setFocus()


def test_title_and_mark_of_changes(qtbot, opened):
    assert opened.windowTitle() == "Test[*] – Atelier" and not opened.isWindowModified()
    set_epochs(opened.studio, 77)
    assert opened.isWindowModified() and opened.top_bar.project.accessibleName().count("Test")
    qtbot.keyClick(opened, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert not opened.isWindowModified()
    assert read_project(opened.studio.document.path)[0].recipe.epochs == 77
    qtbot.keyClick(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert opened.isWindowModified() and opened.studio.document.recipe.epochs == 2


def test_a_project_named_when_starting_is_opened(qtbot, windows, picture_folder, tmp_path):
    path = tmp_path / "Named.atelier"
    write_project(small_project(picture_folder), path)
    window = windows.open([str(path)])
    until(qtbot, lambda: window.studio.document.is_open)
    assert window.windowTitle().startswith("Named") and window.place == "data"


def test_a_trained_project_opens_on_train(qtbot, windows, tmp_path):
    window = windows.open([str(make_trained(tmp_path))])
    until(qtbot, lambda: window.studio.document.is_open)
    assert window.place == "train"


def test_a_broken_project_says_so_and_keeps_the_present_one(qtbot, opened, tmp_path, monkeypatch):
    never(monkeypatch)
    set_epochs(opened.studio, 77)
    broken = tmp_path / "broken.atelier"
    broken.write_text("{")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(broken), ""))
    qtbot.keyClick(opened, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    bar = find(opened, "error")
    assert bar.isVisible() and bar.kind() == "error" and "broken" in bar.what.text()
    assert opened.studio.document.name == "Test" and opened.studio.document.recipe.epochs == 77


def test_save_as(qtbot, opened, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "Copy.of"), ""))
    opened.save_as()
    assert (tmp_path / "Copy.of.atelier").is_file() and opened.windowTitle().startswith("Copy.of")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    opened.save_as()
    assert opened.windowTitle().startswith("Copy.of")


# ---- drops


def drop(window: MainWindow, *paths: Path) -> bool:
    """Drop files on the window. Returns: whether it takes them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, buttons, keys)
    enter.ignore()
    window.dragEnterEvent(enter)
    if enter.isAccepted():
        window.dropEvent(QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, buttons, keys))
    return enter.isAccepted()


def test_a_folder_dropped_on_the_window_starts_a_project(qtbot, window, picture_folder):
    assert drop(window, picture_folder)
    until(qtbot, lambda: window.studio.document.is_open)
    assert window.place == "data"
    until(qtbot, lambda: window.studio.data.state == "ready")


def test_a_drop_is_judged_by_the_place_it_falls_on(qtbot, opened, picture_folder, monkeypatch):
    heard = []
    monkeypatch.setattr(opened.studio, "handle_drop", lambda paths, place: heard.append((paths, place)))
    opened.go_to("network")
    assert drop(opened, picture_folder)
    until(qtbot, lambda: heard)
    assert heard == [([picture_folder], "network")]


def test_what_is_no_file_is_not_taken(window):
    assert not drop(window)


# ---- what is remembered


def test_the_look_is_remembered(qtbot, windows):
    window = windows.open()
    find(window, "top.mode.light").trigger()
    assert theme().mode == "light" and find(window, "top.mode.light").isChecked()
    assert not find(window, "top.mode.dark").isChecked()
    windows.close()
    again = windows.open()
    assert theme().mode == "light"
    find(again, "top.mode.system").trigger()
    find(again, "top.mode.system").trigger()
    assert find(again, "top.mode.system").isChecked() and theme().mode == "system"


def test_a_mode_nobody_knows_is_that_of_the_desktop(windows):
    window = windows.open()
    window.studio.settings.setValue("window/mode", "purple")
    windows.close()
    windows.open()
    assert theme().mode == "system"


def test_size_is_remembered(windows):
    window = windows.open()
    assert (window.width(), window.height()) <= (1440, 900)
    window.resize(900, 640)  # no larger than the smallest screen: a window is brought back onto it
    windows.close()
    again = windows.open()
    assert (again.width(), again.height()) == (900, 640)


def test_damaged_memories_of_the_window_are_forgotten(windows):
    window = windows.open()
    window.studio.settings.setValue("window/geometry", "nonsense")
    window.studio.settings.sync()
    geometry = window.studio.settings.value("window/geometry")
    assert geometry == "nonsense"
    window._restore()
    assert window.width() >= 900


def test_a_recipe_changed_while_training_is_for_the_next_run(qtbot, training):
    set_epochs(training.studio, 3)
    assert training.studio.training.run.epochs == 5000
    training.studio.document.edit("x", recipe=replace(training.studio.document.recipe, batch_size=4))
    assert training.studio.training.run.batch_size == 8


def test_every_button_for_a_user_has_a_name_for_those_who_do_not_see_it(window):
    window.build_pages()
    buttons = window.findChildren(QPushButton)
    assert buttons and [b.objectName() for b in buttons if not (b.accessibleName() or b.text() or b.toolTip())] == []


def test_what_training_runs_on_is_shown_and_known(window):
    window.show_machine(Machine("Test GPU · 8 GB", 8 * 2**30))
    assert window.top_bar.device.value() == "Test GPU · 8 GB"
    assert window.studio.machine.memory == 8 * 2**30
