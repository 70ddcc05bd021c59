"""Run as a script by the measurements of epochs: one training in a process of its own.

Arguments: "atelier", "window", "in turns" or "plain"; a folder with `train` and `val`, each with one folder per class;
the seed; the number of epochs; an empty folder to work in. Prints one line of JSON: `epochs` (seconds of each,
validation included), `total` (seconds from the start of the process, imports and decoding included), `training` (the
same without the imports), `accuracy` (on `val`, after the last epoch), `own_memory` and `memory` (bytes at the peak of
this process, and with its largest child).
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

BEGAN = time.time()  # the interpreter itself started some hundredths of a second before, in all cases alike
SIDE, BATCH, RATE = 64, 32, 0.001


def atelier(folder: Path, seed: int, epochs: int, work: Path) -> dict:
    """Without a window, from an empty cache."""
    from engine.jobs import JobControl
    from engine.spec.files import write_project
    from engine.train.events import EpochDone
    from engine.train.job import start_run

    project = spec(folder, seed, epochs)
    path = work / "bench.atelier"
    write_project(project, path)
    began = time.perf_counter()
    done = [event for event in start_run(project, path, JobControl()) if isinstance(event, EpochDone)]
    return told([event.seconds for event in done], time.perf_counter() - began, done[-1].validation_accuracy)


def in_turns(folder: Path, seed: int, epochs: int, work: Path) -> dict:
    """In the real window, which every second epoch does nothing at all: the even ones (2, 4, ...) are served by it.

    What was told during an odd epoch is dealt with in the next, which so bears somewhat more than its own.
    """
    return window(folder, seed, epochs, work, stands_still_after=lambda epoch: epoch % 2 == 0 and epoch < epochs)


def window(
    folder: Path, seed: int, epochs: int, work: Path, stands_still_after: Callable[[int], bool] = lambda _: False
) -> dict:
    """In the real window, with the Train page in sight; from an empty cache."""
    from PySide6.QtCore import QEventLoop

    from engine.spec.files import write_project
    from engine.train import history
    from gui.app import create_app, keep_responsive, warming_up

    path = work / "bench.atelier"
    write_project(spec(folder, seed, epochs), path)
    _, shown = create_app([])
    collector = keep_responsive()
    shown.resize(1440, 900)
    shown.show()
    warm_up = warming_up(shown, collector)
    warm_up.start()
    studio, loop = shown.studio, QEventLoop()

    def stand_still(done: object) -> None:
        if stands_still_after(done.epoch):
            while len(history.read(studio.training.run.folder)) == done.epoch:
                time.sleep(0.01)

    studio.training.epoch_done.connect(stand_still)

    def wait_for(signal: object, condition: object) -> None:
        signal.connect(lambda *_: condition() and loop.quit())
        if not condition():
            loop.exec()

    began = time.perf_counter()
    studio.open_project(path)
    wait_for(studio.data.changed, lambda: studio.data.state == "ready")
    shown.go_to("train")
    studio.training.start()
    wait_for(studio.training.ended, lambda: studio.training.state == "idle")
    done = studio.training.epochs
    return told([line.seconds for line in done], time.perf_counter() - began, done[-1].validation_accuracy)


def spec(folder: Path, seed: int, epochs: int) -> object:
    """What is trained: three convolutions of 32, 64 and 128 filters, each with batch norm and max pool."""
    from dataclasses import replace

    from engine.compile import Facts
    from engine.project import starting_spec
    from engine.spec import Chosen
    from engine.templates import fitted

    project = starting_spec(Chosen("folder", {"path": str(folder)}), size=SIDE)
    classes = tuple(sorted(each.name for each in (folder / "train").iterdir()))
    data = replace(project.data, size=SIDE, classes=classes, augment=(Chosen("mirror"),))
    network = fitted("small-vgg", Facts(data.shape, len(classes)))
    plain = {"optimizer": Chosen("adamw", {"weight_decay": 0.01}), "schedule": Chosen("constant")}
    recipe = replace(
        project.recipe, epochs=epochs, batch_size=BATCH, learning_rate=RATE, seed=seed, patience=0, **plain
    )
    return replace(project, data=data, network=network, recipe=recipe)


def plain(folder: Path, seed: int, epochs: int, work: Path) -> dict:
    """What everybody writes first: ImageFolder, a DataLoader with two workers, a loop in float32."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    began = time.perf_counter()
    torch.manual_seed(seed)

    def loader(part: str) -> DataLoader:
        training = part == "train"
        steps = [transforms.Resize(SIDE), transforms.CenterCrop(SIDE)]
        steps += [transforms.RandomHorizontalFlip()] if training else []
        steps += [transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.25] * 3)]
        pictures = datasets.ImageFolder(str(folder / part), transforms.Compose(steps))
        return DataLoader(pictures, BATCH, shuffle=training, num_workers=2)

    layers, channels = [], 3
    for filters in (32, 64, 128):
        convolution = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 2))
    training, validation, loss_fn = loader("train"), loader("val"), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    seconds = []
    for _ in range(epochs):
        start = time.perf_counter()
        network.train()
        for pictures, labels in training:
            optimizer.zero_grad()
            loss_fn(network(pictures), labels).backward()
            optimizer.step()
        network.eval()
        right = 0
        with torch.no_grad():
            for pictures, labels in validation:
                right += (network(pictures).argmax(1) == labels).sum().item()
        seconds.append(time.perf_counter() - start)
    return told(seconds, time.perf_counter() - began, right / len(validation.dataset))


def told(epochs: list[float], training: float, accuracy: float) -> dict:
    """The answer, with the memory at the peak."""
    import resource

    own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    unit = 1 if sys.platform == "darwin" else 1024
    total = time.time() - BEGAN
    return {
        "epochs": epochs,
        "total": total,
        "training": training,
        "accuracy": accuracy,
        "own_memory": own * unit,
        "memory": (own + child) * unit,
    }


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    name, folder, seed, epochs, work = sys.argv[1:]
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    answer = {"atelier": atelier, "window": window, "in turns": in_turns, "plain": plain}[name](
        Path(folder), int(seed), int(epochs), Path(work)
    )
    print(json.dumps(answer), flush=True)
    os._exit(0)  # what is measured is over
