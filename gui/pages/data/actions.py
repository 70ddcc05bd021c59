"""What can be done with images and classes on the Data page: every one a step that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal

from engine.data import edits
from engine.data.health import Fix
from engine.errors import EngineError
from engine.spec import DataSpec
from gui.document import ProjectDocument
from gui.pages.data.facts import images
from gui.studio.data_session import DataSession


class DataActions(QObject):
    """Edits of the open project's data; numbers are those of the index that is shown.

    Signals:
        refused(EngineError): it could not be done, and why.
    """

    refused = Signal(object)

    def __init__(self, document: ProjectDocument, session: DataSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._session = document, session

    def fix(self, fix: Fix) -> None:
        """Do what a finding offers."""
        project = self._document.spec
        after = fix.apply(project)
        self._document.edit(fix.said, data=after.data, network=after.network, recipe=after.recipe)

    def leave_out(self, numbers: Iterable[int]) -> None:
        """Use these images for nothing."""
        paths = self._paths(numbers)
        text = self.tr("Leave out {images}").format(images=images(len(paths)))
        self._edit(text, lambda data: edits.leave_out(data, paths))

    def move(self, numbers: Iterable[int], name: str) -> None:
        """Give these images another class, a new one where there is none of this name."""
        paths = self._paths(numbers)
        text = self.tr("Move {images} to “{name}”").format(images=images(len(paths)), name=name.strip())
        self._edit(text, lambda data: edits.move(data, paths, name))

    def rename(self, name: str, new: str) -> None:
        """Call a class something else, or merge it into the class of that name."""
        self._edit(self.tr("Rename “{name}”").format(name=name), lambda data: edits.rename_class(data, name, new))

    def hide(self, name: str) -> None:
        """Use nothing of a class."""
        self._edit(self.tr("Hide “{name}”").format(name=name), lambda data: edits.hide_class(data, name))

    def _paths(self, numbers: Iterable[int]) -> tuple[str, ...]:
        index = self._session.index
        return () if index is None else tuple(str(index.paths[number]) for number in numbers)

    def _edit(self, text: str, change: Callable[[DataSpec], DataSpec]) -> None:
        try:
            self._document.edit(text, data=change(self._document.data))
        except EngineError as error:
            self.refused.emit(error)
