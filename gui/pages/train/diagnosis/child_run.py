"""Starting an experiment: a run that is different from its parent in one thing."""

from __future__ import annotations

from dataclasses import replace

from engine.errors import EngineError
from engine.spec import ProjectSpec
from engine.train import runs
from engine.train.job import Origin
from engine.train.next_step import NextStep
from gui.pages.train.diagnosis.next_words import step_text


def start_child(studio: object, step: NextStep, number: int) -> None:
    """Train what run `number` trained with one thing changed, as its child; the project on the pages follows where it
    still is what that run trained."""
    document, training = studio.document, studio.training
    if training.is_active:
        return
    try:
        before = runs.read_run_spec(runs.run_folder(document.path, number))
        after = step.apply(before)
    except EngineError as error:
        studio.failed.emit(error)
        return
    text = step_text(step)
    _follow(document, before, after, text)
    training.start_project(after, Origin(parent=number, label=text))


def _follow(document: object, before: ProjectSpec, after: ProjectSpec, text: str) -> None:
    """Change the open project in the same way, as one step to undo, where it has not been changed since."""
    changes = {}
    for part in ("network", "recipe"):
        if getattr(document, part) == getattr(before, part) != getattr(after, part):
            changes[part] = getattr(after, part)
    source = document.data.source  # a run may name the same folder in another way
    if document.data == replace(before.data, source=source) and before.data != after.data:
        changes["data"] = replace(after.data, source=source)
    if changes:
        document.edit(text, **changes)
