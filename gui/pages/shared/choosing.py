"""The system's dialogs for folders and files, each opening where the user was last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSettings, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.data.unpack import SUFFIXES as ARCHIVES


def choose_folder(parent: QWidget, settings: QSettings, key: str, title: str) -> Path | None:
    """Let the user pick a folder; None when they changed their mind. `key` names what is remembered."""
    chosen = QFileDialog.getExistingDirectory(parent, title, _start(settings, key))
    return _remember(settings, key, chosen)


def choose_data_file(parent: QWidget, settings: QSettings) -> Path | None:
    """Let the user pick a file that holds images of a data set; None when they changed their mind."""
    patterns = " ".join([*(f"*{suffix}" for suffix in ARCHIVES), "*.csv", "*.tsv", "*-ubyte", "*-ubyte.gz", "*.bin"])
    title = QCoreApplication.translate("Choosing", "Choose a file of images")
    words = QCoreApplication.translate("Choosing", "Archives, tables, idx and CIFAR files ({patterns})")
    return choose_file(parent, settings, "data", title, words.format(patterns=patterns))


def choose_file(parent: QWidget, settings: QSettings, key: str, title: str, pattern: str) -> Path | None:
    """Let the user pick one file; `pattern` as Qt writes it: "Projects (*.atelier)"."""
    chosen, _ = QFileDialog.getOpenFileName(parent, title, _start(settings, key), pattern)
    return _remember(settings, key, chosen)


def choose_files(parent: QWidget, settings: QSettings, key: str, title: str, patterns: Sequence[str]) -> list[Path]:
    """Let the user pick any number of files."""
    chosen, _ = QFileDialog.getOpenFileNames(parent, title, _start(settings, key), ";;".join(patterns))
    if chosen:
        _remember(settings, key, chosen[0])
    return [Path(name) for name in chosen]


def choose_new_file(parent: QWidget, settings: QSettings, key: str, title: str, name: str, pattern: str) -> Path | None:
    """Let the user say where to write a file; the dialog asks before an existing one is replaced."""
    start = str(Path(_start(settings, key)) / name)
    chosen, _ = QFileDialog.getSaveFileName(parent, title, start, pattern)
    path = _remember(settings, key, chosen)
    return path.with_suffix(Path(name).suffix) if path is not None and not path.suffix else path


def _start(settings: QSettings, key: str) -> str:
    home = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.HomeLocation)
    return str(settings.value(f"folders/{key}", home))


def _remember(settings: QSettings, key: str, chosen: str) -> Path | None:
    if not chosen:
        return None
    path = Path(chosen)
    settings.setValue(f"folders/{key}", str(path.parent))
    return path
