"""Folds, seeds, searches and queues: what they try, what they say, and that they go on wherever they were left."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT
from experiment_helpers import (
    all_numbers,
    diverging,
    gone_on,
    halving,
    halving_project,
    interrupted,
    outcome,
    search,
    started,
)
from training_helpers import followed, numbers, plain_network, saved_project, small_project, trained, until
from training_helpers import one_thread as one_thread

from engine.cli import main
from engine.data.index import TEST, VALIDATION
from engine.data.load import load_index
from engine.errors import EngineError
from engine.jobs import Cancelled, JobControl
from engine.spec import NetworkSpec
from engine.spec.files import write_project
from engine.train import history, record, runs
from engine.train.events import BatchDone, EpochDone, RunStarted
from engine.train.experiments import FoldsPlan, SearchPlan, SeedsPlan, list_experiments, read_experiment, results_of
from engine.train.experiments.plans import MOST_TRIALS, halving_rungs
from engine.train.experiments.results import band, band_of
from engine.train.experiments.runner import TrialDone, TrialStarted, run_experiment, start_experiment
from engine.train.experiments.settings import find_setting, parse_choice, said, settings_of, with_values
from engine.train.experiments.store import NAME, add_to_queue, create_experiment, experiments_folder, trial_project


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P" / "P.atelier"


@pytest.fixture
def project(picture_folder):
    return small_project(picture_folder, epochs=2)


# ---- folds


def test_every_image_validates_once_and_none_of_the_test_images_ever(project, path):
    watching = started(project, path, FoldsPlan(3))
    index = load_index(project.data)
    seen = np.zeros(len(index), int)
    for trial in watching.result.trials:
        spec = runs.read_run_spec(runs.run_folder(path, trial.run))
        assert (spec.data.folds, spec.data.fold) == (3, int(trial.name[-1]))
        seen += load_index(spec.data).splits == VALIDATION
    tested = load_index(replace(project.data, folds=3)).splits == TEST
    assert tested.any() and (seen[~tested] == 1).all() and (seen[tested] == 0).all()
    labels = [event.label for event in watching.of(TrialStarted)]
    assert labels == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]


def test_folds_are_summed_up_by_mean_and_deviation(project, path):
    found = started(project, path, FoldsPlan(3)).result
    best = [runs.find_run(path, number).best_accuracy for number in (1, 2, 3)]
    last = [history.read(runs.run_folder(path, number))[-1].validation_accuracy for number in (1, 2, 3)]
    assert found.mean == pytest.approx(np.mean(best)) and found.deviation == pytest.approx(np.std(best, ddof=1))
    assert found.last_mean == pytest.approx(np.mean(last))
    assert found.in_words() == f"{100 * found.mean:.1f} % ± {100 * found.deviation:.1f} points over 3 folds"
    assert found.state == "finished" and read_experiment(path, 1).state == "finished"


def test_a_folder_with_a_validation_set_of_its_own_is_refused(picture_folder, path, tmp_path):
    split = tmp_path / "split"
    for name in ("train", "val"):
        (split / name).mkdir(parents=True)
        for kind in ("disc", "stripes"):
            (split / name / kind).mkdir()
            for file in sorted((picture_folder / kind).iterdir())[:: 2 if name == "val" else 1]:
                (split / name / kind / f"{name}-{file.name}").write_bytes(file.read_bytes())
    with pytest.raises(EngineError, match="cannot be divided into folds"):
        started(small_project(split), path, FoldsPlan(3))
    assert not list_experiments(path)


@pytest.mark.parametrize(
    "plan", [FoldsPlan(1), FoldsPlan(51), SeedsPlan(1), SeedsPlan(MOST_TRIALS + 1), SearchPlan("grid", ())]
)
def test_a_plan_that_is_no_plan_is_refused_before_anything_is_made(project, path, plan):
    with pytest.raises(EngineError):
        started(project, path, plan)
    assert not path.parent.exists() or not list(path.parent.iterdir())


# ---- seeds


def test_seeds_differ_in_nothing_but_the_seed(project, path):
    started(project, path, SeedsPlan(3))
    specs = [runs.read_run_spec(runs.run_folder(path, number)) for number in (1, 2, 3)]
    assert [spec.recipe.seed for spec in specs] == [0, 1, 2]
    assert len({json.dumps(numbers(runs.run_folder(path, number))) for number in (1, 2, 3)}) == 3
    assert [replace(spec.recipe, seed=0) for spec in specs] == 3 * [specs[0].recipe]


def test_a_trial_is_the_run_that_one_would_have_trained_alone(project, path, tmp_path):
    alone = tmp_path / "alone" / "P.atelier"
    started(project, path, SeedsPlan(2))
    trained(replace(project, recipe=replace(project.recipe, seed=1)), alone)
    assert numbers(runs.run_folder(path, 2)) == numbers(runs.run_folder(alone, 1))


def test_the_band_is_the_mean_and_one_deviation_to_each_side(project, path):
    started(project, path, SeedsPlan(3))
    found = band(read_experiment(path, 1), "validation_loss")
    losses = [[line["validation_loss"] for line in numbers(runs.run_folder(path, n))] for n in (1, 2, 3)]
    assert found.runs == 3 and found.epochs.tolist() == [1, 2]
    assert found.mean == pytest.approx(np.mean(losses, axis=0))
    assert found.high - found.low == pytest.approx(2 * np.std(losses, axis=0, ddof=1))


def test_a_band_goes_as_far_as_two_runs_have_come(project, path):
    trained(project, path)
    lines = history.read(runs.run_folder(path, 1))
    assert band_of([lines], "train_loss") is None and band_of([], "train_loss") is None
    found = band_of([lines, lines[:1], lines[:1]], "train_loss")
    assert found.epochs.tolist() == [1] and found.low == pytest.approx(found.high)


# ---- searches


def test_a_grid_tries_every_combination(project, path):
    plan = search(project, learning_rate="0.001, 0.01", optimizer="adamw, sgd")
    found = started(project, path, plan).result
    tried = [runs.read_run_spec(runs.run_folder(path, trial.run)).recipe for trial in found.trials]
    assert {(recipe.learning_rate, recipe.optimizer.kind) for recipe in tried} == {
        (rate, kind) for rate in (0.001, 0.01) for kind in ("adamw", "sgd")
    }
    assert found.best.accuracy == max(trial.accuracy for trial in found.trials) and found.mean is None
    assert found.in_words().startswith("Best: ")


def test_random_combinations_are_new_ones_within_their_range_and_the_same_again(project):
    plan = search(project, "random", 12, learning_rate="1e-4 .. 1e-1", batch_size="2, 4, 8")
    trials = plan.trials(project)
    rates = [trial.values["learning_rate"] for trial in trials]
    assert len({json.dumps(dict(trial.values)) for trial in trials}) == 12 and trials == plan.trials(project)
    assert all(1e-4 <= rate <= 1e-1 for rate in rates) and {t.values["batch_size"] for t in trials} <= {2, 4, 8}
    assert sum(rate < 3.16e-3 for rate in rates) in range(2, 11), "a range over decades is drawn by its logarithm"
    assert plan.trials(project) != replace(plan, seed=1).trials(project)
    one = search(project, "random", 3, learning_rate="1e-4 .. 1e-1", batch_size="32").trials(project)
    assert all(t.values["batch_size"] == 32 and t.label == f"learning rate {t.values['learning_rate']:g}" for t in one)


def test_whole_numbers_are_drawn_as_often_at_the_ends_as_between(project):
    random = np.random.default_rng(0)
    for text, wanted in (("2 .. 4", [1, 1, 1]), ("1 .. 16", [np.log((n + 0.5) / (n - 0.5)) for n in range(1, 17)])):
        setting = find_setting(project, "batch_size")
        span = parse_choice(project, "batch_size", text).span
        drawn = np.array([span.drawn(random, setting) for _ in range(6000)])
        counts = np.array([(drawn == n).sum() for n in range(int(span.low), int(span.high) + 1)])
        expected = 6000 * np.array(wanted) / np.sum(wanted)
        assert counts.sum() == 6000 and np.abs(counts - expected).max() < 5 * np.sqrt(expected.max())


def test_what_is_drawn_lies_within_a_range_of_many_digits(project):
    setting, random = find_setting(project, "learning_rate"), np.random.default_rng(0)
    span = parse_choice(project, "learning_rate", "0.0123456 .. 0.0123567").span
    assert all(0.0123456 <= span.drawn(random, setting) <= 0.0123567 for _ in range(50))


def test_where_there_are_fewer_combinations_each_is_tried_once(project):
    plan = search(project, "random", 12, batch_size="2, 4, 8")
    assert sorted(trial.values["batch_size"] for trial in plan.trials(project)) == [2, 4, 8]


@pytest.mark.parametrize(
    ("trials", "epochs", "factor", "wanted"),
    [(9, 27, 3, (3, 9, 27)), (4, 4, 2, (1, 2, 4)), (9, 2, 3, (2,)), (2, 100, 3, (100,)), (27, 20, 3, (2, 6, 20))],
)
def test_rungs_end_with_all_epochs(trials, epochs, factor, wanted):
    assert halving_rungs(trials, epochs, factor) == wanted


def test_halving_stops_what_is_hopeless_and_takes_the_best_to_its_end(picture_folder, path, tmp_path):
    project = halving_project(picture_folder)
    watching = started(project, path, halving(project))
    experiment = read_experiment(path, 1)
    assert experiment.rungs == (1, 2, 4)
    assert sorted(trial.epochs for trial in experiment.trials) == [1, 1, 2, 4]
    assert sorted(trial.state for trial in experiment.trials) == ["dropped", "dropped", "dropped", "finished"]
    assert sum(event.until == 1 for event in watching.of(TrialStarted)) == 4
    first = {trial.name: trial.marks[0] for trial in experiment.trials}
    best = sorted(first, key=lambda name: (-first[name][0], first[name][1]))
    assert {trial.name for trial in experiment.trials if trial.epochs > 1} == set(best[:2])
    # What went on in three parts is, bit by bit, what it would have been in one.
    winner = watching.result.best
    alone = tmp_path / "alone" / "P.atelier"
    trained(with_values(project, winner.values), alone)
    assert numbers(runs.run_folder(path, winner.run)) == numbers(runs.run_folder(alone, 1))


def test_a_trial_that_diverges_is_an_answer_and_the_others_go_on(picture_folder, path):
    project = small_project(picture_folder, network=plain_network())
    found = started(project, path, search(project, learning_rate="0.001, 100.0", optimizer="sgd")).result
    assert {trial.state for trial in found.trials} == {"finished", "failed"}
    (failed,) = [trial for trial in found.trials if trial.state == "failed"]
    assert failed.values["learning_rate"] == 100.0 and "diverged" in failed.reason


def test_every_setting_can_be_searched_by_its_name_and_brought_back(project):
    for setting in settings_of(project):
        value = setting.param.choices[-1] if setting.param.choices else setting.param.default
        changed = with_values(project, {setting.name: value})
        assert said(changed, {setting.name: value})
    names = {setting.name for setting in settings_of(project)}
    assert {"learning_rate", "optimizer", "optimizer.weight_decay", "data.size", "conv2d_1.filters"} <= names
    assert not names & {"epochs", "seed"}


def test_an_optimizer_that_is_tried_brings_its_usual_rate_unless_one_is_given(project):
    assert with_values(project, {"optimizer": "sgd"}).recipe.learning_rate == 0.05
    changed = with_values(project, {"learning_rate": 0.2, "optimizer": "sgd", "optimizer.momentum": 0.5})
    assert changed.recipe.learning_rate == 0.2 and changed.recipe.optimizer.params == {"momentum": 0.5}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("learning_rat", "1"),
        ("learning_rate", "big"),
        ("learning_rate", "-1, 2"),
        ("learning_rate", ""),
        ("learning_rate", "1e-1 .. 1e-4"),
        ("learning_rate", "1 .. 1"),
        ("optimizer", "adam .. sgd"),
        ("optimizer", "adamm"),
        ("batch_size", "2.5"),
        ("conv2d_1.filters", "0"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(project, name, text):
    with pytest.raises(EngineError):
        parse_choice(project, name, text)


def test_a_grid_of_a_range_is_refused(project, path):
    with pytest.raises(EngineError, match="endlessly many"):
        started(project, path, search(project, learning_rate="1e-4 .. 1e-1"))


# ---- going on


@pytest.mark.parametrize("kind", [BatchDone, EpochDone, RunStarted, TrialStarted, TrialDone])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_left_anywhere_it_goes_on_and_ends_as_if_it_had_not(picture_folder, path, tmp_path, kind, count):
    project, whole = halving_project(picture_folder), tmp_path / "whole" / "P.atelier"
    started(project, whole, halving(project))
    interrupted(project, path, halving(project), count, kind)
    assert read_experiment(path, 1).state == "interrupted" and read_experiment(path, 1).can_resume
    gone_on(path)
    assert outcome(path) == outcome(whole) and all_numbers(path) == all_numbers(whole)
    assert len(runs.list_runs(path)) == 4 and not list(path.parent.rglob("*.part"))


def test_the_winner_that_died_after_its_last_epoch_ends_as_finished(picture_folder, path):
    project = halving_project(picture_folder)
    interrupted(project, path, halving(project), 8)
    winner = gone_on(path).result.best
    assert runs.find_run(path, winner.run).state == "finished"


def test_a_stop_ends_it_and_leaves_it_to_go_on(project, path):
    control, told = JobControl(), []
    with pytest.raises(Cancelled):
        for event in start_experiment(project, path, SeedsPlan(3), control):
            told.append(event)
            if isinstance(event, EpochDone) and len([e for e in told if isinstance(e, EpochDone)]) == 3:
                control.stop()
    experiment = read_experiment(path, 1)
    assert experiment.state == "stopped" and experiment.done == 1
    assert [info.state for info in runs.list_runs(path)] == ["stopped", "finished"]
    assert not runs.owner_is_alive(experiment.folder)
    assert gone_on(path).result.state == "finished"


def test_a_stop_between_two_events_is_one_too(project, path):
    control = JobControl()
    with closing(start_experiment(project, path, SeedsPlan(2), control)) as work:
        until(work, EpochDone, 2)
        control.stop()
    assert read_experiment(path, 1).state == "stopped"


def test_a_stop_that_discards_takes_the_run_under_way_and_keeps_those_that_are_done(project, path):
    control, done = JobControl(), 0
    with pytest.raises(Cancelled):
        for event in start_experiment(project, path, SeedsPlan(3), control):
            done += isinstance(event, EpochDone)
            if done == 3:
                control.stop(keep=False)
    assert [info.number for info in runs.list_runs(path)] == [1]
    found = gone_on(path).result
    assert found.state == "finished" and len(runs.list_runs(path)) == 3


def test_a_pause_holds_it_within_a_step_also_between_trials(project, path):
    control, ended = JobControl(), threading.Event()
    told: list[object] = []

    def work() -> None:
        for event in start_experiment(project, path, SeedsPlan(2), control):
            told.append(event)
            if isinstance(event, TrialDone) and not control.is_paused:
                control.pause()
                paused.set()
        ended.set()

    paused = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    assert paused.wait(60)
    assert not ended.wait(0.3) and not [e for e in told if isinstance(e, TrialStarted)][1:]
    # Never again: the second trial ends the experiment.
    paused.clear()
    control.resume()
    assert paused.wait(60)
    control.resume()
    assert ended.wait(60)
    thread.join()


def test_a_run_that_began_before_its_number_was_noted_is_found_again(project, path):
    interrupted(project, path, SeedsPlan(2), 1)
    folder = experiments_folder(path) / "0001"
    raw = json.loads((folder / NAME).read_text("utf-8"))
    for trial in raw["trials"]:
        trial |= {"run": None, "state": "waiting"}
    (folder / NAME).write_text(json.dumps(raw), "utf-8")
    gone_on(path)
    assert len(runs.list_runs(path)) == 2


def test_a_trial_whose_run_was_deleted_is_trained_again(project, path):
    interrupted(project, path, SeedsPlan(2), 1)
    runs.discard(runs.run_folder(path, 1))
    found = gone_on(path).result
    assert [trial.state for trial in found.trials] == ["finished", "finished"] and len(runs.list_runs(path)) == 2


def test_other_images_end_it_with_a_sentence_and_the_former_ones_let_it_go_on(project, path, picture_folder):
    interrupted(project, path, SeedsPlan(2), 3)
    file = next(picture_folder.rglob("*.png"))
    content = file.read_bytes()
    file.unlink()
    with pytest.raises(EngineError, match="images have changed"):
        gone_on(path)
    file.write_bytes(content)
    assert gone_on(path).result.state == "finished"


def test_two_processes_do_not_work_on_one(project, path):
    with closing(start_experiment(project, path, SeedsPlan(2), JobControl())) as work:
        until(work, EpochDone)
        with pytest.raises(EngineError, match="being worked on already"):
            gone_on(path)


def test_what_is_damaged_is_left_out_and_the_rest_is_listed(project, path):
    for _ in range(2):
        create_experiment(path, project, SeedsPlan(2))
    for damaged in ("", "[]", '{"format": 99}', '{"format": 1, "kind": "seeds"}'):
        (experiments_folder(path) / "0001" / NAME).write_text(damaged, "utf-8")
        assert [known.number for known in list_experiments(path)] == [2]
    with pytest.raises(EngineError, match="no experiment 1 that can be read"):
        read_experiment(path, 1)


def test_the_disk_that_is_full_stops_it_and_it_goes_on_later(project, path, monkeypatch):
    with monkeypatch.context() as patch:
        real = record.history.append

        def append(folder, line):
            if len(runs.folders(path)) == 2:
                raise OSError(28, "No space left on device")
            real(folder, line)

        patch.setattr(record.history, "append", append)
        with pytest.raises(EngineError, match="files could not be written"):
            started(project, path, SeedsPlan(3))
    experiment = read_experiment(path, 1)
    assert experiment.can_resume and experiment.done == 1, "a full disk is no answer to the question"
    assert gone_on(path).result.state == "finished"


# ---- the queue


def test_a_queue_trains_one_after_the_other_also_what_is_added_meanwhile(project, path):
    others = [replace(project, recipe=replace(project.recipe, seed=seed)) for seed in (5, 6, 7)]
    for other in others[:2]:
        queue = add_to_queue(path, other)
    assert [trial.state for trial in queue.trials] == ["waiting", "waiting"]
    seeds = []
    for event in run_experiment(path, queue.number, JobControl()):
        if isinstance(event, RunStarted):
            seeds.append(runs.read_run_spec(event.folder).recipe.seed)
            if len(seeds) == 1:
                assert add_to_queue(path, others[2]).number == queue.number
    assert seeds == [5, 6, 7] and read_experiment(path, 1).state == "finished"
    assert add_to_queue(path, others[0]).number == 2, "one that is done is not taken up again"


def test_what_cannot_be_trained_does_not_hold_up_the_queue(project, path):
    add_to_queue(path, replace(project, network=NetworkSpec()))
    add_to_queue(path, project)
    found = followed(run_experiment(path, 1, JobControl())).result
    assert [trial.state for trial in found.trials] == ["failed", "finished"] and found.trials[0].reason
    assert trial_project(read_experiment(path, 1), found.trials[1]).recipe == project.recipe


# ---- killed


def _slow(line: str) -> object:
    return pytest.param(line, marks=pytest.mark.slow)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.parametrize("line", [_slow("run 1"), "epoch   1", _slow("4-fold cross-validation: 2"), "run 3"])
def test_killed_it_goes_on_and_ends_as_if_it_had_lived(picture_folder, path, tmp_path, line):
    whole = tmp_path / "whole" / "P.atelier"
    project = saved_project(picture_folder, path, epochs=2)
    write_project(project, whole)
    started(project, whole, FoldsPlan(4))
    command = [sys.executable, "-m", "engine", "experiment", path]
    more = {"cwd": ROOT, "env": os.environ | {"OMP_NUM_THREADS": "1"}, "text": True, "encoding": "utf-8"}
    with subprocess.Popen(
        [*command, "--folds", "4"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, **more
    ) as process:
        assert any(said.startswith(line) for said in process.stderr)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL and read_experiment(path, 1).state == "interrupted"
    done = subprocess.run([*command, "--resume", "--json"], capture_output=True, timeout=120, **more)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["mean"] == results_of(read_experiment(whole, 1)).mean
    assert outcome(path) == outcome(whole) and all_numbers(path) == all_numbers(whole)
    assert len(runs.list_runs(path)) == 4
    left = [file for file in path.parent.rglob("*") if file.name.endswith(".part") or file.name == runs.OWNER]
    assert not left


# ---- the command line


def test_the_command_line_trains_experiments_and_compares_runs(picture_folder, path, capsys):
    saved_project(picture_folder, path, epochs=2)

    def told(*arguments: str) -> dict:
        assert main([arguments[0], str(path), *arguments[1:], "--json"]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    assert told("experiment", "--seeds", "2", "--epochs", "1")["kind"] == "seeds"
    found = told("experiment", "--search", "learning-rate=0.001,0.01", "--tensorboard")
    assert [trial["values"] for trial in found["trials"]] == [{"learning_rate": 0.001}, {"learning_rate": 0.01}]
    assert list((runs.run_folder(path, 3) / "tensorboard").iterdir())
    compared = told("compare", "3", "4")
    assert compared["images"] and [change["label"] for change in compared["changes"]] == ["Learning rate"]
    low, high = compared["interval"]
    assert low <= compared["difference"] <= high and 0 < compared["p_value"] <= 1
    assert told("train", "--continue-run", "3", "--epochs", "1")["epochs"] == 3


@pytest.mark.parametrize("question", ["seeds", "folds"])
def test_the_command_line_tells_of_those_that_failed(picture_folder, path, capsys, monkeypatch, question):
    saved_project(picture_folder, path, epochs=1)
    diverging(monkeypatch, lambda project, epoch: project.recipe.seed == 1 or project.data.fold == 2)
    assert main(["experiment", str(path), f"--{question}", "3", "--json"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert f" over 2 of 3 {question}; 1 failed" in told[0]
    found = json.loads(told[-1])
    assert (found["finished"], found["failed"]) == (2, 1)
    good = [trial["accuracy"] for trial in found["trials"] if trial["state"] == "finished"]
    assert found["mean"] == pytest.approx(np.mean(good))


@pytest.mark.parametrize(
    "arguments",
    [
        ["experiment", "--resume"],
        ["experiment", "--folds", "1"],
        ["experiment", "--search", "learning_rate"],
        ["experiment", "--search", "learning_rate=1,2", "--trials", "5"],
        ["experiment", "--folds", "3", "--method", "random"],
        ["train", "--continue-run", "1", "--lr", "0.1"],
        ["train", "--resume", "--tensorboard"],
        ["compare", "1", "2"],
    ],
    ids=" ".join,
)
def test_what_the_command_line_cannot_do_is_said_in_a_sentence(picture_folder, path, capsys, arguments):
    saved_project(picture_folder, path, epochs=1)
    assert main([arguments[0], str(path), *arguments[1:]]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")
