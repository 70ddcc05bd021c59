"""The sample "Handwritten digits": the 1 797 real 8x8 digits that come with scikit-learn.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.whole_folder import write_whole_folder

CLASSES = tuple("0123456789")
_INK_LEVELS = 16  # the values are 0..16
_TABLE = "datasets/data/digits.csv.gz"


def digit_table() -> tuple[np.ndarray, np.ndarray]:
    """(1797, 8, 8) values 0..16 and (1797,) digits 0..9."""
    # The table is read where it lies: importing sklearn.datasets takes 1.4 s, this 0.02 s. Should a later scikit-learn
    # keep it elsewhere, its own function finds it.
    spec = importlib.util.find_spec("sklearn")
    table = Path(spec.submodule_search_locations[0], _TABLE) if spec and spec.submodule_search_locations else None
    if table is not None and table.is_file():
        rows = np.loadtxt(table, delimiter=",", dtype=np.uint8)
        return rows[:, :64].reshape(-1, 8, 8), rows[:, 64]
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images, digits.target


def write_digits(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Write the digits as 8x8 grey PNG files `folder`/0/digit-0001.png ..., numbered through in their original order.

    `folder` appears whole or not at all; where it already holds the ten classes it is left as it is.

    Args:
        progress: called with (pictures done, all pictures) after each picture; what it raises ends the work cleanly.
    Raises:
        EngineError: the folder holds something else, or cannot be written.
    """

    def fill(place: Path) -> None:
        for name in CLASSES:
            (place / name).mkdir()
        values, digits = digit_table()
        pictures = np.round(values * (255 / _INK_LEVELS)).astype(np.uint8)
        for number, (picture, digit) in enumerate(zip(pictures, digits, strict=True), start=1):
            Image.fromarray(picture).save(place / str(digit) / f"digit-{number:04d}.png")
            if progress is not None:
                progress(number, len(pictures))

    write_whole_folder(folder, CLASSES, fill)
