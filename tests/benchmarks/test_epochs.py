"""Epochs from a folder of 4 000 JPEGs: Atelier against the loop that everybody writes first, and its own window.

The rival is plain PyTorch: ImageFolder, a DataLoader with two workers, the usual transforms, the same layers, optimizer
and learning rate, float32. Both train in turns in processes of their own, on the same images with the same batch size,
mirror augmentation and number of epochs; Atelier starts without any cache, validates and writes its checkpoints; the
rival only trains and validates.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from epochs import SIDE
from PIL import Image
from report import print_table, spread

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

EPOCHS, SEEDS = 5, (0, 1, 2)
PICTURES = {"train": 3200, "val": 800}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JPEGs of about 256 x 256, what a photograph made small for a data set has."""
    folder = tmp_path_factory.mktemp("jpegs")
    shared = Path(os.environ.get("ATELIER_SHARED_DATA") or ROOT.parent / "shared" / "data") / "muffin-chihuahua"
    for part, count in PICTURES.items():
        if shared.is_dir():
            cut_up(shared / {"train": "train", "val": "test"}[part], folder / part, count)
        else:
            make_up(folder / part, count)
    return folder


def cut_up(source: Path, target: Path, count: int) -> None:
    """Several cuttings of each photograph, so that there are as many as wanted."""
    random = np.random.default_rng(0)
    classes = sorted(each for each in source.iterdir() if each.is_dir())
    for one in classes:
        (target / one.name).mkdir(parents=True)
        paths = sorted(path for path in one.iterdir() if path.is_file())
        for number in range(count // len(classes)):
            with Image.open(paths[number % len(paths)]) as picture:
                width, height = picture.size
                side = int(min(width, height) * random.uniform(0.75, 1.0))
                left, top = int(random.integers(width - side + 1)), int(random.integers(height - side + 1))
                piece = picture.convert("RGB").resize((256, 256), box=(left, top, left + side, top + side))
            piece.save(target / one.name / f"{number:05d}.jpg", quality=90)


def make_up(target: Path, count: int) -> None:
    """Something like photographs: soft shapes and noise at all scales; the classes differ in how rough they are."""
    random = np.random.default_rng(len(target.name))
    for name, roughness in (("rough", 1.0), ("smooth", 1.35)):
        (target / name).mkdir(parents=True)
        frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256))) + 1 / 256
        for number in range(count // 2):
            falling = frequency ** -(roughness + random.normal(0, 0.1))
            noise = np.fft.fft2(random.normal(size=(3, 256, 256))) * falling
            picture = np.real(np.fft.ifft2(noise))
            picture = 128 + 50 * (picture - picture.mean()) / picture.std()
            pixels = np.clip(picture, 0, 255).astype(np.uint8).transpose(1, 2, 0)
            Image.fromarray(pixels).save(target / name / f"{number:05d}.jpg", quality=90)


def trained(name: str, photographs: Path, work: Path, seed: int = 0, epochs: int = EPOCHS) -> dict:
    """One training in a process of its own, in empty folders of its own; see `epochs`."""
    work.mkdir()
    folders = {name: str(work) for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}
    cores = {"OMP_NUM_THREADS": str(os.cpu_count()), "PYTHONPATH": str(ROOT)}
    arguments = [name, str(photographs), str(seed), str(epochs), str(work)]
    script = Path(__file__).with_name("epochs.py")
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**os.environ, **folders, **cores},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(work)
    return json.loads(done.stdout.splitlines()[-1])


def test_epochs_from_jpegs_against_plain_pytorch(photographs: Path, tmp_path: Path, capsys) -> None:
    """Four times as fast from the second epoch on, a third of the time from a cold start, and as good."""
    ours, theirs = [], []
    for seed in SEEDS:
        ours.append(trained("atelier", photographs, tmp_path / "ours", seed))
        theirs.append(trained("plain", photographs, tmp_path / "theirs", seed))
    our_epochs, their_epochs = ([each for one in many for each in one["epochs"][1:]] for many in (ours, theirs))
    epoch_ratio = statistics.median(their_epochs) / statistics.median(our_epochs)
    total_ratios = [our["training"] / their["training"] for our, their in zip(ours, theirs, strict=True)]
    with_imports = [our["total"] / their["total"] for our, their in zip(ours, theirs, strict=True)]
    accuracies = [[100 * each["accuracy"] for each in many] for many in (ours, theirs)]
    difference = statistics.mean(accuracies[0]) - statistics.mean(accuracies[1])
    noise = 100 * (2 * 0.25 / PICTURES["val"] / len(SEEDS)) ** 0.5  # the widest deviation of a difference of two shares
    spreads = [statistics.stdev(each) / len(SEEDS) ** 0.5 for each in accuracies]
    noise = max(noise, (spreads[0] ** 2 + spreads[1] ** 2) ** 0.5)
    memory = [max(each["own_memory"] for each in ours), max(each["own_memory"] for each in theirs)]
    all_memory = max(each["memory"] for each in theirs)
    print_table(
        capsys,
        f"{sum(PICTURES.values())} JPEGs of 256 x 256 to {SIDE} x {SIDE}, three convolutions, {EPOCHS} epochs, 3 seeds",
        [
            ("Atelier, an epoch from the second on", spread(our_epochs)),
            ("plain PyTorch, likewise", spread(their_epochs)),
            ("ratio of medians", f"{epoch_ratio:.2f} times as fast"),
            ("Atelier in total, decoding included", spread([each["training"] for each in ours])),
            ("plain PyTorch in total", spread([each["training"] for each in theirs])),
            ("share of its time, turn by turn", ", ".join(f"{ratio:.2f}" for ratio in total_ratios)),
            ("the same with all imports", ", ".join(f"{ratio:.2f}" for ratio in with_imports)),
            ("accuracy, Atelier", spread(accuracies[0], "%", 1)),
            ("accuracy, plain PyTorch", spread(accuracies[1], "%", 1)),
            ("difference of the means", f"{difference:+.1f} points, noise {noise:.1f}"),
            ("memory at the peak, Atelier", f"{memory[0] / 2**20:.0f} MB"),
            ("plain PyTorch, without and with a worker", f"{memory[1] / 2**20:.0f} and {all_memory / 2**20:.0f} MB"),
        ],
    )
    assert epoch_ratio >= 4.0
    assert statistics.median(total_ratios) <= 0.35
    assert difference > -3 * noise
    assert memory[0] <= 1.3 * all_memory


def test_the_window_costs_little(photographs: Path, tmp_path: Path, capsys) -> None:
    """An epoch with the Train page in sight takes at most 3 % longer than one in which the window does nothing.

    Both are epochs of one training, in turns: from process to process and minute to minute, the same epoch takes up to
    1.5 times as long on a shared machine.
    """
    served, alone = [], []
    for turn in range(3):
        seconds = trained("in turns", photographs, tmp_path / f"{turn}", epochs=18)["epochs"]
        alone += seconds[2::2]
        served += seconds[3::2]
    ratio = statistics.median(with_it / without for with_it, without in zip(served, alone, strict=True))
    rows = [("the window does nothing", spread(alone)), ("it follows the training", spread(served))]
    print_table(capsys, "Epochs in turns, 24 pairs", [*rows, ("median of the ratios", f"{ratio:.3f}")])
    assert ratio <= 1.03
