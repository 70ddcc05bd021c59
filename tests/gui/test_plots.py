"""Charts: what they hold, show, and how little they cost."""

import itertools
import subprocess
import sys
import time

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from gui.plots import Curves, Line, Series, warm_up
from gui.plots.legend import LegendKey, LegendRow
from gui.plots.readout import Reading
from gui.plots.report import Part, png_bytes, report_image
from gui.plots.series import (
    loss_range,
    nearest_epoch,
    peaks_above,
    rate_range,
    value_at,
)
from gui.theme import theme
from gui.theme.tokens import LIGHT


@pytest.fixture
def chart(qtbot):
    chart = Curves("Loss")
    qtbot.addWidget(chart)
    chart.resize(500, 300)
    with qtbot.waitExposed(chart):
        chart.show()
    return chart


def shown_points(item):
    x, y = item.getOriginalDataset()
    return ([], []) if x is None else (list(x), list(y))


def test_series_grows_without_losing_points():
    series = Series()
    for start in range(0, 2000, 7):
        series.extend(range(start, start + 7), np.arange(start, start + 7) * 2)
    assert np.array_equal(series.x, np.arange(len(series)))
    assert np.array_equal(series.y, 2 * np.arange(len(series)))
    with pytest.raises(ValueError):
        series.extend([1, 2], [1])
    series.clear()
    assert len(series) == 0


def test_importing_charts_does_not_import_pyqtgraph():
    code = "import sys, gui.plots; print('pyqtgraph' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_loss_range_ignores_single_peaks_of_steps_but_shows_every_epoch():
    steps = np.concatenate([np.full(500, 0.5), [900.0, np.inf, np.nan]])
    low, high = loss_range([np.array([1.0, np.nan, 0.2])], steps, logarithmic=False)
    assert low == 0
    assert 1.0 <= high < 2.0
    low, high = loss_range([np.array([1.0, 0.001])], np.empty(0), logarithmic=True)
    assert low < -3 < 0 < high


EXPLODED = np.array([2.4, 5.0, 1.5e17, 1e16, 3.0, 2.5, 7e16, 2.3])


def test_an_exploded_loss_does_not_press_all_others_to_the_foot():
    calm, steps = np.full(8, 2.31), np.array([2.3, 2.4, 1e18, 1e17, 3e16])
    low, high = loss_range([EXPLODED, calm], steps, logarithmic=False)
    assert low == 0 and 5.0 < high < 10
    assert loss_range([EXPLODED, calm], np.empty(0), logarithmic=True)[1] < np.log10(50)
    assert loss_range([np.array([0.5])], np.array([2.4, 1.1, 0.9, 0.8, 0.7, 0.5]), False)[1] > 2.4, "the first loss"
    # A loss that rises as overfitting makes it rise is shown whole, and so is one that fell from a high beginning.
    assert loss_range([np.array([0.7, 0.1, 0.01]), np.array([0.7, 3.0, 9.0])], np.array([0.7]), False)[1] > 9
    assert loss_range([np.array([50.0, 3.0, 0.1, 0.1])], np.array([400.0]), False)[1] > 50
    # Where nearly all of a run exploded, that is what there is to see.
    assert loss_range([np.array([1e9, 2e9, 3e9])], np.empty(0), False)[1] > 3e9


@pytest.mark.parametrize("logarithmic", [False, True])
def test_before_a_run_has_told_anything_no_exploded_one_beside_it_rules_the_axes(logarithmic):
    nothing = (np.empty(0), np.empty(0))
    scale = np.log10 if logarithmic else float
    high = loss_range(nothing, np.empty(0), logarithmic, [EXPLODED], expected=0.69)[1]
    assert scale(0.69) < high < scale(3)
    high = rate_range(np.empty(0), logarithmic, [np.full(5, 80.0)], expected=1e-3)[1]
    assert scale(1e-3) < high < scale(2e-3)
    assert rate_range(np.array([4e-5]), False, expected=1e-3) == rate_range(np.array([1e-3]), False)


def test_each_stretch_above_the_edge_is_marked_at_its_highest_epoch():
    x = np.arange(1.0, 9)
    assert peaks_above(x, EXPLODED, 6.0, 0.5).tolist() == [3.0, 7.0]
    assert peaks_above(x, EXPLODED, 6.0, 4.0).tolist() == [3.0]
    assert not len(peaks_above(x, np.full(8, np.nan), 6.0, 0.5))
    assert not len(peaks_above(x, EXPLODED, 1e18, 0.5))


def test_a_peak_beyond_the_edge_has_an_arrow_there_and_can_still_be_read(chart, qtbot):
    chart.set_planned(8)
    chart.set_epochs(range(1, 9), EXPLODED, np.full(8, 2.31))
    qtbot.waitUntil(lambda: len(chart._area.peaks.getData()[0]) == 2)
    x, y = chart._area.peaks.getData()
    assert list(x) == [3, 7] and set(y) == {chart._area.viewRange()[1][1]}
    chart.set_hover(3)
    assert chart.readout_texts()[1] == "train 1.5e17"
    chart.set_view((2.0, 4.0))  # looked at closely, it is in view
    qtbot.waitUntil(lambda: chart._area.viewRange()[1][1] > 1.5e17)
    assert not len(chart._area.peaks.getData()[0])


@pytest.mark.parametrize("logarithmic", [False, True])
def test_loss_range_of_nothing_is_a_range(logarithmic):
    low, high = loss_range([np.empty(0), np.array([np.nan])], np.array([np.nan]), logarithmic)
    assert low < high


def test_points_appear_together_on_a_timer(chart, qtbot):
    drawn = []
    chart._timer.timeout.connect(lambda: drawn.append(1))
    for step in range(500):
        chart.add_steps([step / 500], [1.0])
    chart.set_epochs([1, 2], [1.0, 0.5], [1.1, 0.7])
    qtbot.waitUntil(lambda: shown_points(chart._area.validation) == ([1, 2], [1.1, 0.7]))
    assert len(drawn) == 1
    assert len(shown_points(chart._area.steps)[0]) == 500


def test_best_epoch_is_marked_on_the_validation_line(chart, qtbot):
    chart.set_epochs([1, 2, 3], [1.0, 0.5, 0.4], [1.1, 0.7, 0.8])
    chart.set_best(2)
    qtbot.waitUntil(chart._area.best_line.isVisible)
    assert chart._area.best_line.value() == 2
    x, y = chart._area.best_dot.getData()
    assert (x[0], y[0]) == (2, 0.7)
    chart.set_best(None)
    qtbot.waitUntil(lambda: not chart._area.best_line.isVisible())


def test_range_reaches_the_planned_end(chart, qtbot):
    chart.set_planned(30)
    qtbot.waitUntil(lambda: chart._area.viewRange()[0][1] > 30)
    chart.add_steps([35.0], [1.0])  # resumed beyond its plan
    qtbot.waitUntil(lambda: chart._area.viewRange()[0][1] > 35)


def test_cursor_shows_the_values_of_its_epoch(chart, qtbot):
    chart.set_epochs([1, 2], [1.0, 0.25], [1.1, 0.31])
    chart.set_cursor(2)
    qtbot.waitUntil(lambda: chart.reading_texts() == ["epoch 2", "train 0.25", "validation 0.31"])
    assert chart.readout_texts() == [], "no box covers the curves all the time"
    chart.set_cursor(None)
    qtbot.waitUntil(lambda: chart.reading_texts() == [])


def test_accuracy_is_written_in_percent(qtbot):
    chart = Curves("Accuracy", percent=True)
    qtbot.addWidget(chart)
    with qtbot.waitExposed(chart):
        chart.show()
    chart.set_epochs([1], [0.941], [0.9])
    chart.set_cursor(1)
    qtbot.waitUntil(lambda: chart.reading_texts()[1:] == ["train 94.1 %", "validation 90.0 %"])


def test_the_mouse_reads_the_nearest_epoch_and_a_click_picks_it(chart, qtbot):
    chart.set_planned(4)
    chart.set_epochs([1, 2, 3], [1.0, 0.5, 0.4], [1.1, 0.7, 0.8])
    qtbot.waitUntil(lambda: len(shown_points(chart._area.train)[0]) == 3)
    place = QPoint(round(chart._area.place_of(2)) + 6, chart._area.height() // 2)
    qtbot.mouseMove(chart._area.viewport(), place)
    qtbot.waitUntil(lambda: chart.readout_texts()[:1] == ["epoch 2"])
    with qtbot.waitSignal(chart.epoch_picked) as picked:
        qtbot.mouseClick(chart._area.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert picked.args == [2]


def test_readout_stays_inside_the_chart(chart, qtbot):
    chart.set_planned(10)
    chart.set_epochs(range(1, 11), np.ones(10), np.ones(10))
    chart.repaint_now()
    for epoch in (1, 5, 10):
        chart.set_hover(epoch)
        assert chart.readout_texts()[:1] == [f"epoch {epoch}"]
        assert chart.rect().contains(chart._readout.geometry())


def test_logarithmic_axis_draws_logarithms_and_survives_zero(chart, qtbot):
    chart.set_epochs([1, 2], [1.0, 0.0], [10.0, np.nan])
    chart.set_logarithmic(True)
    qtbot.waitUntil(lambda: len(shown_points(chart._area.train)[0]) == 2)
    assert shown_points(chart._area.train)[1] == pytest.approx([0.0, -6.0])
    assert shown_points(chart._area.validation)[1][0] == pytest.approx(1.0)


def test_other_runs_are_named_and_go_away(chart, qtbot):
    chart.set_others([Line("run 2", np.array([1.0, 2.0]), np.array([1.0, np.nan]))])
    assert len(chart._area._others) == 1
    assert chart._legend.names() == ["train", "validation", "run 2"]
    chart.clear()
    assert chart._area._others == []
    assert chart._legend.names() == ["train", "validation"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [[], [np.nan], [np.nan, np.inf], [0.5]], ids=str)
def test_empty_and_broken_numbers_draw_without_warnings(qtbot, values):
    for percent in (False, True):
        chart = Curves("Loss", percent=percent)
        qtbot.addWidget(chart)
        x = list(range(1, len(values) + 1))
        chart.set_epochs(x, values, values)
        chart.add_steps(x, values)
        chart.set_best(1)
        chart.set_cursor(1)
        with qtbot.waitExposed(chart):
            chart.show()
        assert not chart.grab().isNull()


def test_theme_is_followed(chart):
    chart.set_epochs([1, 2, 3], [1.0, 1e9, 0.5], [1.1, 0.7, 0.6])
    chart.repaint_now()
    mode = theme().mode
    try:
        for look in ("light", "dark"):
            theme().set_mode(look)
            assert chart._area.train.opts["pen"].color() == theme().color("train")
            assert chart._area.backgroundBrush().color() == theme().color("panel")
            (arrow,) = chart._area.peaks.points()
            assert arrow.brush().color() == theme().color("train")
    finally:
        theme().set_mode(mode)


@pytest.mark.parametrize("imported", [True, False])
def test_numbers_that_came_while_hidden_are_drawn_when_shown(qtbot, monkeypatch, imported):
    warm_up()
    if not imported:
        monkeypatch.delitem(sys.modules, "gui.plots.area")
    chart = Curves("Loss")
    qtbot.addWidget(chart)
    chart.set_epochs([1, 2], [1.0, 0.5], [1.1, 0.7])
    if imported:
        assert chart._area.train.getOriginalDataset()[0] is None, "nothing is drawn that nobody sees"
    else:
        assert chart._area is None, "a window that nobody waits for charts in is not kept waiting by them"
    with qtbot.waitExposed(chart):
        chart.show()
    assert shown_points(chart._area.train) == ([1, 2], [1.0, 0.5])
    assert "epoch 2: train 0.50, validation 0.70" in chart.accessibleDescription()


def test_a_hundred_thousand_steps_take_little_of_the_window_s_time(chart):
    chart.set_planned(100)
    chart.add_steps(np.linspace(0, 100, 100_000), np.random.default_rng(0).random(100_000))
    times = []
    for _ in range(5):
        started = time.process_time()  # of this process only: other work on the machine does not count
        chart._repaint()
        times.append(time.process_time() - started)
    assert min(times) < 0.05


def test_places_of_epochs():
    x, y = np.array([1.0, 2.0, 4.0]), np.array([5.0, 6.0, 7.0])
    assert value_at(x, y, 2) == 6
    assert np.isnan(value_at(x, y, 3))
    assert nearest_epoch(x, 2.9) == 2
    assert nearest_epoch(np.empty(0), 1) is None


def test_all_of_the_chart_is_drawn_anew_when_the_cursor_moves(chart, qtbot):
    chart.set_epochs(range(1, 11), np.linspace(1, 0, 10), np.linspace(1, 0.2, 10))
    chart.set_cursor(3)
    viewport = chart._area.viewport()
    painted = []

    class Watcher(QObject):
        def eventFilter(self, watched, event):
            if event.type() == QEvent.Type.Paint:
                painted.append(event.region().boundingRect())
            return False

    watcher = Watcher()
    qtbot.waitUntil(lambda: chart._area.cursor.isVisible())
    QCoreApplication.processEvents()
    viewport.installEventFilter(watcher)
    chart._area.draw_cursor(7)  # nothing else has changed
    qtbot.waitUntil(lambda: viewport.rect() in painted)


def test_a_legend_without_room_is_left_out(qtbot):
    host = QWidget()  # a window of its own would not get smaller than its legend
    qtbot.addWidget(host)
    host.resize(800, 300)
    chart = Curves("Accuracy", percent=True, parent=host)
    chart.resize(600, 250)
    chart.set_others([Line("run 12", np.arange(1.0, 5), np.ones(4))])
    with qtbot.waitExposed(host):
        host.show()
    assert chart._legend.isVisible()
    chart.resize(240, 200)
    assert not chart._legend.isVisible()
    chart.resize(600, 200)
    assert chart._legend.isVisible()


def test_a_legend_keeps_its_keys_for_as_long_as_their_lines_stay(qtbot):
    row = LegendRow()
    qtbot.addWidget(row)
    own = [("train", "train", False), ("validation", "validation", False)]
    row.set_lines(own)
    keys, alone = row.findChildren(LegendKey), row.whole_width()
    row.set_lines([*own, ("run 2", "dim", True), ("run 1", "family.merge", True)])
    assert row.findChildren(LegendKey)[:2] == keys and row.names() == ["train", "validation", "run 2", "run 1"]
    assert row.whole_width() == row.sizeHint().width() > alone
    row.set_lines([*own, ("run 7", "dim", True)])
    assert row.names() == ["train", "validation", "run 7"]
    assert [key.text() for key in row.findChildren(LegendKey) if not key.isHidden()] == row.names()
    row.set_lines(own)
    assert row.whole_width() == row.sizeHint().width() == alone


def test_the_values_of_the_replayed_epoch_stand_below_the_heading_where_they_cover_nothing(chart, qtbot):
    chart.set_epochs([1, 2], [1.0, 0.25], [1.1, 0.31])
    chart.set_others([Line("run 7", np.array([1.0, 2.0]), np.array([1.0, 0.5]))])
    chart.repaint_now()
    before = chart._area.geometry()
    chart.set_cursor(2)
    chart.repaint_now()
    assert chart.reading_texts() == ["epoch 2", "train 0.25", "validation 0.31", "run 7 0.50"]
    assert [text for text, _ in chart._reading.fitting()] == chart.reading_texts()
    QCoreApplication.processEvents()
    assert chart._area.geometry() == before, "nothing jumps"
    assert not chart._reading.geometry().intersects(before)
    chart._reading.resize(200, 20)
    assert [text for text, _ in chart._reading.fitting()] == ["epoch 2", "0.25", "0.31", "run 7 0.50"]
    chart._reading.resize(160, 20)
    assert [text for text, _ in chart._reading.fitting()] == ["epoch 2", "0.25", "0.31", "0.50"]
    chart._reading.resize(110, 20)
    assert [text for text, _ in chart._reading.fitting()] == ["epoch 2", "0.25", "+2"], "no half words"


def test_no_value_of_the_row_is_lost_where_it_has_no_room(qtbot):
    row = Reading()
    qtbot.addWidget(row)
    row.resize(4000, 20)
    long = [("epoch 3", "dim"), *((f"run {number} 0.0{number}", "dim") for number in range(1, 6))]
    brief = [("epoch 3", "dim"), *((f"0.0{number}", "dim") for number in range(1, 6))]
    row.show_parts(long, brief)
    assert row.fitting() == long and row.toolTip() == ""
    for width in range(600, 40, -7):
        row.resize(width, 20)
        row.grab()  # as it is told of its new size
        shown = row.fitting()
        if shown != long:
            assert row.toolTip().split("\n") == [text for text, _ in long]
        if shown not in (long, brief):
            assert shown[-1][0] == f"+{len(brief) - len(shown) + 1}" and shown[:-1] == brief[: len(shown) - 1]
    row.show_parts([], [])
    assert row.toolTip() == "" and row.fitting() == []


def numbers_below(chart):
    """The numbers under the axis, and the left and right end of each in pixels of the chart."""
    painter = QPainter(picture := QImage(10, 10, QImage.Format.Format_RGB32))
    painter.setFont(theme().font(11))
    axis = chart._area._epoch_axis
    specs = axis.generateDrawSpecs(painter)[2]
    painter.end()
    assert not picture.isNull()
    return [
        (text, axis.mapToScene(rect.left(), 0).x(), axis.mapToScene(rect.right(), 0).x()) for rect, _, text in specs
    ]


@pytest.mark.parametrize("width", [240, 300, 500, 900])
@pytest.mark.parametrize("planned", [1, 2, 3, 6, 9, 12, 30, 51, 100, 300, 999, 5001, 60_001, 1_000_000])
def test_no_two_numbers_under_the_axis_run_into_each_other(qtbot, width, planned):
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(1000, 300)
    chart = Curves("Loss", parent=host)
    chart.resize(width, 240)
    with qtbot.waitExposed(host):
        host.show()
    chart.set_planned(planned)
    chart.set_epochs([1.0, planned], [1.0, 0.5], [1.0, 0.5])
    for view in (None, (0.0, 0.7 * planned), (0.4 * planned, 0.9 * planned)):
        chart.set_view(view)
        chart.repaint_now()
        told = numbers_below(chart)
        assert all(after[1] - before[2] >= 3 for before, after in itertools.pairwise(told)), (view, told)
    assert told or planned < 3


def test_the_joint_of_a_continued_run_is_marked_and_said(chart):
    chart.set_planned(10)
    chart.set_epochs(range(1, 9), np.linspace(1, 0.2, 8), np.linspace(1, 0.4, 8))
    chart.repaint_now()
    area = chart._area
    assert not area.joint.isVisible() and not area.joint_words.isVisible()
    chart.set_continued(5)
    chart.repaint_now()
    assert area.joint.isVisible() and area.joint.value() == 5
    chart.grab()  # a word finds its place when it is painted
    assert area.joint_words.isVisible() and area.joint_words.toPlainText() == "continued"
    assert area.joint_words.sceneBoundingRect().right() <= area.place_of(5) + 1, "beside the line"
    assert area.sceneRect().contains(area.joint_words.sceneBoundingRect())
    assert "continued after epoch 5" in chart.accessibleDescription()
    chart.set_view((6.0, 8.0))
    chart.repaint_now()
    assert not area.joint.isVisible() and not area.joint_words.isVisible(), "it is not in view"
    chart.clear()
    chart.repaint_now()
    assert not area.joint.isVisible() and "continued" not in chart.accessibleDescription()


@pytest.mark.parametrize(("rate", "at_foot"), [((1e-3, 1e-3), True), ((1e-3, 1e-5), False)])
def test_the_word_at_the_joint_keeps_out_of_the_way_of_the_rate(qtbot, rate, at_foot):
    chart = Curves("Learning rate", single="learning rate")
    qtbot.addWidget(chart)
    with qtbot.waitExposed(chart):
        chart.show()
    chart.set_epochs([1, 2, 3], [rate[0], rate[1], rate[0]], np.full(3, np.nan))
    chart.set_continued(2)
    chart.repaint_now()
    chart.grab()
    middle = chart._area.getViewBox().sceneBoundingRect().center().y()
    assert (chart._area.joint_words.sceneBoundingRect().center().y() > middle) == at_foot


def test_the_legend_says_whose_lines_they_are_beside_other_runs(chart):
    chart.set_name("run 4")
    assert chart._legend.names() == ["train", "validation"]
    chart.set_others([Line("run 2", np.array([1.0, 2.0]), np.array([1.0, 0.5]))])
    assert chart._legend.names() == ["run 4:", "train", "validation", "run 2"]
    assert chart.named_lines()[0] == ("run 4:", "", False)
    chart.set_name("run 5")
    assert chart._legend.names()[0] == "run 5:"
    chart.clear()
    assert chart._legend.names() == ["train", "validation"]


# ---- an image for a report


def coloured(image, room, token):
    """How many pixels of a part of an image have a colour of the light look."""
    part = image.copy(room).convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(part.constBits(), np.uint32).reshape(part.height(), -1)[:, : part.width()]
    return int((pixels & 0xFFFFFF == int(LIGHT.color(token)[1:], 16)).sum())


def test_an_image_for_a_report_is_light_large_and_names_all_lines(chart):
    chart.set_epochs([1, 2, 3], [1.0, 0.6, 0.5], [1.1, 0.7, 0.6])
    chart.set_others([Line("run 2", np.array([1.0, 2.0, 3.0]), np.array([1.4, 1.3, 1.2]))])
    lines = [("train", "train", "line"), ("validation", "validation", "line"), ("run 2", "family.merge", "dashed")]
    images = []
    mode = theme().mode
    try:
        for look in ("dark", "light"):
            theme().set_mode(look)
            images.append(report_image("Digits · run 4", "", [Part(chart, 5)], lines))
    finally:
        theme().set_mode(mode)
    image, same = images
    assert image == same, "whatever the window wears"
    assert image.devicePixelRatio() == 2.0
    assert (
        image.pixelColor(0, 0).name() == LIGHT.panel == image.pixelColor(image.width() - 1, image.height() - 1).name()
    )
    head = QRect(0, 0, image.width(), image.height() // 4)
    for _, token, _ in lines:
        assert coloured(image, head, token) > 30, "its key is there"
    assert coloured(image, head, "text") > 100, "and words in dark"
    below = QRect(0, image.height() // 3, image.width(), image.height() // 2)
    assert coloured(image, below, "train") > 300 and coloured(image, below, "validation") > 300
    assert png_bytes(image)[:4] == b"\x89PNG"


def test_a_legend_that_is_wider_than_a_report_goes_on_in_the_next_line(chart):
    few = [("train", "train", "line")]
    many = [(f"a run that has a rather long name {number}", "train", "dashed") for number in range(7)]
    one, several = (report_image("", "", [Part(chart, 5)], keys) for keys in (few, many))
    assert several.width() == one.width() and several.height() > one.height() + 60


def test_an_image_shows_what_is_in_view(chart):
    chart.set_planned(40)
    chart.set_epochs(range(1, 41), np.linspace(1, 0, 40), np.linspace(1, 0.2, 40))
    chart.set_logarithmic(True)
    chart.set_view((10.0, 20.0))
    area = chart.drawn_in(LIGHT, QSize(300, 200), 2.0)
    try:
        chart.repaint_now()
        assert area.viewRange() == chart._area.viewRange() and not area.cursor.isVisible()
        assert shown_points(area.train) == shown_points(chart._area.train)
        assert area.size() == QSize(300, 200)
    finally:
        area.deleteLater()


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_the_mark_of_the_best_epoch_is_as_thick_wherever_it_stands(chart, qtbot, ratio):
    chart.set_planned(10)
    chart.set_epochs(range(1, 11), np.full(10, np.nan), np.full(10, np.nan))
    good, found = theme().color("good").name(), set()
    for epoch in (2, 3, 4, 5, 6, 7):
        chart.set_best(epoch)
        chart.repaint_now()
        picture = QImage(chart.size() * ratio, QImage.Format.Format_RGB32)
        picture.setDevicePixelRatio(ratio)
        chart.render(picture, QPoint())
        rows = range(picture.height() // 4, picture.height() // 2)
        found.add(max(sum(picture.pixelColor(x, y).name() == good for x in range(picture.width())) for y in rows))
    assert found == {2 * ratio}


def test_a_run_of_one_epoch_is_a_dot_in_its_colour(chart, qtbot):
    chart.set_others([Line("run 2", np.array([1.0]), np.array([0.5])), Line("run 1", np.array([1.0]), np.array([0.6]))])
    chart.set_epochs([1], [0.7], [0.8])
    chart.set_smoothing(0.5)
    chart.repaint_now()
    for item, token in zip(chart._area._others, chart.other_tokens(), strict=True):
        assert item.opts["symbol"] == "o"
        assert item.opts["symbolBrush"] == theme().color(token)
        assert item.opts["symbolPen"].style() == Qt.PenStyle.NoPen
    assert chart._area.raw_train.opts["symbol"] is None, "behind the line it belongs to"
    assert [name for name, _, _ in chart.named_lines()] == ["train", "validation", "run 2", "run 1"]


def test_the_number_under_the_last_epoch_is_whole(chart, qtbot):
    chart.set_planned(5000)
    chart.set_epochs([1, 5000], [1.0, 0.5], [1.0, 0.5])
    chart.repaint_now()
    told = numbers_below(chart)
    assert told[-1][0] == "5000" and told[0][0] == "1"
    assert told[-1][2] <= chart._area.width()
    chart.set_planned(4999)
    chart.set_epochs([1, 4999], [1.0, 0.5], [1.0, 0.5])
    chart.repaint_now()
    assert numbers_below(chart)[-1][0] == "4000", "no epoch that will not come"


@pytest.mark.parametrize("steps", [np.zeros(0), np.array([2.3, 1.9])])
def test_a_run_that_learnt_well_is_shown_from_its_beginning(steps):
    learnt = 2.0 * 0.5 ** np.arange(12.0)  # to a thousandth
    low, high = loss_range((learnt, 1.1 * learnt), steps, logarithmic=False)
    assert low == 0.0 and high >= 2.2
    low, high = loss_range((learnt, 1.1 * learnt), steps, logarithmic=True)
    assert high >= np.log10(2.2) and low <= np.log10(learnt[-1])
    exploded = np.array([2.0, 1.5, 1e17, 1e9, 1e5, 3.0])
    assert loss_range((exploded, exploded), steps, logarithmic=False)[1] < 100
    thrown = np.array([1e5, 1e6, 40.0, 3.0, 2.5, 2.4])  # in its first epoch
    assert loss_range((thrown, thrown), steps, logarithmic=False, expected=2.3)[1] < 100


def test_tiny_learning_rates_are_drawn_where_they_are(qtbot):
    chart = Curves("Learning rate", single="learning rate")
    qtbot.addWidget(chart)
    with qtbot.waitExposed(chart):
        chart.show()
    chart.set_logarithmic(True)
    chart.set_line(np.array([1.0, 2.0, 3.0]), np.array([1e-3, 3e-7, 0.0]))
    chart.repaint_now()
    drawn = shown_points(chart._area.train)[1]
    assert drawn[:2] == pytest.approx([-3.0, np.log10(3e-7)])
    assert not np.isfinite(drawn[2:]).any(), "no rate has no place on this axis"
