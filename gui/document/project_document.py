"""The open project: its frozen spec, undo, unsaved changes, autosave.

Views connect to the `*_changed` signals and read `spec`; they change it only through `edit`. Nobody pushes into a view.
"""

import glob
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine.compile import Facts, NetworkReport, infer
from engine.errors import ProjectError
from engine.spec import DataSpec, NetworkSpec, ProjectSpec, RecipeSpec
from engine.spec.files import read_project, write_project
from gui.document.open_mark import OpenMark

AUTOSAVE_AFTER_MS = 1500


class ChangedOnDisk(ProjectError):
    """Somebody else wrote the project's file since it was opened here; saving needs `overwrite`."""


class _ChangeSpec(QUndoCommand):
    """Swap one frozen spec for another; the only undo command there is."""

    def __init__(self, document: "ProjectDocument", after: ProjectSpec, text: str, merge_key: str):
        super().__init__(text)
        self._document, self._before, self._after = document, document.spec, after
        self._merge_key = merge_key

    def redo(self) -> None:
        self._document._replace(self._after)

    def undo(self) -> None:
        self._document._replace(self._before)

    def id(self) -> int:
        return 1 if self._merge_key else -1

    def mergeWith(self, newer: QUndoCommand) -> bool:
        assert isinstance(newer, _ChangeSpec)
        if newer._merge_key != self._merge_key:
            return False
        self._after = newer._after
        self.setObsolete(self._after == self._before)
        return True


class ProjectDocument(QObject):
    """One open project.

    Signals:
        data_changed, network_changed, recipe_changed: that part of `spec` is another one now.
        report_changed: `report` (shapes, costs, problems of the network) was computed anew.
        replaced: another project was opened; views start afresh. The signals above follow it.
        state_changed: path, name or the presence of unsaved changes changed.
        autosaved: the autosave file is up to date.
        save_failed(ProjectError): an autosave did not succeed.
    """

    data_changed = Signal()
    network_changed = Signal()
    recipe_changed = Signal()
    report_changed = Signal()
    replaced = Signal()
    state_changed = Signal()
    autosaved = Signal()
    save_failed = Signal(object)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._spec = ProjectSpec()
        self._path: Path | None = None
        self._stamp: tuple[int, int] | None = None
        self._mark = OpenMark()
        self._report = infer(self._spec.network, self.facts)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(500)
        self.undo_stack.cleanChanged.connect(self.state_changed)
        self._autosave_timer = QTimer(self, singleShot=True, interval=AUTOSAVE_AFTER_MS)
        self._autosave_timer.timeout.connect(self.autosave)

    # ---- what is open

    @property
    def spec(self) -> ProjectSpec:
        return self._spec

    @property
    def data(self) -> DataSpec:
        return self._spec.data

    @property
    def network(self) -> NetworkSpec:
        return self._spec.network

    @property
    def recipe(self) -> RecipeSpec:
        return self._spec.recipe

    @property
    def facts(self) -> Facts:
        """What the data tell the network."""
        return Facts(self._spec.data.shape, len(self._spec.data.classes))

    @property
    def report(self) -> NetworkReport:
        """Shapes, costs and problems of the network as it is drawn now."""
        return self._report

    @property
    def path(self) -> Path | None:
        """The document's file; None before any project is open."""
        return self._path

    @property
    def is_open(self) -> bool:
        return self._path is not None

    @property
    def name(self) -> str:
        return self._path.stem if self._path else ""

    @property
    def is_modified(self) -> bool:
        """Whether there is something that saving would add to the file."""
        return not self.undo_stack.isClean()

    # ---- editing

    def edit(
        self,
        text: str,
        *,
        data: DataSpec | None = None,
        network: NetworkSpec | None = None,
        recipe: RecipeSpec | None = None,
        notes: str | None = None,
        merge_key: str = "",
    ) -> None:
        """Change parts of the project as one undoable step called `text` ("Set filters").

        Successive steps with the same `merge_key` (one slider drag, one word typed) become one.
        """
        parts = {"data": data, "network": network, "recipe": recipe, "notes": notes}
        after = replace(self._spec, **{name: part for name, part in parts.items() if part is not None})
        if after != self._spec:
            self.undo_stack.push(_ChangeSpec(self, after, text, merge_key))

    def settle_classes(self, classes: tuple[str, ...]) -> None:
        """Note the classes that were found in the data: a consequence of a step, not a step of its own to undo."""
        if classes != self._spec.data.classes:
            self._replace(replace(self._spec, data=replace(self._spec.data, classes=classes)))

    def settle(self, spec: ProjectSpec) -> None:
        """Note what follows from the data where nobody has chosen yet: no step of its own to undo, like the classes."""
        if spec != self._spec:
            self._replace(spec)

    def _replace(self, spec: ProjectSpec) -> None:
        before, self._spec = self._spec, spec
        self._announce(before)
        self._autosave_timer.start()

    def _announce(self, before: ProjectSpec | None) -> None:
        facts = self.facts
        network_or_facts_changed = before is None or before.network != self._spec.network or facts != self._report.facts
        if before is not None and network_or_facts_changed:
            self._report = infer(self._spec.network, facts)
        if before is None or before.data != self._spec.data:
            self.data_changed.emit()
        if before is None or before.network != self._spec.network:
            self.network_changed.emit()
        if before is None or before.recipe != self._spec.recipe:
            self.recipe_changed.emit()
        if network_or_facts_changed:
            self.report_changed.emit()
        self.state_changed.emit()

    # ---- files

    def open(self, path: Path) -> tuple[str, ...]:
        """Open a project file in place of the present one. A newer autosave beside it (after a crash) is taken
        instead, as an unsaved change that can be undone.

        Returns: sentences about what could not be understood. Raises: ProjectError; the present project stays open.
        """
        spec, notes = read_project(path)
        self._start(spec, path.resolve())
        return (*notes, *self._take_autosave())

    def create(self, spec: ProjectSpec, path: Path) -> None:
        """Start a new project at `path` and save it there at once. Raises: ProjectError."""
        write_project(spec, path)
        self._start(spec, path.resolve())

    def _start(self, spec: ProjectSpec, path: Path) -> None:
        self._autosave_timer.stop()
        self._spec, self._path = spec, path
        self._report = infer(spec.network, self.facts)  # before anybody is told: it must be that of the network
        self._stamp = _stamp(path)
        self._mark.put_on(path)
        self.undo_stack.clear()
        self.replaced.emit()
        self._announce(None)

    def close(self) -> None:
        """Let other windows have the project for themselves."""
        self._mark.take_away()

    def _take_autosave(self) -> tuple[str, ...]:
        if not self._mark.is_alone:  # what lies there belongs to the other window
            sentence = self.tr(
                "“{0}” is open in another window too. Save in one of them only, or save this one under another name."
            )
            return (sentence.format(self._path.name),)
        try:
            copy = self._newest_autosave()
            spec = self._spec if copy is None else read_project(copy)[0]
        except (OSError, ProjectError):
            return (self.tr("An autosaved copy beside the project could not be read; the saved one was opened."),)
        if spec == self._spec:
            return ()
        self.undo_stack.push(_ChangeSpec(self, spec, self.tr("Restore autosaved changes"), ""))
        if not self.autosave_path.exists():  # it was of a second window, and is this one's now
            with suppress(OSError):
                copy.replace(self.autosave_path)
        return (self.tr("Changes from the last time, which had not been saved, were restored. Undo takes them back."),)

    def _newest_autosave(self) -> Path | None:
        """What this or a second window left behind in a crash; None where nothing is newer than the document."""
        copies = [self.autosave_path, *self._path.parent.glob(f".{glob.escape(self._path.name)}.*.autosave")]
        found = [(copy.stat().st_mtime, copy) for copy in copies if copy.is_file()]
        newest = max(found, default=(0.0, None))
        return newest[1] if newest[0] >= self._path.stat().st_mtime else None

    @property
    def autosave_path(self) -> Path:
        """Beside the document; a second window on the same project has one of its own."""
        whose = "" if self._mark.is_alone else f".{os.getpid()}"
        return self._path.with_name(f".{self._path.name}{whose}.autosave")

    def save(self, path: Path | None = None, *, overwrite: bool = False) -> None:
        """Write the project, to another place when `path` is given.

        Raises: ChangedOnDisk, unless `overwrite`; ProjectError, when it cannot be written.
        """
        target = (path or self._path).resolve()
        if target == self._path and not overwrite and _stamp(target) not in (None, self._stamp):
            raise ChangedOnDisk(
                self.tr("“{0}” was changed on the disk since it was opened here.").format(target.name),
                why=self.tr("Another window or program saved it; saving now would lose those changes."),
                fix=self.tr("Save this one under another name, or overwrite it."),
            )
        write_project(self._spec, target)
        self.discard_autosave()
        if target != self._path:
            self._mark.put_on(target)
        self._path, self._stamp = target, _stamp(target)
        self.undo_stack.setClean()
        self.state_changed.emit()

    def autosave(self) -> None:
        """Write what has not been saved beside the document; nothing is ever lost by a crash."""
        self._autosave_timer.stop()
        if self._path is None:
            return
        try:
            if self.is_modified:
                write_project(self._spec, self.autosave_path)
            else:
                self.discard_autosave()
        except ProjectError as error:
            self.save_failed.emit(error)
        else:
            self.autosaved.emit()

    def discard_autosave(self) -> None:
        """Forget the autosaved copy: it was saved, or the user does not want it."""
        self._autosave_timer.stop()
        if self._path is not None:
            # Where the disk refuses, the copy stays; being older than the saved file, it is not taken for news.
            with suppress(OSError):
                self.autosave_path.unlink(missing_ok=True)


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when somebody writes a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
