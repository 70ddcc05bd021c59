"""Two small pages about the program itself."""

import platform

from PySide6.QtCore import QCoreApplication, Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QVBoxLayout, QWidget

import engine
from gui.widgets.panel import heading, text_label


def _tr(text: str) -> str:
    return QCoreApplication.translate("about", text)


def shortcuts() -> dict[str, list[tuple[str, str]]]:
    """Keys and what they do, by where they work."""
    return {
        _tr("Everywhere"): [
            ("Ctrl+0 … Ctrl+4", _tr("Home, Data, Network, Train, Predict")),
            ("Ctrl+Z, Ctrl+Shift+Z", _tr("Undo, redo")),
            ("Ctrl+S, Ctrl+Shift+S, Ctrl+O", _tr("Save, save as, open")),
            ("/", _tr("Add a layer by name")),
            ("Ctrl+,", _tr("Settings")),
        ],
        _tr("Network"): [
            ("↑ ↓", _tr("Select the layer before or after")),
            ("Alt+↑, Alt+↓", _tr("Move the selected layer")),
            ("Delete, Ctrl+D", _tr("Delete it, duplicate it")),
            ("+", _tr("Add a layer behind it")),
            ("Ctrl++, Ctrl+−", _tr("Zoom")),
        ],
        _tr("Images"): [
            (_tr("Enter"), _tr("Show an image large; ← → show the ones beside it")),
            ("1 … 9", _tr("On Data: move the selected images to that class")),
            (_tr("Delete"), _tr("On Data: leave the selected images out")),
            ("F2", _tr("Rename the selected class")),
            ("Ctrl+V", _tr("On Data: paste into the class that is shown; on Predict: classify what was copied")),
            (_tr("Space"), _tr("While collecting: take images as long as it is held")),
        ],
    }


class ShortcutsDialog(QDialog):
    """The keys, in a table."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle(_tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        row = 0
        for place, keys in shortcuts().items():
            grid.addWidget(heading(place), row, 0, 1, 2)
            for offset, (key, meaning) in enumerate(keys, start=1):
                grid.addWidget(text_label(key, strong=True), row + offset, 0)
                grid.addWidget(text_label(meaning), row + offset, 1)
            row += len(keys) + 1
            grid.setRowMinimumHeight(row, 12)
            row += 1
        layout = QVBoxLayout(self)
        layout.addLayout(grid)
        layout.addWidget(_close_button(self))


class AboutDialog(QDialog):
    """What this is and what it runs on."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("about")
        self.setWindowTitle(_tr("About Atelier"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        layout.addWidget(text_label(f"Atelier {engine.__version__}", title=True))
        layout.addWidget(text_label(_tr("Build a neural network for images, train it, and watch it learn.")))
        layout.addWidget(text_label(_tr("Free, on your own computer, without the network. MIT licence."), dim=True))
        versions = f"Python {platform.python_version()} · Qt {qVersion()} · {platform.platform()}"
        layout.addWidget(text_label(versions, dim=True))
        layout.addWidget(_close_button(self))


def _close_button(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox()
    buttons.addButton(_tr("Close"), QDialogButtonBox.ButtonRole.AcceptRole).clicked.connect(dialog.accept)
    return buttons
