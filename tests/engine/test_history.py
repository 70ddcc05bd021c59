"""The history of a run: whole lines count, whatever a killed process left behind."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.train import history
from engine.train.events import EpochDone
from engine.train.history import EpochLine, best_of, epochs_without_improvement, is_better


def line(epoch: int, accuracy: float = 0.5, loss: float = 1.0, is_best: bool = False) -> EpochLine:
    return EpochLine(epoch, 0.9, 0.6, loss, accuracy, 0.001, 1.5, 800.0, is_best)


def write(folder, lines) -> None:
    for entry in lines:
        history.append(folder, entry)


def test_what_was_appended_is_read(tmp_path):
    lines = [line(1), line(2, 0.75, 0.1 + 0.2, True), line(3, loss=math.inf)]
    write(tmp_path, lines)
    assert history.read(tmp_path) == lines
    assert (tmp_path / history.NAME).read_bytes().count(b"\n") == 3


def test_a_line_is_the_event_without_its_predictions():
    numbers = asdict(line(4, is_best=True))
    event = EpochDone(**numbers, numbers=np.arange(2), probabilities=np.ones((2, 3), np.float32))
    assert EpochLine.of(event) == line(4, is_best=True)


def test_no_history_yet(tmp_path):
    assert history.read(tmp_path) == [] and history.read(tmp_path / "nowhere") == []


def test_a_torn_last_line_is_ignored_wherever_it_is_torn(tmp_path):
    write(tmp_path, [line(1), line(2)])
    path = tmp_path / history.NAME
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole) - 1):  # without its line break alone, the last line is still whole
        path.write_bytes(whole[:end])
        assert history.read(tmp_path) == [line(1)]
    path.write_bytes(whole[:-1])
    assert history.read(tmp_path) == [line(1), line(2)]


@pytest.mark.parametrize(
    "damage",
    [
        b"\x00" * 300,
        b"\xff\xfe\xff",
        b"[" * 100_000,
        b"[1, 2]",
        b"{}",
        b"null",
        json.dumps({**asdict(line(2)), "validation_loss": None}).encode(),
        json.dumps({**asdict(line(2)), "validation_accuracy": "high"}).encode(),
        json.dumps({**asdict(line(2)), "more": 1}).encode(),
        json.dumps(asdict(line(7))).encode(),
        json.dumps(asdict(line(1))).encode(),
    ],
    ids=["zeros", "no text", "deep", "list", "empty", "null", "nothing", "word", "more", "later", "again"],
)
def test_a_damaged_line_costs_only_itself(tmp_path, damage):
    write(tmp_path, [line(1)])
    with open(tmp_path / history.NAME, "ab") as file:
        file.write(damage + b"\n")
    write(tmp_path, [line(2)])
    lines = history.read(tmp_path)
    assert lines == [line(1), line(2)] and best_of(lines) == line(1)


def test_a_resumed_run_replaces_what_came_after_its_checkpoint(tmp_path):
    write(tmp_path, [line(1), line(2), line(3)])
    with open(tmp_path / history.NAME, "a", encoding="utf-8") as file:
        file.write('{"epoch": 4, "tra')
    history.rewrite(tmp_path, history.read(tmp_path)[:2])
    history.append(tmp_path, line(3, 0.9))
    assert history.read(tmp_path) == [line(1), line(2), line(3, 0.9)]


def test_better_is_more_accurate_and_at_the_same_accuracy_surer():
    assert is_better(line(1), None)
    assert is_better(line(2, 0.8, 3.0), line(1, 0.7, 0.1))
    assert is_better(line(2, 0.7, 0.1), line(1, 0.7, 0.2))
    assert not is_better(line(2, 0.7, 0.2), line(1, 0.7, 0.2)), "the earlier of equals is kept"
    assert best_of([]) is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8))
def test_the_best_epoch_is_beaten_by_none(pairs):
    lines = [line(place, accuracy / 3, loss / 3) for place, (accuracy, loss) in enumerate(pairs, start=1)]
    best = best_of(lines)
    assert best in lines and not any(is_better(other, best) for other in lines)
    assert all(is_better(best, earlier) for earlier in lines[: best.epoch - 1])


def test_early_stopping_waits_for_the_loss():
    losses = [3.0, 2.0, 2.5, 2.0, 4.0]
    lines = [line(place, loss=loss) for place, loss in enumerate(losses, start=1)]
    assert [epochs_without_improvement(lines[:count]) for count in range(6)] == [0, 0, 0, 1, 2, 3]
