"""From the data half of a project to the index of its pictures."""

from dataclasses import replace

from engine.data.choose import make
from engine.data.index import Index
from engine.data.room import hold
from engine.data.scan import scan
from engine.data.sources import SOURCES
from engine.data.sources.base import Tell
from engine.data.whole_folder import read_notes
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.spec.data import DataSpec


def load_index(data: DataSpec, control: JobControl | None = None, progress: Tell | None = None) -> Index:
    """Make sure that the pictures of `data.source` are on this disk, and list them.

    Args:
        progress: told (done, total) while a sample is being made.
    Raises:
        EngineError: nothing was chosen, or what was chosen cannot be used.
        Cancelled: `control` asked to stop.
    """
    if data.source is None:
        raise EngineError(
            "No images have been chosen.",
            why="The network needs images to learn from.",
            fix="Choose a folder with one sub-folder per class, or try a sample.",
        )
    folder = make(SOURCES, data.source).folder(progress, control)
    path = data.source.params.get("path")
    hold(folder, path if isinstance(path, str) else None)
    index = scan(folder, data, control)
    if data.source.kind != "folder":
        index = replace(index, notes=(*read_notes(folder), *index.notes))
    return index
