"""Copies between program and graphics processor: nothing waits.

What has no numbers cannot be waited for: most tests compute on torch's "meta" device, which knows shapes only and
refuses every look at a value, and notice every copy to it that would have held the program up on a real one.
"""

import inspect
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from training_helpers import numbers, plain_network, small_network, small_project, trained
from training_helpers import one_thread as one_thread

from engine import transfer
from engine.compile import Facts, infer
from engine.compile.module import build
from engine.data import batches
from engine.data.augment import AUGMENTATIONS, Augmenter, mixed_labels
from engine.data.cache import Pictures
from engine.data.choose import make
from engine.data.index import PATH_TYPE, TRAIN, Index
from engine.spec import Chosen, DataSpec, RecipeSpec
from engine.tasks import LOSSES, Classification, balanced_weights
from engine.train import trainer
from engine.train.device import Placement
from engine.train.events import BatchDone, RunStarted, Watched
from engine.train.layer_health import LayerHealth, LayersSeen
from engine.train.optimizers import OPTIMIZERS, parameter_groups
from engine.train.step import Stepper
from engine.transfer import Fetched, Question, Questions, Stopwatch, sent

META = torch.device("meta")
FACTS = Facts((3, 16, 16), 3)


class NoWaiting(TorchDispatchMode):
    """Notices every copy from the CPU to another device that `sent` does not make."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = [value for value in (*args, *(kwargs or {}).values()) if isinstance(value, Tensor)]
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor) and made.device == META and func.overloadpacket._qualified_op_name in COPIES:
            assert all(value.device == META for value in given) or _is_sent(), f"{func} waits for the device"
        return made


COPIES = ("aten::_to_copy", "aten::copy_", "aten::copy")


def _is_sent() -> bool:
    frame = inspect.currentframe()
    while frame is not None and frame.f_code is not sent.__code__:
        frame = frame.f_back
    return frame is not None


@contextmanager
def no_waiting() -> Iterator[None]:
    real = torch.tensor

    def made_on_the_cpu(*args, device=None, **more):
        assert device is None or torch.device(device).type == "cpu", "torch.tensor waits for the device"
        return real(*args, **more)

    with mock.patch.object(torch, "tensor", made_on_the_cpu), NoWaiting():
        yield


def test_a_plain_copy_to_the_device_is_noticed():
    with no_waiting(), pytest.raises(AssertionError, match="waits"):
        torch.ones(3).to(META)
    with no_waiting(), pytest.raises(AssertionError, match="waits"):
        torch.tensor([1.0], device=META)
    with no_waiting(), pytest.raises(RuntimeError):
        torch.ones(3, device=META).sum().item()
    with no_waiting():
        assert sent(torch.ones(3), META).device == META


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", AUGMENTATIONS.names())
def test_no_augmentation_waits(name, channels):
    augmenter = Augmenter((Chosen("mirror"), Chosen(name), Chosen("rotate")), (16, 16))
    x = torch.empty(8, channels, 16, 16, device=META).to(memory_format=torch.channels_last)
    with no_waiting():
        varied, mixes = augmenter.vary(x, torch.Generator().manual_seed(0))
    assert varied.device == META and varied.shape == x.shape
    labels = torch.empty(8, dtype=torch.int64, device=META)
    assert mixed_labels(labels, mixes, 3).shape == (8, 3)


def stepper(optimizer: str, loss: str, weights: tuple[float, ...] = (), **recipe) -> Stepper:
    torch.manual_seed(0)
    network = build(small_network(), FACTS).to(META).train()
    kind = make(OPTIMIZERS, Chosen(optimizer))
    groups = parameter_groups(network, kind.weight_decay, everything=False)
    task = Classification(FACTS.classes, weights, make(LOSSES, Chosen(loss)))
    # torch computes nothing in another precision on "meta", so that the place says CPU.
    where = Placement(torch.device("cpu"), "", "float32", "")
    return Stepper(network, task, where, kind.build(groups, 0.01), RecipeSpec(**recipe), 8)


def batch(shares: bool = False) -> tuple[Tensor, Tensor]:
    x = torch.empty(8, 3, 16, 16, device=META).to(memory_format=torch.channels_last)
    return x, torch.empty((8, 3), device=META) if shares else torch.empty(8, dtype=torch.int64, device=META)


@pytest.mark.parametrize("name", OPTIMIZERS.names())
def test_no_optimizer_waits(name):
    one = stepper(name, "cross_entropy", clip_norm=1.0, average_decay=0.99, accumulate=2)
    for step in (1, 2):
        given = iter([batch(), batch()])
        with no_waiting():
            taken = one.take(given, [8, 8], step, lambda: None)
        assert taken.images == 16 and taken.loss.device == taken.correct.device == META


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("name", LOSSES.names())
def test_no_loss_waits(name, shares):
    one = stepper("sgd", name)
    given = iter([batch(shares)])
    with no_waiting():
        one.take(given, [8], 1, lambda: None)


def test_weights_of_classes_are_copied_once_for_all(monkeypatch):
    copies, real = [], torch.tensor
    monkeypatch.setattr(torch, "tensor", lambda *args, **more: copies.append(more.get("device")) or real(*args, **more))
    one = stepper("sgd", "cross_entropy", weights=balanced_weights((3, 4, 7)))
    for step in (1, 2, 3):
        one.take(iter([batch()]), [8], step, lambda: None)
    assert copies.count(META) <= 1


def test_batches_that_lie_on_the_device_wait_for_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "place_of", lambda *_: "gpu")
    rows = np.zeros((20, 16, 16, 3), np.uint8)
    places, nothing = np.arange(20), np.zeros(20, np.int64)
    splits, labels = np.full(20, TRAIN, np.int8), (places % 3).astype(np.int32)
    index = Index(tmp_path, tuple("abc"), places.astype(PATH_TYPE), labels, splits, nothing, nothing, False)
    data = DataSpec(
        source=Chosen("folder", {"path": str(tmp_path)}), size=16, augment=(Chosen("mirror"), Chosen("mixup"))
    )
    one = batches.Batches(
        Pictures(index, rows, places, {}),
        places,
        data,
        8,
        META,
        np.zeros(3),
        np.ones(3),
        training=True,
        seed=0,
        channels_last=True,
    )
    with no_waiting():
        assert [(len(x), len(labels)) for x, labels in one.epoch(1)] == [(8, 8), (8, 8), (4, 4)]


def test_looks_at_layers_do_not_wait():
    one = stepper("adamw", "cross_entropy")
    health = LayerHealth(one.network, one.optimizer, infer(small_network(), FACTS), 0.01, every=0.0)
    health._next = 0.0
    assert health.after_step(1, 1) is None
    given = iter([batch()])
    with no_waiting():
        one.take(given, [8], 1, lambda: None)
        question = health.after_step(1, 2)
    assert question is not None and question.values.device == META


# ---- answers that come late


def test_answers_come_in_the_order_of_asking_once_they_are_there(monkeypatch):
    there: set[int] = set()
    monkeypatch.setattr(Fetched, "is_here", lambda self: int(self._copy[0]) in there)
    questions: Questions[str] = Questions()
    for number in range(3):
        questions.ask(Question(torch.tensor([number]), lambda values: f"answer {int(values[0])}"))
    assert list(questions.answered()) == [] and len(questions) == 3
    there.update((1, 2))
    assert list(questions.answered()) == [], "the first is still on its way"
    there.add(0)
    assert list(questions.answered()) == ["answer 0", "answer 1", "answer 2"] and not len(questions)


def test_what_is_very_late_or_wanted_now_is_waited_for(monkeypatch):
    monkeypatch.setattr(Fetched, "is_here", lambda self: False)
    questions: Questions[float] = Questions()
    questions.ask(Question(torch.ones(()), lambda values: values.item()))
    assert list(questions.answered()) == []
    assert list(questions.answered(wait=True)) == [1.0]
    questions.ask(Question(torch.ones(()), lambda values: values.item()))
    now = time.perf_counter()
    monkeypatch.setattr(transfer.time, "perf_counter", lambda: now + transfer.LATEST + 0.1)
    assert list(questions.answered()) == [1.0]


def test_a_value_is_what_it_was_when_it_was_asked_for():
    values = torch.zeros(3)
    fetched = Fetched(values)
    values += 1
    assert fetched.is_here() and fetched.values().tolist() == [0, 0, 0]


def test_a_stopwatch_counts_what_was_asked_for_between(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(transfer.time, "perf_counter", lambda: now[0])
    watch = Stopwatch(torch.device("cpu"))
    now[0] += 0.5
    watch.stop()
    now[0] += 7.0
    assert watch.seconds() == pytest.approx(0.5)


def test_a_training_whose_answers_come_late_has_the_same_numbers(picture_folder, tmp_path, monkeypatch):
    project = small_project(picture_folder, epochs=3, network=plain_network())
    monkeypatch.setattr(trainer, "BATCH_NEWS", 0.0)
    monkeypatch.setattr(transfer, "LATEST", 1e9)
    at_once = trained(project, tmp_path / "a" / "A.atelier")
    monkeypatch.setattr(Fetched, "is_here", lambda self: False)
    late = trained(project, tmp_path / "b" / "B.atelier")
    steps = {event.total_step: (event.loss, event.accuracy) for event in at_once.of(BatchDone)}
    told = late.of(BatchDone)
    assert numbers(tmp_path / "a" / "runs" / "0001") == numbers(tmp_path / "b" / "runs" / "0001")
    per_epoch = late.of(RunStarted)[0].steps_per_epoch
    assert [event.step for event in told] == [1, per_epoch] * 3, "one at a time, and all at the end"
    assert all(steps[event.total_step] == (event.loss, event.accuracy) for event in told if event.step == 1)
    assert late.of(Watched) and late.of(LayersSeen)


# ---- on a card


on_a_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")


@on_a_card
def test_copies_to_and_from_a_card_arrive_whole():
    device = torch.device("cuda")
    values = torch.randn(1000, 1000)
    there = sent(values, device)
    del values
    sums = Fetched(there.sum())
    watch = Stopwatch(device)
    product = there @ there
    watch.stop()
    back = Fetched(product)
    torch.testing.assert_close(back.values(), product.cpu())
    assert back.is_here() and sums.is_here() and watch.seconds() > 0


@on_a_card
@pytest.mark.parametrize("augment", [(), (Chosen("mirror"), Chosen("rotate"), Chosen("brightness"), Chosen("mixup"))])
def test_an_epoch_on_a_card_waits_for_nothing(augment, picture_folder, tmp_path, monkeypatch):
    project = small_project(picture_folder, data={"augment": augment}, epochs=3, device="cuda", precision="bfloat16")
    real = trainer._Loop._training_epoch

    def strict(self, epoch):
        torch.cuda.set_sync_debug_mode("error" if epoch > 1 else "default")  # at first, layers are tuned
        try:
            return (yield from real(self, epoch))
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(trainer._Loop, "_training_epoch", strict)
    assert trained(project, tmp_path / "A.atelier").result.epochs == 3
