"""The canvas: it draws what the report says, touches only what changed, and asks for edits by mouse and keys."""

import time

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.compile import Facts, infer
from engine.spec.network import chain, connect, move_after, remove, set_label, set_param
from engine.templates import fitted
from gui.canvas import NetworkCanvas, layer_mime
from gui.canvas.card import LayerCard
from gui.canvas.face import faces
from gui.canvas.kinds import by_family, find_kinds
from gui.canvas.menu import LayerMenu
from gui.canvas.quick_add import QuickAdd
from gui.canvas.volume import block
from gui.theme import theme

FACTS = Facts((3, 64, 64), 2)


def small():
    """Image, convolution, ReLU, flatten, dense, classes."""
    return chain([("image", {}), ("conv2d", {}), ("relu", {}), ("flatten", {}), ("dense", {}), ("classes", {})])


@pytest.fixture
def canvas(qtbot):
    canvas = NetworkCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(600, 700)
    with qtbot.waitExposed(canvas):
        canvas.show()
    show(canvas, small())
    canvas.view.setFocus()
    return canvas


def show(canvas, network):
    canvas.set_network(network, infer(network, FACTS))


def heard_from(canvas):
    heard = []
    for name in ("selected", "insert_wanted", "move_wanted", "remove_wanted", "duplicate_wanted"):
        getattr(canvas, name).connect(lambda *values, name=name: heard.append((name, *values)))
    return heard


def middle_of(canvas, node_id) -> QPoint:
    """The middle of a card in the viewport."""
    card = canvas.scene.cards[node_id]
    return canvas.view.mapFromScene(card.pos() + QPointF(40, card.height / 2))


def gap_after(canvas, node_id) -> QPoint:
    return canvas.view.mapFromScene(QPointF(0, next(g.y for g in canvas.scene.gaps() if g.after == node_id)))


# ---- what is drawn


def test_cards_say_what_the_report_says(canvas):
    cards = canvas.scene.cards
    assert canvas.order() == ("image_1", "conv2d_1", "relu_1", "flatten_1", "dense_1", "classes_1")
    assert cards["image_1"].face.said == "colour, 64 × 64" and cards["image_1"].face.shape_text == "3 × 64 × 64"
    conv = cards["conv2d_1"].face
    assert (conv.title, conv.said, conv.parameters_text) == ("Convolution", "32 filters 3×3, stride 1, same", "896")
    assert cards["relu_1"].face.parameters_text == ""
    heights = [cards[node_id].y() for node_id in canvas.order()]
    assert heights == sorted(heights) and len(set(heights)) == 6


def test_an_own_name_stands_before_the_kind(canvas):
    show(canvas, set_label(small(), "conv2d_1", "Edges"))
    face = canvas.scene.cards["conv2d_1"].face
    assert face.title == "Edges" and face.said.startswith("Convolution · 32 filters")


def test_a_problem_stands_on_its_card_and_makes_room(canvas):
    before = canvas.scene.cards["dense_1"].height
    show(canvas, remove(small(), ["flatten_1"]))
    card = canvas.scene.cards["dense_1"]
    assert card.face.problem == "A dense layer needs a flat list of numbers."
    assert "Flatten" in card.toolTip()
    assert card.height >= before
    assert canvas.scene.cards["classes_1"].face.problem == "", "the cause is shown, not its consequences"
    assert canvas.scene.cards["classes_1"].face.shape_text == "–"
    bottoms = {node_id: c.y() + c.height for node_id, c in canvas.scene.cards.items()}
    assert bottoms["dense_1"] < canvas.scene.cards["classes_1"].y()


def test_an_unknown_layer_is_drawn(canvas):
    show(canvas, chain([("image", {}), ("of_the_future", {}), ("classes", {})]))
    card = canvas.scene.cards["of_the_future_1"]
    assert card.face.title == "of_the_future" and card.face.problem
    canvas.grab()


def test_a_graph_and_a_loop_are_drawn_too(canvas):
    graph = connect(small(), "dense_1", ["flatten_1", "image_1"])
    show(canvas, graph)
    assert len(canvas.scene._links) == 6
    bows = [link for link in canvas.scene._links.values() if link._route.is_skip]
    assert len(bows) == 1 and bows[0].path().boundingRect().left() < canvas.scene.cards["image_1"].frame().left()
    assert canvas.scene.sceneRect().left() < bows[0].path().boundingRect().left()
    show(canvas, connect(small(), "conv2d_1", ["relu_1"]))
    assert set(canvas.order()) == {node.id for node in small().nodes}
    canvas.grab()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 64, 64), (4096, 512, 512), (10,), (1,), (200_000,), (28, 64)])
def test_blocks_of_any_shape_stay_small_and_visible(shape):
    assert all(2 < length <= 30 for length in block(shape))


def test_halving_a_picture_makes_its_block_smaller():
    assert block((32, 32, 32))[0] < block((32, 64, 64))[0]
    assert block((64, 32, 32))[2] > block((32, 32, 32))[2]


def test_both_looks_and_larger_text_can_be_painted(canvas):
    try:
        for mode, scale in (("light", 1.0), ("dark", 1.5), ("dark", 1.0)):
            theme().set_mode(mode)
            theme().set_scale(scale)
            assert not canvas.grab().isNull()
            card = canvas.scene.cards["image_1"]
            assert canvas.scene.cards["conv2d_1"].y() > card.y() + card.height
    finally:
        theme().set_scale(None)
        theme().set_mode("system")


# ---- only what changed is touched


def long_network(blocks: int):
    layers = [("conv2d", {"filters": 8}), ("batch_norm", {}), ("relu", {})] * blocks
    return chain([("image", {}), *layers, ("global_avg_pool", {}), ("classes", {})])


def test_an_edit_touches_only_what_changed(canvas, monkeypatch):
    network = long_network(66)  # 201 layers
    show(canvas, network)
    cards = dict(canvas.scene.cards)
    links = dict(canvas.scene._links)
    shown = []
    original = LayerCard.show_face
    monkeypatch.setattr(LayerCard, "show_face", lambda card, face: shown.append(card.node_id) or original(card, face))
    show(canvas, set_param(network, "conv2d_30", "dilation", 2))
    assert shown == ["conv2d_30"], "only its own words changed: the shapes behind it are the same"
    assert all(canvas.scene.cards[node_id] is card for node_id, card in cards.items())
    assert all(canvas.scene._links[ends] is link for ends, link in links.items())
    shown.clear()
    show(canvas, network)
    show(canvas, network)
    assert shown == ["conv2d_30"]


def test_two_hundred_layers_stay_quick(canvas):
    network = long_network(66)
    started = time.perf_counter()
    show(canvas, network)
    first = time.perf_counter() - started
    best = min(timed(lambda n=n: show(canvas, set_param(network, "conv2d_30", "filters", n))) for n in (9, 10, 11, 12))
    assert best < max(0.05, first), (best, first)


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def test_removed_layers_leave_nothing_behind(canvas):
    show(canvas, remove(small(), ["relu_1"]))
    assert "relu_1" not in canvas.scene.cards
    cards = [item for item in canvas.scene.items() if isinstance(item, LayerCard)]
    assert len(cards) == 5 and len(canvas.scene._links) == 4


# ---- mouse


def test_a_click_selects_and_beside_the_cards_deselects(qtbot, canvas):
    heard = heard_from(canvas)
    qtbot.mouseClick(canvas.view.viewport(), Qt.MouseButton.LeftButton, pos=middle_of(canvas, "relu_1"))
    assert canvas.selected_id() == "relu_1"
    qtbot.mouseClick(canvas.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(3, 300))
    assert heard == [("selected", "relu_1"), ("selected", "")]


def drag(qtbot, canvas, node_id, target: QPoint, *, release: bool = True):
    viewport, start = canvas.view.viewport(), middle_of(canvas, node_id)
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for part in (0.1, 0.4, 0.7, 1.0):
        QTest.mouseMove(viewport, start + (target - start) * part)
        QApplication.processEvents()
    if release:
        QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=target)


def test_dragging_a_card_asks_for_the_move(qtbot, canvas):
    heard = heard_from(canvas)
    drag(qtbot, canvas, "relu_1", gap_after(canvas, "dense_1") + QPoint(40, 0))
    assert heard == [("selected", "relu_1"), ("move_wanted", "relu_1", "dense_1")]
    network = move_after(small(), "relu_1", "dense_1")
    show(canvas, network)
    assert canvas.order()[-2:] == ("relu_1", "classes_1")
    assert canvas.selected_id() == "relu_1"


def test_a_ghost_and_a_marker_show_where_it_will_land(qtbot, canvas):
    target = gap_after(canvas, "dense_1") + QPoint(40, 0)
    drag(qtbot, canvas, "relu_1", target, release=False)
    assert canvas.scene.marker.isVisible()
    assert canvas.scene.marker.y() == pytest.approx(next(g.y for g in canvas.scene.gaps() if g.after == "dense_1"))
    assert canvas.scene.cards["relu_1"].opacity() < 1
    heard = heard_from(canvas)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Escape)
    assert not canvas.scene.marker.isVisible() and canvas.scene.cards["relu_1"].opacity() == 1
    QTest.mouseRelease(canvas.view.viewport(), Qt.MouseButton.LeftButton, pos=target)
    assert heard == []


def test_a_card_that_disappears_in_the_hand_is_let_go(qtbot, canvas):
    target = gap_after(canvas, "dense_1") + QPoint(40, 0)
    drag(qtbot, canvas, "relu_1", target, release=False)
    show(canvas, remove(small(), ["relu_1"]))
    heard = heard_from(canvas)
    QTest.mouseMove(canvas.view.viewport(), target)
    QTest.mouseRelease(canvas.view.viewport(), Qt.MouseButton.LeftButton, pos=target)
    assert heard == [] and not canvas.scene.marker.isVisible()


def test_a_small_drag_moves_nothing(qtbot, canvas):
    heard = heard_from(canvas)
    drag(qtbot, canvas, "relu_1", middle_of(canvas, "relu_1") + QPoint(0, 14))
    assert heard == [("selected", "relu_1")]


def test_pictures_come_first_and_classes_last(canvas):
    scene = canvas.scene
    assert [gap.after for gap in scene.gaps("convolution")] == ["image_1", "conv2d_1", "relu_1", "flatten_1", "dense_1"]
    assert [gap.after for gap in scene.gaps("input")] == [None]
    assert [gap.after for gap in scene.gaps("output")] == ["classes_1"]
    assert scene.gaps("input", moving="image_1") == [] and scene.gaps("output", moving="classes_1") == []
    assert [gap.after for gap in scene.gaps("activation", moving="relu_1")] == ["image_1", "flatten_1", "dense_1"]


def test_the_plus_appears_in_the_gap_under_the_mouse_and_opens_the_search(qtbot, canvas):
    viewport, gap = canvas.view.viewport(), gap_after(canvas, "conv2d_1")
    QTest.mouseMove(viewport, gap)
    assert canvas.scene.plus.isVisible() and canvas.view.mapFromScene(canvas.scene.plus.pos()) == gap
    QTest.mouseMove(viewport, middle_of(canvas, "relu_1"))
    assert not canvas.scene.plus.isVisible()
    heard = heard_from(canvas)
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=gap)
    popup = canvas.findChild(QuickAdd)
    qtbot.keyClicks(popup.search, "max")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert heard == [("insert_wanted", "conv2d_1", "max_pool")]


def test_kinds_are_dropped_into_the_nearest_gap(canvas):
    heard = heard_from(canvas)
    drop(canvas, "dropout", gap_after(canvas, "flatten_1"))
    drop(canvas, "classes", gap_after(canvas, "conv2d_1"))
    assert heard == [("insert_wanted", "flatten_1", "dropout"), ("insert_wanted", "classes_1", "classes")]


def drop(canvas, kind: str, place: QPoint) -> bool:
    """Drop a layer kind; returns whether the canvas took it."""
    mime = layer_mime(kind)  # the event does not keep it alive
    copy, left, plain = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(place), copy, mime, left, plain)
    canvas.view.dropEvent(event)
    return event.isAccepted()


def test_other_drops_are_left_to_the_window(canvas):
    heard = heard_from(canvas)
    assert not drop(canvas, "no_such_kind", QPoint(5, 5)) and heard == []


# ---- keys


def test_arrow_keys_move_the_selection(qtbot, canvas):
    qtbot.keyClick(canvas.view, Qt.Key.Key_Down)
    assert canvas.selected_id() == "image_1"
    qtbot.keyClick(canvas.view, Qt.Key.Key_Down)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Down)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Up)
    assert canvas.selected_id() == "conv2d_1"
    qtbot.keyClick(canvas.view, Qt.Key.Key_End)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Down)
    assert canvas.selected_id() == "classes_1"
    assert "Layer 6 of 6: Classes" in canvas.view.accessibleDescription()
    qtbot.keyClick(canvas.view, Qt.Key.Key_Escape)
    assert canvas.selected_id() == ""


def test_keys_ask_for_edits(qtbot, canvas):
    canvas.select("relu_1")
    heard = heard_from(canvas)
    alt, ctrl = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(canvas.view, Qt.Key.Key_Down, alt)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Up, alt)
    qtbot.keyClick(canvas.view, Qt.Key.Key_D, ctrl)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Delete)
    assert heard == [
        ("move_wanted", "relu_1", "flatten_1"),
        ("move_wanted", "relu_1", "image_1"),
        ("duplicate_wanted", ["relu_1"]),
        ("remove_wanted", ["relu_1"]),
    ]


@pytest.mark.parametrize("key", [Qt.Key.Key_Plus, Qt.Key.Key_Insert])
def test_plus_and_insert_add_behind_the_selected_layer(qtbot, canvas, key):
    canvas.select("relu_1")
    heard = heard_from(canvas)
    qtbot.keyClick(canvas.view, key)
    popup = canvas.findChild(QuickAdd)
    qtbot.keyClick(popup.search, Qt.Key.Key_Down)
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert heard == [("insert_wanted", "relu_1", by_family()[1][1][0].name)]


def test_zoom_by_keys_and_fit(qtbot, canvas):
    ctrl = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(canvas.view, Qt.Key.Key_Plus, ctrl)
    assert canvas.zoom == pytest.approx(1.2)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Minus, ctrl)
    qtbot.keyClick(canvas.view, Qt.Key.Key_Minus, ctrl)
    assert canvas.zoom == pytest.approx(1 / 1.2)
    qtbot.keyClick(canvas.view, Qt.Key.Key_0, ctrl)
    assert canvas.zoom == pytest.approx(1.0)
    show(canvas, long_network(20))
    canvas.fit()
    seen = canvas.view.mapToScene(canvas.view.viewport().rect()).boundingRect()
    assert seen.top() <= 0 and seen.bottom() >= canvas.scene.cards["classes_1"].y()
    for _ in range(60):
        qtbot.keyClick(canvas.view, Qt.Key.Key_Plus, ctrl)
    assert canvas.zoom <= 2.5 + 1e-9
    canvas.grab()


def test_keys_of_the_canvas_come_before_the_windows(qtbot, canvas):
    stolen = []
    for keys in ("Ctrl+0", "Ctrl+D", "Ctrl+1"):
        shortcut = QShortcut(QKeySequence(keys), canvas.window())
        shortcut.activated.connect(lambda keys=keys: stolen.append(keys))
    canvas.activateWindow()
    qtbot.waitUntil(canvas.isActiveWindow)
    canvas.select("relu_1")
    canvas.set_zoom(0.5)
    heard = heard_from(canvas)
    for key in (Qt.Key.Key_0, Qt.Key.Key_D, Qt.Key.Key_1):
        qtbot.keyClick(canvas.view, key, Qt.KeyboardModifier.ControlModifier)
    assert canvas.zoom == pytest.approx(1.0) and heard == [("duplicate_wanted", ["relu_1"])]
    assert stolen == ["Ctrl+1"]


def test_zoom_by_the_wheel(canvas):
    window = canvas.window().windowHandle()
    place = QPointF(canvas.rect().center())
    QTest.wheelEvent(window, place, QPoint(0, 120), QPoint(), Qt.KeyboardModifier.ControlModifier)
    assert canvas.zoom == pytest.approx(1.2)


def test_a_narrow_canvas_shows_whole_cards_until_another_zoom_is_chosen(qtbot, canvas):
    for width in (300, 420, 600):
        canvas.resize(width, 700)
        seen = canvas.view.mapToScene(canvas.view.viewport().rect()).boundingRect()
        frame = canvas.scene.cards["conv2d_1"].frame()
        assert seen.left() <= frame.left() and frame.right() <= seen.right(), width
    assert canvas.zoom == pytest.approx(1.0)
    canvas.set_zoom(2.0)
    canvas.resize(320, 700)
    assert canvas.zoom == pytest.approx(2.0)
    canvas.reset_zoom()
    assert canvas.zoom < 1.0


# ---- menu of a layer


def menu_of(qtbot, canvas, node_id) -> LayerMenu:
    place = middle_of(canvas, node_id)
    viewport = canvas.view.viewport()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, viewport.mapToGlobal(place))
    QApplication.sendEvent(viewport, event)
    assert canvas.view.menu.isVisible()
    return canvas.view.menu


def test_the_menu_of_a_layer_asks_for_edits_and_says_the_keys(qtbot, canvas):
    heard = heard_from(canvas)
    for text in ("Duplicate", "Delete", "Move up", "Move down"):
        menu = menu_of(qtbot, canvas, "relu_1")
        actions = {action.text(): action for action in menu.actions() if action.text()}
        actions[text].trigger()
        menu.close()
    assert canvas.selected_id() == "relu_1"
    assert [entry for entry in heard if entry[0] != "selected"] == [
        ("duplicate_wanted", ["relu_1"]),
        ("remove_wanted", ["relu_1"]),
        ("move_wanted", "relu_1", "image_1"),
        ("move_wanted", "relu_1", "flatten_1"),
    ]
    keys = [actions[text].shortcut().toString() for text in ("Duplicate", "Delete", "Move up", "Move down")]
    assert keys == ["Ctrl+D", "Del", "Alt+Up", "Alt+Down"]
    assert all(actions[text].isShortcutVisibleInContextMenu() for text in ("Duplicate", "Delete", "Add after…"))


@pytest.mark.parametrize(("text", "after"), [("Add before…", "conv2d_1"), ("Add after…", "relu_1")])
def test_the_menu_opens_the_search_beside_the_layer(qtbot, canvas, text, after):
    menu = menu_of(qtbot, canvas, "relu_1")
    next(action for action in menu.actions() if action.text() == text).trigger()
    menu.close()
    heard = heard_from(canvas)
    popup = canvas.findChild(QuickAdd)
    qtbot.keyClicks(popup.search, "max")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert heard == [("insert_wanted", after, "max_pool")]


def test_the_menu_offers_only_what_is_possible(qtbot, canvas):
    allowed = {}
    for node_id in ("image_1", "classes_1"):
        menu = menu_of(qtbot, canvas, node_id)
        allowed[node_id] = [action.text() for action in menu.actions() if action.text() and action.isEnabled()]
        menu.close()
    assert allowed == {
        "image_1": ["Delete", "Copy", "Paste behind", "Connect with…", "Add after…"],
        "classes_1": ["Delete", "Copy", "Paste behind", "Add before…"],
    }


def test_the_menu_key_opens_the_menu_of_the_selected_layer(canvas):
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), QPoint(1, 1))
    QApplication.sendEvent(canvas.view.viewport(), event)
    assert canvas.view.menu.objectName() == "network.ground_menu"
    canvas.view.menu.close()
    canvas.select("relu_1")
    QApplication.sendEvent(canvas.view.viewport(), event)
    assert canvas.view.menu.isVisible() and isinstance(canvas.view.menu, LayerMenu)
    canvas.view.menu.close()


def test_the_selected_card_is_scrolled_to(canvas):
    show(canvas, long_network(30))
    canvas.select("classes_1")
    assert canvas.view.viewport().rect().contains(middle_of(canvas, "classes_1"))


# ---- search


@pytest.mark.parametrize(
    ("query", "first"),
    [("conv", "conv2d"), ("relu", "relu"), ("pool", "max_pool"), ("norm", "batch_norm"), ("glob", "global_avg_pool")],
)
def test_search_finds_what_is_meant(query, first):
    assert find_kinds(query)[0].name == first


def test_search_finds_by_family_and_explanation():
    assert {"sigmoid", "relu"} <= {kind.name for kind in find_kinds("activation")}
    assert "dense" in {kind.name for kind in find_kinds("fully")}
    assert find_kinds("xyzzy") == []


def test_faces_follow_templates():
    network = fitted("lenet", FACTS)
    assert list(faces(infer(network, FACTS))) == [node.id for node in network.nodes]
