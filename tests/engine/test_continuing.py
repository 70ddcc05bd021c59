"""Runs that begin where others ended, and runs that begin again."""

import json
import shutil
from dataclasses import replace

import pytest
from training_helpers import (
    assert_same_run,
    followed,
    info_of,
    numbers,
    resumed,
    same_weights,
    small_project,
    trained,
    until,
)
from training_helpers import one_thread as one_thread

from engine.errors import EngineError
from engine.jobs import JobControl
from engine.spec import Chosen
from engine.train import history, runs
from engine.train.continuing import make_continuation, repeat_blocker, with_another_seed
from engine.train.events import EpochDone, RunStarted
from engine.train.job import Origin, continue_run, start_run


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P" / "P.atelier"


def continued(path, number=1, epochs=2):
    return followed(continue_run(path, number, epochs, JobControl()))


def rates(watching) -> list[float]:
    return [event.learning_rate for event in watching.of(EpochDone)]


def test_a_run_is_continued_as_a_new_one_and_stays_what_it_was(picture_folder, path):
    trained(small_project(picture_folder, epochs=3), path)
    first = runs.run_folder(path, 1)
    before = {file: file.read_bytes() for file in first.rglob("*") if file.is_file()}
    watching = continued(path)
    (started,) = watching.of(RunStarted)
    assert (started.run, started.first_epoch, started.epochs) == (2, 4, 5)
    assert numbers(runs.run_folder(path, 2))[:3] == numbers(first)
    info = info_of(path, 2)
    assert (info.state, info.epochs_done, info.parent, info.label) == ("finished", 5, 1, "2 more epochs")
    assert {file: file.read_bytes() for file in first.rglob("*") if file.is_file()} == before
    assert runs.read_run_spec(info.folder).recipe.epochs == 5


def test_at_a_constant_rate_it_ends_with_the_bits_of_a_run_that_was_planned_as_long(picture_folder, path, tmp_path):
    whole = tmp_path / "whole" / "P.atelier"
    project = small_project(picture_folder, epochs=2, schedule=Chosen("constant"))
    trained(project, path)
    continued(path, epochs=2)
    trained(replace(project, recipe=replace(project.recipe, epochs=4)), whole)
    assert_same_run(runs.run_folder(path, 2), runs.run_folder(whole, 1))


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine"])
def test_a_schedule_begins_anew_and_lasts_the_epochs_that_were_added(picture_folder, path, schedule):
    project = small_project(picture_folder, epochs=4, schedule=Chosen(schedule))
    first = trained(project, path)
    assert rates(first)[-1] < 0.02 * project.recipe.learning_rate, "it has come to its planned end"
    assert rates(continued(path, epochs=4)) == pytest.approx(rates(first))


def test_what_is_continued_twice_restarts_at_its_own_beginning(picture_folder, path):
    project = small_project(picture_folder, epochs=2, schedule=Chosen("cosine"))
    first = trained(project, path)
    continued(path)
    assert rates(continued(path, number=2)) == pytest.approx(rates(first))
    assert info_of(path, 3).epochs == 6 and info_of(path, 3).parent == 2


def test_a_continued_run_that_was_cut_goes_on_exactly(picture_folder, path, tmp_path):
    trained(small_project(picture_folder, epochs=2), path)
    shutil.copytree(path.parent, tmp_path / "cut")
    cut = tmp_path / "cut" / "P.atelier"
    continued(path, epochs=3)
    work = continue_run(cut, 1, 3, JobControl())
    until(work, EpochDone)
    work.close()
    assert info_of(cut, 2).can_resume
    resumed(cut, 2)
    assert_same_run(runs.run_folder(path, 2), runs.run_folder(cut, 2))


def test_patience_begins_anew(picture_folder, path):
    project = small_project(picture_folder, epochs=30, patience=2, learning_rate=3.0, schedule=Chosen("constant"))
    try:
        trained(project, path)
    except EngineError:
        pytest.skip("it diverged before it could stop early")
    done = info_of(path).epochs_done
    assert done < 30, "it was to stop early"
    watching = continued(path, epochs=5)
    assert len(watching.of(EpochDone)) >= 2 and info_of(path, 2).epochs_done > done


def test_only_what_has_come_to_an_end_is_continued(picture_folder, path):
    work = start_run(small_project(picture_folder), path, JobControl())
    until(work, EpochDone)
    with pytest.raises(EngineError, match="being trained already"):
        make_continuation(path, 1, 2)
    work.close()
    with pytest.raises(EngineError, match="cannot be continued"):
        make_continuation(path, 1, 2)
    resumed(path)
    for epochs in (0, -3):
        with pytest.raises(EngineError, match="more epochs are none"):
            make_continuation(path, 1, epochs)
    (runs.run_folder(path, 1) / runs.LAST).write_bytes(b"damaged")
    with pytest.raises(EngineError, match="checkpoint"):
        make_continuation(path, 1, 2)
    assert [info.number for info in runs.list_runs(path)] == [1] and not list(path.parent.rglob("*.part"))


def test_a_copy_that_cannot_be_kept_leaves_nothing(picture_folder, path, monkeypatch):
    trained(small_project(picture_folder, epochs=1), path)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(EngineError, match="no space left"):
        make_continuation(path, 1, 2)
    assert [file.name for file in runs.runs_folder(path).iterdir()] == ["0001"]


def test_another_seed_is_one_that_was_not_tried(picture_folder, path):
    project = small_project(picture_folder, epochs=1)
    for seed in (0, 1, 3):
        trained(replace(project, recipe=replace(project.recipe, seed=seed)), path)
    other = with_another_seed(runs.read_run_spec(runs.run_folder(path, 1)), runs.list_runs(path))
    assert other.recipe.seed == 2
    followed(start_run(other, path, JobControl(), Origin(parent=1, label="another seed")))
    info = info_of(path, 4)
    assert (info.parent, info.label) == (1, "another seed")
    assert not same_weights(info.folder / runs.LAST, runs.run_folder(path, 1) / runs.LAST)


def test_what_was_continued_cannot_be_repeated_from_another_seed_in_one_go(picture_folder, path):
    trained(small_project(picture_folder, epochs=1), path)
    assert repeat_blocker(info_of(path)) is None
    continued(path)
    info = info_of(path, 2)
    assert info.restarted_after == 1 and "began anew after epoch 1" in repeat_blocker(info).what


def test_the_parent_of_a_run_is_the_newest_that_has_an_epoch(picture_folder, path):
    project = small_project(picture_folder, epochs=1)
    trained(project, path)
    followed(start_run(project, path, JobControl(), Origin(experiment=1, trial="seed-0")))
    trained(project, path)
    assert [info.parent for info in runs.list_runs(path)] == [1, None, None], "trials of experiments are no parents"
    assert [info.experiment for info in runs.list_runs(path)] == [None, 1, None]


def test_notes_and_pins_are_kept_apart_from_the_state(picture_folder, path):
    trained(small_project(picture_folder, epochs=1), path)
    folder = runs.run_folder(path, 1)
    state = (folder / runs.STATE).read_bytes()
    runs.write_marks(folder, note="darker images")
    runs.write_marks(folder, pinned=True)
    info = info_of(path)
    assert (info.note, info.is_pinned) == ("darker images", True) and (folder / runs.STATE).read_bytes() == state
    (folder / runs.MARKS).write_text(json.dumps(["odd"]), "utf-8")
    assert (info_of(path).note, info_of(path).is_pinned) == ("", False)


def test_pinned_runs_come_first_and_the_others_stay_in_order(picture_folder, path):
    for _ in range(3):
        trained(small_project(picture_folder, epochs=1), path)
    runs.write_marks(runs.run_folder(path, 1), pinned=True)
    assert [info.number for info in runs.pinned_first(runs.list_runs(path))] == [1, 3, 2]


def test_an_experiment_answers_for_the_project_only_where_nothing_else_was_trained(picture_folder, path):
    project = small_project(picture_folder, epochs=1)
    for place in (1, 2):
        followed(start_run(project, path, JobControl(), Origin(experiment=1, trial=f"trial-{place}")))
        folder = runs.run_folder(path, place)
        history.rewrite(folder, [replace(history.read(folder)[0], validation_accuracy=1 - 0.1 * place)])
    assert runs.find_run(path, None).number == 1, "the better one, though it is older"
    trained(project, path)
    assert runs.find_run(path, None).number == 3
