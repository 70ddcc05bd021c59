"""What changed between two projects, in words."""

from dataclasses import replace

import pytest
from training_helpers import small_project

from engine.compile import Facts
from engine.params import params_of
from engine.spec import BlockSpec, Chosen, DataEdits, RecipeSpec
from engine.spec.network import remove, set_param
from engine.templates import fitted
from engine.train.changes import changes_between, in_one_line


@pytest.fixture
def project(picture_folder):
    return small_project(picture_folder)


def words(before, after) -> list[str]:
    return [str(change) for change in changes_between(before, after)]


def with_recipe(project, **changes):
    return replace(project, recipe=replace(project.recipe, **changes))


def test_nothing_changed_is_nothing_said(project):
    assert words(project, replace(project, notes="other")) == [] and in_one_line(()) == ""


def test_settings_are_said_as_on_their_form(project):
    after = with_recipe(project, learning_rate=0.0003, patience=4)
    assert words(project, after) == ["learning rate 0.001 → 0.0003", "early stopping off → 4 epochs"]


def test_every_setting_of_the_recipe_is_told(project):
    for setting in params_of(RecipeSpec):
        others = [choice for choice in setting.choices if choice != getattr(project.recipe, setting.name)]
        if setting.sort == "switch":
            others = [not getattr(project.recipe, setting.name)]
        if setting.sort in ("integer", "number"):
            others = [value for value in (setting.low, setting.high) if value != getattr(project.recipe, setting.name)]
        (change,) = changes_between(project, with_recipe(project, **{setting.name: others[0]}))
        assert (change.part, change.label) == ("recipe", setting.label) and change.before != change.after


def test_another_optimizer_and_its_settings(project):
    other = with_recipe(project, optimizer=Chosen("sgd"))
    assert words(project, other) == ["optimizer AdamW → SGD with momentum"]
    assert words(other, with_recipe(other, optimizer=Chosen("sgd", {"momentum": 0.5}))) == [
        "SGD with momentum, momentum 0.9 → 0.5"
    ]


def test_augmentations_come_and_go(project):
    data = replace(project.data, augment=(Chosen("mirror"), Chosen("zoom"), Chosen("shift")))
    said = words(project, replace(project, data=data))
    assert len(said) == 2 and said[0].startswith("augmentation") and said[0].endswith("removed")
    assert said[1].endswith("added")
    turned = replace(project.data, augment=tuple(reversed(project.data.augment)))
    assert len(words(project, replace(project, data=turned))) == 1


def test_layers_are_told_one_by_one_and_another_network_at_once(project):
    network = project.network
    conv = next(node for node in network.nodes if node.kind == "conv2d")
    more = replace(project, network=set_param(network, conv.id, "filters", 8))
    (change,) = words(project, more)
    assert "filters 4 → 8" in change and conv.id in change
    less = replace(project, network=remove(network, [n.id for n in network.nodes if n.kind == "dropout"]))
    assert any("removed" in said for said in words(project, less))
    (change,) = words(project, replace(project, network=fitted("mlp", Facts((3, 16, 16), 2))))
    assert change.startswith("network drawn by hand, ") and " → " in change


def test_edits_of_images_and_another_source_are_told(project):
    data = replace(project.data, edits=DataEdits(left_out=("a.png",)), source=Chosen("drawn"))
    said = words(project, replace(project, data=data))
    assert len(said) == 2 and any(text.startswith("images ") for text in said)


def test_small_numbers_are_written_as_in_their_field(project):
    assert words(project, with_recipe(project, learning_rate=1e-5)) == ["learning rate 0.001 → 1e-5"]


def test_a_unit_is_said_once(project):
    before, after = with_recipe(project, batch_size=32), with_recipe(project, batch_size=48)
    assert words(before, after) == ["batch size 32 → 48 images"]
    assert words(with_recipe(project, batch_size=0), after) == ["batch size automatic → 48 images"]


def test_a_line_of_a_list_holds_the_first_and_counts_the_rest(project):
    changed = with_recipe(project, learning_rate=0.1, epochs=9, seed=4, patience=2, batch_size=7)
    line = in_one_line(changes_between(project, changed))
    assert line.count(", ") == 3 and line.endswith("2 more")


def test_a_block_of_the_users_own_is_told(project):
    other = replace(project, network=replace(project.network, blocks=(BlockSpec("mine", "Mine"),)))
    (change,) = words(project, other)
    assert change == "block “Mine” added"
