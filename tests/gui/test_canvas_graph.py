"""The canvas with blocks and branches: insides, overview, movement, bars, pictures, links by keys, free layers."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDropEvent, QImage, QMouseEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from engine.compile import Facts, infer
from engine.edits.blocks import fold
from engine.edits.links import attach, why_not
from engine.errors import EngineError
from engine.spec.network import chain, remove, set_param
from engine.templates import fitted
from gui.canvas import Cost, NetworkCanvas, layer_mime
from gui.canvas.picture import png_bytes, save_picture, svg_bytes
from gui.canvas.quick_add import QuickAdd
from gui.theme import theme

FACTS = Facts((3, 64, 64), 2)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def canvas(qtbot):
    canvas = NetworkCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(800, 700)
    with qtbot.waitExposed(canvas):
        canvas.show()
    canvas.view.setFocus()
    return canvas


def show(canvas, network):
    canvas.network = network
    canvas.set_network(network, infer(network, FACTS))


def residual():
    return chain(
        [("image", {}), ("conv2d", {}), ("residual", {"filters": 64}), ("global_avg_pool", {}), ("classes", {})]
    )


def at(canvas, point: QPointF) -> QPoint:
    return canvas.view.mapFromScene(point)


# ---- blocks opened where they stand


def open_by_mouse(qtbot, canvas, card):
    mark = card.mapToScene(card.fold_mark().center())
    qtbot.mouseClick(canvas.view.viewport(), LEFT, pos=at(canvas, mark))


def test_a_block_is_opened_and_closed_by_its_mark(qtbot, canvas):
    show(canvas, residual())
    card = canvas.scene.cards["residual_1"]
    closed, below = card.height, canvas.scene.cards["classes_1"].y()
    open_by_mouse(qtbot, canvas, card)
    assert canvas.opened() == {"residual_1"}
    inner = card.inside.cards
    assert set(inner) == {*("conv1", "bn1", "relu1", "conv2", "bn2", "shortcut", "shortcut_bn", "sum", "relu_out")}
    assert card.height > closed + 5 * inner["conv1"].height
    assert canvas.scene.cards["classes_1"].y() - below == card.height - closed, "what follows makes room"
    frame = card.frame()
    for one in inner.values():
        assert frame.contains(one.frame().translated(one.pos())), "nothing sticks out"
    canvas.grab()
    open_by_mouse(qtbot, canvas, card)
    assert card.inside is None and card.height == closed and not canvas.opened()
    assert not card.childItems(), "nothing of it stays behind"


def test_by_keys_and_by_menu(qtbot, canvas):
    show(canvas, residual())
    canvas.select("residual_1")
    qtbot.keyClick(canvas.view, Qt.Key.Key_Space)
    assert canvas.opened() == {"residual_1"}
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), QPoint(1, 1))
    QApplication.sendEvent(canvas.view.viewport(), event)
    action = next(one for one in canvas.view.menu.actions() if one.text() == "Hide its inside")
    action.trigger()
    canvas.view.menu.close()
    assert not canvas.opened()


def test_a_click_inside_selects_the_block_and_links_begin_at_its_edge(qtbot, canvas):
    show(canvas, residual())
    canvas.set_opened(["residual_1"])
    card = canvas.scene.cards["residual_1"]
    inner = card.inside.cards["relu1"]
    place = inner.mapToScene(QPointF(40, 20))
    qtbot.mouseClick(canvas.view.viewport(), LEFT, pos=at(canvas, place))
    assert canvas.selected_id() == "residual_1"
    assert canvas.scene.output_at(card.output_point()) == "residual_1"


def test_a_block_inside_a_block_is_opened_too(qtbot, canvas):
    network, name = fold(residual(), ["conv2d_1", "residual_1"], "Stem")
    show(canvas, network)
    canvas.set_opened([name])
    card = canvas.scene.cards[name]
    height = card.height
    nested = next(one for one in card.inside.cards.values() if one.can_open)
    open_by_mouse(qtbot, canvas, nested)
    assert canvas.opened() == {name, nested.node_id}
    assert card.height > height + 300 and nested.node_id.startswith(f"{name}.")
    canvas.grab()
    again = card.inside.cards[nested.node_id.split(".")[1]]
    open_by_mouse(qtbot, canvas, again)
    assert canvas.opened() == {name} and card.height == height


def test_an_edit_of_the_block_changes_what_is_shown_of_it(canvas):
    show(canvas, residual())
    canvas.set_opened(["residual_1"])
    show(canvas, set_param(canvas.network, "residual_1", "filters", 32))
    inner = canvas.scene.cards["residual_1"].inside.cards
    assert "shortcut" not in inner and inner["conv1"].face.shape == (32, 64, 64)


def test_an_open_block_with_a_problem_is_closed(canvas):
    show(canvas, residual())
    canvas.set_opened(["residual_1"])
    show(canvas, remove(canvas.network, ["image_1"]))
    card = canvas.scene.cards["residual_1"]
    assert card.inside is None and not card.can_open
    canvas.grab()


def test_open_blocks_in_both_looks_and_larger_text(canvas):
    show(canvas, fitted("small-inception", FACTS))
    canvas.set_opened(canvas.scene.all_blocks())
    try:
        for mode, scale in (("light", 1.0), ("dark", 1.5), ("dark", 1.0)):
            theme().set_mode(mode)
            theme().set_scale(scale)
            cards = [canvas.scene.cards[name] for name in canvas.order()]
            for above, below in pairwise(cards):
                assert above.y() + above.height < below.y()
            canvas.grab()
    finally:
        theme().set_mode("dark")
        theme().set_scale(1.0)


# ---- movement


def test_cards_glide_and_end_where_they_belong(qtbot, canvas):
    show(canvas, residual())
    canvas.set_animated(True)
    show(canvas, remove(canvas.network, ["conv2d_1"]))
    card, glide = canvas.scene.cards["classes_1"], canvas.scene.glide
    assert glide.is_running
    belongs = card.pos()
    assert card.transform().dy() > 0, "it is drawn where it was"
    assert canvas.scene.card_at(belongs + QPointF(0, 10)) is card, "and found where it will be"
    qtbot.waitUntil(lambda: not glide.is_running)
    assert card.transform().isIdentity() and card.pos() == belongs
    assert all(link.opacity() == 1 for link in canvas.scene.links())


def test_changes_while_it_moves_leave_nothing_behind(qtbot, canvas):
    canvas.set_animated(True)
    show(canvas, residual())
    for network in (remove(residual(), ["conv2d_1"]), residual(), attach(residual(), "image_1", "classes_1")):
        show(canvas, network)
    qtbot.waitUntil(lambda: not canvas.scene.glide.is_running)
    for card in canvas.scene.cards.values():
        assert card.transform().isIdentity() and card.opacity() == 1


def test_a_new_card_appears_and_a_dimmed_one_stays_dim(qtbot, canvas):
    show(canvas, remove(residual(), ["conv2d_1"]))
    canvas.set_animated(True)
    show(canvas, residual())
    card = canvas.scene.cards["conv2d_1"]
    assert card.opacity() < 1
    canvas.scene.dim({"conv2d_1": "because"})
    qtbot.waitUntil(lambda: not canvas.scene.glide.is_running)
    assert card.opacity() == pytest.approx(0.3)


# ---- overview


def test_the_overview_is_there_when_it_is_needed_and_moves_the_view(qtbot, canvas):
    show(canvas, residual())
    assert canvas.overview.isHidden(), "all of it is seen"
    show(canvas, fitted("mobilenet-v2", FACTS))
    assert canvas.overview.isVisible()
    assert canvas.overview.geometry().right() < canvas.width()
    canvas.grab()
    bar = canvas.view.verticalScrollBar()
    bottom = QPoint(canvas.overview.width() // 2, canvas.overview.height() - 8)
    qtbot.mouseClick(canvas.overview, LEFT, pos=bottom)
    assert bar.value() > 0.8 * bar.maximum()
    for place in (bottom, QPoint(bottom.x(), 10)):
        move = QMouseEvent(
            QEvent.Type.MouseMove, place, canvas.overview.mapToGlobal(place), LEFT, LEFT, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(canvas.overview, move)
    assert bar.value() < 0.2 * bar.maximum()
    canvas.fit()
    assert canvas.overview.isHidden()


def test_the_overview_leaves_a_narrow_canvas_alone(canvas):
    show(canvas, fitted("mobilenet-v2", FACTS))
    canvas.resize(420, 500)
    assert canvas.overview.isHidden()


# ---- bars


def test_bars_say_what_layers_cost(canvas):
    show(canvas, residual())
    card = canvas.scene.cards["residual_1"]
    canvas.set_costs({})
    before = canvas.grab().toImage()
    canvas.set_costs({"residual_1": Cost(1.0, "12 ms"), "conv2d_1": Cost(0.25, "3 ms")})
    assert card._number() == "12 ms"
    assert canvas.grab().toImage() != before
    canvas.set_costs({})
    assert canvas.grab().toImage() == before


# ---- the picture


@pytest.mark.parametrize("name", ["lenet", "small-inception"])
def test_the_picture_is_saved_as_svg_and_png(canvas, tmp_path, name):
    show(canvas, fitted(name, FACTS))
    canvas.select("conv2d_1")
    canvas.set_opened(canvas.scene.all_blocks())
    content = svg_bytes(canvas.scene, 'A <name> & "more"')
    root = ElementTree.fromstring(content)
    assert root.tag.endswith("svg")
    words = "".join(text for node in root.iter() if (text := node.text))
    assert "Convolution" in words, "text stays text"
    renderer = QSvgRenderer(content)
    assert renderer.isValid() and renderer.defaultSize().height() > 300
    image = QImage.fromData(png_bytes(canvas.scene))
    assert image.width() == pytest.approx(2 * renderer.viewBoxF().width(), abs=4)
    assert len({image.pixel(x, image.height() // 2) for x in range(0, image.width(), 3)}) > 3, "something is drawn"
    assert canvas.selected_id() == "conv2d_1", "what is saved is not the selection"
    for suffix in (".svg", ".png"):
        save_picture(canvas.scene, tmp_path / f"n{suffix}", "n")
    assert (tmp_path / "n.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(EngineError, match="could not be saved"):
        save_picture(canvas.scene, tmp_path / "none" / "n.svg")


def test_a_very_long_network_still_fits_into_an_image(canvas):
    layers = [("image", {}), *[("relu", {})] * 400, ("global_avg_pool", {}), ("classes", {})]
    show(canvas, chain(layers))
    image = QImage.fromData(png_bytes(canvas.scene))
    assert 0 < image.height() <= 16_001


# ---- links by keys


def test_a_link_is_made_by_keys(qtbot, canvas):
    show(canvas, chain([("image", {}), ("conv2d", {}), ("conv2d", {}), ("add", {}), ("flatten", {}), ("classes", {})]))
    canvas.set_judge(lambda source, target: why_not(canvas.network, source, target))
    heard = []
    canvas.connect_wanted.connect(lambda *ends: heard.append(ends))
    canvas.select("conv2d_1")
    qtbot.keyClick(canvas.view, Qt.Key.Key_C)
    assert canvas.scene.rubber.isVisible() and canvas.scene.cards["image_1"].opacity() < 1
    seen = set()
    for _ in range(6):
        seen.add(canvas.view._cable.target)
        if canvas.view._cable.target == "add_1":
            break
        qtbot.keyClick(canvas.view, Qt.Key.Key_Down)
    assert "image_1" not in seen, "what cannot take it is passed over"
    qtbot.keyClick(canvas.view, Qt.Key.Key_Return)
    assert heard == [("conv2d_1", "add_1")]
    assert not canvas.scene.rubber.isVisible() and canvas.scene.cards["image_1"].opacity() == 1
    qtbot.keyClick(canvas.view, Qt.Key.Key_C)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Up)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Escape)
    assert len(heard) == 1 and not canvas.scene.rubber.isVisible()
    canvas.select("classes_1")
    qtbot.keyClick(canvas.view, Qt.Key.Key_C)
    assert not canvas.scene.rubber.isVisible(), "nothing follows the output"


# ---- free layers, menus of links and ground


def drop(canvas, kind, place: QPoint):
    data = layer_mime(kind)
    no_keys = Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(place), Qt.DropAction.CopyAction, data, LEFT, no_keys)
    canvas.view.dragMoveEvent(event)
    shown = canvas.scene.marker.isVisible()
    canvas.view.dropEvent(event)
    return shown


def test_far_from_every_gap_a_layer_stands_by_itself(canvas):
    show(canvas, residual())
    heard = []
    canvas.add_free_wanted.connect(lambda kind: heard.append(("free", kind)))
    canvas.insert_wanted.connect(lambda after, kind: heard.append((after, kind)))
    beside = at(canvas, QPointF(360, canvas.scene.cards["conv2d_1"].y()))
    assert not drop(canvas, "conv2d", beside), "no line says that it would go into a gap"
    near = at(canvas, QPointF(0, canvas.scene.cards["residual_1"].y() - 6))
    assert drop(canvas, "conv2d", near)
    drop(canvas, "classes", beside)
    assert heard == [("free", "conv2d"), ("conv2d_1", "conv2d"), ("classes_1", "classes")]


def menu_at(canvas, place: QPoint):
    where = canvas.view.viewport().mapToGlobal(place)
    QApplication.sendEvent(canvas.view.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, where))
    return {action.text(): action for action in canvas.view.menu.actions() if action.text()}


def test_the_menu_of_a_link_and_of_the_ground(qtbot, canvas):
    show(canvas, attach(chain([("image", {}), ("conv2d", {}), ("relu", {}), ("add", {})]), "conv2d_1", "add_1"))
    heard = []
    canvas.disconnect_wanted.connect(lambda key: heard.append(tuple(key)))
    skip = next(key for key in canvas.scene._links if (key.source, key.target) == ("conv2d_1", "add_1"))
    x, y = canvas.scene._drawing.routes[skip].points[1]
    actions = menu_at(canvas, at(canvas, QPointF(x, y + 20)))
    assert canvas.scene.selected_link == skip
    actions["Disconnect"].trigger()
    canvas.view.menu.close()
    assert heard == [("conv2d_1", "add_1", 1)]
    actions = menu_at(canvas, at(canvas, QPointF(x, y + 20)))
    actions["Add a layer here…"].trigger()
    canvas.view.menu.close()
    popup = canvas.findChild(QuickAdd)
    inserted = []
    canvas.insert_on_link_wanted.connect(lambda key, kind: inserted.append((tuple(key), kind)))
    qtbot.keyClicks(popup.search, "batch")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert inserted == [(("conv2d_1", "add_1", 1), "batch_norm")]
    actions = menu_at(canvas, QPoint(5, 690))
    assert "Disconnect" not in actions
    actions["Select all"].trigger()
    canvas.view.menu.close()
    assert len(canvas.selection()) == 4
