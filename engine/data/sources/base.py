"""What every source of pictures promises, and their registry."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import ClassVar

from engine.errors import EngineError
from engine.files import cache_folder
from engine.jobs import JobControl
from engine.params import Declared
from engine.registry import Registry

Tell = Callable[[int, int], None]
"""Is told (done, total) while pictures are being made."""

_MODULES = ("folder", "archive", "table", "named", "idx", "cifar", "download", "drawn", "digits")


def _load() -> None:
    for module in _MODULES:
        import_module(f"engine.data.sources.{module}")


SOURCES: Registry[type["Source"]] = Registry("source", _load)


class Source(Declared, ABC):
    """One place that pictures come from; whatever it is, they end up in a folder with one sub-folder per class.

    Attributes:
        summary: one sentence for the start page.
        doing: what is done until its images are there, for a progress bar.
        is_sample: comes with Atelier and needs no pictures of the user.
        suggested_size, suggested_colour: settings of `DataSpec` that suit its pictures.
        suggested_augmentations: names of augmentations that leave its pictures what they are.
    """

    summary: ClassVar[str]
    doing: ClassVar[str] = "Preparing images"
    is_sample: ClassVar[bool] = False
    suggested_size: ClassVar[int] = 64
    suggested_colour: ClassVar[str] = "rgb"
    suggested_augmentations: ClassVar[tuple[str, ...]] = ("mirror", "rotate", "zoom")

    @classmethod
    def takes(cls, path: Path) -> bool:
        """Whether `path`, a file or a folder that the user chose, is what this source reads. Looks at names and first
        bytes only."""
        return False

    @abstractmethod
    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        """Make sure that the pictures are on this disk, and say where. Done once; later calls return at once.

        Raises:
            EngineError: they cannot be had or written.
            Cancelled: `control` asked to stop; nothing half finished stays behind.
        """


def unpacked_folder(path: Path, kind: str) -> Path:
    """Where what comes in `path` is kept once it was unpacked; another content of the file is another folder."""
    try:
        facts = path.stat()
    except OSError as error:
        raise EngineError(
            f"“{path.name}” is not there.",
            why="It was moved, renamed or deleted, or its disk is not connected.",
            fix="Choose it again.",
        ) from error
    said = f"{kind}\0{path.absolute()}\0{facts.st_size}\0{facts.st_mtime_ns}"
    digest = blake2b(said.encode(errors="surrogateescape"), digest_size=8).hexdigest()
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", path.name.split(".")[0])[:40].strip("-") or "images"
    return cache_folder() / "unpacked" / f"{stem}-{digest}"


def sample_folder(name: str) -> Path:
    """Where a sample is kept once it was made; `name` holds the settings that decide about its pictures."""
    return cache_folder() / "samples" / name


def obedient(progress: Tell | None, control: JobControl | None) -> Tell:
    """A `progress` that also waits or ends the work when `control` says so."""

    def tell(done: int, total: int) -> None:
        if control is not None:
            control.checkpoint()
        if progress is not None:
            progress(done, total)

    return tell
