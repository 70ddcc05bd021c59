"""Images a second on a graphics processor: Atelier against a loop that a good programmer writes by hand.

The rival holds all images on the device as bytes, shuffles and mirrors them there, computes in the same precision with
the same layout, layers and optimizer, and waits for the device once per epoch. It neither watches nor writes anything.
"""

import itertools
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from report import print_table, spread
from torch import Tensor, nn

from engine.compile import Facts
from engine.data.cache import Pictures
from engine.data.index import PATH_TYPE, TRAIN, VALIDATION, Index
from engine.project import starting_spec
from engine.spec import Chosen, ProjectSpec
from engine.spec.files import write_project
from engine.templates import fitted
from engine.train.events import EpochDone, RunStarted
from engine.train.trainer import train

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

SIDE, CLASSES, BATCH, RATE = 32, 10, 256, 0.001
IMAGES, EPOCHS, ROUNDS = 50_000, 6, 3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_images_a_second_on_a_gpu(tmp_path: Path, capsys) -> None:
    """At least 0.95 of the loop, as it is and compiled."""
    measure(torch.device("cuda"), IMAGES, tmp_path, capsys)


def measure(device: torch.device, images: int, folder: Path, capsys, ways: tuple[bool, ...] = (False, True)) -> None:
    """Train both in turns, print what they reach, and compare."""
    pictures = made_up(images, folder)
    speeds: dict[tuple[str, bool], list[float]] = {}
    for turn, compiled in itertools.product(range(ROUNDS), ways):
        ours, precision = atelier(pictures, device, compiled, folder / f"{turn}{compiled}")
        theirs = by_hand(pictures, device, compiled, precision)
        speeds.setdefault(("Atelier", compiled), []).extend(ours)
        speeds.setdefault(("by hand", compiled), []).extend(theirs)
    torch.compiler.reset()
    rows = [
        (f"{who}{', compiled' * compiled}", spread(each, "images/s", 0)) for (who, compiled), each in speeds.items()
    ]
    middle = {key: statistics.median(each) for key, each in speeds.items()}
    ratios = {compiled: middle["Atelier", compiled] / middle["by hand", compiled] for compiled in ways}
    rows += [(f"ratio of medians{', compiled' * compiled}", f"{ratio:.2f}") for compiled, ratio in ratios.items()]
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    print_table(capsys, f"{images} images of {SIDE} x {SIDE} on {name}, {precision}, batches of {BATCH}", rows)
    assert min(ratios.values()) >= 0.95


def made_up(count: int, folder: Path) -> Pictures:
    """Decoded pictures of noise; every tenth is for validation."""
    noise = np.random.default_rng(0)
    rows = noise.integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
    numbers = np.arange(count)
    labels = noise.integers(0, CLASSES, count).astype(np.int32)
    splits = np.where(numbers % 10 == 9, VALIDATION, TRAIN).astype(np.int8)
    names = tuple(f"class {number}" for number in range(CLASSES))
    nothing = np.zeros(count, np.int64)
    index = Index(folder, names, numbers.astype(PATH_TYPE), labels, splits, nothing, nothing, False)
    return Pictures(index, rows, numbers.astype(np.int64), {})


def project(pictures: Pictures, device: torch.device, compiled: bool) -> ProjectSpec:
    """Three convolutions of 32, 64 and 128 filters, each with batch norm and max pool."""
    spec = starting_spec(Chosen("folder", {"path": str(pictures.index.root)}), size=SIDE)
    data = replace(spec.data, size=SIDE, classes=pictures.index.classes, augment=(Chosen("mirror"),))
    recipe = replace(spec.recipe, epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE, patience=0, compiled=compiled)
    plain = {"optimizer": Chosen("adamw", {"weight_decay": 0.01}), "schedule": Chosen("constant")}
    recipe = replace(recipe, device=device.type, **plain)
    return replace(spec, data=data, network=fitted("small-vgg", Facts(data.shape, CLASSES)), recipe=recipe)


def atelier(pictures: Pictures, device: torch.device, compiled: bool, folder: Path) -> tuple[list[float], str]:
    """(images a second of each epoch after the first two, precision)."""
    folder.mkdir()
    spec, path = project(pictures, device, compiled), folder / "bench.atelier"
    write_project(spec, path)
    events = list(train(spec, pictures, path))
    precision = next(event.precision for event in events if isinstance(event, RunStarted))
    return [event.images_per_second for event in events if isinstance(event, EpochDone)][2:], precision


def by_hand(pictures: Pictures, device: torch.device, compiled: bool, precision: str) -> list[float]:
    """Images a second of each epoch after the first two."""
    layers: list[nn.Module] = []
    channels = 3
    for filters in (32, 64, 128):
        convolution = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))
    network = network.to(device, memory_format=torch.channels_last)
    forward = torch.compile(network) if compiled else network
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    numbers = pictures.readable(TRAIN)
    images = torch.from_numpy(pictures.rows[numbers]).permute(0, 3, 1, 2).to(device)
    labels = torch.from_numpy(pictures.index.labels[numbers].astype(np.int64)).to(device)
    loss_fn, speeds = nn.CrossEntropyLoss(), []
    for _ in range(EPOCHS):
        began = time.perf_counter()
        total = torch.zeros((), device=device)
        for chosen in torch.randperm(len(images), device=device).split(BATCH):
            x = mirrored(images[chosen].float().div_(127.5).sub_(1))
            optimizer.zero_grad()
            with torch.autocast(device.type, getattr(torch, precision), enabled=precision != "float32"):
                loss = loss_fn(forward(x), labels[chosen])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        total.item()  # waits for the device
        speeds.append(len(images) / (time.perf_counter() - began))
    return speeds[2:]


def mirrored(x: Tensor) -> Tensor:
    """Every second image, by chance, the other way round."""
    turned = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
    return torch.where(turned, x.flip(3), x)
