"""A line above the grid: which finding is shown, or what can be done with the images that are selected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from engine.data.health import Finding
from gui.pages.data.facts import images
from gui.theme import icon, theme
from gui.widgets.panel import text_label

KEYS = 9  # classes that can be reached by a digit


class _Bar(QFrame):
    """Words, buttons and a cross."""

    closed = Signal()

    def __init__(self, name: str, close_words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("bar", "note")
        self.words = text_label(wrap=True)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(theme().tokens.space, theme().tokens.space_small, theme().tokens.space_small, 4)
        self.row.setSpacing(theme().tokens.space)
        self.row.addWidget(self.words, 1)
        self.close_button = QToolButton()
        self.close_button.setObjectName(f"{name}.close")
        self.close_button.setIcon(icon("close"))
        self.close_button.setToolTip(close_words)
        self.close_button.setAccessibleName(close_words)
        self.close_button.clicked.connect(self.closed)
        self.row.addWidget(self.close_button)
        self.hide()

    def _add(self, button: QWidget) -> None:
        self.row.insertWidget(self.row.count() - 1, button)


class FindingBar(_Bar):
    """Says which finding the grid is limited to, with its fixes."""

    fix_wanted = Signal(object)  # Fix
    list_wanted = Signal(object)  # Finding

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("data.finding", self.tr("Show all images again"), parent)
        self._buttons: list[QPushButton] = []
        self.finding: Finding | None = None

    def show_finding(self, finding: Finding | None) -> None:
        """Show a finding; None hides the bar."""
        self.finding = finding
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        self.setVisible(finding is not None)
        if finding is None:
            return
        self.words.setText(finding.text[0].upper() + finding.text[1:])
        if finding.reasons or finding.groups:
            button = self._button(self.tr("list"), "data.finding.list")
            button.clicked.connect(partial(self.list_wanted.emit, finding))
        for fix in finding.fixes:
            self._button(fix.words, f"data.finding.{fix.name}").clicked.connect(partial(self.fix_wanted.emit, fix))

    def _button(self, words: str, name: str) -> QPushButton:
        button = QPushButton(words[0].upper() + words[1:])
        button.setObjectName(name)
        self._add(button)
        self._buttons.append(button)
        return button


class SelectionBar(_Bar):
    """What can be done with the selected images."""

    move_wanted = Signal(str)  # class name; empty: ask for a new one
    leave_out_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("data.selection", self.tr("Select nothing"), parent)
        self.move_button = QPushButton(self.tr("Move to"))
        self.move_button.setObjectName("data.selection.move")
        self.menu = QMenu(self.move_button)
        self.move_button.setMenu(self.menu)
        self.leave_out = QPushButton(self.tr("Leave out"))
        self.leave_out.setObjectName("data.selection.leave_out")
        self.leave_out.setToolTip(self.tr("Use these images for nothing; the files stay (Delete)"))
        self.leave_out.clicked.connect(self.leave_out_wanted)
        for button in (self.move_button, self.leave_out):
            self._add(button)

    def set_classes(self, names: Sequence[str]) -> None:
        """Offer these classes."""
        fill_move_menu(self.menu, names, self.move_wanted.emit)

    def show_count(self, count: int) -> None:
        """Show how many are selected; none hides the bar."""
        self.setVisible(count > 0)
        self.words.setText(self.tr("{images} selected").format(images=images(count)))


def fill_move_menu(menu: QMenu, names: Sequence[str], move) -> None:
    """Fill `menu` with classes; `move` gets the name chosen, empty for a class that is still to be named."""
    menu.clear()
    for place, name in enumerate(names):
        action = menu.addAction(f"&{place + 1}  {name.replace('&', '&&')}" if place < KEYS else name.replace("&", "&&"))
        action.setObjectName(f"data.move.{name}")
        action.triggered.connect(partial(move, name))
    menu.addSeparator()
    menu.addAction(menu.tr("New class…")).triggered.connect(partial(move, ""))
