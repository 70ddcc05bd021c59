"""What can be done about findings at a press; all of it lives in the project and can be undone."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np

from engine.data import edits
from engine.data.health.finding import Fix, count_of
from engine.data.index import Index
from engine.data.sources import SOURCES, Source
from engine.spec import Chosen, DataSpec, ProjectSpec


def _on_data(change: Callable[[DataSpec], DataSpec]) -> Callable[[ProjectSpec], ProjectSpec]:
    return lambda project: replace(project, data=change(project.data))


def _paths(index: Index, numbers: Collection[int]) -> list[str]:
    return index.paths[np.fromiter(numbers, np.int64, len(numbers))].tolist()


def leave_out(index: Index, numbers: Collection[int]) -> Fix:
    """Neither train with these images nor test on them."""
    said = f"Leave out {count_of(len(numbers), 'image')}"
    # The names are looked up when they are needed: there may be a million of them.
    change = _on_data(lambda data: edits.leave_out(data, _paths(index, numbers)))
    return Fix("leave_out", "leave out", said, change)


def take_back() -> Fix:
    """Use everything again that was left out."""
    return Fix("take_back", "take back", "Take images back", _on_data(edits.take_back))


def move_home() -> Fix:
    """Give every image the class of its folder."""
    return Fix("move_home", "move back", "Move images back", _on_data(edits.move_home))


def show_hidden() -> Fix:
    """Use hidden classes again."""
    return Fix("show_hidden", "show again", "Show hidden classes", _on_data(edits.show_hidden))


def keep_together(index: Index, groups: Iterable[Sequence[int]]) -> Fix:
    """Divide each group whole, so that it is on one side only."""
    groups = tuple(groups)
    change = _on_data(lambda data: edits.keep_together(data, [_paths(index, group) for group in groups]))
    return Fix("keep_together", "keep together", "Keep copies on one side", change)


def augment(data: DataSpec) -> Fix:
    """Vary the images in the ways that leave those of this source what they are."""
    source = SOURCES[data.source.kind] if data.source is not None and data.source.kind in SOURCES else Source
    chosen = tuple(Chosen(name) for name in source.suggested_augmentations)
    change = _on_data(lambda data: replace(data, augment=chosen))
    return Fix("augment", "augment", "Switch augmentation on", change)


def weigh_classes() -> Fix:
    """Let each class count the same in the loss, however many images it has."""
    return Fix(
        "weigh_classes",
        "weigh classes",
        "Weigh classes equally",
        lambda project: replace(project, recipe=replace(project.recipe, class_weights="balanced")),
    )
