"""Measured time per layer."""

import pytest
import torch

from engine.compile import Facts, infer
from engine.errors import OutOfMemory
from engine.jobs import Cancelled, JobControl
from engine.templates import fitted
from engine.train import timing
from engine.train.timing import time_layers

FACTS = Facts((3, 32, 32), 2)
REPORT = infer(fitted("small-resnet", FACTS), FACTS)


def test_every_layer_but_the_image_is_timed():
    found = list(time_layers(REPORT, 2, "cpu", "float32", JobControl()))
    assert [one.node_id for one in found] == [i for i, e in REPORT.nodes.items() if e.kind.family != "input"]
    assert all(one.forward > 0 and one.both >= one.forward and one.device == "cpu" for one in found)


def test_only_what_is_asked_for():
    wanted = frozenset(["conv2d_1"])
    assert [one.node_id for one in time_layers(REPORT, 2, "cpu", "float32", JobControl(), wanted)] == ["conv2d_1"]


def test_more_work_takes_longer():
    report = infer(fitted("small-vgg", Facts((3, 64, 64), 2)), Facts((3, 64, 64), 2))
    found = {one.node_id: one.both for one in time_layers(report, 16, "cpu", "float32", JobControl())}
    assert found["conv2d_2"] > found["classes_1"]


def test_it_can_be_stopped():
    control = JobControl()
    work = time_layers(REPORT, 2, "cpu", "float32", control)
    next(work)
    control.stop()
    with pytest.raises(Cancelled):
        next(work)


def test_too_little_memory_is_told(monkeypatch):
    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("no")

    monkeypatch.setattr(timing, "_once", fail)
    with pytest.raises(OutOfMemory) as caught:
        next(time_layers(REPORT, 2, "cpu", "float32", JobControl()))
    assert "batch" in caught.value.fix
