"""The runs of a project, read from their files: another process may have written them."""

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.files import part_name, sweep_dead_parts, write_atomically
from engine.spec import ProjectSpec
from engine.spec.files import read_project, to_json
from engine.train import history
from engine.train.diagnosis import Trouble, trouble_of
from engine.train.history import EpochLine

LAST, BEST = "last.safetensors", "best.safetensors"
FORMER_BEST = "former_best.safetensors"  # until an epoch with better weights is there whole
"""Checkpoints: all that is needed to go on, and the weights of the best epoch."""

SPEC, STATE, OWNER, MARKS = "spec.json", "run.json", "owner.json", "marks.json"
_NUMBERED = re.compile("[0-9]{4,9}")

_claims: set[str] = set()
"""Tokens of the claims that this process holds."""


@dataclass(frozen=True)
class RunInfo:
    """What a list of runs shows.

    Attributes:
        state: "running" (some living process writes it), "interrupted" (can be resumed), "stopped" (by the user; can be
            resumed), "finished" or "failed".
        epochs_done, epochs: so far, and planned.
        best_accuracy: validation, 0..1; None before the first epoch.
        network: what to call its network.
        reason: why it ended before its planned end, in words, where nobody wanted that: it failed, was interrupted, or
            did not improve any more (early stopping).
        parent: number of the run that it is compared with; None without one.
        experiment: number of the experiment that it is a trial of; None for a run of its own.
        label: what it is within that, or why it was started: "fold 2 of 5", "another seed".
        note: what the user wrote about it.
        is_pinned: stands first in the list.
        trouble: what broke it, see `engine.train.diagnosis`; empty while it is at work.
        restarted_after: epochs that were done when it was continued beyond the plan of its parent, with a schedule
            that began anew; 0 for all others.
    """

    number: int
    folder: Path
    state: str
    epochs_done: int
    epochs: int
    best_epoch: int
    best_accuracy: float | None
    network: str
    parameters: int
    when: datetime
    reason: str = ""
    parent: int | None = None
    experiment: int | None = None
    label: str = ""
    note: str = ""
    is_pinned: bool = False
    trouble: Trouble = ""
    restarted_after: int = 0

    @property
    def can_resume(self) -> bool:
        # A process may be killed after its last epoch and before it could say so: resuming then brings it to its end.
        return self.state == "interrupted" or (self.state == "stopped" and self.epochs_done < self.epochs)

    @property
    def ended_early(self) -> bool:
        """Whether it was early stopping that ended it."""
        return self.state == "finished" and bool(self.reason)

    @property
    def has_weights(self) -> bool:
        return self.best_accuracy is not None


def runs_folder(project_path: Path) -> Path:
    """Where a project keeps its runs."""
    return project_path.parent / "runs"


def run_folder(project_path: Path, number: int) -> Path:
    """The folder of one run."""
    return runs_folder(project_path) / f"{number:04d}"


def create_run(project_path: Path, project: ProjectSpec, facts: Mapping[str, Any]) -> tuple[int, Path]:
    """Make the folder of a new run, its spec and its state, claimed for this process.

    It is there whole or not at all: a process that is killed here leaves nothing that looks like a run.

    Raises: EngineError when it cannot be written.
    """
    folder = runs_folder(project_path)
    made = folder / part_name("run")
    try:
        made.mkdir(parents=True)
        write_atomically(made / SPEC, to_json(movable(project, project_path, made)))
        write_state(made, {"state": "running", "created": datetime.now(UTC).isoformat(), **facts})
        claim(made)
        return take_number(folder, made)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        raise EngineError(
            f"The run cannot be kept in “{folder}”.",
            why=f"{error.strerror or error}.",
            fix="Free some space, or save the project in a folder where you may write.",
        ) from error


def take_number(folder: Path, made: Path) -> tuple[int, Path]:
    """Give the run in `made` the next free number. Returns: it, and where the run lies now. Raises: OSError."""
    number = max((info for info in map(_number, folder.iterdir()) if info), default=0) + 1
    while True:  # another process may take the number in between
        target = folder / f"{number:04d}"
        try:
            os.rename(made, target)
            return number, target
        except OSError:
            if not target.exists():
                raise
            number += 1


def sweep(project_path: Path) -> None:
    """Remove what killed processes left in a project: files and runs half made, claims on runs that have ended."""
    folder = runs_folder(project_path)
    sweep_dead_parts(project_path.parent)
    sweep_dead_parts(folder)
    for claimed in folder.glob(f"*/{OWNER}"):
        # Nobody can take up such a run, so that no other claim comes in between.
        if read_state(claimed.parent).get("state") in ("finished", "failed") and not owner_is_alive(claimed.parent):
            with suppress(OSError):
                release(claimed.parent)


def movable(project: ProjectSpec, project_path: Path, run: Path) -> ProjectSpec:
    """Pictures inside the project's folder are named relative to the run, so that all can be moved together."""
    source = project.data.source
    path = source.params.get("path") if source else None
    if not isinstance(path, str) or not Path(path).resolve().is_relative_to(project_path.parent.resolve()):
        return project
    moved = replace(source, params={**source.params, "path": os.path.relpath(Path(path).resolve(), run.resolve())})
    return replace(project, data=replace(project.data, source=moved))


def _number(folder: Path) -> int:
    # Plain digits only: `int` does not understand everything that Unicode calls a digit, "²" for one.
    return int(folder.name) if _NUMBERED.fullmatch(folder.name) and folder.is_dir() else 0


def write_state(folder: Path, changes: Mapping[str, Any]) -> None:
    """Change some fields of a run's state. Raises: OSError."""
    write_atomically(folder / STATE, json.dumps({**read_state(folder), **changes}, indent=1))


def read_state(folder: Path) -> dict[str, Any]:
    """A run's state; empty where it is missing or damaged."""
    return read_object(folder / STATE)


def read_object(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where it is missing, damaged or something else."""
    try:
        raw = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def read_run_spec(folder: Path) -> ProjectSpec:
    """What was trained. Raises: EngineError."""
    return read_project(folder / SPEC)[0]


def discard(folder: Path) -> None:
    """Remove a run without a trace; a process that is killed here leaves no half of it in the list."""
    part = folder.with_name(part_name(folder.name))
    try:
        os.rename(folder, part)
    except OSError:
        part = folder  # Windows: somebody looks at one of its files
    shutil.rmtree(part, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()  # where it was the only one


def bring_back(trashed: Path, folder: Path) -> Path:
    """Move a run from the trash to where it was; its number stays unless another run has it now.

    Args:
        trashed: where it lies now.
        folder: where it was.
    Returns:
        Where it is.
    Raises:
        EngineError: it is no longer in the trash, or cannot be moved.
    """
    try:
        folder.parent.mkdir(exist_ok=True)
        if folder.exists():
            _, folder = take_number(folder.parent, trashed)
        else:
            shutil.move(trashed, folder)  # the trash may be on another disk
        # The free desktop's trash keeps a note on each thing in it, which would stay behind as a thing that is gone.
        note = trashed.parent.parent / "info" / f"{trashed.name}.trashinfo"
        note.unlink(missing_ok=True)
        return folder
    except OSError as error:
        raise EngineError(
            f"Run {int(folder.name)} could not be brought back.",
            why=f"{error.strerror or error}.",
            fix="Look for it in the trash of this system.",
        ) from error


def list_runs(project_path: Path) -> tuple[RunInfo, ...]:
    """All runs of a project, newest first. Folders that are no runs are left alone."""
    infos = (run_info(folder) for folder in folders(project_path))
    return tuple(info for info in infos if info is not None)


def folders(project_path: Path) -> tuple[Path, ...]:
    """The folders of all runs, newest first; whether each holds one is for `run_info` to say."""
    folder = runs_folder(project_path)
    try:
        numbers = sorted(filter(None, map(_number, folder.iterdir())), reverse=True)
    except OSError:
        return ()
    return tuple(folder / f"{number:04d}" for number in numbers)


def run_info(folder: Path) -> RunInfo | None:
    """What is known of one run; None for a folder without state."""
    state = read_state(folder)
    if not state:
        return None
    lines = history.read(folder)
    best = history.best_of(lines)
    said = str(state.get("state", ""))
    if said == "running" and not owner_is_alive(folder):
        said = "interrupted"
    return RunInfo(
        number=int(folder.name),
        folder=folder,
        state=said,
        epochs_done=len(lines),
        epochs=_count(state, "epochs"),
        best_epoch=best.epoch if best else 0,
        best_accuracy=best.validation_accuracy if best else None,
        network=str(state.get("network", "")),
        parameters=_count(state, "parameters"),
        when=_when(state, folder),
        reason=str(state.get("reason", "")),
        parent=_count(state, "parent") or None,
        experiment=_count(state, "experiment") or None,
        label=str(state.get("label", "")),
        trouble="" if said == "running" else _trouble(folder, state, lines),
        restarted_after=_count(state, "restarted_after"),
        **_marks(folder),
    )


def _trouble(folder: Path, state: Mapping[str, Any], lines: list[EpochLine]) -> Trouble:
    from engine.train.stories import story_of  # late: it reads runs itself

    return trouble_of(story_of(folder, lines, state=state, ended=True, with_answers=False))


def _marks(folder: Path) -> dict[str, Any]:
    marks = read_object(folder / MARKS)
    return {"note": str(marks.get("note", "")), "is_pinned": marks.get("pinned") is True}


def write_marks(folder: Path, **marks: str | bool) -> None:
    """Keep what the user says of a run: its `note`, and whether it is `pinned`.

    They have a file of their own: another thread or process may be writing the run's state at the same time.

    Raises: EngineError.
    """
    try:
        write_atomically(folder / MARKS, json.dumps(read_object(folder / MARKS) | marks, indent=1))
    except OSError as error:
        raise EngineError(
            f"The note on run {int(folder.name)} could not be kept.",
            why=f"{error.strerror or error}.",
            fix="Free some space, or check that you may write in the project's folder.",
        ) from error


def compared_with(info: RunInfo | None, known: Iterable[RunInfo]) -> RunInfo | None:
    """Return which of the `known` runs this one is compared with, in words and in charts: its parent.

    None: it has none, or that was deleted.
    """
    parent = info.parent if info is not None else None
    return next((one for one in known if one.number == parent), None) if parent is not None else None


def pinned_first(infos: Iterable[RunInfo]) -> tuple[RunInfo, ...]:
    """The order of the list: pinned runs, then all others, each as they come."""
    return tuple(sorted(infos, key=lambda info: not info.is_pinned))


def restarted_after(folder: Path) -> int:
    """Epochs that were done when the run was continued beyond its plan; 0 for all others."""
    return _count(read_state(folder), "restarted_after")


def _count(state: Mapping[str, Any], name: str) -> int:
    value = state.get(name, 0)
    return value if isinstance(value, int) else 0


def _when(state: Mapping[str, Any], folder: Path) -> datetime:
    try:
        return datetime.fromisoformat(state["created"])
    except (KeyError, TypeError, ValueError):
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)


def claim(folder: Path) -> None:
    """Say that this process writes the run. Raises: EngineError, see `must_be_free`; OSError."""
    import psutil

    must_be_free(folder)
    me, token = psutil.Process(), secrets.token_hex(8)
    write_atomically(folder / OWNER, json.dumps({"pid": me.pid, "started": me.create_time(), "token": token}))
    _claims.add(token)


def must_be_free(folder: Path) -> None:
    """Raises: EngineError while a living process, this one included, has claimed the run."""
    if owner_is_alive(folder):
        raise EngineError(
            f"Run {int(folder.name)} is being trained already.",
            why="Another window or command works on it.",
            fix="Wait for it or stop it there.",
        )


def release(folder: Path) -> None:
    """Take `claim` back. It is void even where the file stays. Raises: OSError."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        _claims.discard(json.loads((folder / OWNER).read_text("utf-8"))["token"])
    (folder / OWNER).unlink(missing_ok=True)


def owner_is_alive(folder: Path) -> bool:
    """Whether a living process has claimed the run. A number that was given to a new process does not count."""
    if not (folder / OWNER).exists():
        return False
    import psutil  # late: no run of the last project need be open for the window to be up

    try:
        raw = json.loads((folder / OWNER).read_text("utf-8"))
        if int(raw["pid"]) == os.getpid() and raw.get("token") not in _claims:
            return False  # taken back on a disk that could not be written to
        owner = psutil.Process(int(raw["pid"]))
        return abs(owner.create_time() - float(raw["started"])) < 1.0 and owner.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return False


def find_run(project_path: Path, number: int | None) -> RunInfo:
    """A run by number, or the one that answers for the project, see `answering`. Raises: EngineError."""
    runs = list_runs(project_path)
    if number is not None:
        for info in runs:
            if info.number == number:
                return info
        known = ", ".join(str(info.number) for info in runs) or "none"
        raise EngineError(f"This project has no run {number}.", why=f"It has: {known}.", fix="Choose one of them.")
    info = answering(runs)
    if info is not None:
        return info
    raise EngineError(
        "Nothing has been trained in this project yet.", fix="Train the network first; one epoch is enough to try."
    )


def answering(runs: Iterable[RunInfo]) -> RunInfo | None:
    """Of runs, newest first, the one whose weights stand for the project; None while there is none.

    The newest, as long as it is a run of its own: the last trial of an experiment may be the worst of them, so that
    of an experiment the best one answers, and only where nothing else was trained.
    """
    trained = [info for info in runs if info.has_weights]
    own = next((info for info in trained if info.experiment is None), None)
    return own or max(trained, key=lambda info: info.best_accuracy or 0.0, default=None)


def last_resumable(project_path: Path) -> RunInfo:
    """The newest run that can go on. Raises: EngineError."""
    runs = list_runs(project_path)
    for info in runs:
        if info.can_resume:
            return info
    for info in runs:
        must_be_free(info.folder)
    raise EngineError(
        "There is no run to resume.",
        why="All runs came to their end." if runs else "Nothing has been trained in this project yet.",
        fix="Start a new training.",
    )
