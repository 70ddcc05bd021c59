"""Well-known data sets from the internet."""

from dataclasses import dataclass
from pathlib import Path

from engine.data.downloads import DOWNLOADS, download
from engine.data.sources.base import SOURCES, Source, Tell, obedient
from engine.jobs import JobControl
from engine.params import param


@SOURCES.add("download", "A data set from the internet")
@dataclass(frozen=True)
class Downloaded(Source):
    """A well-known data set, fetched once and kept in the cache: MNIST, CIFAR-10, Oxford-IIIT Pets and others.

    An instance has the title and the suggestions of its data set.
    """

    doing = "Downloading and unpacking"
    summary = "A well-known data set, fetched once over the internet."

    data_set: str = param(
        "mnist",
        choices={name: entry.title for name, entry in DOWNLOADS.items()},
        label="Data set",
        help="Which one; it is fetched once and then kept on this computer.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        chosen = DOWNLOADS[self.data_set]
        suited = {
            "title": chosen.title,
            "summary": chosen.summary,
            "suggested_size": chosen.size,
            "suggested_colour": chosen.colour,
            "suggested_augmentations": chosen.augmentations,
        }
        for name, value in suited.items():
            object.__setattr__(self, name, value)  # no settings: they follow from the one there is

    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        return download(self.data_set, obedient(progress, control), control)
