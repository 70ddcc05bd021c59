"""Well-known data sets from the internet, as ordinary folders: train and test, one sub-folder per class.

Addresses, checksums and lists of classes are those of torchvision, asked for when a set is wanted: it imports torch.
"""

import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.cifar import binaries_beside, write_cifar
from engine.data.csv_labels import folder_name
from engine.data.idx import pairs_beside, write_idx
from engine.data.mat_file import read_mat
from engine.data.remote import Remote
from engine.data.unpack import unpack
from engine.data.whole_folder import write_folder_once
from engine.errors import EngineError
from engine.files import RESERVE, cache_folder
from engine.jobs import Cancelled, JobControl

if TYPE_CHECKING:
    from torchvision import datasets  # it imports torch

Tell = Callable[[int, int], None]

_LARGEST_LIST = 16 * 2**20  # bytes of a text file inside an archive
_UNPACKED = ".unpacked"  # hidden, in case somebody looks at a folder that is being made


@dataclass(frozen=True)
class Download:
    """A data set that can be had from the internet.

    Attributes:
        summary: what is to be seen, one sentence.
        images, classes: how many there are.
        looks: size and colour of the images, in words.
        bytes: that have to be fetched.
        disk: bytes that the folder takes in the end, roughly (small files fill whole blocks of the disk).
        origin, licence: who made it, and on what terms it may be used.
        size, colour, augmentations: settings that suit it, see `Source`.
        remotes: the files to be fetched.
        write: makes class folders of them: (folder of the files, folder to fill, progress).
    """

    title: str
    summary: str
    images: int
    classes: int
    looks: str
    bytes: int
    disk: int
    origin: str
    licence: str
    size: int
    colour: str
    augmentations: tuple[str, ...]
    remotes: Callable[[], list[Remote]]
    write: Callable[[Path, Path, Tell], None]


def downloaded_folder(name: str) -> Path:
    """Where the data set `name` is, once it was fetched."""
    return cache_folder() / "downloads" / name


def is_downloaded(name: str) -> bool:
    """Whether the data set is on this disk."""
    return downloaded_folder(name).is_dir()


def download(name: str, tell: Tell, control: JobControl | None = None) -> Path:
    """Make sure that a data set of `DOWNLOADS` is on this disk. Returns: its folder.

    What was fetched when the connection breaks or somebody stops is kept for the next time, unless `control` says to
    leave no trace; it is never taken for the data set.

    Args:
        tell: told (done, total) in bytes; writing the images out counts as much as fetching them, so that one bar goes
            from end to end.
    Raises:
        EngineError: there is no connection, what arrived is damaged, or the disk refuses.
        Cancelled: `control` asked to stop.
    """
    from engine.data.fetch import fetch  # late: Python's web client is many modules

    place = downloaded_folder(name)
    if place.is_dir():
        return place
    wanted = DOWNLOADS[name]
    arriving = place.parent / f".{name}.arriving"
    total = 2 * wanted.bytes
    try:
        arriving.mkdir(parents=True, exist_ok=True)
        _check_room(wanted, arriving)
        # Not inside `write_folder_once`: its folder counts as abandoned after an hour, and a slow line may take longer.
        fetch(wanted.remotes(), arriving, lambda done, of: tell(wanted.bytes * done // max(1, of), total))
    except Cancelled as stopped:
        if not stopped.keep:
            shutil.rmtree(arriving, ignore_errors=True)
        raise
    except OSError as error:
        raise EngineError(
            f"“{wanted.title}” could not be kept.",
            why=f"The disk reports: {error.strerror or error}.",
            fix=f"Make room on the disk of {place.parent}, then try again.",
        ) from error

    def tell_writing(done: int, of: int) -> None:
        tell(wanted.bytes + (wanted.bytes * done // of if of else 0), total)

    write_folder_once(place, lambda working: wanted.write(arriving, working, tell_writing))
    tell(total, total)
    shutil.rmtree(arriving, ignore_errors=True)
    return place


def _check_room(wanted: Download, folder: Path) -> None:
    there = sum(file.stat().st_size for file in folder.iterdir())
    needed, free = max(0, wanted.bytes - there) + wanted.disk + RESERVE, shutil.disk_usage(folder).free
    if needed > free:
        raise EngineError(
            f"There is too little room for “{wanted.title}”.",
            why=f"It takes about {needed / 1e9:.1f} GB while it is unpacked, {free / 1e9:.1f} GB are free.",
            fix=f"Make room on the disk of {folder.parent}.",
        )


# ---- where the files are


def _sets() -> "datasets":
    from torchvision import datasets

    return datasets


def _idx_remotes(kind: str, sizes: Sequence[int]) -> list[Remote]:
    made = getattr(_sets(), kind)
    return [
        Remote(name, tuple(f"{mirror}{name}" for mirror in made.mirrors), md5, size)
        for (name, md5), size in zip(made.resources, sizes, strict=True)
    ]


def _cifar_remotes(kind: str, md5: str, size: int) -> list[Remote]:
    # The binary version lies beside the one that torchvision reads, which is pickled: a pickle can run code. Its
    # checksum is the one on the page of the data set.
    address = getattr(_sets(), kind).url.replace("-python", "-binary")
    return [Remote(address.rpartition("/")[2], (address,), md5, size)]


def _flowers_remotes() -> list[Remote]:
    made = _sets().Flowers102
    sizes = {"image": 344_862_509, "label": 502, "setid": 14_989}
    return [
        Remote(name, (f"{made._download_url_prefix}{name}",), md5, sizes[part])
        for part, (name, md5) in made._file_dict.items()
    ]


def _pet_remotes() -> list[Remote]:
    sizes = (791_918_971, 19_173_078)
    return [
        Remote(address.rpartition("/")[2], (address,), md5, size)
        for (address, md5), size in zip(_sets().OxfordIIITPet._RESOURCES, sizes, strict=True)
    ]


def _imagenette_remotes() -> list[Remote]:
    address, md5 = _sets().Imagenette._ARCHIVES["160px"]
    return [Remote(address.rpartition("/")[2], (address,), md5, 99_003_388)]


# ---- from the files to class folders


def _write_idx(kind: str, files: Path, folder: Path, tell: Tell) -> None:
    write_idx(pairs_beside(files), folder, tell)
    # “0 - zero” of MNIST is for people who cannot read digits; the other sets have words.
    names = [name.split(" - ")[0] for name in getattr(_sets(), kind).classes]
    for place in [place for split in folder.iterdir() if split.is_dir() for place in split.iterdir()]:
        number = int(place.name)
        if number < len(names) and names[number] != place.name:
            place.rename(place.with_name(folder_name(names[number])))


def _write_cifar(files: Path, folder: Path, tell: Tell) -> None:
    unpacked = folder / _UNPACKED
    unpacked.mkdir()
    archive = next(files.glob("*.tar.gz"))
    with _opened_tar(archive) as opened:
        for member in opened:
            tell(0, 0)
            name = member.name.rpartition("/")[2]
            if member.isreg() and name.endswith((".bin", ".txt")) and member.size <= 2**28:
                with opened.extractfile(member) as source, open(unpacked / name, "wb") as target:
                    shutil.copyfileobj(source, target)
    binaries = binaries_beside(unpacked)
    if not binaries:
        raise _odd(archive, "it holds no data_batch_1.bin or train.bin")
    write_cifar(binaries, folder, tell)
    shutil.rmtree(unpacked)


def _write_flowers(files: Path, folder: Path, tell: Tell) -> None:
    made = _sets().Flowers102
    archive, labels, sets = (files / made._file_dict[part][0] for part in ("image", "label", "setid"))
    of = read_mat(labels).get("labels", ())
    parts = read_mat(sets)
    names = [folder_name(name.rstrip("?")) for name in made.classes]
    chosen = []
    for split, variable in made._splits_map.items():
        for number in parts.get(variable, ()):
            label = int(of[int(number) - 1]) if 0 < int(number) <= len(of) else 0
            if not 0 < label <= len(names):
                raise _odd(labels, f"it has no class for the image {int(number)}")
            chosen.append((f"jpg/image_{int(number):05d}.jpg", split, names[label - 1]))
    _sort_archive(archive, chosen, folder, tell)


def _write_pets(files: Path, folder: Path, tell: Tell) -> None:
    archive, lists = (files / remote.name for remote in _pet_remotes())
    chosen = []
    for split, name in (("train", "trainval.txt"), ("test", "test.txt")):
        for line in _text_inside(lists, f"annotations/{name}").splitlines():
            image = line.split(" ")[0]
            breed = " ".join(word.title() for word in image.split("_")[:-1])
            if breed:
                chosen.append((f"images/{image}.jpg", split, folder_name(breed)))
    _sort_archive(archive, chosen, folder, tell)


def _write_imagenette(files: Path, folder: Path, tell: Tell) -> None:
    archive = next(files.glob("*.tgz"))
    unpacked = folder / _UNPACKED
    unpacked.mkdir()
    unpack(archive, unpacked, tell)
    words = {wnid: folder_name(names[0]) for wnid, names in _sets().Imagenette._WNID_TO_CLASS.items()}
    # What the makers call “val” is what everybody reports scores on; images to validate with come off “train”.
    for part, split in (("train", "train"), ("val", "test")):
        for place in sorted(unpacked.glob(f"*/{part}/n*")):
            (folder / split).mkdir(exist_ok=True)
            place.rename(folder / split / words.get(place.name, place.name))
    shutil.rmtree(unpacked)
    if not (folder / "train").is_dir() or not (folder / "test").is_dir():
        raise _odd(archive, "it holds no folders “train” and “val”")


def _sort_archive(archive: Path, chosen: Sequence[tuple[str, str, str]], folder: Path, tell: Tell) -> None:
    """Unpack the images (place in the archive, split, class) into class folders; the others are dropped."""
    unpacked = folder / _UNPACKED
    unpacked.mkdir()
    unpack(archive, unpacked, tell)
    if not chosen:
        raise _odd(archive, "the list of its images is empty")
    for place, split, label in chosen:
        source = unpacked / place
        if not source.is_file():
            raise _odd(archive, f"“{place}” is missing in it")
        target = folder / split / label
        target.mkdir(parents=True, exist_ok=True)
        source.rename(target / source.name)
    shutil.rmtree(unpacked)


def _text_inside(archive: Path, name: str) -> str:
    with _opened_tar(archive) as opened:
        for member in opened:
            if member.name.removeprefix("./") == name and member.isreg() and member.size <= _LARGEST_LIST:
                with opened.extractfile(member) as source:
                    return source.read(_LARGEST_LIST).decode("utf-8", "replace")
    raise _odd(archive, f"“{name}” is missing in it")


@contextmanager
def _opened_tar(archive: Path) -> Iterator[tarfile.TarFile]:
    """An archive whose damage is told in words."""
    try:
        with tarfile.open(archive) as opened:
            yield opened
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise _odd(archive, f"it cannot be unpacked ({error})") from error


def _odd(file: Path, why: str) -> EngineError:
    return EngineError(
        f"“{file.name}” is not what was expected.",
        why=f"Its checksum is right, yet {why}.",
        fix="A newer version of Atelier may know it.",
    )


# ---- the sets

_FOUR_KB = 4096  # the least that a small file takes on most disks

DOWNLOADS = {
    "mnist": Download(
        title="MNIST",
        summary="Handwritten digits, the first data set of almost everybody.",
        images=70_000,
        classes=10,
        looks="28 × 28, grey",
        bytes=11_594_722,
        disk=70_000 * _FOUR_KB,
        origin="Yann LeCun, Corinna Cortes and Christopher Burges, 1998",
        licence="CC BY-SA 3.0",
        size=28,
        colour="grey",
        augmentations=("rotate", "zoom"),  # a mirrored 2 is no digit
        remotes=partial(_idx_remotes, "MNIST", (9_912_422, 28_881, 1_648_877, 4_542)),
        write=partial(_write_idx, "MNIST"),
    ),
    "fashion-mnist": Download(
        title="Fashion-MNIST",
        summary="Clothes, shoes and bags in the form of MNIST, and harder to tell apart than digits.",
        images=70_000,
        classes=10,
        looks="28 × 28, grey",
        bytes=30_878_645,
        disk=70_000 * _FOUR_KB,
        origin="Zalando Research, 2017",
        licence="MIT",
        size=28,
        colour="grey",
        augmentations=("mirror",),
        remotes=partial(_idx_remotes, "FashionMNIST", (26_421_880, 29_515, 4_422_102, 5_148)),
        write=partial(_write_idx, "FashionMNIST"),
    ),
    "cifar-10": Download(
        title="CIFAR-10",
        summary="Tiny colour photographs of animals and vehicles.",
        images=60_000,
        classes=10,
        looks="32 × 32, colour",
        bytes=170_052_171,
        disk=60_000 * _FOUR_KB,
        origin="Alex Krizhevsky, Vinod Nair and Geoffrey Hinton, 2009",
        licence="none is stated; its makers ask to be cited",
        size=32,
        colour="rgb",
        augmentations=("mirror",),
        remotes=partial(_cifar_remotes, "CIFAR10", "c32a1d4ab5d03f1284b67883e8d87530", 170_052_171),
        write=_write_cifar,
    ),
    "cifar-100": Download(
        title="CIFAR-100",
        summary="Tiny colour photographs of a hundred things, 600 of each.",
        images=60_000,
        classes=100,
        looks="32 × 32, colour",
        bytes=168_513_733,
        disk=60_000 * _FOUR_KB,
        origin="Alex Krizhevsky, Vinod Nair and Geoffrey Hinton, 2009",
        licence="none is stated; its makers ask to be cited",
        size=32,
        colour="rgb",
        augmentations=("mirror",),
        remotes=partial(_cifar_remotes, "CIFAR100", "03b5dce01913d631647c71ecec9e9cb8", 168_513_733),
        write=_write_cifar,
    ),
    "flowers-102": Download(
        title="Flowers-102",
        summary="Photographs of flowers that grow in Britain; only ten of each kind to train with.",
        images=8_189,
        classes=102,
        looks="about 500 × 667, colour",
        bytes=344_878_000,
        disk=350_000_000,
        origin="Maria-Elena Nilsback and Andrew Zisserman, University of Oxford, 2008",
        licence="none is stated; made for research",
        size=128,
        colour="rgb",
        augmentations=("mirror", "rotate", "zoom"),
        remotes=_flowers_remotes,
        write=_write_flowers,
    ),
    "pets": Download(
        title="Oxford-IIIT Pets",
        summary="Photographs of cats and dogs of 37 breeds.",
        images=7_349,
        classes=37,
        looks="about 390 × 430, colour",
        bytes=811_092_049,
        disk=790_000_000,
        origin="Omkar Parkhi, Andrea Vedaldi, Andrew Zisserman and C. V. Jawahar, 2012",
        licence="CC BY-SA 4.0",
        size=128,
        colour="rgb",
        augmentations=("mirror", "rotate", "zoom"),
        remotes=_pet_remotes,
        write=_write_pets,
    ),
    "imagenette": Download(
        title="Imagenette",
        summary="Ten easy classes of ImageNet, from parachutes to golf balls.",
        images=13_394,
        classes=10,
        looks="160 pixels on the shorter side, colour",
        bytes=99_003_388,
        disk=125_000_000,
        origin="Jeremy Howard, fast.ai, 2019",
        licence="Apache 2.0; the photographs come from ImageNet: research only, no commerce",
        size=128,
        colour="rgb",
        augmentations=("mirror", "rotate", "zoom"),
        remotes=_imagenette_remotes,
        write=_write_imagenette,
    ),
}
"""By the name under which a project remembers them."""
