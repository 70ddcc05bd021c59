"""Where the files that travel with the program are found."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def resource_path(*parts: str) -> Path:
    """Return the path of a file or folder under `resources/`, for example `resource_path("icons", "play.svg")`.

    The folder stands beside the package `gui`, in a checkout and in an installed copy alike; where it does not (a
    repacked program), the importable package `resources` is asked. The path need not exist.
    """
    return _resource_root().joinpath(*parts)


def _resource_root() -> Path:
    beside = Path(__file__).resolve().parents[2] / "resources"
    if beside.is_dir():
        return beside
    # A plain folder on disk in every way of installing that we support, never a zip archive.
    return Path(str(files("resources")))
