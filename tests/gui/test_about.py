"""The pages about the program itself."""

from PySide6.QtWidgets import QLabel

import engine
from gui.about import AboutDialog, ShortcutsDialog, shortcuts


def texts(dialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def test_about_names_the_version(qtbot):
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert engine.__version__ in texts(dialog)


def test_every_shortcut_is_listed(qtbot):
    dialog = ShortcutsDialog()
    qtbot.addWidget(dialog)
    shown = texts(dialog)
    for keys in shortcuts().values():
        for key, meaning in keys:
            assert key in shown and meaning in shown
