"""The words for train, validation and test."""

from PySide6.QtCore import QCoreApplication

from engine.data.index import SPLITS, TEST, TRAIN, VALIDATION


def split_names() -> dict[int, str]:
    """The words for the splits, by their number."""
    tr = QCoreApplication.translate
    return {TRAIN: tr("Data", "train"), VALIDATION: tr("Data", "validation"), TEST: tr("Data", "test")}


def split_word(key: str) -> str:
    """The word for a split by its stable name; empty for any other."""
    return {SPLITS[split]: word for split, word in split_names().items()}.get(key, "")
