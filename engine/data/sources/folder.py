"""A folder of the user's own."""

from dataclasses import dataclass
from pathlib import Path

from engine.data.sources.base import SOURCES, Source, Tell
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.params import param


@SOURCES.add("folder", "A folder of images")
@dataclass(frozen=True)
class Folder(Source):
    """Your own images: one sub-folder per class, named like the class."""

    summary = "Your own images, with one sub-folder per class."

    path: str = param("", label="Folder", help="The folder that holds one sub-folder per class.")

    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        """The folder as it is; whether it is there is for the scan to say."""
        if not self.path.strip():
            raise EngineError(
                "No folder has been chosen.", why="The images are to come from a folder.", fix="Choose a folder."
            )
        return Path(self.path).expanduser()
