"""The images that the user has pinned in the open project."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.data.index import Index
from engine.errors import EngineError
from engine.train.pins import Pins, found_at, pins_file, read_pins, stored_as, with_pinned, without, write_pins
from gui.document import ProjectDocument


class PinBoard(QObject):
    """Pins images and lets them go; they are written down at once, and a running training takes them up by itself.

    Attributes:
        pins: those of the open project.
    """

    changed = Signal()
    failed = Signal(object)  # an EngineError: too many, or the folder cannot be written to

    def __init__(self, document: ProjectDocument, parent: QObject | None = None):
        super().__init__(parent)
        self._document = document
        self._path: Path | None = None
        self.pins = Pins()
        document.replaced.connect(self._load)
        document.state_changed.connect(self._on_document_state)
        self._load()

    def pin_images(self, index: Index, numbers: Sequence[int] | np.ndarray) -> None:
        """Watch images of the data set."""
        self._pin(images=tuple(str(index.paths[number]) for number in numbers))

    def pin_photographs(self, paths: Sequence[Path]) -> None:
        """Watch files that are not of the data set."""
        if self._path is not None:
            self._pin(photographs=tuple(stored_as(path, self._path.parent) for path in paths))

    def let_go(self, images: Sequence[str] = (), photographs: Sequence[str] = ()) -> None:
        """Watch these no longer; named as in `pins`."""
        self._keep(without(self.pins, images=tuple(images), photographs=tuple(photographs)))

    def photograph(self, name: str) -> Path:
        """Where a photograph of `pins` lies."""
        return found_at(name, self._path.parent) if self._path is not None else Path(name)

    def numbers(self, index: Index) -> np.ndarray:
        """(n,) the numbers in `index` of the pinned images that are in it."""
        places = [np.flatnonzero(index.paths == path)[:1] for path in self.pins.images]
        return np.concatenate([np.empty(0, dtype=np.int64), *places])

    def _pin(self, **more: tuple[str, ...]) -> None:
        try:
            self._keep(with_pinned(self.pins, **more))
        except EngineError as error:
            self.failed.emit(error)

    def _keep(self, pins: Pins) -> None:
        if self._path is None or pins == self.pins:
            return
        try:
            write_pins(pins_file(self._path), pins)
        except EngineError as error:
            self.failed.emit(error)
            return
        self.pins = pins
        self.changed.emit()

    def _on_document_state(self) -> None:
        if self._document.path != self._path:
            self._load()  # saved under another name: other runs and other pins lie beside it

    def _load(self) -> None:
        self._path = self._document.path
        self.pins = read_pins(pins_file(self._path)) if self._path is not None else Pins()
        self.changed.emit()
