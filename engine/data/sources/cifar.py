"""Images in the binary format of CIFAR."""

from dataclasses import dataclass
from pathlib import Path

from engine.data.cifar import binaries_beside, write_cifar
from engine.data.sources.base import SOURCES, Source, Tell, obedient, unpacked_folder
from engine.data.whole_folder import write_folder_once
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.params import param


@SOURCES.add("cifar", "CIFAR binary files")
@dataclass(frozen=True)
class Cifar(Source):
    """CIFAR-10 or CIFAR-100 in the "binary version" of its page. The images are written out once as ordinary files."""

    summary = "CIFAR-10 or CIFAR-100 in its binary version."
    suggested_size = 32
    suggested_augmentations = ("mirror",)

    path: str = param("", label="Folder", help="The folder with data_batch_1.bin or train.bin in it.")

    @classmethod
    def takes(cls, path: Path) -> bool:
        return bool(binaries_beside(path))

    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        if not self.path.strip():
            raise EngineError("No folder has been chosen.", why="The images come from one.", fix="Choose a folder.")
        path = Path(self.path).expanduser()
        files = binaries_beside(path)
        if not files:
            raise EngineError(
                f"There are no CIFAR files in “{path.name}”.",
                why="None is called data_batch_1.bin, test_batch.bin, train.bin or test.bin.",
                fix="Unpack the binary version of CIFAR and choose its folder.",
            )
        place = unpacked_folder(files[0], "cifar")
        tell = obedient(progress, control)
        write_folder_once(place, lambda working: write_cifar(files, working, tell))
        return place
