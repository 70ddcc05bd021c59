"""What the watched images cost a training."""

import time
from pathlib import Path

import pytest
from conftest import draw_pictures
from report import print_table

from engine.jobs import JobControl
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.spec.network import chain
from engine.train import trainer
from engine.train.events import Watched
from engine.train.job import start_run
from engine.train.pins import Pins, pins_file, write_pins

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

MOST = 0.03  # of the time of a training


def network(filters: tuple[int, ...]):
    """Convolutions with batch norm, and a pooling after each."""
    layers = [("image", {})]
    for count in filters:
        layers += [("conv2d", {"filters": count}), ("batch_norm", {}), ("relu", {}), ("max_pool", {})]
    return chain([*layers, ("flatten", {}), ("classes", {})])


@pytest.mark.parametrize(
    ("name", "side", "filters", "epochs"),
    [
        ("tiny", 16, (4,), 60),
        ("32-64-128 filters", 64, (32, 64, 128), 4),
        ("64-128-256 filters", 96, (64, 128, 256), 2),
    ],
)
@pytest.mark.parametrize("pinned", [0, 24])
def test_looking_at_watched_images(name, side, filters, epochs, pinned, tmp_path: Path, monkeypatch, capsys) -> None:
    """All looks together take less than 3 % of a training, whatever the network, and with pins too.

    The one at the very end, for the last answers to what is pinned, is told but not counted: it holds nothing up.
    """
    draw_pictures(tmp_path / "pictures", per_class=150, side=side)
    photographs = sorted((tmp_path / "pictures").rglob("*.png"))[:pinned]
    data = DataSpec(size=side, source=Chosen("folder", {"path": str(tmp_path / "pictures")}))
    recipe = RecipeSpec(epochs=epochs, batch_size=32, device="cpu", precision="float32")
    path = tmp_path / "project" / "P.atelier"
    path.parent.mkdir()
    write_pins(pins_file(path), Pins((), tuple(map(str, photographs))))
    looks: list[float] = []
    real = trainer._Loop._watch

    def timed(self, epoch: int, total: int, **more: bool) -> None:
        began = time.perf_counter()
        real(self, epoch, total, **more)
        looks.append(time.perf_counter() - began)

    monkeypatch.setattr(trainer._Loop, "_watch", timed)
    began = None
    for event in start_run(ProjectSpec(data, network(filters), recipe), path, JobControl()):
        if began is None and isinstance(event, Watched):
            began = time.perf_counter()  # the first look finds everything cold, and reads the pins
            looks.clear()
    seconds = time.perf_counter() - began
    last = looks.pop() if pinned else 0.0
    share = sum(looks) / (seconds - last)
    rows = [
        ("looks", f"{len(looks)} in {seconds:.1f} s, {len(looks) / seconds:.1f} a second"),
        ("one look", f"{1000 * sum(looks) / max(1, len(looks)):.1f} ms"),
        ("the last look", f"{1000 * last:.1f} ms"),
        ("share of the training", f"{100 * share:.2f} %"),
    ]
    print_table(capsys, f"Watched images, {name}, {pinned} photographs pinned", rows)
    assert share < MOST
