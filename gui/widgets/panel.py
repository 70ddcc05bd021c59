"""Panels and the labels that stand in them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from gui.theme import theme


def text_label(text: str = "", *, wrap: bool = False, **properties: object) -> QLabel:
    """Return a label of plain text; `properties` are those of the style sheet (`dim=True`, `tone="good"`)."""
    label = QLabel(text)
    # File and class names are shown as they are: a "<b>" in one must not turn into bold.
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    for name, value in properties.items():
        label.setProperty(name, value)
    return label


def heading(text: str) -> QLabel:
    """Return a section heading: body size, semibold, dim."""
    return text_label(text, heading=True)


def dim_label(text: str = "", *, wrap: bool = False, small: bool = False) -> QLabel:
    """Return a label in the quiet colour."""
    return text_label(text, wrap=wrap, dim=True, small=small)


def title_label(text: str, *, wrap: bool = False) -> QLabel:
    """Return a larger semibold label."""
    return text_label(text, wrap=wrap, title=True)


def separator() -> QFrame:
    """Return a horizontal line one pixel high."""
    line = QFrame()
    line.setProperty("separator", True)
    return line


class Panel(QFrame):
    """A rounded surface: a heading row (title left, extra widgets right) over a body.

    `body` is the layout to fill.
    """

    def __init__(self, title: str = "", *, extra: QWidget | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        tokens = theme().tokens
        self._title = heading(title)
        self._header = QHBoxLayout()
        self._header.setSpacing(tokens.space_large)
        self._header.addWidget(self._title)
        self._header.addStretch(1)
        self.body = QVBoxLayout()
        self.body.setSpacing(tokens.space)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*[tokens.space_large] * 4)
        outer.setSpacing(tokens.space)
        outer.addLayout(self._header)
        outer.addLayout(self.body, 1)
        self.set_title(title)
        if extra is not None:
            self.add_extra(extra)

    def set_title(self, title: str) -> None:
        """Change the heading; an empty one takes no room."""
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self.setAccessibleName(title)

    def title(self) -> str:
        """Return the heading."""
        return self._title.text()

    def add_beside_title(self, widget: QWidget) -> None:
        """Put a widget right after the heading, such as a `Segmented`."""
        self._header.insertWidget(self._header.count() - 1 - self._extras(), widget)

    def add_extra(self, widget: QWidget) -> None:
        """Put a widget at the right end of the heading row."""
        widget.setSizePolicy(widget.sizePolicy().horizontalPolicy(), QSizePolicy.Policy.Preferred)
        self._header.addWidget(widget)

    def _extras(self) -> int:
        stretch = next(i for i in range(self._header.count()) if self._header.itemAt(i).spacerItem() is not None)
        return self._header.count() - 1 - stretch
