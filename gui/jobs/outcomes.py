"""How a job ended: exactly one of these, whatever happened."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finished:
    """The work came to its end; `value` is what its generator returned."""

    value: Any = None


@dataclass(frozen=True)
class Stopped:
    """The user stopped it; `kept` says whether what was reached was kept."""

    kept: bool = True


@dataclass(frozen=True)
class Failed:
    """It raised `error`: an `EngineError` is for the user, anything else is our bug (`report` has the traceback)."""

    error: BaseException
    report: str


Outcome = Finished | Stopped | Failed
