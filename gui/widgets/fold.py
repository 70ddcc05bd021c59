"""A section that opens and closes."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from gui.theme import icon, theme


class Fold(QWidget):
    """A header button (▸ closed, ▾ open) over a body that it shows or hides; fill `body`."""

    toggled = Signal(bool)  # open or not

    def __init__(
        self,
        title: str,
        *,
        key: str = "",
        settings: QSettings | None = None,
        opened: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Make a fold.

        Args:
            key: where its state is remembered between starts; empty forgets it.
            settings: where `key` lives, by default the application's settings.
            opened: state when nothing is remembered.
        """
        super().__init__(parent)
        self._key = f"folds/{key}" if key else ""
        self._settings = settings if settings is not None or not key else QSettings()
        self.header = QToolButton()
        self.header.setText(title)
        self.header.setAccessibleName(title)
        self.header.setCheckable(True)
        self.header.setProperty("fold", True)
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.toggled.connect(self._on_toggled)
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(0, theme().tokens.space_small, 0, theme().tokens.space_small)
        self.body.setSpacing(theme().tokens.space)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.header, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addWidget(self._content)
        if self._key:
            opened = self._settings.value(self._key, opened, type=bool)
        self._show(opened)
        self.set_open(opened)

    def is_open(self) -> bool:
        """Return whether the body is shown."""
        return self.header.isChecked()

    def set_open(self, opened: bool) -> None:
        """Show or hide the body."""
        self.header.setChecked(opened)

    def set_title(self, title: str) -> None:
        """Change the words of the header."""
        self.header.setText(title)
        self.header.setAccessibleName(title)

    def set_inner(self) -> None:
        """Be one fold within another: header and labels stand further in, and the fields stay in their column."""
        indent = theme().tokens.space_large
        self.header.setStyleSheet(f"margin-left: {indent}px")
        for place in range(self.body.count()):
            row = self.body.itemAt(place).widget()
            label = row.findChild(QLabel) if row is not None else None
            if label is not None:
                label.setIndent(indent)

    def _show(self, opened: bool) -> None:
        self._content.setVisible(opened)
        self.header.setIcon(icon("chevron-down" if opened else "chevron-right"))
        words = self.tr("open, press to close") if opened else self.tr("closed, press to open")
        self.header.setAccessibleDescription(words)

    def _on_toggled(self, opened: bool) -> None:
        self._show(opened)
        if self._key:
            self._settings.setValue(self._key, opened)
        self.toggled.emit(opened)
