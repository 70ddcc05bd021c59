"""Images in a zip or tar file."""

from dataclasses import dataclass
from pathlib import Path

from engine.data.sources.base import SOURCES, Source, Tell, obedient, unpacked_folder
from engine.data.unpack import is_archive, unpack
from engine.data.whole_folder import write_folder_once
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.params import param


@SOURCES.add("archive", "A zip or tar file")
@dataclass(frozen=True)
class Archive(Source):
    """Images packed into one file, with one sub-folder per class inside. It is unpacked once, into the cache."""

    doing = "Unpacking images"
    summary = "A zip or tar file that holds one sub-folder per class."

    path: str = param("", label="File", help="A .zip, .tar, .tar.gz, .tgz, .tar.bz2 or .tar.xz file.")

    @classmethod
    def takes(cls, path: Path) -> bool:
        return path.is_file() and is_archive(path)

    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        if not self.path.strip():
            raise EngineError("No file has been chosen.", why="The images are to come from one.", fix="Choose a file.")
        path = Path(self.path).expanduser()
        place = unpacked_folder(path, "archive")
        tell = obedient(progress, control)
        write_folder_once(place, lambda working: unpack(path, working, tell))
        return place
