"""The network's place: how soon an edit is understood, a network opened, a frame drawn."""

import gc
import statistics
import time
from collections.abc import Callable

import pytest
import torch
import torchvision
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QGraphicsScene, QGraphicsView
from report import print_table, spread

from engine.compile import Facts, infer
from engine.compile.module import build
from engine.spec.network import chain, set_param
from engine.templates import fitted
from gui.canvas import NetworkCanvas

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

FACTS = Facts((3, 224, 224), 1000)


def measured(work: Callable[[int], object], times: int) -> list[float]:
    """Milliseconds of each call of `work`."""
    gc.disable()
    found = []
    for number in range(times):
        began = time.perf_counter()
        work(number)
        found.append((time.perf_counter() - began) * 1e3)
    gc.enable()
    return found


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def test_an_edit_of_resnet50_against_running_it_on_the_meta_device(capsys) -> None:
    """Shapes, parameters and costs anew after one edit: below 5 ms. The rival asks torch: build on the meta device and
    run an image through."""
    network = fitted("resnet50", FACTS)
    infer(network, FACTS)
    edited = [set_param(network, f"bottleneck_{1 + n % 16}", "filters", 33 + n) for n in range(200)]
    fresh = measured(lambda n: infer(edited[n], FACTS), 200)

    def ask_torch(number: int) -> None:
        with torch.device("meta"), torch.no_grad():
            build(network, FACTS).eval()(torch.empty(1, 3, 224, 224))

    rival = measured(ask_torch, 7)
    rows = [
        ("one edit, another width each time", spread(fresh, "ms")),
        ("95 %", f"{p95(fresh):.2f} ms"),
        ("torch on the meta device", spread(rival, "ms")),
        ("ratio", f"{statistics.median(rival) / statistics.median(fresh):.0f}×"),
    ]
    print_table(capsys, "infer of ResNet-50 after an edit", rows)
    assert p95(fresh) < 5


def test_opening_resnet50_on_the_canvas(qtbot, capsys) -> None:
    """From the drawn network to its first painted picture: below 300 ms, also with every block opened in place."""
    network = fitted("resnet50", FACTS)
    report = infer(network, FACTS)

    def open_it(insides: bool) -> Callable[[int], object]:
        def work(_: int) -> None:
            canvas = NetworkCanvas()
            canvas.resize(1000, 900)
            canvas.set_network(network, report)
            if insides:
                canvas.set_opened(canvas.scene.all_blocks())
            canvas.grab()
            canvas.deleteLater()

        return work

    open_it(False)(0)  # fonts and icons are loaded once for the whole program
    plain, opened = measured(open_it(False), 9), measured(open_it(True), 9)
    with torch.no_grad():
        rival = measured(lambda _: torchvision.models.resnet50(), 5)
    rows = [
        ("with blocks", spread(plain, "ms", 0)),
        ("every block opened", spread(opened, "ms", 0)),
        ("torchvision builds its ResNet-50", spread(rival, "ms", 0)),
    ]
    print_table(capsys, "Opening ResNet-50 on the canvas", rows)
    assert statistics.median(plain) < 300
    assert statistics.median(opened) < 300


def long_network(layers: int):
    """Convolutions with normalisation and ReLU, pooled now and then."""
    found = [("image", {})]
    while len(found) < layers - 2:
        kind = ("conv2d", "batch_norm", "relu")[len(found) % 3]
        found.append((kind, {"filters": 64} if kind == "conv2d" else {}))
    return chain([*found, ("global_avg_pool", {}), ("classes", {})])


def frames(view: QGraphicsView, moves: list[Callable[[], None]]) -> list[float]:
    """Milliseconds to draw the whole view after each move, as at the worst of a pan or zoom."""
    image = QImage(view.viewport().size(), QImage.Format.Format_ARGB32_Premultiplied)

    def draw(number: int) -> None:
        moves[number]()
        painter = QPainter(image)
        view.render(painter)
        painter.end()

    return measured(draw, len(moves))


def test_two_hundred_layers_pan_and_zoom_at_sixty_frames(qtbot, capsys) -> None:
    """95 of 100 frames below 16 ms. The rival is a bare scene of as many plain rectangles."""
    network = long_network(200)
    canvas = NetworkCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(1000, 900)
    with qtbot.waitExposed(canvas):
        canvas.show()
    canvas.set_network(network, infer(network, Facts((3, 64, 64), 10)))
    view = canvas.view
    bar = view.verticalScrollBar()
    pan = [lambda n=n: bar.setValue(round(bar.maximum() * n / 199)) for n in range(200)]
    zoom = [lambda n=n: canvas.set_zoom(0.1 + 1.4 * abs(50 - n % 100) / 50) for n in range(200)]
    canvas.set_zoom(1.0)
    panned = frames(view, pan)
    zoomed = frames(view, zoom)
    canvas.fit()
    whole = frames(view, [lambda: None] * 60)

    scene = QGraphicsScene()
    for number in range(200):
        scene.addRect(
            QRectF(QPointF(-173, 66 * number), QPointF(173, 66 * number + 52)), QColor("gray"), QColor("white")
        )
    bare = QGraphicsView(scene)
    qtbot.addWidget(bare)
    bare.resize(1000, 900)
    with qtbot.waitExposed(bare):
        bare.show()
    side = bare.verticalScrollBar()
    rival = frames(bare, [lambda n=n: side.setValue(round(side.maximum() * n / 199)) for n in range(200)])
    rows = [
        ("pan", f"{spread(panned, 'ms', 1)}, 95 %: {p95(panned):.1f} ms"),
        ("zoom", f"{spread(zoomed, 'ms', 1)}, 95 %: {p95(zoomed):.1f} ms"),
        ("all 200 at once", f"{spread(whole, 'ms', 1)}, 95 %: {p95(whole):.1f} ms"),
        ("200 plain rectangles, pan", f"{spread(rival, 'ms', 1)}, 95 %: {p95(rival):.1f} ms"),
    ]
    print_table(capsys, "A frame of a network of 200 layers", rows)
    assert p95(panned) < 16
    assert p95(zoomed) < 16
    assert p95(whole) < 16
