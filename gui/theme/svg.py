"""Reading the icon files and giving their strokes a colour."""

from __future__ import annotations

from functools import cache

from gui.theme.resources import resource_path


def icon_names() -> list[str]:
    """Return the name of every icon file, sorted."""
    return sorted(path.stem for path in resource_path("icons").glob("*.svg"))


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
        raise KeyError(f"no icon {name!r}; there are {', '.join(icon_names())}") from None
