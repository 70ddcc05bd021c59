"""Runs and histories as files that another process, or an accident, may have written."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.spec import ProjectSpec
from engine.train import history, runs
from engine.train.history import EpochLine

LINE = EpochLine(1, 0.7, 0.5, 0.6, 0.75, 1e-3, 1.5, 100.0, True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P.atelier"


def line(epoch: int, accuracy: float = 0.5, loss: float = 0.5) -> EpochLine:
    return replace(LINE, epoch=epoch, validation_accuracy=accuracy, validation_loss=loss)


def test_the_best_epoch_has_the_highest_accuracy_then_the_lowest_loss_then_comes_first():
    lines = [line(1, 0.5, 0.9), line(2, 0.8, 0.7), line(3, 0.8, 0.6), line(4, 0.8, 0.6), line(5, 0.7, 0.1)]
    assert history.best_of(lines).epoch == 3 and history.best_of([]) is None


@given(st.lists(st.floats(0, 10), max_size=20))
def test_patience_counts_from_the_lowest_loss(losses):
    lines = [line(place + 1, loss=loss) for place, loss in enumerate(losses)]
    waited = history.epochs_without_improvement(lines)
    assert waited == (len(losses) - 1 - losses.index(min(losses)) if losses else 0)


def test_a_history_comes_back_and_what_is_damaged_ends_it(tmp_path):
    for epoch in (1, 2, 3):
        history.append(tmp_path, line(epoch))
    assert history.read(tmp_path) == [line(1), line(2), line(3)]
    file = tmp_path / history.NAME
    whole = file.read_text("utf-8").splitlines()
    for damaged in ('{"epoch": 2', "[]", "null", "\x00\xff", '{"epoch": "two"}', whole[1].replace("0.7", '"much"')):
        file.write_text("\n".join([whole[0], damaged, whole[2]]), "latin-1")
        assert history.read(tmp_path) == [line(1)], damaged
    history.rewrite(tmp_path, [line(1)])
    assert history.read(tmp_path) == [line(1)] and history.read(tmp_path / "nowhere") == []


def test_runs_are_numbered_and_listed_newest_first_and_other_folders_left_alone(path):
    for wanted in (1, 2, 3):
        number, folder = runs.create_run(path, ProjectSpec(), {"epochs": 5})
        assert number == wanted and folder.name == f"000{wanted}" and runs.owner_is_alive(folder)
        runs.release(folder)
    for name in ("notes", "12", "0007", "²²²²", "000x"):
        (path.parent / "runs" / name).mkdir()
    (path.parent / "runs" / "0009").write_text("a file")
    (path.parent / "runs" / "0002" / runs.STATE).write_text("damaged")
    assert [info.number for info in runs.list_runs(path)] == [3, 1]
    assert {info.state for info in runs.list_runs(path)} == {"interrupted"}, "nobody writes them"
    assert runs.create_run(path, ProjectSpec(), {})[0] == 8


def test_a_number_that_is_taken_in_between_is_left_to_its_owner(path, monkeypatch):
    runs.create_run(path, ProjectSpec(), {})
    monkeypatch.setattr(runs, "_number", lambda folder: 0)  # as if the folder had been listed before
    assert runs.create_run(path, ProjectSpec(), {})[0] == 2


@pytest.mark.parametrize("state", [{"state": 3, "epochs": "many", "created": "once"}, {"odd": None}], ids=str)
def test_a_state_with_odd_values_is_shown_as_far_as_it_goes(path, state):
    _, folder = runs.create_run(path, ProjectSpec(), {})
    (folder / runs.STATE).write_text(json.dumps(state))
    (info,) = runs.list_runs(path)
    assert info.epochs == 0 and info.when and not info.can_resume and not info.has_weights


@pytest.mark.parametrize("owner", ["", "{}", '{"pid": "x", "started": 0}', '{"pid": -5, "started": 1}', "[1]"])
def test_a_damaged_claim_holds_nobody_up(path, owner):
    _, folder = runs.create_run(path, ProjectSpec(), {})
    (folder / runs.OWNER).write_text(owner)
    assert not runs.owner_is_alive(folder)
    runs.claim(folder)
    assert runs.owner_is_alive(folder)
    with pytest.raises(EngineError, match="being trained already"):
        runs.claim(folder)
    runs.release(folder)
    runs.release(folder)
    assert not runs.owner_is_alive(folder)


def test_the_newest_run_with_weights_is_found(path):
    for epochs in (2, 1, 0):
        _, folder = runs.create_run(path, ProjectSpec(), {})
        runs.release(folder)
        history.rewrite(folder, [line(epoch + 1) for epoch in range(epochs)])
    assert runs.find_run(path, None).number == 2 and runs.find_run(path, 3).number == 3
    with pytest.raises(EngineError, match="no run 4") as caught:
        runs.find_run(path, 4)
    assert caught.value.why == "It has: 3, 2, 1."
    assert runs.last_resumable(path).number == 3
