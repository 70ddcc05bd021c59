"""What a look at a layer in training says, in one sentence, and the colour of its light."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.params import short_number
from engine.train.layer_health import LayerState
from gui.widgets.bars import percent

TOKENS = {"good": "good", "look": "validation", "bad": "bad"}
"""The colour of each light."""


def light_text(state: LayerState) -> str:
    """A light in a word, for those who see no colours."""
    return {"good": _tr("good"), "look": _tr("look"), "bad": _tr("bad")}[state.light]


def layer_sentence(state: LayerState) -> str:
    """Why a layer has its light."""
    texts = {
        "fine": _tr("Learns as it should."),
        "broken": _tr("Its numbers are none any more: the steps were too large."),
        "dead": _tr(
            "{dead} of its units were active for no image; a lower learning rate or leaky ReLU keeps them alive."
        ),
        "saturated": _tr("{saturated} of its outputs are at their limit, where hardly any gradient passes."),
        "no_gradient": _tr("No gradient arrives: it cannot learn."),
        "wild": _tr("Its steps are {ratio} of its weights: far too long, about 0.001 is usual."),
        "long": _tr("Its steps are {ratio} of its weights: rather long, about 0.001 is usual."),
        "short": _tr("Its steps are {ratio} of its weights: very short, about 0.001 is usual."),
        "behind": _tr("Its steps are {ratio} of its weights: much shorter than those of the other layers."),
    }
    words = texts[state.finding]
    return words.format(
        dead=percent(state.dead or 0.0, 0),
        saturated=percent(state.saturated or 0.0, 0),
        ratio=number_text(state.update_ratio),
    )


def number_text(value: float | None) -> str:
    """A norm or a ratio with two figures; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.0f}" if 10 <= abs(value) < 1e5 else short_number(value, 2)


def share_text(value: float | None) -> str:
    """A share of units; a dash where there are none of that sort."""
    return "–" if value is None else percent(value, 0)


def _tr(text: str) -> str:
    return QCoreApplication.translate("LayerHealth", text)
