"""The well-known data sets that can be had from the internet, to choose one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.data.downloads import DOWNLOADS, Download, is_downloaded
from engine.spec.data import Chosen
from gui.pages.data.facts import tr
from gui.pages.data.side_scroll import SideScroll
from gui.theme import theme
from gui.widgets.bars import number
from gui.widgets.panel import dim_label, text_label

WIDTH, HEIGHT = 720, 620  # px at 100 % text size


class DownloadsDialog(QDialog):
    """What each data set is, how large, on what terms, and a button that takes it.

    Signals:
        chosen(Chosen): a source “download”; the dialog has closed. Nothing was fetched yet: the source does that.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("downloads")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Data sets from the internet"))
        self.setAccessibleName(self.windowTitle())
        tokens = theme().tokens
        listed = QWidget()
        rows = QVBoxLayout(listed)
        rows.setContentsMargins(0, 0, tokens.space_small, 0)
        rows.setSpacing(tokens.space)
        for name, entry in DOWNLOADS.items():
            rows.addWidget(self._row(name, entry))
        rows.addStretch(1)
        close = QPushButton(self.tr("Close"))
        close.setObjectName("downloads.close")
        close.setAccessibleName(close.text())
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(dim_label(self.tr("Fetched once, checked, then kept on this computer."), wrap=True), 1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[tokens.space_large] * 4)
        column.setSpacing(tokens.space_large)
        column.addWidget(SideScroll(listed), 1)
        column.addLayout(foot)
        self.resize(theme().px(WIDTH), theme().px(HEIGHT))

    def _row(self, name: str, entry: Download) -> QWidget:
        is_here = is_downloaded(name)
        row = QFrame()
        row.setProperty("card", True)
        words = QVBoxLayout()
        words.setSpacing(theme().tokens.space_small)
        words.addWidget(text_label(entry.title, strong=True))
        words.addWidget(text_label(entry.summary, wrap=True))
        words.addWidget(dim_label(facts(entry, is_here), wrap=True, small=True))
        words.addWidget(dim_label(f"{entry.origin}. {self.tr('Licence')}: {entry.licence}.", wrap=True, small=True))
        button = QPushButton(self.tr("Use") if is_here else self.tr("Download"))
        button.setObjectName(f"downloads.{name}")
        button.setAccessibleName(f"{button.text()}: {entry.title}")
        button.setAccessibleDescription(f"{entry.summary} {facts(entry, is_here)}")
        button.setAutoDefault(False)
        button.clicked.connect(self._on_button)
        across = QHBoxLayout(row)
        across.setContentsMargins(*[theme().tokens.space_large] * 4)
        across.setSpacing(theme().tokens.space_large)
        across.addLayout(words, 1)
        across.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return row

    def _on_button(self) -> None:
        name = self.sender().objectName().partition(".")[2]
        self.accept()
        self.chosen.emit(Chosen("download", {"data_set": name}))


def facts(entry: Download, is_here: bool) -> str:
    """How many images of what size, and what they take: "70 000 images in 10 classes · 28 × 28, grey · 12 MB …"."""
    counts = tr("{images} images in {classes} classes").format(
        images=number(entry.images), classes=number(entry.classes)
    )
    if is_here:
        takes = tr("on this computer")
    else:
        takes = tr("{fetched} to fetch, about {disk} on disk").format(
            fetched=megabytes(entry.bytes), disk=megabytes(entry.disk)
        )
    return f"{counts} · {entry.looks} · {takes}"


def megabytes(size: int) -> str:
    """ "12 MB" of a number of bytes."""
    return tr("{size} MB").format(size=number(max(1, round(size / 1e6))))
