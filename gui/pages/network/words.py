"""Figures of a network as people read them."""

from __future__ import annotations

from PySide6.QtCore import QLocale


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
