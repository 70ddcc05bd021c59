"""Images in the format of MNIST."""

from dataclasses import dataclass
from pathlib import Path

from engine.data.idx import pairs_beside, write_idx
from engine.data.sources.base import SOURCES, Source, Tell, obedient, unpacked_folder
from engine.data.whole_folder import write_folder_once
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.params import param


@SOURCES.add("idx", "MNIST-style idx files")
@dataclass(frozen=True)
class Idx(Source):
    """Images and labels in idx files, as MNIST and Fashion-MNIST come. They are written out once as ordinary images."""

    summary = "Images and labels in idx files, as MNIST and Fashion-MNIST come."
    suggested_size = 28
    suggested_colour = "grey"
    suggested_augmentations = ("rotate", "zoom")

    path: str = param("", label="File or folder", help="A file *-images-idx3-ubyte(.gz), or the folder that holds it.")

    @classmethod
    def takes(cls, path: Path) -> bool:
        return bool(pairs_beside(path))

    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        if not self.path.strip():
            raise EngineError("No file has been chosen.", why="The images are to come from one.", fix="Choose a file.")
        path = Path(self.path).expanduser()
        pairs = pairs_beside(path)
        if not pairs:
            raise EngineError(
                f"There are no idx files in “{path.name}”.",
                why="A file of images and one of labels with the same beginning belong together.",
                fix="Choose a file called like train-images-idx3-ubyte.gz, with its labels beside it.",
            )
        place = unpacked_folder(pairs[0].images, "idx")
        tell = obedient(progress, control)
        write_folder_once(place, lambda working: write_idx(pairs, working, tell))
        return place
