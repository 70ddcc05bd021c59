"""Scores of a classifier, from its answers alone."""

from dataclasses import dataclass

import numpy as np

from engine.statistics import wilson


@dataclass(frozen=True)
class ClassScore:
    """How one class fares.

    Attributes:
        images: that truly belong to it.
        precision: of the images answered with this class, the share that belongs to it; None when there is none.
        recall: of its images, the share that was found; None when there is none.
    """

    name: str
    images: int
    precision: float | None
    recall: float | None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where one of them is unknown."""
        if self.precision is None or self.recall is None:
            return None
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores over a set of pictures.

    Attributes:
        loss: mean cross-entropy in nats.
        confusion: (classes, classes) counts, rows are the truth, columns the answers.
        interval: 95 % confidence interval of the accuracy (Wilson, 1927).
    """

    classes: tuple[str, ...]
    accuracy: float
    loss: float
    confusion: np.ndarray
    interval: tuple[float, float]

    @property
    def images(self) -> int:
        return int(self.confusion.sum())

    def per_class(self) -> tuple[ClassScore, ...]:
        """Precision and recall of every class."""
        hits, truths, answers = np.diag(self.confusion), self.confusion.sum(1), self.confusion.sum(0)
        return tuple(
            ClassScore(name, int(truth), hit / answer if answer else None, hit / truth if truth else None)
            for name, hit, truth, answer in zip(
                self.classes, hits.tolist(), truths.tolist(), answers.tolist(), strict=True
            )
        )


def score(classes: tuple[str, ...], labels: np.ndarray, probabilities: np.ndarray) -> Evaluation:
    """Compare answers with the truth.

    Args:
        labels: (N,) positions in `classes`; N at least 1.
        probabilities: (N, classes).
    """
    answers = probabilities.argmax(axis=1)
    cells = np.bincount(labels * len(classes) + answers, minlength=len(classes) ** 2)
    of_truth = probabilities[np.arange(len(labels)), labels]
    # A probability that was rounded to 0 must not make the loss infinite; 1e-12 is below float32's resolution at 1.
    loss = float(-np.log(np.maximum(of_truth, 1e-12)).mean())
    right = int((answers == labels).sum())
    confusion = cells.reshape(len(classes), len(classes))
    return Evaluation(classes, right / len(labels), loss, confusion, wilson(right, len(labels)))
