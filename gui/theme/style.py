"""The style sheet and palette, built from tokens.

What widgets may ask for by dynamic property (`restyle` sets them after creation):

- `QLabel`: heading, dim, title, display, figure, strong, small = true; tone = "good" | "bad" | "train" | "validation" |
  "accent"
- `QPushButton`, `QToolButton`: primary, quiet, destructive, link = true
- `QFrame`: panel, card = true; bar = "top" | "bottom" | "left" | "right"; separator = true
- `QLineEdit`, spin boxes, `QComboBox`: invalid = true
"""

from __future__ import annotations

from string import Template

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from gui.theme.style_rules import RULES
from gui.theme.tokens import Tokens

# Drawings the style sheet refers to: name in the rules -> (icon, colour token).
STYLE_IMAGES = {
    "check": ("check", "on_accent"),
    "dash": ("minus", "on_accent"),
    "down": ("chevron-down", "dim"),
    "down_faint": ("chevron-down", "faint"),
    "down_primary": ("chevron-down", "on_accent"),
    "up": ("chevron-up", "dim"),
    "up_faint": ("chevron-up", "faint"),
    "right": ("chevron-right", "dim"),
    "menu_check": ("check", "accent"),
}

# Measures in pixels at 100 % text size; they grow with the text.
SIZES = {
    "body_px": 13,
    "small_px": 12,
    "tiny_px": 11,
    "title_px": 17,
    "figure_px": 22,
    "display_px": 30,
    "indicator": 16,
    "handle": 16,
    "arrow": 12,
    "icon": 16,
    "row": 20,
    "field": 18,
    "slider": 20,
    "thin_bar": 6,
    "scroll": 10,
}


def build_style(tokens: Tokens, scale: float = 1.0, images: dict[str, str] | None = None) -> str:
    """Return the style sheet of the application.

    Args:
        scale: text size, 1.0 = 13 px body text.
        images: file of each name in `STYLE_IMAGES`; a missing one is drawn without its mark.
    """
    values = {key: str(value) for key, value in _single_values(tokens).items()}
    values |= {key: f"{round(size * scale)}px" for key, size in SIZES.items()}
    # Qt takes negative margins to let a slider's round handle stand out over its 4 px groove.
    values["handle_out"] = f"-{(round(SIZES['handle'] * scale) - 4) // 2}px"
    values["handle_radius"] = f"{round(SIZES['handle'] * scale) // 2}px"
    # Border included, and never more than half of the whole: Qt draws a square then.
    values["indicator_radius"] = f"{(round(SIZES['indicator'] * scale) + 2) // 2}px"
    values["indicator_inner"] = f"{round(SIZES['indicator'] * scale) - 6}px"
    for key in STYLE_IMAGES:
        path = (images or {}).get(key)
        values[f"image_{key}"] = f'url("{path}")' if path else "none"
    return Template(RULES).substitute(values)


def _single_values(tokens: Tokens) -> dict[str, object]:
    """Return the tokens that are single values, by name."""
    return {key: value for key, value in vars(tokens).items() if isinstance(value, (str, int))}


def build_palette(tokens: Tokens) -> QPalette:
    """Return the palette, so that what no rule covers still wears the tokens."""
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    colors = {
        role.Window: tokens.window,
        role.WindowText: tokens.text,
        role.Base: tokens.panel,
        role.AlternateBase: tokens.raised,
        role.Text: tokens.text,
        role.Button: tokens.raised,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.bad,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text,
        role.PlaceholderText: tokens.dim,
        role.Highlight: tokens.selection,
        role.HighlightedText: tokens.text,
        role.Accent: tokens.accent,
        role.Link: tokens.train,
        role.LinkVisited: tokens.train,
        role.Light: tokens.hover,
        role.Midlight: tokens.hover,
        role.Mid: tokens.line,
        role.Dark: tokens.line,
        role.Shadow: tokens.window,
    }
    palette = QPalette()
    for each_role, color in colors.items():
        palette.setColor(each_role, QColor(color))
    for each_role in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(group.Disabled, each_role, QColor(tokens.faint))
    return palette


def restyle(widget: QWidget, **properties: object) -> None:
    """Set dynamic properties that the style sheet looks at and let the widget take the new look at once."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    widget.update()
