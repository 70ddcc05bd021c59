"""What the buttons of the diagnosis say."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.params import short_number
from engine.train.next_step import NextStep


def step_text(step: NextStep) -> str:
    """An experiment in a few words, for its button and for the step that undoes it."""
    texts = {
        "lower_rate": _tr("Try learning rate {value}"),
        "higher_rate": _tr("Try learning rate {value}"),
        "more_epochs": _tr("Train for {value} epochs"),
        "augment": _tr("Vary the images more"),
        "dropout": _tr("Add dropout {value}"),
        "weight_decay": _tr("Try weight decay {value}"),
        "wider": _tr("Try twice the width"),
        "narrower": _tr("Try half the width"),
        "balance": _tr("Let classes count the same"),
        "smooth": _tr("Try label smoothing {value}"),
        "cosine": _tr("Let the learning rate fall"),
    }
    return texts[step.name].format(value=short_number(step.value))


def _tr(text: str) -> str:
    return QCoreApplication.translate("NextStep", text)
