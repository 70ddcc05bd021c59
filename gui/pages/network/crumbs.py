"""Where in the network one is: the row that shows the way into a block and back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from gui.theme import icon, theme
from gui.widgets.panel import dim_label, text_label


class Crumbs(QFrame):
    """“Network › Residual block”; hidden while the whole network is shown.

    Signals:
        depth_wanted(depth): 0 for the whole network.
        title_wanted(): another title for the innermost block.
    """

    depth_wanted = Signal(int)
    title_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("network.crumbs")
        self._row = QHBoxLayout(self)
        tokens = theme().tokens
        self._row.setContentsMargins(tokens.space_large, 0, tokens.space_large, tokens.space_small)
        self._row.setSpacing(tokens.space)
        self.note = dim_label()
        self.note.setParent(self)  # it is in the row only while a block is shown
        self.hide()

    def show_path(self, titles: Sequence[str], uses: int) -> None:
        """Show the way to a block.

        Args:
            titles: of the blocks from the outermost; none hides the row.
            uses: how many times the innermost is used: a change changes all of them.
        """
        while (item := self._row.takeAt(0)) is not None:
            if item.widget() is not None and item.widget() is not self.note:
                item.widget().deleteLater()
        self.setVisible(bool(titles))
        if not titles:
            return
        self._row.addWidget(self._button(self.tr("Network"), 0))
        for depth, title in enumerate(titles, start=1):
            self._row.addWidget(dim_label("›"))
            last = depth == len(titles)
            self._row.addWidget(text_label(title, strong=True) if last else self._button(title, depth))
        words = self.tr("used {count} times: a change here changes all of them").format(count=uses)
        self.note.setText(words if uses > 1 else "")
        self._row.addWidget(self.note)
        self._row.addStretch(1)
        rename = QPushButton(self.tr("Rename…"))
        rename.setProperty("quiet", True)
        rename.setObjectName("network.rename_block")
        rename.clicked.connect(self.title_wanted)
        self._row.addWidget(rename)
        back = self._button(self.tr("Back"), len(titles) - 1)
        back.setIcon(icon("arrow-up"))
        back.setObjectName("network.back")
        back.setToolTip(self.tr("Out of the block (Esc)"))
        self._row.addWidget(back)

    def _button(self, text: str, depth: int) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("quiet", True)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: self.depth_wanted.emit(depth))
        return button
