"""The augmentations on Data: folds, sliders, and the strip of variants."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider

from engine.data.augment import AUGMENTATIONS, GROUPS
from engine.params import param, params_of
from engine.spec import ProjectSpec
from engine.spec.data import Chosen, DataSpec
from gui.document import ProjectDocument
from gui.forms.slider_editors import slider_step
from gui.pages.data.augmentation import AugmentationRows
from gui.pages.data.receives_panel import ReceivesPanel
from gui.pages.shared.preview import variants


@pytest.fixture
def document(qapp, tmp_path: Path) -> ProjectDocument:
    document = ProjectDocument()
    document.create(ProjectSpec(), tmp_path / "project.atelier")
    return document


@pytest.fixture
def rows(qtbot, document: ProjectDocument) -> AugmentationRows:
    """Tied to a document as the page ties them."""
    rows = AugmentationRows()
    qtbot.addWidget(rows)
    rows.edited.connect(lambda text, data, key: document.edit(text, data=data, merge_key=f"data/{key}" if key else ""))
    document.data_changed.connect(lambda: rows.show_spec(document.data))
    rows.show_spec(document.data)
    rows.resize(260, 900)
    rows.show()
    return rows


def switched(rows: AugmentationRows, name: str) -> None:
    rows.row(name).check.click()


def slider_of(rows: AugmentationRows, name: str, setting: str) -> QSlider:
    return rows.findChild(QSlider, f"data.augment.{name}.{setting}.slider")


def handle(slider: QSlider) -> QPoint:
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    part = QStyle.SubControl.SC_SliderHandle
    return slider.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider).center()


# ---- folds


def test_every_augmentation_stands_in_the_fold_of_its_group(rows):
    for kind in AUGMENTATIONS:
        assert rows.fold(kind.group).isAncestorOf(rows.row(kind.name).check)
    assert [rows.fold(group).header.text() for group in GROUPS] == ["Position", "Colour", "Texture", "Mixing"]
    assert [rows.fold(group).is_open() for group in GROUPS] == [True, False, False, False]


def test_a_fold_says_how_many_of_it_are_on(rows, document):
    for name in ("mirror", "shift", "noise"):
        switched(rows, name)
    assert rows.fold("position").header.text() == "Position (2 on)"
    assert rows.fold("texture").header.text() == rows.fold("texture").header.accessibleName() == "Texture (1 on)"
    assert rows.fold("colour").header.text() == "Colour"
    document.undo_stack.undo()
    assert rows.fold("texture").header.text() == "Texture"


def test_what_is_open_is_remembered(qtbot, rows):
    rows.fold("position").header.click()
    rows.fold("mixing").header.click()
    again = AugmentationRows()
    qtbot.addWidget(again)
    assert [again.fold(group).is_open() for group in GROUPS] == [False, False, False, True]


def test_what_is_not_known_stands_below_the_folds_and_is_counted_nowhere(rows, document):
    document.edit("x", data=replace(document.data, augment=(Chosen("from_the_future"),)))
    assert rows.row("from_the_future").isVisible()
    assert all(not rows.fold(group).isAncestorOf(rows.row("from_the_future")) for group in GROUPS)
    switched(rows, "from_the_future")
    assert not rows.row("from_the_future").isVisible()
    document.undo_stack.undo()
    assert rows.row("from_the_future").isVisible()
    assert "(" not in "".join(rows.fold(group).header.text() for group in GROUPS)


# ---- sliders


def test_every_number_of_every_augmentation_has_a_slider_with_names(rows):
    for kind in AUGMENTATIONS:
        switched(rows, kind.name)
        for setting in params_of(kind):
            slider = slider_of(rows, kind.name, setting.name)
            assert (slider is not None) == (setting.sort in ("integer", "number")), (kind.name, setting.name)
            if slider is not None:
                assert slider.accessibleName() == setting.label
                editor = rows.row(kind.name).form.row(setting.name).editor
                assert (editor._value_at(slider.minimum()), editor._value_at(slider.maximum())) == (
                    setting.low,
                    setting.high,
                )


def test_a_drag_is_one_step_for_undo_and_the_number_follows(qtbot, rows, document):
    switched(rows, "zoom")
    steps = document.undo_stack.index()
    slider, line = slider_of(rows, "zoom", "percent"), rows.row("zoom").form.editor("percent")
    left = Qt.MouseButton.LeftButton
    for goal in (30, 60):
        place = handle(slider)
        qtbot.mousePress(slider, left, pos=place)
        for further in range(5, goal + 1, 5):
            qtbot.mouseMove(slider, place + QPoint(further - goal // 2, 0))
        qtbot.mouseRelease(slider, left, pos=place + QPoint(goal // 2, 0))
    assert document.undo_stack.index() == steps + 2
    percent = document.data.augment[0].params["percent"]
    assert percent > 10 and line.text() == f"{percent:g} %"
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.data.augment[0].params == {}
    assert slider.value() * slider_step(rows.row("zoom").form.row("percent").setting) == 10 and line.text() == "10 %"


def test_typing_and_keys_move_the_slider_as_well(qtbot, rows, document):
    switched(rows, "rotate")
    slider, line = slider_of(rows, "rotate", "degrees"), rows.row("rotate").form.editor("degrees")
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "45.25")
    assert document.data.augment[0].params["degrees"] == 45.25 and slider.value() == 45
    assert line.text() == "45.25", "the slider's coarser steps do not round what was typed"
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert document.data.augment[0].params["degrees"] == 46 and line.text() == "46°"


def test_a_refused_number_leaves_the_slider_and_a_slide_takes_it_away(qtbot, rows, document):
    switched(rows, "jpeg")
    rows.fold("texture").set_open(True)
    row = rows.row("jpeg").form.row("quality")
    slider, spin = slider_of(rows, "jpeg", "quality"), row.editor.widget
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, "99999999999")
    assert row.error.isVisible() and "quality" not in document.data.augment[0].params
    slider.setValue(70)
    assert not row.error.isVisible() and spin.text() == "70"
    assert document.data.augment[0].params["quality"] == 70


@pytest.mark.parametrize(
    "low, high, default, wanted",
    [
        (0.0, 1.0, 0.5, 0.01),
        (0.0, 180.0, 10.0, 1),
        (0.0, 50.0, 10.0, 0.5),
        (1, 100, 30, 1),
        (2, 12, 4, 1),
        (0, 5000, 1, 50),
    ],
)
def test_a_slider_has_round_steps_about_a_hundred(low, high, default, wanted):
    setting = param(default, low=low, high=high, label="x").metadata["param"]
    assert slider_step(setting) == pytest.approx(wanted)


# ---- the strip


def pixels(image: QImage) -> bytes:
    return bytes(image.constBits())


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_mixing_shows_other_images_of_the_data_set(picture_folder, name):
    disc, *_, stripes = sorted(picture_folder.rglob("*.png"))
    data = DataSpec(size=32, augment=(Chosen(name, {"probability": 1.0, "alpha": 4.0}),))
    alone = variants(disc, replace(data, augment=(Chosen("mirror", {"probability": 0.0}),)), 0, 1)[0]
    shown = variants(disc, data, 0, 6, [stripes])
    assert len(shown) == 6 and all(pixels(image) != pixels(alone) for image in shown)
    assert [pixels(image) for image in variants(disc, data, 0, 6, [stripes])] == [pixels(image) for image in shown]
    unmixed = variants(disc, data, 0, 6)
    assert all(pixels(image) == pixels(alone) for image in unmixed), "with nothing to mix it stays itself"


def test_images_that_cannot_be_read_are_mixed_with_nothing(picture_folder, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    first, *_, last = sorted(picture_folder.rglob("*.png"))
    data = DataSpec(size=16, augment=(Chosen("cutmix"),))
    both = variants(first, data, 3, 6, [broken, last])
    assert [pixels(image) for image in both] == [pixels(image) for image in variants(first, data, 3, 6, [last])]


def test_the_strip_is_mixed_with_the_partners_of_the_panel(qtbot, picture_folder):
    first, *_, last = sorted(picture_folder.rglob("*.png"))
    panel = ReceivesPanel()
    qtbot.addWidget(panel)
    data = DataSpec(size=16, augment=(Chosen("cutmix"),))
    panel.show_spec(data)
    panel.set_partners([first, last])
    panel.set_example(first)
    wanted = variants(first, data, 0, 6, [last])
    qtbot.waitUntil(lambda: list(panel.strip.images()) == wanted, timeout=60_000)
