"""What is chosen for data and network against one fixed recipe for all: three seeds each, on two data sets."""

import statistics
from dataclasses import replace
from pathlib import Path

import pytest
from report import print_table

from engine.jobs import JobControl
from engine.project import new_project
from engine.spec import Chosen, ProjectSpec, RecipeSpec
from engine.train.job import start_run

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

SEEDS = (0, 1, 2)
NOISE = 0.01
"""How much worse the mean accuracy may be by chance: three validations on 134 images, or 270, waver by more."""


def accuracies(project: ProjectSpec, folder: Path) -> list[float]:
    """Validation accuracy of the best epoch, for each seed."""
    found = []
    for seed in SEEDS:
        seeded = replace(project, recipe=replace(project.recipe, seed=seed))
        work = start_run(seeded, folder / f"{seed}" / "bench.atelier", JobControl())
        while True:
            try:
                next(work)
            except StopIteration as end:
                found.append(end.value.validation_accuracy)
                break
    return found


@pytest.mark.parametrize(("source", "template"), [("digits", "lenet"), ("drawn", "small-vgg")])
def test_chosen_values_are_at_least_as_good_as_fixed_ones(capsys, tmp_path, source, template):
    chosen = new_project(Chosen(source), template=template)
    fixed = replace(chosen, recipe=RecipeSpec())
    found = {"chosen": accuracies(chosen, tmp_path / "chosen"), "fixed": accuracies(fixed, tmp_path / "fixed")}
    rows = []
    for name, project in (("chosen", chosen), ("fixed", fixed)):
        settings = f"{name}: {project.recipe.epochs} epochs at {project.recipe.learning_rate:g}"
        rows.append((settings, ", ".join(f"{100 * value:.1f} %" for value in found[name])))
    print_table(capsys, f"Chosen values, {template} on {source}, {len(SEEDS)} seeds", rows)
    assert statistics.mean(found["chosen"]) >= statistics.mean(found["fixed"]) - NOISE
