"""What an experiment asks, and the trials that answer it."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.errors import EngineError
from engine.params import Value
from engine.spec import ProjectSpec
from engine.train.experiments.settings import Choice, find_setting, said

METHODS = {
    "grid": "every combination",
    "random": "random combinations",
    "halving": "successive halving",
}
"""How a search chooses what it tries."""

MOST_TRIALS = 500
FEW_TRIALS = 9
FEWEST_FOLDS, MOST_FOLDS = 2, 50
_DRAWS = 50  # for each trial, before a random search has nothing new to try


@dataclass(frozen=True)
class PlannedTrial:
    """One training of an experiment.

    Attributes:
        name: within the experiment, stable: "fold-2".
        label: in words: "fold 2 of 5".
        values: settings that differ from the project's, by name; see `settings.with_values`.
        spec_file: of a queue: the file with the whole project, in place of `values`.
    """

    name: str
    label: str
    values: Mapping[str, Value] = field(default_factory=dict)
    spec_file: str = ""


@dataclass(frozen=True)
class Plan:
    """What to try. `kind` is stored; `title` is said."""

    @property
    def kind(self) -> str:
        raise NotImplementedError

    @property
    def title(self) -> str:
        raise NotImplementedError

    def trials(self, project: ProjectSpec) -> tuple[PlannedTrial, ...]:
        """All trainings, in the order they begin. Raises: EngineError, when the project does not allow them."""
        raise NotImplementedError

    def rungs(self, project: ProjectSpec) -> tuple[int, ...]:
        """The epochs at which trials are judged, ascending; empty where each is trained to its end."""
        return ()

    def stored(self) -> dict[str, Any]:
        """What else is kept of the plan, as plain JSON values."""
        return {}


@dataclass(frozen=True)
class FoldsPlan(Plan):
    """Cross-validation: the images that are not for testing are divided into equal parts, class by class; each part
    validates once, while the network learns from the others.

    Stone, 1974, "Cross-validatory choice and assessment of statistical predictions".
    """

    folds: int = 5

    @property
    def kind(self) -> str:
        return "folds"

    @property
    def title(self) -> str:
        return f"{self.folds}-fold cross-validation"

    def trials(self, project: ProjectSpec) -> tuple[PlannedTrial, ...]:
        _must_be_within("folds", self.folds, FEWEST_FOLDS, MOST_FOLDS)
        return tuple(
            PlannedTrial(f"fold-{fold}", f"fold {fold} of {self.folds}", {"data.folds": self.folds, "data.fold": fold})
            for fold in range(1, self.folds + 1)
        )


@dataclass(frozen=True)
class SeedsPlan(Plan):
    """The same training again from other random numbers: how much of a score is luck."""

    seeds: int = 3

    @property
    def kind(self) -> str:
        return "seeds"

    @property
    def title(self) -> str:
        return f"{self.seeds} seeds"

    def trials(self, project: ProjectSpec) -> tuple[PlannedTrial, ...]:
        _must_be_within("seeds", self.seeds, 2, MOST_TRIALS)
        first = min(project.recipe.seed, 2**31 - 1 - self.seeds)
        return tuple(
            PlannedTrial(f"seed-{seed}", f"seed {seed}", {"seed": seed}) for seed in range(first, first + self.seeds)
        )


@dataclass(frozen=True)
class SearchPlan(Plan):
    """Which values of some settings do best.

    With "halving", all combinations train for a few epochs; the best third of them goes on for three times as many,
    and so on, until the last have all their epochs: what is hopeless costs little (Jamieson and Talwalkar, 2016,
    "Non-stochastic best arm identification and hyperparameter optimization"; Li et al., 2018, "Hyperband"). A trial
    that goes on continues its own run, exactly as if it had never waited; its schedule is that of the whole run from
    the start. For one that fails, the next best is called up; see `halving.standing`.

    Attributes:
        method: one of `METHODS`.
        choices: what to vary.
        count: how many combinations "random" and "halving" try.
        seed: of the draw.
        factor: of "halving": one of so many goes on.
    """

    method: str
    choices: tuple[Choice, ...]
    count: int = FEW_TRIALS
    seed: int = 0
    factor: int = 3

    @property
    def kind(self) -> str:
        return "search"

    @property
    def title(self) -> str:
        return f"Search, {METHODS[self.method]}"

    def trials(self, project: ProjectSpec) -> tuple[PlannedTrial, ...]:
        if self.method not in METHODS:
            raise EngineError(f"There is no search “{self.method}”.", fix=f"Known: {', '.join(METHODS)}.")
        if not self.choices:
            raise EngineError("There is nothing to search.", fix="Choose at least one setting and what to try of it.")
        for choice in self.choices:
            find_setting(project, choice.name)
        found = self._grid() if self.method == "grid" else self._drawn(project)
        _must_be_within("combinations", len(found), 2, MOST_TRIALS)
        varied = {choice.name for choice in self.choices if choice.span is not None or len(choice.values) > 1}
        return tuple(
            PlannedTrial(f"trial-{place}", said(project, {n: v for n, v in values.items() if n in varied}), values)
            for place, values in enumerate(found, start=1)
        )

    def _grid(self) -> list[dict[str, Value]]:
        if any(choice.span is not None for choice in self.choices):
            raise EngineError(
                "A range holds endlessly many values, and a grid tries every one.",
                fix="List the values, or draw random combinations instead.",
            )
        _must_be_within("combinations", math.prod(len(choice.values) for choice in self.choices), 2, MOST_TRIALS)
        names = [choice.name for choice in self.choices]
        return [
            dict(zip(names, values, strict=True))
            for values in itertools.product(*(choice.values for choice in self.choices))
        ]

    def _drawn(self, project: ProjectSpec) -> list[dict[str, Value]]:
        """Combinations without repetition; fewer where there are no more."""
        _must_be_within("combinations", self.count, 2, MOST_TRIALS)
        random = np.random.default_rng(self.seed)
        found: list[dict[str, Value]] = []
        for _ in range(_DRAWS * self.count):
            values = {choice.name: self._draw(project, choice, random) for choice in self.choices}
            if values not in found:
                found.append(values)
            if len(found) == self.count:
                break
        return found

    @staticmethod
    def _draw(project: ProjectSpec, choice: Choice, random: np.random.Generator) -> Value:
        if choice.span is not None:
            return choice.span.drawn(random, find_setting(project, choice.name))
        return choice.values[int(random.integers(len(choice.values)))]

    def rungs(self, project: ProjectSpec) -> tuple[int, ...]:
        if self.method != "halving":
            return ()
        _must_be_within("as the factor of halving", self.factor, 2, 10)
        return halving_rungs(len(self.trials(project)), project.recipe.epochs, self.factor)

    def stored(self) -> dict[str, Any]:
        return {"method": self.method, "factor": self.factor}


@dataclass(frozen=True)
class QueuePlan(Plan):
    """Trainings of their own, one after the other. Its trials are added while it exists: see `store.add_to_queue`."""

    @property
    def kind(self) -> str:
        return "queue"

    @property
    def title(self) -> str:
        return "Queue"

    def trials(self, project: ProjectSpec) -> tuple[PlannedTrial, ...]:
        return ()


def halving_rungs(trials: int, epochs: int, factor: int) -> tuple[int, ...]:
    """The epochs after which trials are judged: the last is `epochs`, each before it a `factor`-th, at least 1.

    There are so many that the last is reached by fewer than `factor` trials, as far as epochs can be divided.
    """
    rungs = [epochs]
    left = trials
    while left >= factor and rungs[0] // factor >= 1:
        rungs.insert(0, rungs[0] // factor)
        left //= factor
    return tuple(rungs)


def _must_be_within(what: str, count: int, low: int, high: int) -> None:
    if not low <= count <= high:
        raise EngineError(f"{count} {what} is not possible.", why=f"It takes {low} to {high}.", fix="Choose another.")
