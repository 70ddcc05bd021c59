"""What a chart holds, what follows from it, and what it says of it: no window is needed."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.plots import MOST_OTHERS, Line, curve_numbers, series
from gui.plots.curve_numbers import KEPT_SHARE, LONGER, MOST_PERCENT, TAIL_POINTS, CurveNumbers
from gui.plots.curve_words import CurveWords, PlaceWords
from gui.plots.series import LEAST_VIEW

NO_VALIDATION = [math.nan] * 3


@pytest.fixture
def loss() -> CurveNumbers:
    """Three epochs of ten that are planned, and ten steps in each."""
    numbers = CurveNumbers()
    numbers.planned = 10
    numbers.add_epochs([1, 2, 3], [2.0, 1.0, 0.5], [2.2, 1.2, 0.8])
    numbers.steps.extend(np.linspace(0.1, 3.0, 30), np.linspace(2.3, 0.5, 30))
    return numbers


def run(last: int, value: float = 1.0, name: str = "run") -> Line:
    return Line(name, np.arange(1.0, last + 1), np.full(last, value))


def lists(points: tuple[np.ndarray, np.ndarray]) -> tuple[list[float], list[float]]:
    return points[0].tolist(), points[1].tolist()


# ---- what it holds


def test_the_numbers_know_no_window():
    for module in (curve_numbers, series):
        imports = [line for line in inspect.getsource(module).splitlines() if line.startswith(("import ", "from "))]
        assert imports and not [line for line in imports if "PySide6" in line or "pyqtgraph" in line]


def test_epochs_are_kept_in_three_columns_and_forgotten(loss):
    loss.add_epochs([4], [0.4], [math.nan])
    assert len(loss) == 4 and loss.x.tolist() == [1, 2, 3, 4] and loss.train.tolist() == [2.0, 1.0, 0.5, 0.4]
    assert loss.validation[:3].tolist() == [2.2, 1.2, 0.8] and math.isnan(loss.validation[3])
    loss.clear_epochs()
    assert len(loss) == len(loss.train) == 0 and len(loss.steps) == 30


def test_everything_but_the_way_it_is_looked_at_is_forgotten(loss):
    loss.set_others([run(3)])
    loss.set_best(2)
    loss.set_view((1.0, 2.0))
    loss.set_smoothing(0.5)
    loss.logarithmic, loss.expected, loss.exact = True, 0.7, (np.ones(1), np.ones(1))
    loss.clear()
    assert len(loss) == len(loss.steps) == len(loss.others) == len(loss.smooth_others()) == 0
    assert (loss.best, loss.view, loss.exact, loss.planned) == (None, None, None, 1) and math.isnan(loss.expected)
    assert loss.smoothing == 0.5 and loss.logarithmic
    assert loss.span() == (0.0, 1.0)


def test_after_all_was_forgotten_the_axis_begins_anew(loss):
    kept = loss.steady_range()
    loss.clear()
    loss.add_epochs([1], [0.95 * kept[1] / 1.08], [0.1])  # the range from before would fit
    assert loss.steady_range() == loss.value_range() != kept


@pytest.mark.parametrize(
    "change",
    [
        lambda numbers: numbers.add_epochs([4], [0.4], [0.7]),
        lambda numbers: numbers.clear_epochs(),
        lambda numbers: numbers.set_smoothing(0.5),
        lambda numbers: numbers.set_others([run(3)]),
        lambda numbers: numbers.set_best(2),
        lambda numbers: numbers.set_continued(2),
        lambda numbers: numbers.set_view((1.0, 2.0)),
        lambda numbers: numbers.clear(),
    ],
    ids=["epochs", "no epochs", "smoothing", "others", "best", "continued", "view", "clear"],
)
def test_what_changes_the_lines_of_epochs_makes_a_new_version(loss, change):
    before = loss.version
    change(loss)
    assert loss.version > before


def test_single_steps_and_the_same_view_leave_the_version_as_it_is(loss):
    loss.set_view((1.0, 2.0))
    before = loss.version
    loss.steps.extend([3.1], [0.4])
    loss.growing_end(), loss.steady_range(), loss.smooth_values()
    assert not loss.set_view((1.0, 2.0)) and loss.version == before
    assert loss.set_view(None) and loss.version > before


def test_no_more_runs_than_can_be_told_apart(loss):
    loss.set_others([run(3, name=f"run {number}") for number in range(MOST_OTHERS + 2)])
    assert [line.name for line in loss.others] == [f"run {number}" for number in range(MOST_OTHERS)]
    assert len(set(loss.other_tokens())) == MOST_OTHERS


# ---- lines


def test_smoothing_is_of_all_lines_and_keeps_the_values(loss):
    loss.set_others([Line("run", np.array([1.0, 2.0]), np.array([4.0, 1.0]))])
    assert lists(loss.smooth_values()) == ([2.0, 1.0, 0.5], [2.2, 1.2, 0.8])
    loss.set_smoothing(0.5)
    assert loss.smooth_values()[0][:2] == pytest.approx([2.0, (2.0 * 0.5 + 1.0) / 1.5])
    assert loss.smooth_others()[0].y == pytest.approx([4.0, (4.0 * 0.5 + 1.0) / 1.5])
    assert loss.train.tolist() == [2.0, 1.0, 0.5] and loss.others[0].y.tolist() == [4.0, 1.0]
    loss.add_epochs([4], [0.5], [0.8])
    assert len(loss.smooth_values()[0]) == 4, "an epoch more is smoothed too"
    loss.clear_epochs()
    assert lists(loss.smooth_values()) == ([], [])


def test_each_line_of_epochs_has_its_colour(loss):
    loss.set_others([run(3), run(2)])
    tokens = [token for _, _, token in loss.lines_of_epochs()]
    assert tokens == [*loss.other_tokens(), "train", "validation"] and loss.own_token == "train"
    rate = CurveNumbers(single=True)
    rate.set_others([run(3)])
    assert [token for _, _, token in rate.lines_of_epochs()] == [*rate.other_tokens()] and rate.own_token == "accent"


def test_the_whole_line_is_the_steps_and_the_epochs_around_them():
    rate = CurveNumbers(single=True)
    assert lists(rate.whole_line()) == ([], [])
    rate.add_epochs([1, 2, 3], [0.1, 0.2, 0.3], NO_VALIDATION)
    assert lists(rate.whole_line()) == ([1, 2, 3], [0.1, 0.2, 0.3])
    rate.steps.extend([2.5, 3.0], [0.25, 0.35])
    assert lists(rate.whole_line()) == ([1, 2, 2.5, 3.0], [0.1, 0.2, 0.25, 0.35]), "resumed after epoch 2"
    ended = CurveNumbers(single=True)
    ended.add_epochs([1, 2], [0.3, 0.1], NO_VALIDATION[:2])
    ended.steps.extend([0.5, 1.7], [0.2, 0.15])
    assert lists(ended.whole_line()) == ([0.5, 1.7, 2.0], [0.2, 0.15, 0.1]), "to the end of the run"


def test_where_more_is_known_than_the_steps_the_whole_line_goes_through_that(loss):
    loss.exact = np.array([0.5, 1.5]), np.array([7.0, 8.0])
    assert lists(loss.whole_line()) == ([0.5, 1.5, 2, 3], [7.0, 8.0, 1.0, 0.5])


def test_the_growing_end_joins_the_last_epoch_and_follows_the_steps():
    numbers = CurveNumbers()
    numbers.steps.extend(np.linspace(0.05, 1.0, 20), np.full(20, 2.0))
    x, y = numbers.growing_end()
    assert x[0] == 0.05 and x[-1] == 1.0 and set(y) == {2.0}
    numbers.add_epochs([1], [1.5], [1.6])
    assert lists(numbers.growing_end()) == ([], []), "an epoch that has finished tells more than its steps"
    numbers.steps.extend([1.1, 1.2], [1.0, 1.0])
    x, y = numbers.growing_end()
    assert (x[0], y[0]) == (1.0, 1.5) and (x[-1], y[-1]) == (1.2, 1.0)


def test_the_growing_end_of_a_smooth_line_begins_at_the_smooth_line(loss):
    loss.set_smoothing(0.9)
    loss.steps.extend([3.1, 3.2], [0.4, 0.4])
    x, y = loss.growing_end()
    assert (x[0], y[0]) == (3.0, loss.smooth_values()[0][-1]) and y[0] > 0.6


def test_the_growing_end_has_few_points_and_the_newest_step_counts():
    numbers = CurveNumbers()
    numbers.steps.extend(np.linspace(0.001, 1.0, 50_000), np.linspace(2.0, 1.0, 50_000))
    x, y = numbers.growing_end()
    assert TAIL_POINTS <= len(x) <= TAIL_POINTS + 2 and (np.diff(x) > 0).all()
    assert y[-1] == pytest.approx(1.05, abs=0.01), "the mean of the last tenth of an epoch"


# ---- what is in view


def test_the_span_reaches_the_planned_end_and_beyond_it_the_newest_number(loss):
    assert (loss.last_place(), loss.span()) == (3.0, (0.0, 10.0))
    loss.steps.extend([12.5], [0.4])  # resumed beyond its plan
    assert (loss.last_place(), loss.span()) == (12.5, (0.0, 12.5))
    assert CurveNumbers().span() == (0.0, 1.0)


@pytest.mark.parametrize(("last", "whole"), [(8, 10.0), (16, 16.0), (int(10 * LONGER), 20.0), (21, 10.0), (400, 10.0)])
def test_a_longer_run_is_shown_whole_but_one_that_is_far_longer_is_not(loss, last, whole):
    loss.set_others([run(last), Line("empty", np.empty(0), np.empty(0))])
    assert loss.span() == (0.0, whole)


def test_a_view_takes_the_place_of_the_whole_run(loss):
    loss.set_view((1.0, 2.5))
    assert loss.span() == (1.0, 2.5) and loss.whole() == 10.0


def test_zooming_and_moving_stay_within_the_run(loss):
    assert loss.moved(0.5) is None, "all of it is in view"
    assert loss.zoomed(0.5, 5.0) == (2.5, 7.5) and loss.zoomed(2.0, 5.0) is None
    loss.set_view((2.0, 6.0))
    assert loss.moved(0.25) == (3.0, 7.0) and loss.moved(-9.0) == (0.0, 4.0) and loss.moved(9.0) == (6.0, 10.0)
    assert loss.zoomed(1e-9, 4.0) == (4.0 - LEAST_VIEW / 2, 4.0 + LEAST_VIEW / 2)
    assert loss.view == (2.0, 6.0), "asking changes nothing"


def test_the_range_of_a_loss_holds_its_epochs_and_its_first_steps(loss):
    low, high = loss.value_range()
    assert low == 0.0 and 2.3 < high < 2.6
    loss.logarithmic = True
    low, high = loss.value_range()
    assert low < math.log10(0.5) and math.log10(2.3) < high < 1.0


def test_before_it_has_values_a_chart_shows_what_is_expected():
    numbers, rate = CurveNumbers(), CurveNumbers(single=True)
    for one, expected in ((numbers, 2.3), (rate, 1e-3)):
        one.expected = expected
        one.set_others([run(3, value=1e9)])
        assert expected < one.value_range()[1] < 2 * expected


def test_an_axis_in_percent_shows_all_shares_and_a_part_of_it_closely():
    shares = CurveNumbers(percent=True)
    shares.add_epochs([1, 2, 3], [0.9, 0.99, 1.0], [0.8, 0.9, 0.91])
    assert shares.value_range() == (0.0, 1.0)
    shares.set_view((2.0, 3.0))
    low, high = shares.value_range()
    assert 0.85 < low < 0.9 and 1.0 < high < MOST_PERCENT
    shares.steps.extend([2.5], [0.0])
    assert shares.value_range()[1] == MOST_PERCENT, "no room above for what cannot be"


def test_the_range_of_a_view_is_that_of_the_values_in_it(loss):
    loss.set_view((2.5, 3.5))
    low, high = loss.value_range()
    assert 0.4 < low < 0.5 and 0.8 <= high < 0.9
    loss.set_others([run(9, value=40.0)])
    assert loss.value_range() == (low, high), "another run beside it does not count"
    loss.set_view((5.0, 6.0))
    low, high = loss.value_range()
    assert low < 40.0 < high, "but it does where nothing else is in view"
    loss.set_others([])
    assert loss.value_range() == (0.0, 1.0), "epochs that have not come, and no other run"


def test_the_range_of_a_single_line_is_that_of_the_whole_line():
    rate = CurveNumbers(single=True)
    rate.add_epochs([1, 2], [1e-3, 5e-4], NO_VALIDATION[:2])
    rate.steps.extend([1.5], [4e-3])
    assert 4e-3 < rate.value_range()[1] < 5e-3
    rate.set_view((1.8, 2.2))
    assert rate.value_range()[1] < 1e-3


def test_the_axis_does_not_waver_while_its_values_fit_well(loss):
    kept = loss.steady_range()
    loss.add_epochs([4], [kept[1] * 0.99], [0.7])
    assert loss.value_range() != kept and loss.steady_range() == loss.value_range(), "higher than before"
    kept = loss.steady_range()
    loss.clear_epochs()
    loss.add_epochs([1], [kept[1] * (KEPT_SHARE + 0.02) / 1.08], [0.7])
    assert loss.value_range()[1] < kept[1] and loss.steady_range() == kept
    loss.logarithmic = True
    assert loss.steady_range() == loss.value_range(), "another axis begins anew"
    loss.logarithmic = False
    loss.steady_range()
    loss.clear_epochs()
    loss.steps.clear()
    loss.add_epochs([1], [0.1], [0.1])
    assert loss.steady_range() == loss.value_range(), "much lower than before"


def test_another_view_takes_another_range(loss):
    loss.set_view((0.0, 3.0))
    kept = loss.steady_range()
    loss.set_view((0.15, 3.0))  # one value less: the range from before would fit
    assert loss.steady_range() == loss.value_range() != kept


def test_where_a_single_line_is_high():
    rate = CurveNumbers(single=True)
    assert not rate.is_high(1.0)
    rate.steps.extend([1.0, 2.0, 3.0], [1e-3, 4e-4, 1e-6])
    assert rate.is_high(1.0) and rate.is_high(1.2) and not rate.is_high(2.0)
    rate.logarithmic = True
    assert rate.is_high(2.0) and not rate.is_high(3.0)


# ---- at a place


def test_the_best_value_is_the_true_one(loss):
    assert math.isnan(loss.best_value())
    loss.set_best(3)
    loss.set_smoothing(0.9)
    assert loss.best_value() == 0.8
    loss.set_best(7)
    assert math.isnan(loss.best_value()), "it has not come yet"


def test_the_nearest_epoch_is_a_finished_one(loss):
    assert (loss.nearest(-1.0), loss.nearest(1.6), loss.nearest(9.0)) == (1, 2, 3)
    assert CurveNumbers().nearest(1.0) is None


def test_places_snap_to_epochs_and_beyond_the_last_one_to_steps(loss):
    assert CurveNumbers().snapped(1.0) is None
    assert (loss.snapped(0.2), loss.snapped(2.4), loss.snapped(3.9)) == (1.0, 2.0, 3.0)
    loss.steps.extend([3.2, 3.6], [0.4, 0.3])
    assert (loss.snapped(3.29), loss.snapped(3.39), loss.snapped(9.0)) == (3.0, 3.2, 3.6)
    loss.clear_epochs()
    assert loss.snapped(3.3) == 3.2, "before the first epoch, its steps are all there is"


@given(st.lists(st.integers(1, 50), unique=True), st.lists(st.integers(1, 400), unique=True), st.floats(-5, 60))
def test_whatever_the_mouse_snaps_to_can_be_read(epochs, eighths, place):
    numbers = CurveNumbers()
    epochs, steps = sorted(epochs), np.sort(np.array(eighths, dtype=float)) / 8
    numbers.add_epochs(epochs, np.ones(len(epochs)), np.ones(len(epochs)))
    numbers.steps.extend(steps, np.ones(len(steps)))
    found = numbers.snapped(place)
    assert (found is None) == (not epochs and not len(steps))
    if found is not None:
        values = numbers.values_at(found)
        assert values.is_step == (found not in epochs) and (values.step if values.is_step else values.train) == 1.0


def test_values_at_an_epoch_are_those_of_all_runs(loss):
    half = Line("half", np.array([2.0, 4.0]), np.array([1.0, 3.0]))
    loss.set_others([half, run(2, value=7.0), Line("empty", np.empty(0), np.empty(0))])
    values = loss.values_at(3.0)
    assert (values.train, values.validation, values.is_step) == (0.5, 0.8, False)
    assert values.others[:2] == (2.0, None) and math.isnan(values.others[2]), "between its epochs, ended, nothing"
    assert math.isnan(loss.values_at(1.0).others[0]), "not begun"
    assert loss.values_at(2.0).others[:2] == (1.0, 7.0), "the first and the last epoch of a run are known"


def test_values_at_a_step_beyond_the_epochs(loss):
    loss.steps.extend([3.5], [0.25])
    values = loss.values_at(3.5)
    assert values.is_step and values.step == 0.25 and math.isnan(values.train) and math.isnan(values.validation)
    assert CurveNumbers().values_at(1.0) is None
    assert not loss.values_at(8.0).is_step, "an epoch that has not come is one without values"


# ---- in words


def test_the_box_says_the_values_at_its_place(loss):
    words = CurveWords(loss)
    loss.set_others([run(2, name="run 7"), run(9, value=3.0, name="run 5")])
    others = tuple(zip(("run 7 had ended", "run 5 3.00"), loss.other_tokens(), strict=True))
    assert words.at(3.0) == PlaceWords("epoch 3", "train 0.50", "validation 0.80", others)
    loss.steps.extend([3.5], [0.25])
    assert words.at(3.5) == PlaceWords("in epoch 4", "train 0.25"), "nothing else is known within an epoch"
    assert words.at(8.0).train == "train –"
    assert CurveWords(CurveNumbers()).at(1.0) is None


def test_the_row_is_said_in_long_and_in_short(loss):
    words = CurveWords(loss)
    long, short, brief = words.row_at(2)
    assert long == [("epoch 2", "dim"), ("train 1.00", "train"), ("validation 1.20", "validation")]
    assert short == [("epoch 2", "dim"), ("1.00", "train"), ("1.20", "validation")]
    assert brief == short, "without other runs there is nothing to leave out"
    assert words.row_at(None) == ([], [], []) == CurveWords(CurveNumbers()).row_at(1)


def test_where_there_is_no_room_for_names_each_run_still_has_its_value(loss):
    loss.set_others([run(9, value=3.0, name="run 5"), run(1, name="run 7")])
    dim, other = loss.other_tokens()
    *_, short, brief = CurveWords(loss).row_at(2)
    assert short[3:] == [("run 5 3.00", dim), ("run 7 had ended", other)]
    assert brief == [*short[:3], ("3.00", dim), ("–", other)]


def test_beside_other_runs_the_shown_one_is_called_by_its_name(loss):
    words = CurveWords(loss)
    loss.name = "run 4"
    assert not loss.is_compared and words.at(2.0).train == "train 1.00"
    loss.set_others([run(9, value=3.0, name="run 5")])
    assert loss.is_compared
    assert (words.at(2.0).train, words.at(2.0).validation) == ("run 4 train 1.00", "run 4 validation 1.20")
    loss.steps.extend([3.5], [0.25])
    assert words.at(3.5) == PlaceWords("in epoch 4", "run 4 train 0.25")
    assert words.row_at(2)[0][1] == ("run 4 train 1.00", "train")
    loss.clear()
    assert loss.name == ""


def test_a_single_line_beside_others_is_called_by_the_name_of_its_run():
    rate = CurveNumbers(single=True)
    rate.add_epochs([1, 2], [1e-3, 5e-4], NO_VALIDATION[:2])
    rate.set_others([run(2, value=1e-3, name="run 2")])
    rate.name = "run 4"
    words = CurveWords(rate, "learning rate")
    assert words.at(2.0).train == "run 4 0.0005"
    long, short, brief = words.row_at(2)
    assert [text for text, _ in long] == ["epoch 2", "run 4 0.0005", "run 2 0.001"]
    assert [text for text, _ in short] == ["epoch 2", "0.0005", "run 2 0.001"]
    assert [text for text, _ in brief] == ["epoch 2", "0.0005", "0.001"]


def test_a_single_line_has_its_own_name_and_colour():
    rate = CurveNumbers(single=True)
    words = CurveWords(rate, "learning rate")
    assert words.summary() == "No epoch has finished yet."
    rate.add_epochs([1, 2, 3], [1e-3, 5e-4, 2.5e-4], NO_VALIDATION)
    rate.set_others([run(3, value=1e-3, name="run 2")])
    other = ("run 2 0.001", *rate.other_tokens())
    assert words.at(2.0) == PlaceWords("epoch 2", "learning rate 0.0005", "", (other,))
    row = [("epoch 2", "dim"), ("0.0005", "accent"), other]
    assert words.row_at(2) == (row, row, [*row[:2], ("0.001", *rate.other_tokens())])
    assert words.summary() == "epoch 3: learning rate 0.00025"


def test_the_summary_has_the_newest_and_the_best_epoch():
    shares = CurveNumbers(percent=True)
    words = CurveWords(shares)
    shares.add_epochs([1, 2], [0.5, 0.941], [0.6, 0.9])
    assert words.summary() == "epoch 2: train 94.1 %, validation 90.0 %"
    shares.set_best(1)
    assert words.summary() == "epoch 2: train 94.1 %, validation 90.0 %; best epoch 1"
    shares.set_continued(1)
    assert words.summary().endswith("; best epoch 1; continued after epoch 1")
