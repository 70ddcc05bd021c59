"""Images whose classes stand in their file names."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from engine.data.csv_labels import link_images
from engine.data.file_names import NamedFile, apply_pattern, flat_names, list_files, suggest_patterns, sure_pattern
from engine.data.sources.base import SOURCES, Source, Tell, obedient, unpacked_folder
from engine.data.whole_folder import write_folder_once, write_notes
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.params import param


@SOURCES.add("named", "Images with the class in their names")
@dataclass(frozen=True)
class Named(Source):
    """Images that lie side by side, with the class in the name of each file. The images stay where they are."""

    summary = "Images that lie side by side, named like cat_12.jpg or 0007-rose.png."

    path: str = param("", label="Folder", help="The folder with the images; those in sub-folders count as well.")
    pattern: str = param(
        "",
        label="Pattern",
        help="How names are built: {class} stands for the class, {number} for digits, {rest} for anything. "
        "“{class}_{number}” reads “cat” in cat_12.jpg; empty: the likeliest one.",
    )

    @classmethod
    def takes(cls, path: Path) -> bool:
        return path.is_dir() and sure_pattern(flat_names(path)) is not None

    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        if not self.path.strip():
            raise EngineError("No folder has been chosen.", why="The images are to come from one.", fix="Choose it.")
        path = Path(self.path).expanduser()
        files = list_files(path, control)
        pattern = self.pattern.strip() or _likeliest(path, files)
        classes = apply_pattern((file.name for file in files), pattern)
        place = unpacked_folder(path, f"named {pattern} {_fingerprint(path, files)}")
        tell = obedient(progress, control)
        write_folder_once(place, lambda working: _fill(path, pattern, files, classes, working, tell))
        return place


def _likeliest(path: Path, files: list[NamedFile]) -> str:
    if not files:
        raise EngineError(
            f"There are no images in “{path.name}”.",
            why="There is nothing in it, or nothing that is an image.",
            fix="Choose the folder that holds them.",
        )
    found = suggest_patterns([file.name for file in files], most=1)
    if not found:
        raise EngineError(
            f"The names in “{path.name}” do not tell the classes.",
            why=f"They are not built alike, or no class comes up twice; one is “{files[0].name}”.",
            fix="Say with a pattern where the class stands, or make one sub-folder per class.",
        )
    return found[0]


def _fingerprint(path: Path, files: list[NamedFile]) -> str:
    """Changes with every file that is added, removed or replaced."""
    digest = blake2b(digest_size=16)
    for file in files:
        try:
            facts = (path / file.path).stat()
        except OSError:  # gone since it was listed
            continue
        digest.update(f"{file.path}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _fill(
    path: Path, pattern: str, files: list[NamedFile], classes: list[str | None], working: Path, tell: Tell
) -> None:
    """Raises: EngineError, where the pattern fits none of the names."""
    images = [
        None if name is None or not (path / file.path).is_file() else (path / file.path, name, file.split)
        for file, name in zip(files, classes, strict=True)
    ]
    if not link_images(images, len(images), any(file.split for file in files), working, tell):
        raise EngineError(
            f"The pattern “{pattern}” fits no image in “{path.name}”.",
            why=f"One is called “{files[0].name}”." if files else "There are no images in it.",
            fix="Write {class} where the class stands, as in {class}_{number} for “cat_12.jpg”.",
        )
    left_out = [file.path for file, image in zip(files, images, strict=True) if image is None]
    if left_out:
        said = "1 image does" if len(left_out) == 1 else f"{len(left_out)} images do"
        write_notes(working, [f"{said} not fit the pattern “{pattern}” and were left out, such as “{left_out[0]}”."])
