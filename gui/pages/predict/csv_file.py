"""Results as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from engine.errors import EngineError
from engine.files import write_atomically


def csv_text(predictions: Sequence) -> str:
    """One line per prediction: path, class, probability, the probability of every class, error.

    Results of networks with other classes may stand in one table: a class that a network does not know is left empty.
    """
    classes = list(dict.fromkeys(name for prediction in predictions for name in prediction.classes))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["path", "class", "probability", *classes, "error"])
    for prediction in predictions:
        where = str(prediction.source) if isinstance(prediction.source, Path) else prediction.name
        if prediction.error is not None:
            table.writerow([where, "", "", *[""] * len(classes), str(prediction.error)])
            continue
        shares = dict(zip(prediction.classes, prediction.probabilities, strict=True))
        row = [_number(shares[name]) if name in shares else "" for name in classes]
        table.writerow([where, prediction.class_name, _number(prediction.probability), *row, ""])
    return text.getvalue()


def write_csv(path: Path, predictions: Sequence) -> None:
    """Write the table whole or not at all. Raises: EngineError where the place cannot be written to."""
    try:
        # With a byte order mark: without it, spreadsheets take "ü" for two other letters.
        write_atomically(path, csv_text(predictions).encode("utf-8-sig", "surrogateescape"))
    except OSError as error:
        raise EngineError(
            f"“{path.name}” could not be written.",
            why=f"The system says: {(error.strerror or str(error)).lower()}.",
            fix="Choose another folder, or free some space.",
        ) from error


def _number(value: float) -> str:
    return f"{value:.6f}"
