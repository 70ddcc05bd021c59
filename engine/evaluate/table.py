"""Answers as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from engine.errors import EngineError
from engine.evaluate.predict import Prediction
from engine.files import write_atomically


def csv_text(predictions: Sequence[Prediction], classes: Sequence[str] = ()) -> str:
    """One line per prediction: path, class, probability, the probability of every class, error.

    Answers of networks with other classes may stand in one table: a class that a network does not know is left empty.

    Args:
        classes: these have a column each and come first, also where no prediction knows them.
    """
    known = [*classes, *(name for prediction in predictions for name in prediction.classes)]
    columns = list(dict.fromkeys(known))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["path", "class", "probability", *columns, "error"])
    table.writerows(_row(prediction, columns) for prediction in predictions)
    return text.getvalue()


def write_csv(path: Path, predictions: Sequence[Prediction], classes: Sequence[str] = ()) -> None:
    """Write the table whole or not at all. Raises: EngineError where the place cannot be written to."""
    try:
        # With a byte order mark: without it, spreadsheets take "ü" for two other letters.
        write_atomically(path, csv_text(predictions, classes).encode("utf-8-sig", "surrogateescape"))
    except OSError as error:
        raise EngineError(
            f"“{path.name}” could not be written.",
            why=f"{error.strerror or error}: “{path.parent}”.",
            fix="Choose another folder, or free some space.",
        ) from error


def _row(prediction: Prediction, columns: Sequence[str]) -> list[str]:
    where = str(prediction.source) if isinstance(prediction.source, Path) else prediction.name
    if prediction.error is not None:
        return [where, "", "", *[""] * len(columns), str(prediction.error)]
    shares = dict(zip(prediction.classes, prediction.probabilities, strict=True))
    row = [_number(shares[name]) if name in shares else "" for name in columns]
    return [where, prediction.class_name, _number(prediction.probability), *row, ""]


def _number(value: float) -> str:
    return f"{value:.6f}"
