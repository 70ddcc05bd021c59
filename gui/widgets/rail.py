"""The rail: the places of the window, one under the other."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QLayout, QToolButton, QVBoxLayout, QWidget

from gui.theme import icon, restyle, theme
from gui.widgets.roving import RovingFocus

ICON_PX = 21
DENSITIES = ("roomy", "tight", "icons")


class Rail(QFrame):
    """A column of places, icon over label; exactly one is current. Arrow keys move among them.

    When the window is too low for all, the rail first tightens, then leaves the labels to tool tips.
    """

    chosen = Signal(str)  # the user went to this place; not emitted by set_current

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "left")
        self.setObjectName("rail")
        self.setAccessibleName(self.tr("Places"))
        self._buttons: dict[str, QToolButton] = {}
        self._density = DENSITIES[0]
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._group.idClicked.connect(self._on_clicked)
        self._roving = RovingFocus(self)
        self._top, self._bottom = QVBoxLayout(), QVBoxLayout()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, theme().tokens.space, 1, theme().tokens.space)
        outer.setSpacing(0)
        outer.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # minimumSizeHint below is the truth
        outer.addLayout(self._top)
        outer.addStretch(1)
        outer.addLayout(self._bottom)
        theme().changed.connect(self._restyle)

    def add_place(self, name: str, label: str, icon_name: str, *, bottom: bool = False) -> QToolButton:
        """Add a place; its button is called `rail.<name>`. `bottom` puts it at the foot of the rail.

        Raises:
            ValueError: there is a place of this name.
        """
        if name in self._buttons:
            raise ValueError(f"the rail has a place {name!r} already")
        button = QToolButton()
        button.setObjectName(f"rail.{name}")
        button.setAccessibleName(label)
        button.setText(label)
        button.setIcon(icon(icon_name))
        button.setCheckable(True)
        button.setProperty("rail", True)
        button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Preferred)
        self._group.addButton(button, len(self._buttons))
        self._roving.add(button)
        self._buttons[name] = button
        (self._bottom if bottom else self._top).addWidget(button)
        self._dress(button)
        if len(self._buttons) == 1:
            button.setChecked(True)
        return button

    def places(self) -> list[str]:
        """Return the names of the places in the order they were added."""
        return list(self._buttons)

    def current(self) -> str:
        """Return the name of the current place; empty when there is none."""
        names = self.places()
        return names[self._group.checkedId()] if names else ""

    def set_current(self, name: str) -> None:
        """Show `name` as current without emitting `chosen`.

        Raises:
            KeyError: there is no such place.
        """
        self._buttons[name].setChecked(True)

    def button(self, name: str) -> QToolButton:
        """Return the button of a place, to enable it or give it a tool tip."""
        return self._buttons[name]

    def _on_clicked(self, index: int) -> None:
        self.chosen.emit(self.places()[index])

    def _restyle(self) -> None:
        for button in self._buttons.values():
            self._dress(button)
        self._fit()

    def _dress(self, button: QToolButton) -> None:
        labelled = self._density != "icons"
        side = theme().px(ICON_PX) if self._density == "roomy" else ICON_PX
        button.setIconSize(QSize(side, side))
        under = Qt.ToolButtonStyle.ToolButtonTextUnderIcon
        button.setToolButtonStyle(under if labelled else Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setToolTip("" if labelled else button.text())
        restyle(button, density=self._density)
        button.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Choose the roomiest density whose buttons fit the height."""
        room = self.contentsRect().height() - 2 * theme().tokens.space
        chosen = next((d for d in DENSITIES if self._needed(d) <= room), DENSITIES[-1])
        if chosen != self._density:
            self._density = chosen
            for button in self._buttons.values():
                self._dress(button)

    def _needed(self, density: str) -> int:
        """Return the height of all buttons in px. Reckoned, not asked of size hints: those know one density only."""
        label = round(theme().px(11) * 1.35)
        each = {
            "roomy": theme().px(ICON_PX) + label + 24,
            "tight": ICON_PX + label + 12,
            "icons": ICON_PX + 22,
        }[density]
        return each * len(self._buttons)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self._needed("icons") + 2 * theme().tokens.space)
