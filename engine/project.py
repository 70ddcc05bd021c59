"""Making projects: what a new one holds, where it is kept."""

import re
from dataclasses import replace
from pathlib import Path

import platformdirs

from engine.compile import Facts
from engine.data.choose import make
from engine.data.index import TRAIN
from engine.data.load import load_index
from engine.data.sources import SOURCES
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.templates import fitted
from engine.train.defaults import with_defaults

SUFFIX = ".atelier"
USUAL_TEMPLATE = "small-vgg"


def starting_spec(
    source: Chosen, *, size: int | None = None, template: str = USUAL_TEMPLATE, seed: int = 0
) -> ProjectSpec:
    """A project on `source` before its pictures were listed: its classes are not known yet.

    Raises: EngineError, when there is no such template, or the source is not one that can be had.
    """
    chosen = make(SOURCES, source)
    data = DataSpec(
        size=chosen.suggested_size if size is None else size,
        colour=chosen.suggested_colour,
        seed=seed,
        source=source,
        augment=tuple(Chosen(name) for name in chosen.suggested_augmentations),
    )
    return ProjectSpec(data, fitted(template, Facts(data.shape)), RecipeSpec(seed=seed))


def new_project(
    source: Chosen,
    *,
    size: int | None = None,
    template: str = USUAL_TEMPLATE,
    seed: int = 0,
    control: JobControl | None = None,
) -> ProjectSpec:
    """A project that can be trained as it is: pictures listed, a network fitted to them, a sensible recipe.

    Args:
        size: of the pictures in pixels; None takes what the source suggests.
    Raises:
        EngineError: there are no pictures, or no such template.
    """
    project = starting_spec(source, size=size, template=template, seed=seed)
    index = load_index(project.data, control)
    listed = replace(project, data=replace(project.data, classes=index.classes))
    return with_defaults(listed, len(index.where(TRAIN)))


def projects_folder() -> Path:
    """Where new projects are kept unless the user chooses another place: Documents/Atelier."""
    return Path(platformdirs.user_documents_dir()) / "Atelier"


def free_project_path(name: str, folder: Path | None = None) -> Path:
    """A path for a new project called about `name`, in a folder of its own, that nothing occupies yet."""
    stem = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', " ", name).strip(" .") or "Project"
    parent = folder or projects_folder()
    for number in range(1, 10_000):
        numbered = stem if number == 1 else f"{stem} {number}"
        if not (parent / numbered).exists():
            return parent / numbered / f"{numbered}{SUFFIX}"
    raise EngineError(f"There are too many projects called “{stem}”.", fix=f"Tidy up “{parent}”.")
