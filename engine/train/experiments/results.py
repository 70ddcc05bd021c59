"""What an experiment has found, as far as it has come."""

from dataclasses import dataclass, replace

import numpy as np

from engine.errors import EngineError
from engine.params import Value
from engine.statistics import mean_and_deviation
from engine.train import history, runs
from engine.train.experiments.settings import Span, find_setting
from engine.train.experiments.store import Experiment, Trial, base_project
from engine.train.history import EpochLine


@dataclass(frozen=True)
class Results:
    """The trials of an experiment and what they say together.

    Attributes:
        mean, deviation: of the validation accuracy of the best epochs, 0..1, over the trials that are finished; None
            while there are too few, and for queues and searches, whose trials do not measure the same thing.
        last_mean, last_deviation: the same of the last epochs. The best epoch was chosen by the images that measure
            it, which makes its accuracy a little too good; the last one nobody chose.
        best: the finished trial with the highest accuracy. Of successive halving, while none is finished: the best of
            those that came furthest, where one was judged at all. None before that.
    """

    number: int
    kind: str
    title: str
    state: str
    trials: tuple[Trial, ...]
    mean: float | None = None
    deviation: float | None = None
    last_mean: float | None = None
    last_deviation: float | None = None
    best: Trial | None = None

    @property
    def finished(self) -> int:
        """Trials that came to their end."""
        return sum(trial.state == "finished" for trial in self.trials)

    @property
    def failed(self) -> int:
        """Trials that have no end to come to: what the others say is said without them."""
        return sum(trial.state == "failed" for trial in self.trials)

    def in_words(self) -> str:
        """One sentence: "81.2 % ± 2.1 points over 5 folds", "90.5 % ± 0.7 points over 2 of 5 seeds; 3 failed"."""
        if not self.trials:
            return "Nothing is in the queue."
        if self.best is None:
            is_over = self.trials and self.failed == len(self.trials)
            return (
                f"All {len(self.trials)} trials failed." if is_over else f"No trial has come to its end yet{self._but}."
            )
        if self.mean is not None:
            return f"{self._score} over {self._counted}"
        if self.kind == "search":
            return f"{self._best}{self._but}"
        return f"{self.finished} of {len(self.trials)} trained{self._but}"

    def score_in_words(self) -> str:
        """Mean and deviation of folds or seeds, and of how many where some failed: "81.2 % ± 2.1 points",
        "90.5 % ± 0.7 points, 2 of 5 seeds; 3 failed"; empty of other experiments."""
        if self.mean is None:
            return ""
        return f"{self._score}, {self._counted}" if self.failed else self._score

    @property
    def _score(self) -> str:
        spread = "" if self.deviation is None else f" ± {100 * self.deviation:.1f} points"
        return f"{100 * (self.mean or 0):.1f} %{spread}"

    @property
    def _counted(self) -> str:
        """What the mean is of: "5 folds", "2 of 5 seeds; 3 failed"."""
        share = "" if self.finished == len(self.trials) else f"{self.finished} of "
        return f"{share}{len(self.trials)} {self.kind}{self._but}"

    @property
    def _but(self) -> str:
        return f"; {self.failed} failed" if self.failed else ""

    @property
    def _best(self) -> str:
        score = f"{100 * (self.best.accuracy or 0):.1f} % with {self.best.label}"
        if self.best.state == "finished":
            return f"Best: {score}"
        # It may still be overtaken, or it failed further on, as all others did.
        return f"Best after {self.best.epochs} epoch{'' if self.best.epochs == 1 else 's'}: {score}"

    def as_json(self) -> dict:
        """For `--json`."""
        trials = [
            {
                "name": trial.name,
                "label": trial.label,
                "values": dict(trial.values),
                "state": trial.state,
                "run": trial.run,
                "accuracy": trial.accuracy,
                "last_accuracy": trial.last_accuracy,
                "epochs": trial.epochs,
                "best_epoch": trial.best_epoch,
                "reason": trial.reason,
            }
            for trial in self.trials
        ]
        return {
            "experiment": self.number,
            "kind": self.kind,
            "title": self.title,
            "state": self.state,
            "mean": self.mean,
            "deviation": self.deviation,
            "last_mean": self.last_mean,
            "last_deviation": self.last_deviation,
            "best": self.best.name if self.best else None,
            "finished": self.finished,
            "failed": self.failed,
            "trials": trials,
        }


def results_of(experiment: Experiment) -> Results:
    """Sum up an experiment."""
    finished, best = _finished(experiment), best_of(experiment)
    base = Results(experiment.number, experiment.kind, experiment.title, experiment.state, experiment.trials, best=best)
    if not finished or experiment.kind not in ("folds", "seeds"):
        return base
    mean, deviation = mean_and_deviation([trial.marks[-1][0] for trial in finished])
    last = [trial.last_accuracy for trial in finished if trial.last_accuracy is not None]
    last_mean, last_deviation = mean_and_deviation(last) if last else (None, None)
    found = {"mean": mean, "deviation": deviation, "last_mean": last_mean, "last_deviation": last_deviation}
    return replace(base, **found)


def _finished(experiment: Experiment) -> list[Trial]:
    return [trial for trial in experiment.trials if trial.state == "finished" and trial.marks]


def best_of(experiment: Experiment) -> Trial | None:
    """The best trial; see `Results.best`."""
    candidates = _finished(experiment) or [trial for trial in experiment.trials if experiment.rungs and trial.marks]
    furthest = max((len(trial.marks) for trial in candidates), default=0)
    equals = [trial for trial in candidates if len(trial.marks) == furthest]  # after 1 epoch and after 9: not the same
    return min(equals, key=lambda trial: (-trial.marks[-1][0], trial.marks[-1][1]), default=None)


@dataclass(frozen=True)
class Tried:
    """How well the values of one setting did in a search.

    Attributes:
        label: of the setting, in words.
        values: of each trial that was judged: numbers, or the words of a setting that is none.
        texts: the same in words.
        accuracies: validation accuracy of each, 0..1.
        trials: each of them.
        best: the place of the best of them: the trial that `results_of` names, where it is among them.
        is_numeric, is_logarithmic: how the values are best laid out.
    """

    label: str
    values: tuple[Value, ...]
    texts: tuple[str, ...]
    accuracies: tuple[float, ...]
    trials: tuple[Trial, ...]
    best: int
    is_numeric: bool
    is_logarithmic: bool


def tried(experiment: Experiment) -> Tried | None:
    """What a search says of its first numeric setting, or of its only one.

    None where fewer than two trials were judged, or all settings of several are words.
    """
    judged = [trial for trial in experiment.trials if trial.accuracy is not None]
    names = list(dict.fromkeys(name for trial in experiment.trials for name in trial.values))
    varied = [name for name in names if len({trial.values.get(name) for trial in experiment.trials}) > 1]
    numeric = [name for name in varied if all(_is_number(trial.values.get(name)) for trial in experiment.trials)]
    name = numeric[0] if numeric else varied[0] if len(varied) == 1 else None
    if experiment.kind != "search" or name is None or len(judged) < 2:
        return None
    try:
        setting = find_setting(base_project(experiment), name)
    except EngineError:  # its file is damaged, or written by a version that knows more
        setting = None
    values, best = tuple(trial.values[name] for trial in judged), best_of(experiment)
    return Tried(
        label=name if setting is None else setting.label,
        values=values,
        texts=tuple(str(value) if setting is None else setting.param.said(value) for value in values),
        accuracies=tuple(trial.marks[-1][0] for trial in judged),
        trials=tuple(judged),
        best=judged.index(best) if best in judged else 0,
        is_numeric=bool(numeric),
        is_logarithmic=bool(numeric) and Span(min(values), max(values)).is_logarithmic,
    )


def _is_number(value: Value | None) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True, eq=False)
class Band:
    """Several runs of the same training over their epochs: their mean, and one standard deviation to each side.

    Attributes:
        epochs: (n,) ascending from 1, as far as at least two runs have come.
        mean, low, high: (n,) each.
        counts: (n,) of how many runs: those that failed or ended early are not in all epochs.
        runs: how many there are.
    """

    epochs: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray
    runs: int


def band(experiment: Experiment, quantity: str) -> Band | None:
    """The band of folds or seeds, from the histories of their runs; None while fewer than two have an epoch.

    Args:
        quantity: a field of `history.EpochLine`: "validation_loss".
    """
    beside = experiment.folder.parent  # of the folder of runs: both lie beside the project's document
    numbers = [trial.run for trial in experiment.trials if trial.run is not None]
    histories = [history.read(runs.run_folder(beside, number)) for number in numbers]
    return band_of([lines for lines in histories if lines], quantity)


def band_of(histories: list[list[EpochLine]], quantity: str) -> Band | None:
    """The band of some histories; runs that ended early count as far as they came."""
    if len(histories) < 2:
        return None
    longest = sorted(len(lines) for lines in histories)[-2]
    values = np.full((len(histories), longest), np.nan)
    for row, lines in enumerate(histories):
        found = [getattr(line, quantity) for line in lines[:longest]]
        values[row, : len(found)] = found
    mean, deviation = np.nanmean(values, axis=0), np.nanstd(values, axis=0, ddof=1)
    counts = np.isfinite(values).sum(axis=0)
    return Band(np.arange(1, longest + 1), mean, mean - deviation, mean + deviation, counts, len(histories))
