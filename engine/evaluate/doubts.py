"""What a run makes one doubt about its validation images: labels that look wrong, images never learnt or forgotten.

The network has not trained on these images, so where it is sure of another class, the label deserves a look.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.data.health.finding import Finding, count_of
from engine.data.index import Index
from engine.train import history
from engine.train.watch import WatchFolder

FEWEST_EPOCHS = 3
"""Epochs before which nothing was learnt long enough to be forgotten."""

MOST_EPOCHS = 200
"""Epochs looked at, evenly spread over those there are."""

LEAST_ACCURACY = 0.6
"""Of the gap between chance and all right; a network that knows little has no say about labels."""


def doubts(run_folder: Path, run: int, index: Index) -> tuple[Finding, ...]:
    """What the stored answers of a run say of the images of `index`; images that are not there any more are left out.

    Reads every stored epoch: not for the GUI thread.
    """
    watch, lines = WatchFolder(run_folder), history.read(run_folder)
    best, numbers = history.best_of(lines), watch.numbers(index)
    known = numbers >= 0
    if best is None or not known.any():
        return ()
    labels = np.where(known, index.labels[numbers], -1)  # as they are now: some may have been mended since
    probabilities = watch.load(best.epoch)
    if probabilities is None or len(probabilities) != len(numbers):
        return ()
    if probabilities.shape[1] != len(index.classes):
        return ()  # classes were merged, hidden or added: the answers are about others
    found = list(_wrong_labels(run, probabilities[known], labels[known], numbers[known], index))
    right = [
        answers[known].argmax(1) == labels[known]
        for line in lines[:: -(-len(lines) // MOST_EPOCHS)]
        if (answers := watch.load(line.epoch)) is not None and answers.shape == probabilities.shape
    ]
    if len(right) >= FEWEST_EPOCHS:
        found += _never_or_forgotten(run, np.stack(right), numbers[known])
    return tuple(found)


def _wrong_labels(
    run: int, probabilities: np.ndarray, labels: np.ndarray, numbers: np.ndarray, index: Index
) -> Sequence[Finding]:
    order, answers = confident_errors(probabilities, labels)
    share = (probabilities.argmax(1) == labels).mean()
    chance = np.bincount(labels).max() / len(labels)
    if not len(order) or share < chance + LEAST_ACCURACY * (1 - chance):
        return ()
    reasons = {
        int(numbers[at]): f"The network says “{index.classes[answers[at]]}” ({probabilities[at, answers[at]]:.0%}), "
        f"the label “{index.classes[labels[at]]}”."
        for at in order.tolist()
    }
    them = "1 label looks" if len(order) == 1 else f"{len(order):,} labels look"
    text = f"{them} wrong to run {run}: it is sure of another class"
    return (Finding("labels", "warning", text, tuple(numbers[order].tolist()), badge="label?", reasons=reasons),)


def confident_errors(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images that confidently belong to another class, the surest first (confident learning, Northcutt et al. 2021).

    An image counts for a class where its probability reaches the mean probability of the images that carry that label.

    Args:
        probabilities: (N, classes) of images that were not trained with.
        labels: (N,).
    Returns:
        (K,) places of those images, and (N,) the class each image most confidently belongs to, -1 for none.
    """
    classes = probabilities.shape[1]
    there = np.bincount(labels, minlength=classes) > 0
    thresholds = np.array([probabilities[labels == c, c].mean() if there[c] else np.inf for c in range(classes)])
    sure = np.where(probabilities >= thresholds, probabilities, -1.0)
    answers = np.where(sure.max(1) >= 0, sure.argmax(1), -1)
    rows = np.arange(len(labels))
    margin = probabilities[rows, answers] - probabilities[rows, labels]
    suspects = np.flatnonzero((answers >= 0) & (answers != labels) & (margin > 0))
    return suspects[np.argsort(-margin[suspects], kind="stable")], answers


def _never_or_forgotten(run: int, right: np.ndarray, numbers: np.ndarray) -> list[Finding]:
    """Args: right: (epochs, N) bool."""
    found = []
    never = np.flatnonzero(~right.any(0))
    if len(never):
        text = f"{count_of(len(never), 'image')} never told right in run {run}"
        found.append(Finding("never", "info", text, tuple(numbers[never].tolist()), badge="never right"))
    # "Forgotten" as in Toneva et al. 2019, where it lasts: right twice in a row once, and wrong in the end.
    learnt = (right[1:] & right[:-1]).any(0)
    forgotten = np.flatnonzero(learnt & ~right[-1] & ~right[-2])
    if len(forgotten):
        text = f"{count_of(len(forgotten), 'image')} learnt and forgotten again in run {run}"
        found.append(Finding("forgotten", "info", text, tuple(numbers[forgotten].tolist()), badge="forgotten"))
    return found
