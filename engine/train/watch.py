"""Which pictures are watched, and the stored answers of every epoch."""

import json
from collections import Counter
from pathlib import Path

import numpy as np

from engine.data.index import VALIDATION, Index
from engine.files import write_atomically

MOST_WATCHED = 24


def choose_watched(labels: np.ndarray, numbers: np.ndarray, most: int = MOST_WATCHED) -> tuple[int, ...]:
    """Some validation pictures of each class in turn, the same ones every time.

    Args:
        labels: (N,) of the whole index.
        numbers: picture numbers to choose from.
    """
    by_class = [numbers[labels[numbers] == label] for label in np.unique(labels[numbers])]
    turns = [(turn, place) for turn in range(most) for place, group in enumerate(by_class) if turn < len(group)][:most]
    share = Counter(place for _, place in turns)
    # Evenly spread over the folder rather than its first files, which are often alike.
    return tuple(int(by_class[place][turn * len(by_class[place]) // share[place]]) for turn, place in turns)


class WatchFolder:
    """`watch/` of a run: whose answers, and the answers after every epoch, so that any epoch can be replayed."""

    def __init__(self, run_folder: Path):
        self.folder = run_folder / "watch"

    def begin(self, index: Index, numbers: np.ndarray) -> None:
        """Store which pictures the answers will be about."""
        self.folder.mkdir(exist_ok=True)
        content = {
            "paths": [str(path) for path in index.paths[numbers]],
            "labels": index.labels[numbers].tolist(),
            "classes": list(index.classes),
        }
        # Escaped, since a file name that is no UTF-8 holds lone surrogates, which no UTF-8 file can.
        write_atomically(self.folder / "pictures.json", json.dumps(content))

    def store(self, epoch: int, probabilities: np.ndarray) -> None:
        """Store (N, classes) answers of an epoch; half precision is far finer than any eye."""
        array = probabilities.astype(np.float16)
        write_atomically(self._file(epoch), lambda file: np.save(file, array, allow_pickle=False))

    def load(self, epoch: int) -> np.ndarray | None:
        """(N, classes) float32, None where the file is missing or damaged."""
        try:
            return np.load(self._file(epoch), allow_pickle=False).astype(np.float32)
        except (OSError, ValueError, EOFError):
            return None

    def modified(self, epoch: int) -> int:
        """When the answers of an epoch were written, in nanoseconds; 0 where there are none."""
        try:
            return self._file(epoch).stat().st_mtime_ns
        except OSError:
            return 0

    def numbers(self, index: Index) -> np.ndarray:
        """Picture numbers in today's `index` of the stored answers; -1 for pictures that are gone."""
        try:
            stored = [str(path) for path in json.loads((self.folder / "pictures.json").read_text("utf-8"))["paths"]]
        except (OSError, ValueError, KeyError, TypeError):
            return np.zeros(0, dtype=np.int64)
        places = {str(index.paths[number]): int(number) for number in index.where(VALIDATION)}
        if not all(path in places for path in stored):  # of another fold: look among all, which takes longer
            wanted = set(stored)
            places = {path: number for number, path in enumerate(index.paths.tolist()) if path in wanted}
        return np.array([places.get(path, -1) for path in stored], dtype=np.int64)

    def _file(self, epoch: int) -> Path:
        return self.folder / f"{epoch:05d}.npy"
