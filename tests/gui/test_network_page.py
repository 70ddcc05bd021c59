"""The network's place, driven by mouse and keys like a person does."""

import random
import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QPushButton, QToolBar

from engine.compile import Facts, infer
from engine.compile.infer import Problem
from engine.layers import LAYERS, grouped
from engine.params import params_of
from engine.spec import NetworkSpec
from engine.spec.network import chain, connect, move_after, remove, set_param
from engine.templates import fitted, templates
from gui.pages.network import edits
from gui.pages.network.problem_box import ProblemBox
from gui.pages.network.repairs import repairs
from gui.pages.network.words import bytes_in_words, counted
from gui.theme import theme

pytest_plugins = ["network_fixtures"]

FACTS = Facts((3, 64, 64), 2)


SIMPLE = ["perceptron", "one-hidden", "mlp", "lenet", "small-vgg"]
"""Networks in which every layer can be misplaced and tried, one by one, in a few seconds."""


def draw(page, document, name="lenet"):
    document.edit("Draw", network=fitted(name, document.facts))
    document.undo_stack.clear()


def kinds(document) -> list[str]:
    return [node.kind for node in document.network.nodes]


def type_over(qtbot, widget, text):
    widget.setFocus()
    widget.selectAll()
    qtbot.keyClicks(widget, text)


# ---- adding


@pytest.mark.parametrize("kind", [kind.name for kind in LAYERS if kind.in_palette])
def test_every_kind_is_added_from_the_palette_and_shows_its_form(qtbot, page, document, kind):
    draw(page, document)
    page.canvas.setFocus()
    qtbot.keyClicks(page.palette_panel.search, LAYERS[kind].title)
    qtbot.keyClick(page.palette_panel.search, Qt.Key.Key_Return)
    added = page.canvas.selected_id()
    assert document.network[added].kind == kind
    assert document.undo_stack.undoText() == f"Add {LAYERS[kind].title}"
    panel = page.inspector.layer
    assert panel.isVisible() and panel.title.text() == LAYERS[kind].title
    assert (
        set(panel.form.names()) == {setting.name for setting in params_of(LAYERS[kind])} or not panel.form.isVisible()
    )
    assert panel.help.text() == LAYERS[kind].help()
    assert kind in page.palette_panel.list.kinds(), "the search is over, all kinds are back"
    document.undo_stack.undo()
    assert added not in document.network


def test_the_keyboard_journey(qtbot, page, document):
    draw(page, document)
    before = document.network
    page.select("tanh_1")
    page.canvas.setFocus()
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Slash)
    assert page.palette_panel.search.hasFocus()
    qtbot.keyClicks(page.palette_panel.search, "conv")
    qtbot.keyClick(page.palette_panel.search, Qt.Key.Key_Return)
    assert kinds(document)[2:4] == ["tanh", "conv2d"]
    assert page.canvas.view.hasFocus()
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Delete)
    assert document.network == before
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert kinds(document)[2:4] == ["tanh", "conv2d"] and page.canvas.selected_id() == "conv2d_3"
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert document.network == before


def test_escape_leaves_the_search(qtbot, page, document):
    draw(page, document)
    page.palette_panel.start_search()
    qtbot.keyClicks(page.palette_panel.search, "xyzzy")
    assert page.palette_panel.list.count() == 0
    qtbot.keyClick(page.palette_panel.search, Qt.Key.Key_Return)
    qtbot.keyClick(page.palette_panel.search, Qt.Key.Key_Escape)
    assert page.canvas.view.hasFocus() and page.palette_panel.search.text() == ""
    assert document.undo_stack.count() == 0


def test_double_click_adds_before_the_output(qtbot, page, document):
    draw(page, document, "perceptron")
    listed = page.palette_panel.list
    listed.select_kind("dropout")
    rect = listed.visualItemRect(listed.currentItem())
    qtbot.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    qtbot.mouseDClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert kinds(document) == ["image", "flatten", "dropout", "classes"]


def test_places_for_new_layers():
    network = fitted("mlp", FACTS)
    report = infer(network, FACTS)
    assert edits.place_for(network, report, "relu", "flatten_1") == "flatten_1"
    assert edits.place_for(network, report, "relu", "classes_1") == "relu_1"
    assert edits.place_for(network, report, "relu", "") == "relu_1"
    assert edits.place_for(network, report, "image", "relu_1") is None
    assert edits.place_for(network, report, "classes", "image_1") == "classes_1"
    assert edits.place_for(NetworkSpec(), infer(NetworkSpec(), FACTS), "relu") is None


@pytest.mark.parametrize("template", [entry.name for entry in templates()])
def test_a_layer_without_a_place_goes_where_the_network_keeps_working(template):
    network = fitted(template, FACTS)
    report = infer(network, FACTS)
    for kind in ("conv2d", "max_pool", "batch_norm", "relu", "dropout"):
        after = edits.place_for(network, report, kind)
        changed = edits.add_layer(network, after, kind)[0]
        assert infer(changed, FACTS).is_ready, (kind, after)


def test_the_place_is_the_last_one_that_works(qtbot, page, document):
    draw(page, document, "small-vgg")
    page.select("")
    page.palette_panel.start_search()
    qtbot.keyClicks(page.palette_panel.search, "conv")
    qtbot.keyClick(page.palette_panel.search, Qt.Key.Key_Return)
    assert kinds(document)[-4:] == ["max_pool", "conv2d", "global_avg_pool", "classes"]
    assert document.report.is_ready


def test_the_first_layer_brings_an_input(qtbot, page, document):
    page.add_layer("conv2d")
    assert kinds(document) == ["image", "conv2d"]
    document.undo_stack.undo()
    assert kinds(document) == []


# ---- the inspector


def test_a_setting_is_typed_as_one_undo_step(qtbot, page, document):
    draw(page, document)
    page.select("conv2d_1")
    type_over(qtbot, page.inspector.layer.form.editor("filters"), "128")
    assert document.network["conv2d_1"].params["filters"] == 128
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Set filters of Convolution"
    assert page.canvas.scene.cards["conv2d_1"].face.shape_text == "128 × 64 × 64"
    assert page.inspector.layer.form.editor("filters").hasFocus()
    qtbot.keyClick(page.inspector.layer.form.editor("filters"), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert document.network["conv2d_1"].params["filters"] == 6
    assert page.inspector.layer.form.editor("filters").value() == 6
    assert page.canvas.selected_id() == "conv2d_1"


@pytest.mark.parametrize("stored", [{}, {"filters": 32}])
def test_a_refused_number_changes_neither_network_nor_undo(qtbot, page, document, stored):
    network = chain([("image", {}), ("conv2d", stored), ("global_avg_pool", {}), ("classes", {})])
    document.edit("Draw", network=network)
    document.undo_stack.clear()
    page.select("conv2d_1")
    type_over(qtbot, page.inspector.layer.form.editor("filters"), "99999999")
    assert document.network == network and document.undo_stack.count() == 0
    assert page.inspector.layer.form.editor("filters").property("invalid")


def test_the_same_setting_of_another_layer_is_another_step(qtbot, page, document):
    draw(page, document)
    for node_id in ("conv2d_1", "conv2d_2"):
        page.select(node_id)
        type_over(qtbot, page.inspector.layer.form.editor("filters"), "9")
    assert document.undo_stack.count() == 2
    assert document.network["conv2d_1"].params["filters"] == document.network["conv2d_2"].params["filters"] == 9


def test_refused_text_does_not_follow_to_the_next_layer(qtbot, page, document):
    draw(page, document)
    page.select("conv2d_1")
    type_over(qtbot, page.inspector.layer.form.editor("kernel"), "abc")
    assert page.inspector.layer.form.editor("kernel").property("invalid")
    page.select("conv2d_2")
    assert page.inspector.layer.form.editor("kernel").text() == "5 × 5 pixels"
    assert not page.inspector.layer.form.editor("kernel").property("invalid")
    assert document.undo_stack.count() == 0


def test_a_layer_is_named(qtbot, page, document):
    draw(page, document)
    page.select("conv2d_1")
    line = page.inspector.layer.name_row.editor.widget
    assert line.placeholderText() == "conv2d_1"
    type_over(qtbot, line, "First edges")
    assert document.network["conv2d_1"].label == "First edges" and line.text() == "First edges"
    assert document.undo_stack.count() == 1
    assert page.canvas.scene.cards["conv2d_1"].face.title == "First edges"


def test_the_input_shows_size_and_colour_of_the_data(qtbot, page, document):
    draw(page, document)
    page.select("image_1")
    form = page.inspector.layer.data_form
    assert form.names() == ("size", "colour")
    type_over(qtbot, form.editor("size"), "32x48")
    form.editor("colour").setCurrentIndex(1)
    assert document.data.shape == (1, 32, 48)
    assert page.canvas.scene.cards["image_1"].face.said == "grey, 32 × 48"
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.data.shape == (3, 64, 64) and document.undo_stack.index() == 0


def test_formula_and_help(page, document):
    draw(page, document, "mlp")
    page.select("dense_1")
    assert page.inspector.layer.formula.text().endswith("= 614\u202f450")
    assert page.inspector.layer.place.text() == "layer 3"
    page.select("relu_1")
    assert not page.inspector.layer.formula_part.isVisible()


def test_duplicate_and_delete_buttons(qtbot, page, document):
    draw(page, document)
    page.select("tanh_1")
    qtbot.mouseClick(page.inspector.layer.duplicate, Qt.MouseButton.LeftButton)
    assert kinds(document)[1:4] == ["conv2d", "tanh", "tanh"] and page.canvas.selected_id() not in ("tanh_1", "")
    qtbot.mouseClick(page.inspector.layer.remove, Qt.MouseButton.LeftButton)
    assert kinds(document)[1:4] == ["conv2d", "tanh", "avg_pool"]
    assert page.canvas.selected_id() == "avg_pool_1", "the next layer is selected"
    page.select("image_1")
    assert not page.inspector.layer.duplicate.isVisible()


def test_nothing_selected_shows_the_whole_network(page, document):
    draw(page, document, "small-vgg")
    page.select("")
    summary = page.inspector.summary
    assert summary.isVisible() and summary.title.text() == "Small VGG"
    assert summary.figure("layers") == "15"
    assert summary.figure("parameters").replace("\u202f", "") == str(document.report.parameters)
    page.select("relu_1")
    assert not summary.isVisible()


def test_a_click_on_a_card_shows_its_settings(qtbot, page, document):
    draw(page, document)
    card = page.canvas.card_rect("avg_pool_1")
    viewport = page.canvas.view.viewport()
    place = viewport.mapFrom(page.canvas, card.center() + QPoint(60, 0))
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert page.canvas.selected_id() == "avg_pool_1"
    assert page.inspector.layer.title.text() == "Average pooling"


def test_the_selection_survives_undo_and_redo(page, document):
    draw(page, document)
    page.select("tanh_2")
    document.edit("Set filters", network=set_param(document.network, "conv2d_1", "filters", 12))
    document.undo_stack.undo()
    document.undo_stack.redo()
    assert page.canvas.selected_id() == "tanh_2"


@pytest.fixture
def neighbour(page):
    """A button that comes next in the order of the Tab key, as those of the window's top bar do."""
    bar = QToolBar()
    page.window().addToolBar(bar)
    button = QPushButton("elsewhere")
    bar.addWidget(button)
    return button


def test_undo_in_a_field_that_goes_leads_to_the_canvas(qtbot, page, document, neighbour):
    draw(page, document)
    page.select("tanh_1")
    page.add_layer("dropout")
    field = page.inspector.layer.form.editor("rate")
    qtbot.waitUntil(field.isVisible)
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert "dropout" not in kinds(document)
    assert page.canvas.view.hasFocus()


def test_a_repair_leads_to_the_canvas(qtbot, page, document, neighbour):
    draw(page, document)
    document.edit("Break", network=remove(document.network, ["flatten_1"]))
    for node_id in ("dense_1", ""):
        page.select(node_id)
        box = page.inspector.layer.problem if node_id else page.inspector.summary.problem
        button = box.buttons()[-1]
        qtbot.waitUntil(button.isVisible)
        button.setFocus()
        qtbot.keyClick(button, Qt.Key.Key_Space)
        assert document.report.is_ready and page.canvas.view.hasFocus()
        document.undo_stack.undo()


def test_undoing_the_first_layer_leads_to_the_start(qtbot, page, document, neighbour):
    page.add_layer("conv2d")
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not len(document.network) and page.start.hasFocus()


# ---- moving


def test_alt_arrows_move_the_layer(qtbot, page, document):
    draw(page, document)
    page.select("conv2d_2")
    page.canvas.setFocus()
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert kinds(document)[:5] == ["image", "conv2d", "tanh", "conv2d", "avg_pool"]
    assert page.canvas.selected_id() == "conv2d_2"
    assert document.undo_stack.undoText() == "Move Convolution"


# ---- problems and repairs


def broken(name: str, document) -> NetworkSpec:
    lenet = fitted("lenet", document.facts)
    return {
        "dense without flatten": remove(lenet, ["flatten_1"]),
        "convolution after flatten": move_after(lenet, "conv2d_2", "flatten_1"),
        "no input": remove(lenet, ["image_1"]),
        "no output": remove(lenet, ["classes_1"]),
        "no output after a picture": chain([("image", {}), ("conv2d", {})]),
        "layers behind the output": move_after(lenet, "tanh_1", "classes_1"),
        "window too large": set_param(set_param(lenet, "conv2d_2", "kernel", 63), "conv2d_2", "padding", "valid"),
        "groups": set_param(lenet, "conv2d_2", "groups", 5),
        "outputs": set_param(lenet, "classes_1", "outputs", 7),
        "unknown setting": set_param(lenet, "conv2d_1", "colourfulness", 3),
        "two outputs": edits.add_layer(lenet, "classes_1", "classes")[0],
    }[name]


BROKEN = (
    "dense without flatten",
    "convolution after flatten",
    "no input",
    "no output",
    "no output after a picture",
    "layers behind the output",
    "window too large",
    "groups",
    "outputs",
    "unknown setting",
    "two outputs",
)


@pytest.mark.parametrize("name", BROKEN)
def test_a_button_solves_the_problem_in_one_undo_step(qtbot, page, document, name):
    document.edit("Break", network=broken(name, document))
    document.undo_stack.clear()
    problem = document.report.problems[0]
    assert problem.what in page.status.text()
    page.select(problem.node_id)
    box = page.inspector.layer.problem if problem.node_id else page.inspector.summary.problem
    assert box.isVisible() and box.what.text() == problem.what
    button = box.buttons()[1 if box.buttons()[0].accessibleName() == "Show this layer" else 0]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert problem not in document.report.problems
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert problem in document.report.problems


def test_every_offered_repair_keeps_its_promise(document):
    for name in BROKEN:
        network = broken(name, document)
        report = infer(network, document.facts)
        problem = report.problems[0]
        offered = repairs(network, report, problem)
        assert offered, name
        assert len({repair.text for repair in offered}) == len(offered), name
        for repair in offered:
            after = infer(repair.edit(network), document.facts)
            assert problem.what not in {p.what for p in after.problems if p.node_id == problem.node_id}, repair.text


def added(network: NetworkSpec, *layers: tuple[str | None, str]) -> NetworkSpec:
    for after, kind in layers:
        network = edits.add_layer(network, after, kind)[0]
    return network


def moved_flatten(after: str) -> NetworkSpec:
    return move_after(fitted("lenet", FACTS), "flatten_1", after)


@pytest.mark.parametrize(
    ("network", "node_id", "expected"),
    [
        (moved_flatten("image_1"), "conv2d_1", "Move Flatten behind Average pooling"),
        (
            moved_flatten("tanh_1"),
            "avg_pool_1",
            "Move Flatten behind Average pooling",
        ),
        (added(fitted("small-vgg", FACTS), ("image_1", "flatten")), "conv2d_1", "Delete Flatten"),
        (added(fitted("small-vgg", FACTS), ("relu_2", "flatten")), "max_pool_2", "Delete Flatten"),
        (added(fitted("small-vgg", FACTS), ("image_1", "dense")), "dense_1", "Delete this layer"),
        (
            added(fitted("small-vgg", FACTS), ("image_1", "flatten"), ("flatten_1", "dense")),
            "conv2d_1",
            "Delete Flatten and Dense",
        ),
        (added(fitted("small-vgg", FACTS), ("relu_1", "classes")), "classes_2", "Delete this layer"),
        (added(fitted("small-vgg", FACTS), ("relu_1", "image")), "image_2", "Delete this layer"),
    ],
)
def test_dead_ends_of_before_have_a_button_that_makes_the_network_ready(network, node_id, expected):
    report = infer(network, FACTS)
    problem = next(problem for problem in report.problems if problem.node_id == node_id)
    offered = repairs(network, report, problem)
    assert expected in [repair.text for repair in offered]
    assert all(infer(repair.edit(network), FACTS).is_ready for repair in offered)


@pytest.mark.parametrize("template", SIMPLE)
def test_one_layer_in_the_wrong_place_is_always_one_button_away_from_ready(template):
    whole = fitted(template, FACTS)
    for kind in (kind.name for kind in LAYERS if kind.in_palette):
        for after in (None, *(node.id for node in whole.nodes)):
            network = added(whole, (after, kind))
            report = infer(network, FACTS)
            for problem in report.problems:
                offered = repairs(network, report, problem)
                assert offered and infer(offered[0].edit(network), FACTS).is_ready, (kind, after, problem.what)


@pytest.mark.parametrize("template", [entry.name for entry in templates() if entry.name not in SIMPLE])
def test_the_same_in_large_networks_for_places_at_random(template):
    whole, dice = fitted(template, FACTS), random.Random(1)
    for _ in range(60):
        kind = dice.choice([kind.name for kind in LAYERS if kind.in_palette])
        after = dice.choice([None, *(node.id for node in whole.nodes)])
        network = added(whole, (after, kind))
        report = infer(network, FACTS)
        for problem in report.problems:
            offered = repairs(network, report, problem)
            assert offered and infer(offered[0].edit(network), FACTS).is_ready, (kind, after, problem.what)


def test_pressing_the_first_button_again_and_again_ends_at_a_working_network():
    dice = random.Random(7)
    for _ in range(60):
        network = fitted(dice.choice(templates()).name, FACTS)
        for _ in range(3):
            ids = [node.id for node in network.nodes]
            network = added(network, (dice.choice([None, *ids]), dice.choice(LAYERS.names())))
            network = move_after(network, dice.choice(ids), dice.choice([None, *ids]))
        for _ in range(12):
            report = infer(network, FACTS)
            if report.is_ready:
                break
            offered = repairs(network, report, report.problems[0])
            assert offered, ([node.kind for node in network.nodes], report.problems[0].what)
            network = offered[0].edit(network)
        assert infer(network, FACTS).is_ready


def test_without_data_a_drawing_is_repaired_all_the_same():
    unknown = Facts((3, 64, 64), 0)
    network = remove(fitted("lenet", FACTS), ["flatten_1"])
    report = infer(network, unknown)
    assert repairs(network, report, report.problems[0])[0].text == "Add Flatten: 3\u202f136 inputs"
    whole = infer(fitted("lenet", FACTS), unknown)
    assert repairs(fitted("lenet", FACTS), whole, whole.problems[0]) == ()


def test_a_flat_list_is_made_or_pooled(document):
    network = broken("dense without flatten", document)
    report = infer(network, document.facts)
    texts = [repair.text for repair in repairs(network, report, report.problems[0])]
    assert texts[:2] == ["Add Flatten: 3\u202f136 inputs", "Add Global average pooling: 16 inputs"]


def test_without_data_the_way_to_it_is_offered(qtbot, page, studio, document):
    document.edit("No data", data=replace(document.data, classes=()))
    draw(page, document)
    page.select("classes_1")
    button = page.inspector.layer.problem.buttons()[-1]
    with qtbot.waitSignal(studio.place_wanted) as heard:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert heard.args == ["data"]


# ---- status


def test_the_status_line_says_ready_or_what_is_wrong(qtbot, page, document):
    draw(page, document, "small-vgg")
    text = page.status.text()
    assert "✓ Ready to train" in text and "15 layers" in text and "multiply-adds / image" in text
    assert "at batch 32" in text
    document.edit("Batch", recipe=replace(document.recipe, batch_size=64))
    assert "at batch 64" in page.status.text()
    document.edit("Break", network=remove(document.network, ["global_avg_pool_1"]))
    assert "! The classes output needs a flat list of numbers." in page.status.text()
    page.select("")
    qtbot.mouseClick(page.status.state, Qt.MouseButton.LeftButton)
    assert page.canvas.selected_id() == "classes_1"


def test_sums_of_a_broken_network_are_not_said_to_be_those_of_the_whole(page, document):
    draw(page, document)
    document.edit("Break", network=remove(document.network, ["flatten_1"]))
    page.select("")
    parameters = grouped(document.report.parameters)
    assert page.status.text().endswith(f"{parameters}</b> parameters so far")
    assert page.status.cost.isHidden() and page.status.memory.isHidden()
    summary = page.inspector.summary
    assert summary.figure("parameters") == f"{parameters} so far"
    assert summary.figure("cost") == summary.figure("memory") == "not known yet"
    document.undo_stack.undo()
    page.select("")
    assert "so far" not in page.status.text() + summary.figure("parameters") and "MB" in summary.figure("memory")


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0"), (896, "896"), (38_200_000, "38.2 M"), (1_240_000_000, "1.24 G"), (12_345, "12.3 k")]
)
def test_large_numbers_are_short(number, words):
    assert counted(number).replace(",", ".") == words


@pytest.mark.parametrize(("count", "words"), [(12, "12 B"), (410_400_000, "410 MB"), (2_100_000_000, "2.1 GB")])
def test_memory_in_words(count, words):
    assert bytes_in_words(count).replace(",", ".") == words


# ---- templates and the empty page


def test_an_empty_network_offers_templates(qtbot, page, document):
    assert page.start.isVisible() and not page.canvas.isVisible()
    assert {card.template.name for card in page.start.list.cards} == {entry.name for entry in templates()}
    lenet = next(card for card in page.start.list.cards if card.template.name == "lenet")
    expected = infer(fitted("lenet", document.facts), document.facts).parameters
    assert str(expected) in lenet.accessibleName().replace("\u202f", "")
    qtbot.mouseClick(lenet, Qt.MouseButton.LeftButton)
    assert document.network.template == "lenet" and page.canvas.isVisible()
    document.undo_stack.undo()
    assert page.start.isVisible()


def test_without_data_templates_say_for_how_many_classes_they_count(page, document):
    card = page.start.list.cards[0]
    assert "with 2 classes" not in card.accessibleName()
    height = card.heightForWidth(260)
    document.edit("No data", data=replace(document.data, classes=()))
    assert "parameters with 2 classes" in card.accessibleName()
    assert card.heightForWidth(260) > height, "the longer figures get a line of their own"


def test_a_blank_network_starts_with_an_image(qtbot, page, document):
    qtbot.mouseClick(page.start.blank, Qt.MouseButton.LeftButton)
    assert kinds(document) == ["image"] and page.canvas.selected_id() == "image_1"


def test_the_templates_button_opens_them(qtbot, page, document):
    draw(page, document)
    qtbot.mouseClick(page.toolbar.templates, Qt.MouseButton.LeftButton)
    popup = page.findChild(type(page.open_templates()))
    card = next(card for card in popup.list.cards if card.template.name == "mlp")
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert document.network.template == "mlp"


# ---- names, sizes, speed


def test_names_for_tests_and_assistive_tools(page, document):
    draw(page, document)
    for name in ("palette", "search", "canvas", "inspector", "templates", "status"):
        assert page.findChild(QObject, f"network.{name}") is not None, name
    assert page.palette_panel.search.accessibleName() and page.canvas.view.accessibleName()


def test_a_small_window_keeps_all_three_columns_usable(qtbot, page, document):
    draw(page, document)
    page.window().resize(940, 612)
    page.select("conv2d_1")
    qtbot.waitUntil(lambda: page.width() == 940)
    palette, _, inspector = page.splitter.sizes()
    assert palette >= page.palette_panel.minimumWidth() and inspector >= page.inspector.minimumWidth()
    assert page.canvas.width() >= 380
    editor = page.inspector.layer.form.editor("filters")
    # Nothing is cut off at the right, once the layout has settled.
    qtbot.waitUntil(lambda: editor.mapTo(page.inspector, editor.rect().topRight()).x() < page.inspector.width())


@pytest.fixture
def large_text():
    before = theme().scale
    theme().set_scale(1.5)
    yield
    theme().set_scale(before)


def test_large_text_in_a_small_window_cuts_nothing_off(qtbot, page, document, large_text):
    draw(page, document, "small-vgg")
    page.select("")
    page.window().resize(930, 612)
    qtbot.waitUntil(lambda: page.width() == 930)
    inspector, toolbar = page.inspector, page.toolbar
    assert inspector.geometry().right() <= page.splitter.width()
    assert toolbar.width() >= toolbar.minimumSizeHint().width()
    for view in (inspector.summary, inspector.layer):
        assert view.minimumSizeHint().width() + 2 * 14 <= inspector.width(), type(view).__name__
        page.select("conv2d_1")
    page.select("")
    for name in ("layers", "parameters", "memory"):
        label = inspector.summary._figures[name]
        qtbot.waitUntil(lambda label=label: label.mapTo(inspector, label.rect().topRight()).x() < inspector.width())
        widest = max(label.fontMetrics().horizontalAdvance(word) for word in label.text().split(" "))
        assert widest <= label.width(), name
        assert label.heightForWidth(label.width()) <= label.height(), name
    seen = page.canvas.view.mapToScene(page.canvas.view.viewport().rect()).boundingRect()
    assert seen.right() >= page.canvas.scene.cards["conv2d_1"].frame().right()
    text = page.canvas.scene.cards["conv2d_1"].face.shape_text
    assert text == "32 × 64 × 64"


def test_the_text_of_a_long_button_is_wrapped(qtbot):
    box = ProblemBox()
    qtbot.addWidget(box)
    words = "Move Global average pooling behind Max pooling"
    box.show_problem(Problem("", "Something"), [(words, lambda: None)])
    box.resize(280, 300)
    with qtbot.waitExposed(box):
        box.show()
    (button,) = box.buttons()
    assert button.text().replace("\n", " ") == words and "\n" in button.text()
    assert button.toolTip() == "" and button.accessibleName() == words
    qtbot.waitUntil(lambda: button.height() >= 2 * button.fontMetrics().height())
    box.resize(170, 300)
    qtbot.waitUntil(lambda: button.toolTip() == words)
    assert button.text().startswith("Move Global") and button.text().endswith("…")


def test_graphs_can_be_shown(page, document):
    network = connect(fitted("lenet", FACTS), "tanh_2", ["conv2d_2", "tanh_1"])
    document.edit("Graph", network=network)
    page.select("tanh_2")
    assert page.inspector.layer.problem.isVisible()


def test_typing_in_two_hundred_layers_touches_one_card(page, document):
    layers = [("conv2d", {"filters": 8}), ("batch_norm", {}), ("relu", {})] * 66
    document.edit("Long", network=chain([("image", {}), *layers, ("global_avg_pool", {}), ("classes", {})]))
    page.select("conv2d_30")
    cards = dict(page.canvas.scene.cards)
    items = {node_id: card.face for node_id, card in cards.items()}
    started = time.perf_counter()
    document.edit("Set bias", network=set_param(document.network, "conv2d_30", "bias", False))
    seconds = time.perf_counter() - started
    assert seconds < 0.5, "generous: a laptop takes a few hundredths"
    assert page.canvas.scene.cards == cards
    changed = [node_id for node_id, card in cards.items() if card.face is not items[node_id]]
    assert changed == ["conv2d_30"]


def test_a_residual_network_by_mouse_and_keys(qtbot, page, document):
    """Connect a skip on the real canvas, get the problem with the shapes, repair it, undo all, redo all."""
    draw(page, document)
    page.select("conv2d_1")
    for name in ("conv2d", "add"):
        qtbot.keyClicks(page.palette_panel.search, LAYERS[name].title)
        qtbot.keyClick(page.palette_panel.search, Qt.Key.Key_Return)
    added = page.canvas.selected_id()
    assert document.report.nodes[added].problem.what == "“Add” needs at least 2 inputs."
    view, scene = page.canvas.view, page.canvas.scene
    start = view.mapFromScene(scene.cards["conv2d_1"].output_point())
    end = view.mapFromScene(scene.cards[added].pos() + QPointF(0, 20))
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(view.viewport(), end)
    assert scene.rubber.isVisible() and scene.cards["image_1"].opacity() < 1
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert not scene.rubber.isVisible() and scene.cards["image_1"].opacity() == 1
    assert document.network[added].inputs[1:] == ("conv2d_1",)
    page.select(added)
    problem = document.report.nodes[added].problem
    assert problem.what == "Add needs inputs of one shape." and "6 × 64 × 64" in problem.why
    button = page.inspector.layer.problem.buttons()[0]
    assert button.accessibleName() == "1×1 convolution to 32 channels, so that Add fits"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert document.report.is_ready or document.report.nodes[added].problem is None
    done = document.network
    steps = document.undo_stack.index()
    for _ in range(steps):
        document.undo_stack.undo()
    assert document.network != done and "add_1" not in document.network
    for _ in range(steps):
        document.undo_stack.redo()
    assert document.network == done


def test_blocks_are_folded_opened_edited_and_unfolded(qtbot, page, document):
    draw(page, document, "small-vgg")
    before = document.report.parameters
    ids = [node.id for node in document.network.nodes][1:3]
    page.canvas.select_many(ids)
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    block = page.canvas.selected_id()
    assert document.network[block].kind == "block:block" and document.report.parameters == before
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Return)
    assert page.crumbs.isVisibleTo(page) and page.canvas.order()[0] == "x"
    page.select(ids[0])
    page.inspector.layer.setting_changed.emit("filters", 8, "")
    assert document.report.parameters < before
    page.inspector.layer.shared_changed.emit("filters", True)
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Escape)
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Escape)
    assert not page.crumbs.isVisibleTo(page)
    page.select(block)
    assert page.inspector.layer.open.isVisibleTo(page.inspector.layer)
    page.inspector.layer.setting_changed.emit("filters", 16, "")
    assert document.network[block].params == {"filters": 16}
    qtbot.keyClick(
        page.canvas.view, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert block not in document.network and len(page.canvas.selection()) == 2
    assert any(node.params.get("filters") == 16 for node in document.network.nodes)


def test_a_built_in_block_can_be_opened_and_kept(qtbot, page, document):
    draw(page, document)
    page.add_layer("residual")
    block, before = page.canvas.selected_id(), document.report.parameters
    page.select(block)
    page.inspector.layer.keep_wanted.emit()
    assert "Residual block" in [kind.title for kind in page._gestures.show_palette()]
    page.open_block(block)
    assert "conv1" in page.canvas.order() and document.report.parameters == before


def test_layers_travel_as_text(qtbot, page, document):
    draw(page, document)
    count = len(document.network)
    page.canvas.select_many(["conv2d_1", "tanh_1"])
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "atelier-layers" in QApplication.clipboard().text()
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert len(document.network) == count + 2 and len(page.canvas.selection()) == 2
    assert document.report.is_ready
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_X, Qt.KeyboardModifier.ControlModifier)
    assert len(document.network) == count and document.report.is_ready


def test_layers_are_found_by_name(qtbot, page, document):
    draw(page, document)
    page.toolbar.start_search()
    qtbot.keyClicks(page.toolbar.search, "dense")
    first = page.canvas.selected_id()
    assert first == "dense_1"
    qtbot.keyClick(page.toolbar.search, Qt.Key.Key_Return)
    assert page.canvas.selected_id() == "dense_2"


def test_a_layer_is_replaced_and_keeps_what_fits(qtbot, page, document):
    draw(page, document)
    popup = page.canvas.open_replace("avg_pool_1")
    qtbot.keyClicks(popup.search, "max pool")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert "avg_pool_1" not in document.network, "its name would be wrong in the program"
    assert document.network["max_pool_1"].inputs == ("tanh_1",) and document.report.is_ready
    assert page.canvas.selected_id() == "max_pool_1"


def test_the_program_of_the_network_is_read_copied_and_saved(qtbot, page, document, tmp_path):
    draw(page, document)
    qtbot.mouseClick(page.toolbar.views.button("code"), Qt.MouseButton.LeftButton)
    assert page.code.isVisibleTo(page) and "nn.Conv2d(3, 6, 5, padding=2)" in page.code.text.toPlainText()
    qtbot.mouseClick(page.code.copy, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == page.code.text.toPlainText()
    page.code.save_to(tmp_path / "lenet.py")
    assert (tmp_path / "lenet.py").read_text("utf-8") == page.code.text.toPlainText()
    with qtbot.waitSignal(page.code.failed):
        page.code.save_to(tmp_path / "missing" / "lenet.py")
    document.edit("Break", network=remove(document.network, ["classes_1"]))
    assert page.code.empty.isVisibleTo(page.code), "no program that would not run"
    qtbot.mouseClick(page.toolbar.views.button("canvas"), Qt.MouseButton.LeftButton)
    assert page.canvas.isVisibleTo(page)
