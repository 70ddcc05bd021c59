"""A form whose fields always have room for their words."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QWidget

from gui.forms import DeclaredForm
from gui.forms.row import EDITOR_SHARE, LABEL_SHARE, Row
from gui.theme import theme

AROUND_WORDS = 46  # px beside the words of a list: its arrow, its padding, its border, and a little air
WIDEST = (1 << 24) - 1  # Qt's "no limit"


class RoomyForm(DeclaredForm):
    """Gives the labels only what they need where lists would be cut off; where that is too little, labels go above."""

    TIGHT = False
    """Whether labels never get more than they need, whatever the editors are."""

    def __init__(self, key: str = "", parent: QWidget | None = None) -> None:
        super().__init__(key, parent)
        self._arranged: tuple[int, int, int] | None = None
        theme().changed.connect(self.arrange)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def minimumSizeHint(self) -> QSize:
        # As wide as the narrowest arrangement; the present one must not keep the panel from becoming narrower.
        return QSize(theme().px(120), super().minimumSizeHint().height())

    def words(self, row: Row) -> Iterable[str]:
        """The labels that the width of `row`'s label is made for."""
        return (_label(row).text(),)

    def arrange(self) -> None:
        """Divide the width anew; called by itself when the width or the look changes."""
        rows = [self.row(name) for name in self.names()]
        lengths = (_label(row).fontMetrics().horizontalAdvance(text) for row in rows for text in self.words(row))
        words = max(lengths, default=0) + 2
        field = max((_needed(row) for row in rows), default=0)
        wanted = (self.width(), words, field)
        if wanted == self._arranged:
            return
        self._arranged = wanted
        room = self.contentsRect().width() - theme().tokens.space
        usual = not self.TIGHT and field <= room * EDITOR_SHARE // (LABEL_SHARE + EDITOR_SHARE)
        stacked = not usual and words + field > room
        for row in rows:
            line = _line(row)
            line.setDirection(QBoxLayout.Direction.TopToBottom if stacked else QBoxLayout.Direction.LeftToRight)
            line.setStretch(0, 0 if stacked else LABEL_SHARE if usual else words)
            line.setStretch(1, 0 if stacked else EDITOR_SHARE if usual else room - words)
            line.setSpacing(theme().tokens.space_small if stacked else theme().tokens.space)
            _label(row).setMaximumWidth(WIDEST if usual or stacked else words)
            row.layout().activate()  # now: else the old division is painted once in the new width


def _line(row: Row) -> QBoxLayout:
    return row.layout().itemAt(0).layout()


def _label(row: Row) -> QWidget:
    return _line(row).itemAt(0).widget()


def _needed(row: Row) -> int:
    """px that the longest word of a list needs, or what an editor asks for; other fields show what they can."""
    editor = row.editor.widget
    if not isinstance(editor, QComboBox):
        return row.editor.body.minimumWidth()
    measure = editor.fontMetrics().horizontalAdvance
    return max((measure(editor.itemText(i)) for i in range(editor.count())), default=0) + theme().px(AROUND_WORDS)
