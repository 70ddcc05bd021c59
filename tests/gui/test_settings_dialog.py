"""The settings: what the cache holds, its limit, and clearing it."""

import os

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from real_studio import PATIENCE, open_project, running_studio, small_project

from engine.data.room import GB, cache_limit, hold, set_cache_limit
from engine.files import cache_folder
from gui.about import shortcuts
from gui.main_window import MainWindow
from gui.pages.home.sample_pictures import sample_pictures
from gui.settings_dialog import SettingsDialog, size_words
from gui.theme import theme


@pytest.fixture
def studio(qapp, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DOCUMENTS_DIR", str(tmp_path))
    with running_studio() as studio:
        yield studio


def entry(part: str, name: str, size: int, age: float = 0.0):
    """A data set of `size` bytes in the cache."""
    folder = cache_folder() / part / name
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(bytes(size))
    os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    return folder


def opened(qtbot, studio) -> SettingsDialog:
    dialog = SettingsDialog(studio)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # the test deletes it
    qtbot.addWidget(dialog, before_close_func=lambda dialog: dialog._runner.close())
    dialog.show()
    wait_idle(qtbot, dialog)
    return dialog


def wait_idle(qtbot, dialog: SettingsDialog) -> None:
    qtbot.waitUntil(lambda: not dialog._runner.is_running and not dialog.busy.isVisible(), timeout=PATIENCE)


def answer(button_text: str) -> None:
    """Press a button of the question that is about to be asked."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(button for button in box.buttons() if button.text() == button_text).click()

    QTimer.singleShot(0, press)


def held(dialog: SettingsDialog) -> dict[str, float]:
    return {part.label: part.amount for part in dialog.bar.parts()}


def test_sizes_are_read_like_those_of_a_disk():
    assert [size_words(size) for size in (0, 999, 1_500_000, 3_200_000_000)] == [
        "0 bytes",
        "999 bytes",
        "2 MB",
        "3.2 GB",
    ]


def test_every_part_is_shown_with_its_size(qtbot, studio):
    entry("downloads", "mnist", 3_000_000)
    entry("samples", "drawn", 1_000_000)
    dialog = opened(qtbot, studio)
    assert held(dialog) == {"downloads": 3_000_000, "samples": 1_000_000}
    assert dialog.used.text() == "On this disk: 4 MB"
    assert dialog.clear_button.isEnabled() and "downloads 3 MB" in dialog.bar.accessibleDescription()


def test_an_empty_cache_is_shown_as_one(qtbot, studio):
    dialog = opened(qtbot, studio)
    assert held(dialog) == {} and dialog.used.text() == "On this disk: 0 bytes"
    assert not dialog.grab().isNull()


def test_a_limit_holds_at_once_and_is_remembered(qtbot, studio):
    old, new = entry("samples", "old", 80_000_000, age=10), entry("samples", "new", 70_000_000)
    dialog = opened(qtbot, studio)
    assert dialog.limit.text() == "Automatic"
    dialog.limit.setValue(0.1)
    qtbot.waitUntil(lambda: not old.exists() and held(dialog) == {"samples": 70_000_000}, timeout=PATIENCE)
    wait_idle(qtbot, dialog)
    assert new.exists() and cache_limit() == 0.1 and dialog.limit.text().endswith("GB")
    assert dialog.bar._total == 0.1 * GB, "the bar shows what is left of the limit"
    dialog.limit.setValue(0)
    qtbot.waitUntil(lambda: cache_limit() == 0, timeout=PATIENCE)
    set_cache_limit(7)
    assert opened(qtbot, studio).limit.value() == 7


def test_a_limit_that_is_chosen_while_something_runs_is_not_lost(qtbot, studio):
    dialog = SettingsDialog(studio)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog, before_close_func=lambda dialog: dialog._runner.close())
    dialog.show()
    assert dialog._runner.is_running  # it counts
    dialog.limit.setValue(5)
    dialog.limit.setValue(6)
    qtbot.waitUntil(lambda: cache_limit() == 6, timeout=PATIENCE)
    wait_idle(qtbot, dialog)


def test_clearing_asks_first_and_tells_what_is_free_again(qtbot, studio):
    used, unused = entry("samples", "used", 1_000_000), entry("samples", "unused", 2_000_000)
    hold(used)
    dialog = opened(qtbot, studio)
    answer("Cancel")
    dialog.clear_button.click()
    assert unused.exists() and not dialog._runner.is_running
    answer("Clear")
    dialog.clear_button.click()
    wait_idle(qtbot, dialog)
    assert used.exists() and not unused.exists() and held(dialog) == {"samples": 1_000_000}
    assert dialog.notice.what.text() == "2 MB are free again." and "in use" in dialog.notice.why.text()
    assert dialog.notice.kind() == "good"


def test_clearing_is_refused_while_a_training_runs(qtbot, studio, picture_folder, tmp_path):
    open_project(qtbot, studio, small_project(picture_folder, epochs=100_000), tmp_path / "p" / "p.atelier")
    unused = entry("samples", "unused", 1000)
    dialog = opened(qtbot, studio)
    studio.training.start()
    qtbot.waitUntil(lambda: studio.training.state == "training", timeout=PATIENCE)
    dialog.clear_button.click()
    assert "not cleared" in dialog.notice.what.text() and dialog.notice.fix.text() and unused.exists()
    studio.training.stop(False)
    qtbot.waitUntil(lambda: not studio.training.is_active, timeout=PATIENCE)
    answer("Clear")
    dialog.clear_button.click()
    wait_idle(qtbot, dialog)
    assert not unused.exists() and any((cache_folder() / "pictures").iterdir()), "what the open project uses stays"


def test_a_limit_that_cannot_be_kept_is_told(qtbot, studio, monkeypatch):
    dialog = opened(qtbot, studio)
    monkeypatch.setattr("engine.files.write_atomically", _full)
    dialog.limit.setValue(5)
    qtbot.waitUntil(dialog.notice.isVisible, timeout=PATIENCE)
    assert "could not be kept" in dialog.notice.what.text()


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_pictures_of_the_samples_are_shown_though_the_disk_is_full(monkeypatch):
    monkeypatch.setattr("gui.pages.home.sample_pictures.write_atomically", _full)
    assert all(not image.isNull() for image in sample_pictures("drawn")) and sample_pictures("drawn")
    assert not any((cache_folder() / "sample-cards").glob("*"))


def test_closing_while_it_counts_is_calm(qtbot, studio):
    dialog = SettingsDialog(studio)
    dialog.show()
    studio.closing.emit()
    assert not dialog._runner.is_running and not dialog.isVisible()


def test_everything_has_a_name(qtbot, studio):
    dialog = opened(qtbot, studio)
    for widget in (dialog.mode, dialog.bar, dialog.limit, dialog.clear_button):
        assert widget.objectName().startswith("settings.") and widget.accessibleName()


# --- in the window ----------------------------------------------------------------------------------------------------


@pytest.fixture
def window(qtbot, studio):
    window = MainWindow(studio)
    qtbot.addWidget(window)
    window.show()
    return window


def test_the_menu_and_its_keys_open_one_dialog(qtbot, window):
    action = next(action for action in window.top_bar.menu.actions() if action.text() == "Settings…")
    assert action.shortcut() == QKeySequence("Ctrl+,")
    assert ("Ctrl+,", "Settings") in shortcuts()["Everywhere"]
    action.trigger()
    action.trigger()
    (dialog,) = window.findChildren(SettingsDialog)
    assert dialog.isVisible()
    wait_idle(qtbot, dialog)
    dialog.findChild(QWidget, "settings.close").click()
    qtbot.waitUntil(lambda: not window.findChildren(SettingsDialog), timeout=PATIENCE)


def test_the_look_can_be_chosen_there_too(qtbot, window):
    window.show_settings()
    (dialog,) = window.findChildren(SettingsDialog)
    before = theme().mode
    other = "light" if before != "light" else "dark"
    dialog.mode.button(other).click()
    assert theme().mode == other and window.studio.settings.value("window/mode") == other
    window.set_mode(before)
    assert dialog.mode.current() == before
    dialog.close()
