"""The network as a PyTorch program: to read, to copy, to save."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QGuiApplication, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.errors import EngineError
from engine.files import save_for_user
from gui.theme import icon, mono_font, theme
from gui.widgets.empty import EmptyState

_KEYWORDS = r"\b(?:class|def|return|import|from|if|for|in|is|not|None|True|False|super|self|with|else|and|or|lambda)\b"
_RULES = (
    (_KEYWORDS, "family.convolution"),
    (r"\b[A-Z][A-Za-z0-9]+\b", "family.normalisation"),
    (r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?\b", "family.dense"),
    (r"\"[^\"]*\"|'[^']*'", "good"),
    (r"#.*$", "dim"),
)


class PythonColours(QSyntaxHighlighter):
    """Keywords, classes, numbers, texts and comments in the colours of the look that is on."""

    def __init__(self, document: QTextDocument):
        super().__init__(document)
        theme().changed.connect(self.rehighlight)

    def highlightBlock(self, text: str) -> None:
        for pattern, token in _RULES:
            shape = QTextCharFormat()
            shape.setForeground(theme().color(token))
            found = QRegularExpression(pattern).globalMatch(text)
            while found.hasNext():
                match = found.next()
                self.setFormat(match.capturedStart(), match.capturedLength(), shape)
        self._colour_docstrings(text)

    def _colour_docstrings(self, text: str) -> None:
        """A text in triple quotes may go over several lines: the state of a line says whether it goes on."""
        shape = QTextCharFormat()
        shape.setForeground(theme().color("good"))
        inside, start = self.previousBlockState() == 1, 0
        while True:
            end = text.find('"""', start)
            if end < 0:
                break
            if inside:
                self.setFormat(start, end + 3 - start, shape)
            inside, start = not inside, end if not inside else end + 3
            if inside:
                closing = text.find('"""', start + 3)
                self.setFormat(start, (closing + 3 if closing >= 0 else len(text)) - start, shape)
                if closing < 0:
                    break
                inside, start = False, closing + 3
        if inside:
            self.setFormat(start, len(text) - start, shape)
        self.setCurrentBlockState(1 if inside else 0)


class CodeView(QWidget):
    """Read-only. While the network has a problem, the problem stands in place of a program that would not run.

    Signals:
        failed(EngineError): the program could not be saved.
    """

    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("network.code")
        self._name = "network"
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(self.tr("PyTorch program of the network"))
        self._colours = PythonColours(self.text.document())
        self.copy = QPushButton(self.tr("Copy"))
        self.copy.setIcon(icon("copy"))
        self.copy.setObjectName("network.copy_code")
        self.save = QPushButton(self.tr("Save…"))
        self.save.setObjectName("network.save_code")
        self.empty = EmptyState("network", self.tr("No program yet"), "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        inside = QWidget()
        column = QVBoxLayout(inside)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.copy)
        buttons.addWidget(self.save)
        column.addLayout(buttons)
        column.addWidget(self.text, 1)
        self._stack.addWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        self.save.clicked.connect(self._ask_where)
        theme().changed.connect(self._wear)
        self._wear()

    def _wear(self) -> None:
        self.text.setFont(mono_font(12.5))

    def show_code(self, text: str, name: str) -> None:
        """Show a program; `name` is suggested for its file."""
        self._name = name
        if text != self.text.toPlainText():
            place = self.text.verticalScrollBar().value()
            self.text.setPlainText(text)
            self.text.verticalScrollBar().setValue(place)
        self._stack.setCurrentIndex(1)

    def show_problem(self, error: EngineError) -> None:
        """Say why there is no program."""
        self.empty.set_text(self.tr("No program yet"), " ".join(filter(None, (error.what, error.why, error.fix))))
        self._stack.setCurrentIndex(0)

    def _ask_where(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, self.tr("Save the program"), f"{self._name}.py", "Python (*.py)")
        if chosen:
            self.save_to(Path(chosen))

    def save_to(self, path: Path) -> None:
        """Write the program to a file."""
        try:
            save_for_user(path, self.text.toPlainText())
        except EngineError as error:
            self.failed.emit(error)
