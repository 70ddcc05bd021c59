"""Which experiments of the list of runs are open, which runs are compared, and which rows are drawn anew."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QListWidget

from engine.train.experiments.store import Experiment
from engine.train.runs import RunInfo
from gui.pages.train.runs.compared_runs import ComparedRuns
from gui.pages.train.runs.run_folds import Folds
from gui.pages.train.runs.run_groups import Group
from gui.pages.train.runs.run_row import RunRow
from gui.pages.train.runs.run_rows import KEY, WORDS, RunRows, key_of
from gui.plots.series import OTHER_TOKENS


def run(number: int, **facts: object) -> RunInfo:
    plain = RunInfo(number, Path(f"{number:04d}"), "finished", 12, 12, 9, 0.9, "Small VGG", 21_000, datetime.now(UTC))
    return replace(plain, **facts)


SEEDS = Experiment(1, Path("1"), "seeds", "2 seeds", "finished", ())
TRIAL = run(3, experiment=1)


# ---- folds


def test_an_experiment_is_open_while_it_trains_or_one_of_its_runs_is_shown():
    folds = Folds()
    assert not folds.is_open(SEEDS) and folds.is_open(replace(SEEDS, state="running"))
    folds.show_run(TRIAL)
    assert folds.is_open(SEEDS) and not folds.is_open(replace(SEEDS, number=2))
    folds.settle()
    assert not folds.is_open(SEEDS)


@pytest.mark.parametrize("info", [None, run(2), run(3, experiment=1, is_pinned=True), run(4, experiment=2)])
def test_nothing_is_opened_for_a_run_that_stands_elsewhere(info):
    folds = Folds()
    folds.show_run(info)
    assert not folds.is_open(SEEDS)


def test_what_the_user_wants_holds_until_another_of_its_runs_is_asked_for():
    folds = Folds()
    folds.want(1, False)
    folds.show_run(TRIAL)
    assert not folds.is_open(SEEDS) and not folds.is_open(replace(SEEDS, state="running"))
    folds.reveal(run(2))
    assert not folds.is_open(SEEDS)
    folds.reveal(TRIAL)
    assert folds.is_open(SEEDS)
    folds.settle()
    assert not folds.is_open(SEEDS), "it was only looked at"
    folds.want(1, True)
    folds.settle()
    assert folds.is_open(SEEDS)


def test_nothing_is_open_in_another_project():
    folds = Folds()
    folds.want(1, True)
    folds.show_run(run(5, experiment=2))
    folds.forget()
    assert not folds.is_open(SEEDS) and not folds.is_open(replace(SEEDS, number=2))


# ---- what is compared


def test_what_is_picked_is_compared_instead_of_or_beside_what_the_menu_compares():
    beside = ComparedRuns()
    beside.choose([2, 4])
    assert beside.newest_first() == (4, 2) and not beside.picked
    assert beside.pick([1], adds=True) and beside.newest_first() == (4, 2, 1)
    assert beside.pick([3], adds=True) and beside.newest_first() == (4, 3, 2), "1 is not picked any more"
    assert not beside.pick([3], adds=True)
    assert beside.pick([3], adds=False) and beside.newest_first() == (3,)
    assert beside.pick([], adds=False) and beside.newest_first() is None


def test_what_the_menu_takes_away_is_not_picked_any_more():
    beside = ComparedRuns()
    beside.pick([1, 2], adds=False)
    beside.choose([2, 5])
    assert beside.picked == {2} and beside.numbers == {2, 5}
    beside.unpick()
    assert not beside.picked and beside.numbers == {2, 5}, "the charts go on"


def test_only_runs_that_are_there_are_compared():
    beside = ComparedRuns()
    beside.pick([1, 2], adds=False)
    assert not beside.keep(frozenset({1, 2, 3}))
    assert beside.keep(frozenset({1, 3})) and beside.numbers == beside.picked == {1}
    assert beside.clear() and not beside.clear() and not beside.picked


def test_the_shown_run_is_one_of_those_that_are_compared():
    beside = ComparedRuns()
    assert beside.with_shown(None) == () and beside.with_shown(2) == (2,)
    beside.choose([1, 3])
    assert beside.with_shown(2) == (3, 2, 1) and beside.with_shown(3) == (3, 1)


def test_runs_are_drawn_in_the_colours_of_the_charts_as_far_as_those_go():
    beside = ComparedRuns()
    listed = [run(number) for number in range(20, 0, -1)]
    listed[1] = replace(listed[1], epochs_done=0)  # run 19 has no curve
    beside.choose(range(1, 21))
    tokens = beside.tokens(listed, 20)
    assert list(tokens) == [18 - place for place in range(len(OTHER_TOKENS))]
    assert tuple(tokens.values()) == OTHER_TOKENS


# ---- rows


@pytest.fixture
def view(qtbot) -> QListWidget:
    view = QListWidget()
    qtbot.addWidget(view)
    view.resize(300, 400)
    return view


def test_only_rows_that_show_something_else_are_drawn_anew(view, monkeypatch):
    drawn: list[int] = []
    show = RunRow.show_run

    def note(row: RunRow, info: RunInfo, **more: object) -> str:
        drawn.append(info.number)
        return show(row, info, **more)

    monkeypatch.setattr(RunRow, "show_run", note)
    rows = RunRows(view)
    listed = [run(3, state="interrupted", epochs_done=5), run(2), run(1)]
    rows.show_entries(listed, listed, {}, idle=True, paused=None)
    assert drawn == [3, 2, 1]
    drawn.clear()
    rows.show_entries(listed, listed, {}, idle=True, paused=None)
    assert drawn == []
    listed = [listed[0], replace(listed[1], note="darker"), listed[2]]
    rows.show_entries(listed, listed, {}, idle=True, paused=None)
    assert drawn == [2]
    rows.show_entries(listed, listed, {}, idle=False, paused=None)
    assert drawn == [2, 3], "it cannot be resumed now"
    rows.show_entries(listed, listed, {}, idle=False, paused=1)
    assert drawn == [2, 3, 1]
    rows.forget()
    rows.show_entries(listed, listed, {}, idle=False, paused=1)
    assert drawn == [2, 3, 1, 3, 2, 1]


def test_rows_know_their_keys_places_and_height(view):
    rows = RunRows(view)
    heading = Group(1, "2 seeds", "done", 1, True)
    entries = [run(4), heading, TRIAL]
    rows.show_entries(entries, [run(4), TRIAL], {1: "2 seeds"}, idle=True, paused=None)
    assert [key_of(entry) for entry in entries] == [view.item(place).data(KEY) for place in range(3)] == [4, -1, 3]
    assert rows.place_of(-1) == 1 and rows.place_of(9) is None
    assert rows.height() == sum(view.item(place).sizeHint().height() for place in range(3)) > 0
    before = rows.height()
    rows.show_entries(entries[:1], [run(4), TRIAL], {}, idle=True, paused=None)
    assert view.count() == 1 and rows.height() < before


def test_a_trial_names_its_experiment_where_no_heading_does(view):
    rows = RunRows(view)
    pinned, other = replace(TRIAL, label="seed 0", is_pinned=True), replace(TRIAL, number=5, label="seed 1")
    entries = [pinned, Group(1, "2 seeds", "done", 1, True), other]
    rows.show_entries(entries, [other, pinned], {1: "2 seeds"}, idle=True, paused=None)
    first, last = (view.item(place).data(WORDS) for place in (0, 2))
    assert "seed 0 · 2 seeds" in first and "seed 1" in last and "2 seeds" not in last
