"""What is chosen for data and network, and why."""

from dataclasses import replace

import pytest

from engine.data.augment import AUGMENTATIONS
from engine.project import new_project, starting_spec
from engine.spec import Chosen, ProjectSpec
from engine.templates import templates
from engine.train.defaults import is_untouched, suggested, with_defaults


def project(template: str = "small-vgg", source: str = "drawn", classes=("a cat", "a dog"), **recipe) -> ProjectSpec:
    made = starting_spec(Chosen(source), template=template)
    return replace(made, data=replace(made.data, classes=classes), recipe=replace(made.recipe, **recipe))


def chosen(images: int = 1000, **of) -> dict:
    return {choice.name: choice.value for choice in suggested(project(**of), images)}


def reasons(images: int = 1000, **of) -> dict:
    return {choice.name: choice.reason for choice in suggested(project(**of), images)}


@pytest.mark.parametrize(("images", "size"), [(20, 16), (200, 16), (1000, 32), (5000, 32), (20_000, 64), (10**6, 128)])
def test_batches_grow_with_the_images(images, size):
    assert chosen(images)["batch_size"] == size


def test_normalised_networks_bear_longer_steps():
    assert chosen(template="small-vgg")["learning_rate"] == 0.003
    assert chosen(template="small-resnet")["learning_rate"] == 0.003
    assert chosen(template="mlp")["learning_rate"] == 0.001
    assert "normalisation" in reasons(template="small-vgg")["learning_rate"]
    assert "normalisation" not in reasons(template="mlp")["learning_rate"]


def test_deep_networks_without_normalisation_need_shorter_ones():
    assert chosen(template="vgg16")["learning_rate"] < 0.001
    assert "without normalisation" in reasons(template="vgg16")["learning_rate"]


def test_the_learning_rate_follows_the_optimizer_and_the_batch():
    sgd = Chosen("sgd")
    assert chosen(template="mlp", optimizer=sgd)["learning_rate"] == 0.05
    assert chosen(20_000, template="mlp", optimizer=sgd)["learning_rate"] == 0.1  # twice the batch, twice the rate
    assert chosen(10**6, template="mlp")["learning_rate"] == 0.002  # four times the batch, twice the rate
    assert "batches of 128 want longer steps" in reasons(10**6, template="mlp")["learning_rate"]


def test_an_unknown_optimizer_keeps_its_rate():
    assert chosen(optimizer=Chosen("of a later version"), learning_rate=0.7)["learning_rate"] == 0.7


@pytest.mark.parametrize("images", [1, 20, 600, 1000, 4000, 50_000, 10**7])
def test_epochs_lie_within_bounds_and_have_a_reason(images):
    found = chosen(images)
    assert 10 <= found["epochs"] <= 40 and found["epochs"] % 5 == 0
    assert chosen(10 * images)["epochs"] <= found["epochs"]


@pytest.mark.parametrize("classes", [("0", "1", "2"), ("A", "B"), ("zero", "One")])
def test_digits_and_letters_are_not_mirrored(classes):
    found = suggested(project(classes=classes), 1000)[-1]
    assert [one.kind for one in found.value] == ["rotate", "zoom"]
    assert "digits or letters" in found.reason


def test_photographs_are():
    assert "mirror" in [one.kind for one in chosen()["augment"]]
    assert "mirror" not in [one.kind for one in chosen(source="digits", classes=("x", "y1"))["augment"]]


@pytest.mark.parametrize("template", [one.name for one in templates()])
@pytest.mark.parametrize("images", [3, 100_000])
def test_every_template_gets_a_recipe_that_is_allowed(template, images):
    found = suggested(project(template=template), images)
    assert [choice.name for choice in found] == ["batch_size", "learning_rate", "epochs", "augment"]
    for choice in found:
        assert choice.reason.endswith(".") and choice.reason[0] == choice.reason[0].upper()
    assert all(one.kind in AUGMENTATIONS for one in found[-1].value)


def test_taking_them_twice_changes_nothing_more():
    once = with_defaults(project(), 630)
    assert with_defaults(once, 630) == once
    assert is_untouched(project()) and not is_untouched(once)


def test_a_new_project_has_them_and_the_networks_stay():
    made = new_project(Chosen("digits"))
    assert made == with_defaults(made, 1258)
    assert made.recipe.learning_rate == 0.003
    assert made.network == starting_spec(Chosen("digits")).network


def test_no_images_no_augmentation():
    empty = replace(project(), data=replace(project().data, source=None, augment=()))
    assert suggested(empty, 10)[-1].value == ()
