"""New runs made of old ones: with more epochs, or from another seed.

A run that is continued for n epochs becomes a new run that begins where the old one ended: its weights, the moments of
its optimizer, its history and its answers are copied, and the old run stays what it was. Its schedule begins anew and
lasts the n epochs: the old one has come to its planned end, where most schedules leave a learning rate of almost zero,
at which n more epochs would teach nothing; stretched over the new plan, it would jump to somewhere in its middle. A
schedule that begins again from well-trained weights is the warm restart of Loshchilov and Hutter, 2017, "SGDR:
stochastic gradient descent with warm restarts". A constant rate just goes on. Early stopping is given its patience
anew, or the run would end at once where it had ended.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import EngineError
from engine.files import part_name, write_atomically
from engine.spec import ProjectSpec
from engine.spec.files import to_json
from engine.train import history, runs
from engine.train.history import EpochLine
from engine.train.runs import RunInfo
from engine.train.tensorboard import FOLDER as TENSORBOARD


def can_continue(info: RunInfo) -> bool:
    """Whether a run has come to an end from which more epochs can go on."""
    return info.state in ("finished", "stopped") and info.epochs_done > 0


def repeat_blocker(info: RunInfo) -> EngineError | None:
    """Why a run cannot be trained again from another seed; None when it can.

    One that was continued has had a schedule for each of its parts: the same epochs in one go are another training,
    and what came of it would say nothing of the seed.
    """
    if not info.restarted_after:
        return None
    return EngineError(
        f"Run {info.number} was continued, so that its learning rate began anew after epoch {info.restarted_after}.",
        why="From another seed it would be trained in one go, and the two could not be compared.",
        fix="Start again the run that it was continued from, and continue that one as well.",
    )


def make_continuation(project_path: Path, number: int, epochs: int) -> int:
    """Make a new run that goes on from the end of another; `job.resume_run` then trains it.

    It is there whole or not at all.

    Args:
        number: of the run that is continued.
        epochs: how many more, at least 1.
    Returns:
        The number of the new run.
    Raises:
        EngineError: it has not come to an end, its last checkpoint is gone, or the copy cannot be kept.
    """
    info = runs.find_run(project_path, number)
    runs.must_be_free(info.folder)
    if not can_continue(info):
        raise EngineError(
            f"Run {number} cannot be continued.",
            why="It failed, or has not come to its end yet.",
            fix="Resume it, or start a new run.",
        )
    if epochs < 1:
        raise EngineError(f"{epochs} more epochs are none.", fix="Continue for at least one.")
    spec, done = runs.read_run_spec(info.folder), _checkpointed_epoch(info.folder)
    lines = history.read(info.folder)[:done]
    if len(lines) < done:
        raise EngineError(f"Run {number} cannot be continued: its history is damaged.", fix="Start a new run.")
    spec = replace(spec, recipe=replace(spec.recipe, epochs=done + epochs))
    folder = runs.runs_folder(project_path)
    made = folder / part_name("run")
    try:
        _copy(info.folder, made, lines)
        write_atomically(made / runs.SPEC, to_json(runs.movable(spec, project_path, made)))
        write_atomically(made / runs.STATE, json.dumps(_state(info, spec, done, epochs), indent=1))
        return runs.take_number(folder, made)[0]
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        raise EngineError(
            f"Run {number} cannot be continued.",
            why=f"Its files could not be copied: {(error.strerror or str(error)).lower()}.",
            fix="Free some space, or save the project in a folder where you may write.",
        ) from error


def _checkpointed_epoch(folder: Path) -> int:
    """The epoch after which the last checkpoint was written. Raises: EngineError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / runs.LAST, framework="np") as file:
            return int(json.loads((file.metadata() or {})["atelier"])["epoch"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"Run {int(folder.name)} cannot be continued.",
            why=f"Its last checkpoint, “{runs.LAST}”, is missing or damaged.",
            fix="Start a new run.",
        ) from error


_OWN = (runs.SPEC, runs.STATE, runs.OWNER, runs.MARKS, history.NAME, "log.txt", TENSORBOARD, ".*.part")
"""What every run has of its own; all else that a run has written goes along."""


def _copy(run: Path, made: Path, lines: list[EpochLine]) -> None:
    shutil.copytree(run, made, ignore=shutil.ignore_patterns(*_OWN))
    history.rewrite(made, lines)


def _state(info: RunInfo, spec: ProjectSpec, done: int, epochs: int) -> dict:
    """What is noted of the new run: that of the old one as far as it stays true."""
    changes = {
        "state": "interrupted",
        "reason": "",
        "created": datetime.now(UTC).isoformat(),
        "epochs": spec.recipe.epochs,
        "parent": info.number,
        "label": f"{epochs} more epoch{'s' if epochs > 1 else ''}",
        "restarted_after": done,
    }
    kept = {k: v for k, v in runs.read_state(info.folder).items() if k not in ("experiment", "trial")}
    return {**kept, **changes}


def with_another_seed(spec: ProjectSpec, known: Iterable[RunInfo] = ()) -> ProjectSpec:
    """The same training from other random numbers: the first seed that no run of the same settings has had.

    Args:
        known: the runs of the project; those that cannot be read are passed over.
    """
    taken = {spec.recipe.seed}
    for info in known:
        try:
            other = runs.read_run_spec(info.folder)
        except EngineError:
            continue
        if _with_seed(other, 0) == _with_seed(spec, 0):
            taken.add(other.recipe.seed)
    seed = spec.recipe.seed + 1
    while seed in taken:
        seed += 1
    return _with_seed(spec, seed)


def _with_seed(spec: ProjectSpec, seed: int) -> ProjectSpec:
    return replace(spec, recipe=replace(spec.recipe, seed=seed), notes="")
