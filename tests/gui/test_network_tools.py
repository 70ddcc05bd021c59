"""What can be done with the whole network: table, bars, width, files; and what a trained layer sees."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QPushButton

from engine.compile import Facts, infer
from engine.compile.module import build
from engine.compile.table import COLUMNS
from engine.errors import EngineError
from engine.explain.filters import MOST, filters
from engine.importing import read
from engine.importing.network_file import save_network
from engine.spec.network import chain, remove, set_param
from engine.templates import fitted
from engine.train import timing
from engine.train.checkpoint import save_weights
from gui.pages.network.costs import COSTS
from gui.pages.network.table_view import ID

pytest_plugins = ["network_fixtures"]

FACTS = Facts((3, 64, 64), 2)


def draw(page, document, name="resnet18"):
    document.edit("Draw", network=fitted(name, document.facts) if isinstance(name, str) else name)
    document.undo_stack.clear()


def show_view(qtbot, page, name):
    qtbot.mouseClick(page.toolbar.views.button(name), Qt.MouseButton.LeftButton)


def menu_state(page):
    page.menu.aboutToShow.emit()
    return page.menu


# ---- the table


def test_the_table_has_a_row_per_layer_and_selects_on_both_sides(qtbot, page, document):
    draw(page, document)
    show_view(qtbot, page, "table")
    table = page.table.table
    assert table.isVisible() and not page.toolbar.zoom_box.isVisible()
    assert page.table.sorted.rowCount() == len(document.network)
    table.setFocus()
    assert page.canvas.selected_id() == "", "the focus alone chooses nothing"
    table.selectRow(5)
    assert page.canvas.selected_id() == "residual_1"
    assert page.inspector.layer.title.text() == "Residual block"
    page.select("conv2d_1")
    assert table.selectionModel().selectedRows()[0].data(ID) == "conv2d_1"


def test_the_table_is_sorted_by_numbers(qtbot, page, document):
    draw(page, document)
    show_view(qtbot, page, "table")
    column = [name for name, _ in COLUMNS].index("parameters")
    page.table.table.sortByColumn(column, Qt.SortOrder.DescendingOrder)
    shown = [str(page.table.sorted.index(row, 0).data(ID)) for row in range(3)]
    assert shown[0] == "residual_8"
    found = [document.report.nodes[i].parameters for i in shown]
    assert found == sorted(found, reverse=True)


def test_layers_inside_blocks_are_listed_on_request(qtbot, page, document):
    draw(page, document)
    show_view(qtbot, page, "table")
    page.table.inside.setChecked(True)
    ids = [str(page.table.sorted.index(row, 0).data(ID)) for row in range(page.table.sorted.rowCount())]
    assert "residual_1.conv1" in ids and "residual_1" not in ids
    page.table.table.selectRow(ids.index("residual_2.bn1"))
    assert page.canvas.selected_id() == "residual_2"
    draw(page, document, "lenet")
    assert page.table.inside.isHidden()


def test_the_table_is_copied_and_saved(qtbot, page, document, tmp_path):
    draw(page, document, "lenet")
    show_view(qtbot, page, "table")
    qtbot.mouseClick(page.table.copy_button, Qt.MouseButton.LeftButton)
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == len(document.network) + 1 and "\t" in lines[1]
    page.table.table.setFocus()
    page.table.table.selectRow(1)
    qtbot.keySequence(page.table.table, QKeySequence(QKeySequence.StandardKey.Copy))
    assert len(QApplication.clipboard().text().splitlines()) == len(lines), (
        "one row selects a layer, it is not a choice"
    )
    page.table.table.selectAll()
    page.table.save_to(tmp_path / "n.csv")
    page.table.save_to(tmp_path / "n.txt")
    assert (tmp_path / "n.csv").read_text("utf-8").count(",") > 50
    assert "  Convolution  " in (tmp_path / "n.txt").read_text("utf-8")
    told = []
    page.table.failed.connect(told.append)
    page.table.save_to(tmp_path / "none" / "n.csv")
    assert told and isinstance(told[0], EngineError)


def test_the_table_follows_the_network_and_its_problems(qtbot, page, document):
    draw(page, document, "lenet")
    show_view(qtbot, page, "table")
    document.edit("Break", network=remove(document.network, ["flatten_1"]))
    assert page.table.sorted.rowCount() == len(document.network)
    column = [name for name, _ in COLUMNS].index("parameters")
    assert page.table.sorted.index(page.table.sorted.rowCount() - 1, column).data() == "–"
    page.grab()


# ---- bars on the cards


@pytest.mark.parametrize("name", [cost for cost in COSTS if cost not in ("", "time")])
def test_bars_follow_the_network(page, document, name):
    draw(page, document, "lenet")
    menu_state(page).costs[name].trigger()
    bars = page.costs.bars()
    assert max(bar.share for bar in bars.values()) == 1.0
    assert page.canvas.scene.cards["dense_1"]._cost == bars["dense_1"]
    document.edit("Scale", network=fitted("small-vgg", document.facts))
    assert set(page.costs.bars()) == set(document.report.nodes)
    menu_state(page).costs[""].trigger()
    assert all(card._cost is None for card in page.canvas.scene.cards.values())


def test_milliseconds_are_measured_and_only_what_changed_again(qtbot, page, document):
    draw(page, document, "lenet")
    page.costs._timer.setInterval(0)
    menu_state(page).costs["time"].trigger()
    wanted = {node.id for node in document.network.nodes} - {"image_1"}
    assert {bar.text for bar in page.costs.bars().values()} == {"…"}, "nothing else stands there in the meantime"
    qtbot.waitUntil(lambda: not page.costs._missing() and not page.costs.is_measuring, timeout=60_000)
    assert set(page.costs.bars()) == wanted
    assert page.canvas.scene.cards["conv2d_1"]._number().endswith("ms")
    before = dict(page.costs._times)
    document.edit("Wider", network=set_param(document.network, "dense_2", "units", 90))
    assert set(page.costs._missing()) == {"dense_2", "tanh_4", "classes_1"}
    qtbot.waitUntil(lambda: not page.costs._missing() and not page.costs.is_measuring, timeout=60_000)
    assert all(page.costs._times[key] == value for key, value in before.items()), "nothing was measured twice"


def test_nothing_is_measured_while_a_network_trains(qtbot, page, document):
    draw(page, document, "lenet")
    page.costs.let_measure(False)
    page.costs._timer.setInterval(0)
    page.costs.show_kind("time")
    assert not page.costs._timer.isActive() and not page.costs.is_measuring
    page.costs.let_measure(True)
    assert page.costs._timer.isActive()
    page.costs.show_kind("")
    assert not page.costs._timer.isActive()


def test_what_cannot_be_measured_is_told(qtbot, page, document, monkeypatch):
    def fail(*_):
        raise RuntimeError("broken")
        yield

    monkeypatch.setattr(timing, "time_layers", fail)
    told = []
    page.costs.failed.connect(told.append)
    draw(page, document, "lenet")
    page.costs._timer.setInterval(0)
    page.costs.show_kind("time")
    qtbot.waitUntil(lambda: len(told) == 1)
    assert "could not be measured" in told[0].what and page.costs.shown == ""


# ---- the menu


def test_half_and_double_width_are_one_step(page, document):
    draw(page, document, "small-vgg")
    before, parameters = document.network, document.report.parameters
    menu_state(page).half.trigger()
    assert document.undo_stack.count() == 1 and document.report.parameters < 0.4 * parameters
    menu_state(page).double.trigger()
    assert document.report.parameters == parameters
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.network == before


def test_what_cannot_be_scaled_is_told(page, document, studio):
    told = []
    studio.failed.connect(told.append)
    draw(page, document, "perceptron")
    menu_state(page).half.trigger()
    assert told and "wider or narrower" in told[0].what


def test_all_insides_are_shown_and_hidden(page, document):
    draw(page, document)
    menu = menu_state(page)
    assert menu.insides.isEnabled() and not menu.insides.isChecked()
    menu.insides.trigger()
    assert len(page.canvas.opened()) == 8 and menu_state(page).insides.isChecked()
    menu.insides.trigger()
    assert not page.canvas.opened()
    draw(page, document, "lenet")
    assert not menu_state(page).insides.isEnabled()


def test_the_menu_offers_what_makes_sense(qtbot, page, document):
    menu = menu_state(page)
    assert not menu.half.isEnabled() and not menu.save_picture.isEnabled() and menu.load.isEnabled()
    draw(page, document)
    show_view(qtbot, page, "code")
    menu = menu_state(page)
    assert menu.save_network.isEnabled() and not menu.save_picture.isEnabled()


# ---- files


def test_a_network_is_saved_alone_and_opened_again(qtbot, page, document, studio, tmp_path, monkeypatch):
    draw(page, document)
    saved = document.network
    path = tmp_path / "mine.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    told = []
    studio.told.connect(told.append)
    menu_state(page).save_network.trigger()
    assert read(path).network == saved and "mine.json" in told[-1]
    draw(page, document, "lenet")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    menu_state(page).load.trigger()
    qtbot.waitUntil(lambda: document.network == saved)
    assert document.undo_stack.undoText() == "Open mine.json"
    assert "Undo brings that back" in told[-1]


def test_a_file_that_is_no_network_changes_nothing(qtbot, page, document, studio, tmp_path):
    draw(page, document, "lenet")
    before = document.network
    told = []
    studio.failed.connect(told.append)
    (tmp_path / "n.json").write_text("{}")
    page.files.open(tmp_path / "n.json")
    qtbot.waitUntil(lambda: len(told) == 1)
    assert "holds no network" in told[0].what and document.network is before


def test_a_dropped_onnx_file_is_drawn_and_what_is_missing_is_named(qtbot, page, document, studio, tmp_path):
    onnx = pytest.importorskip("onnx")
    kinds = onnx.TensorProto
    nodes = [
        onnx.helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        onnx.helper.make_node("Celu", ["a"], ["b"]),
        onnx.helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        onnx.helper.make_node("Flatten", ["c"], ["d"]),
        onnx.helper.make_node("Gemm", ["d", "v"], ["y"], transB=1),
    ]
    weights = [
        onnx.helper.make_tensor("w", kinds.FLOAT, (4, 3, 3, 3), [0.0] * 108),
        onnx.helper.make_tensor("v", kinds.FLOAT, (9, 4), [0.0] * 36),
    ]
    x = onnx.helper.make_tensor_value_info("x", kinds.FLOAT, (1, 3, 32, 32))
    y = onnx.helper.make_tensor_value_info("y", kinds.FLOAT, None)
    path = tmp_path / "net.onnx"
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [x], [y], weights)), str(path))
    document.create(document.spec, tmp_path / "p.atelier")
    told, places = [], []
    studio.told.connect(told.append)
    studio.place_wanted.connect(places.append)
    studio.handle_drop([path], "data")
    qtbot.waitUntil(lambda: len(document.network) == 4)
    assert [node.kind for node in document.network.nodes] == ["image", "conv2d", "global_avg_pool", "classes"]
    assert places[0] == "network" and "Celu" in told[-1] and document.report.is_ready


def test_a_model_of_torchvision_is_chosen_from_a_list(qtbot, page, document, monkeypatch):
    offered = []

    def choose(*arguments):
        offered.extend(arguments[3])
        return "squeezenet1_1", True

    monkeypatch.setattr(QInputDialog, "getItem", choose)
    menu_state(page).torchvision.trigger()
    qtbot.waitUntil(lambda: len(document.network) > 30, timeout=60_000)
    assert "resnet18" in offered and document.report.is_ready
    assert document.network.nodes[-1].kind == "class_maps"


def test_the_picture_is_saved_from_the_menu(qtbot, page, document, studio, tmp_path, monkeypatch):
    draw(page, document, "lenet")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "n.svg"), ""))
    menu_state(page).save_picture.trigger()
    assert b"<svg" in (tmp_path / "n.svg").read_bytes()
    told = []
    studio.failed.connect(told.append)
    page.files.paint(tmp_path / "none" / "n.png")
    assert told


# ---- blocks by name


def test_a_block_is_renamed_where_it_is_open(qtbot, page, document, monkeypatch):
    draw(page, document, "resnet18")
    page.open_block("residual_1")
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("My block", True))
    page.crumbs.title_wanted.emit()
    assert document.network.blocks[0].title == "My block"
    assert document.undo_stack.undoText() == "Name block My block"


def test_a_second_input_is_added_inside_a_block(page, document):
    draw(page, document, "resnet18")
    page.open_block("residual_1")
    page.add_layer("port")
    ports = [node for node in document.network.blocks[0].nodes if node.kind == "port"]
    assert len(ports) == 2 and ports[1].inputs == ()


def test_a_free_layer_waits_for_its_link(page, document):
    draw(page, document, "lenet")
    page.canvas.add_free_wanted.emit("conv2d")
    added = page.canvas.selected_id()
    assert document.network[added].inputs == ()
    assert document.report.nodes[added].problem.what == "“Convolution” needs one input."
    assert document.undo_stack.count() == 1


# ---- what a trained layer sees


def trained(tmp_path, network, facts=FACTS):
    torch.manual_seed(0)
    path = tmp_path / "best.safetensors"
    save_weights(path, build(network, facts), {"epoch": 7})
    return path


def test_filters_of_the_first_convolution_are_in_colour(tmp_path):
    network = fitted("small-vgg", FACTS)
    path, report = trained(tmp_path, network), infer(network, FACTS)
    found = filters(path, report, "conv2d_1")
    assert found.tiles.shape == (32, 3, 3, 3) and found.epoch == 7 and found.total == 32
    assert np.abs(found.tiles).reshape(32, -1).max(1) == pytest.approx(1)
    deeper = filters(path, report, "conv2d_3")
    assert deeper.tiles.shape == (MOST, 3, 3) and deeper.total == 128
    assert (np.diff(deeper.numbers) > 0).all()
    for silent in ("relu_1", "classes_1", "image_1", "none"):
        assert filters(path, report, silent) is None


def test_a_perceptron_has_a_template_per_class(tmp_path):
    network = fitted("perceptron", FACTS)
    found = filters(trained(tmp_path, network), infer(network, FACTS), "classes_1")
    assert found.tiles.shape == (2, 64, 64, 3)
    grey = Facts((1, 28, 28), 10)
    network = fitted("mlp", grey)
    assert filters(trained(tmp_path, network, grey), infer(network, grey), "dense_1").tiles.shape == (50, 28, 28)


def test_weights_of_another_network_are_not_shown(tmp_path):
    path = trained(tmp_path, fitted("small-vgg", FACTS))
    other = chain([("image", {}), ("conv2d", {"filters": 2, "kernel": 5}), ("global_avg_pool", {}), ("classes", {})])
    assert filters(path, infer(other, FACTS), "conv2d_1") is None
    assert filters(tmp_path / "none", infer(other, FACTS), "conv2d_1") is None
    path.write_bytes(b"x" * 100)
    with pytest.raises(EngineError, match="cannot be read"):
        filters(path, infer(other, FACTS), "conv2d_1")


def test_the_inspector_shows_what_was_learnt(qtbot, page, document, studio, tmp_path, monkeypatch):
    network = fitted("small-vgg", document.facts)
    draw(page, document, "small-vgg")
    sights = page.inspector.layer.sights
    page.select("conv2d_1")
    assert sights.isHidden(), "nothing has been trained"
    trained(tmp_path, network)
    run = SimpleNamespace(number=3, folder=tmp_path, has_weights=True)
    monkeypatch.setattr(studio.training, "runs", [run])
    studio.training.runs_changed.emit()
    qtbot.waitUntil(sights.isVisible)
    assert sights.source.text() == "run 3, epoch 7"
    page.grab()
    page.select("conv2d_2")
    qtbot.waitUntil(lambda: "mean over all channels" in sights.note.text())
    page.select("relu_1")
    qtbot.waitUntil(sights.isHidden)


def test_selected_layers_move_together(page, document):
    draw(page, document, "small-vgg")
    page.canvas.select_many(["batch_norm_2", "relu_2"])
    page.canvas.move_wanted.emit("relu_2", "max_pool_2")
    assert document.network["batch_norm_2"].inputs == ("max_pool_2",) and document.undo_stack.count() == 1
    assert set(page.canvas.selection()) == {"batch_norm_2", "relu_2"}


def test_looking_into_a_built_in_block_changes_nothing(qtbot, page, document):
    draw(page, document)
    before = document.network
    page.select("residual_1")
    qtbot.keyClick(page.canvas.view, Qt.Key.Key_Return)
    assert page.canvas.opened() == {"residual_1"} and document.network is before
    assert page.inspector.layer.open.text() == "Edit a copy"
    qtbot.mouseClick(page.inspector.layer.open, Qt.MouseButton.LeftButton)
    assert document.network.blocks and page.crumbs.isVisible()


def test_what_came_back_by_undo_is_selected(page, document):
    draw(page, document, "small-vgg")
    page.canvas.select_many(["batch_norm_1", "relu_1", "max_pool_1"])
    page.canvas.remove_wanted.emit(list(page.canvas.selection()))
    document.undo_stack.undo()
    assert set(page.canvas.selection()) == {"batch_norm_1", "relu_1", "max_pool_1"}


def test_a_chain_is_duplicated_behind_itself(page, document):
    draw(page, document, "small-vgg")
    page.canvas.duplicate_wanted.emit(["batch_norm_1", "relu_1"])
    assert document.report.is_ready
    assert document.network["max_pool_1"].inputs == ("relu_4",)


def test_pasting_with_the_output_selected_stays_before_it(page, document):
    draw(page, document, "small-vgg")
    page.canvas.copy_wanted.emit(["batch_norm_1", "relu_1"])
    page.select("classes_1")
    page.canvas.paste_wanted.emit()
    assert document.report.is_ready


def test_a_sequence_is_made_of_rows_where_one_is_missing(qtbot, page, document):
    draw(page, document, "row-lstm")
    document.edit("Break", network=remove(document.network, ["rows_to_sequence_1"]))
    page.select("lstm_1")
    button = page.inspector.layer.problem.buttons()[0]
    assert button.accessibleName().startswith("Add Rows to sequence")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert document.report.is_ready


def test_the_summary_inside_a_block_is_that_of_the_block(page, document):
    draw(page, document)
    page.open_block("residual_3")
    page.select("")
    assert page.inspector.summary.title.text() == "Residual block"
    assert page.inspector.summary.figure("input") == "64 × 16 × 16"
    assert "Ready to train" not in page.status.text()


def test_a_search_without_a_result_shows(page, document):
    draw(page, document)
    page.toolbar.search.setText("zzz")
    assert page.toolbar.search.accessibleDescription() == "Nothing found"
    page.toolbar.search.setText("pool")
    assert page.toolbar.search.accessibleDescription() == ""


def test_opening_what_is_drawn_already_makes_no_step(qtbot, page, document, studio, tmp_path):
    draw(page, document, "lenet")
    save_network(document.network, tmp_path / "n.json")
    told = []
    studio.told.connect(told.append)
    page.files.open(tmp_path / "n.json")
    qtbot.waitUntil(lambda: len(told) == 1)
    assert "drawn already" in told[0] and document.undo_stack.count() == 0


def test_several_selected_layers_have_a_panel_of_their_own(qtbot, page, document):
    draw(page, document, "small-vgg")
    page.canvas.select_many(["conv2d_1", "batch_norm_1", "relu_1"])
    several = page.inspector.several
    assert several.isVisible() and several.title.text() == "3 layers selected"
    assert "928" in several.figures.text(), "864 and 64 parameters"
    qtbot.mouseClick(several.findChild(QPushButton, "network.fold_several"), Qt.MouseButton.LeftButton)
    assert document.network.blocks and page.inspector.layer.isVisible()
    document.undo_stack.undo()
    page.canvas.select_many(["batch_norm_1", "relu_1"])
    qtbot.mouseClick(several.findChild(QPushButton, "network.delete_several"), Qt.MouseButton.LeftButton)
    assert "relu_1" not in document.network and document.undo_stack.count() == 1
