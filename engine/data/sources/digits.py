"""Real handwriting that comes with a library."""

from dataclasses import dataclass
from pathlib import Path

from engine.data.sources.base import SOURCES, Source, Tell, obedient, sample_folder
from engine.jobs import JobControl


@SOURCES.add("digits", "Handwritten digits")
@dataclass(frozen=True)
class Digits(Source):
    """1 797 digits written by 43 people, 8 × 8 pixels each (Alpaydin and Kaynak, 1998; shipped with scikit-learn)."""

    summary = "1 797 real digits, small enough to learn within seconds."
    is_sample = True
    # Twice their real size: three halvings, as in a small VGG, and the two 5 x 5 convolutions of LeNet then still fit.
    suggested_size = 16
    suggested_colour = "grey"
    suggested_augmentations = ("rotate", "zoom")  # a mirrored 2 is no digit

    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        from engine.data.digits import write_digits

        place = sample_folder("digits")
        write_digits(place, progress=obedient(progress, control))
        return place
