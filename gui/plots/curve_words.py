"""What a chart over epochs says: the values at its cross-hair, and all of it in one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from engine.params import short_number
from gui.plots.curve_numbers import CurveNumbers, Values
from gui.plots.ticks import write_number
from gui.widgets.bars import percent as write_percent

Part = tuple[str, str]
"""Words and their colour token."""


@dataclass(frozen=True)
class PlaceWords:
    """The values at one place, one text for each line of the box beside it; empty where there is nothing to say."""

    place: str
    train: str
    validation: str = ""
    others: tuple[Part, ...] = ()


class CurveWords:
    """Puts the numbers of a chart into words."""

    def __init__(self, numbers: CurveNumbers, single: str = "") -> None:
        """Speak of these numbers.

        Args:
            single: what the one line is called, where there is no validation.
        """
        self._numbers, self._single = numbers, single

    def at(self, place: float) -> PlaceWords | None:
        """Return what the box says at an epoch or a step; None where nothing is known."""
        values = self._numbers.values_at(place)
        return None if values is None else self._of(values)

    def row_at(self, epoch: int | None) -> tuple[list[Part], list[Part], list[Part]]:
        """Return the row below the heading: in long, in short, and in values alone, which their colours tell apart;
        nothing without an epoch."""
        values = None if epoch is None else self._numbers.values_at(float(epoch))
        if values is None:
            return [], [], []
        words, own = self._of(values), self._numbers.own_token
        place, alone = (words.place, "dim"), (self._written(values.train), own)
        long, short = [place, (words.train, own)], [place, alone]
        if self._single and not self._numbers.is_compared:
            long = short  # the heading names it
        if not self._single:
            long.append((words.validation, "validation"))
            short.append((self._written(values.validation), "validation"))
        tokens = self._numbers.other_tokens()
        brief = [
            (self._written(math.nan if value is None else value), token)
            for value, token in zip(values.others, tokens, strict=True)
        ]
        return [*long, *words.others], [*short, *words.others], [*short, *brief]

    def summary(self) -> str:
        """Return the newest epoch, and which one is the best, for those who cannot see the chart."""
        numbers = self._numbers
        if not len(numbers):
            return _tr("No epoch has finished yet.")
        epoch, train = round(numbers.x[-1]), self._written(numbers.train[-1])
        if self._single:
            return _tr("epoch {epoch}: {name} {value}").format(epoch=epoch, name=self._single, value=train)
        words = _tr("epoch {epoch}: train {train}, validation {validation}").format(
            epoch=epoch, train=train, validation=self._written(numbers.validation[-1])
        )
        best = "" if numbers.best is None else _tr("; best epoch {epoch}").format(epoch=numbers.best)
        after = numbers.continued
        joint = "" if after is None else _tr("; continued after epoch {epoch}").format(epoch=after)
        return words + best + joint

    def _of(self, values: Values) -> PlaceWords:
        own, validation = self._single or _tr("train"), _tr("validation")
        if self._numbers.is_compared:
            name = self._numbers.name
            named = _tr("{run} {line}")
            # In a chart of one line, other runs are called by their names alone, and so is this one.
            own = name if self._single else named.format(run=name, line=own)
            validation = named.format(run=name, line=validation)
        if values.is_step:
            epoch = _tr("in epoch {number}").format(number=math.ceil(values.place))
            return PlaceWords(epoch, self._named(own, values.step))
        runs = zip(self._numbers.others, values.others, self._numbers.other_tokens(), strict=True)
        return PlaceWords(
            _tr("epoch {number}").format(number=round(values.place)),
            self._named(own, values.train),
            "" if self._single else self._named(validation, values.validation),
            tuple((self._of_another(line.name, value), token) for line, value, token in runs),
        )

    def _of_another(self, name: str, value: float | None) -> str:
        return _tr("{name} had ended").format(name=name) if value is None else self._named(name, value)

    def _named(self, name: str, value: float) -> str:
        return _tr("{name} {value}").format(name=name, value=self._written(value))

    def _written(self, value: float) -> str:
        if self._single:
            return short_number(value, 3) if math.isfinite(value) else write_number(value)
        return write_percent(value) if self._numbers.percent else write_number(value)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Curves", text)
