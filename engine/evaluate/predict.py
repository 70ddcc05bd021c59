"""Answers for new pictures."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.pictures import looks_like_picture, read_array
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.params import both

if TYPE_CHECKING:
    from engine.evaluate.model import Model  # torch: whoever has a model has it already


@dataclass(frozen=True)
class Prediction:
    """The answer for one picture, or why there is none.

    Attributes:
        name: to show.
        source: the file, or the bytes of a picture that is in no file.
        probabilities: for `classes`, adding up to 1.
        seconds: reading and computing.
    """

    name: str
    source: Path | bytes
    classes: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    seconds: float = 0.0
    error: EngineError | None = None

    @property
    def probability(self) -> float:
        """Of the answer; 0 where there is none."""
        return max(self.probabilities, default=0.0)

    @property
    def class_name(self) -> str:
        """The answer; empty where there is none."""
        return self.classes[self.probabilities.index(self.probability)] if self.probabilities else ""


def predict(
    model: Model, sources: Iterable[Path | bytes], control: JobControl, names: Sequence[str] | None = None
) -> Generator[Prediction, None, None]:
    """Classify pictures one after the other: the first answer is there at once, and one broken file stops nothing."""
    height, width = both(model.data.size)
    for place, source in enumerate(sources):
        control.checkpoint()
        name = names[place] if names else (source.name if isinstance(source, Path) else "image")
        began = time.perf_counter()
        try:
            pixels = read_array(source, height, width, model.data.colour, model.data.fit)
        except EngineError as error:
            yield Prediction(name, source, error=error)
            continue
        answer = model.probabilities(pixels[None])[0]
        seconds = time.perf_counter() - began
        yield Prediction(name, source, model.classes, tuple(float(p) for p in answer), seconds)


def pictures_in(paths: Iterable[Path]) -> list[Path]:
    """The picture files among `paths` and in the folders among them, sorted within each folder.

    A file that was named itself is taken whatever it looks like: its reader will say what is wrong with it.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if looks_like_picture(p.name) and p.is_file())
            found.extend(inside)
        else:
            found.append(path)
    return found
