"""What a prediction says, in words."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, QLocale, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics

from engine.errors import EngineError
from gui.widgets.bars import percent

VERY_SURE, FAIRLY_SURE, BETWEEN_TWO, CLOSE = 0.95, 0.80, 0.60, 0.10


SENTENCE_END = re.compile(r"(?<=[.!?]) +")
WRAPPED = int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap)


def tr(text: str) -> str:
    return QCoreApplication.translate("Predict", text)


def ranked(prediction: object, most: int | None = None) -> list[tuple[str, float]]:
    """(class, probability) with the largest first, at most `most` of them."""
    pairs = zip(prediction.classes, prediction.probabilities, strict=True)
    return sorted(pairs, key=lambda pair: -pair[1])[:most]


def how_sure(prediction: object) -> str:
    """One sentence about how sure the network is."""
    best = ranked(prediction, 2)
    if len(best) < 2:
        return tr("The network knows one class only, so this says nothing.")
    (first, p), (second, q) = best
    if p >= VERY_SURE:
        text = tr("Very sure: {first} gets {p}, everything else together {rest}.")
    elif p >= FAIRLY_SURE:
        text = tr("Fairly sure: {first} gets {p}, {second} comes next with {q}.")
    elif p - q < CLOSE and p + q >= BETWEEN_TWO:
        text = tr("Torn between {first} ({p}) and {second} ({q}).")
    elif p < 0.5:
        text = tr("Unsure: no class gets half. {first} leads with {p}, then {second} with {q}.")
    else:
        text = tr("Leaning towards {first} with {p}; {second} gets {q}.")
    shares = {"p": p, "q": q, "rest": max(0.0, 1 - p)}
    # No line ends between a number and its "%".
    said = {name: percent(share).replace(" ", "\N{NO-BREAK SPACE}") for name, share in shares.items()}
    return text.format(first=f"“{first}”", second=f"“{second}”", **said)


def duration(seconds: float) -> str:
    """ "12 ms", "1.4 s"."""
    if seconds < 0.9995:
        return f"{QLocale().toString(max(1, round(seconds * 1000)))} ms"
    return f"{QLocale().toString(seconds, 'f', 1)} s"


def reason(error: BaseException) -> str:
    """Why a file could not be read, in a sentence or two."""
    if isinstance(error, EngineError):
        return " ".join(part for part in (error.why or error.what, error.fix) if part)
    return str(error)


def fitting(text: str, metrics: QFontMetrics, room: QSize) -> str:
    """As many whole sentences of `text` as fit into `room` px; of a first one that is too long, its words and "…"."""

    def fits(part: str) -> bool:
        return metrics.boundingRect(QRect(0, 0, room.width(), 1 << 16), WRAPPED, part).height() <= room.height()

    sentences = SENTENCE_END.split(text)
    for count in range(len(sentences), 0, -1):
        if fits(" ".join(sentences[:count])):
            return " ".join(sentences[:count])
    words = sentences[0].split(" ")
    shortened = (" ".join(words[:count]).rstrip(".,;:") + "…" for count in range(len(words), 0, -1))
    return next(filter(fits, shortened), "…")


def spoken(prediction: object) -> str:
    """The card as assistive tools read it."""
    if prediction.error is not None:
        return tr("{name} cannot be read. {reason}").format(name=prediction.name, reason=reason(prediction.error))
    return f"{prediction.class_name} {percent(prediction.probability)}, {prediction.name}"
