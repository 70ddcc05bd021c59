"""The charts: a million steps drawn, and what they keep of them."""

import time
import tracemalloc

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from report import print_table, spread

from gui.plots import Curves

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(300)]

STEPS, EPOCHS = 1_000_000, 10_000


@pytest.fixture
def chart(qtbot):
    chart = Curves("Loss")
    qtbot.addWidget(chart)
    chart.resize(520, 300)
    with qtbot.waitExposed(chart):
        chart.show()
    return chart


def noise(count: int) -> tuple[np.ndarray, np.ndarray]:
    """(count,) places from 0 to `EPOCHS`, and a falling loss with noise at each."""
    x = np.linspace(0, EPOCHS, count)
    return x, 2 * np.exp(-x / 2000) + 0.2 * np.random.default_rng(0).random(count)


def frame(chart: Curves) -> float:
    """Milliseconds that this thread works for one whole frame: numbers to lines, and lines to pixels."""
    began = time.thread_time()
    chart.repaint_now()
    chart._area.viewport().repaint()
    return 1000 * (time.thread_time() - began)


def test_frames_of_a_chart_with_a_million_steps(chart, capsys) -> None:
    """While new steps come in, a frame takes less than 16 ms, and no more than 3 times that of a thousand steps."""
    chart.set_planned(EPOCHS)
    few = noise(1000)
    chart.add_steps(*few)
    small = [frame(chart) for _ in range(30)][5:]
    chart.clear_steps()
    x, y = noise(STEPS)
    began = time.perf_counter()
    for start in range(0, STEPS, 20):  # as often as the events of a training come
        chart._numbers.steps.extend(x[start : start + 20], y[start : start + 20])
    feeding = time.perf_counter() - began
    epochs = np.arange(1.0, EPOCHS + 1)
    chart.set_epochs(epochs, np.exp(-epochs / 2000), np.exp(-epochs / 1500))
    chart.set_smoothing(0.9)
    large = []
    for step in range(60):
        chart.add_steps([EPOCHS + step / 100], [0.3])
        large.append(frame(chart))
    large = large[5:]
    rows = [
        ("a frame with 1 000 steps", spread(small, "ms")),
        ("a frame with 1 000 000 steps and 10 000 epochs, smooth", spread(large, "ms")),
        ("taking a step in", f"{1e6 * feeding / STEPS:.2f} µs, in pieces of 20"),
    ]
    print_table(capsys, "A chart of 520 x 300 pixels", rows)
    assert np.percentile(large, 95) < 16.0
    assert np.median(large) < 3 * np.median(small) + 2.0


def test_memory_of_a_million_steps_is_bounded(chart, capsys) -> None:
    """Ten million steps need no more memory than one million, and that is less than 6 MiB."""
    used = []
    tracemalloc.start()
    for million in range(10):
        x, y = noise(STEPS)
        chart.add_steps(x + million * EPOCHS, y)
        del x, y
        QCoreApplication.processEvents()
        used.append(tracemalloc.get_traced_memory()[0] / 2**20)
    tracemalloc.stop()
    rows = [("after 1 million", f"{used[0]:.1f} MiB"), ("after 10 million", f"{used[-1]:.1f} MiB")]
    print_table(capsys, "What a chart keeps of its steps", rows)
    assert used[-1] < 6
    assert used[-1] <= used[0] + 1
