"""Forms: every sort of setting can be read, typed and refused; typing is one undo step and is never disturbed."""

from dataclasses import dataclass, replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QScrollArea, QSpinBox, QVBoxLayout, QWidget

from engine.data.augment import AUGMENTATIONS
from engine.layers import LAYERS
from engine.params import Declared, param, params_of
from engine.registry import Registry
from engine.spec import Chosen, DataSpec, RecipeSpec
from engine.train.optimizers import OPTIMIZERS
from engine.train.schedules import SCHEDULES
from gui.document import ProjectDocument
from gui.forms import ChosenForm, DeclaredForm, reading


@dataclass(frozen=True)
class Sample(Declared):
    """One setting of every sort."""

    switch: bool = param(True, label="Switch", help="Yes or no.")
    count: int = param(3, low=1, high=100, label="Count", unit="images", help="How many.")
    patience: int = param(0, low=0, high=50, label="Patience", unit="epochs", zero_means="off")
    rate: float = param(0.001, low=1e-8, high=100.0, label="Rate", help="A magnitude.")
    share: float = param(0.5, low=0.0, high=1.0, label="Share")
    word: str = param("a", choices={"a": "first", "b": "second"}, label="Word")
    kernel: int | tuple[int, int] = param(3, pair=True, low=1, high=31, label="Kernel", unit="pixels")
    padding: str | int = param("same", choices={"same": "same", "valid": "valid"}, low=0, high=9, label="Padding")
    text: str = param("", label="Text", more=True)


@pytest.fixture
def form(qtbot):
    form = DeclaredForm("sample")
    qtbot.addWidget(form)
    form.show(Sample, {})
    form.show()
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    if form.fold():
        form.fold().set_open(True)
    return form


@pytest.fixture
def heard(form):
    changes = []
    form.changed.connect(lambda name, value, key: changes.append((name, value, key)))
    return changes


def type_into(qtbot, widget, text):
    """Replace what a field holds by typing, key by key."""
    widget.setFocus()
    inner = widget.lineEdit() if isinstance(widget, (QSpinBox, QComboBox)) else widget
    inner.selectAll()
    qtbot.keyClicks(widget, text)


def shown_text(widget) -> str:
    return widget.currentText() if isinstance(widget, QComboBox) else widget.text()


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("count", 42, "42 images"),
        ("patience", 0, "off"),
        ("patience", 5, "5 epochs"),
        ("rate", 0.001, "0.001"),
        ("rate", 1e-5, "1e-5"),
        ("rate", 2.5e-7, "2.5e-7"),
        ("rate", 30.0, "30"),
        ("word", "b", "second"),
        ("kernel", 5, "5 × 5 pixels"),
        ("kernel", (3, 5), "3 × 5 pixels"),
        ("padding", "valid", "valid"),
        ("padding", 2, "2"),
        ("text", "hello", "hello"),
    ],
)
def test_values_are_shown_in_words(form, heard, name, value, text):
    form.show(Sample, {name: value})
    assert shown_text(form.editor(name)) == text
    assert form.row(name).value == value
    assert heard == []


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("count", "42", 42),
        ("patience", "7", 7),
        ("count", "12 images", 12),
        ("rate", "0.0003", 0.0003),
        ("rate", "1e-5", 1e-5),
        ("rate", "0,02", 0.02),
        ("kernel", "5", 5),
        ("kernel", "3x5", (3, 5)),
        ("kernel", "3 × 7", (3, 7)),
        ("kernel", "4,2", (4, 2)),
        ("padding", "valid", "valid"),
        ("padding", "2", 2),
        ("text", "abc", "abc"),
    ],
)
def test_what_is_typed_becomes_the_value_in_one_gesture(qtbot, form, heard, name, typed, value):
    type_into(qtbot, form.editor(name), typed)
    assert heard[-1][:2] == (name, value)
    assert len({key for _, _, key in heard}) == 1 and heard[-1][2]
    assert not form.editor(name).property("invalid")


def test_switch_and_choice(qtbot, form, heard):
    qtbot.mouseClick(
        form.editor("switch"), Qt.MouseButton.LeftButton, pos=QPoint(8, form.editor("switch").height() // 2)
    )
    combo = form.editor("word")
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_Down)
    assert heard == [("switch", False, ""), ("word", "b", "")]
    assert isinstance(form.editor("switch"), QCheckBox)


@pytest.mark.parametrize(
    ("name", "typed"),
    [("count", "0"), ("count", "101"), ("rate", "-1"), ("rate", "abc"), ("kernel", "99"), ("padding", "55")],
)
def test_refused_values_are_marked_and_not_emitted(qtbot, form, heard, name, typed):
    before = form.row(name).value
    type_into(qtbot, form.editor(name), typed)
    row = form.row(name)
    assert form.editor(name).property("invalid") is True
    assert (
        row.error.isVisibleTo(form)
        and row.setting.label in row.error.text()
        and row.setting.accepts() in row.error.text()
    )
    setting = row.setting
    assert all(setting.clean(value) == value for _, value, _ in heard), "only acceptable values are ever emitted"
    assert row.value == (heard[-1][1] if heard else before)


def test_a_correction_takes_the_complaint_away(qtbot, form, heard):
    type_into(qtbot, form.editor("rate"), "abc")
    type_into(qtbot, form.editor("rate"), "0.01")
    assert not form.editor("rate").property("invalid")
    assert not form.row("rate").error.isVisibleTo(form)
    assert heard[-1][1] == 0.01


def test_escape_takes_refused_text_back(qtbot, form, heard):
    type_into(qtbot, form.editor("rate"), "abc")
    qtbot.keyClick(form.editor("rate"), Qt.Key.Key_Escape)
    assert form.editor("rate").text() == "0.001"
    assert not form.editor("rate").property("invalid")


def test_unfinished_text_is_not_scolded(qtbot, form, heard):
    type_into(qtbot, form.editor("rate"), "1e-")
    type_into(qtbot, form.editor("kernel"), "3x")
    assert not form.editor("rate").property("invalid") or not form.editor("rate").hasFocus()
    assert not form.editor("kernel").property("invalid")
    form.editor("count").setFocus()
    assert form.row("kernel").error.isVisibleTo(form), "left unfinished, it is"
    assert form.editor("kernel").text() == "3 × 3 pixels"


def test_arrow_keys_step_by_magnitude_or_share(qtbot, form, heard):
    rate, share = form.editor("rate"), form.editor("share")
    for _ in range(3):
        qtbot.keyClick(rate, Qt.Key.Key_Up)
    assert rate.text() == "0.01"
    for _ in range(4):
        qtbot.keyClick(rate, Qt.Key.Key_Down)
    assert rate.text() == "0.0005"
    qtbot.keyClick(share, Qt.Key.Key_Up)
    assert share.text() == "0.55"
    for _ in range(20):
        qtbot.keyClick(share, Qt.Key.Key_Up)
    assert share.text() == "1"


def test_spin_box_arrows_stay_within_bounds(qtbot, form, heard):
    form.show(Sample, {"count": 100})
    qtbot.keyClick(form.editor("count"), Qt.Key.Key_Up)
    assert form.row("count").value == 100 and heard == []
    qtbot.keyClick(form.editor("patience"), Qt.Key.Key_Up)
    assert heard[-1][:2] == ("patience", 1)


def test_a_digit_replaces_the_word_for_zero(qtbot, form, heard):
    spin = form.editor("patience")
    spin.setFocus()
    spin.lineEdit().setCursorPosition(1)
    qtbot.keyClicks(spin, "8")
    assert heard[-1][:2] == ("patience", 8)


def test_a_number_can_be_edited_in_front_of_its_unit(qtbot, form, heard):
    spin = form.editor("count")
    spin.setFocus()
    spin.lineEdit().setCursorPosition(1)
    qtbot.keyClicks(spin, "4")
    assert heard[-1][:2] == ("count", 34)
    for _ in range(3):
        qtbot.keyClick(spin, Qt.Key.Key_Delete)
    form.editor("rate").setFocus()
    assert spin.text() == "34 images"


def test_an_emptied_number_comes_back(qtbot, form, heard):
    spin = form.editor("count")
    type_into(qtbot, spin, "5")
    spin.lineEdit().selectAll()
    qtbot.keyClick(spin, Qt.Key.Key_Delete)
    form.editor("rate").setFocus()
    assert spin.text() == "3 images" and heard[-1][:2] == ("count", 3)
    assert not form.row("count").error.isVisibleTo(form)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("rate", "1000"),
        ("count", "99999999"),
        ("count", "1e9"),
        ("count", "4x5"),
        ("patience", "4z"),
        ("kernel", "5x99"),
        ("kernel", "7x"),
        ("padding", "55"),
        ("rate", "1e-"),
    ],
)
def test_a_part_of_what_was_typed_is_never_the_value(qtbot, form, heard, name, typed):
    row, before = form.row(name), form.row(name).value
    type_into(qtbot, form.editor(name), typed)
    assert any(value != before for _, value, _ in heard), "a part of it was acceptable for a while"
    assert row.value == before and heard[-1][:2] == (name, before)
    assert len({key for _, _, key in heard}) == 1
    assert shown_text(form.editor(name)) == typed, "every letter stays where it was typed"
    qtbot.keyClick(form.editor(name), Qt.Key.Key_Return)
    assert form.editor(name).property("invalid") and row.error.isVisibleTo(form)
    assert shown_text(form.editor(name)) == typed
    assert typed in row.error.text() or name == "kernel"
    form.editor("word").setFocus()
    assert row.setting.clean(row.editor.raw()) == before, "what counts is shown again"
    assert not form.editor(name).property("invalid") and row.error.isVisibleTo(form), "and why, too"
    assert row.value == before and heard[-1][:2] == (name, before)


def test_escape_takes_refused_text_of_every_field_back(qtbot, form, heard):
    for name, typed in (("count", "1e9"), ("padding", "55"), ("kernel", "5x99")):
        shown = shown_text(form.editor(name))
        type_into(qtbot, form.editor(name), typed)
        qtbot.keyClick(form.editor(name), Qt.Key.Key_Escape)
        assert shown_text(form.editor(name)) == shown and form.editor(name).hasFocus()
        assert not form.row(name).error.isVisibleTo(form)


def test_the_arrows_leave_refused_text(qtbot, form, heard):
    type_into(qtbot, form.editor("count"), "1000")
    qtbot.keyClick(form.editor("count"), Qt.Key.Key_Up)
    assert form.editor("count").text() == "100 images" and heard[-1][:2] == ("count", 100)
    assert not form.editor("count").property("invalid")


def test_the_echo_of_a_change_leaves_the_text_alone(qtbot, form):
    form.changed.connect(lambda name, value, _: form.show(Sample, {name: value}))
    line = form.editor("kernel")
    type_into(qtbot, line, "3x5")
    assert line.text() == "3x5" and line.hasFocus()
    form.editor("count").setFocus()
    assert line.text() == "3 × 5 pixels"


def test_a_change_from_elsewhere_is_shown_even_while_focused(qtbot, form):
    line = form.editor("rate")
    type_into(qtbot, line, "0.5")
    form.show(Sample, {"rate": 0.001})
    assert line.text() == "0.001"


def test_help_and_unit_are_with_the_editor(form):
    count = form.editor("count")
    assert "How many." in count.toolTip() and count.whatsThis() == "How many."
    assert count.accessibleName() == "Count" and "images" in count.text()


def test_tool_tips_say_bounds_for_people_and_no_stored_values(qtbot):
    form = DeclaredForm()
    qtbot.addWidget(form)
    form.show(RecipeSpec)
    assert form.editor("stop_change").toolTip().endswith("<p>From 0 (any) to 1.</p>")
    for name in ("device", "seed", "learning_rate", "decay_all"):
        row = form.row(name)
        assert row.editor.widget.toolTip() == f"<p>{row.setting.help}</p>"


def test_more_is_folded_and_hidden_names_have_no_row(qtbot):
    form = DeclaredForm()
    qtbot.addWidget(form)
    form.show(Sample, {}, hide=("count",))
    form.show()
    assert "count" not in form.names()
    assert not form.editor("text").isVisible()
    form.fold().set_open(True)
    assert form.editor("text").isVisible()
    assert form.names()[-1] == "text"


def test_the_fold_remembers_its_state(qtbot):
    for expected in (False, True):
        form = DeclaredForm("remembered")
        qtbot.addWidget(form)
        form.show(Sample, {})
        assert form.fold().is_open() is expected
        form.fold().set_open(True)


def test_typing_is_one_undo_step(qtbot, form, tmp_path):
    document = ProjectDocument()
    form.show(RecipeSpec, document.recipe.values())
    form.changed.connect(
        lambda name, value, key: document.edit(
            f"Set {name}", recipe=replace(document.recipe, **{name: value}), merge_key=key
        )
    )
    document.recipe_changed.connect(lambda: form.show(RecipeSpec, document.recipe.values()))
    type_into(qtbot, form.editor("epochs"), "123")
    assert document.recipe.epochs == 123 and document.undo_stack.count() == 1
    form.editor("batch_size").setFocus()
    type_into(qtbot, form.editor("epochs"), "45")
    assert document.undo_stack.count() == 2, "coming back is another step"
    document.undo_stack.undo()
    assert document.recipe.epochs == 123 and form.editor("epochs").value() == 123
    document.undo_stack.undo()
    assert document.recipe.epochs == 20 and form.editor("epochs").value() == 20


def test_refused_text_leaves_no_step_to_undo(qtbot, form):
    document = ProjectDocument()
    form.show(RecipeSpec, document.recipe.values())
    form.changed.connect(
        lambda name, value, key: document.edit(
            f"Set {name}", recipe=replace(document.recipe, **{name: value}), merge_key=key
        )
    )
    document.recipe_changed.connect(lambda: form.show(RecipeSpec, document.recipe.values()))
    before = document.recipe
    type_into(qtbot, form.editor("batch_size"), "99999999")
    assert document.recipe == before and document.undo_stack.count() == 0
    assert form.editor("batch_size").text().startswith("99999999")
    type_into(qtbot, form.editor("batch_size"), "64")
    assert document.recipe.batch_size == 64 and document.undo_stack.count() == 1


def test_a_setting_that_was_not_stored_is_not_stored_by_refused_text(qtbot):
    form = ChosenForm(KINDS, "Kind", "kind")
    qtbot.addWidget(form)
    form.show(Chosen("rich", {}))
    form.show()
    heard = []
    form.changed.connect(lambda chosen, key: heard.append(chosen))
    type_into(qtbot, form.form.editor("amount"), "1000")
    assert heard[0] == Chosen("rich", {"amount": 1.0}) and heard[-1] == Chosen("rich", {})


def wheel(widget):
    """Turn the wheel down over `widget`, through the window as a real mouse does."""
    window = widget.window()
    QTest.wheelEvent(window.windowHandle(), QPointF(widget.mapTo(window, widget.rect().center())), QPoint(0, -120))


def test_the_wheel_scrolls_the_panel_and_changes_nothing(qtbot):
    area, inside = QScrollArea(), QWidget()
    qtbot.addWidget(area)
    column = QVBoxLayout(inside)
    form = DeclaredForm()
    form.show(Sample, {})
    column.addWidget(form)
    column.addSpacing(2000)
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.resize(300, 600)
    with qtbot.waitExposed(area):
        area.show()
    area.setFocus()
    for name in ("count", "rate", "word", "kernel", "padding"):
        area.verticalScrollBar().setValue(0)
        row = form.row(name)
        before = row.value
        wheel(form.editor(name))
        assert row.value == before and row.setting.clean(row.editor.raw()) == before
        assert area.verticalScrollBar().value() > 0, name
    area.verticalScrollBar().setValue(0)
    form.editor("count").setFocus()
    wheel(form.editor("count"))
    assert form.row("count").value == 2


def test_undo_keys_go_to_the_project(qtbot, form):
    undone = []
    action = QAction(form)
    action.setShortcut(QKeySequence.StandardKey.Undo)
    action.triggered.connect(lambda: undone.append(True))
    form.addAction(action)
    for name in ("count", "rate", "padding"):
        type_into(qtbot, form.editor(name), "5")
        qtbot.keyClick(form.editor(name), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(undone) == 3


KINDS = Registry("sample kind")


@KINDS.add("plain", "Plain")
@dataclass(frozen=True)
class Plain(Declared):
    """Nothing to set."""


@KINDS.add("rich", "Rich")
@dataclass(frozen=True)
class Rich(Declared):
    """Something to set."""

    amount: float = param(0.9, low=0.0, high=1.0, label="Amount")


def test_an_entry_of_a_registry_is_picked_and_set(qtbot):
    form = ChosenForm(KINDS, "Kind", "kind")
    qtbot.addWidget(form)
    form.show(Chosen("plain"))
    form.show()
    heard = []
    form.changed.connect(lambda chosen, key: heard.append((chosen, key)))
    assert form.combo.currentText() == "Plain" and not form.form.isVisible()
    form.combo.setFocus()
    qtbot.keyClick(form.combo, Qt.Key.Key_Down)
    assert heard[-1] == (Chosen("rich", {}), "") and form.form.isVisible()
    type_into(qtbot, form.form.editor("amount"), "0.25")
    assert heard[-1][0] == Chosen("rich", {"amount": 0.25}) and heard[-1][1].startswith("kind.amount#")
    form.combo.setFocus()
    qtbot.keyClick(form.combo, Qt.Key.Key_Up)
    qtbot.keyClick(form.combo, Qt.Key.Key_Down)
    assert heard[-1][0] == Chosen("rich", {"amount": 0.25}), "what was set before is remembered"


DECLARED = [*LAYERS, RecipeSpec, DataSpec, *OPTIMIZERS, *SCHEDULES, *AUGMENTATIONS]


@pytest.mark.parametrize("declared", DECLARED, ids=lambda declared: declared.__name__)
def test_every_declaration_has_a_form_that_shows_its_defaults(qtbot, declared):
    form = DeclaredForm()
    qtbot.addWidget(form)
    heard = []
    form.changed.connect(lambda *change: heard.append(change))
    form.show(declared, {})
    assert form.names() == tuple(setting.name for setting in params_of(declared))
    for setting in params_of(declared):
        row = form.row(setting.name)
        assert setting.clean(row.editor.raw()) == setting.default, setting.name
        row.editor.left.emit()
        assert not row.editor.widget.property("invalid"), setting.name
    assert heard == []


@pytest.mark.parametrize("registry", [OPTIMIZERS, SCHEDULES, AUGMENTATIONS], ids=lambda registry: registry.noun)
def test_every_entry_of_the_recipes_registries_can_be_picked(qtbot, registry):
    form = ChosenForm(registry, registry.noun)
    qtbot.addWidget(form)
    for kind in registry:
        form.show(Chosen(kind.name))
        assert form.combo.currentText() == kind.title
        assert form.form.names() == tuple(setting.name for setting in params_of(kind)) or form.form.isHidden()


def test_an_unknown_entry_is_shown_and_kept(qtbot):
    form = ChosenForm(KINDS, "Kind")
    qtbot.addWidget(form)
    form.show(Chosen("later", {"x": 1}))
    assert "later" in form.combo.currentText()


@pytest.mark.parametrize("value", [0.0, 1e-8, 1e-5, 0.00012, 0.1, 1 / 3, 99.5, 1e9, -2.5])
def test_numbers_survive_writing_and_reading(value):
    setting = params_of(Sample)[3]
    assert reading.read_number(reading.write_number(value), setting) == pytest.approx(value, rel=1e-9)


def test_every_sort_has_an_editor(form):
    assert set(form.names()) == {setting.name for setting in params_of(Sample)}
    assert isinstance(form.editor("rate"), QLineEdit) and isinstance(form.editor("count"), QSpinBox)
