"""Train: the curves: one cross-hair, smoothing, other runs, the menu, and room for them."""

import csv
import io
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QGuiApplication, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from train_studio import FakeStudio, drawn_epochs, make_index

from engine.errors import EngineError
from engine.train import step_curve
from gui.jobs import Stopped
from gui.pages.train import TrainPage
from gui.pages.train.curves import charts
from gui.pages.train.curves.charts import Charts
from gui.plots import Line
from gui.plots.legend import LegendKey
from gui.plots.series import LEAST_VIEW, MOST_KEPT, Series, in_columns, smoothed, zoomed


@pytest.fixture
def studio(tmp_path, picture_folder) -> FakeStudio:
    studio = FakeStudio(tmp_path)
    studio.open(tmp_path)
    studio.data.become("ready", make_index(picture_folder))
    return studio


@pytest.fixture
def page(studio, qtbot):
    QSettings().clear()
    page = TrainPage(studio)
    qtbot.addWidget(page)
    page.resize(1356, 854)
    with qtbot.waitExposed(page):
        page.show()
    return page


def entry(page, name):
    menu = page.charts.menu
    menu.aboutToShow.emit()
    return next(action for action in (*menu.actions(), *menu.runs.actions()) if action.objectName() == name)


def write_steps(folder, rates: list[tuple[float, float]]) -> None:
    """Keep steps of a run: place in epochs and learning rate of each."""
    rows = np.array([(place, 1.0, 0.5, rate) for place, rate in rates], dtype="<f8")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / step_curve.NAME).write_bytes(rows.tobytes())


def turn_wheel(chart, place: float, notches: int = 1, sideways: bool = False) -> None:
    """Turn the wheel over a chart at a place in epochs."""
    area = chart._area
    at = QPointF(area.place_of(place), area.height() / 2)
    turned = QPoint(120 * notches, 0) if sideways else QPoint(0, 120 * notches)
    state = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
    viewport = area.viewport()
    event = QWheelEvent(at, QPointF(viewport.mapToGlobal(at.toPoint())), QPoint(), turned, *state)
    QApplication.sendEvent(viewport, event)


# ---- cross-hair


def test_one_cross_hair_reads_all_charts(page, studio, qtbot):
    studio.training.add_run(1, "finished")
    studio.training.begin()
    studio.training.play(6)
    loss, accuracy, rate = page.charts.all
    qtbot.waitUntil(lambda: drawn_epochs(loss, "train") == 6)
    place = QPoint(round(loss._area.place_of(4)) + 2, loss._area.height() // 2)
    qtbot.mouseMove(loss._area.viewport(), place)
    qtbot.waitUntil(lambda: rate.readout_texts()[:1] == ["epoch 4"])
    done = studio.training.epochs[3]
    assert accuracy.readout_texts()[1:3] == [
        f"run 3 train {100 * done.train_accuracy:.1f} %",
        f"run 3 validation {100 * done.validation_accuracy:.1f} %",
    ]
    assert rate.readout_texts()[1] == "run 3 0.001"
    assert [texts.readout_texts()[-1][:5] for texts in page.charts.all] == ["run 1"] * 3
    page.charts._on_hovered_all(None)
    assert [chart.readout_texts() for chart in page.charts.all] == [[], [], []]


def test_steps_after_the_last_epoch_can_be_read(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(0, within=10)
    loss = page.charts.loss
    qtbot.waitUntil(lambda: loss._area is not None and loss._area.isVisible())
    qtbot.waitUntil(loss.has_steps)  # they come in a few times a second
    loss._on_hovered(0.3)
    texts = loss.readout_texts()
    assert texts[0] == "in epoch 1" and texts[1].startswith("train ") and len(texts) == 2
    assert page.charts.accuracy.readout_texts()[0] == "in epoch 1"
    studio.training.play(2, within=10)
    qtbot.waitUntil(lambda: not page.charts._coming)
    loss._on_hovered(2.45)
    assert loss.readout_texts()[0] == "in epoch 3"
    loss._on_hovered(2.1)
    assert loss.readout_texts()[0] == "epoch 2"


# ---- lines


def test_the_learning_rate_follows_the_steps_and_the_epochs_before_them(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(2, within=3)
    rate = page.charts.rate
    qtbot.waitUntil(lambda: not page.charts._coming)
    x, y = rate._numbers.whole_line()
    assert len(x) == 2 * 20 + 3 and set(y) == {1e-3}


def test_smoothing_draws_the_mean_and_keeps_the_epochs_faintly(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(8)
    loss = page.charts.loss
    raw = [done.validation_loss for done in studio.training.epochs]
    qtbot.waitUntil(lambda: drawn_epochs(loss, "validation") == 8)
    assert loss._area.raw_validation.getOriginalDataset()[0] is None
    page.charts.smooth.slider.setValue(80)
    assert page.charts.smooth.text() == "smooth 0.8"
    qtbot.waitUntil(lambda: loss._area.raw_validation.getOriginalDataset()[0] is not None)
    assert loss._area.raw_validation.getOriginalDataset()[1] == pytest.approx(raw)
    assert loss._area.validation.getOriginalDataset()[1] == pytest.approx(smoothed(np.array(raw), 0.8))
    again = Charts(studio.training)
    qtbot.addWidget(again)
    assert again.smooth.weight() == pytest.approx(0.8)  # remembered
    assert again.loss._numbers.smoothing == pytest.approx(0.8)


def test_smoothing_is_the_exponential_mean_without_a_pull_to_zero():
    values = np.array([4.0, 2.0, np.nan, 1.0])
    weights = [[1], [0.5, 1], None, [0.125, 0.25, 1]]
    expected = [4.0, (4 * 0.5 + 2) / 1.5, np.nan, (4 * 0.125 + 2 * 0.25 + 1) / sum(weights[3])]
    assert smoothed(values, 0.5) == pytest.approx(expected, nan_ok=True)
    assert smoothed(values, 0.0) is values
    assert len(smoothed(np.empty(0), 0.9)) == 0
    assert smoothed(np.full(5000, 3.0), 0.98) == pytest.approx(np.full(5000, 3.0))


def test_the_learning_rate_can_be_left_out_and_that_is_remembered(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(2)
    qtbot.waitUntil(page.charts.rate.isVisible)
    entry(page, "train.charts.rate").trigger()
    assert not page.charts.rate.isVisible()
    again = Charts(studio.training)
    qtbot.addWidget(again)
    assert not again.menu.rate.isChecked()


def test_in_a_small_window_accuracy_and_learning_rate_share_a_place(page, studio, qtbot):
    studio.training.begin()
    studio.training.play(2)
    qtbot.waitUntil(page.charts.isVisible)
    page.resize(940, 608)
    qtbot.waitUntil(lambda: page.width() == 940 and not page.charts.rate.isVisible())
    switch = page.findChild(QWidget, "train.accuracy.to_rate")
    assert switch.isVisible()
    switch.click()
    assert (page.charts.accuracy.isVisible(), page.charts.rate.isVisible()) == (False, True)
    page.findChild(QWidget, "train.rate.to_accuracy").click()
    assert (page.charts.accuracy.isVisible(), page.charts.rate.isVisible()) == (True, False)
    page.resize(1356, 854)
    qtbot.waitUntil(lambda: page.charts.rate.isVisible() and page.charts.accuracy.isVisible())
    assert not switch.isVisible()


def test_the_logarithmic_axis_is_remembered(page, studio, qtbot):
    page.charts.loss.set_logarithmic(True)
    again = Charts(studio.training)
    qtbot.addWidget(again)
    assert again.loss.is_logarithmic() and not again.rate.is_logarithmic()


# ---- other runs


def test_runs_are_compared_from_the_menu_at_most_four(page, studio, qtbot):
    for number in range(1, 8):
        studio.training.add_run(number, "finished")
    studio.training.show_run(7)
    qtbot.waitUntil(page.charts.isVisible)
    assert page.charts.compared() == (6,)
    for number in (1, 3, 5):
        entry(page, f"train.charts.compare.{number}").trigger()
    assert page.charts.compared() == (6, 5, 3, 1)
    assert [line.name for line in page.charts.loss._numbers.others] == ["run 6", "run 5", "run 3", "run 1"]
    assert len(set(page.charts.loss.other_tokens())) == 4
    assert not entry(page, "train.charts.compare.2").isEnabled()
    assert page.runs.chosen() == (7,), "compared, not chosen"
    marks = {number: page.runs.itemWidget(page.runs.item(7 - number)).mark() for number in range(1, 8)}
    assert [marks[number] for number in (6, 5, 3, 1)] == list(page.charts.loss.other_tokens())
    assert not any(marks[number] for number in (7, 4, 2))
    for number in (1, 3, 5, 6):
        entry(page, f"train.charts.compare.{number}").trigger()
    assert page.charts.compared() == ()


def test_as_long_as_nobody_chooses_the_run_that_the_words_compare_with_is_dashed(page, studio, qtbot):
    training = studio.training
    for number in (1, 2, 3, 4):
        training.add_run(number, "finished")
    training.runs = tuple(replace(info, parent=2) if info.number in (1, 4) else info for info in training.runs)
    training.show_run(4)
    assert page.charts.compared() == (2,), "not 3, which is newer"
    assert page.charts.loss.named_lines()[0][0] == "run 4:" and page.charts.loss.named_lines()[-1][0] == "run 2"
    training.show_run(1)
    assert page.charts.compared() == (2,)
    page.charts.compare_with((3,))
    assert page.charts.compared() == (3,)
    page.charts.compare_with(None)
    training.runs = tuple(info for info in training.runs if info.number != 2)
    training.runs_changed.emit()
    assert page.charts.compared() == (4,), "nothing is said of how it compares: the newest other one"


def test_the_joint_of_a_continued_run_is_marked_in_all_charts(page, studio, qtbot):
    training = studio.training
    training.add_run(1, "finished")
    training.add_run(2, "finished", epochs=17, planned=17)
    training.runs = (replace(training.runs[0], parent=1, restarted_after=12), *training.runs[1:])
    training.show_run(2)
    qtbot.waitUntil(lambda: all(chart._area.joint.isVisible() for chart in page.charts.all))
    assert [chart._area.joint.value() for chart in page.charts.all] == [12] * 3
    training.show_run(1)
    qtbot.waitUntil(lambda: not any(chart._area.joint.isVisible() for chart in page.charts.all))


def test_control_click_in_the_list_compares_and_a_click_shows(page, studio, qtbot):
    for number in (1, 2, 3):
        studio.training.add_run(number, "finished")
    studio.training.show_run(3)
    qtbot.waitUntil(page.runs.isVisible)

    def click(row, modifier=Qt.KeyboardModifier.NoModifier):
        place = page.runs.visualItemRect(page.runs.item(row)).center()
        qtbot.mouseClick(page.runs.viewport(), Qt.MouseButton.LeftButton, modifier, place)

    click(2, Qt.KeyboardModifier.ControlModifier)
    assert studio.training.shown_run == 3
    assert page.charts.compared() == (1,)
    click(1)
    assert studio.training.shown_run == 2
    assert page.charts.compared() == (3,)  # the newest other one, as nothing is chosen
    assert [item.data(Qt.ItemDataRole.UserRole) for item in page.runs.selectedItems()] == [2]


def test_the_selection_survives_the_epochs_of_a_live_run(page, studio, qtbot):
    studio.training.add_run(1, "finished")
    studio.training.add_run(2, "finished")
    studio.training.begin(number=3)
    studio.training.play(1)
    page.runs.item(2).setSelected(True)
    assert page.charts.compared() == (1,)
    studio.training.play(2)
    assert page.charts.compared() == (1,)
    chosen = {item.data(Qt.ItemDataRole.UserRole) for item in page.runs.selectedItems()}
    assert chosen == {3, 1}


def test_the_axis_fits_the_epochs_that_were_done_once_the_run_has_ended(page, studio, qtbot):
    studio.training.begin(planned=300)
    studio.training.play(34)
    loss = page.charts.loss
    qtbot.waitUntil(lambda: loss._area is not None and loss._area._range == (0.0, 300.0))
    studio.training.become("paused")
    assert loss._numbers.whole() == 300
    studio.training.end(None)
    qtbot.waitUntil(lambda: loss._area._range == (0.0, 34.0))
    studio.training.add_run(1, "stopped", epochs=7, planned=50)
    studio.training.show_run(1)
    assert loss._numbers.planned == 7 and [chart._numbers.planned for chart in page.charts.all] == [7] * 3


def test_a_live_run_has_room_for_what_is_expected_of_it(page, studio, qtbot):
    studio.training.add_run(1, "finished")
    path = np.arange(1.0, 4)
    studio.training.begin(planned=10)
    page.charts.loss.set_others([Line("exploded", path, np.array([1e9, 1e16, 18.0]))])
    assert math.log(2) < page.charts.loss._numbers.value_range()[1] < 2.1
    studio.training.end(None)
    studio.training.show_run(1)
    assert math.isnan(page.charts.loss._numbers.expected)


def test_the_learning_rate_reaches_the_end_of_the_run(page, studio):
    studio.training.begin(number=4, planned=2)
    studio.training.play(1)
    write_steps(studio.training.runs[0].folder, [(0.4, 0.01), (0.8, 0.02)])
    studio.training.add_run(5, "finished", epochs=2, planned=2)
    folder = studio.training.runs[0].folder
    write_steps(folder, [(0.4, 0.01), (1.7, 0.02)])
    studio.training.show_run(4)
    page.charts.compare_with((5,))
    line = page.charts.rate._numbers.others[0]
    assert line.x.tolist() == [0.4, 1.7, 2.0] and line.y.tolist() == [0.01, 0.02, 1e-3]


def test_the_learning_rate_of_a_run_that_has_ended_is_drawn_between_its_steps_too(page, studio, qtbot, monkeypatch):
    between = np.linspace(0.05, 2, 50)
    monkeypatch.setattr(charts.rate_curve, "filled", lambda folder, told: (between, np.sin(between)))
    studio.training.begin(planned=2)
    studio.training.play(2)
    qtbot.waitUntil(lambda: not page.charts._coming)
    rate = page.charts.rate
    assert len(rate._numbers.whole_line()[0]) == 40, "what is told, while it trains"
    studio.training.end(None)
    assert rate._numbers.whole_line()[0].tolist() == between.tolist()
    assert len(rate.steps()[0]) == 40, "a table has what was told"
    studio.training.begin(number=4, planned=2)
    assert len(rate._numbers.whole_line()[0]) == 0


def test_the_charts_are_laid_out_before_they_are_seen_for_the_first_time(studio, qtbot):
    page = TrainPage(studio)
    qtbot.addWidget(page)
    page.resize(1356, 854)
    with qtbot.waitExposed(page):
        page.show()
    studio.training.begin()
    page._update()  # no event comes between this and the first picture of it
    shown = [chart.geometry() for chart in page.charts.all]
    assert page.charts.rate.isVisible()
    assert shown[0].right() < shown[1].left() and shown[1].right() < shown[2].left()
    for chart in page.charts.all:
        assert chart.rect().contains(chart._area.geometry()) and chart._area.height() > chart.height() / 2
        assert chart._title.geometry().bottom() < chart._area.geometry().top()


# ---- copy and save


def test_copy_puts_an_image_for_a_report_on_the_clipboard_and_says_so(page, studio, qtbot, monkeypatch):
    studio.training.add_run(1, "finished")
    studio.training.begin(number=2)
    studio.training.play(3)
    qtbot.waitUntil(page.charts.isVisible)
    page.charts.set_cursor(2)
    page.charts.smooth.slider.setValue(50)
    asked = []
    draw = charts.report_image
    monkeypatch.setattr(charts, "report_image", lambda *args: asked.append(args) or draw(*args))
    QGuiApplication.clipboard().clear()
    with qtbot.waitSignal(studio.told) as told:
        entry(page, "train.charts.copy").trigger()
    assert "copied" in told.args[0]
    picture = QGuiApplication.clipboard().image()
    assert picture.width() > 1500 and picture.pixelColor(2, 2).name() == "#ffffff"
    assert page.charts.loss.cursor() == 2  # as before
    title, subtitle, parts, keys = asked[0]
    assert title == f"{studio.document.name} · run 2" and studio.document.name
    assert subtitle == "compared with the validation of run 1 · smoothed by 0.5"
    assert [part.chart for part in parts] == list(page.charts.all)
    assert [words for words, _, _ in keys] == ["run 2:", "train", "validation", "run 1", "best epoch 3"]
    assert [kind for _, _, kind in keys[1:]] == ["line", "line", "dashed", "dotted"]
    entry(page, "train.charts.rate").trigger()
    page.charts.image()
    assert [part.chart for part in asked[1][2]] == list(page.charts.all[:2])


def test_an_image_of_the_curves_can_be_saved(page, studio, qtbot, tmp_path, monkeypatch):
    assert not entry(page, "train.charts.save_image").isEnabled() and not entry(page, "train.charts.copy").isEnabled()
    studio.training.begin(number=2)
    studio.training.play(3)
    offered = []
    monkeypatch.setattr(charts, "choose_new_file", lambda *args: offered.append(args[-2:]) or tmp_path / "curves.png")
    with qtbot.waitSignal(studio.told) as told:
        entry(page, "train.charts.save_image").trigger()
    assert offered == [("run_2.png", "Images (*.png)")] and "curves.png" in told.args[0]
    assert QImage(str(tmp_path / "curves.png")).size() == page.charts.image().size()


def test_the_table_has_epochs_steps_and_compared_runs(page, studio, qtbot, tmp_path, monkeypatch):
    studio.training.add_run(1, "finished", epochs=5)
    studio.training.begin(number=2)
    studio.training.play(3, within=4)
    path = tmp_path / "curves.csv"
    monkeypatch.setattr(charts, "choose_new_file", lambda *args: path)
    entry(page, "train.charts.save").trigger()
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    kinds = [(row["run"], row["kind"]) for row in rows]
    assert kinds.count(("2", "epoch")) == 3 and kinds.count(("1", "epoch")) == 5
    assert kinds.count(("2", "step")) == 3 * 20 + 4
    done, first = studio.training.epochs[0], rows[0]
    assert float(first["validation_loss"]) == done.validation_loss
    assert float(first["learning_rate"]) == done.learning_rate
    step = next(row for row in rows if row["kind"] == "step")
    assert step["validation_loss"] == "" and float(step["epoch"]) == pytest.approx(0.05)


def test_a_place_that_cannot_be_written_to_is_said(page, studio, qtbot, tmp_path, monkeypatch):
    studio.training.begin()
    studio.training.play(1)
    monkeypatch.setattr(charts, "choose_new_file", lambda *args: tmp_path / "no" / "where.csv")
    with qtbot.waitSignal(studio.failed) as failed:
        entry(page, "train.charts.save").trigger()
    assert isinstance(failed.args[0], EngineError) and "could not be saved" in failed.args[0].what


# ---- many steps


def test_a_million_steps_stay_few_in_memory_and_keep_their_peaks_and_means():
    rng = np.random.default_rng(0)
    x, y = np.linspace(0, 100, 1_000_000), rng.random(1_000_000)
    y[123_456], y[654_321], y[777_777] = 50.0, -50.0, np.nan
    series = Series()
    series.extend(x, y)
    assert len(series) <= MOST_KEPT
    assert np.nanmax(series.y) == 50.0 and np.nanmin(series.y) == -50.0
    assert (np.diff(series.x) > 0).all()
    assert series.trailing_mean(np.array([series.x[-1]]), 1000.0)[0] == pytest.approx(np.nanmean(y), abs=1e-4)


def test_columns_keep_the_extremes_of_each_column():
    x = np.linspace(0, 10, 100_000)
    y = np.sin(x)
    y[50_000] = 9.0
    drawn_x, drawn_y = in_columns(x, y, 0, 10, 300)
    assert len(drawn_x) <= 2 * 301 and drawn_y.max() == 9.0
    assert (np.diff(drawn_x) >= 0).all() and drawn_x[0] == 0 and drawn_x[-1] == 10
    part_x, _ = in_columns(x, y, 4.0, 6.0, 10)
    assert part_x[0] < 4.0 < 6.0 < part_x[-1]
    few = in_columns(x[:20], y[:20], 0, 10, 300)
    assert np.array_equal(few[0], x[:20])


def test_trailing_means_count_what_is_within_the_window():
    series = Series()
    series.extend([1.0, 2.0, 3.0, 4.0], [1.0, np.nan, 3.0, 5.0])
    assert series.trailing_mean(np.array([0.5, 1.0, 2.0, 3.5, 4.0]), 1.5).tolist() == pytest.approx(
        [np.nan, 1.0, 1.0, 3.0, 4.0], nan_ok=True
    )
    assert np.isnan(Series().trailing_mean(np.array([1.0]), 1.0)).all()


# ---- looking closer


@pytest.fixture
def played(page, studio, qtbot):
    studio.training.begin(planned=40)
    studio.training.play(20)
    qtbot.waitUntil(lambda: page.charts.loss._area is not None and page.charts.loss._area._range == (0.0, 40.0))
    return page


def test_the_wheel_looks_closer_in_all_charts_at_once(played, qtbot):
    loss, accuracy, rate = played.charts.all
    assert played.charts.whole.isHidden()
    for _ in range(6):
        turn_wheel(accuracy, 12.0)
        qtbot.waitUntil(lambda: accuracy._area._range == accuracy.view())
    first, last = accuracy.view()
    assert first < 12 < last and last - first == pytest.approx(40 / 1.25**6)
    # What was under the mouse is still there.
    assert (12 - first) / (last - first) == pytest.approx(12 / 40, abs=0.01)
    assert loss.view() == rate.view() == (first, last)
    qtbot.waitUntil(lambda: loss._area._range == (first, last))
    turn_wheel(loss, 12.0, sideways=True)
    assert loss.view()[0] < first and rate.view() == loss.view()
    assert played.charts.whole.isVisible()
    qtbot.mouseClick(played.charts.whole, Qt.MouseButton.LeftButton)
    assert [chart.view() for chart in played.charts.all] == [None] * 3 and played.charts.whole.isHidden()
    qtbot.waitUntil(lambda: loss._area._range == (0.0, 40.0))


def test_turning_the_wheel_back_ends_at_the_whole_run(played, qtbot):
    loss = played.charts.loss
    for notches in (3, 2, -1, -2, -2, -5):
        turn_wheel(loss, 30.0, notches)
    assert loss.view() is None and played.charts.whole.isHidden()


def test_values_fill_the_chart_that_is_looked_at_closely(played, qtbot):
    loss, accuracy, _ = played.charts.all
    played.charts.look_at((15.0, 20.0))
    qtbot.waitUntil(lambda: loss._area._range == (15.0, 20.0) and accuracy._area._range == (15.0, 20.0))
    (left, right), (low, high) = loss._area.viewRange()
    assert 14 < left < 15 and 20 < right < 21
    shown = [done.validation_loss for done in played._training.epochs[14:]]
    assert low < min(shown) < max(shown) < high < 2 * max(shown)
    assert accuracy._area.viewRange()[1][0] > 0.5, "not from 0 to 100 %"


def test_the_menu_looks_closer_without_a_mouse(played, qtbot):
    loss = played.charts.loss
    assert not entry(played, "train.charts.whole").isEnabled()
    entry(played, "train.charts.closer").trigger()
    assert loss.view() == (10.0, 30.0), "around the newest epoch"
    entry(played, "train.charts.closer").trigger()
    assert loss.view() == (15.0, 25.0)
    entry(played, "train.charts.farther").trigger()
    assert loss.view() == (10.0, 30.0)
    entry(played, "train.charts.whole").trigger()
    assert loss.view() is None


def test_another_run_is_shown_whole(played, studio):
    played.charts.look_at((2.0, 4.0))
    studio.training.begin(planned=10)
    assert played.charts.loss.view() is None and played.charts.whole.isHidden()


SHARES = st.floats(0, 1)


def test_beside_a_run_that_diverged_the_shown_one_fills_the_chart(page, studio, qtbot):
    studio.training.begin(planned=10)
    studio.training.play(5)
    loss, _, rate = page.charts.all
    place = np.arange(1.0, 4)
    loss.set_others([Line("diverged", place, np.array([1.0, 1e9, 1e16])), Line("near", place, np.full(3, 1.5))])
    rate.set_others([Line("diverged", place, np.full(3, 80.0))])
    assert 1.5 < loss._numbers.value_range()[1] < 5 and rate._numbers.value_range()[1] < 0.01
    loss.set_logarithmic(True)
    assert loss._numbers.value_range()[1] < 1


def test_lines_are_named_below_where_no_heading_has_room(page, studio, qtbot):
    studio.training.begin(planned=10)
    studio.training.play(2)
    qtbot.waitUntil(page.charts.accuracy.has_legend)
    assert page.charts.legend.isHidden()
    page.charts.accuracy.set_others([Line(f"a run with a long name {n}", np.ones(1), np.ones(1)) for n in range(4)])
    qtbot.waitUntil(lambda: not page.charts.accuracy.has_legend())
    keys = [key.text() for key in page.charts.legend.findChildren(LegendKey) if not key.isHidden()]
    assert keys[:3] == ["run 3:", "train", "validation"] and len(keys) == 7
    page.charts.accuracy.set_others(())
    qtbot.waitUntil(page.charts.legend.isHidden)


def test_the_best_mark_is_at_the_true_value_of_a_smooth_line(page, studio, qtbot):
    studio.training.begin(planned=10)
    studio.training.play(8)
    accuracy = page.charts.accuracy
    accuracy.set_smoothing(0.9)
    qtbot.waitUntil(lambda: accuracy._area is not None and len(accuracy._area.best_dot.getData()[0]) == 1)
    accuracy.repaint_now()
    (x,), (y,) = accuracy._area.best_dot.getData()
    assert y == studio.training.epochs[int(x) - 1].validation_accuracy


@given(st.floats(1.5, 1e5), SHARES, st.floats(0.01, 1), st.floats(-1, 2), st.floats(0.1, 8))
def test_a_view_never_leaves_the_run(whole, first, width, at, by):
    span = max(LEAST_VIEW, width * whole)
    before = (first * (whole - span), first * (whole - span) + span)
    view = zoomed(before, whole, at * whole, by)
    if view is not None:
        assert -1e-6 <= view[0] < view[1] <= whole * (1 + 1e-9)
        assert LEAST_VIEW <= view[1] - view[0] + 1e-6 < whole + 1e-6


def test_a_stopped_run_s_rates_fill_their_axis(page, studio, qtbot, monkeypatch):
    spec = SimpleNamespace(recipe=SimpleNamespace(learning_rate=1.0))  # a thousand times what was reached
    monkeypatch.setattr(charts, "read_run_spec", lambda folder: spec)
    studio.training.begin(planned=300)
    studio.training.play(3)
    rate = page.charts.rate
    assert rate._numbers.steady_range()[1] >= 1.0
    studio.training.end(Stopped())
    assert rate._numbers.steady_range()[1] < 0.01
