"""What is good and what is not about the data set, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

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

from engine.data.health import Finding
from engine.jobs import Progress
from gui.theme import theme
from gui.widgets.bars import number
from gui.widgets.busy import BusyRow
from gui.widgets.empty import IconView
from gui.widgets.panel import dim_label, separator, text_label

ICONS = {"good": ("check", "good"), "warning": ("warning", "validation"), "info": ("info", "dim")}
LISTED = ("notes", "left_out")
"""Findings without images in the grid that can be listed all the same."""


class HealthList(QWidget):
    """Sentences with a sign each; most open their images, and many offer a fix."""

    asked = Signal(object)  # Finding whose images, or list, are wanted
    fix_wanted = Signal(object)  # Fix
    cancelled = Signal()
    go_on_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("data.health")
        self.setAccessibleName(self.tr("Health"))
        self._lines: tuple[Finding, ...] = ()
        self._rows = QVBoxLayout()
        self._rows.setSpacing(theme().tokens.space)
        self.busy = BusyRow()
        self.busy.setObjectName("data.health.progress")
        self.busy.cancelled.connect(self.cancelled)
        self.go_on = link_button(self.tr("The check was stopped: go on"), "data.health.go_on")
        self.go_on.clicked.connect(self.go_on_wanted)
        self.go_on.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addLayout(self._rows)
        column.addWidget(self.busy)
        column.addWidget(self.go_on, 0, Qt.AlignmentFlag.AlignLeft)

    def lines(self) -> tuple[Finding, ...]:
        """What is shown."""
        return self._lines

    def set_lines(self, lines: Sequence[Finding]) -> None:
        """Show these sentences."""
        if tuple(lines) == self._lines:  # a link that is about to be pressed must not be replaced under the mouse
            return
        self._lines = tuple(lines)
        while (item := self._rows.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        for finding in lines:
            self._rows.addWidget(self._row(finding))
            self._rows.addWidget(separator())
        self.setAccessibleDescription(" ".join(finding.text for finding in lines))

    def show_progress(self, progress: Progress | None, *, was_stopped: bool) -> None:
        """Show how far the examination is; None: nothing is done."""
        self.go_on.setVisible(was_stopped and progress is None)
        if progress is None:
            self.busy.finish()
            return
        if self.busy.isHidden():
            self.busy.start(progress.text)
        self.busy.set_progress(progress.done, progress.total, progress.text)

    def _row(self, finding: Finding) -> QWidget:
        row = QWidget()
        across = QHBoxLayout(row)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(theme().tokens.space)
        name, token = ICONS[finding.level]
        across.addWidget(IconView(name, 15, color=token), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(theme().tokens.space_small)
        words.addWidget(text_label(finding.text, wrap=True))
        across.addLayout(words, 1)
        links = QVBoxLayout()
        links.setSpacing(0)
        if finding.images or finding.check in LISTED:
            link = link_button(self.tr("show"), f"data.health.{finding.check}")
            link.setAccessibleName(self.tr("Show: {line}").format(line=finding.text))
            link.clicked.connect(partial(self.asked.emit, finding))
            links.addWidget(link, 0, Qt.AlignmentFlag.AlignRight)
        if finding.detail:
            detail = dim_label(finding.detail, wrap=True, small=True)
            detail.hide()
            words.addWidget(detail)
            why = link_button(self.tr("why"), f"data.health.{finding.check}.why")
            why.setAccessibleName(self.tr("Why: {line}").format(line=finding.text))
            why.clicked.connect(lambda: detail.setVisible(detail.isHidden()))
            links.addWidget(why, 0, Qt.AlignmentFlag.AlignRight)
        for fix in finding.fixes:
            button = link_button(fix.words, f"data.fix.{finding.check}.{fix.name}")
            button.setAccessibleName(f"{fix.words}: {finding.text}")
            button.clicked.connect(partial(self.fix_wanted.emit, fix))
            links.addWidget(button, 0, Qt.AlignmentFlag.AlignRight)
        links.addStretch(1)
        across.addLayout(links)
        return row


def link_button(words: str, name: str) -> QPushButton:
    """A button that looks like a link."""
    link = QPushButton(words)
    link.setObjectName(name)
    link.setProperty("link", True)
    return link


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
