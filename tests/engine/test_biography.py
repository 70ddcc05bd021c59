"""The lives of images: learnt, forgotten, never learnt."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.train.biography import RIGHT, UNKNOWN, WRONG, biography

LIVES = {
    "always": "111111",
    "late": "000011",
    "soon": "011111",
    "never": "000000",
    "forgotten": "111000",
    "wavers": "101010",
    "hole": "1??111",
    "unknown": "??????",
}


def noted(*lives):
    codes = {"0": WRONG, "1": RIGHT, "?": UNKNOWN}
    return np.array([[codes[sign] for sign in life] for life in lives], dtype=np.uint8).T


def told(*lives):
    table = noted(*lives)
    own = np.where(table == UNKNOWN, np.nan, np.where(table == RIGHT, 0.9, 0.2))
    return biography(table, own)


def test_each_life_is_told():
    found = told(*LIVES.values())
    by_name = {name: place for place, name in enumerate(LIVES)}
    learnt = {"always": 0, "late": 4, "soon": 1, "never": -1, "forgotten": -1, "wavers": -1, "hole": 0, "unknown": -1}
    assert {name: int(found.learnt[place]) for name, place in by_name.items()} == learnt
    assert [name for name, place in by_name.items() if not found.ever[place]] == ["never", "unknown"]
    forgotten = {name: int(found.forgotten[place]) for name, place in by_name.items() if found.forgotten[place]}
    assert forgotten == {"forgotten": 1, "wavers": 3}
    assert found.belief[by_name["always"]] == pytest.approx(0.9)
    assert np.isnan(found.belief[by_name["unknown"]])
    assert {order: found.count(order) for order in ("never", "forgotten", "late")} == {
        "never": 2,
        "forgotten": 2,
        "late": 1,
    }


@pytest.mark.parametrize(("order", "first"), [("never", "never"), ("forgotten", "wavers"), ("late", "late")])
def test_the_clearest_cases_come_first(order, first):
    found = told(*LIVES.values())
    places = found.ordered(order)
    assert sorted(places) == list(range(len(LIVES)))
    assert list(LIVES)[places[0]] == first


def test_of_late_ones_the_latest_comes_first():
    found = told("000011", "000001", "000111", "111111")
    assert found.ordered("late")[:2].tolist() == [1, 0]


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (3, 0)])
def test_nothing_has_a_biography_too(shape):
    found = biography(np.zeros(shape, np.uint8), np.zeros(shape))
    assert found.ever.shape == (shape[1],)
    for order in ("never", "forgotten", "late"):
        assert sorted(found.ordered(order)) == list(range(shape[1]))


@given(arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 6)), elements=st.sampled_from([WRONG, RIGHT])))
def test_it_agrees_with_counting_by_hand(table):
    found = biography(table, np.zeros(table.shape))
    for place, life in enumerate(table.T.tolist()):
        assert found.ever[place] == (RIGHT in life)
        assert found.is_right[place] == (life[-1] == RIGHT)
        assert found.forgotten[place] == sum(a == RIGHT and b == WRONG for a, b in pairwise(life))
        lasting = len(life) - next((n for n, sign in enumerate(reversed(life)) if sign == WRONG), len(life))
        assert found.learnt[place] == (lasting if life[-1] == RIGHT else -1)
