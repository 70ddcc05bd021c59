"""The network's place with a real document behind it; modules with other needs have fixtures of the same names."""

import pytest
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow

from engine.spec import DataSpec
from gui.pages.network import NetworkPage
from gui.studio import Studio


@pytest.fixture
def studio(qtbot):
    studio = Studio()
    studio.document.edit("Data", data=DataSpec(classes=("muffin", "chihuahua")))
    studio.document.undo_stack.clear()
    yield studio
    studio.close()


@pytest.fixture
def document(studio):
    return studio.document


@pytest.fixture
def page(qtbot, studio):
    """The page in a window that owns undo, as the real one does."""
    window = QMainWindow()
    qtbot.addWidget(window)
    page = NetworkPage(studio)
    window.setCentralWidget(page)
    for make, keys in (
        (studio.document.undo_stack.createUndoAction, QKeySequence.StandardKey.Undo),
        (studio.document.undo_stack.createRedoAction, QKeySequence.StandardKey.Redo),
    ):
        action: QAction = make(window)
        action.setShortcut(keys)
        window.addAction(action)
    window.resize(1300, 800)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield page  # not return: the window must outlive the test
