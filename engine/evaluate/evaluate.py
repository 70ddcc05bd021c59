"""Measure a trained network on pictures whose classes are known."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.data.cache import Pictures, decode
from engine.data.index import SPLITS, Index
from engine.data.load import load_index
from engine.data.scan import scan
from engine.errors import EngineError
from engine.evaluate.metrics import Evaluation, score
from engine.jobs import JobControl, Progress
from engine.spec import DataEdits

if TYPE_CHECKING:
    from engine.evaluate.model import Model  # torch: whoever has a model has it already

BATCH = 256


def evaluate(
    model: Model, control: JobControl, split: str = "test", folder: Path | None = None
) -> Generator[Progress, None, Evaluation]:
    """Score a model on one split of its own data, or on all pictures of another folder.

    Args:
        split: "train", "validation" or "test".
        folder: class folders named as the model's classes; all their pictures are used.
    Raises:
        EngineError: there are no such pictures, or a folder has classes the model does not know.
    """
    yield Progress(0, 0, "Looking for images")
    data = replace(model.data, classes=model.classes)
    if folder:  # its files are others: what was moved or left out by name means nothing there
        data = replace(data, edits=DataEdits(class_names=data.edits.class_names))
    index = scan(folder, data, control) if folder else load_index(data, control)
    _same_classes(index, model)
    pictures = yield from decode(index, data, control)
    numbers = np.flatnonzero(pictures.row_of >= 0) if folder else pictures.readable(SPLITS.index(split))
    if not len(numbers):
        raise EngineError(
            f"There are no {'' if folder else split + ' '}images to evaluate on.",
            why="None were found, or none can be read.",
            fix="Choose another split, or a folder with one sub-folder for each class.",
        )
    probabilities = yield from _answers(model, pictures, numbers, control)
    return score(model.classes, index.labels[numbers].astype(np.int64), probabilities)


def _same_classes(index: Index, model: Model) -> None:
    unknown = [name for name in index.classes if name not in model.classes]
    if unknown:
        raise EngineError(
            f"The model does not know the class “{unknown[0]}”.",
            why=f"It was trained on: {', '.join(model.classes)}.",
            fix="Name the class folders exactly like that.",
        )


def _answers(
    model: Model, pictures: Pictures, numbers: np.ndarray, control: JobControl
) -> Generator[Progress, None, np.ndarray]:
    parts = []
    for start in range(0, len(numbers), BATCH):
        control.checkpoint()
        rows = pictures.row_of[numbers[start : start + BATCH]]
        parts.append(model.probabilities(pictures.rows[rows]))
        yield Progress(min(start + BATCH, len(numbers)), len(numbers), "Evaluating")
    return np.concatenate(parts)
