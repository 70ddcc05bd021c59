"""Adding images to a data folder: ordinary files in `folder/class name/`, never over another file, all of them or none.

    from engine.data.collect import add_images, undo_added

    paths = add_images(folder, "cat", [array, pillow_image, content, Path("cat.jpg"), Path("cats/")])
    undo_added(paths)                         # takes back those that nobody has touched since

Where the class folders lie is for the scan's own rules to say (`scan.class_places`): below `train` where the folder
brings splits, further down where an archive has wrapped everything, else in the folder itself.
"""

import errno
import io
import os
import re
import secrets
import shutil
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from engine.data.formats import looks_like_picture
from engine.data.index import SPLITS, TRAIN
from engine.data.pictures import picture_facts
from engine.data.scan import SPLIT_NAMES, class_places, natural_key
from engine.errors import EngineError, PictureError
from engine.jobs import JobControl

Given = np.ndarray | Image.Image | bytes | Path | str
"""A uint8 array (H, W, 3), (H, W, 1) or (H, W); a Pillow image; the content of an image file; an image file to copy,
or a folder whose images are copied."""

LONGEST_NAME = 120  # bytes of UTF-8: file systems allow 255, and encrypted home folders 143
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]+')  # what Windows, the strictest, forbids in names
_FORBIDDEN_ENDS = re.compile(rf"^({_FORBIDDEN.pattern})|({_FORBIDDEN.pattern})$")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_IGNORED = {"__macosx"}  # folder names that a scan passes over
_USUAL_SUFFIX = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "TIFF": ".tif", "HEIF": ".heic", "JPEG2000": ".jp2"}
_KEPT_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}  # what PNG stores as it is

# What this process has written, with size and time, so that nothing else is ever taken back.
_written: dict[Path, tuple[int, int]] = {}
_made_folders: set[Path] = set()
_lock = threading.Lock()


def add_images(
    folder: Path,
    class_name: str,
    images: Iterable[Given],
    *,
    split: str = "train",
    prefix: str = "image",
    classes: Collection[str] = (),
    problems: list[PictureError] | None = None,
    control: JobControl | None = None,
) -> list[Path]:
    """Write images as files of one class; all of them or, when it fails or is stopped, none.

    Files that are copied keep their content, and their name where it is free; everything else becomes a PNG, or keeps
    its content when it came as `bytes`, and is called `prefix-0001`, `prefix-0002`, ... Safe to call from any thread.

    Args:
        folder: the data folder, as in its source.
        images: files that lie in the class folder already are passed over.
        split: "train", "validation" or "test"; only obeyed where the folder brings splits.
        classes: names that are known to be classes, as in `DataSpec.classes`.
        problems: files that are no images are appended here and left out; without it, the first of them ends it all.
    Returns:
        What was written, in order; empty only if everything was left out.
    Raises:
        EngineError: a name that cannot be a class, a full disk, a folder that cannot be written to.
        PictureError: something given is no image that can be read, and there is no `problems`.
        Cancelled: `control` asked to stop.
        ValueError: an array that is no image, or a `split` that does not exist.
    """
    control = control or JobControl()
    place = class_folder(folder, class_name, split=split, classes=classes)
    added: list[Path] = []
    try:
        with _failures_in_words(place):
            _make_folder(place)
        names = _Names(place)
        for source in _sources(images, place, prefix, problems):
            control.checkpoint()
            with _failures_in_words(place):
                added.append(_write_new(names, source))
    except BaseException:
        undo_added(added)
        _remove_if_made_and_empty(place)
        raise
    if not added:
        _remove_if_made_and_empty(place)
    return added


def undo_added(paths: Iterable[Path]) -> list[Path]:
    """Remove files that `add_images` wrote in this process, and class folders that it made and that are empty again.

    A file that was changed or replaced since (its size or time differs) stays, as does any other file.

    Returns:
        What was removed.
    """
    removed = []
    for path in map(Path, paths):
        with _lock:
            facts = _written.pop(path, None)
        if facts is None or facts != _facts(path):
            continue
        try:
            path.unlink()
        except OSError:  # read-only by now, or open in another program: it stays, and is not reported as removed
            continue
        removed.append(path)
    for place in dict.fromkeys(path.parent for path in removed):
        _remove_if_made_and_empty(place)
    return removed


def count_images(
    folder: Path, names: Iterable[str], *, split: str = "train", classes: Collection[str] = ()
) -> dict[str, int]:
    """How many images each class has, by listing alone: 0 for a class without a folder.

    Raises: EngineError, where the folder cannot be opened.
    """
    top = _top(folder, split, classes)
    counts = {}
    for name in names:
        place = _existing(top, name)
        counts[name] = sum(1 for _ in _pictures_below(place)) if place is not None else 0
    return counts


# --- names and places ------------------------------------------------------------------------------------------------


def class_folder(folder: Path, class_name: str, *, split: str = "train", classes: Collection[str] = ()) -> Path:
    """Where images of a class belong; a class without a folder gets a name that every system allows.

    Raises: EngineError, for a name that cannot be a class, or a folder that cannot be opened.
    """
    top = _top(folder, split, classes)
    return _existing(top, class_name) or top / safe_class_name(class_name)


def safe_class_name(class_name: str) -> str:
    """`class_name` as a new folder may be called on any system: "cats/dogs?" becomes "cats-dogs".

    Raises: EngineError, where nothing is left of it, or the name means something else.
    """
    plain = " ".join(unicodedata.normalize("NFC", class_name).split())
    plain = _FORBIDDEN.sub("-", _FORBIDDEN_ENDS.sub("", plain)).strip(" .")
    if not _is_text(plain):
        raise EngineError("The class cannot have that name.", why="It is not valid Unicode.", fix="Type the name anew.")
    if not plain:
        raise EngineError(
            f"“{class_name}” cannot be the name of a class." if class_name.strip() else "The class has no name.",
            why="The name becomes that of a folder.",
            fix="Use letters or figures.",
        )
    said = f"“{plain}” cannot be the name of a class."
    if len(plain.encode()) > LONGEST_NAME:
        raise EngineError("The name of the class is too long.", why="It becomes that of a folder.", fix="Shorten it.")
    if plain.lower() in SPLIT_NAMES:
        why = "Folders of that name divide the images into training, validation and test."
        raise EngineError(said, why=why, fix="Choose another name.")
    if plain.lower() in _IGNORED or _DEVICES.fullmatch(plain):
        raise EngineError(said, why="The system keeps that name for itself.", fix="Choose another name.")
    return plain


def _top(folder: Path, split: str, classes: Collection[str]) -> Path:
    """The folder that holds the class folders of `split`."""
    wanted = SPLITS.index(split)
    places = class_places(folder, classes)
    if wanted in places:
        return places[wanted]
    # One place alone is no split but the whole; among several, a split that is missing gets its folder.
    return places[TRAIN] if len(places) == 1 else places[TRAIN].parent / split


def _existing(top: Path, class_name: str) -> Path | None:
    """The folder that is this class already, as it is spelled on the disk."""
    wanted = unicodedata.normalize("NFC", class_name)
    if not wanted.strip():
        return None
    try:
        with os.scandir(top) as entries:
            folders = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except OSError:
        return None  # not there yet; a folder that cannot be listed fails when it is written to
    spelled = {unicodedata.normalize("NFC", name): name for name in folders}
    name = spelled.get(wanted) or _spelled_otherwise(top, class_name, folders)
    if name is None or (name.lower() in SPLIT_NAMES and _has_folders(top / name)):
        return None
    return top / name


def _spelled_otherwise(top: Path, class_name: str, folders: list[str]) -> str | None:
    """The folder that a new one for the class would turn out to be: some systems do not tell “Cat” from “cat”."""
    try:
        safe = safe_class_name(class_name)
    except EngineError:
        return None
    if not (top / safe).is_dir():
        return None
    by_case = {unicodedata.normalize("NFC", name).casefold(): name for name in folders}
    return safe if safe in folders else by_case.get(safe.casefold())


def _has_folders(place: Path) -> bool:
    return any(path.is_dir() and not path.name.startswith(".") for path in place.iterdir())


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8, smuggled through by Python as lone surrogates
        return False
    return True


class _Names:
    """Free file names in one folder; numbers go on after the highest that is there."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._taken = {entry.lower() for entry in os.listdir(place)}  # “A.png” and “a.png” are one file on some systems
        self._highest: dict[str, int] = {}

    def candidates(self, wanted: str, prefix: str, suffix: str) -> Iterator[Path]:
        """`wanted` if it is given and free, then numbered names, for ever."""
        if wanted and wanted.lower() not in self._taken:
            self._taken.add(wanted.lower())
            yield self._place / wanted
        if prefix not in self._highest:
            numbered = re.compile(re.escape(prefix.lower()) + r"-(\d{1,9})\.[^.]*")
            found = (numbered.fullmatch(name) for name in self._taken)
            self._highest[prefix] = max((int(match[1]) for match in found if match), default=0)
        while True:
            self._highest[prefix] += 1
            name = f"{prefix}-{self._highest[prefix]:04d}{suffix}"
            self._taken.add(name.lower())
            yield self._place / name


# --- what is given ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Source:
    """One image to be written.

    Attributes:
        name: the file name it would like to keep; empty for none.
        prefix: what a numbered name begins with.
        suffix: with its dot.
        write: puts the content into an open file.
    """

    name: str
    prefix: str
    suffix: str
    write: Callable[[BinaryIO], object]


def _sources(
    images: Iterable[Given], place: Path, prefix: str, problems: list[PictureError] | None
) -> Iterator[_Source]:
    # All files are named before the first is written: a folder that holds `place` would never end otherwise.
    given = [one for image in images for one in _unfolded(image, place, problems)]
    for image in given:
        try:
            yield _source(image, prefix)
        except PictureError as error:
            if problems is None:
                raise
            problems.append(error)


def _unfolded(image: Given, place: Path, problems: list[PictureError] | None) -> list[Given]:
    """A folder becomes its images; what lies in `place` already is left out."""
    if not isinstance(image, Path | str):
        return [image]
    path = Path(image)
    if not path.is_dir():
        return [] if _same(path.parent, place) and path.exists() else [path]
    found = [below for below in _pictures_below(path) if not _same(below.parent, place)]
    if not found and not _same(path, place):
        error = PictureError(
            f"There are no images in “{path.name or path}”.", why="It holds no file of a known format.", fix=""
        )
        if problems is None:
            raise error
        problems.append(error)
    return list(found)


def _pictures_below(folder: Path) -> Iterator[Path]:
    """The files in `folder` and below that a scan takes for images, sorted; links to folders are not followed."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=natural_key)
        folders[:] = [name for name in folders if name.lower() not in _IGNORED]
        for name in sorted((name for name in files if looks_like_picture(name)), key=natural_key):
            yield Path(place, name)


def _same(first: Path, second: Path) -> bool:
    try:
        return os.path.samefile(first, second)
    except OSError:
        return False


def _source(image: Given, prefix: str) -> _Source:
    """Raises: PictureError, for a file or bytes that are no image; ValueError, for such an array."""
    if isinstance(image, bytes):
        return _Source("", prefix, _suffix(picture_facts(image).format), lambda file: file.write(image))
    if isinstance(image, np.ndarray):
        return _Source("", prefix, ".png", _png_of(_image_from(image)))
    if isinstance(image, Image.Image):
        return _Source("", prefix, ".png", _png_of(image))
    path = Path(image)
    suffix = _suffix(picture_facts(path).format)
    name = path.name if path.suffix and looks_like_picture(path.name) else path.stem.lstrip(".") + suffix
    if not _is_text(name) or name == suffix or len(name.encode()) > LONGEST_NAME:
        return _Source("", prefix, suffix, _copy_of(path))
    return _Source(name, Path(name).stem, Path(name).suffix, _copy_of(path))


def _suffix(file_format: str) -> str:
    """The usual suffix of a Pillow format; readers look at the content, so any suffix of an image will do."""
    usual = _USUAL_SUFFIX.get(file_format)
    return usual or next((end for end, name in Image.registered_extensions().items() if name == file_format), ".png")


def _image_from(array: np.ndarray) -> Image.Image:
    """Raises: ValueError."""
    if (
        array.dtype != np.uint8
        or array.size == 0
        or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3)))
    ):
        raise ValueError(f"an image cannot be {array.dtype} of shape {array.shape}")
    return Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)


def _png_of(image: Image.Image) -> Callable[[BinaryIO], object]:
    def write(file: BinaryIO) -> None:
        plain = image if image.mode in _KEPT_MODES else image.convert("RGB")
        # Into memory first: Pillow's own failures must not be taken for those of the disk.
        content = io.BytesIO()
        plain.save(content, "PNG", compress_level=4)  # half the time of the usual 6, a few percent larger
        file.write(content.getbuffer())

    return write


def _copy_of(path: Path) -> Callable[[BinaryIO], object]:
    def write(file: BinaryIO) -> None:
        try:
            source = open(path, "rb")  # noqa: SIM115 - only this line may blame the source
        except OSError as error:
            raise PictureError(
                f"“{path.name}” cannot be read.", why=f"{error.strerror or error}.", fix="Copy it again."
            ) from error
        with source:
            shutil.copyfileobj(source, file, 1 << 20)

    return write


# --- writing ---------------------------------------------------------------------------------------------------------


def _write_new(names: _Names, source: _Source) -> Path:
    """Write one file under a name that nobody has; readers see it whole or not at all. Raises: OSError."""
    for target in names.candidates(source.name, source.prefix, source.suffix):
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            with open(temporary, "xb") as file:  # unlike `mkstemp`, with the rights that the user's files usually have
                source.write(file)
                file.flush()
                os.fsync(file.fileno())
            _rename_new(temporary, target)
        except FileExistsError:  # another program was faster; the next number then
            temporary.unlink(missing_ok=True)
            continue
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        facts = _facts(target)
        if facts is not None:
            with _lock:
                _written[target] = facts
        return target
    raise AssertionError("the numbered names never end")


def _rename_new(temporary: Path, target: Path) -> None:
    """Give a finished file its name, never over another. Raises: FileExistsError, OSError."""
    if os.name == "nt":
        os.rename(temporary, target)  # refuses to replace a file there
        return
    try:
        os.link(temporary, target)  # the one call that both names a file and refuses to replace one
    except FileExistsError:
        raise
    except OSError:  # memory sticks and some network folders have no links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        os.rename(temporary, target)
    else:
        os.unlink(temporary)


def _facts(path: Path) -> tuple[int, int] | None:
    """Bytes and nanoseconds of a file; None when it is not there."""
    try:
        facts = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns


def _make_folder(place: Path) -> None:
    missing = [folder for folder in (place, place.parent) if not folder.is_dir()]
    place.mkdir(parents=True, exist_ok=True)
    with _lock:
        _made_folders.update(missing)


def _remove_if_made_and_empty(place: Path) -> None:
    for folder in (place, place.parent):
        with _lock:
            made = folder in _made_folders
        if not made:
            return
        try:
            folder.rmdir()
        except OSError:  # there is something in it, by now perhaps of the user's
            return
        with _lock:
            _made_folders.discard(folder)


@contextmanager
def _failures_in_words(place: Path) -> Iterator[None]:
    """Turn what the system says while writing to `place` into one sentence."""
    try:
        yield
    except OSError as error:
        raise _in_words(error, place) from error


def _in_words(error: OSError, place: Path) -> EngineError:
    what = f"The images could not be added to “{place.name}”."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EngineError(what, why="The disk is full.", fix="Free some space, then try again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return EngineError(
            what,
            why=f"You may not write to the folder “{place.parent}”.",
            fix="Change its permissions, or copy the data to a folder of your own.",
        )
    return EngineError(what, why=f"The system says: {(error.strerror or str(error)).lower()}.", fix="Try again.")
