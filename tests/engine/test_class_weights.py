"""Classes that count the same, however many images they have."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional
from training_helpers import one_thread as one_thread
from training_helpers import small_project, trained

from engine.tasks import Classification, balanced_weights
from engine.train.events import EpochDone


@given(st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(any))
def test_every_class_counts_the_same_and_the_mean_image_counts_one(counts):
    weights = np.array(balanced_weights(counts))
    share = weights * counts
    assert share[np.array(counts) > 0] == pytest.approx(sum(counts) / sum(count > 0 for count in counts))
    assert share.sum() == pytest.approx(sum(counts)) and (weights[np.array(counts) == 0] == 0).all()


def test_the_weighted_loss_is_that_of_the_textbook():
    torch.manual_seed(0)
    outputs, labels = torch.randn(9, 3), torch.tensor([0, 1, 2, 0, 0, 1, 2, 2, 0])
    weights = (0.5, 2.0, 1.5)
    each = functional.cross_entropy(outputs, labels, weight=torch.tensor(weights), reduction="none")
    assert Classification(3, weights).loss(outputs, labels).item() == pytest.approx(each.mean().item(), rel=1e-6)
    shares = functional.one_hot(labels, 3).float()
    assert Classification(3, weights).loss(outputs, shares).item() == pytest.approx(each.mean().item(), rel=1e-6)
    even = Classification(3, (1.0, 1.0, 1.0)).loss(outputs, labels).item()
    assert even == pytest.approx(Classification(3).loss(outputs, labels).item(), rel=1e-6)


def test_with_a_single_output_too():
    torch.manual_seed(0)
    outputs, labels = torch.randn(7, 1), torch.tensor([0, 1, 1, 0, 1, 0, 1])
    plain = functional.binary_cross_entropy_with_logits(outputs[:, 0], labels.float(), reduction="none")
    expected = (plain * torch.tensor([3.0, 0.5])[labels]).mean().item()
    assert Classification(2, (3.0, 0.5)).loss(outputs, labels).item() == pytest.approx(expected, rel=1e-6)


def test_the_recipe_decides_and_validation_stays_comparable(picture_folder, tmp_path):
    for path in sorted((picture_folder / "disc").iterdir())[3:]:
        path.unlink()
    project = small_project(picture_folder)
    balanced = replace(project, recipe=replace(project.recipe, class_weights="balanced", learning_rate=1e-8))
    plain = replace(project, recipe=replace(project.recipe, learning_rate=1e-8))
    lines = []
    for name, spec in (("plain", plain), ("balanced", balanced)):
        lines.append(trained(spec, tmp_path / name / "P.atelier").of(EpochDone)[0])
    assert lines[0].train_loss != pytest.approx(lines[1].train_loss, rel=1e-3)
    assert lines[0].validation_loss == pytest.approx(lines[1].validation_loss, rel=1e-4)
