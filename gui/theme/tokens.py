"""The colours and measures of Atelier: every colour on screen comes from here.

The values follow the design drawings. Those that differ do so for contrast (WCAG 2.2, 1.4.3 and 1.4.11) and say it
in place; `tests/gui/test_theme.py` holds the ratios.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType


@dataclass(frozen=True)
class Tokens:
    """One look. Colours are "#rrggbb"; measures are device-independent pixels at 100 % text size."""

    name: str
    window: str
    panel: str
    raised: str
    hover: str
    line: str
    text: str
    dim: str
    faint: str  # disabled text and marks; the one colour without a contrast promise
    accent: str
    accent_hover: str
    on_accent: str
    train: str
    validation: str
    good: str
    bad: str
    selection: str
    families: Mapping[str, str]
    space_small: int = 4
    space: int = 8
    space_large: int = 12
    radius: int = 8
    body: int = 13

    def color(self, name: str) -> str:
        """Return the colour called `name` ("accent") or of a layer family ("family.convolution").

        Raises:
            KeyError: there is no such colour.
        """
        family = name.removeprefix("family.")
        if family != name:
            return self.families[family]
        if name not in COLOR_NAMES:
            raise KeyError(f"no colour token {name!r}; there are {', '.join(COLOR_NAMES)}")
        return getattr(self, name)

    def readable_on(self, background: str) -> str:
        """Return the one of `text` and `window` that stands out more on the colour `background` ("#rrggbb")."""
        return max(self.text, self.window, key=lambda ink: contrast(ink, background))


COLOR_NAMES = tuple(field.name for field in fields(Tokens) if field.type == "str" and field.name != "name")


def luminance(color: str) -> float:
    """Return the relative luminance of "#rrggbb", 0..1 (WCAG 2.2)."""
    channels = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours "#rrggbb", 1..21 (WCAG 2.2)."""
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


DARK = Tokens(
    name="dark",
    window="#15171c",
    panel="#1c1f26",
    raised="#232730",
    hover="#2b303b",
    line="#2f3440",
    text="#e8eaf0",
    dim="#98a0b0",
    faint="#626a7a",
    accent="#f0a63a",
    accent_hover="#f6b657",
    on_accent="#1b1508",
    train="#56a8f5",
    validation="#f0a63a",
    good="#2fbf8f",
    bad="#f47664",  # drawn #f2705d reaches only 4.4:1 as text on a selected row
    selection="#2a3346",
    families=MappingProxyType(
        {
            "input": "#8a93a5",
            "convolution": "#56a8f5",
            "activation": "#e5c543",
            "pooling": "#2fbf8f",
            "normalisation": "#b48cf2",
            "regularisation": "#b48cf2",
            "attention": "#9bd160",
            "block": "#d3b98f",
            "dense": "#f0a63a",
            "merge": "#3cc4c9",
            "reshape": "#9aa3b5",
            "recurrent": "#ef7fb0",
            "output": "#f2705d",
        }
    ),
)

LIGHT = Tokens(
    name="light",
    window="#f4f5f8",
    panel="#ffffff",
    raised="#f0f2f6",
    hover="#e6e9f0",
    line="#d9dde5",
    text="#1b1f29",
    dim="#5c6577",
    faint="#98a0b0",
    # Drawn #c97a0a: 2.99:1 as a focus ring on raised surfaces. Drawn white text on it: 3.4:1, so the text is dark
    # here as it is in the dark look; darkening the fill until white is readable would make it brown.
    accent="#c67808",
    accent_hover="#d98a1c",
    on_accent="#1b1508",
    # The drawn hues, darkened: they are written as words too and reached only 3.0 to 4.6:1.
    train="#1a6abb",
    validation="#a65500",
    good="#077654",
    bad="#bd3a29",
    selection="#e3ecfb",
    # The drawings show families on dark only; these are the same hues at 3:1 or more on white.
    families=MappingProxyType(
        {
            "input": "#6b7488",
            "convolution": "#1f78d1",
            "activation": "#957800",
            "pooling": "#0b8f66",
            "normalisation": "#8451d6",
            "regularisation": "#8451d6",
            "attention": "#4d8a12",
            "block": "#8a6a33",
            "dense": "#c67808",
            "merge": "#0b878c",
            "reshape": "#707a8e",
            "recurrent": "#c9407f",
            "output": "#cf4432",
        }
    ),
)
