"""The data side: listing a million files, decoding, streaming what does not fit, and the grid that shows it all."""

import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEventLoop
from report import print_table
from test_window import Heartbeat

from engine.data.cache import decode
from engine.data.scan import scan
from engine.files import cache_folder
from engine.jobs import JobControl
from engine.spec.data import DataSpec
from gui.pictures import PictureView
from gui.pictures.cache import thumbnails
from gui.pictures.loader import key_of
from gui.theme import theme

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
MILLION = 1_000_000
FRAME_MS = 1000 / 60

MEASURED = """
import json, sys, time
from pathlib import Path
import numpy as np

def peak():  # MB this process ever held since the last `restart`
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024

def held(kind="VmRSS"):  # MB now; RssAnon is without what is mapped from files
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(kind)) / 1024

def restart():
    open("/proc/self/clear_refs", "w").write("5")
"""


def measured(program: str, *arguments: object) -> dict:
    """Run a program in a process of its own, where no earlier peak hides one; returns the JSON of its last line."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED + program, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


needs_proc = pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="only Linux tells the peak")


def photograph(chance: np.random.Generator, side: int) -> Image.Image:
    """Smooth shapes under the grain of a camera: as hard to decode as a photograph of that size, which noise is not."""
    picture = Image.new("RGB", (side, side))
    for scale, weight in ((4, 0.6), (16, 0.3), (64, 0.15)):
        rough = chance.integers(0, 256, (scale, scale, 3), np.uint8)
        layer = Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC)
        picture = Image.blend(picture, layer, weight)
    grain = chance.normal(0, 6, (side, side, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def lay_out(folder: Path, files: int, classes: int, side: int = 32, different: int = 20) -> Path:
    """`files` links to a few JPEGs in `classes` folders. No file system allows more than 65 000 links to one file."""
    chance = np.random.default_rng(0)
    folder.mkdir()
    different = max(different, files // 50_000)
    for number in range(different):
        photograph(chance, side).save(folder.parent / f"{number}.jpg", quality=90)
    for label in range(classes):
        place = folder / f"class {label:03d}"
        place.mkdir()
        for number in range(files // classes):
            os.link(folder.parent / f"{(label + number) % different}.jpg", place / f"image {number:06d}.jpg")
    return folder


SCAN = """
from engine.data.scan import scan
from engine.data.formats import picture_suffixes
from engine.spec.data import DataSpec

picture_suffixes()  # Pillow's readers are imported at the first need, here before anything is counted
folder = Path(sys.argv[1])
restart()
before = peak()
seconds = []
for again in range(3):
    index = None
    began = time.perf_counter()
    index = scan(folder, DataSpec())
    seconds.append(time.perf_counter() - began)
    if not again:
        largest, kept = peak() - before, held() - before
print(json.dumps({"files": len(index), "seconds": seconds, "largest": largest, "kept": kept}))
"""


@needs_proc
def test_a_million_files_are_listed(tmp_path, capsys) -> None:
    """100 000 files a second from a warm disk, in less than 400 MB."""
    found = measured(SCAN, lay_out(tmp_path / "million", MILLION, 100))
    assert found["files"] == MILLION
    rates = sorted(MILLION / seconds for seconds in found["seconds"])
    print_table(
        capsys,
        "Listing 1 000 000 files in 100 classes, warm, 3 runs",
        [
            ("files a second", f"{rates[1]:,.0f} ({rates[0]:,.0f} to {rates[-1]:,.0f})"),
            ("memory at most", f"{found['largest']:.0f} MB"),
            ("memory of the index", f"{found['kept']:.0f} MB"),
        ],
    )
    assert rates[1] > 100_000 and found["largest"] < 400


STREAM = """
import torch
from engine.data.batches import Batches
from engine.data.cache import Pictures
from engine.data.index import PATH_TYPE, Index
from engine.spec.data import DataSpec

path, count, side, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
data = DataSpec(size=side)
numbers = np.arange(count)
paths = np.array([""], PATH_TYPE).repeat(count)
labels = (numbers % 10).astype(np.int32)
index = Index(path.parent, tuple("abcdefghij"), paths, labels, np.zeros(count, np.int8), numbers, numbers, False)
with open(path, "rb") as file:
    while file.read(2**24):  # so that the system has it in memory, and no disk is measured
        pass
pictures = Pictures(index, np.memmap(path, np.uint8, "r", shape=(count, side, side, 3)), numbers, {})
restart()
before, anonymous = peak(), held("RssAnon")
batches = Batches(
    pictures, numbers, data, 64, torch.device("cpu"), np.full(3, 0.5), np.full(3, 0.2), training=True, seed=0,
    channels_last=True, limit=limit,
)
seconds = []
for epoch in range(2):
    began, seen = time.perf_counter(), 0
    for x, labels in batches.epoch(epoch):
        seen += len(x)
    seconds.append(time.perf_counter() - began)
found = {"place": batches.place, "seen": seen, "seconds": seconds, "largest": peak() - before}
print(json.dumps({**found, "own": held("RssAnon") - anonymous}))
"""


@needs_proc
def test_what_does_not_fit_is_streamed(tmp_path, capsys) -> None:
    """Rows ten times as large as a limit are read batch by batch; the process grows by less than that limit."""
    count, side = 170_000, 64
    limit = count * side * side * 3 // 10  # bytes
    part = np.random.default_rng(0).integers(0, 256, (1000, side, side, 3), np.uint8).tobytes()
    with open(tmp_path / "rows.bin", "wb") as file:
        for _ in range(count // 1000):
            file.write(part)
    found = measured(STREAM, tmp_path / "rows.bin", count, side, limit)
    kept = measured(STREAM, tmp_path / "rows.bin", count, side, 10 * limit)
    assert (found["place"], kept["place"]) == ("disk", "ram") and found["seen"] == count
    rates = [f"{count / min(each['seconds']):,.0f} images/s" for each in (found, kept)]
    print_table(
        capsys,
        f"{count:,} images of {side} × {side} ({10 * limit / 1e6:,.0f} MB) in shuffled batches of 64, warm",
        [
            ("streamed, limit", f"{limit / 1e6:.0f} MB"),
            ("streamed, growth at most", f"{found['largest']:.0f} MB"),
            ("streamed, of that its own", f"{found['own']:.0f} MB"),
            ("streamed", rates[0]),
            ("kept in memory", rates[1]),
        ],
    )
    assert found["largest"] < limit / 2**20


# ---- decoding

PHOTOGRAPHS, SIDES = 1200, (64, 224)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1 200 different JPEGs of about 256 pixels a side in two classes."""
    folder = tmp_path_factory.mktemp("photographs")
    chance = np.random.default_rng(1)
    for number in range(PHOTOGRAPHS):
        place = folder / ("even", "odd")[number % 2]
        place.mkdir(exist_ok=True)
        side = int(chance.integers(224, 289))
        photograph(chance, side).save(place / f"{number:04d}.jpg", quality=90)
    return folder


def with_atelier(folder: Path, side: int) -> int:
    """Decode the whole folder into a fresh cache; returns how many rows there are."""
    data = DataSpec(size=side)
    shutil.rmtree(cache_folder() / "pictures", ignore_errors=True)
    work = decode(scan(folder, data), data, JobControl())
    while True:
        try:
            next(work)
        except StopIteration as end:
            return len(end.value.rows)


def with_pillow(folder: Path, side: int) -> int:
    """What everybody writes first: open, convert, scale, one after the other."""
    made = [np.asarray(Image.open(path).convert("RGB").resize((side, side))) for path in folder.rglob("*.jpg")]
    return len(made)


def with_torchvision(folder: Path, side: int) -> int:
    """The decoder of torchvision, and its antialiased scaling."""
    from torchvision.io import ImageReadMode, decode_jpeg, read_file
    from torchvision.transforms.v2.functional import resize

    made = [
        resize(decode_jpeg(read_file(str(path)), ImageReadMode.RGB), [side, side], antialias=True)
        for path in folder.rglob("*.jpg")
    ]
    return len(made)


@pytest.mark.filterwarnings("ignore:.*TorchVision are deprecated:DeprecationWarning")
@pytest.mark.parametrize("side", SIDES)
def test_decoding_against_pillow_and_torchvision(photographs, capsys, side) -> None:
    """Listing, decoding and writing the cache is at least as fast as a plain loop that keeps nothing."""
    ways = {"Atelier, cache included": with_atelier, "Pillow, a loop": with_pillow, "torchvision.io": with_torchvision}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(6):
        for name, way in ways.items():
            began = time.perf_counter()
            assert way(photographs, side) == PHOTOGRAPHS
            seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}  # the first is cold
    ours = medians["Atelier, cache included"]
    rows = [
        (name, f"{PHOTOGRAPHS / taken:,.0f} images/s, {taken / ours:.1f} times as long")
        for name, taken in medians.items()
    ]
    print_table(capsys, f"{PHOTOGRAPHS} JPEGs of about 256 pixels to {side} × {side}, warm, 5 runs in turns", rows)
    assert ours < medians["Pillow, a loop"]


# ---- the grid

GRID = 100_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 000 files of ten classes."""
    return lay_out(tmp_path_factory.mktemp("many") / "set", GRID, 10, side=256, different=200)


@pytest.fixture
def view(qtbot, qapp) -> PictureView:
    theme().apply(qapp)
    view = PictureView(tile=96)
    qtbot.addWidget(view)
    view.resize(1100, 800)
    with qtbot.waitExposed(view):
        view.show()
    thumbnails().clear()
    return view


def ready(view: PictureView) -> int:
    """How many of the tiles in sight have their thumbnail."""
    rows, model = view.visible_rows(), view.pictures
    return sum(key_of(model.source(row), *view._pixels) in thumbnails() for row in rows)


def test_first_thumbnails_after_a_scan(many, view, qtbot, capsys) -> None:
    """From the end of the scan to a first line of thumbnails less than a second passes."""
    began = time.perf_counter()
    index = scan(many, DataSpec())
    scanned = time.perf_counter()
    view.set_pictures(index, np.arange(len(index)))
    view.viewport().repaint()
    painted = time.perf_counter()
    line = view._grid.columns
    qtbot.waitUntil(lambda: ready(view) >= line, timeout=20_000)
    first = time.perf_counter()
    qtbot.waitUntil(lambda: ready(view) == len(view.visible_rows()), timeout=20_000)
    done = time.perf_counter()
    print_table(
        capsys,
        f"The grid after a scan of {GRID:,} files, with {len(view.visible_rows())} of them in sight",
        [
            ("scan", f"{scanned - began:.2f} s"),
            ("empty tiles painted after", f"{1000 * (painted - scanned):.0f} ms"),
            ("first line of thumbnails after", f"{1000 * (first - scanned):.0f} ms"),
            ("all thumbnails in sight after", f"{1000 * (done - scanned):.0f} ms"),
        ],
    )
    assert first - scanned < 1.0


@pytest.mark.parametrize(("way", "step"), [("line by line", 52), ("page by page", 700), ("anywhere", 0)])
def test_scrolling(many, view, qtbot, capsys, way, step) -> None:
    """Among 100 000 images, 95 of 100 frames are there within a sixtieth of a second."""
    index = scan(many, DataSpec())
    view.set_pictures(index, np.arange(len(index)))
    bar, chance = view.verticalScrollBar(), np.random.default_rng(0)
    beat = Heartbeat()
    beat.start()
    frames = []
    for _ in range(400):
        began = time.perf_counter()
        bar.setValue(bar.value() + step if step else int(chance.integers(0, bar.maximum())))
        view.viewport().repaint()
        frames.append(1000 * (time.perf_counter() - began))
        # What is loaded arrives between two frames, as it does in the window.
        until = time.perf_counter() + max(0.0, (FRAME_MS - frames[-1]) / 1000)
        while time.perf_counter() < until:
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 2)
    beat.stop()
    frames.sort()
    p95 = frames[int(0.95 * len(frames))]
    print_table(
        capsys,
        f"Scrolling {GRID:,} images {way}, {len(frames)} frames",
        [
            ("median", f"{statistics.median(frames):.1f} ms a frame"),
            ("95 %", f"{p95:.1f} ms"),
            ("worst", f"{frames[-1]:.1f} ms"),
            ("ticks of the GUI thread, 95 %", f"{beat.percentile(0.95):.1f} ms late"),
        ],
    )
    assert p95 < FRAME_MS


# ---- damaged files


@pytest.mark.parametrize("count", [2000])
def test_damaged_images(shared_data, capsys, count) -> None:
    """Of thousands of damaged files, none lets anything but a sentence out, takes 2 s or 1 GB. A new seed each time."""
    seed = secrets.randbelow(2**31)
    command = [sys.executable, str(ROOT / "tests/engine/fuzz_pictures.py"), str(seed), "0", str(count)]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, str(shared_data / "nasty")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, f"seed {seed}: {done.stdout[-300:]} {done.stderr[-3000:]}"
    *found, summary = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    rows = [
        ("seed", str(seed)),
        ("files", f"{count:,} of {summary['files']} originals in {time.perf_counter() - began:.1f} s"),
        ("longest", f"{summary['longest']:.2f} s for three readers"),
        ("largest", f"{summary['largest']} MB"),
    ]
    print_table(capsys, "Damaged images", rows)
    assert not found, found
