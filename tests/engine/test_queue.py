"""The queue: what is in it, what is taken out of it, what it is called, and that a run nobody wants stays away."""

import json
import os
from contextlib import closing
from dataclasses import replace

import pytest
from training_helpers import one_thread as one_thread
from training_helpers import small_project, until

from engine.errors import EngineError
from engine.files import part_name
from engine.jobs import Cancelled, JobControl
from engine.train import runs
from engine.train.events import EpochDone, RunStarted
from engine.train.experiments import read_experiment
from engine.train.experiments.runner import TrialDone, TrialStarted, run_experiment
from engine.train.experiments.store import (
    NAME,
    add_to_queue,
    begin_queued,
    experiments_folder,
    open_queue,
    remove_waiting,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P" / "P.atelier"


@pytest.fixture
def project(picture_folder):
    return small_project(picture_folder, epochs=2)


def seeded(project, seed: int):
    return replace(project, recipe=replace(project.recipe, seed=seed))


def queued(project, path, count: int) -> list[str]:
    """Add as many trainings, each with a seed of its own. Returns: their names."""
    for seed in range(1, count + 1):
        queue = add_to_queue(path, seeded(project, seed))
    return [trial.name for trial in queue.trials]


def seeds(path) -> list[int]:
    return [runs.read_run_spec(info.folder).recipe.seed for info in reversed(runs.list_runs(path))]


def stopped(path, kind: type, count: int, keep: bool) -> None:
    """Work on the queue until its `count`-th event of `kind`, and stop there."""
    control, found = JobControl(), 0
    with pytest.raises(Cancelled):
        for event in run_experiment(path, 1, control):
            found += isinstance(event, kind)
            if found == count and isinstance(event, kind):
                control.stop(keep)
                control.checkpoint()  # as whoever drives the work does after every event


# ---- discarding


@pytest.mark.parametrize("kind", [TrialStarted, RunStarted, EpochDone])
def test_a_training_that_is_discarded_is_taken_out_of_the_queue(project, path, kind):
    queued(project, path, 3)
    stopped(path, kind, 3 if kind is EpochDone else 2, keep=False)
    queue = read_experiment(path, 1)
    assert [trial.name for trial in queue.trials] == ["queued-001", "queued-003"]
    assert [trial.state for trial in queue.trials] == ["finished", "waiting"] and queue.can_resume
    assert len(list(run_experiment(path, 1, JobControl()))) and seeds(path) == [1, 3]


def test_where_the_last_one_is_discarded_the_queue_has_ended(project, path):
    queued(project, path, 2)
    stopped(path, RunStarted, 2, keep=False)
    queue = read_experiment(path, 1)
    assert (queue.state, queue.done, len(queue.trials)) == ("finished", 1, 1)
    assert open_queue(path) is None and not queue.can_resume


@pytest.mark.parametrize("kind", [TrialStarted, RunStarted, EpochDone])
def test_a_training_that_is_kept_stays_in_the_queue_and_goes_on(project, path, kind):
    queued(project, path, 2)
    stopped(path, kind, 1, keep=True)
    queue = read_experiment(path, 1)
    assert [trial.state for trial in queue.trials] == ["running", "waiting"] and queue.state == "stopped"
    list(run_experiment(path, 1, JobControl()))
    assert seeds(path) == [1, 2] and read_experiment(path, 1).state == "finished"


def test_a_training_that_came_to_its_end_is_not_taken_out_by_a_discard_right_after(project, path):
    queued(project, path, 2)
    stopped(path, TrialDone, 1, keep=False)
    assert [trial.state for trial in read_experiment(path, 1).trials] == ["finished", "waiting"]
    assert seeds(path) == [1]


def test_killed_between_the_discard_and_the_note_of_it_the_queue_is_without_it_all_the_same(project, path):
    queued(project, path, 2)
    stopped(path, EpochDone, 1, keep=True)
    folder = experiments_folder(path) / "0001"
    os.rename(folder / "begun-001.json", folder / "removed-001.json")
    assert [trial.name for trial in read_experiment(path, 1).trials] == ["queued-002"]


# ---- taking out what waits


def test_one_that_waits_can_be_taken_out_while_another_is_trained(project, path):
    queued(project, path, 3)
    with closing(run_experiment(path, 1, JobControl())) as work:
        until(work, RunStarted)
        queue = read_experiment(path, 1)
        remove_waiting(queue, queue.trial("queued-002"))
        assert [trial.name for trial in read_experiment(path, 1).trials] == ["queued-001", "queued-003"]
        until(work, TrialDone, 2)
    assert seeds(path) == [1, 3]
    assert [trial.state for trial in read_experiment(path, 1).trials] == ["finished", "finished"]


def test_what_was_taken_out_never_gives_its_name_to_another(project, path):
    queued(project, path, 2)
    queue = read_experiment(path, 1)
    remove_waiting(queue, queue.trial("queued-002"))
    assert [trial.name for trial in add_to_queue(path, seeded(project, 7)).trials] == ["queued-001", "queued-003"]


def test_whoever_comes_first_decides_whether_it_begins_or_is_taken_out(project, path):
    queued(project, path, 2)
    queue = read_experiment(path, 1)
    first, second = queue.trials
    assert begin_queued(queue, first).spec_file == "begun-001.json"
    with pytest.raises(EngineError, match="does not wait any more"):
        remove_waiting(queue, first)
    remove_waiting(queue, second)
    assert begin_queued(queue, second) is None
    with pytest.raises(EngineError, match="does not wait any more"):
        remove_waiting(queue, second)


def test_what_is_taken_out_just_before_it_begins_is_passed_over(project, path, monkeypatch):
    from engine.train.experiments import runner

    queued(project, path, 2)

    def begin(queue, trial):
        if trial.name == "queued-001":
            remove_waiting(queue, trial)
        return begin_queued(queue, trial)

    monkeypatch.setattr(runner, "begin_queued", begin)
    list(run_experiment(path, 1, JobControl()))
    assert seeds(path) == [2] and [trial.name for trial in read_experiment(path, 1).trials] == ["queued-002"]


def test_killed_right_after_it_began_it_counts_as_begun_and_goes_on(project, path):
    queued(project, path, 2)
    queue = read_experiment(path, 1)
    begin_queued(queue, queue.trials[0])
    found = read_experiment(path, 1)
    assert [trial.state for trial in found.trials] == ["running", "waiting"]
    list(run_experiment(path, 1, JobControl()))
    assert seeds(path) == [1, 2]


def test_an_emptied_queue_is_none_to_go_on_with(project, path):
    queued(project, path, 1)
    queue = read_experiment(path, 1)
    remove_waiting(queue, queue.trials[0])
    assert open_queue(path) is None and not read_experiment(path, 1).trials
    assert add_to_queue(path, project).number == 2


def test_a_queue_of_before_has_the_same_trials_and_goes_on(project, path):
    """Files that were begun had no name of their own, and what they are called was not kept."""
    queued(project, path, 2)
    folder = experiments_folder(path) / "0001"
    for number in (1, 2):
        (folder / f"entry-{number:03d}.json").unlink()
    queue = read_experiment(path, 1)
    assert [trial.name for trial in queue.trials] == ["queued-001", "queued-002"] and queue.trials[1].label == "seed 2"
    stopped(path, EpochDone, 1, keep=True)
    os.rename(folder / "begun-001.json", folder / "queued-001.json")
    raw = json.loads((folder / NAME).read_text("utf-8"))
    for trial in raw["trials"]:
        trial["spec_file"] = trial["spec_file"].replace("begun", "queued")
        del trial["tensorboard"]
    (folder / NAME).write_text(json.dumps(raw), "utf-8")
    assert [trial.state for trial in read_experiment(path, 1).trials] == ["running", "waiting"]
    list(run_experiment(path, 1, JobControl()))
    assert seeds(path) == [1, 2] and read_experiment(path, 1).state == "finished"


def test_what_is_just_being_written_is_not_swept_away(project, path):
    """The window adds an entry, or a note to a run, while the thread that works on the queue begins."""
    queued(project, path, 1)
    queue = open_queue(path)
    entry = queue.folder / part_name("entry-002.json")
    entry.write_text("half of it")
    stopped(path, EpochDone, 1, keep=True)
    note = runs.run_folder(path, 1) / part_name(runs.MARKS)
    note.write_text("half of it")
    for _ in run_experiment(path, 1, JobControl()):
        pass
    assert entry.exists() and note.exists()


def test_what_is_added_while_the_queue_is_leaving_can_go_on(project, path):
    queued(project, path, 1)
    for event in run_experiment(path, 1, JobControl()):
        last = event
    assert isinstance(last, TrialDone)
    file = experiments_folder(path) / "0001" / "begun-001.json"
    (file.parent / "queued-002.json").write_bytes(file.read_bytes())
    queue = read_experiment(path, 1)
    assert queue.state == "finished" and queue.can_resume and open_queue(path).number == 1


# ---- what is kept of each


def test_event_files_are_written_as_was_chosen_when_it_was_added(project, path):
    for seed, wanted in ((1, True), (2, False)):
        add_to_queue(path, seeded(project, seed), tensorboard=wanted)
    list(run_experiment(path, 1, JobControl()))
    assert [(info.folder / "tensorboard").is_dir() for info in reversed(runs.list_runs(path))] == [True, False]


def test_a_training_is_called_by_its_values_whatever_is_being_trained(project, path):
    def rated(rate: float, **more):
        return replace(project, recipe=replace(project.recipe, learning_rate=rate, **more))

    for each in (rated(0.002), rated(0.004), rated(0.008, batch_size=4), rated(0.002)):
        queue = add_to_queue(path, each)
    first = queue.trials[0].label
    labels = [trial.label for trial in queue.trials]
    assert "2 epochs" in first and "→" not in "".join(labels)
    assert labels[1:] == ["learning rate 0.004", "batch size 4 images, learning rate 0.008", f"{first}, the same again"]
    remove_waiting(queue, queue.trials[0])
    assert [trial.label for trial in read_experiment(path, 1).trials] == labels[1:], "nothing is renamed meanwhile"
    assert add_to_queue(path, rated(0.004)).trials[-1].label.endswith("the same again")
