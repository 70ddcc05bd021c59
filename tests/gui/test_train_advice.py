"""Advice around a training: experiments and whether they helped, layer lights, the rate finder, suggested values."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QPushButton
from real_studio import PATIENCE, open_project, running_studio, small_project, train, until

from engine.errors import EngineError
from engine.spec import Chosen
from engine.spec.network import chain
from engine.train import layer_health
from engine.train.defaults import is_untouched, with_defaults
from engine.train.device import device_use, machine
from engine.train.diagnosis import Diagnosis
from engine.train.finder import FoundRate
from engine.train.layer_health import LayersSeen, LayerState, judged
from engine.train.next_step import next_steps
from gui.jobs import Failed
from gui.pages.network import NetworkPage
from gui.pages.shared.layer_words import layer_sentence
from gui.pages.train import TrainPage, layers
from gui.pages.train.diagnosis.next_words import step_text


@pytest.fixture
def studio(qtbot):
    with running_studio() as studio:
        yield studio


@pytest.fixture
def opened(qtbot, studio, picture_folder, tmp_path):
    """A project whose learning rate is far too low."""
    spec = small_project(picture_folder, epochs=4, learning_rate=1e-7)
    open_project(qtbot, studio, spec, tmp_path / "p" / "T.atelier")
    return studio


@pytest.fixture
def page(qtbot, opened):
    page = TrainPage(opened)
    qtbot.addWidget(page)
    page.resize(1200, 900)
    page.show()
    qtbot.waitUntil(page.isVisible)
    return page


def named(page, name: str) -> QPushButton:
    return page.findChild(QPushButton, name)


# ---- experiments


def test_pressing_the_experiment_trains_a_child_and_says_whether_it_helped(qtbot, opened, page):
    train(qtbot, opened)
    step = named(page, "train.diagnosis.step1")
    until(qtbot, step.isVisible)
    assert page.diagnosis.title.text() == "Learning rate too low"
    assert "1e-7" in page.diagnosis.words.text() and "0.001 is usual" in page.diagnosis.words.text()
    assert step.text() == step.accessibleName() == "Try learning rate 0.001"
    with qtbot.waitSignal(opened.training.ended, timeout=PATIENCE):
        step.click()
    child = next(info for info in opened.training.runs if info.number == 2)
    assert (child.parent, child.label) == (1, "Try learning rate 0.001")
    assert opened.document.recipe.learning_rate == 0.001  # the project follows
    until(qtbot, page.diagnosis.helped.isVisible)
    words = page.diagnosis.helped.text()
    assert " run 1" in words and "(on " in words and "95 %:" in words and "images" in words
    opened.document.undo_stack.undo()
    assert opened.document.recipe.learning_rate == 1e-7


def test_a_project_that_was_changed_since_stays_as_it_is(qtbot, opened, page):
    train(qtbot, opened)
    until(qtbot, named(page, "train.diagnosis.step1").isVisible)
    changed = replace(opened.document.recipe, learning_rate=0.02)
    opened.document.edit("x", recipe=changed)
    with qtbot.waitSignal(opened.training.ended, timeout=PATIENCE):
        named(page, "train.diagnosis.step1").click()
    assert opened.document.recipe == changed
    assert opened.training.runs[0].parent == 1


def test_no_experiment_is_offered_while_a_run_is_at_work(qtbot, opened, page):
    with qtbot.waitSignal(opened.training.epoch_done, timeout=PATIENCE):
        opened.training.start()
    page.diagnosis.show_run(opened.training)
    step = named(page, "train.diagnosis.step1")
    assert opened.training.state == "idle" or not step.isVisible() or not step.isEnabled()
    opened.training.close()


def test_a_run_that_broke_in_its_first_epoch_is_judged(qtbot, opened, page):
    unbounded = [("image", {}), ("conv2d", {"filters": 4}), ("conv2d", {"filters": 4}), ("flatten", {})]
    network = chain([*unbounded, ("dense", {"units": 8}), ("classes", {})])
    recipe = replace(opened.document.recipe, learning_rate=100.0, optimizer=Chosen("sgd"), schedule=Chosen("constant"))
    recipe = replace(recipe, batch_size=1)  # many steps before the first epoch ends
    opened.document.edit("x", network=network, recipe=recipe)
    train(qtbot, opened)
    assert not opened.training.epochs
    until(qtbot, lambda: page.diagnosis.title.text() == "Diverged")
    assert page.diagnosis.isVisible()
    assert named(page, "train.diagnosis.step1").text() == "Try learning rate 0.05"  # the usual one of this optimizer


def test_every_experiment_has_words(picture_folder):
    project = small_project(picture_folder)
    project = replace(project, data=replace(project.data, classes=("disc", "stripes")))
    seen = set()
    codes = ("rate_too_high", "rate_too_low", "collapse", "too_few", "overfitting", "overconfident", "underfitting")
    for code in (*codes, "plateau"):
        for step in next_steps(Diagnosis(code, chance=0.9), project):
            seen.add(step.name)
            assert step_text(step) and "{" not in step_text(step)
    assert len(seen) >= 8


# ---- layers


def seen(*layers: LayerState) -> LayersSeen:
    return LayersSeen(1, 7, 32, judged(layers))


def test_a_training_tells_of_its_layers(qtbot, opened, page, monkeypatch):
    monkeypatch.setattr(layer_health, "EVERY", 0.0)
    opened.document.edit("x", recipe=replace(opened.document.recipe, epochs=400))
    assert not page.layers.isVisible()
    with qtbot.waitSignal(opened.training.layers_seen, timeout=PATIENCE):
        opened.training.start()
    until(qtbot, page.layers.isVisible)
    assert "●" in page.layers.words.text()
    table = page.layers.open_table()
    assert table.model.rowCount() == len(opened.training.layers.layers) > 0
    assert "on one batch of" in table.about.text() and "compiled" not in table.about.text()
    compiled = replace(opened.document.spec, recipe=replace(opened.document.recipe, compiled=True))
    monkeypatch.setattr(layers, "spec_of", lambda folder: compiled)
    table.refresh()
    assert "silent and saturated units are not measured" in table.about.text()
    opened.training.close()


def test_lights_of_an_earlier_epoch_say_so(qtbot, opened, page):
    opened.document.edit("x", recipe=replace(opened.document.recipe, epochs=4))
    opened.training.start()
    until(qtbot, lambda: not opened.training.is_active)
    until(qtbot, page.layers.isVisible)
    assert opened.training.layers.epoch == 4, "the last step of all is looked at"
    assert page.layers.words.text().startswith("Layers: ")
    opened.training.layers = replace(opened.training.layers, epoch=2)
    page.layers.refresh()
    assert page.layers.words.text().startswith("Layers at epoch 2: ")


def test_cards_have_lights_while_their_network_trains(qtbot, opened, monkeypatch):
    monkeypatch.setattr(layer_health, "EVERY", 0.0)
    network = NetworkPage(opened)
    qtbot.addWidget(network)
    opened.document.edit("x", recipe=replace(opened.document.recipe, epochs=10_000))
    with qtbot.waitSignal(opened.training.layers_seen, timeout=PATIENCE):
        opened.training.start()
    cards = network.canvas.scene.cards
    until(qtbot, lambda: any(card._light is not None for card in cards.values()))
    state = opened.training.layers.layers[0]
    assert layer_sentence(state) in cards[state.node_id].toolTip()
    opened.use_template("lenet")  # another network than the one in training
    assert all(card._light is None for card in network.canvas.scene.cards.values())
    opened.document.undo_stack.undo()
    assert any(card._light is not None for card in network.canvas.scene.cards.values())
    opened.training.pause()
    until(qtbot, lambda: opened.training.state == "paused")
    later = NetworkPage(opened)
    qtbot.addWidget(later)
    assert any(card._light is not None for card in later.canvas.scene.cards.values()), "no news comes any more"
    opened.training.resume()
    opened.training.stop(True)
    until(qtbot, lambda: not opened.training.is_active)
    for cards in (network.canvas.scene.cards, later.canvas.scene.cards):
        assert any(card._light is not None for card in cards.values()), "the last look stays"
    opened.experiments.delete_for_good((opened.training.run.run,))
    assert all(card._light is None for card in network.canvas.scene.cards.values())


def test_every_finding_has_a_sentence():
    for finding in ("fine", "broken", "dead", "saturated", "no_gradient", "wild", "long", "short", "behind"):
        words = layer_sentence(LayerState("one", 1.0, 1.0, 0.2, 0.6, 0.7, "look", finding))
        assert words.endswith(".") and "{" not in words


def test_the_worst_layers_are_told_first(qtbot, opened, page):
    training = opened.training
    training.run, training.shown_run = SimpleNamespace(run=1, folder=None), 1
    training.layers = seen(LayerState("a", 1, 1, 1e-3), LayerState("b", dead=1.0), LayerState("c", 1, 1, 1e-3))
    page.layers.refresh()
    text = page.layers.words.text()
    assert text.index("bad") < text.index("good") and "2&nbsp;good" in text
    assert page.layers.words.toolTip().startswith("b:")


def test_lights_are_there_again_when_the_project_is_opened_anew(qtbot, opened, page, monkeypatch):
    monkeypatch.setattr(layer_health, "EVERY", 0.0)
    monkeypatch.setattr(layer_health, "SHARE", 1.0)
    train(qtbot, opened)
    until(qtbot, page.layers.isVisible)
    words, path = page.layers.words.text(), opened.document.path
    opened.save()
    with running_studio() as later:
        later.document.open(path)
        again, network = TrainPage(later), NetworkPage(later)
        for widget in (again, network):
            qtbot.addWidget(widget)
        assert not again.layers.isHidden() and again.layers.words.text() == words
        cards = network.canvas.scene.cards.values()
        assert any(card._light is not None for card in cards)
        table = again.layers.open_table()
        last, epochs = table.about.text(), later.training.epochs
        assert f"(epoch {len(epochs)})" in last
        later.replay(1, 2)
        assert "(epoch 2)" in table.about.text()
        later.replay(None, None)
        assert table.about.text() == last
        later.training.show_run(1)
        later.experiments.delete_for_good((1,))
        assert again.layers.isHidden() and all(card._light is None for card in cards)


def test_a_run_keeps_its_lights_when_the_next_is_trained(qtbot, opened, page, monkeypatch):
    train(qtbot, opened)
    until(qtbot, page.layers.isVisible)
    first = page.layers.words.text()
    train(qtbot, opened)
    until(qtbot, lambda: opened.training.shown_run == 2 and page.layers.isVisible())
    opened.training.show_run(1)
    assert page.layers.isVisible() and page.layers.words.text() == first
    table = page.layers.open_table()
    assert table.model._texts(table.model.layers[0])[0] == "3  Dense"


# ---- the finder


def test_the_finder_suggests_a_rate_and_takes_it_in_one_step(qtbot, opened, page):
    steps = opened.document.undo_stack.count()
    panel = page.recipe.open_finder()
    until(qtbot, lambda: not panel.is_running)
    assert isinstance(panel.found, FoundRate), panel.words.text()
    assert panel.take.isEnabled() and f"{panel.found.rate:g}" in panel.take.text()
    rate = panel.found.rate
    panel.take.click()
    assert opened.document.recipe.learning_rate == rate
    assert opened.document.undo_stack.count() == steps + 1
    opened.document.undo_stack.undo()
    assert opened.document.recipe.learning_rate == 1e-7
    assert not opened.training.runs  # no run was made


def test_cancelling_the_finder_changes_nothing_and_ends_its_thread(qtbot, opened, page):
    panel = page.recipe.open_finder()
    assert page.recipe.open_finder() is panel  # one at a time
    panel.cancel.click()
    assert page.recipe.finder is None
    assert opened.document.recipe.learning_rate == 1e-7


def test_the_finder_refuses_while_training(qtbot, opened, page):
    with qtbot.waitSignal(opened.training.started, timeout=PATIENCE):
        opened.training.start()
    if opened.training.is_active:
        assert not named(page, "recipe.learning_rate.find").isEnabled()
        panel = page.recipe.open_finder()
        assert not panel.is_running and "training is running" in panel.words.text()
        panel.cancel.click()
    opened.training.close()


def test_a_training_that_starts_ends_the_finder(qtbot, opened, page):
    panel = page.recipe.open_finder()
    assert panel.is_running
    opened.training.start()
    assert not panel.is_running
    assert "ended" in panel.words.text() and not panel.take.isEnabled()
    opened.training.close()
    panel.cancel.click()


def test_what_the_finder_cannot_do_is_told(qtbot, opened, page):
    panel = page.recipe.open_finder()
    panel._runner.close()
    panel._on_ended(Failed(EngineError("No rate.", fix="Try it."), ""))
    assert panel.words.text() == "No rate. Try it."
    panel.cancel.click()


# ---- suggested values


def test_suggestions_have_reasons_and_are_taken_in_one_step(qtbot, opened, page):
    box = page.recipe.suggestions
    assert box.isVisible() and box.fold.header.text() == "Suggested values"
    before, steps = opened.document.spec, opened.document.undo_stack.count()
    named(page, "recipe.suggest").click()
    assert opened.document.spec == with_defaults(before, 16) != before
    assert opened.document.undo_stack.count() == steps + 1
    assert box.fold.header.text() == "Why these values?"
    assert box.button.isHidden()
    head, reason = box._labels["batch_size"]
    assert head.text() == "Batch size: 16" and reason.text().startswith("Few images")
    opened.document.undo_stack.undo()
    assert opened.document.spec == before


def test_a_new_project_gets_what_suits_it_without_a_step_to_undo(qtbot, studio, picture_folder):
    studio.start_from_folder(picture_folder)
    until(qtbot, lambda: studio.data.state == "ready")
    document = studio.document
    assert not is_untouched(document.spec) and document.recipe.batch_size == 16
    assert document.undo_stack.count() == 0
    studio.use_template("mlp")
    assert document.recipe.learning_rate < 0.002  # no normalisation any more
    document.undo_stack.undo()
    assert document.recipe.learning_rate >= 0.002


def test_a_recipe_that_somebody_chose_stays(qtbot, studio, picture_folder):
    studio.start_from_folder(picture_folder)
    until(qtbot, lambda: studio.data.state == "ready")
    mine = replace(studio.document.recipe, learning_rate=0.0123)
    studio.document.edit("x", recipe=mine)
    studio.use_template("mlp")
    assert studio.document.recipe == mine


# ---- the device


def test_the_device_is_told_in_words(qtbot, opened, page):
    assert page.device.words.isHidden()
    opened.set_machine(machine())
    use = device_use("auto")
    assert use.words in page.device.words.text() and "busy" in page.device.words.text()
    assert page.device.why.text() == use.reason
    opened.document.edit("x", recipe=replace(opened.document.recipe, epochs=10_000))
    opened.training.start()
    until(qtbot, lambda: page.device.why.text() == "float32 · batches of 8")
    tip = page.device.why.toolTip().splitlines()
    assert tip[1:] == [use.reason, "float32 (chosen by hand)", "batches of 8 (as the recipe says)"]
    opened.training.close()
    opened.document.edit("x", recipe=replace(opened.document.recipe, device="mps"))
    if "Apple" not in use.words:
        assert "no Apple graphics processor" in page.device.problem.text() and page.device.words.isHidden()
