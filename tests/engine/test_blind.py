"""The loss of blind guessing, compared with the best constant answer that torch finds for the real losses."""

import math
import time

import pytest
import torch

from engine.tasks import LOSSES, Classification, balanced_weights
from engine.tasks.losses import Binary, CrossEntropy, Focal, LossKind, MeanSquared
from engine.train.blind import blind_losses, untrained_loss

KINDS = (
    CrossEntropy(),
    CrossEntropy(label_smoothing=0.1),
    Focal(),
    Focal(gamma=0.0),
    Focal(gamma=0.5),
    Focal(gamma=5.0),
    MeanSquared(),
    Binary(),
)
COUNTS = ((50, 50), (95, 5), (5, 2, 30), (10,) * 12)


def found_by_torch(kind: LossKind, counts: tuple[int, ...], is_balanced: bool) -> tuple[float, float]:
    """The lowest training loss of outputs that are the same for every image, and what validation says of them."""
    labels = torch.tensor([label for label, count in enumerate(counts) for _ in range(count)])
    weights = balanced_weights(counts) if is_balanced else ()
    task = Classification(len(counts), weights, kind)
    outputs = torch.zeros(len(counts), dtype=torch.float32, requires_grad=True)
    search = torch.optim.LBFGS([outputs], max_iter=400, line_search_fn="strong_wolfe", tolerance_change=1e-12)

    def cost() -> torch.Tensor:
        search.zero_grad()
        loss = task.loss(outputs.expand(len(labels), -1), labels)
        loss.backward()
        return loss

    search.step(cost)
    with torch.no_grad():
        same = outputs.expand(len(labels), -1)
        return task.loss(same, labels).item(), task.judge().loss(same, labels).item()


def test_every_loss_is_known():
    assert {type(kind) for kind in KINDS} == set(LOSSES)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("counts", COUNTS, ids=str)
@pytest.mark.parametrize("is_balanced", [False, True])
def test_it_is_what_the_best_constant_answer_costs(kind, counts, is_balanced):
    assert blind_losses(kind, counts, counts, is_balanced=is_balanced) == pytest.approx(
        found_by_torch(kind, counts, is_balanced), rel=2e-3, abs=1e-5
    )


def test_it_is_that_of_the_images_each_was_measured_on():
    training, validation = blind_losses(CrossEntropy(), (90, 10), (50, 50))
    assert training == pytest.approx(0.325, abs=1e-3)
    assert validation == pytest.approx(-(math.log(0.9) + math.log(0.1)) / 2)


def test_a_class_that_training_never_saw_is_no_surprise_without_bounds():
    for kind in KINDS:
        for is_balanced in (False, True):
            losses = blind_losses(kind, (100, 0, 20), (50, 5, 10), is_balanced=is_balanced)
            assert all(math.isfinite(loss) and loss > 0 for loss in losses)


def test_a_single_class_costs_nothing():
    assert blind_losses(CrossEntropy(), (10, 0), (4, 0))[0] == 0


def test_a_thousand_classes_take_no_time():
    counts = tuple(range(1, 1001))
    began = time.perf_counter()
    blind_losses(Focal(gamma=1.7), counts, counts)
    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("classes", [2, 10])
def test_a_network_begins_where_it_says_the_same_of_every_class(kind, classes):
    task = Classification(classes, kind=kind)
    begins = task.loss(torch.zeros(classes, classes), torch.arange(classes)).item()
    assert untrained_loss(kind, classes) == pytest.approx(begins, rel=1e-5)
