"""All checks over a data set, step by step: what is known early is told early."""

from collections.abc import Generator, Mapping
from dataclasses import replace

from engine.data.copies import find_copies
from engine.data.health.finding import Known
from engine.data.health.look import look_at
from engine.data.health.near import near_copies
from engine.data.health.shortcut import shortcuts
from engine.data.index import Index
from engine.jobs import JobControl, Progress
from engine.spec import ProjectSpec


def examine(
    index: Index,
    project: ProjectSpec,
    failures: Mapping[int, str] | None = None,
    control: JobControl | None = None,
    workers: int | None = None,
    remember: bool = True,
) -> Generator[Progress | Known, None, Known]:
    """Find out all that `engine.data.health.checks` asks for.

    Args:
        failures: images that are known to be unreadable; None: nobody has tried yet.
        workers, remember: see `look_at`.
    Yields:
        How far it is, and after each step what is known by then.
    Raises: Cancelled: `control` asked to stop.
    """
    control = control or JobControl()
    known = Known(index, project, failures)
    yield Progress(0, len(index), "Comparing files")
    known = replace(known, copies=find_copies(index, frozenset(failures or ()), control))
    yield known
    looks = yield from look_at(index, control, workers, remember)
    if failures is None and looks.failures:  # broken copies are unreadable and nothing else
        known = replace(known, copies=find_copies(index, frozenset(looks.failures), control))
    known = replace(known, looks=looks, failures=dict(looks.failures) if failures is None else failures)
    yield known
    yield Progress(len(index), len(index), "Looking for images that are alike")
    known = replace(known, near=near_copies(looks, control))
    yield known
    known = replace(known, shortcuts=(yield from shortcuts(looks, control)))
    yield known
    return known
