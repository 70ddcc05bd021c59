"""What the window says of an experiment some of whose trials failed: never as if they had not been there."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint
from train_studio import FakeStudio

from engine.train.experiments.plans import FoldsPlan, Plan, SearchPlan, SeedsPlan
from engine.train.experiments.results import band_of
from engine.train.experiments.settings import parse_choice
from engine.train.experiments.store import create_experiment, read_experiment, with_trial, write_experiment
from engine.train.history import EpochLine
from gui.pages.train.experiments.band_chart import BandChart
from gui.pages.train.experiments.experiment_dialog import ExperimentDialog
from gui.pages.train.runs.run_words import experiment_in_words


@pytest.fixture
def studio(qtbot, tmp_path) -> FakeStudio:
    studio = FakeStudio(tmp_path)
    studio.open(tmp_path, ("disc", "stripes"))
    return studio


def ended(studio, plan: Plan, accuracies: list[float | None]) -> int:
    """Make an experiment whose trials ended with these accuracies; None: it failed. Returns: its number."""
    made = create_experiment(studio.document.path, studio.document.spec, plan)
    for place, (trial, accuracy) in enumerate(zip(made.trials, accuracies, strict=True), start=1):
        marks = () if accuracy is None else ((accuracy, 0.5),)
        done = replace(trial, run=place, state="failed" if accuracy is None else "finished", marks=marks, epochs=12)
        made = with_trial(made, replace(done, last_accuracy=accuracy, reason="" if marks else "It diverged."))
    write_experiment(made, "finished")
    studio.experiments.reload()
    return made.number


@pytest.mark.parametrize(("plan", "parts"), [(SeedsPlan(5), "seeds"), (FoldsPlan(5), "folds")])
def test_seeds_and_folds_that_failed_are_told_beside_the_mean(qtbot, studio, plan, parts):
    number = ended(studio, plan, [0.9, None, None, 0.91, None])
    dialog = ExperimentDialog(studio, number)
    qtbot.addWidget(dialog)
    assert dialog.summary.text() == f"90.5 % ± 0.7 points over 2 of 5 {parts}; 3 failed"
    assert "Trials that failed have no accuracy and are left out" in dialog.more.text()
    (experiment,) = studio.experiments.experiments
    assert experiment_in_words(experiment) == f"90.5 % ± 0.7 points over 2 of 5 {parts}; 3 failed"
    assert experiment_in_words(experiment, brief=True) == f"90.5 % ± 0.7 points, 2 of 5 {parts}; 3 failed"


def test_a_narrow_dialog_is_no_lower_than_its_words(qtbot, studio):
    plan = SearchPlan("grid", (parse_choice(studio.document.spec, "learning_rate", "0.1, 0.001, 0.01"),))
    dialog = ExperimentDialog(studio, ended(studio, plan, [None, 0.9, 0.8]))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    dialog.resize(480, 200)
    qtbot.waitUntil(lambda: dialog.height() > 200)
    dialog.layout().activate()
    assert dialog.table.geometry().bottom() < dialog.delete_button.mapTo(dialog, QPoint(0, 0)).y()
    assert dialog.caption.geometry().bottom() < dialog.dots.geometry().top()


def test_a_mean_of_all_has_nothing_to_add(qtbot, studio):
    dialog = ExperimentDialog(studio, ended(studio, SeedsPlan(2), [0.9, 0.91]))
    qtbot.addWidget(dialog)
    assert dialog.summary.text() == "90.5 % ± 0.7 points over 2 seeds" and "failed" not in dialog.more.text()


def test_where_all_failed_that_is_the_result(qtbot, studio):
    dialog = ExperimentDialog(studio, ended(studio, SeedsPlan(3), [None, None, None]))
    qtbot.addWidget(dialog)
    assert dialog.summary.text() == "All 3 trials failed."
    assert experiment_in_words(studio.experiments.experiments[0], brief=True) == "All 3 trials failed."


def test_a_search_says_whose_dots_are_missing(qtbot, studio):
    plan = SearchPlan("grid", (parse_choice(studio.document.spec, "learning_rate", "0.1, 0.001, 0.01"),))
    dialog = ExperimentDialog(studio, ended(studio, plan, [None, 0.9, 0.8]))
    qtbot.addWidget(dialog)
    assert dialog.summary.text() == "Best: 90.0 % with learning rate 0.001; 1 failed"
    assert dialog.caption.text().endswith("One trial failed before it had an accuracy; it has no dot.")


def test_a_ring_is_explained_by_what_it_stands_for(qtbot, studio):
    number = ended(
        studio,
        SearchPlan("grid", (parse_choice(studio.document.spec, "learning_rate", "0.1, 0.001, 0.01"),)),
        [0.3, 0.9, 0.8],
    )
    dialog = ExperimentDialog(studio, number)
    qtbot.addWidget(dialog)
    assert "Rings" not in dialog.caption.text()
    made = read_experiment(studio.document.path, number)
    for states, words in (
        ({0: "failed"}, "Rings failed later."),
        ({0: "dropped"}, "Rings were given up early."),
        ({0: "failed", 2: "dropped"}, "Rings were given up early or failed later."),
    ):
        trials = tuple(replace(trial, state=states.get(place, "finished")) for place, trial in enumerate(made.trials))
        write_experiment(replace(made, trials=trials), "finished")
        studio.experiments.reload()
        assert dialog.caption.text().endswith(words)


def test_the_band_says_how_many_runs_came_to_its_end(qtbot):
    lines = [EpochLine(epoch, 1, 0.5, 1, 0.1 * epoch, 0.001, 1, 1, is_best=True) for epoch in range(1, 6)]
    found = band_of([lines, lines, lines[:2]], "validation_accuracy")
    chart = BandChart()
    qtbot.addWidget(chart)
    chart.show_band(found)
    assert found.counts.tolist() == [3, 3, 2, 2, 2] and found.runs == 3
    assert chart.toolTip().startswith("2 runs, epoch 5:")
