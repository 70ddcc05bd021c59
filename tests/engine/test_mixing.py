"""Mixed images from the batch to the kept run: labels are shares, and loss, accuracy and resuming know them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_batches import DATA, batched, epoch, made, same
from torch.nn import functional
from training_helpers import assert_same_run, numbers, one_thread, resumed, small_network, small_project, trained, until

from engine.data.augment import AUGMENTATIONS
from engine.data.index import TRAIN
from engine.jobs import JobControl
from engine.spec.data import Chosen
from engine.tasks import Classification
from engine.train.events import EpochDone
from engine.train.job import start_run

__all__ = ["one_thread"]

MIXED = (Chosen("mixup", {"alpha": 1.0}), Chosen("cutmix"))
EVERYTHING = tuple(Chosen(name) for name in AUGMENTATIONS.names())


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_batches_of_mixed_images_have_shares_as_labels(tmp_path, kind):
    data = replace(DATA, augment=(Chosen(kind),))
    pictures = made(20, tmp_path, data)
    for x, labels in epoch(batched(pictures, training=True, data=data)):
        assert labels.shape == (len(x), 3) and labels.dtype == torch.float32
        torch.testing.assert_close(labels.sum(1), torch.ones(len(x)))
        assert (labels >= 0).all()
    parts = [labels for _, labels in epoch(batched(pictures, training=True, data=data))]
    assert ((torch.cat(parts) > 0).sum(1) == 2).any(), "some images are of two classes"


def test_validation_is_never_mixed(tmp_path):
    data = replace(DATA, augment=MIXED)
    for _, labels in epoch(batched(made(20, tmp_path, data), training=False, data=data)):
        assert labels.dtype == torch.int64 and labels.ndim == 1


def test_the_share_of_a_class_is_what_of_it_is_seen(tmp_path):
    """Images of class 0, 1, 2 are black, grey, white: the mean of a mixed one is the mean of its classes."""
    data = replace(DATA, augment=MIXED, normalise="unit")
    pictures = made(30, tmp_path, data)
    rows = np.zeros_like(pictures.rows)
    readable = pictures.readable(TRAIN)
    rows[pictures.row_of[readable]] = (pictures.index.labels[readable] * 127)[:, None, None, None]
    source = batched(replace(pictures, rows=rows), training=True, data=data)
    for x, labels in epoch(source):
        torch.testing.assert_close(x.mean((1, 2, 3)) * 255 / 127, labels @ torch.arange(3.0), atol=1e-4, rtol=0)


def test_an_epoch_of_every_augmentation_depends_on_seed_and_number_alone(tmp_path):
    data = replace(DATA, size=(16, 24), augment=EVERYTHING)
    pictures = made(20, tmp_path, data)
    source = batched(pictures, training=True, data=data)
    first = [epoch(source, number) for number in range(3)]
    torch.manual_seed(99)
    np.random.seed(7)
    assert same(epoch(batched(pictures, training=True, data=data), 2), first[2])
    assert same(epoch(source, 1), first[1]) and not same(first[0], first[1])


def test_the_loss_of_shares_is_the_weighted_loss_of_the_classes():
    task, outputs = Classification(3), torch.randn(4, 3)
    labels = torch.tensor([[1.0, 0, 0], [0.7, 0.3, 0], [0, 0.5, 0.5], [0.2, 0.3, 0.5]])
    of_each = torch.stack(
        [functional.cross_entropy(outputs, torch.full((4,), c), reduction="none") for c in range(3)], 1
    )
    torch.testing.assert_close(task.loss(outputs, labels), (of_each * labels).sum(1).mean())
    certain = torch.tensor([0, 2, 1, 1])
    torch.testing.assert_close(task.loss(outputs, functional.one_hot(certain, 3).float()), task.loss(outputs, certain))


def test_a_single_output_takes_shares_too():
    task, outputs = Classification(2), torch.randn(4, 1)
    labels = torch.tensor([[1.0, 0], [0.7, 0.3], [0, 1], [0.5, 0.5]])
    of_each = torch.stack([task.loss(outputs[i : i + 1], torch.tensor([c])) for i in range(4) for c in range(2)])
    torch.testing.assert_close(task.loss(outputs, labels), (of_each.view(4, 2) * labels).sum(1).mean())


def test_an_answer_counts_the_share_of_its_class():
    task = Classification(3)
    outputs = torch.tensor([[9.0, 0, 0], [9, 0, 0], [0, 0, 9]])
    assert task.hits(outputs, torch.tensor([0, 1, 2])).item() == 2
    shares = torch.tensor([[0.7, 0.3, 0], [0.25, 0.75, 0], [0, 0, 1]])
    assert task.hits(outputs, shares).item() == pytest.approx(0.7 + 0.25 + 1)
    single = torch.tensor([[2.0], [-2.0]])
    assert Classification(2).hits(single, torch.tensor([[0.4, 0.6], [0.9, 0.1]])).item() == pytest.approx(1.5)


@pytest.mark.parametrize("outputs", [0, 1])
def test_a_network_learns_from_mixed_images(picture_folder, tmp_path, outputs):
    data = {"augment": (Chosen("mixup"), Chosen("cutmix", {"probability": 0.3}))}
    network = small_network(outputs=outputs)
    project = small_project(picture_folder, network=network, epochs=12, learning_rate=0.02, data=data)
    events = trained(project, tmp_path / "p.atelier").of(EpochDone)
    assert max(event.validation_accuracy for event in events) >= 0.8
    assert all(0 <= event.train_accuracy <= 1 and np.isfinite(event.train_loss) for event in events)
    assert events[-1].train_loss < events[0].train_loss


def test_a_resumed_run_of_every_augmentation_goes_on_exactly(picture_folder, tmp_path):
    path = tmp_path / "p.atelier"
    project = small_project(picture_folder, epochs=3, data={"augment": EVERYTHING})
    trained(project, path)
    work = start_run(project, path, JobControl())
    until(work, EpochDone)
    work.close()
    resumed(path, 2)
    runs = tmp_path / "runs"
    assert_same_run(runs / "0001", runs / "0002")
    assert len(numbers(runs / "0002")) == 3
