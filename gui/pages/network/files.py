"""Networks that come from files and from torchvision, and what of a network is saved: itself, and its picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from engine.errors import EngineError
from engine.importing import SUFFIXES, Imported, read
from engine.importing.network_file import save_network
from engine.importing.torchvision_models import read_torchvision, torchvision_names
from gui.canvas.picture import save_picture
from gui.jobs import JobRunner
from gui.jobs.outcomes import Failed, Finished
from gui.pages.shared.background import LatestAnswer

if TYPE_CHECKING:
    from gui.canvas import NetworkCanvas
    from gui.studio import Studio


class NetworkFiles(QObject):
    """Asks for a file and does what was asked; reading goes on beside the window, because a large file takes time."""

    def __init__(self, studio: Studio, canvas: NetworkCanvas, page: QWidget):
        super().__init__(page)
        self._studio, self._canvas, self._page = studio, canvas, page
        self._runner = JobRunner(self)
        self._runner.ended.connect(self._on_read)
        self._name = ""
        self._names = LatestAnswer(self)
        self._names.answered.connect(self._offer)
        studio.closing.connect(self._runner.close)
        studio.network_dropped.connect(self.open)

    # ---- in

    def ask_what_to_open(self) -> None:
        """Let the user choose a file with a network."""
        patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        filters = self.tr("Networks ({0})").format(patterns)
        chosen, _ = QFileDialog.getOpenFileName(self._page, self.tr("Open a network"), "", filters)
        if chosen:
            self.open(Path(chosen))

    def ask_which_model(self) -> None:
        """Let the user choose one of torchvision's models; to know them takes importing it, a second of work."""
        self._names.ask(torchvision_names)

    def _offer(self, found: tuple[str, ...]) -> None:
        names = list(found)
        words = self.tr("Network of torchvision, drawn without its weights:")
        title = self.tr("Take one from torchvision")
        chosen, accepted = QInputDialog.getItem(self._page, title, words, names, names.index("resnet18"), False)
        if accepted and chosen:
            self.take(chosen)

    def open(self, path: Path) -> None:
        """Put the network of a file in the place of the present one."""
        self._start(path.name, lambda: read(path))

    def take(self, name: str) -> None:
        """Put a model of torchvision in the place of the present one."""
        self._start(name, lambda: read_torchvision(name))

    def _start(self, name: str, load: Callable[[], Imported]) -> None:
        if self._runner.is_running:
            self._studio.told.emit(self.tr("“{0}” is still being read.").format(self._name))
            return

        def work(control: object):
            yield None
            return load()

        self._name = name
        self._runner.start(work)

    def _on_read(self, outcome: object) -> None:
        if isinstance(outcome, Failed):
            self._studio.failed.emit(outcome.error)
        elif isinstance(outcome, Finished):
            self._show(outcome.value)

    def _show(self, found: Imported) -> None:
        if found.network == self._studio.document.network:
            self._studio.told.emit(self.tr("“{0}” is the network that is drawn already.").format(self._name))
            return
        text = self.tr("Open {0}").format(self._name)
        self._studio.document.edit(text, network=found.network)
        self._studio.place_wanted.emit("network")
        lines = [self.tr("“{0}” took the place of the former network; Undo brings that back.").format(self._name)]
        if found.unmapped:
            named = ", ".join(found.unmapped)
            lines.append(self.tr("Left out, because there is no such layer here: {0}.").format(named))
        self._studio.told.emit("\n".join([*lines, *found.notes]))

    # ---- out

    def _suggested(self, suffix: str) -> str:
        return f"{self._studio.document.name or 'network'}{suffix}"

    def ask_where_to_save(self) -> None:
        """Save the network alone, without data and runs."""
        title, filters = self.tr("Save the network"), self.tr("Network (*.json)")
        chosen, _ = QFileDialog.getSaveFileName(self._page, title, self._suggested("-network.json"), filters)
        if chosen:
            self.save(Path(chosen))

    def save(self, path: Path) -> None:
        """Write the network alone to a file."""
        try:
            save_network(self._studio.document.network, path)
        except EngineError as error:
            self._studio.failed.emit(error)
        else:
            self._studio.told.emit(self.tr("Saved as “{0}”.").format(path))

    def ask_where_to_paint(self) -> None:
        """Save the drawing."""
        title, filters = self.tr("Save the picture"), "SVG (*.svg);;PNG (*.png)"
        chosen, _ = QFileDialog.getSaveFileName(self._page, title, self._suggested(".svg"), filters)
        if chosen:
            self.paint(Path(chosen))

    def paint(self, path: Path) -> None:
        """Write the drawing to a file."""
        try:
            save_picture(self._canvas.scene, path, self._studio.document.name)
        except EngineError as error:
            self._studio.failed.emit(error)
        else:
            self._studio.told.emit(self.tr("Saved as “{0}”.").format(path))
