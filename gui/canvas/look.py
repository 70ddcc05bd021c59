"""Fonts and measures of the canvas, made once for each look instead of at every paint."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtGui import QFont, QFontMetricsF

from gui.theme import mono_font, theme


@dataclass(frozen=True)
class Look:
    """Measures are scene units: device-independent pixels at 100 % zoom."""

    title: QFont
    body: QFont
    figures: QFont
    small_figures: QFont
    width: float
    height: float
    gap: float
    line: float

    def title_metrics(self) -> QFontMetricsF:
        """Measures of a card's title."""
        return QFontMetricsF(self.title)

    def body_metrics(self) -> QFontMetricsF:
        """Measures of the second line."""
        return QFontMetricsF(self.body)


def look() -> Look:
    """The measures of the look that is on."""
    return _look(theme().scale)


@lru_cache(maxsize=8)
def _look(scale: float) -> Look:
    px = theme().px
    body = theme().font(12)
    return Look(
        title=theme().font(13, QFont.Weight.DemiBold),
        body=body,
        figures=mono_font(12.5),
        small_figures=theme().font(12),
        width=px(346),
        height=px(52),
        gap=px(14),
        line=QFontMetricsF(body).height(),
    )
