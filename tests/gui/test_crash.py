"""Exceptions that nobody caught become a report, from any thread, and the program lives on."""

import logging
import sys
import threading

import pytest
from PySide6.QtWidgets import QPushButton

from gui.crash import ENOUGH, CrashDialog, ExceptionCatcher, report


@pytest.fixture
def catcher(qapp):
    hooks = sys.excepthook, threading.excepthook
    catcher = ExceptionCatcher()
    catcher.install()
    yield catcher
    catcher.uninstall()
    sys.excepthook, threading.excepthook = hooks


def fail() -> None:
    raise LookupError("where is it?")


def raise_uncaught() -> None:
    """What Python does with an exception that reaches the top, without ending this process."""
    try:
        fail()
    except LookupError:
        sys.excepthook(*sys.exc_info())


def test_a_report_says_what_is_needed_to_understand_it():
    text = report("Traceback: x")
    assert text.startswith("Atelier ") and "Python 3" in text and "Qt 6" in text and text.endswith("Traceback: x")


def test_a_half_imported_torch_does_not_spoil_the_report(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", object())
    assert "torch half imported" in report("")


def test_an_uncaught_exception_is_reported_and_logged(qtbot, catcher, caplog):
    with qtbot.waitSignal(catcher.caught) as caught, caplog.at_level(logging.ERROR):
        raise_uncaught()
    assert "where is it?" in caught.args[0] and "in fail" in caught.args[0]
    assert "nobody caught" in caplog.text


def test_one_on_another_thread_arrives_in_the_gui_thread(qtbot, catcher):
    dialogs: list[CrashDialog] = []
    thread = threading.Thread(target=fail)
    with qtbot.waitSignal(catcher.caught) as caught:
        thread.start()
    thread.join()
    dialogs.append(CrashDialog(caught.args[0]))
    qtbot.addWidget(dialogs[0])
    assert "where is it?" in dialogs[0].text


def test_an_interruption_by_the_keyboard_is_left_to_python(qtbot, catcher, capsys):
    with qtbot.assertNotEmitted(catcher.caught):
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_the_hooks_are_given_back(catcher):
    catcher.uninstall()
    assert sys.excepthook is sys.__excepthook__ and threading.excepthook is threading.__excepthook__


def test_the_report_can_be_copied(qtbot, qapp):
    dialog = CrashDialog("line 1\nline 2")
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.findChild(QPushButton, "crash.copy").click()
    assert qapp.clipboard().text() == dialog.text == "line 1\nline 2"
    assert dialog.isVisible()


def test_going_on_closes_it(qtbot):
    dialog = CrashDialog("text")
    dialog.show()
    with qtbot.waitSignal(dialog.destroyed):
        dialog.accept()


def test_a_storm_of_exceptions_fits_into_one_dialog(qtbot):
    dialog = CrashDialog("first")
    qtbot.addWidget(dialog)
    for number in range(500):
        dialog.add("the same again")
        dialog.add(f"report {number} " + "x" * 1000)
    assert dialog.text.startswith("first") and dialog.text.count("the same again") == 1
    assert len(dialog.text) < ENOUGH + 2000
