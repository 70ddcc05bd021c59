"""The projects that were open lately."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.files import settings_folder, write_atomically
from engine.train.runs import RunInfo, list_runs

MOST = 12


@dataclass(frozen=True)
class Recent:
    """One line of the list.

    Attributes:
        score: best validation accuracy of all its runs, 0..1; None where nothing was trained.
        state: of the newest run, in the words of `RunInfo.state`; empty where there is none.
        runs: how many; those that ended before their first epoch have nothing to show, here and in `state`.
        resumable: the newest run, when it can go on.
        is_there: whether the file still exists.
    """

    path: Path
    name: str
    score: float | None
    state: str
    runs: int
    resumable: RunInfo | None
    when: datetime
    is_there: bool


class Recents(QObject):
    """A list of paths in the user's settings folder; what is shown about each is read from the project itself."""

    changed = Signal()

    def _paths(self) -> list[Path]:
        try:
            raw = json.loads(self._file().read_text("utf-8"))
            return [Path(path) for path in raw if isinstance(path, str)]
        except (OSError, ValueError, TypeError):
            return []

    @staticmethod
    def _file() -> Path:
        return settings_folder() / "recent.json"

    def entries(self) -> list[Recent]:
        """Newest first."""
        return [_recent(path) for path in self._paths()]

    def add(self, path: Path) -> None:
        """Put a project on top."""
        self._write([path, *(p for p in self._paths() if p != path)][:MOST])

    def remove(self, path: Path) -> None:
        """Take a project off the list; the project itself stays."""
        self._write([p for p in self._paths() if p != path])

    def _write(self, paths: list[Path]) -> None:
        file = self._file()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, json.dumps([str(path) for path in paths], ensure_ascii=False, indent=1))
        except OSError:
            return  # a list for comfort only: a full disk must not keep anybody from opening a project
        self.changed.emit()


def _recent(path: Path) -> Recent:
    runs = [run for run in list_runs(path) if run.epochs_done or run.state == "running"]
    scores = [run.best_accuracy for run in runs if run.best_accuracy is not None]
    newest = runs[0] if runs else None
    try:
        when, is_there = datetime.fromtimestamp(path.stat().st_mtime, UTC), True
    except OSError:
        when, is_there = datetime.fromtimestamp(0, UTC), False
    if newest is not None:
        when = max(when, newest.when)
    return Recent(
        path=path,
        name=path.stem,
        score=max(scores, default=None),
        state=newest.state if newest else "",
        runs=len(runs),
        resumable=newest if newest is not None and newest.can_resume else None,
        when=when,
        is_there=is_there,
    )
