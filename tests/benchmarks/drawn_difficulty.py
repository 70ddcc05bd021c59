"""How hard is the drawn sample? Train three small networks on it with plain PyTorch and print a table.

    python tests/benchmarks/drawn_difficulty.py [--train 600] [--epochs 20] [--seeds 3]

Wanted: one dense layer below 80 %, an MLP (50 hidden) below 92 %, a small convolutional network above 97 % within a
minute on two cores. Validation pictures are 1 000 fresh drawings, no seed shared with training: a held-out 15 % of 600
would measure to no better than 2 points.
"""

import argparse
import io
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from engine.data.drawn import CLASSES, draw

SIDE = 64  # the pictures are drawn at 128 and stored as JPEG, as in the sample; the network receives them at half that
FRESH_SEED = 50_000_000


def drawings(count: int, first_seed: int) -> tuple[Tensor, Tensor]:
    """(count, 3, SIDE, SIDE) float32 about -1..1 and (count,) class numbers."""
    pictures, labels = [], []
    for index in range(count):
        number, label = divmod(index, len(CLASSES))
        stored = io.BytesIO()
        draw(CLASSES[label], first_seed + number).save(stored, "JPEG", quality=92)
        small = Image.open(stored).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        pictures.append(np.asarray(small, dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1)
        labels.append(label)
    return torch.from_numpy(np.stack(pictures)), torch.tensor(labels)


def dense() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, len(CLASSES)))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 50), nn.ReLU(), nn.Linear(50, len(CLASSES)))


def small_vgg() -> nn.Module:
    layers, channels = [], 3
    for filters in (32, 64, 128):
        layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, len(CLASSES)))


def augmented(pictures: Tensor) -> Tensor:
    """Mirror half of the batch and shift it as a whole by up to 4 pixels."""
    mirror = torch.rand(len(pictures)) < 0.5
    pictures = torch.where(mirror[:, None, None, None], pictures.flip(3), pictures)
    down, right = torch.randint(0, 9, (2,)).tolist()
    return functional.pad(pictures, (4, 4, 4, 4), mode="replicate")[:, :, down : down + SIDE, right : right + SIDE]


def train(network: nn.Module, pictures: Tensor, labels: Tensor, epochs: int, augment: bool) -> None:
    batch = 32
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3 if augment else 5e-4)
    steps = epochs * -(-len(pictures) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, optimizer.param_groups[0]["lr"], total_steps=steps)
    for _ in range(epochs):
        network.train()
        for chosen in torch.randperm(len(pictures)).split(batch):
            given = augmented(pictures[chosen]) if augment else pictures[chosen]
            loss = functional.cross_entropy(
                network(given.contiguous(memory_format=torch.channels_last)), labels[chosen]
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()


@torch.no_grad()
def accuracy(network: nn.Module, pictures: Tensor, labels: Tensor) -> float:
    network.eval()
    answers = torch.cat([network(part).argmax(1) for part in pictures.split(250)])
    return (answers == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=int, default=600, help="training pictures")
    parser.add_argument("--fresh", type=int, default=1000, help="validation pictures")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    started = time.perf_counter()
    fresh = drawings(arguments.fresh, FRESH_SEED)
    sets = [drawings(arguments.train, seed * 1_000_003) for seed in range(arguments.seeds)]
    print(f"drawn in {time.perf_counter() - started:.1f} s; {arguments.train} to train, {arguments.fresh} fresh\n")
    print("| network | train | fresh, per seed | mean | s/run |\n|---|---|---|---|---|")
    for make, augment in ((dense, False), (mlp, False), (small_vgg, True)):
        known, new, seconds = [], [], []
        for seed, (pictures, labels) in enumerate(sets):
            torch.manual_seed(seed)
            network, begun = make().to(memory_format=torch.channels_last), time.perf_counter()
            train(network, pictures, labels, arguments.epochs, augment)
            seconds.append(time.perf_counter() - begun)
            known.append(accuracy(network, pictures, labels))
            new.append(accuracy(network, *fresh))
        each = ", ".join(f"{value:.1%}" for value in new)
        print(
            f"| {make.__name__} | {statistics.mean(known):.1%} | {each} | {statistics.mean(new):.1%} "
            f"| {statistics.mean(seconds):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
