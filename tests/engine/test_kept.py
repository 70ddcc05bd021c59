"""Weights of past epochs: of which epochs, how many, and that they never stop a training."""

import numpy as np
import pytest
from training_helpers import followed, resumed, small_project, trained, until
from training_helpers import one_thread as one_thread

from engine.compile import Facts, infer
from engine.explain.filters import filters
from engine.jobs import Cancelled, JobControl
from engine.train import history, kept
from engine.train.checkpoint import load_weights
from engine.train.events import EpochDone
from engine.train.job import start_run
from engine.train.kept import MOST_FILES, epochs_in, every, weights_at

GB = 10**9


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P" / "P.atelier"


def first_run(path):
    return path.parent / "runs" / "0001"


@pytest.mark.parametrize(
    ("epochs", "size", "free", "expected"),
    [
        (30, 10**6, 100 * GB, 1),
        (50, 10**6, 100 * GB, 1),
        (51, 10**6, 100 * GB, 2),
        (10_000, 10**4, 100 * GB, 200),
        (30, 10**8, 100 * GB, 1),  # 4 GiB hold 42 of them
        (60, 10**8, 100 * GB, 2),
        (30, 10**8, 4 * GB, 15),  # 200 MB hold two
        (30, 10**9, 4 * GB, 0),
        (30, 10**6, 0, 0),
        (1, 0, GB, 1),
    ],
)
def test_of_every_how_many_epochs_follows_from_plan_size_and_disk(epochs, size, free, expected):
    step = every(epochs, size, free)
    assert step == expected
    if step:
        assert epochs // step <= MOST_FILES


def test_a_training_keeps_the_weights_of_each_epoch(picture_folder, path):
    project = small_project(picture_folder)
    trained(project, path)
    found = epochs_in(first_run(path) / kept.FOLDER)
    assert list(found) == [1, 2, 3]
    weights = {epoch: load_weights(file) for epoch, file in found.items()}
    assert [facts["epoch"] for _, facts in weights.values()] == [1, 2, 3]
    name = next(name for name in weights[1][0] if name.endswith(".weight"))
    assert not np.array_equal(weights[1][0][name].numpy(), weights[3][0][name].numpy())
    best = history.best_of(history.read(first_run(path))).epoch
    stored, _ = load_weights(first_run(path) / "best.safetensors")
    assert all(np.array_equal(stored[key].numpy(), weights[best][0][key].numpy()) for key in stored)


def test_kept_weights_show_the_filters_of_their_epoch(picture_folder, path):
    project = small_project(picture_folder)
    trained(project, path)
    report = infer(project.network, Facts(project.data.shape, 2))
    node = next(node for node, entry in report.nodes.items() if entry.node.kind == "conv2d")
    shown = [filters(weights_at(first_run(path), epoch), report, node) for epoch in (1, 2, 3)]
    assert [found.epoch for found in shown] == [1, 2, 3]
    assert not np.array_equal(shown[0].tiles, shown[2].tiles)


def test_of_epochs_that_were_not_kept_the_last_one_before_is_shown(picture_folder, path, monkeypatch):
    monkeypatch.setattr(kept, "MOST_FILES", 3)
    trained(small_project(picture_folder, epochs=8), path)
    folder = first_run(path)
    assert list(epochs_in(folder / kept.FOLDER)) == [1, 3, 6]
    assert weights_at(folder, 5).stem == "00003"
    assert weights_at(folder, 8).stem == "00006"
    assert weights_at(folder, 0) is None


def test_a_resumed_run_goes_on_keeping(picture_folder, path):
    control = JobControl()
    work = start_run(small_project(picture_folder, epochs=5), path, control)
    until(work, EpochDone, 2)
    control.stop()
    with pytest.raises(Cancelled):
        followed(work)
    assert list(epochs_in(first_run(path) / kept.FOLDER)) == [1, 2]
    resumed(path)
    assert list(epochs_in(first_run(path) / kept.FOLDER)) == [1, 2, 3, 4, 5]


def test_no_room_for_weights_does_not_stop_a_training(picture_folder, path, monkeypatch):
    monkeypatch.setattr(kept, "SHARE_OF_FREE", 0.0)
    run = trained(small_project(picture_folder), path)
    assert len(run.of(EpochDone)) == 3
    assert epochs_in(first_run(path) / kept.FOLDER) == {}


def test_a_place_that_cannot_be_written_to_does_not_stop_a_training(picture_folder, path, monkeypatch):
    monkeypatch.setattr(kept.shutil, "disk_usage", lambda place: (_ for _ in ()).throw(OSError("gone")))
    assert len(trained(small_project(picture_folder), path).of(EpochDone)) == 3
