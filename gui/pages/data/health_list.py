"""What is good and what is not about the data set, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.pages.data.facts import HealthLine
from gui.theme import theme
from gui.widgets.bars import number
from gui.widgets.empty import IconView
from gui.widgets.panel import dim_label, separator, text_label

ICONS = {"good": ("check", "good"), "warning": ("warning", "validation"), "info": ("info", "dim")}


class HealthList(QWidget):
    """Sentences with a sign each; some open a list."""

    asked = Signal(str)  # what to list: "failures", "notes", "copies" and so on
    fix_wanted = Signal(str)  # which trouble to end: see `HealthLine.fixes`

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("data.health")
        self.setAccessibleName(self.tr("Health"))
        self._lines: tuple[HealthLine, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme().tokens.space)

    def lines(self) -> tuple[HealthLine, ...]:
        """What is shown."""
        return self._lines

    def set_lines(self, lines: Sequence[HealthLine]) -> None:
        """Show these sentences."""
        if tuple(lines) == self._lines:  # a link that is about to be pressed must not be replaced under the mouse
            return
        self._lines = tuple(lines)
        while (item := self._column.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        for line in lines:
            self._column.addWidget(self._row(line))
            self._column.addWidget(separator())
        self.setAccessibleDescription(" ".join(line.text for line in lines))

    def _row(self, line: HealthLine) -> QWidget:
        row = QWidget()
        across = QHBoxLayout(row)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(theme().tokens.space)
        name, token = ICONS[line.kind]
        across.addWidget(IconView(name, 15, color=token), 0, Qt.AlignmentFlag.AlignTop)
        across.addWidget(text_label(line.text, wrap=True), 1)
        links = QVBoxLayout()
        links.setSpacing(0)
        if line.shows:
            link = self._link(self.tr("show"), f"data.health.{line.shows}")
            link.setAccessibleName(self.tr("Show: {line}").format(line=line.text))
            link.clicked.connect(self._on_link)
            links.addWidget(link, 0, Qt.AlignmentFlag.AlignRight)
        if line.fixes:
            words = self.tr("take back") if line.fixes == "take_back" else self.tr("leave out")
            fix = self._link(words, f"data.fix.{line.fixes}")
            fix.setAccessibleName(f"{words}: {line.text}")
            fix.clicked.connect(self._on_fix)
            links.addWidget(fix, 0, Qt.AlignmentFlag.AlignRight)
        links.addStretch(1)
        across.addLayout(links)
        return row

    @staticmethod
    def _link(words: str, name: str) -> QPushButton:
        link = QPushButton(words)
        link.setObjectName(name)
        link.setProperty("link", True)
        return link

    def _on_fix(self) -> None:
        self.fix_wanted.emit(self.sender().objectName().rpartition(".")[2])

    def _on_link(self) -> None:
        self.asked.emit(self.sender().objectName().rpartition(".")[2])


class ListDialog(QDialog):
    """Files and what is to be said of each."""

    MOST = 5000

    def __init__(self, title: str, sentence: str, rows: Sequence[tuple[str, str]], parent: QWidget | None = None):
        """Show `rows` of (file, sentence); an empty file name leaves one column of sentences."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(theme().px(680), theme().px(420))
        self.table = self._make_table(rows[: self.MOST])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(theme().tokens.space_large)
        column.addWidget(text_label(sentence, wrap=True))
        column.addWidget(self.table, 1)
        if len(rows) > self.MOST:
            column.addWidget(dim_label(self.tr("The first {count} are shown.").format(count=number(self.MOST))))
        column.addWidget(buttons)

    def _make_table(self, rows: Sequence[tuple[str, str]]) -> QTableWidget:
        table = QTableWidget(len(rows), 2)
        table.setObjectName("data.list")
        table.setHorizontalHeaderLabels([self.tr("File"), self.tr("What is wrong")])
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.setColumnHidden(0, not any(file for file, _ in rows))
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        table.horizontalHeader().setStretchLastSection(True)
        table.setColumnWidth(0, theme().px(240))
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        for place, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                table.setItem(place, column, item)
        return table
