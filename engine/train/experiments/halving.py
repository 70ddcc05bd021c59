"""Successive halving: who goes on, who waits to be called up, and who is given up.

All of it follows from the marks of the trials and from which of them have failed. Both are on disk, so there is nothing
that a crash could lose.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.train.experiments.store import Trial


@dataclass(frozen=True)
class Standing:
    """How far a search by successive halving has come.

    Attributes:
        entrants: for each rung that was begun, the names of the trials that were let in, in the order of the plan;
            those that failed there among them.
        following: the trial that is to be trained next, for the last of these rungs; None where nothing is left to do.
    """

    entrants: tuple[tuple[str, ...], ...]
    following: Trial | None


def standing(trials: Sequence[Trial], rungs: Sequence[int], factor: int) -> Standing:
    """Say who is in the race, from what is known of each trial.

    Of `n` places of a rung the best `n // factor` go on, at least one. A trial that fails leaves its place: the
    runner-up of the rung it came from is called up for it. Where that empties the last rung, and nobody is left who
    could be called up to it, the best of those who were left behind further down is let into the rung above, and so
    on: as long as one trial can come to its end, one does.
    """
    extra = [0] * len(rungs)  # places that were added to a rung, because all who came from it have failed
    while True:
        entrants, following = _climbed(trials, places(len(trials), len(rungs), factor), extra)
        if following is not None or any(len(trial.marks) == len(rungs) for trial in trials):
            return Standing(entrants, following)
        higher = [rung for rung in range(1, len(rungs)) if _is_somebody_left(trials, rung, entrants[rung])]
        if not higher:
            return Standing(entrants, None)
        extra[higher[-1]] += 1


def places(trials: int, rungs: int, factor: int) -> list[int]:
    """How many trials each rung is for, the first one for all."""
    counts = [trials]
    while len(counts) < rungs:
        counts.append(max(1, counts[-1] // factor))
    return counts


def _climbed(
    trials: Sequence[Trial], counts: Sequence[int], extra: Sequence[int]
) -> tuple[tuple[tuple[str, ...], ...], Trial | None]:
    """The entrants of each rung up to the first on which somebody is still to be trained, and who that is."""
    entrants: list[tuple[str, ...]] = []
    for rung, count in enumerate(counts):
        names = _let_in(trials, rung, count + extra[rung])
        entrants.append(tuple(trial.name for trial in trials if trial.name in names))
        pending = (t for t in trials if t.name in names and len(t.marks) <= rung and t.state != "failed")
        if (following := next(pending, None)) is not None:
            return tuple(entrants), following
    return tuple(entrants), None


def _let_in(trials: Sequence[Trial], rung: int, count: int) -> set[str]:
    """The best of those who came so far, until `count` of them have not failed on this rung."""
    names: set[str] = set()
    for trial in _ranked(trials, rung):
        if count <= 0:
            break
        names.add(trial.name)
        count -= trial.state != "failed" or len(trial.marks) > rung
    return names


def _ranked(trials: Sequence[Trial], rung: int) -> list[Trial]:
    """Those who were judged on the rung below, best first: by accuracy, then by loss, then in order."""
    if not rung:
        return list(trials)
    came = [trial for trial in trials if len(trial.marks) >= rung]
    return sorted(came, key=lambda trial: (-trial.marks[rung - 1][0], trial.marks[rung - 1][1]))


def _is_somebody_left(trials: Sequence[Trial], rung: int, entrants: Sequence[str]) -> bool:
    return any(len(trial.marks) >= rung and trial.name not in entrants for trial in trials)


def settled(trials: Sequence[Trial], rungs: Sequence[int], factor: int) -> tuple[Trial, ...]:
    """The trials with the states that follow from their marks: who is left behind is dropped, who is called up is not.

    To be stored together with what it follows from: a search that dies in between would look as if it were done.
    """
    entrants = standing(trials, rungs, factor).entrants
    return tuple(_settled(trial, entrants) for trial in trials)


def _settled(trial: Trial, entrants: Sequence[Sequence[str]]) -> Trial:
    rung = len(trial.marks)  # that it is to go on to
    if trial.state not in ("judged", "dropped"):
        return trial
    if rung >= len(entrants) or trial.name in entrants[rung]:
        return replace(trial, state="judged", reason="")
    epochs = f"{trial.epochs} epoch{'' if trial.epochs == 1 else 's'}"
    return replace(trial, state="dropped", reason=f"Others did better after {epochs}.")
