"""The sample that Atelier draws by itself."""

from dataclasses import dataclass
from pathlib import Path

from engine.data.sources.base import SOURCES, Source, Tell, obedient, sample_folder
from engine.jobs import JobControl
from engine.params import param


@SOURCES.add("drawn", "Muffin or chihuahua (drawn)")
@dataclass(frozen=True)
class Drawn(Source):
    """Chihuahuas and muffins drawn on the spot: alike in colour and shape, told apart by ears, eyes and paper cups."""

    summary = "Two things that look surprisingly alike, drawn on your computer."
    doing = "Drawing images"
    is_sample = True

    count: int = param(900, low=12, high=100_000, label="Images", help="How many are drawn, half of each class.")
    seed: int = param(0, low=0, high=2**31 - 1, label="Seed", help="Another seed draws other images.", more=True)

    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        from engine.data.drawn import write_sample

        place = sample_folder(f"drawn-{self.count}-{self.seed}")
        write_sample(place, count=self.count, seed=self.seed, progress=obedient(progress, control))
        return place
