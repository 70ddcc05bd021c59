"""Settings declared once: type, default, bounds, unit, choices and help feed the form, the file format and the docs.

A declaration is a frozen dataclass that inherits `Declared`, its fields made by `param()`:

    @dataclass(frozen=True)
    class Dropout(Declared):
        rate: float = param(0.5, low=0.0, high=0.95, label="Rate", help="Share of values set to zero while training.")
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, Self

from engine.errors import EngineError

Value = bool | int | float | str | tuple[int, int]
"""What a setting may hold: plain values that JSON knows (a pair of numbers is a list there)."""


@dataclass(frozen=True)
class Param:
    """One setting.

    Attributes:
        sort: "switch", "integer", "number", "choice", "pair" (1 or 2 whole numbers: height, width), "size" (a whole
            number or one of `choices`) or "text"; decides which editor a form shows.
        low, high: inclusive bounds of numbers, in `unit`.
        choices: stored values; `choice_labels` says them in words.
        zero_means: what 0 stands for ("automatic", "off"), where it is special.
        fact: what 0 is replaced by when the network meets its data, for example "classes"; see `compile.infer`.
        more: rarely needed, folded away at first.
        scales: a width (channels, neurons): a network of half the width has half of it.
    """

    name: str
    sort: str
    default: Value
    label: str
    help: str = ""
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    choice_labels: tuple[str, ...] = ()
    zero_means: str = ""
    fact: str = ""
    more: bool = False
    scales: bool = False

    def clean(self, value: Any) -> Value:
        """Return `value` in its stored form.

        Raises: EngineError, naming the setting and what it accepts.
        """
        cleaned = _CLEANERS[self.sort](self, value)
        if cleaned is None:
            raise EngineError(
                f"“{self.label}” cannot be {_shown(value)}.",
                why=f"It takes {self.accepts()}.",
                fix=f"The usual value is {_shown(self.default)}.",
            )
        return cleaned

    def accepts(self) -> str:
        """In words, what the setting takes: "a whole number from 1 to 4096"."""
        bounds = _bounds_in_words(self.low, self.high)
        names = ", ".join(self.choices)
        return {
            "switch": "yes or no",
            "integer": f"a whole number{bounds}",
            "number": f"a number{bounds}",
            "choice": f"one of: {names}",
            "pair": f"one or two whole numbers{bounds}",
            "size": f"{names} or a whole number{bounds}",
            "text": "text",
        }[self.sort]

    def said(self, value: Value) -> str:
        """`value` in words, with its unit: "off", "15°", "same", "3 × 5"."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if self.zero_means and value == 0:
            return self.zero_means
        if isinstance(value, tuple):
            return f"{value[0]} × {value[1]}"
        if isinstance(value, str) and value in self.choices and self.choice_labels:
            return self.choice_labels[self.choices.index(value)]
        number = short_number(value) if isinstance(value, float) else str(value)
        return f"{number}{'' if self.unit in ('', '°', '%', '×') else ' '}{self.unit}"


def short_number(value: float, figures: int = 6) -> str:
    """A number with so many figures at most, as a person writes it: "0.001", "1e-5"."""
    mantissa, letter, exponent = f"{value:.{figures}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if letter else mantissa


def param(
    default: Value,
    *,
    label: str,
    help: str = "",
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    choices: Iterable[str] | Mapping[str, str] = (),
    pair: bool = False,
    zero_means: str = "",
    fact: str = "",
    more: bool = False,
    scales: bool = False,
) -> Any:
    """Declare one setting as a dataclass field; see `Param`. `choices` may map stored values to their words."""
    stored = tuple(choices)
    words = tuple(choices.values()) if isinstance(choices, Mapping) else ()
    sort = _sort_of(default, bool(stored), pair, low is not None)
    extra = {"low": low, "high": high, "unit": unit, "zero_means": zero_means, "fact": fact, "more": more}
    made = Param("", sort, default, label, help, choices=stored, choice_labels=words, scales=scales, **extra)
    return dataclasses.field(default=default, metadata={"param": made})


def _sort_of(default: Value, has_choices: bool, pair: bool, has_bounds: bool) -> str:
    if pair:
        return "pair"
    if isinstance(default, bool):
        return "switch"
    if has_choices:
        return "size" if has_bounds else "choice"
    return {int: "integer", float: "number", str: "text"}[type(default)]


class Declared:
    """Base of frozen dataclasses whose fields are settings: every value is checked when an instance is made."""

    name: str  # set by Registry.add
    title: str

    def __post_init__(self) -> None:
        for setting in params_of(type(self)):
            cleaned = setting.clean(getattr(self, setting.name))
            object.__setattr__(self, setting.name, cleaned)  # the way to normalise a field of a frozen dataclass

    def values(self) -> dict[str, Value]:
        """The settings by name."""
        return {setting.name: getattr(self, setting.name) for setting in params_of(type(self))}

    @classmethod
    def tolerant(cls, raw: Mapping[str, Any], note: Callable[[str], None], where: str) -> Self:
        """Make an instance of whatever is usable in `raw`; `note` is told by name about everything that is not."""
        known = {setting.name: setting for setting in params_of(cls)}
        usable: dict[str, Value] = {}
        for name, value in raw.items():
            if name not in known:
                note(f"{where}: the setting “{name}” is unknown here and was left out.")
                continue
            try:
                usable[name] = known[name].clean(value)
            except EngineError as error:
                note(f"{where}: {error.what} {_shown(known[name].default)} is used instead.")
        return cls(**usable)


@cache
def params_of(cls: type) -> tuple[Param, ...]:
    """The settings that a declaration has, in order."""
    found = (_named(field) for field in fields(cls) if "param" in field.metadata)  # type: ignore[arg-type]
    return tuple(found)


def _named(field: dataclasses.Field) -> Param:
    assert field.default is not MISSING
    return dataclasses.replace(field.metadata["param"], name=field.name)


def _shown(value: Any) -> str:
    text = " × ".join(map(_shown, value)) if isinstance(value, (tuple, list)) else str(value)
    if isinstance(value, float):
        text = short_number(value)
    return f"“{text[:60]}”" if isinstance(value, str) else text[:60]


def _bounds_in_words(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {short_number(low)} to {short_number(high)}"
    if low is not None:
        return f" of at least {short_number(low)}"
    return f" of at most {short_number(high)}" if high is not None else ""


def _within(setting: Param, value: float) -> bool:
    return (setting.low is None or value >= setting.low) and (setting.high is None or value <= setting.high)


def _clean_switch(setting: Param, value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def _clean_integer(setting: Param, value: Any) -> int | None:
    return int(value) if _is_number(value) and value == int(value) and _within(setting, value) else None


def _clean_number(setting: Param, value: Any) -> float | None:
    return float(value) if _is_number(value) and _within(setting, value) else None


def _clean_choice(setting: Param, value: Any) -> str | None:
    return value if isinstance(value, str) and value in setting.choices else None


def _clean_pair(setting: Param, value: Any) -> int | tuple[int, int] | None:
    if not isinstance(value, (tuple, list)):
        return _clean_integer(setting, value)
    numbers = [_clean_integer(setting, number) for number in value]
    if len(numbers) != 2 or None in numbers:
        return None
    first, second = numbers
    return first if first == second else (first, second)


def _clean_size(setting: Param, value: Any) -> str | int | None:
    return _clean_choice(setting, value) if isinstance(value, str) else _clean_integer(setting, value)


def _clean_text(setting: Param, value: Any) -> str | None:
    return value if isinstance(value, str) else None


_CLEANERS: dict[str, Callable[[Param, Any], Value | None]] = {
    "switch": _clean_switch,
    "integer": _clean_integer,
    "number": _clean_number,
    "choice": _clean_choice,
    "pair": _clean_pair,
    "size": _clean_size,
    "text": _clean_text,
}


def both(value: int | tuple[int, int]) -> tuple[int, int]:
    """A pair setting as (height, width): one number stands for both."""
    return value if isinstance(value, tuple) else (value, value)
