"""The small widgets: signals, keyboard, words, and that they wear the theme."""

from pathlib import Path

import gallery
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QSettings, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from gui.theme import DARK, LIGHT, theme
from gui.widgets.bars import ClassBar, Part, ProbabilityBar, Sparkline, SplitBar, number, percent
from gui.widgets.busy import BusyRow
from gui.widgets.chip import Chip
from gui.widgets.drop_well import DropWell
from gui.widgets.elided import ElidedLabel
from gui.widgets.empty import EmptyState
from gui.widgets.fields import ComboBox, DoubleSpinBox, SpinBox
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.fold import Fold
from gui.widgets.notice import KINDS, ErrorBar
from gui.widgets.panel import Panel, dim_label
from gui.widgets.rail import Rail
from gui.widgets.segmented import Segmented


@pytest.fixture(autouse=True)
def look(qapp: QApplication):
    """Wear the dark look; afterwards the theme is as it was."""
    current = theme()
    mode = current.mode
    current.apply(qapp)
    current.set_mode("dark")
    yield current
    current.set_scale(None)
    current.set_mode(mode)


def shown(qtbot, widget: QWidget, width: int = 0, height: int = 0) -> QWidget:
    qtbot.addWidget(widget)
    if width:
        widget.resize(width, height or widget.sizeHint().height())
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def colors(widget: QWidget) -> set[str]:
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def make_rail() -> Rail:
    rail = Rail()
    for name in ("home", "data", "network"):
        rail.add_place(name, name.capitalize(), name)
    rail.add_place("lab", "Lab", "lab", bottom=True)
    return rail


def test_rail_chooses_by_mouse_and_keyboard(qtbot) -> None:
    rail = shown(qtbot, make_rail(), 100, 700)
    assert rail.current() == "home"
    with qtbot.waitSignal(rail.chosen) as chosen:
        qtbot.mouseClick(rail.button("data"), Qt.MouseButton.LeftButton)
    assert chosen.args == ["data"]
    rail.activateWindow()
    rail.button("data").setFocus()
    visited = []
    rail.chosen.connect(visited.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Home, Qt.Key.Key_End):
        qtbot.keyClick(rail.button(rail.current()), key)
    assert visited == ["network", "lab", "network", "home", "lab"]
    with qtbot.assertNotEmitted(rail.chosen):
        rail.set_current("data")
    assert rail.current() == "data"
    assert rail.button("data").focusPolicy() == Qt.FocusPolicy.TabFocus
    assert rail.button("lab").focusPolicy() == Qt.FocusPolicy.NoFocus


def test_rail_names_its_places(qtbot) -> None:
    rail = make_rail()
    qtbot.addWidget(rail)
    assert rail.findChild(QWidget, "rail.lab").accessibleName() == "Lab"
    assert rail.places() == ["home", "data", "network", "lab"]
    with pytest.raises(ValueError, match="lab"):
        rail.add_place("lab", "Lab", "lab")


def test_rail_marks_the_current_place(qtbot) -> None:
    rail = shown(qtbot, make_rail(), 100, 700)
    rail.set_current("network")
    assert {DARK.accent, DARK.selection} <= colors(rail.button("network"))
    assert DARK.accent not in colors(rail.button("lab"))


def test_rail_leaves_labels_out_when_the_window_is_low(qtbot) -> None:
    rail = shown(qtbot, make_rail(), 100, 700)
    button = rail.button("lab")
    assert button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextUnderIcon
    rail.resize(100, rail.minimumSizeHint().height())
    assert button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
    assert button.toolTip() == "Lab"
    assert sum(rail.button(name).height() for name in rail.places()) <= rail.height()
    rail.resize(100, 700)
    assert button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextUnderIcon


def test_segmented_chooses_by_mouse_and_keyboard(qtbot) -> None:
    choice = Segmented()
    for key in ("watched", "worst", "all"):
        choice.add(key, key.capitalize())
    shown(qtbot, choice)
    assert choice.current() == "watched"
    with qtbot.waitSignal(choice.chosen) as chosen:
        qtbot.mouseClick(choice.button("all"), Qt.MouseButton.LeftButton)
    assert chosen.args == ["all"]
    with qtbot.waitSignal(choice.chosen) as chosen:
        qtbot.keyClick(choice.button("all"), Qt.Key.Key_Left)
    assert chosen.args == ["worst"]
    with qtbot.assertNotEmitted(choice.chosen):
        choice.set_current("all")
        qtbot.keyClick(choice.button("all"), Qt.Key.Key_Tab)
    choice.button("worst").setEnabled(False)
    qtbot.keyClick(choice.button("all"), Qt.Key.Key_Left)
    assert choice.current() == "watched"


def test_chip_is_a_button_only_when_clickable(qtbot) -> None:
    button, plain = Chip("Data set", "2 classes", clickable=True), Chip("Device", "CPU")
    for chip in (button, plain):
        shown(qtbot, chip, chip.sizeHint().width())
    assert button.accessibleName() == "Data set 2 classes"
    for press in (
        lambda: qtbot.mouseClick(button, Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(button, Qt.Key.Key_Space),
        lambda: qtbot.keyClick(button, Qt.Key.Key_Return),
    ):
        with qtbot.waitSignal(button.clicked):
            press()
    assert plain.focusPolicy() == Qt.FocusPolicy.NoFocus
    with qtbot.assertNotEmitted(plain.clicked):
        qtbot.mouseClick(plain, Qt.MouseButton.LeftButton)
        qtbot.keyClick(plain, Qt.Key.Key_Return)


def test_chip_grows_with_its_value_and_the_text_size(qtbot, look) -> None:
    chip = Chip("Device", "CPU")
    qtbot.addWidget(chip)
    narrow = chip.sizeHint()
    chip.set_value("GPU 0 · 3.1 / 12 GB")
    assert chip.sizeHint().width() > narrow.width() > chip.minimumSizeHint().width() // 2
    look.set_scale(1.5)
    chip.ensurePolished()
    assert chip.sizeHint().height() > narrow.height()


def mime(*urls: QUrl, image: QImage | None = None) -> QMimeData:
    data = QMimeData()
    data.setUrls(list(urls))
    if image is not None:
        data.setImageData(image)
    return data


def drag(well: DropWell, data: QMimeData) -> QDragEnterEvent:
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDragEnterEvent(QPoint(9, 9), copy, data, left, none)
    QApplication.sendEvent(well, event)
    return event


def drop(well: DropWell, data: QMimeData) -> QDropEvent:
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(9, 9), copy, data, left, none)
    QApplication.sendEvent(well, event)
    return event


def test_drop_well_gives_paths_and_lights_up(qtbot, tmp_path: Path) -> None:
    well = shown(qtbot, DropWell("Drop a folder here", "one sub-folder per class"), 300, 120)
    files = [tmp_path / "Größe é 猫.png", tmp_path]
    data = mime(*(QUrl.fromLocalFile(str(path)) for path in files), QUrl("https://example.org/x.png"))
    assert drag(well, data).isAccepted() and well.is_hovered()
    assert DARK.selection in colors(well)
    with qtbot.waitSignal(well.dropped) as dropped:
        assert drop(well, data).isAccepted()
    assert dropped.args == [files]
    assert not well.is_hovered() and DARK.selection not in colors(well)
    drag(well, data)
    QApplication.sendEvent(well, QDragLeaveEvent())
    assert not well.is_hovered()


def test_drop_well_takes_only_what_fits(qtbot) -> None:
    picture = QImage(4, 3, QImage.Format.Format_RGB32)
    picture.fill(0)
    plain, pictures = DropWell("Files"), DropWell("Pictures", images=True)
    for well in (plain, pictures):
        shown(qtbot, well, 200, 100)
    web = mime(QUrl("https://example.org/x.png"))
    with qtbot.assertNotEmitted(plain.dropped):
        assert not drag(plain, web).isAccepted()
        assert not drag(plain, mime(image=picture)).isAccepted()
        assert not plain.is_hovered()
        assert not drop(plain, web).isAccepted()
    assert drag(pictures, mime(image=picture)).isAccepted()
    with qtbot.waitSignal(pictures.image_dropped) as dropped:
        drop(pictures, mime(image=picture))
    assert dropped.args[0].size() == QSize(4, 3)


def test_drop_well_buttons_are_shown_whole(qtbot, look) -> None:
    look.set_scale(1.5)
    well = DropWell("Drop a folder here", "one sub-folder per class", prominent=True)
    for text in ("Choose folder…", "Open project…"):
        well.add_button(text)
    shown(qtbot, well, 260, 400)
    first, second = well.findChildren(QPushButton)
    assert second.y() > first.y(), "too narrow for one line"
    assert second.geometry().bottom() <= second.parentWidget().height()
    well.resize(700, 300)
    qtbot.waitUntil(lambda: second.y() == first.y())


def test_panel_has_heading_extra_and_body(qtbot) -> None:
    extra, beside, inside = dim_label("stratified"), Segmented(), QLabel("body")
    panel = Panel("Split", extra=extra)
    panel.add_beside_title(beside)
    beside.add("a", "A")
    panel.body.addWidget(inside)
    shown(qtbot, panel, 400, 200)
    assert panel.title() == panel.accessibleName() == "Split"
    assert panel.findChild(QLabel).x() < beside.x() < extra.x()
    assert inside.y() > extra.y()
    assert DARK.panel in colors(panel) and DARK.line in colors(panel)


def test_fold_remembers_its_state(qtbot, tmp_path: Path) -> None:
    def make() -> Fold:
        settings = QSettings(str(tmp_path / "folds.ini"), QSettings.Format.IniFormat)
        fold = Fold("More", key="recipe.more", settings=settings)
        fold.body.addWidget(QLabel("inside"))
        return shown(qtbot, fold)

    fold = make()
    inside = fold.findChild(QLabel)
    assert not fold.is_open() and not inside.isVisible()
    with qtbot.waitSignal(fold.toggled) as toggled:
        qtbot.keyClick(fold.header, Qt.Key.Key_Space)
    assert toggled.args == [True] and inside.isVisible()
    fold._settings.sync()
    assert make().is_open()


def test_error_bar_says_what_why_and_fix(qtbot) -> None:
    page = QWidget()
    bar = ErrorBar(page)
    bar.resize(500, 200)
    shown(qtbot, page, 520, 300)
    assert not bar.isVisible()
    ran = []
    bar.show_error("It broke.", "<b>bold</b> is a file.", "Mend it.", [("Mend", lambda: ran.append(bar.isVisible()))])
    assert bar.isVisible() and bar.kind() == "error"
    assert bar.accessibleName() == "It broke. <b>bold</b> is a file. Mend it."
    assert bar.why.textFormat() == Qt.TextFormat.PlainText
    assert DARK.bad in colors(bar)
    with qtbot.waitSignal(bar.closed):
        qtbot.mouseClick(bar.buttons()[0], Qt.MouseButton.LeftButton)
    assert ran == [False], "the action runs once, after the bar has closed"
    bar.show_message("good", "Done.")
    assert not bar.why.isVisible() and not bar.fix.isVisible() and bar.buttons() == []
    qtbot.keyClick(bar, Qt.Key.Key_Escape)
    assert not bar.isVisible()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_notice_has_its_color(qtbot, kind: str) -> None:
    bar = ErrorBar()
    bar.show_message(kind, "Something")
    shown(qtbot, bar, 300, 80)
    assert DARK.color(KINDS[kind][1]) in colors(bar)


def test_an_action_may_show_the_next_message(qtbot) -> None:
    bar = ErrorBar()
    bar.show_error("First.", actions=[("Try", lambda: bar.show_error("Second.", actions=[("A", int), ("B", int)]))])
    shown(qtbot, bar, 300, 200)
    qtbot.mouseClick(bar.buttons()[0], Qt.MouseButton.LeftButton)
    assert bar.isVisible() and bar.what.text() == "Second."
    assert [button.text() for button in bar.buttons()] == ["A", "B"]


def test_error_bar_wraps_instead_of_cutting(qtbot, look) -> None:
    look.set_scale(1.5)
    bar = ErrorBar()
    bar.show_error("word " * 40, "why " * 40)
    shown(qtbot, bar, 400, bar.heightForWidth(400))
    for label in (bar.what, bar.why):
        assert label.height() >= label.heightForWidth(label.width())
    assert bar.what.height() > 2 * bar.what.fontMetrics().height()


def test_empty_state_offers_what_to_do(qtbot) -> None:
    empty = EmptyState("image", "No pictures yet", "Drop a folder of images.")
    button = empty.add_button("Choose folder…", primary=True)
    shown(qtbot, empty, 400, 300)
    assert empty.accessibleName() == "No pictures yet"
    with qtbot.waitSignal(button.clicked):
        qtbot.keyClick(button, Qt.Key.Key_Space)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.987, "98.7 %"),
        (1.0, "100.0 %"),
        (0.99999, "> 99.9 %"),
        (0.0, "0.0 %"),
        (0.0001, "< 0.1 %"),
        (float("nan"), "–"),
    ],
)
def test_percent_never_claims_certainty(value: float, words: str) -> None:
    assert percent(value) == words


def split_bar() -> SplitBar:
    bar = SplitBar()
    bar.set_parts([Part("train", 1258, "train"), Part("validation", 270, "validation"), Part("test", 269, "good")])
    return bar


def test_split_bar_draws_and_tells_its_parts(qtbot) -> None:
    bar = split_bar()
    shown(qtbot, bar, 900)
    image = bar.grab().toImage()
    for x, color in zip((20, 640, 890), (DARK.train, DARK.validation, DARK.good), strict=True):
        assert image.pixelColor(x, 3).name() == color
    assert bar.accessibleDescription() == "train 1\u202f258, validation 270, test 269"
    assert not bar.has_legend() and bar.heightForWidth(900) == bar.sizeHint().height()


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_a_narrow_split_bar_has_its_words_below_in_as_many_lines_as_they_need(qtbot, look, scale) -> None:
    look.set_scale(scale)
    bar = split_bar()
    shown(qtbot, bar, 190)
    assert bar.has_legend()
    places = {part.label: place for part, place in bar._legend(190)}
    assert len(places) == 3
    for part in bar.parts():
        words = bar.fontMetrics().horizontalAdvance(f"{part.label} {number(part.amount)}")
        assert places[part.label].x() + look.px(12) + words <= 190
        assert places[part.label].y() + bar.fontMetrics().height() <= bar.heightForWidth(190)
    bar.resize(190, bar.heightForWidth(190))
    image = bar.grab().toImage()
    place = places["test"]
    dot = image.pixelColor(place.x() + look.px(4), place.y() + bar.fontMetrics().height() // 2)
    assert dot.name() == DARK.good


def test_counts_have_thin_spaces_and_shares_one_decimal() -> None:
    assert (number(1797), number(270), number(1_000_000)) == ("1\u202f797", "270", "1\u202f000\u202f000")
    assert number(0.5) == "0.5"


def test_class_bar_keeps_the_common_scale(qtbot) -> None:
    bar = ClassBar()
    bar.set_parts([Part("train", 50, "train")], total=200)
    shown(qtbot, bar, 400)
    image, middle = bar.grab().toImage(), bar.height() // 2
    assert image.pixelColor(50, middle).name() == DARK.train
    assert image.pixelColor(150, middle).name() == DARK.line
    bar.set_parts([])
    assert DARK.train not in colors(bar)


def test_probability_bar_is_as_long_as_its_value(qtbot) -> None:
    bar = ProbabilityBar("muffin", 0.5, token="good")
    bar.set_label_width(100)
    shown(qtbot, bar, 500)

    def length() -> int:
        image = bar.grab().toImage()
        return sum(image.pixelColor(x, bar.height() // 2).name() == DARK.good for x in range(bar.width()))

    half = length()
    bar.set_value("muffin", 1.0)
    assert half > 100 and length() == pytest.approx(2 * half, abs=6)
    assert bar.accessibleName() == "muffin 100.0 %"
    bar.set_value("muffin", float("nan"))
    assert length() == 0 and bar.accessibleName() == "muffin –"


def test_sparkline_rises_with_its_values(qtbot) -> None:
    line = Sparkline(token="good")
    line.set_values([0.0, 0.5, float("nan"), 1.0, 1.0], total=9)
    shown(qtbot, line, 200, 60)
    image = line.grab().toImage()
    # Smoothed edges are darker than the token itself: what is clearly green counts.
    inked = [(x, y) for x in range(200) for y in range(55) if image.pixelColor(x, y).green() > 110]
    assert min(x for x, _ in inked) < 10 and max(x for x, _ in inked) < 110, "half of the epochs fill half the width"
    assert min(inked)[1] > 45 and max(inked)[1] < 8, "low at first, high at last"
    assert "100.0 %" in line.accessibleDescription()
    before = colors(line)
    line.set_values([])
    line.set_marker(3)
    assert DARK.good in before and DARK.good not in colors(line)


def test_sparkline_of_thousands_draws_no_more_than_it_shows(qtbot) -> None:
    line = Sparkline(token="good")
    line.set_values([number / 9999 for number in range(10_000)])
    shown(qtbot, line, 100, 40)
    (piece,) = line._pieces()
    assert len(piece) <= 2 * 100 + 2
    assert piece[-1] == line._point(9999), "the newest value is always there"


def test_flow_layout_wraps_and_skips_hidden(qtbot) -> None:
    area = QWidget()
    flow = FlowLayout(area, spacing=10)
    boxes = [QWidget() for _ in range(4)]
    for box in boxes:
        box.setFixedSize(100, 30)
        flow.addWidget(box)
    shown(qtbot, area, 330, 200)
    assert [(box.x(), box.y()) for box in boxes] == [(0, 0), (110, 0), (220, 0), (0, 40)]
    assert flow.heightForWidth(330) == 70 and flow.heightForWidth(100) == 150
    boxes[0].hide()
    qtbot.waitUntil(lambda: (boxes[3].x(), boxes[3].y()) == (220, 0))
    flow.clear()
    assert flow.count() == 0 and flow.heightForWidth(330) == 0


def test_elided_label_keeps_the_whole_text(qtbot) -> None:
    path = "/home/someone/Pictures/a/very/long/path/IMG_2501.jpg"
    label = shown(qtbot, ElidedLabel(path, middle=True), 150)
    assert "…" in label.shown_text() and label.shown_text().endswith(".jpg")
    assert label.text() == label.toolTip() == path
    label.resize(label.sizeHint())
    assert label.shown_text() == path and label.toolTip() == ""


def test_busy_row_counts_and_can_be_cancelled(qtbot) -> None:
    page = QWidget()
    row = BusyRow(page)
    row.resize(400, 30)
    shown(qtbot, page, 420, 60)
    assert not row.isVisible()
    row.start("Reading pictures")
    assert row.isVisible() and row.bar.maximum() == 0
    row.set_progress(3_000_000_000, 4_000_000_000, "three quarters")
    assert row.bar.value() / row.bar.maximum() == 0.75 and row.label.text() == "three quarters"
    with qtbot.waitSignal(row.cancelled):
        qtbot.keyClick(row.cancel_button, Qt.Key.Key_Space)
    assert not row.cancel_button.isEnabled() and row.isVisible()
    row.finish()
    assert not row.isVisible()


def test_the_wheel_does_not_edit_what_it_passes(qtbot) -> None:
    fields = [SpinBox(), DoubleSpinBox(), ComboBox()]
    fields[2].addItems(["a", "b", "c"])

    def roll(field: QWidget) -> bool:
        none = Qt.KeyboardModifier.NoModifier
        at = QPointF(5, 5)
        event = QWheelEvent(at, at, QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, none, Qt.ScrollPhase(0), False)
        QApplication.sendEvent(field, event)
        return event.isAccepted()

    page = QWidget()
    for field in fields:
        field.setParent(page)
    fields[0].setValue(50)
    shown(qtbot, page, 200, 100)
    page.setFocus()
    assert not any(roll(field) for field in fields)
    assert fields[0].value() == 50 and fields[2].currentIndex() == 0
    page.activateWindow()
    fields[0].setFocus()
    qtbot.waitUntil(fields[0].hasFocus)
    roll(fields[0])
    assert fields[0].value() == 49


@pytest.mark.parametrize("mode", ["dark", "light"])
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_the_whole_gallery_is_drawn_in_both_looks(qtbot, look, mode: str, scale: float) -> None:
    look.set_scale(scale)
    page = shown(qtbot, gallery.build_gallery(), 1900, 1300)
    look.set_mode("light" if mode == "dark" else "dark")
    look.set_mode(mode)
    mine, other = (DARK, LIGHT) if mode == "dark" else (LIGHT, DARK)
    image = page.grab().toImage().scaled(633, 433)
    found = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert {mine.window, mine.panel, mine.raised, mine.accent} <= found
    assert not {other.window, other.panel, other.accent} & found
    for label in page.findChildren(QLabel):
        if label.isVisible() and label.text() and not label.wordWrap():
            assert label.height() >= label.fontMetrics().height(), label.text()
    for button in page.findChildren(QPushButton):
        assert button.height() >= button.fontMetrics().height() + 2, button.text()
    QApplication.sendPostedEvents(page, QEvent.Type.DeferredDelete)


def test_long_work_says_how_long_it_still_takes(qtbot, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("gui.widgets.busy.time.monotonic", lambda: now[0])
    row = BusyRow()
    qtbot.addWidget(row)
    row.start("Reading images")
    for done in range(1000, 1401, 100):  # 1 000 were there before; 100 a second
        row.set_progress(done, 2000, "Reading images")
        if done < 1300:
            assert row.label.text() == "Reading images", "nobody knows yet"
        now[0] += 1
    assert row.label.text() == "Reading images · 6 s left"
    row.start("Writing images")
    row.set_progress(5, 10, "Writing images")
    assert row.label.text() == "Writing images", "another work has another pace"


def test_a_combo_without_room_ends_with_dots(qtbot) -> None:
    combo = ComboBox()
    qtbot.addWidget(combo)
    combo.addItems(["SGD with momentum", "Lion"])
    combo.resize(110, 31)
    assert combo.shown_text().endswith("…") and combo.currentText() == "SGD with momentum"
    combo.setCurrentIndex(1)
    assert combo.shown_text() == "Lion"
    combo.setCurrentIndex(0)
    combo.resize(300, 31)
    assert combo.shown_text() == "SGD with momentum"


def test_lines_of_an_empty_page_do_not_run_across_a_wide_screen(qtbot):
    empty = EmptyState("train", "Nothing yet", "A sentence that says a lot. " * 12)
    qtbot.addWidget(empty)
    empty.resize(1800, 600)
    with qtbot.waitExposed(empty):
        empty.show()
    label = next(each for each in empty.findChildren(QLabel) if each.text().startswith("A sentence"))
    assert 300 <= label.width() <= 560 and label.height() >= label.heightForWidth(label.width())
    middle = label.mapTo(empty, label.rect().center()).x()
    assert abs(middle - 900) <= 2
    empty.resize(280, 600)
    qtbot.waitUntil(lambda: label.width() <= 280)


def test_a_segment_without_room_ends_its_words_with_dots(qtbot):
    choice = Segmented()
    qtbot.addWidget(choice)
    wide = choice.add("a", "Accuracy")
    narrow = choice.add("b", "Learning rate")
    with qtbot.waitExposed(choice):
        choice.show()
    assert (wide.shown_text(), narrow.shown_text()) == ("Accuracy", "Learning rate")
    narrow.setFixedWidth(narrow.width() - 12)
    assert narrow.shown_text().startswith("Learni") and narrow.shown_text().endswith("…")
    image = choice.grab().toImage()
    assert not image.isNull() and narrow.text() == "Learning rate"
