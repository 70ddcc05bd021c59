"""What is in a data set, and what is wrong with it: every picture is opened once, small, and nothing is written."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from engine.data.health import Finding, Known, examine, examined
from engine.data.index import SPLITS
from engine.data.load import load_index
from engine.data.scan import scan
from engine.jobs import JobControl, Progress
from engine.spec import DataSpec, ProjectSpec


@dataclass(frozen=True, eq=False)
class Inspection:
    """What was found. Pictures are given by their numbers in the index.

    Attributes:
        known: what was measured.
        findings: the same ones, in the same words, as the window shows.
    """

    known: Known
    findings: tuple[Finding, ...]

    @property
    def unreadable(self) -> dict[int, str]:
        """Numbers, each with a sentence that says what is wrong."""
        return dict(sorted(self.known.failures.items()))

    @property
    def duplicates(self) -> tuple[tuple[int, ...], ...]:
        """Groups of two or more pictures whose files are the same byte for byte."""
        return self.known.copies.groups

    @property
    def warnings(self) -> tuple[str, ...]:
        """The sentences of what deserves attention; the notes of the scan are among them."""
        told = (finding.text for finding in self.findings if finding.level == "warning")
        return tuple(dict.fromkeys((*self.known.index.notes, *told)))

    def as_json(self) -> dict:
        """What `python -m engine inspect --json` prints: plain values, paths relative to the folder."""
        index = self.known.index
        counts = index.counts()

        def paths(numbers: tuple[int, ...]) -> list[str]:
            return [str(index.paths[number]) for number in numbers]

        return {
            "classes": dict(zip(index.classes, counts.sum(1).tolist(), strict=True)),
            "images": len(index),
            "unreadable": [
                {"path": str(index.paths[number]), "error": reason} for number, reason in self.unreadable.items()
            ],
            "duplicates": [paths(group) for group in self.duplicates],
            "splits": dict(zip(SPLITS, counts.sum(0).tolist(), strict=True)),
            "brings_splits": index.brings_splits,
            "warnings": list(self.warnings),
            "findings": [
                {
                    "check": finding.check,
                    "level": finding.level,
                    "text": finding.text,
                    "images": paths(finding.images),
                    "groups": [paths(group) for group in finding.groups],
                    "reasons": {str(index.paths[number]): reason for number, reason in finding.reasons.items()},
                }
                for finding in self.findings
            ],
        }


def inspect(
    what: Path | str | DataSpec, control: JobControl | None = None, workers: int | None = None
) -> Generator[Progress, None, Inspection]:
    """Look at every picture of a folder, or of the source of a specification.

    Raises:
        EngineError: there are no pictures to look at, see `engine.data.scan.scan`.
        Cancelled: `control` asked to stop.
    """
    control = control or JobControl()
    yield Progress(0, 0, "Listing images")
    data = what if isinstance(what, DataSpec) else DataSpec()
    index = load_index(what, control) if isinstance(what, DataSpec) else scan(Path(what), data, control)
    work = examine(index, ProjectSpec(data=data), None, control, workers, remember=False)
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            known: Known = end.value
            return Inspection(known, tuple(examined(known)))
        if isinstance(event, Progress):
            yield event
