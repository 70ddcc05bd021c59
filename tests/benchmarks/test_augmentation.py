"""What augmentations cost: the usual ones beside a step of training, and each beside torchvision's, image by image."""

import statistics
import time
from collections.abc import Callable

import pytest
import torch
from report import print_table, spread
from torchvision.transforms import v2

from engine.compile import Facts
from engine.compile.module import build
from engine.data.augment import AUGMENTATIONS, Augmenter
from engine.spec.data import Chosen
from engine.tasks import Classification
from engine.templates import fitted

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

SIDE, BATCH, TIMES = 64, 32, 30
USUAL = (Chosen("mirror"), Chosen("rotate"), Chosen("zoom"))

RIVALS: dict[str, v2.Transform] = {
    "mirror": v2.RandomHorizontalFlip(),
    "flip": v2.RandomVerticalFlip(),
    "rotate": v2.RandomRotation(10, v2.InterpolationMode.BILINEAR),
    "shift": v2.RandomAffine(0, translate=(0.1, 0.1), interpolation=v2.InterpolationMode.BILINEAR),
    "zoom": v2.RandomAffine(0, scale=(0.9, 1.1), interpolation=v2.InterpolationMode.BILINEAR),
    "shear": v2.RandomAffine(0, shear=(-10, 10, -10, 10), interpolation=v2.InterpolationMode.BILINEAR),
    "perspective": v2.RandomPerspective(0.2, p=1.0),
    "elastic": v2.ElasticTransform(),
    "brightness": v2.ColorJitter(brightness=0.2),
    "contrast": v2.ColorJitter(contrast=0.2),
    "saturation": v2.ColorJitter(saturation=0.3),
    "hue": v2.ColorJitter(hue=0.055),
    "invert": v2.RandomInvert(),
    "permute": v2.RandomChannelPermutation(),
    "blur": v2.RandomApply([v2.GaussianBlur(7, (0.01, 1.0))], 0.5),
    "noise": v2.RandomApply([v2.GaussianNoise(sigma=0.05)], 0.5),
    "jpeg": v2.RandomApply([v2.Compose([v2.ToDtype(torch.uint8, True), v2.JPEG((30, 100))])], 0.5),
    "erase": v2.RandomErasing(0.5, scale=(0.02, 0.2), value="random"),
}
"""The nearest like of each that is applied to one image; torchvision draws one setting for all that it is given."""

RIVAL_OF_USUAL = v2.Compose(
    [
        v2.RandomHorizontalFlip(),
        v2.RandomAffine(10, scale=(0.9, 1.1), interpolation=v2.InterpolationMode.BILINEAR),
    ]
)


def milliseconds(work: Callable[[], object], times: int = TIMES) -> list[float]:
    """How long each of `times` calls took, after a few that warm up."""
    found = []
    for number in range(times + 3):
        began = time.perf_counter()
        work()
        if number >= 3:
            found.append((time.perf_counter() - began) * 1e3)
    return found


def images() -> torch.Tensor:
    x = torch.rand(BATCH, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return x.contiguous(memory_format=torch.channels_last)


def ours(*chosen: Chosen) -> Callable[[], object]:
    augmenter, generator, x = Augmenter(chosen, (SIDE, SIDE)), torch.Generator().manual_seed(0), images()
    return lambda: augmenter(x, generator)


def one_by_one(transform: v2.Transform) -> Callable[[], object]:
    """As data loaders do it, each image on its own; contiguous ones are what torchvision is fast at."""
    x = images().contiguous()
    return lambda: [transform(image) for image in x]


def training_step() -> Callable[[], object]:
    """Forward, backward and optimizer of the small VGG template, as the trainer does them in float32."""
    facts = Facts((3, SIDE, SIDE), 2)
    torch.manual_seed(0)
    network = build(fitted("small-vgg", facts), facts).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters())
    task, x, labels = Classification(2), images(), torch.arange(BATCH) % 2

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        task.loss(network(x), labels).backward()
        optimizer.step()

    return step


def in_turn(*works: Callable[[], object], rounds: int = 3) -> list[list[float]]:
    """Measure all of them several times in turn, so that a busy moment of the machine does not meet one alone."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for times, work in zip(found, works, strict=True):
            times += milliseconds(work, TIMES // rounds)
    return found


def test_the_usual_augmentations_beside_a_step_of_training(capsys) -> None:
    """Mirror, rotate and zoom: below 15 % of a step."""
    step, usual, rival = in_turn(training_step(), ours(*USUAL), one_by_one(RIVAL_OF_USUAL))
    share = statistics.median(usual) / statistics.median(step)
    rows = [
        ("one step of small-vgg, float32", spread(step, "ms", 1)),
        ("mirror + rotate + zoom", spread(usual, "ms")),
        ("share of a step", f"{share:.1%}"),
        ("torchvision, image by image", spread(rival, "ms", 1)),
        ("ratio", f"{statistics.median(rival) / statistics.median(usual):.0f}×"),
    ]
    print_table(capsys, f"{BATCH} images of 3 × {SIDE} × {SIDE}", rows)
    assert share < 0.15


def test_each_augmentation_beside_a_step_and_torchvision(capsys) -> None:
    """As everybody gets them, with their usual settings. None costs more than a fifth of a step."""
    (step,) = in_turn(training_step())
    rows, worst = [], 0.0
    for kind in AUGMENTATIONS:
        rival = RIVALS.get(kind.name)
        works = [ours(Chosen(kind.name))] + ([one_by_one(rival)] if rival is not None else [])
        times, *theirs = in_turn(*works)
        share = statistics.median(times) / statistics.median(step)
        worst = max(worst, share)
        ratio = statistics.median(theirs[0]) / statistics.median(times) if theirs else 0.0
        beside = f", torchvision {statistics.median(theirs[0]):.1f} ms = {ratio:.1f}×" if theirs else ""
        rows.append((kind.title, f"{spread(times, 'ms')}, {share:.1%} of a step{beside}"))
    every = in_turn(ours(*(Chosen(kind.name) for kind in AUGMENTATIONS)))[0]
    share = statistics.median(every) / statistics.median(step)
    rows.append(("all together", f"{spread(every, 'ms')}, {share:.1%} of a step"))
    print_table(capsys, f"{BATCH} images of 3 × {SIDE} × {SIDE}, a step takes {spread(step, 'ms', 1)}", rows)
    assert worst < 0.2
