"""The shortcut test: can the classes be told apart without looking at what is on the images?

Where all photographs of one class come from one camera, a network may learn the camera. So three simple predictors try
their luck: one sees only what any file manager shows and the mean colour, one only a blur of 16 × 16 pixels, one only
the outermost pixels. Each is fitted on four fifths of the images and tried on the rest, five times over (stratified
5-fold cross-validation). Predictors are scikit-learn's ridge regressions on class membership: of the quantiles of each
number, and of pixels through a Gaussian kernel.
"""

from collections.abc import Generator

import numpy as np

from engine.data.health.finding import Shortcut
from engine.data.health.look import SIDE, Looks
from engine.data.pictures import read_array
from engine.errors import PictureError
from engine.jobs import JobControl, Progress
from engine.statistics import wilson

MOST = 2000
"""Images tried: enough for an interval of about two points, and two seconds."""

FEWEST = 20
"""Images of a class; one of which fewer are there takes no part: they would tell more about chance."""

_SEES_FACTS = "the size and kind of the file, its width and height and its mean colour"
_FOLDS = 5
_BLUR = 16
_EDGE = 2  # pixels of 32
_QUANTILES = 10
_RIDGE = 0.1


def shortcuts(looks: Looks, control: JobControl | None = None) -> Generator[Progress, None, tuple[Shortcut, ...]]:
    """Try the three predictors; nothing where there are too few images to tell.

    Raises: Cancelled: `control` asked to stop.
    """
    control = control or JobControl()
    numbers = _chosen(looks)
    classes, labels = np.unique(looks.index.labels[numbers], return_inverse=True)
    if len(classes) < 2:
        return ()
    pixels = np.zeros((len(numbers), SIDE, SIDE, 3), np.uint8)
    for place, number in enumerate(numbers.tolist()):
        control.checkpoint()
        if place % 50 == 0:
            yield Progress(place, len(numbers), "Looking for shortcuts")
        try:
            pixels[place] = read_array(looks.index.path(number), SIDE, SIDE, "rgb", "squeeze")
        except PictureError:  # gone since; black like every such image, and reported elsewhere
            continue
    blurred = pixels.reshape(len(numbers), _BLUR, 2, _BLUR, 2, 3).mean((2, 4)).reshape(len(numbers), -1)
    inner = np.zeros((SIDE, SIDE), bool)
    inner[_EDGE:-_EDGE, _EDGE:-_EDGE] = True
    tries = (
        ("facts", _SEES_FACTS, _facts(looks, numbers), False),
        ("border", "the outermost pixels", pixels[:, ~inner].reshape(len(numbers), -1), True),
        ("blur", "a blur of 16 × 16 pixels", blurred, True),
    )
    found = []
    chance = np.bincount(labels).max() / len(labels)
    for name, sees, features, are_pixels in tries:
        control.checkpoint()
        right = _told_right(features.astype(np.float64), labels, are_pixels=are_pixels)
        low, high = wilson(int(right.sum()), len(right))
        found.append(Shortcut(name, sees, float(right.mean()), low, high, float(chance), len(right)))
    return tuple(found)


def _chosen(looks: Looks) -> np.ndarray:
    """Readable images of every class that has enough, each class by its share, evenly spread over the folder."""
    labels = looks.index.labels
    good = looks.readable
    counts = np.bincount(labels[good], minlength=len(looks.index.classes))
    share = min(1.0, MOST / max(1, counts[counts >= FEWEST].sum()))
    parts = []
    for label in np.flatnonzero(counts >= FEWEST):
        there = np.flatnonzero(good & (labels == label))
        wanted = max(FEWEST, round(len(there) * share))
        parts.append(there[np.linspace(0, len(there) - 1, min(wanted, len(there))).astype(np.int64)])
    return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def _facts(looks: Looks, numbers: np.ndarray) -> np.ndarray:
    """(N, F) 0 or 1: for each number of a file, which tenth of all files it is in; and its format."""
    rows = looks.rows[numbers]
    width, height = rows["width"].astype(np.float64), rows["height"].astype(np.float64)
    plain = [looks.index.sizes[numbers], width, height, width * height, width / height, *rows["mean"].T]
    columns = [np.ones((len(numbers), 1))]
    for values in plain:
        edges = np.unique(np.quantile(values, np.linspace(0, 1, _QUANTILES + 1)[1:-1]))
        columns.append(np.eye(len(edges) + 1)[np.searchsorted(edges, values, side="right")])
    _, kinds = np.unique(rows["format"], return_inverse=True)
    columns.append(np.eye(kinds.max() + 1)[kinds])
    return np.concatenate(columns, axis=1)


def _told_right(features: np.ndarray, labels: np.ndarray, *, are_pixels: bool) -> np.ndarray:
    """(N,) bool: whether each image was told right by a fit on the other folds."""
    # Here, on a worker: it takes part of a second to import, and the window is up long before it is needed.
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.preprocessing import StandardScaler

    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    if not are_pixels:
        return cross_val_predict(RidgeClassifier(), features, labels, cv=folds) == labels
    spread = StandardScaler().fit_transform(features)
    model = KernelRidge(alpha=_RIDGE, kernel="rbf", gamma=1 / (2 * spread.shape[1]))
    targets = np.eye(labels.max() + 1)[labels]
    mean = targets.mean(0)  # what a kernel ridge, which has no constant, says where it has seen nothing alike
    parts = list(folds.split(spread, labels))
    return (cross_val_predict(model, spread, targets - mean, cv=parts) + mean).argmax(1) == labels
