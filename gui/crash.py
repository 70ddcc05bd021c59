"""When something happens that should not: say so, offer the report, and live on."""

import logging
import platform
import sys
import threading
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

import engine
from gui.theme import mono_font
from gui.widgets.panel import text_label

log = logging.getLogger(__name__)

ENOUGH = 40_000
"""Characters of reports in one dialog; the first exceptions explain the later ones."""


def report(text: str) -> str:
    """A traceback with what one needs to understand it."""
    versions = [f"Atelier {engine.__version__}", f"Python {platform.python_version()}", f"Qt {qVersion()}"]
    torch = sys.modules.get("torch")
    if torch is not None:
        versions.append(f"torch {getattr(torch, '__version__', 'half imported')}")
    return f"{', '.join(versions)}, {platform.platform()}\n\n{text}"


class CrashDialog(QDialog):
    """Shows a report that can be copied. Not modal: the window behind it stays usable."""

    def __init__(self, text: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("crash")
        self.setWindowTitle(self.tr("Something went wrong"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._text = QPlainTextEdit(text)
        self._text.setReadOnly(True)
        self._text.setFont(mono_font())
        self._text.setAccessibleName(self.tr("Report"))
        layout = QVBoxLayout(self)
        layout.addWidget(text_label(self.tr("This is a mistake in Atelier, not yours."), strong=True))
        layout.addWidget(
            text_label(
                self.tr("Your project is autosaved and you can go on working. The report below helps to mend it."),
                wrap=True,
            )
        )
        layout.addWidget(self._text, 1)
        buttons = QDialogButtonBox()
        copy = buttons.addButton(self.tr("Copy report"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.setObjectName("crash.copy")
        close = buttons.addButton(self.tr("Go on"), QDialogButtonBox.ButtonRole.AcceptRole)
        copy.clicked.connect(self._copy)
        close.clicked.connect(self.accept)
        layout.addWidget(buttons)
        self.resize(720, 440)

    @property
    def text(self) -> str:
        """The report."""
        return self._text.toPlainText()

    def add(self, text: str) -> None:
        """Append another report, unless it is the same again or there are enough."""
        if text not in self.text and len(self.text) < ENOUGH:
            self._text.appendPlainText(f"\n{text}")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)


class ExceptionCatcher(QObject):
    """Takes over Python's hooks for exceptions that nobody caught, on any thread.

    Signals:
        caught(str): a report; delivered in the GUI thread.
    """

    caught = Signal(str)

    def install(self) -> None:
        """Set the hooks."""
        sys.excepthook = self._on_exception
        threading.excepthook = lambda args: self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)

    def uninstall(self) -> None:
        """Give the hooks back to Python."""
        sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__

    def _on_exception(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.error("an exception that nobody caught", exc_info=(kind, error, trace))
        self.caught.emit(report("".join(traceback.format_exception(kind, error, trace))))
