"""What a place shows when there is nothing to show yet."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.theme import icon, theme
from gui.theme.icons import paint_icon
from gui.widgets.panel import dim_label, title_label

WIDEST = 560  # px at 100 % text size, of a line of text


class IconView(QWidget):
    """One icon in the colour of a token."""

    def __init__(self, icon_name: str, size: int = 20, *, color: str = "dim", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name, self._size, self._color = icon_name, size, color
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)

    def set_icon(self, icon_name: str, color: str | None = None) -> None:
        """Show another icon, or the same in another colour token."""
        self._icon_name, self._color = icon_name, color or self._color
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(self._size), theme().px(self._size))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_icon(painter, self._icon_name, self.rect().toRectF(), self._color)


class EmptyState(QWidget):
    """Icon, title, one sentence and what to do about it, in the middle of the room."""

    def __init__(self, icon_name: str, title: str, sentence: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = IconView(icon_name, 40)
        self._title = title_label(title, wrap=True)
        self._sentence = dim_label(sentence, wrap=True)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(theme().tokens.space)
        column = QVBoxLayout(self)
        column.setSpacing(theme().tokens.space)
        column.addStretch(1)
        column.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            row = QHBoxLayout()  # lines that run across a whole screen are hard to read
            row.addStretch(1)
            row.addWidget(label, 1000)
            row.addStretch(1)
            column.addLayout(row)
        column.addSpacing(theme().tokens.space_small)
        column.addLayout(self._buttons)
        column.addStretch(1)
        self._buttons.addStretch(1)
        self._buttons.addStretch(1)
        theme().changed.connect(self._size)
        self._size()
        self.set_text(title, sentence)

    def _size(self) -> None:
        for label in (self._title, self._sentence):
            label.setMaximumWidth(theme().px(WIDEST))

    def set_text(self, title: str, sentence: str = "") -> None:
        """Change title and sentence."""
        self._title.setText(title)
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)

    def add_button(self, text: str, *, primary: bool = False, icon_name: str = "") -> QPushButton:
        """Add a button and return it; connect its `clicked`."""
        button = QPushButton(text)
        button.setProperty("primary", primary)
        if icon_name:
            token = "on_accent" if primary else "dim"
            button.setIcon(icon(icon_name, color=token, active=token))
        self._buttons.insertWidget(self._buttons.count() - 1, button)
        return button
