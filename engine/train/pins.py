"""Images that the user has pinned: they are watched in every training of the project, until they are let go.

They lie in a small file beside the project, so that a training that runs already, also one without a window, takes
them up within a moment.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.files import save_for_user

NAME, ANSWERS = "watched.json", "pinned.jsonl"
"""The pins, beside the project; and in `watch/` of a run, what it answered to them."""

MOST_PINNED = 48
"""Each of them is answered up to four times a second."""


@dataclass(frozen=True)
class Pins:
    """What is pinned, the oldest first.

    Attributes:
        images: paths of images of the data set, as the index writes them.
        photographs: files that are not of the data set: absolute, or relative to the project's folder.
    """

    images: tuple[str, ...] = ()
    photographs: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images) + len(self.photographs)


def pins_file(project_path: Path) -> Path:
    """Where the pins of a project lie."""
    return project_path.parent / NAME


def read_pins(file: Path) -> Pins:
    """Read a file of `write_pins`; none where it is missing or damaged."""
    try:
        raw = json.loads(file.read_text("utf-8"))
        columns = [_texts(raw.get(name, [])) for name in ("images", "photographs")]
    except (OSError, ValueError, AttributeError, RecursionError):
        return Pins()
    return Pins(*columns)


def _texts(raw: object) -> tuple[str, ...]:
    """The texts in a list, each once."""
    found = [entry for entry in raw if isinstance(entry, str) and entry] if isinstance(raw, list) else []
    return tuple(dict.fromkeys(found))[:MOST_PINNED]


def write_pins(file: Path, pins: Pins) -> None:
    """Keep the pins. Raises: EngineError, where the folder cannot be written to."""
    # Escaped, since a file name that is no UTF-8 holds lone surrogates, which no UTF-8 file can.
    save_for_user(file, json.dumps({"images": list(pins.images), "photographs": list(pins.photographs)}))


def with_pinned(pins: Pins, *, images: tuple[str, ...] = (), photographs: tuple[str, ...] = ()) -> Pins:
    """Pin more; what is pinned already stays where it is.

    Raises: EngineError, when there would be too many.
    """
    more = replace(
        pins,
        images=tuple(dict.fromkeys((*pins.images, *images))),
        photographs=tuple(dict.fromkeys((*pins.photographs, *photographs))),
    )
    if len(more) > MOST_PINNED:
        raise EngineError(
            f"No more than {MOST_PINNED} images can be watched.",
            why="Each of them is answered again several times a second while the network learns.",
            fix="Let some go first: “Watch no longer” in the menu of a watched image.",
        )
    return more


def without(pins: Pins, *, images: tuple[str, ...] = (), photographs: tuple[str, ...] = ()) -> Pins:
    """Let some go."""
    return Pins(
        tuple(path for path in pins.images if path not in images),
        tuple(path for path in pins.photographs if path not in photographs),
    )


def stored_as(photograph: Path, project_folder: Path) -> str:
    """How a file is written down: relative where it lies in the project's folder, so that both can be moved."""
    whole = photograph.absolute()
    inside = whole.is_relative_to(project_folder.absolute())
    return whole.relative_to(project_folder.absolute()).as_posix() if inside else str(whole)


def found_at(photograph: str, project_folder: Path) -> Path:
    """Where a photograph of `Pins` lies today."""
    return project_folder / photograph  # an absolute path stays what it is


@dataclass(frozen=True, eq=False)
class PinnedAnswers:
    """What a run has answered to one pinned picture.

    Attributes:
        epochs: (n,) ascending.
        probabilities: (n, classes) float32.
    """

    epochs: np.ndarray
    probabilities: np.ndarray

    def at(self, epoch: int) -> np.ndarray | None:
        """(classes,) of an epoch, or of the last one before it; None where there is none."""
        place = int(np.searchsorted(self.epochs, epoch, "right")) - 1
        return self.probabilities[place] if place >= 0 else None


def read_pinned(run_folder: Path) -> tuple[dict[str, PinnedAnswers], dict[str, PinnedAnswers]]:
    """What a run has answered to pinned images of the data set, by path, and to photographs, by name.

    Damaged lines are passed over; of an epoch that was done twice, the later one counts.
    """
    images: dict[str, dict[int, list[float]]] = {}
    photographs: dict[str, dict[int, list[float]]] = {}
    try:
        text = (run_folder / "watch" / ANSWERS).read_text("utf-8", errors="replace")
    except OSError:
        return {}, {}
    for raw in text.splitlines():
        try:
            line = json.loads(raw)
            for found, told in ((images, line["images"]), (photographs, line["photographs"])):
                for name, row in told.items():
                    found.setdefault(name, {})[int(line["epoch"])] = [float(value) for value in row]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return _answers(images), _answers(photographs)


def _answers(found: Mapping[str, Mapping[int, list[float]]]) -> dict[str, PinnedAnswers]:
    answers = {}
    for name, told in found.items():
        width = len(next(reversed(told.values())))
        epochs = sorted(epoch for epoch, row in told.items() if len(row) == width)
        rows = np.array([told[epoch] for epoch in epochs], dtype=np.float32)
        answers[name] = PinnedAnswers(np.array(epochs), rows)
    return answers
