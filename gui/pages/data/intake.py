"""Images that come in by hand (camera, drawing, drop, paste), data sets from the internet, and the way out again."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtWidgets import QWidget

from engine.data.index import SPLITS, TRAIN
from engine.data.write_out import write_out
from engine.errors import EngineError
from engine.jobs import JobControl, Progress
from engine.spec.data import Chosen
from gui.jobs import Failed, Finished, JobRunner, Outcome
from gui.pages.data.capture import CollectDialog, ImageWriter, Written
from gui.pages.data.downloads import DownloadsDialog
from gui.pages.data.import_dialog import ImportDialog
from gui.pages.data.incoming import incoming
from gui.pages.shared.choosing import choose_folder


class Intake(QObject):
    """Opens the windows in which images are collected, and has files written off the GUI thread.

    Images become ordinary files in the data folder, so they only go into a folder of the user's own.

    Attributes:
        progress: how far the writing of a new folder is; None while none is written.
    """

    progressed = Signal()

    def __init__(self, studio: object, window: QWidget) -> None:
        super().__init__(window)
        self._studio, self._window = studio, window
        self._writer: ImageWriter | None = None
        self._writes_to: tuple | None = None
        self.progress: Progress | None = None
        self._runner = JobRunner(self)
        self._runner.progressed.connect(self._on_progressed)
        self._runner.ended.connect(self._on_written_out)
        studio.closing.connect(self._runner.close)

    # ---- in

    def collect(self) -> None:
        """Open the window with camera and drawing pad; without data, ask first where the images are to lie."""
        if self._studio.data.index is None:
            folder = self._ask_for_folder(self.tr("Choose a new or empty folder for the images"))
            if folder is not None:
                self._open_collection(folder, (), SPLITS[TRAIN])
            return
        place = self._place()
        if place is not None:
            self._open_collection(*place)

    def _open_collection(self, folder: Path, classes: tuple[str, ...], split: str) -> CollectDialog:
        dialog = CollectDialog(folder, classes, split, self._studio.settings, self._window)
        for changed in (dialog.added, dialog.removed):
            changed.connect(lambda _: self._look_again(folder))
        dialog.show()
        return dialog

    def add(self, data: QMimeData, name: str, prefix: str = "dropped") -> None:
        """Write what was dropped or pasted into a class."""
        place = self._place()
        if place is None:
            return
        try:
            given = incoming(data)
        except EngineError as error:
            self._studio.failed.emit(error)
            return
        if self._writes_to != place:
            self._writer, self._writes_to = ImageWriter(*place, self), place
            self._writer.written.connect(self._on_written)
            self._writer.failed.connect(self._studio.failed)
        self._writer.add(name, given, prefix=prefix)

    def _on_written(self, written: Written) -> None:
        if written.problems:
            first = written.problems[0]
            more = len(written.problems) - 1
            why = f"{first.what} {first.why}".strip()
            why += self.tr(" And {count} more.").format(count=more) if more else ""
            what = self.tr("Not everything could be added.")
            self._studio.failed.emit(EngineError(what, why=why, fix=self.tr("The others were added.")))
        if written.paths:
            self._look_again(self._writes_to[0])

    def _look_again(self, folder: Path) -> None:
        """List the folder anew; where it is not the project's yet, it becomes that."""
        source = self._studio.document.data.source
        if source is not None and Path(str(source.params.get("path", ""))) == folder:
            self._studio.data.rescan()
        elif any(child.is_dir() and any(child.iterdir()) for child in folder.iterdir()):
            self._studio.take_source(Chosen("folder", {"path": str(folder)}), folder.name)

    def _place(self) -> tuple[Path, tuple[str, ...], str] | None:
        """Folder, classes and split for new images; None, after saying why, where there is no such folder."""
        index, source = self._studio.data.index, self._studio.document.data.source
        if index is None or source is None:
            return None
        if source.kind != "folder":
            self._studio.failed.emit(
                EngineError(
                    self.tr("No images can be added to this data set."),
                    why=self.tr("It is not a folder of your own but was made from something else."),
                    fix=self.tr("Write it as a new folder first (More), and choose that."),
                )
            )
            return None
        return index.root, index.classes, SPLITS[TRAIN]

    def download(self) -> None:
        """Offer known data sets."""
        dialog = DownloadsDialog(self._window)
        dialog.chosen.connect(self._take)
        dialog.open()

    def look_into(self, path: Path) -> ImportDialog:
        """Show what a table or a folder of named images would give, before it is taken."""
        dialog = ImportDialog(path, self._window)
        dialog.accepted_source.connect(self._take)
        dialog.open()
        return dialog

    def _take(self, source: Chosen) -> None:
        self._studio.take_source(source)

    # ---- out

    def write_out(self) -> None:
        """Ask for a place and write the data set there as the project sees it."""
        data = self._studio.data
        if data.index is None or self._runner.is_running:
            return
        folder = self._ask_for_folder(self.tr("Choose a new or empty folder to write to"))
        if folder is None:
            return
        index, failures = data.index, frozenset(data.pictures.failures if data.pictures is not None else ())

        def work(control: JobControl) -> Generator:
            return (yield from write_out(index, folder, failures, control))

        self.progress = Progress(0, len(index), self.tr("Writing images"))
        self.progressed.emit()
        self._runner.start(work)

    def cancel(self) -> None:
        """Stop writing; nothing of it stays."""
        self._runner.stop()

    def _ask_for_folder(self, title: str) -> Path | None:
        return choose_folder(self._window, self._studio.settings, "write_out", title)

    def _on_progressed(self, event: object) -> None:
        self.progress = event
        self.progressed.emit()

    def _on_written_out(self, outcome: Outcome) -> None:
        self.progress = None
        self.progressed.emit()
        if isinstance(outcome, Finished):
            sentence = self.tr("The images were written to “{0}”, divided into train, validation and test.")
            self._studio.told.emit(sentence.format(outcome.value))
        elif isinstance(outcome, Failed):
            self._studio.failed.emit(outcome.error)
