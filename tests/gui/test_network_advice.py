"""Advice on the network's place: on the card, in the inspector, and followed by a button."""

import pytest
from PySide6.QtCore import Qt

from engine.compile import Facts
from engine.compile.advice import advice
from engine.spec.network import chain
from engine.train.device import Machine
from gui.pages.network.improvements import improvements
from gui.pages.network.words import field_in_words

pytest_plugins = ["network_fixtures"]

SMALL = [("image", {}), ("conv2d", {"filters": 8, "stride": 4}), ("relu", {}), ("max_pool", {})]
UNBENT = chain([*SMALL, ("flatten", {}), ("dense", {"units": 16}), ("classes", {})])
NETWORKS = {
    "no-activation": UNBENT,
    "softmax-before-loss": chain([*SMALL, ("flatten", {}), ("dense", {"units": 16}), ("softmax", {}), ("classes", {})]),
    "one-dense-layer": chain(
        [("image", {}), ("conv2d", {}), ("relu", {}), ("flatten", {}), ("dense", {}), ("relu", {}), ("classes", {})]
    ),
    "shrunk-early": chain(
        [*SMALL, ("max_pool", {"kernel": 8}), ("conv2d", {}), ("relu", {}), ("flatten", {}), ("classes", {})]
    ),
    "short-sighted": chain(
        [("image", {})]
        + 3 * [("conv2d", {"filters": 4, "kernel": 9}), ("relu", {})]
        + [("global_avg_pool", {}), ("classes", {})]
    ),
}


@pytest.mark.parametrize("rule", sorted(NETWORKS))
def test_advice_is_shown_and_a_button_follows_it_in_one_step(qtbot, page, document, rule):
    document.edit("Draw", network=NETWORKS[rule])
    assert document.report.is_ready
    found = {one.rule: one for one in advice(document.report)}
    one = found[rule]
    assert one.what in page.canvas.scene.cards[one.node_id].toolTip()
    assert "hint" in page.status.text()
    shown = page.inspector.summary.advice.shown()
    assert one in shown
    page.select(one.node_id)
    box = page.inspector.layer.advice.boxes()[0]
    assert box.isVisible() and one.why in box.accessibleName()
    buttons = [button for button in box.buttons() if button.accessibleName() != "Show this layer"]
    assert buttons, "it says what to do, and does it"
    before, steps = document.network, document.undo_stack.count()
    qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    assert document.undo_stack.count() == steps + 1
    assert document.report.is_ready
    assert rule not in {left.rule for left in advice(document.report)}
    document.undo_stack.undo()
    assert document.network == before


def test_advice_leads_to_its_layer(qtbot, page, document):
    document.edit("Draw", network=UNBENT)
    page.select("")
    box = page.inspector.summary.advice.boxes()[0]
    show = next(button for button in box.buttons() if button.accessibleName() == "Show this layer")
    qtbot.mouseClick(show, Qt.MouseButton.LeftButton)
    assert page.canvas.selected_id() == "classes_1"


def test_improvements_that_do_not_help_are_not_offered(document):
    document.edit("Draw", network=UNBENT)
    one = advice(document.report)[0]
    document.edit("Smaller", network=UNBENT)
    for repair in improvements(document.network, document.report, one):
        assert repair.edit(document.network) != document.network


def test_the_status_line_knows_the_receptive_field_and_the_memory_of_the_machine(page, document, studio):
    page.window().resize(1900, 800)
    document.edit("Draw", network=UNBENT)
    assert "sees 7 × 7 of 64 × 64 px" in page.status.text()
    assert "fit" not in page.status.text(), "nothing is said while the machine is not known"
    studio.set_machine(Machine("Test GPU · 8 GB", 8 * 2**30))
    largest = document.report.largest_batch(8 * 2**30)
    assert document.report.memory(largest) <= 0.9 * 8 * 2**30 < document.report.memory(largest + 2)
    assert "fit" in page.status.text()
    assert page.inspector.summary.figure("batch").startswith("≈")
    studio.set_machine(Machine("Test", 1000))
    assert "not even one image fits" in page.status.text()


def test_a_network_that_sees_everything_says_so(page, document):
    wide = chain([("image", {}), ("conv2d", {"kernel": 31, "stride": 4}), ("conv2d", {"kernel": 31}), *SMALL[3:]])
    document.edit("Draw", network=wide)
    report = document.report
    assert report.facts == Facts((3, 64, 64), 2)
    assert field_in_words(report) == "sees the whole image"
