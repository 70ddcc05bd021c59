"""Every loss: the number of the textbook, whatever the labels look like, and a slope that one can go down."""

import math

import pytest
import torch
from torch.nn import functional

from engine.params import params_of
from engine.tasks import LOSSES, Classification
from engine.tasks.losses import Binary, CrossEntropy, Focal, MeanSquared

KINDS = [pytest.param(kind, id=kind.name) for kind in LOSSES]
OUTPUTS = torch.tensor([[0.0, math.log(3.0)], [math.log(4.0), 0.0]])
"""Probabilities 1/4, 3/4 and 4/5, 1/5."""


def hand_computed(*losses: float) -> float:
    return sum(losses) / len(losses)


def smooth(epsilon: float, right: float, wrong: float) -> float:
    return -(1 - epsilon / 2) * math.log(right) - epsilon / 2 * math.log(wrong)


BY_HAND = [
    pytest.param(CrossEntropy(), hand_computed(-math.log(3 / 4), -math.log(1 / 5)), id="cross_entropy"),
    pytest.param(
        CrossEntropy(label_smoothing=0.1),
        hand_computed(smooth(0.1, 3 / 4, 1 / 4), smooth(0.1, 1 / 5, 4 / 5)),
        id="smooth",
    ),
    pytest.param(
        Focal(gamma=2.0),
        hand_computed(-((1 / 4) ** 2) * math.log(3 / 4), -((4 / 5) ** 2) * math.log(1 / 5)),
        id="focal",
    ),
    pytest.param(Focal(gamma=0.0), hand_computed(-math.log(3 / 4), -math.log(1 / 5)), id="focal without focus"),
    pytest.param(MeanSquared(), hand_computed((1 / 4) ** 2, (4 / 5) ** 2), id="mean_squared"),
    pytest.param(
        Binary(),  # sigmoids: 1/2 and 3/4; 4/5 and 1/2
        hand_computed(-(math.log(1 / 2) + math.log(3 / 4)) / 2, -(math.log(1 / 5) + math.log(1 / 2)) / 2),
        id="binary",
    ),
]


@pytest.mark.parametrize(("kind", "expected"), BY_HAND)
def test_the_number_is_that_of_the_textbook(kind, expected):
    labels = torch.tensor([1, 1])
    assert Classification(2, kind=kind).loss(OUTPUTS, labels).item() == pytest.approx(expected, rel=1e-6)


def test_a_single_output_is_the_second_of_two_classes():
    outputs, labels = torch.tensor([[math.log(3.0)], [-math.log(4.0)]]), torch.tensor([1, 1])  # 3/4 and 1/5
    expected = {
        CrossEntropy(): hand_computed(-math.log(3 / 4), -math.log(1 / 5)),
        CrossEntropy(label_smoothing=0.1): hand_computed(smooth(0.1, 3 / 4, 1 / 4), smooth(0.1, 1 / 5, 4 / 5)),
        Focal(): hand_computed(-((1 / 4) ** 2) * math.log(3 / 4), -((4 / 5) ** 2) * math.log(1 / 5)),
        MeanSquared(): hand_computed((1 / 4) ** 2, (4 / 5) ** 2),
        Binary(): hand_computed(-math.log(3 / 4), -math.log(1 / 5)),
    }
    assert {type(kind) for kind in expected} == set(LOSSES)
    for kind, value in expected.items():
        assert Classification(2, kind=kind).loss(outputs, labels).item() == pytest.approx(value, rel=1e-6), kind


def settings_of(kind):
    """The defaults, then each setting at either end and in between."""
    yield {}
    for setting in params_of(kind):
        yield from ({setting.name: value} for value in (setting.low, setting.high, 0.3))


@pytest.mark.parametrize("outputs", [1, 2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_shares_that_are_whole_are_labels(kind, outputs):
    torch.manual_seed(0)
    classes = max(2, outputs)
    logits, labels = torch.randn(9, outputs), torch.arange(9) % classes
    shares = functional.one_hot(labels, classes).float()
    weights = tuple(0.5 + number for number in range(classes))
    for settings in settings_of(kind):
        for task in (
            Classification(classes, kind=kind(**settings)),
            Classification(classes, weights, kind(**settings)),
        ):
            by_label, by_share = task.loss(logits, labels).item(), task.loss(logits, shares).item()
            assert by_label == pytest.approx(by_share, rel=1e-5), settings
        even = Classification(classes, (1.0,) * classes, kind(**settings)).loss(logits, labels).item()
        plain = Classification(classes, kind=kind(**settings)).loss(logits, labels).item()
        assert even == pytest.approx(plain, rel=1e-5), settings


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_multiplies_the_loss_of_its_class(kind, outputs):
    torch.manual_seed(0)
    classes = max(2, outputs)
    logits = torch.randn(1, outputs)
    for label in range(classes):
        weights = tuple(3.0 if number == label else 0.0 for number in range(classes))
        plain = Classification(classes, kind=kind()).loss(logits, torch.tensor([label]))
        weighted = Classification(classes, weights, kind()).loss(logits, torch.tensor([label]))
        assert weighted.item() == pytest.approx(3 * plain.item(), rel=1e-5)


@pytest.mark.parametrize("mixed", [False, True], ids=["labels", "shares"])
@pytest.mark.parametrize("outputs", [1, 2, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_slopes_are_finite_however_sure_the_network_is(kind, outputs, mixed):
    classes = max(2, outputs)
    labels = torch.arange(6) % classes
    if mixed:
        labels = 0.7 * functional.one_hot(labels, classes) + 0.3 * functional.one_hot((labels + 1) % classes, classes)
    for settings in settings_of(kind):
        for size in (0.0, 1.0, 30.0, 200.0, 1e4):
            logits = (size * torch.randn(6, outputs, generator=torch.Generator().manual_seed(1))).requires_grad_()
            for weights in ((), (2.0,) * classes):
                logits.grad = None
                loss = Classification(classes, weights, kind(**settings)).loss(logits, labels)
                loss.backward()
                assert loss.isfinite() and loss >= 0 and logits.grad.isfinite().all(), (settings, size)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_going_down_gives_the_right_answers(kind, outputs):
    torch.manual_seed(0)
    classes = max(2, outputs)
    labels = torch.arange(12) % classes
    logits = torch.zeros(12, outputs, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=5.0)
    task = Classification(classes, kind=kind())
    first = task.loss(logits, labels).item()
    for _ in range(200):
        optimizer.zero_grad()
        task.loss(logits, labels).backward()
        optimizer.step()
    assert task.loss(logits, labels).item() < 0.8 * first
    assert task.hits(logits, labels).item() == 12


@pytest.mark.parametrize("outputs", [1, 2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_shares_and_the_largest_is_the_answer(kind, outputs):
    task = Classification(max(2, outputs), kind=kind())
    for size in (1.0, 50.0, 500.0):
        logits = size * torch.randn(20, outputs, generator=torch.Generator().manual_seed(0)) - size
        shares = task.probabilities(logits)
        assert shares.shape == (20, task.classes) and shares.isfinite().all() and (shares >= 0).all()
        assert torch.allclose(shares.sum(1), torch.ones(20), atol=1e-5)
        first, second = shares.topk(2).values.T
        sure = first - second > 1e-4  # two sigmoids may both be rounded to 1
        assert sure.any()
        assert torch.equal(shares.argmax(1)[sure], task.answers(logits)[sure])


def test_binary_answers_with_its_sigmoids():
    shares = Classification(2, kind=Binary()).probabilities(OUTPUTS)
    assert shares[0].tolist() == pytest.approx([0.5 / 1.25, 0.75 / 1.25])
    assert shares[1].tolist() == pytest.approx([0.8 / 1.3, 0.5 / 1.3])


def test_validation_measures_without_what_makes_training_harder():
    task = Classification(2, (1.0, 9.0), CrossEntropy(label_smoothing=0.3))
    assert task.judge() == Classification(2)
    assert Classification(2, (1.0, 9.0), Focal(3.0)).judge() == Classification(2, kind=Focal(3.0))
