"""Which experiments are open in the list of runs, so that their runs are seen."""

from __future__ import annotations

from engine.train.experiments.store import Experiment
from engine.train.runs import RunInfo


class Folds:
    """Knows for each experiment whether its runs are seen: as the user wants it, and otherwise while it trains or one
    of its runs was shown since the last new run came."""

    def __init__(self) -> None:
        self._wanted: dict[int, bool] = {}  # by experiment: whether the user wants to see its runs
        self._opened: set[int] = set()  # experiments that are open because one of their runs was shown

    def is_open(self, experiment: Experiment) -> bool:
        """Return whether the runs of an experiment are seen."""
        usual = experiment.state == "running" or experiment.number in self._opened
        return self._wanted.get(experiment.number, usual)

    def want(self, number: int, is_open: bool) -> None:
        """The user opens or folds the experiment with this number."""
        self._wanted[number] = is_open

    def show_run(self, info: RunInfo | None) -> None:
        """This run is shown: its experiment is open, unless the user has folded it or the run stands alone."""
        if info is not None and info.experiment is not None and not info.is_pinned:
            self._opened.add(info.experiment)

    def reveal(self, info: RunInfo) -> None:
        """The user asks for this run: it is seen even where its experiment was folded."""
        if self._wanted.get(info.experiment) is False:
            del self._wanted[info.experiment]
            self._opened.add(info.experiment)

    def settle(self) -> None:
        """The runs are others than before: what was only looked at until now is folded again."""
        self._opened.clear()

    def forget(self) -> None:
        """Another project is open: nothing is known of its experiments."""
        self._wanted.clear()
        self._opened.clear()
