"""What every registered thing promises, checked for all entries of a registry: a new entry is tested by being there.

Here: how to draw settings of a declaration for a property test.
"""

import math
from typing import Any

from hypothesis import strategies as st

from engine.params import Declared, Param, params_of

NUMERIC = ("integer", "number", "pair", "size")


def small_values(setting: Param) -> st.SearchStrategy[Any]:
    """Values that `setting` accepts, numbers near their lower bound so that what is built stays small."""
    if setting.sort == "switch":
        return st.booleans()
    if setting.sort == "choice":
        return st.sampled_from(setting.choices)
    if setting.sort == "text":
        return st.text(max_size=20)
    if setting.sort == "number":
        return st.floats(setting.low, min(setting.high, setting.low + 10)) | st.just(setting.default)
    low = 1 if setting.fact else int(setting.low)  # 0 stands for a fact, which only the data know
    whole = st.integers(low, min(int(setting.high), low + 5))
    if setting.sort == "pair":
        return whole | st.tuples(whole, whole)
    return whole | st.sampled_from(setting.choices) if setting.sort == "size" else whole


def instances(kind: type[Declared]) -> st.SearchStrategy[Declared]:
    """Declarations of `kind` with small settings of every sort."""
    return st.builds(kind, **{setting.name: small_values(setting) for setting in params_of(kind)})


def just_outside(setting: Param) -> tuple[Any, Any]:
    """The nearest values that are too low and too high."""
    if setting.sort == "number":
        return math.nextafter(setting.low, -math.inf), math.nextafter(setting.high, math.inf)
    return int(setting.low) - 1, int(setting.high) + 1
