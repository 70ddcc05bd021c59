"""Figures of a network as people read them."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication, QLocale

from engine.compile import NetworkReport
from engine.compile.field import receptive_field


def counted(number: float) -> str:
    """A large number in short: "896", "38.2 M", "1.24 G"."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= size:
            scaled = number / (1e3 if letter == "k" else size)
            digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
            return f"{QLocale().toString(scaled, 'f', digits)} {letter}"
    return QLocale().toString(int(number))


def bytes_in_words(count: int) -> str:
    """Memory in decimal units, as graphics cards are sold: "410 MB", "2.1 GB"."""
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            scaled = count / size
            return f"{QLocale().toString(scaled, 'f', 1 if scaled < 10 else 0)} {unit}"
    return f"{count} B"


def field_in_words(report: NetworkReport, *, short: bool = False) -> str:
    """ "sees 38 × 38 of 64 × 64 px", in short "38 × 38 px"; empty where nothing slides over an image."""
    field, image = receptive_field(report), report.facts.shape
    if field is None or len(image) != 3 or report.inputs:
        return ""
    if all(size >= side for size, side in zip(field.extent, image[1:], strict=True)):
        whole = QCoreApplication.translate("Words", "the whole image")
        return whole if short else QCoreApplication.translate("Words", "sees {what}").format(what=whole)
    sides = " × ".join(f"{math.floor(size):d}" for size in field.extent)
    if short:
        return f"{sides} px"
    words = QCoreApplication.translate("Words", "sees {sides} of {height} × {width} px")
    return words.format(sides=sides, height=image[1], width=image[2])


def batch_in_words(largest: int) -> str:
    """ "batches to ≈ 1.2 k fit"."""
    if not largest:
        return QCoreApplication.translate("Words", "not even one image fits")
    return QCoreApplication.translate("Words", "batches to ≈ {count} fit").format(count=counted(_rounded(largest)))


def _rounded(number: int) -> int:
    """With two digits: the estimate is no better."""
    step = 10 ** max(0, len(str(number)) - 2)
    return number // step * step
