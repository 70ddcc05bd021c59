"""Reading the icon files and giving their strokes a colour."""

from __future__ import annotations

from functools import cache

from gui.theme.resources import resource_path


def icon_names() -> list[str]:
    """Return the names of the icons that take a colour, sorted; the app's own coloured icon is none of them."""
    names = sorted(path.stem for path in resource_path("icons").glob("*.svg"))
    return [name for name in names if "currentColor" in _source(name)]


def tinted_svg(name: str, color: str) -> str:
    """Return the SVG text of the icon `name` drawn in `color` ("#rrggbb").

    Raises:
        KeyError: there is no such icon.
    """
    return _source(name).replace("currentColor", color)


@cache
def _source(name: str) -> str:
    try:
        return resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyError(f"no icon {name!r}: icons/{name}.svg is missing") from None
