"""The runs of a project, read from their files: another process may have written them."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from engine.errors import EngineError
from engine.files import write_atomically
from engine.spec import ProjectSpec
from engine.spec.files import read_project, to_json
from engine.train import history

LAST, BEST = "last.safetensors", "best.safetensors"
"""Checkpoints: all that is needed to go on, and the weights of the best epoch."""

SPEC, STATE, OWNER = "spec.json", "run.json", "owner.json"
_NUMBERED = re.compile("[0-9]{4,9}")


@dataclass(frozen=True)
class RunInfo:
    """What a list of runs shows.

    Attributes:
        state: "running" (some living process writes it), "interrupted" (can be resumed), "stopped" (by the user; can be
            resumed), "finished" or "failed".
        epochs_done, epochs: so far, and planned.
        best_accuracy: validation, 0..1; None before the first epoch.
        network: what to call its network.
        reason: why it failed, in words.
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

    @property
    def can_resume(self) -> bool:
        # A process may be killed after its last epoch and before it could say so: resuming then brings it to its end.
        return self.state == "interrupted" or (self.state == "stopped" and self.epochs_done < self.epochs)

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
    """Make the folder of a new run, its spec and its state. Raises: EngineError when it cannot be written."""
    folder = runs_folder(project_path)
    made = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = max((info for info in map(_number, folder.iterdir()) if info), default=0) + 1
        while True:  # another process may take the number in between
            try:
                (folder / f"{number:04d}").mkdir()
                break
            except FileExistsError:
                number += 1
        made = folder / f"{number:04d}"
        write_atomically(made / SPEC, to_json(_movable(project, project_path, made)))
        write_state(made, {"state": "running", "created": datetime.now(UTC).isoformat(), **facts})
    except OSError as error:
        if made is not None:
            discard(made)
        raise EngineError(
            f"The run cannot be kept in “{folder}”.",
            why=f"{error.strerror or error}.",
            fix="Free some space, or save the project in a folder where you may write.",
        ) from error
    return number, made


def _movable(project: ProjectSpec, project_path: Path, run: Path) -> ProjectSpec:
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
    try:
        raw = json.loads((folder / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def read_run_spec(folder: Path) -> ProjectSpec:
    """What was trained. Raises: EngineError."""
    return read_project(folder / SPEC)[0]


def discard(folder: Path) -> None:
    """Remove a run without a trace."""
    shutil.rmtree(folder, ignore_errors=True)


def list_runs(project_path: Path) -> tuple[RunInfo, ...]:
    """All runs of a project, newest first. Folders that are no runs are left alone."""
    folder = runs_folder(project_path)
    try:
        numbers = sorted(filter(None, map(_number, folder.iterdir())), reverse=True)
    except OSError:
        return ()
    infos = (run_info(folder / f"{number:04d}") for number in numbers)
    return tuple(info for info in infos if info is not None)


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
    )


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
    must_be_free(folder)
    me = psutil.Process()
    write_atomically(folder / OWNER, json.dumps({"pid": me.pid, "started": me.create_time()}))


def must_be_free(folder: Path) -> None:
    """Raises: EngineError while a living process, this one included, has claimed the run."""
    if owner_is_alive(folder):
        raise EngineError(
            f"Run {int(folder.name)} is being trained already.",
            why="Another window or command works on it.",
            fix="Wait for it or stop it there.",
        )


def release(folder: Path) -> None:
    """Take `claim` back."""
    (folder / OWNER).unlink(missing_ok=True)


def owner_is_alive(folder: Path) -> bool:
    """Whether a living process has claimed the run. A number that was given to a new process does not count."""
    try:
        raw = json.loads((folder / OWNER).read_text("utf-8"))
        owner = psutil.Process(int(raw["pid"]))
        return abs(owner.create_time() - float(raw["started"])) < 1.0 and owner.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return False


def find_run(project_path: Path, number: int | None) -> RunInfo:
    """A run by number, or the newest that has weights. Raises: EngineError."""
    runs = list_runs(project_path)
    if number is not None:
        for info in runs:
            if info.number == number:
                return info
        known = ", ".join(str(info.number) for info in runs) or "none"
        raise EngineError(f"This project has no run {number}.", why=f"It has: {known}.", fix="Choose one of them.")
    for info in runs:
        if info.has_weights:
            return info
    raise EngineError(
        "Nothing has been trained in this project yet.", fix="Train the network first; one epoch is enough to try."
    )


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
