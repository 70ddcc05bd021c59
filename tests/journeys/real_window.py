"""The real window in folders of its own; when it goes, nothing of it may stay."""

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from shiboken6 import isValid

from gui.app import create_app
from gui.main_window import MainWindow
from gui.theme import theme

PATIENCE = 90_000  # ms; a busy machine
CHART_MENUS = ("Plot Options", "ViewBox options")


class RealWindows:
    """Opens windows one after the other on the same user folders, and closes what a test leaves open."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch):
        self.documents = base / "documents"
        monkeypatch.setenv("XDG_DOCUMENTS_DIR", str(self.documents))
        # On Windows and macOS the system is asked, whatever the environment says.
        monkeypatch.setattr(platformdirs, "user_documents_dir", lambda: str(self.documents))
        self._widgets = set(_widgets())
        # What is there already is none of ours, and with torch loaded takes half a second to look through each time.
        gc.freeze()
        self._window: MainWindow | None = None

    def open(self, argv: Sequence[str] = ()) -> MainWindow:
        """Start the program; the window is shown."""
        assert self._window is None, "one window at a time"
        _, self._window = create_app(argv)
        self._window.show()
        QCoreApplication.processEvents()
        return self._window

    def close(self) -> None:
        """Close the window as its button does, and look for what stayed behind."""
        window, self._window = self._window, None
        assert window.close(), "the window did not want to close"
        QThreadPool.globalInstance().waitForDone()
        QCoreApplication.processEvents()
        window.deleteLater()
        del window
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        theme().set_mode("system")
        main_thread = QCoreApplication.instance().thread()
        left = [thread for thread in _alive(QThread) if thread.isRunning() and thread != main_thread]
        left += [timer for timer in _alive(QTimer) if timer.isActive()]
        left += [widget for widget in _widgets() if widget not in self._widgets and not _is_of_a_chart(widget)]
        assert not left, f"left behind: {', '.join(map(_in_words, left))}"

    def end(self) -> None:
        """Close what a test has left open; a training in it is stopped."""
        if self._window is not None:
            self._window.studio.training.close()
            self._window.studio.document.undo_stack.setClean()
            self.close()
        gc.unfreeze()


def _alive(kind: type) -> list[Any]:
    # Not `isinstance`, which asks the object itself: some of torch's answer with a warning.
    return [each for each in gc.get_objects() if issubclass(type(each), kind) and isValid(each)]


def _is_of_a_chart(widget: QWidget) -> bool:
    # pyqtgraph keeps the menus of its plots, never shown here, in cycles of its own without a parent.
    top = widget
    while isinstance(top, QMenu) and isinstance(top.parent(), QMenu):
        top = top.parent()
    return isinstance(top, QMenu) and top.parent() is None and top.title() in CHART_MENUS


def _in_words(thing: QObject) -> str:
    parents, parent = [], thing.parent()
    while parent is not None:
        parents.append(type(parent).__name__)
        parent = parent.parent()
    return f"{type(thing).__name__} {thing.objectName()!r} in {parents}"


def _widgets() -> list[QWidget]:
    return QApplication.allWidgets()


def find(window: QWidget, name: str) -> Any:
    """The widget of this object name, the visible one where several have it."""
    found = window.findChildren(QObject, name)
    assert found, f"there is no {name}"
    return next((each for each in found if isinstance(each, QWidget) and each.isVisible()), found[0])


def until(qtbot: Any, condition: Any) -> None:
    """Wait for a condition."""
    qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE)
