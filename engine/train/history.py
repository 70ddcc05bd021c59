"""The history of a run: one JSON line for every epoch, readable while another process writes it."""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.files import write_atomically
from engine.train.events import EpochDone

NAME = "history.jsonl"


@dataclass(frozen=True, slots=True)
class EpochLine:
    """The numbers of one epoch; see `EpochDone`."""

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float
    images_per_second: float
    is_best: bool

    @classmethod
    def of(cls, event: EpochDone) -> "EpochLine":
        """The numbers of an event, without its predictions."""
        return cls(**{name: getattr(event, name) for name in cls.__slots__})


def is_better(new: EpochLine, best: EpochLine | None) -> bool:
    """Higher validation accuracy wins; at the same accuracy, the lower loss."""
    if best is None:
        return True
    return (new.validation_accuracy, -new.validation_loss) > (best.validation_accuracy, -best.validation_loss)


def best_of(lines: list[EpochLine]) -> EpochLine | None:
    """The epoch whose weights are kept."""
    best = None
    for line in lines:
        best = line if is_better(line, best) else best
    return best


def epochs_without_improvement(lines: list[EpochLine], since: int = 0, metric: str = "loss", least: float = 0.0) -> int:
    """How many epochs ago validation improved last; what early stopping waits for.

    Args:
        since: epochs whose waiting does not count, of a run that was continued: it is given its patience anew.
        metric: "loss" or "accuracy".
        least: by how much it must be better than the best so far to count.
    """
    if len(lines) <= since:
        return 0
    best, improved = -math.inf, 0
    for place, line in enumerate(lines, start=1):
        value = line.validation_accuracy if metric == "accuracy" else -line.validation_loss
        if value > best + least:
            best, improved = value, place
    return len(lines) - max(since, improved)


def append(folder: Path, line: EpochLine) -> None:
    """Add one epoch. Raises: OSError."""
    with open(folder / NAME, "a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(line)) + "\n")
        file.flush()
        os.fsync(file.fileno())  # the checkpoint that follows must never know of more epochs than the history


def rewrite(folder: Path, lines: list[EpochLine]) -> None:
    """Replace the history, for a run that resumes at an earlier checkpoint. Raises: OSError."""
    write_atomically(folder / NAME, "".join(json.dumps(asdict(line)) + "\n" for line in lines))


def read(folder: Path) -> list[EpochLine]:
    """All whole lines, in order of epochs; what a killed process left half written is ignored."""
    try:
        text = (folder / NAME).read_text("utf-8", errors="replace")  # a damaged line must not cost the others
    except OSError:
        return []
    lines: list[EpochLine] = []
    for raw in text.split("\n"):
        line = _line(raw)
        if line is not None and line.epoch == len(lines) + 1:
            lines.append(line)
    return lines


def _line(raw: str) -> EpochLine | None:
    try:
        line = EpochLine(**json.loads(raw))
    except (ValueError, TypeError, RecursionError):
        return None
    # Each field holds a number; `isinstance` takes a switch for one too, which does no harm.
    return line if all(isinstance(value, int | float) for value in asdict(line).values()) else None
