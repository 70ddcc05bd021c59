"""Train with the real sessions: pins in a running training and after a restart, replay, and a long run's memory."""

import gc
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from conftest import draw_pictures
from PySide6.QtCore import QCoreApplication, QTimer
from real_studio import hold_after, open_copy, open_project, running_studio, set_epochs, small_project, train, until

from engine.compile import infer
from engine.explain.filters import filters
from engine.train.kept import weights_at
from engine.train.pins import pins_file, read_pinned, read_pins
from gui.pages.network import NetworkPage
from gui.pages.train import TrainPage
from gui.studio import Studio

EPOCHS = 6


@pytest.fixture
def studio(qtbot):
    with running_studio() as studio:
        yield studio


@pytest.fixture
def ready(qtbot, studio: Studio, picture_folder: Path, tmp_path: Path) -> Studio:
    (tmp_path / "project").mkdir()
    spec = small_project(picture_folder, epochs=EPOCHS, template="small-vgg")
    open_project(qtbot, studio, spec, tmp_path / "project" / "Test.atelier")
    return studio


def shown(qtbot, studio: Studio, kind=TrainPage):
    page = kind(studio)
    qtbot.addWidget(page)
    page.resize(1356, 854)
    with qtbot.waitExposed(page):
        page.show()
    return page


def own_photograph(folder: Path) -> Path:
    draw_pictures(folder, per_class=1, side=40)
    return sorted(folder.rglob("*.png"))[0]


def test_pins_are_answered_by_a_running_training_and_again_after_a_restart(qtbot, ready, studio, tmp_path, monkeypatch):
    page = shown(qtbot, studio)
    hold_after(monkeypatch, 2)
    studio.training.start()
    until(qtbot, lambda: studio.training.state == "paused")
    index = studio.data.index
    number = int(index.where(0)[0])
    photograph = own_photograph(tmp_path / "own")
    studio.pins.pin_images(index, [number])
    studio.pins.pin_photographs([photograph])
    model = page.live.grid.pictures
    assert [model.source(0), model.number(1)] == [photograph, number]
    assert model.answer(0) is None
    studio.training.resume()
    until(qtbot, lambda: studio.training.state == "idle")
    run = studio.training.runs[0]
    images, photographs = read_pinned(run.folder)
    assert images.keys() == {str(index.paths[number])} and photographs.keys() == {str(photograph)}
    told = photographs[str(photograph)]
    assert told.epochs[-1] == EPOCHS
    last = pytest.approx(told.probabilities[-1].max(), abs=1e-3)
    until(qtbot, lambda: model.answer(0) is not None and model.answer(0)[1] == last)
    name, _, right = model.answer(0)
    assert (name, right) == (index.classes[told.probabilities[-1].argmax()], None)

    path = studio.document.path
    page.hide()
    with running_studio() as again:
        again.document.open(path)
        until(qtbot, lambda: again.data.index is not None)
        assert read_pins(pins_file(path)) == again.pins.pins
        second = shown(qtbot, again)
        model = second.live.grid.pictures
        until(qtbot, lambda: model.rowCount() > 1 and model.answer(0) is not None)
        assert model.source(0) == photograph
        assert model.answer(0) == (name, last, None)
        assert model.number(1) == number


def test_the_replayed_epoch_shows_its_filters_on_the_network_page(qtbot, ready, studio):
    train(qtbot, studio)
    page, network = shown(qtbot, studio), shown(qtbot, studio, NetworkPage)
    report = studio.document.report
    node = next(node for node, entry in report.nodes.items() if entry.node.kind == "conv2d")
    network.select(node)
    sights = network.inspector.layer.sights
    until(qtbot, sights.isVisible)
    until(qtbot, lambda: len(page.live._replay) == EPOCHS)
    page.live.show_epoch(2)
    assert page.charts.loss.cursor() == page.charts.rate.cursor() == 2
    assert page.live.bar.place() == 1
    until(qtbot, lambda: sights.source.text() == "run 1, epoch 2")
    folder = studio.training.runs[0].folder
    expected = filters(weights_at(folder, 2), infer(studio.document.network, studio.document.facts), node)
    assert np.array_equal(sights.grid._filters.tiles, expected.tiles)
    page.live.bar.follow()
    best = studio.training.runs[0].best_epoch
    until(qtbot, lambda: sights.source.text() == f"run 1, epoch {best}")


def test_a_stored_run_is_read_beside_the_window_and_has_biographies(qtbot, ready, studio, tmp_path):
    train(qtbot, studio)
    made = studio.document.path
    main = threading.get_ident()
    with running_studio() as again:
        open_copy(again, made, tmp_path / "copy")
        page = shown(qtbot, again)
        until(qtbot, lambda: len(page.live._replay) == EPOCHS and not page.live._replay.waiting())
        page.live.filters.button("biography").click()
        until(qtbot, lambda: "(" in page.live.order.itemText(0))
        strips = [page.live.grid.pictures.strip(row) for row in range(page.live.grid.pictures.rowCount())]
        assert strips and all(len(strip) == EPOCHS and 2 not in strip for strip in strips)
        right = sum(int(strip[-1]) for strip in strips)
        assert page.live.score.text().startswith(f"{right} / {len(strips)}")
        assert threading.get_ident() == main


@pytest.mark.timeout(300)
def test_a_long_run_in_the_window_keeps_little_and_leaves_nothing_running(qtbot, ready, studio):
    """Epochs of a tiny network: what the window keeps of them is a few kilobytes each."""
    page = shown(qtbot, studio)
    train(qtbot, studio)  # what is made once is made
    threads = threading.active_count()
    timers = len([timer for timer in page.findChildren(QTimer) if timer.isActive()])
    gc.collect()
    tracemalloc.start()
    set_epochs(studio, 40)
    studio.document.edit("Use less", network=small_project(Path(), template="perceptron").network)
    train(qtbot, studio)
    until(qtbot, lambda: len(page.live._replay) == 40)
    until(qtbot, lambda: not page.live._replay.waiting())
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    assert used < 1.5
    QCoreApplication.processEvents()
    until(qtbot, lambda: threading.active_count() <= threads)
    until(qtbot, lambda: len([timer for timer in page.findChildren(QTimer) if timer.isActive()]) <= timers)
