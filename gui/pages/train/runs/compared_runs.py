"""Which runs are compared with the one that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.train.runs import RunInfo
from gui.plots.series import OTHER_TOKENS


class ComparedRuns:
    """The runs beside the shown one, by number: those that were picked in the list, and others that the menu of the
    charts compares.

    Attributes:
        numbers: all of them.
        picked: those of them that were picked in the list, which only holds while the same run is shown.
    """

    def __init__(self) -> None:
        self.numbers: frozenset[int] = frozenset()
        self.picked: frozenset[int] = frozenset()

    def choose(self, numbers: Iterable[int]) -> None:
        """Compare these runs and no others; none of them is picked by that."""
        self.numbers = frozenset(numbers)
        self.picked &= self.numbers

    def pick(self, numbers: Iterable[int], *, adds: bool) -> bool:
        """Compare what is picked in the list. Returns: whether other runs are compared now.

        Args:
            adds: beside those that the menu of the charts compares; otherwise instead of them.
        """
        before, picked = self.numbers, frozenset(numbers)
        kept = before - self.picked if adds else frozenset()
        self.picked, self.numbers = picked, kept | picked
        return self.numbers != before

    def unpick(self) -> None:
        """Another run is shown: what was picked beside the one before is not meant with this one."""
        self.picked = frozenset()

    def keep(self, listed: frozenset[int]) -> bool:
        """Compare with no run that was deleted: another one may be given its number. Returns: whether there was one."""
        if self.numbers <= listed:
            return False
        self.numbers &= listed
        self.picked &= listed
        return True

    def clear(self) -> bool:
        """Compare with nothing. Returns: whether there was something."""
        had_some = bool(self.numbers)
        self.numbers = self.picked = frozenset()
        return had_some

    def newest_first(self) -> tuple[int, ...] | None:
        """Return the numbers as they are told to the charts; None: nothing is compared."""
        return tuple(sorted(self.numbers, reverse=True)) or None

    def with_shown(self, shown: int | None) -> tuple[int, ...]:
        """Return the numbers of the shown run and of all that are compared with it, newest first."""
        return tuple(sorted(self.numbers | ({shown} if shown is not None else set()), reverse=True))

    def tokens(self, runs: Sequence[RunInfo], shown: int | None) -> dict[int, str]:
        """Return the colour tokens that the charts draw them in, by number; there are no more than the charts have.

        Args:
            runs: all of the project, newest first.
        """
        drawn = (info.number for info in runs if info.epochs_done)
        compared = [number for number in drawn if number in self.numbers and number != shown]
        return dict(zip(compared, OTHER_TOKENS, strict=False))
