"""Tokens, style sheet, icons and the one theme that switches between dark and light."""

from gui.theme.icons import icon, icon_names, pixmap
from gui.theme.resources import resource_path
from gui.theme.style import restyle
from gui.theme.theme import Theme, mono_font, theme
from gui.theme.tokens import DARK, LIGHT, Tokens

__all__ = [
    "DARK",
    "LIGHT",
    "Theme",
    "Tokens",
    "icon",
    "icon_names",
    "mono_font",
    "pixmap",
    "resource_path",
    "restyle",
    "theme",
]
