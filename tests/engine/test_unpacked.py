"""Images that come in archives, idx and CIFAR files: real files in, ordinary folders out, and no trick succeeds."""

import gzip
import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import unpack as unpacking
from engine.data.choose import make
from engine.data.idx import read_idx
from engine.data.index import TEST, TRAIN
from engine.data.load import load_index
from engine.data.pictures import read_array
from engine.data.sources import SOURCES, source_of
from engine.errors import EngineError
from engine.files import cache_folder
from engine.jobs import Cancelled, JobControl
from engine.spec import Chosen, DataSpec


def png(colour=(200, 30, 60), side=8) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "PNG")
    return file.getvalue()


def index_of(path: Path):
    source = source_of(path)
    assert source is not None
    return load_index(DataSpec(source=source))


def write_zip(path: Path, files: dict[str, bytes], method=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes], mode="w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def class_files(count=4) -> dict[str, bytes]:
    return {f"set/{name}/{n}.png": png((n * 40, 10, 99)) for name in ("cat", "dog") for n in range(count)}


WRITERS = {
    "a.zip": write_zip,
    "a.tar": lambda path, files: write_tar(path, files, "w"),
    "a.tar.gz": write_tar,
    "a.tgz": write_tar,
    "a.tar.bz2": lambda path, files: write_tar(path, files, "w:bz2"),
    "a.tar.xz": lambda path, files: write_tar(path, files, "w:xz"),
}

# ---- archives


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_an_archive_of_class_folders_is_a_data_set(tmp_path, name):
    path = WRITERS[name](tmp_path / name, {**class_files(), "set/readme.txt": b"x", "set/cat/.hidden.png": png()})
    assert source_of(path) == Chosen("archive", {"path": str(path)})
    index = index_of(path)
    assert index.classes == ("cat", "dog") and len(index) == 8
    assert index.root.is_relative_to(cache_folder())
    assert not list(index.root.rglob("*.txt")) and not list(index.root.rglob(".*"))
    read_array(index.path(0), 8, 8, "rgb", "crop")


def test_splits_inside_an_archive_are_obeyed(tmp_path):
    files = {f"{split}/{c}/{n}.png": png() for split in ("train", "test") for c in "ab" for n in range(3)}
    index = index_of(write_zip(tmp_path / "a.zip", files))
    assert index.brings_splits and len(index.where(TEST)) == 6


def test_it_is_unpacked_once_and_anew_when_it_changed(tmp_path):
    path = write_zip(tmp_path / "a.zip", class_files())
    told = []
    first = make(SOURCES, source_of(path)).folder(lambda *done: told.append(done))
    assert told[-1] == (8, 8)
    told.clear()
    assert make(SOURCES, source_of(path)).folder(lambda *done: told.append(done)) == first and not told
    write_zip(path, class_files(5))
    os.utime(path, ns=(1, 1))
    assert make(SOURCES, source_of(path)).folder() != first


EVIL = [
    *("../evil.png", "/abs/evil.png", "a/../../evil.png", "..\\evil.png", "C:/evil.png", "\\\\server\\evil.png"),
    *("a/\x00evil.png".replace("\x00", ":"), "./../evil.png"),
]


@pytest.mark.parametrize("write", [write_zip, write_tar], ids=["zip", "tar"])
@pytest.mark.parametrize("name", EVIL)
def test_no_path_leaves_the_folder(tmp_path, write, name):
    place = tmp_path / "in"
    place.mkdir()
    path = write(place / ("a.zip" if write is write_zip else "a.tar.gz"), {name: png(), **class_files()})
    before = {entry for entry in tmp_path.rglob("*") if entry.is_file()}
    index = index_of(path)
    assert len(index) == 8
    outside = {entry for entry in tmp_path.rglob("*") if entry.is_file()} - before
    assert not [entry for entry in outside if not entry.is_relative_to(cache_folder())]
    assert not list(index.root.rglob("evil*"))


def test_links_and_devices_in_a_tar_are_left_out(tmp_path):
    path = tmp_path / "a.tar"
    write_tar(path, class_files(), "w")
    with tarfile.open(path, "a") as archive:
        for name, kind, target in (
            ("cat/link.png", tarfile.SYMTYPE, "/etc/passwd"),
            ("cat/hard.png", tarfile.LNKTYPE, "/etc/passwd"),
            ("cat/pipe.png", tarfile.FIFOTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    assert len(index_of(path)) == 8


def test_a_bomb_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "bomb.zip", {"a/1.png": b"\0" * 40_000_000, "b/1.png": b"\0" * 10})
    monkeypatch.setattr(unpacking, "FREE_GROWTH", 1_000_000)
    with pytest.raises(EngineError, match="was not unpacked") as caught:
        index_of(path)
    assert "times its size" in caught.value.why
    assert not any((cache_folder() / "unpacked").glob("*/*"))


def test_a_bomb_in_a_tar_is_left_before_its_content_is_reached(tmp_path, monkeypatch):
    path = write_tar(tmp_path / "bomb.tar.gz", {"a/film.avi": b"\0" * 40_000_000, **class_files()})
    monkeypatch.setattr(unpacking, "FREE_GROWTH", 1_000_000)
    with pytest.raises(EngineError, match="was not unpacked"):
        index_of(path)
    assert not any((cache_folder() / "unpacked").glob("*"))


def test_a_header_that_lies_about_its_size_is_found_out(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "liar.zip", class_files())
    monkeypatch.setattr(unpacking, "_checked_size", lambda *_: 100)
    with pytest.raises(EngineError, match="was not unpacked"):
        index_of(path)
    assert not any((cache_folder() / "unpacked").glob("[!.]*"))


def test_too_little_room_is_told(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "a.zip", class_files())
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(EngineError, match="too little room"):
        index_of(path)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize("damage", ["empty", "other", "cut"])
def test_damaged_archives_are_told(tmp_path, name, damage):
    path = WRITERS[name](tmp_path / name, {**class_files(), "set/cat/large.png": os.urandom(200_000)})
    content = {"empty": b"", "other": b"no archive" * 100, "cut": path.read_bytes()[:100_000]}[damage]
    path.write_bytes(content)
    with pytest.raises(EngineError, match="cannot be unpacked"):
        index_of(path)
    assert not any((cache_folder() / "unpacked").glob("[!.]*")), "nothing half finished stays"


def test_an_archive_without_images_is_told(tmp_path):
    with pytest.raises(EngineError, match="no images"):
        index_of(write_zip(tmp_path / "a.zip", {"a/b.txt": b"x"}))
    with pytest.raises(EngineError, match="is not there"):
        make(SOURCES, Chosen("archive", {"path": str(tmp_path / "none.zip")})).folder()


@pytest.mark.parametrize("kind", ["archive", "idx", "cifar"])
def test_unpacking_obeys_a_stop(tmp_path, kind):
    path = {"archive": tmp_path / "a.zip", "idx": tmp_path, "cifar": tmp_path}[kind]
    write_zip(tmp_path / "a.zip", class_files())
    write_mnist(tmp_path, "train", 300)
    (tmp_path / "data_batch_1.bin").write_bytes(bytes(3073) * 300)
    control = JobControl()
    control.stop()
    with pytest.raises(Cancelled):
        make(SOURCES, Chosen(kind, {"path": str(path)})).folder(control=control)
    assert not any((cache_folder() / "unpacked").glob("*"))


@pytest.mark.parametrize("kind", ["archive", "idx", "cifar"])
def test_nothing_chosen_is_told(kind):
    with pytest.raises(EngineError, match="has been chosen"):
        make(SOURCES, Chosen(kind)).folder()


# ---- idx


def write_mnist(folder: Path, stem: str, count: int, *, packed=True) -> None:
    images = (np.arange(count * 28 * 28) % 251).astype(np.uint8)
    labels = (np.arange(count) % 3).astype(np.uint8)
    save = gzip.compress if packed else bytes
    suffix = ".gz" if packed else ""
    head = struct.pack(">4I", 0x803, count, 28, 28)
    (folder / f"{stem}-images-idx3-ubyte{suffix}").write_bytes(save(head + images.tobytes()))
    (folder / f"{stem}-labels-idx1-ubyte{suffix}").write_bytes(
        save(struct.pack(">2I", 0x801, count) + labels.tobytes())
    )


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("chosen", ["folder", "images", "labels"])
def test_idx_files_are_written_out_with_their_splits(tmp_path, packed, chosen):
    write_mnist(tmp_path, "train", 30, packed=packed)
    write_mnist(tmp_path, "t10k", 12, packed=packed)
    end = ".gz" if packed else ""
    path = {
        "folder": tmp_path,
        "images": tmp_path / f"train-images-idx3-ubyte{end}",
        "labels": tmp_path / f"t10k-labels-idx1-ubyte{end}",
    }[chosen]
    assert source_of(path).kind == "idx"
    index = index_of(path)
    assert index.classes == ("0", "1", "2") and index.brings_splits
    assert len(index.where(TEST)) == 12 and len(index) == 42
    first = next(n for n in range(len(index)) if index.path(n).name == "train-00000.png")
    expected = (np.arange(28 * 28) % 251).reshape(28, 28)
    assert (read_array(index.path(first), 28, 28, "grey", "crop").squeeze() == expected).all()


def test_fashion_mnist(shared_data):
    index = index_of(shared_data / "fashion-mnist")
    assert len(index.classes) == 10 and len(index.where(TEST)) == 10_000
    assert len(index.where(TRAIN)) + len(index.where(1)) == 10_000


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x00\x08\x03", struct.pack(">4I", 0x803, 9, 28, 28), struct.pack(">4I", 0x803, 2**31, 2**15, 28)],
)
def test_damaged_idx_files_are_told(tmp_path, content):
    write_mnist(tmp_path, "train", 9)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
    with pytest.raises(EngineError, match="no idx file"):
        index_of(tmp_path)


def test_labels_of_another_set_are_told(tmp_path):
    write_mnist(tmp_path, "train", 9)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(struct.pack(">2I", 0x801, 3) + b"abc"))
    with pytest.raises(EngineError, match="do not belong together"):
        index_of(tmp_path)
    with pytest.raises(EngineError, match="no idx files"):
        make(SOURCES, Chosen("idx", {"path": str(tmp_path / "empty")})).folder()
    assert read_idx(tmp_path / "train-labels-idx1-ubyte.gz", 1).tolist() == [97, 98, 99]


# ---- CIFAR


@pytest.mark.parametrize("hundred", [False, True])
def test_cifar_is_written_out_with_its_names(tmp_path, hundred):
    head = [3, 1] if hundred else [1]
    pixels = (np.arange(3072) % 256).astype(np.uint8)
    record = bytes(head) + pixels.tobytes()
    for name in ("train.bin", "test.bin") if hundred else ("data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"):
        (tmp_path / name).write_bytes(record * 4)
    names = "fine_label_names.txt" if hundred else "batches.meta.txt"
    (tmp_path / names).write_text("airplane\nauto/mobile\n\n")
    assert source_of(tmp_path).kind == "cifar"
    index = index_of(tmp_path)
    assert index.classes == ("automobile",) and len(index.where(TEST)) == 4
    assert len(index) == (8 if hundred else 12)
    found = read_array(index.path(0), 32, 32, "rgb", "crop")
    assert (found == pixels.reshape(3, 32, 32).transpose(1, 2, 0)).all()


def test_what_is_no_cifar_is_told(tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(b"x" * 1000)
    assert source_of(tmp_path).kind == "folder"
    with pytest.raises(EngineError, match="no CIFAR files"):
        make(SOURCES, Chosen("cifar", {"path": str(tmp_path)})).folder()


def test_what_nobody_reads(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    assert source_of(tmp_path / "a.txt") is None
    assert source_of(tmp_path / "none") is None
    assert source_of(tmp_path) == Chosen("folder", {"path": str(tmp_path)})


# ---- tables


def write_images(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number}.png").write_bytes(png((number * 20, 0, 0)))


@pytest.mark.parametrize(
    "head",
    ["file,label,split", "label;Split;filename", "image\tclass\tset", "path|category|usage", "a,b,split"],
)
def test_a_table_says_the_classes_and_the_splits(tmp_path, head):
    write_images(tmp_path / "all", 9)
    between = next(sign for sign in ";\t|," if sign in head)
    names = head.lower().split(between)
    of = {"filename": "file", "image": "file", "path": "file", "a": "file"}
    of |= {"class": "label", "category": "label", "b": "label", "set": "split", "usage": "split"}
    order = [of.get(name, name) for name in names]
    rows = [
        {"file": f"all/{n}.png", "label": ("cat", "dog")[n % 2], "split": ("train", "valid", "test")[n % 3]}
        for n in range(9)
    ]
    lines = [head, *(between.join(row[name] for name in order) for row in rows)]
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(lines), "utf-8-sig")
    assert source_of(path).kind == "table"
    index = index_of(path)
    assert index.classes == ("cat", "dog") and len(index) == 9
    assert len(index.where(TEST)) == len(index.where(1)) == 3 and index.notes == ()
    read_array(index.path(0), 8, 8, "rgb", "crop")


def test_a_table_without_splits_or_suffixes_and_with_missing_files(tmp_path):
    write_images(tmp_path, 6)
    rows = [f"{n},{'a/b' if n % 2 else '..'}" for n in range(8)]
    (tmp_path / "t.csv").write_text("\n".join(["id,breed", *rows, "", "5", ",x"]))
    index = index_of(tmp_path / "t.csv")
    assert len(index) == 6 and not index.brings_splits
    assert set(index.classes) == {"a_b", "_"}, "no class leaves the folder"
    assert "2 files" in index.notes[0] and "“6”" in index.notes[0]


def test_columns_are_chosen_by_their_headings(tmp_path):
    write_images(tmp_path, 4)
    rows = [f"{n}.png,{n % 2},{'x' if n < 2 else 'y'}" for n in range(4)]
    (tmp_path / "t.csv").write_text("\n".join(["file,label,colour", *rows]))
    chosen = {"path": str(tmp_path / "t.csv"), "label_column": "Colour"}
    assert load_index(DataSpec(source=Chosen("table", chosen))).classes == ("x", "y")
    with pytest.raises(EngineError, match="gives no data set") as caught:
        load_index(DataSpec(source=Chosen("table", {**chosen, "label_column": "size"})))
    assert "file, label, colour" in caught.value.why


@pytest.mark.parametrize("content", ["file,label\n", "file,label\nnone.png,a\n", "file,label\n../../etc/passwd,a\n"])
def test_a_table_that_names_nothing_is_told(tmp_path, content):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(EngineError, match="gives no data set"):
        index_of(tmp_path / "t.csv")
    assert not any((cache_folder() / "unpacked").glob("[!.]*"))


def test_what_is_no_table(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    assert source_of(tmp_path / "t.csv") is None
    (tmp_path / "u.csv").write_text("one column\n")
    assert source_of(tmp_path / "u.csv") is None
