"""Data sets from a server on this machine: small files in the true formats, and what goes wrong on the way."""

import gzip
import hashlib
import io
import socket
import struct
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat  # comes with scikit-learn
from torchvision import datasets

from engine.data import downloads, fetch
from engine.data.downloads import DOWNLOADS, downloaded_folder, is_downloaded
from engine.data.index import TEST
from engine.data.load import load_index
from engine.data.mat_file import read_mat
from engine.data.remote import Remote
from engine.data.sources import SOURCES
from engine.errors import EngineError
from engine.files import cache_folder
from engine.jobs import Cancelled, JobControl
from engine.project import starting_spec
from engine.spec import Chosen, DataSpec

# ---- a server


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask this machine and nobody in between."""
    monkeypatch.setenv("no_proxy", "*")


@dataclass
class Server:
    """Files by path; `asked` holds (path, first byte) of each request; `breaks_after` bytes the line goes dead."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    breaks_after: int | None = None
    knows_ranges: bool = True


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = self.headers.get("Range", "") if state.knows_ranges else ""
            start = int(said.removeprefix("bytes=").rstrip("-")) if said else 0
            state.asked.append((self.path, start))
            content = state.files.get(self.path)
            if content is None or start >= max(1, len(content)):
                self.send_error(404 if content is None else 416)
                return
            self.send_response(206 if said else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = len(content) if state.breaks_after is None else start + state.breaks_after
            self.wfile.write(content[start:end])

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{running.server_port}/"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    running.shutdown()
    thread.join()
    running.server_close()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def jpeg(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (12, 12), (number * 40 % 256, 90, 20)).save(file, "JPEG")
    return file.getvalue()


def tar(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def mat(**variables: np.ndarray) -> bytes:
    file = io.BytesIO()
    savemat(file, variables, do_compression=True)
    return file.getvalue()


def serve_idx(server: Server, monkeypatch: pytest.MonkeyPatch, kind: str = "MNIST") -> None:
    resources = []
    for stem, count in (("train", 30), ("t10k", 12)):
        images = (np.arange(count * 28 * 28) % 251).astype(np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        contents = {
            f"{stem}-images-idx3-ubyte.gz": struct.pack(">4I", 0x803, count, 28, 28) + images.tobytes(),
            f"{stem}-labels-idx1-ubyte.gz": struct.pack(">2I", 0x801, count) + labels.tobytes(),
        }
        for name, content in contents.items():
            server.files[f"/{name}"] = gzip.compress(content)
            resources.append((name, md5(server.files[f"/{name}"])))
    made = getattr(datasets, kind)
    monkeypatch.setattr(made, "resources", resources)
    monkeypatch.setattr(made, "mirrors", [server.address])


def serve_cifar(server: Server, monkeypatch: pytest.MonkeyPatch, name: str = "cifar-10", wrap: str = "sub/") -> None:
    hundred = name == "cifar-100"
    record = (bytes([3, 1]) if hundred else bytes([1])) + bytes(range(256)) * 12
    parts = ("train.bin", "test.bin") if hundred else ("data_batch_1.bin", "data_batch_2.bin", "test_batch.bin")
    files = {f"{wrap}{part}": record * 4 for part in parts}
    listed = "fine_label_names.txt" if hundred else "batches.meta.txt"
    files |= {f"{wrap}{listed}": b"apple\nbear\n", f"{wrap}readme.html": b"x"}
    content = tar(files)
    server.files[f"/{name}-binary.tar.gz"] = content
    made = datasets.CIFAR100 if hundred else datasets.CIFAR10
    monkeypatch.setattr(made, "url", f"{server.address}{name}-python.tar.gz")
    of = downloads._cifar_remotes
    entry = replace(DOWNLOADS[name], remotes=lambda: of(made.__name__, md5(content), len(content)))
    monkeypatch.setitem(DOWNLOADS, name, entry)


def serve_flowers(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/102flowers.tgz": tar({f"jpg/image_{n:05d}.jpg": jpeg(n) for n in range(1, 13)}),
        "/imagelabels.mat": mat(labels=np.array([[n % 3 + 1 for n in range(12)]], np.uint8)),
        "/setid.mat": mat(
            trnid=np.array([[1, 2, 3, 4]], np.uint16),
            valid=np.array([[5, 6, 7]], np.uint16),
            tstid=np.array([[8, 9, 10, 11, 12]], np.uint16),
        ),
    }
    server.files |= files
    names = {"image": "102flowers.tgz", "label": "imagelabels.mat", "setid": "setid.mat"}
    listed = {part: (name, md5(files[f"/{name}"])) for part, name in names.items()}
    monkeypatch.setattr(datasets.Flowers102, "_file_dict", listed)
    monkeypatch.setattr(datasets.Flowers102, "_download_url_prefix", server.address)


def serve_pets(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    breeds = ("Abyssinian", "great_pyrenees")
    images = {f"images/{breed}_{n}.jpg": jpeg(n) for breed in breeds for n in range(1, 8)}
    images |= {"images/Abyssinian_1.mat": b"x", "images/Abyssinian_99.jpg": b"damaged, and on no list"}
    lists = {
        "trainval": [f"{breed}_{n} {k} 1 1" for k, breed in enumerate(breeds, 1) for n in range(1, 6)],
        "test": [f"{breed}_{n} {k} 1 1" for k, breed in enumerate(breeds, 1) for n in range(6, 8)],
    }
    texts = {f"annotations/{name}.txt": "\n".join([*lines, ""]).encode() for name, lines in lists.items()}
    server.files |= {"/images.tar.gz": tar(images), "/annotations.tar.gz": tar({"annotations/README": b"x", **texts})}
    listed = [
        (f"{server.address}{path[1:]}", md5(server.files[path])) for path in ("/images.tar.gz", "/annotations.tar.gz")
    ]
    monkeypatch.setattr(datasets.OxfordIIITPet, "_RESOURCES", listed)


def serve_imagenette(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [
        f"imagenette2-160/{part}/{wnid}/{wnid}_{n}.JPEG"
        for part, count in (("train", 5), ("val", 3))
        for wnid in ("n01440764", "n03888257")
        for n in range(count)
    ]
    server.files["/imagenette2-160.tgz"] = tar({place: jpeg(n) for n, place in enumerate(places)})
    listed = {"160px": (f"{server.address}imagenette2-160.tgz", md5(server.files["/imagenette2-160.tgz"]))}
    monkeypatch.setattr(datasets.Imagenette, "_ARCHIVES", listed)


SERVED = {
    "mnist": serve_idx,
    "fashion-mnist": lambda *given: serve_idx(*given, "FashionMNIST"),
    "cifar-10": serve_cifar,
    "cifar-100": lambda *given: serve_cifar(*given, "cifar-100"),
    "flowers-102": serve_flowers,
    "pets": serve_pets,
    "imagenette": serve_imagenette,
}
EXPECTED = {  # first and last class, how many there are, (train and validation, test) images
    "mnist": ("0", "9", 10, 30, 12),
    "fashion-mnist": ("Ankle boot", "Trouser", 10, 30, 12),
    "cifar-10": ("bear", "bear", 1, 8, 4),
    "cifar-100": ("bear", "bear", 1, 4, 4),
    "flowers-102": ("canterbury bells", "pink primrose", 3, 7, 5),
    "pets": ("Abyssinian", "Great Pyrenees", 2, 10, 4),
    "imagenette": ("parachute", "tench", 2, 10, 6),
}


def source(name: str) -> DataSpec:
    return DataSpec(source=Chosen("download", {"data_set": name}))


# ---- what comes of each set


@pytest.mark.parametrize("name", list(DOWNLOADS))
def test_a_set_becomes_class_folders_once(server, monkeypatch, name):
    SERVED[name](server, monkeypatch)
    told: list[tuple[int, int]] = []
    assert not is_downloaded(name)
    index = load_index(source(name), progress=lambda *done: told.append(done))
    first, last, classes, train, test = EXPECTED[name]
    assert (index.classes[0], index.classes[-1], len(index.classes)) == (first, last, classes)
    assert len(index.where(TEST)) == test and len(index) == train + test and index.brings_splits
    assert index.root == downloaded_folder(name) and index.root.is_relative_to(cache_folder()) and is_downloaded(name)
    assert {path.suffix for path in index.root.rglob("*.*")} <= {".png", ".jpg", ".JPEG"}
    for number in range(0, len(index), 5):
        Image.open(index.path(number)).load()
    assert [done for done, _ in told] == sorted(done for done, _ in told), "one bar that never goes back"
    assert {total for _, total in told} == {2 * DOWNLOADS[name].bytes} and told[-1][0] == told[-1][1]
    assert [entry.name for entry in index.root.parent.iterdir()] == [name], "nothing else stays"
    told.clear()
    server.asked.clear()
    assert load_index(source(name), progress=lambda *done: told.append(done)).root == index.root
    assert not told and not server.asked


def test_flowers_bring_images_to_validate_with(server, monkeypatch):
    serve_flowers(server, monkeypatch)
    index = load_index(source("flowers-102"))
    assert len(index.where(0)) == 4 and len(index.where(1)) == 3


def test_the_labels_are_those_of_the_images(server, monkeypatch):
    serve_idx(server, monkeypatch, "FashionMNIST")
    root = load_index(source("fashion-mnist")).root
    assert sorted(path.name for path in (root / "test" / "Pullover").iterdir()) == ["t10k-00002.png"]
    expected = (np.arange(2 * 784, 3 * 784) % 251).reshape(28, 28)
    assert (np.asarray(Image.open(root / "test" / "Pullover" / "t10k-00002.png")) == expected).all()


# ---- what goes wrong


def arriving() -> list[str]:
    folder = cache_folder() / "downloads"
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def test_no_connection_says_what_to_do(monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        monkeypatch.setattr(datasets.MNIST, "mirrors", [address])  # bound, yet nobody listens
        with pytest.raises(EngineError, match=r"There is no connection to 127\.0\.0\.1") as caught:
            load_index(source("mnist"))
    assert "refused" in caught.value.why and "train-images-idx3-ubyte.gz" in caught.value.why
    assert "Connect this computer" in caught.value.fix and f"{address}train-images-idx3-ubyte.gz" in caught.value.fix
    assert not is_downloaded("mnist") and not arriving()


def test_a_name_that_nobody_knows_is_no_connection(monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://nowhere.invalid/"])
    with pytest.raises(EngineError, match=r"There is no connection to nowhere\.invalid"):
        load_index(source("mnist"))


def test_files_brought_by_hand_are_taken(server, monkeypatch):
    serve_idx(server, monkeypatch)
    name = "train-images-idx3-ubyte.gz"
    content = server.files.pop(f"/{name}")
    with pytest.raises(EngineError, match=f"does not hand out “{name}”") as caught:
        load_index(source("mnist"))
    assert "404" in caught.value.why
    folder = Path(caught.value.fix.rpartition(" into ")[2].rstrip("."))
    (folder / name).write_bytes(content)
    assert len(load_index(source("mnist"))) == 42


def test_another_address_is_tried(server, monkeypatch):
    serve_idx(server, monkeypatch)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"{server.address}old/", server.address])
    assert len(load_index(source("mnist"))) == 42


def test_a_wrong_checksum_is_told_and_leaves_nothing(server, monkeypatch):
    serve_idx(server, monkeypatch)
    server.files["/t10k-labels-idx1-ubyte.gz"] = b"<html>Please log in to the hotel network</html>"
    with pytest.raises(EngineError, match=r"“t10k-labels-idx1-ubyte\.gz” arrived damaged") as caught:
        load_index(source("mnist"))
    assert "checksum" in caught.value.why and "Try again" in caught.value.fix
    assert "t10k-labels-idx1-ubyte.gz" not in arriving() and not is_downloaded("mnist")
    assert not [name for name in arriving() if name.endswith(".part")]


def test_a_broken_line_is_told_and_gone_on_from(server, monkeypatch):
    serve_imagenette(server, monkeypatch)
    whole = len(server.files["/imagenette2-160.tgz"])
    server.breaks_after = whole // 3
    with pytest.raises(EngineError, match="broke off") as caught:
        load_index(source("imagenette"))
    assert "are kept" in caught.value.why and arriving() == ["imagenette2-160.tgz.part"]
    server.breaks_after = None
    assert len(load_index(source("imagenette"))) == 16
    assert server.asked == [("/imagenette2-160.tgz", 0), ("/imagenette2-160.tgz", whole // 3)]


def test_a_server_that_cannot_go_on_begins_anew(server, monkeypatch):
    serve_imagenette(server, monkeypatch)
    server.knows_ranges, server.breaks_after = False, 500
    with pytest.raises(EngineError, match="broke off"):
        load_index(source("imagenette"))
    server.breaks_after = None
    assert len(load_index(source("imagenette"))) == 16


@pytest.mark.parametrize("extra", [b"", b"and more"])
def test_a_part_that_is_whole_or_too_long_is_checked(server, monkeypatch, extra):
    serve_imagenette(server, monkeypatch)
    folder = cache_folder() / "downloads" / ".imagenette.arriving"
    folder.mkdir(parents=True)
    (folder / "imagenette2-160.tgz.part").write_bytes(server.files["/imagenette2-160.tgz"] + extra)
    if extra:
        with pytest.raises(EngineError, match="arrived damaged"):
            load_index(source("imagenette"))
        assert not arriving()
    assert len(load_index(source("imagenette"))) == 16


@pytest.mark.parametrize("keep", [True, False])
def test_a_stop_in_the_middle_of_a_file(server, monkeypatch, keep):
    serve_imagenette(server, monkeypatch)
    monkeypatch.setattr(fetch, "_BLOCK", 100)
    monkeypatch.setattr(fetch, "_EVERY_S", 0.0)
    control = JobControl()

    def stop_soon(done: int, total: int) -> None:
        if 0 < done < total // 2:
            control.stop(keep)

    with pytest.raises(Cancelled):
        load_index(source("imagenette"), control, stop_soon)
    assert arriving() == (["imagenette2-160.tgz.part"] if keep else []) and not is_downloaded("imagenette")
    assert len(load_index(source("imagenette"))) == 16
    assert (server.asked[1][1] > 0) == keep


def test_a_stop_while_images_are_written(server, monkeypatch):
    serve_pets(server, monkeypatch)
    control = JobControl()

    def stop_late(done: int, total: int) -> None:
        if done > total // 2:
            control.stop()

    with pytest.raises(Cancelled):
        load_index(source("pets"), control, stop_late)
    assert not is_downloaded("pets") and arriving() == ["annotations.tar.gz", "images.tar.gz"]
    server.files.clear()
    assert len(load_index(source("pets"))) == 14, "what has arrived is not fetched twice"


def test_endless_answers_are_left(server, monkeypatch, tmp_path):
    server.files["/a"] = b"x" * 300_000
    monkeypatch.setattr(fetch, "_SLACK", 1000)
    with pytest.raises(EngineError, match="arrived damaged"):
        fetch.fetch([Remote("a", (f"{server.address}a",), md5(b"y"), 10)], tmp_path, lambda *_: None)
    assert not list(tmp_path.iterdir())


def test_too_little_room_is_told_before_anything_is_fetched(server, monkeypatch):
    serve_pets(server, monkeypatch)
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10**9})())
    with pytest.raises(EngineError, match="too little room for “Oxford-IIIT Pets”"):
        load_index(source("pets"))
    assert not server.asked


def test_a_disk_that_refuses_is_told(monkeypatch, user_folders):
    (cache_folder()).mkdir(parents=True, exist_ok=True)
    (cache_folder() / "downloads").write_text("a file where a folder has to be")
    with pytest.raises(EngineError, match="could not be kept"):
        load_index(source("mnist"))


@pytest.mark.parametrize(
    "name, files",
    [
        ("flowers-102", {"/setid.mat": mat(trnid=np.array([[99]]))}),
        ("flowers-102", {"/imagelabels.mat": b"MATLAB 5.0 MAT-file" + bytes(200)}),
        ("flowers-102", {"/102flowers.tgz": tar({"jpg/image_00001.jpg": jpeg(1)})}),
        ("pets", {"/annotations.tar.gz": tar({"annotations/README": b"x"})}),
        ("pets", {"/annotations.tar.gz": b"no archive"}),
        ("imagenette", {"/imagenette2-160.tgz": tar({"a/b.jpg": jpeg(1)})}),
        ("cifar-10", {"/cifar-10-binary.tar.gz": tar({"a/b.txt": b"x"})}),
    ],
)
def test_files_of_another_form_are_told(server, monkeypatch, name, files):
    SERVED[name](server, monkeypatch)
    server.files |= files
    right = DOWNLOADS[name].remotes
    remotes = [replace(remote, md5=md5(server.files[f"/{remote.name}"]), bytes=10_000) for remote in right()]
    monkeypatch.setitem(DOWNLOADS, name, replace(DOWNLOADS[name], remotes=lambda: remotes))
    with pytest.raises(EngineError) as caught:
        load_index(source(name))
    assert caught.value.why and caught.value.fix and not is_downloaded(name)
    assert not list(cache_folder().rglob("*.unfinished-*"))


# ---- the list, and the source


def test_every_set_is_described():
    kind = SOURCES["download"]
    assert list(DOWNLOADS) == list(SERVED)
    for name, entry in DOWNLOADS.items():
        assert entry.summary.endswith(".") and entry.origin and entry.licence and entry.looks
        assert 0 < entry.bytes < 2**30 and entry.disk > 0, "progress, twice as much, is counted in 32 bits"
        made = kind(data_set=name)
        assert (made.title, made.suggested_size) == (entry.title, entry.size)
        spec = starting_spec(Chosen("download", {"data_set": name}))
        assert spec.data.size == entry.size and spec.data.colour == entry.colour
        assert tuple(each.kind for each in spec.data.augment) == entry.augmentations
    assert kind.title == "A data set from the internet" and kind.suggested_size == 64


def test_the_files_are_those_that_torchvision_knows():
    for name, entry in DOWNLOADS.items():
        remotes = entry.remotes()
        assert sum(remote.bytes for remote in remotes) == pytest.approx(entry.bytes, rel=0.001), name
        for remote in remotes:
            assert len(remote.md5) == 32 and all(address.endswith(remote.name) for address in remote.addresses)
    assert DOWNLOADS["cifar-10"].remotes()[0].name == "cifar-10-binary.tar.gz"
    assert DOWNLOADS["cifar-100"].remotes()[0].name == "cifar-100-binary.tar.gz"
    assert DOWNLOADS["flowers-102"].remotes()[0].md5 == datasets.Flowers102._file_dict["image"][1]


# ---- MATLAB files


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "i4", "f4", "f8"])
def test_arrays_of_a_matlab_file(tmp_path, packed, kind):
    arrays = {"a": np.arange(1, 7, dtype=kind).reshape(1, 6), "long_name": np.array([[2]], kind)}
    savemat(tmp_path / "a.mat", {**arrays, "words": "text"}, do_compression=packed)
    found = read_mat(tmp_path / "a.mat")
    assert found["a"].tolist() == [1, 2, 3, 4, 5, 6] and found["long_name"].tolist() == [2]


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 300, bytes(126) + b"IM" + b"\x0e\0\0\0\xff\0\0\0", bytes(126) + b"IM" + b"\x0f\0\0\0\4\0\0\0abcd"],
)
def test_what_is_no_matlab_file_is_told(tmp_path, content):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(EngineError, match="no MATLAB file"):
        read_mat(tmp_path / "a.mat")
