"""Between what a person types and the value of a setting; no widgets here.

`INCOMPLETE` is the answer for text that may still become a value ("1e-", "3 ×"): no reason to complain yet.
Anything else that is not understood is handed on as text, so that `Param.clean` words the complaint.
"""

from __future__ import annotations

import math
import re

from engine.params import Param, Value

INCOMPLETE = object()

_PAIR = re.compile(r"(\d+)\s*(?:[x×*,; ]\s*(\d+)?)?\s*", re.IGNORECASE)
_STEPS = (1.0, 2.0, 5.0)


def without_unit(text: str, setting: Param) -> str:
    """`text` without blanks around it and without the setting's unit at its end."""
    text = text.strip()
    if setting.unit and text.endswith(setting.unit):
        text = text[: -len(setting.unit)].strip()
    return text


def _is_zero_word(text: str, setting: Param) -> bool:
    return bool(setting.zero_means) and text.casefold() == setting.zero_means.casefold()


def read_integer(text: str, setting: Param) -> object:
    """A whole number, the word for zero, or the text itself."""
    text = without_unit(text, setting)
    if _is_zero_word(text, setting):
        return 0
    digits = text.replace("\u202f", "").replace(" ", "")
    if digits in ("", "-", "+"):
        return INCOMPLETE
    rest = digits.lstrip("+-0123456789")  # of the unit, while it is deleted letter by letter
    if rest != digits and rest in setting.unit.replace(" ", ""):
        digits = digits.removesuffix(rest)
    try:
        return int(digits)
    except ValueError:
        return text


def may_become_integer(value: object, setting: Param) -> bool:
    """Whether what `read_integer` gave is on the way to a number: nothing yet, or the word for zero being typed."""
    if not isinstance(value, str):
        return value is INCOMPLETE
    return setting.zero_means.casefold().startswith(value.casefold())


def read_number(text: str, setting: Param) -> object:
    """A number: "0.001", "1e-5", "0,5" with a comma, the word for zero, or the text itself."""
    text = without_unit(text, setting).replace("−", "-")
    if _is_zero_word(text, setting):
        return 0.0
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if re.fullmatch(r"[+-]?|[+-]?\d*\.?\d*e[+-]?|[+-]?\.", text, re.IGNORECASE):
        return INCOMPLETE
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def read_pair(text: str, setting: Param) -> object:
    """One number ("3"), two ("3×5", "3 x 5", "3, 5"), the word for zero, or the text itself."""
    text = without_unit(text, setting)
    if _is_zero_word(text, setting):
        return 0
    if not text:
        return INCOMPLETE
    found = _PAIR.fullmatch(text)
    if not found:
        return text
    first, second = found.groups()
    if second is not None:
        return int(first), int(second)
    return int(first) if text.strip().isdigit() else INCOMPLETE


def read_size(text: str, setting: Param) -> object:
    """One of the setting's words, stored or as shown, a whole number, or the text itself."""
    word = text.strip().casefold()
    known = {choice.casefold(): choice for choice in setting.choices}
    known |= {label.casefold(): choice for choice, label in zip(setting.choices, setting.choice_labels, strict=False)}
    if word in known:
        return known[word]
    if any(each.startswith(word) for each in known):  # also when it is empty
        return INCOMPLETE
    return read_integer(text, setting)


def write_number(value: float) -> str:
    """A number as briefly as possible and exactly enough: "0.001", "1e-5", "0.5", "30"."""
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        mantissa, exponent = f"{value:.10e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa}e{int(exponent)}"
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return text if text not in ("", "-0") else "0"


def write_value(value: Value, setting: Param) -> str:
    """A number or pair as its editor shows it at rest, with its unit or the word for zero."""
    if setting.zero_means and value == 0:
        return setting.zero_means
    if isinstance(value, tuple):
        text = f"{value[0]} × {value[1]}"
    elif setting.sort == "pair":
        text = f"{value} × {value}"
    elif isinstance(value, float):
        text = write_number(value)
    else:
        text = str(value)
    return text + unit_suffix(setting)


def unit_suffix(setting: Param) -> str:
    """What stands behind a number: " epochs", "°", " %"."""
    return setting.unit if setting.unit in ("", "°", "×") else f" {setting.unit}"


def stepped(value: float, steps: int, setting: Param) -> float:
    """`value` after `steps` presses of an arrow key, within the bounds.

    Settings that span decades (a learning rate) go 1, 2, 5, 10, ...; others by about a twentieth of their range.
    """
    low, high = setting.low, setting.high
    if spans_decades(setting):
        for _ in range(abs(steps)):
            value = _next_of_decade(value, up=steps > 0)
    else:
        step = linear_step(setting)
        value = (math.floor(value / step + 1e-9) if steps > 0 else math.ceil(value / step - 1e-9)) * step + steps * step
    value = float(f"{value:.10g}")  # 0.1 + 0.2 is 0.3 to a person
    if low is not None:
        value = max(low, value)
    return value if high is None else min(high, value)


def spans_decades(setting: Param) -> bool:
    """Whether the setting is one of order of magnitude rather than of amount."""
    return setting.low is not None and setting.low > 0 and (setting.high is None or setting.high / setting.low >= 1000)


def linear_step(setting: Param) -> float:
    """1, 2 or 5 times a power of ten, about a twentieth of the range."""
    span = (setting.high - setting.low) if setting.low is not None and setting.high is not None else 20.0
    decade = 10.0 ** math.floor(math.log10(span / 20))
    return max(step * decade for step in _STEPS if step * decade <= span / 20 * 1.1)


def _next_of_decade(value: float, *, up: bool) -> float:
    exponent = math.floor(math.log10(value) + 1e-9)
    ladder = [step * 10.0**power for power in range(exponent - 1, exponent + 3) for step in _STEPS]
    if up:
        return next(rung for rung in ladder if rung > value * (1 + 1e-9))
    return next(rung for rung in reversed(ladder) if rung < value * (1 - 1e-9))
