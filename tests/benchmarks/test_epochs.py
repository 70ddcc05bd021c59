"""Epochs from a folder of JPEGs: Atelier against the loop that everybody writes first.

The rival is plain PyTorch: ImageFolder, a DataLoader with two workers, the usual transforms, the same layers, float32.
Both run in turns on the same pictures with the same batch size, mirror augmentation and number of epochs; Atelier
starts without any cache, validates and writes its checkpoints; the rival only trains and validates.
"""

import statistics
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from report import print_table, spread
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from engine.data.drawn import write_sample
from engine.jobs import JobControl
from engine.project import starting_spec
from engine.spec import Chosen
from engine.spec.files import write_project
from engine.train.events import EpochDone
from engine.train.job import start_run

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

SIDE, BATCH, EPOCHS, PICTURES = 64, 32, 5, 600


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JPEGs of 256 x 256, about what a photograph made small for a data set has; train and val apart for the rival."""
    folder = tmp_path_factory.mktemp("jpegs")
    write_sample(folder / "train", count=PICTURES, seed=1, side=256)
    write_sample(folder / "val", count=PICTURES // 5, seed=2, side=256)
    return folder


def atelier(photographs: Path, work: Path) -> tuple[list[float], float]:
    """Seconds of every epoch, and in all, decoding included. A fresh folder is a fresh cache."""
    data = photographs.rename(work / "data")
    try:
        source = Chosen("folder", {"path": str(data)})
        project = starting_spec(source, size=SIDE)
        data_spec = replace(project.data, classes=("chihuahua", "muffin"), augment=(Chosen("mirror"),))
        recipe = replace(project.recipe, epochs=EPOCHS, batch_size=BATCH)
        project = replace(project, data=data_spec, recipe=recipe)
        path = work / "bench.atelier"
        write_project(project, path)
        began = time.perf_counter()
        events = start_run(project, path, JobControl())
        seconds = [event.seconds for event in events if isinstance(event, EpochDone)]
        return seconds, time.perf_counter() - began
    finally:
        data.rename(photographs)


def small_vgg() -> nn.Module:
    layers, channels = [], 3
    for filters in (32, 64, 128):
        convolution = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 2))


def loader(folder: Path, *, training: bool) -> DataLoader:
    steps = [transforms.Resize(SIDE), transforms.CenterCrop(SIDE)]
    steps += [transforms.RandomHorizontalFlip()] if training else []
    steps += [transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.25] * 3)]
    pictures = datasets.ImageFolder(str(folder), transforms.Compose(steps))
    return DataLoader(pictures, BATCH, shuffle=training, num_workers=2)


def plain_pytorch(photographs: Path) -> tuple[list[float], float]:
    """The same in the plainest way."""
    began = time.perf_counter()
    torch.manual_seed(0)
    training, validation = loader(photographs / "train", training=True), loader(photographs / "val", training=False)
    network, loss_fn = small_vgg(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.001)
    epochs = []
    for _ in range(EPOCHS):
        start = time.perf_counter()
        network.train()
        for pictures, labels in training:
            optimizer.zero_grad()
            loss = loss_fn(network(pictures), labels)
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            for pictures, labels in validation:
                (network(pictures).argmax(1) == labels).sum().item()
        epochs.append(time.perf_counter() - start)
    return epochs, time.perf_counter() - began


def test_epochs_from_jpegs_against_plain_pytorch(photographs: Path, tmp_path: Path, capsys) -> None:
    """At least twice as fast from the second epoch on, and never slower in total."""
    ours, theirs, our_totals, their_totals = [], [], [], []
    for turn in range(3):
        work = tmp_path / str(turn)
        work.mkdir()
        epochs, total = atelier(photographs, work)
        ours += epochs[1:]
        our_totals.append(total)
        epochs, total = plain_pytorch(photographs)
        theirs += epochs[1:]
        their_totals.append(total)
    epoch_ratio = statistics.median(theirs) / statistics.median(ours)
    total_ratios = [their / our for our, their in zip(our_totals, their_totals, strict=True)]
    print_table(
        capsys,
        f"{PICTURES} JPEGs of 256 x 256 to {SIDE} x {SIDE}, small VGG, {EPOCHS} epochs, 3 turns",
        [
            ("Atelier, an epoch from the second on", spread(ours)),
            ("plain PyTorch, likewise", spread(theirs)),
            ("ratio of medians", f"{epoch_ratio:.1f} times as fast"),
            ("Atelier in total, decoding included", spread(our_totals)),
            ("plain PyTorch in total", spread(their_totals)),
            ("ratio turn by turn", ", ".join(f"{ratio:.1f}" for ratio in total_ratios)),
        ],
    )
    assert epoch_ratio >= 2.0
    assert min(total_ratios) >= 1.0
