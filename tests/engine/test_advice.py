"""Advice: it comes where it is due, with its reason, and not where it is not."""

import pytest

from engine.compile import Facts, infer
from engine.compile.advice import RULES, advice
from engine.spec.network import Node, chain, insert_after, remove, set_label
from engine.templates import fitted, templates

FACTS = Facts((3, 64, 64), 3)
END = (("flatten", {}), ("dense", {"units": 16}), ("relu", {}), ("classes", {}))


def given(*layers, facts=FACTS):
    report = infer(chain([("image", {}), *layers]), facts)
    assert report.is_ready, report.problems
    return {found.rule: found for found in advice(report)}


SMALL = (("conv2d", {"filters": 8, "stride": 4}), ("relu", {}), ("max_pool", {}))


def test_a_sound_network_needs_none():
    assert given(*SMALL, *END) == {}


def test_no_activation_between_two_dense_layers():
    found = given(*SMALL, ("flatten", {}), ("dense", {"units": 16}), ("dropout", {}), ("classes", {}))
    assert set(found) == {"no-activation"}
    one = found["no-activation"]
    assert one.node_id == "classes_1"
    assert "“Dense” and “Classes”" in one.what
    assert "ReLU" in one.fix


def test_no_activation_between_two_convolutions():
    found = given(("conv2d", {}), ("batch_norm", {}), ("conv2d", {"stride": 4}), ("relu", {}), ("max_pool", {}), *END)
    assert found["no-activation"].node_id == "conv2d_2"


@pytest.mark.parametrize(
    "between",
    [
        [("relu", {})],
        [("max_pool", {})],  # the largest of four numbers is no linear map
        [("conv2d", {"kernel": 1, "filters": 8})],  # left linear on purpose in many networks
    ],
)
def test_a_bend_between_convolutions_is_seen(between):
    found = given(("conv2d", {"stride": 2}), *between, ("conv2d", {"stride": 4}), ("relu", {}), ("max_pool", {}), *END)
    assert "no-activation" not in found


def test_softmax_before_the_loss():
    found = given(*SMALL, ("flatten", {}), ("dense", {"units": 16}), ("softmax", {}), ("dropout", {}), ("classes", {}))
    assert found["softmax-before-loss"].node_id == "softmax_1"
    assert "softmax-before-loss" not in given(
        *SMALL, ("flatten", {}), ("dense", {"units": 16}), ("sigmoid", {}), ("classes", {})
    ), "sigmoid is the activation of the oldest networks"


def test_the_image_has_shrunk_too_early():
    found = given(("max_pool", {"kernel": 8}), ("max_pool", {"kernel": 8}), ("conv2d", {}), ("relu", {}), *END)
    assert found["shrunk-early"].node_id == "conv2d_1"
    assert "3 × 3" in found["shrunk-early"].why
    inside = given(("max_pool", {"kernel": 8}), ("max_pool", {"kernel": 8}), ("residual", {}), *END)
    assert inside["shrunk-early"].node_id == "residual_1"


def test_nearly_all_parameters_in_one_dense_layer():
    found = given(("conv2d", {}), ("relu", {}), ("flatten", {}), ("dense", {}), ("relu", {}), ("classes", {}))
    assert found["one-dense-layer"].node_id == "dense_1"
    assert "99.9 %" in found["one-dense-layer"].what
    assert "Global average pooling".lower() in found["one-dense-layer"].fix.lower()
    assert "one-dense-layer" not in given(("flatten", {}), ("classes", {})), "a perceptron has only one layer"


def test_a_receptive_field_below_half_the_image():
    layers = [("conv2d", {"kernel": 5}), ("relu", {}), ("max_pool", {}), ("global_avg_pool", {}), ("classes", {})]
    found = given(*layers)
    assert found["short-sighted"].node_id == "global_avg_pool_1"
    assert "6 × 6 of 64 × 64" in found["short-sighted"].what
    assert "short-sighted" not in given(*layers, facts=Facts((3, 12, 12), 3))
    flat = [*layers[:3], *END]
    assert "short-sighted" not in given(*flat), "a dense layer compares places, however far apart"


def test_the_users_names_are_used():
    network = chain([("image", {}), *SMALL, ("flatten", {}), ("dense", {"units": 16}), ("classes", {})])
    found = advice(infer(set_label(network, "dense_1", "Head"), FACTS))
    assert "“Head”" in found[0].what


def test_a_problem_comes_first():
    network = chain([("image", {}), ("flatten", {}), ("dense", {}), ("dense", {}), ("classes", {})])
    assert advice(infer(network, FACTS))
    assert advice(infer(remove(network, ["classes_1"]), FACTS)) == ()


def test_branches_end_the_search():
    network = chain([("image", {}), *SMALL, ("flatten", {}), ("dense", {"units": 16}), ("classes", {})])
    network = insert_after(network, "dense_1", Node("relu_9", "relu"))
    assert advice(infer(network, FACTS)) == ()


@pytest.mark.parametrize("size", [28, 64, 224])
def test_templates_fit_the_images_they_are_given(size):
    for entry in templates():
        facts = Facts((3, size, size), 10)
        rules = {found.rule for found in advice(infer(fitted(entry.name, facts), facts))}
        assert "shrunk-early" not in rules, entry.name
        assert "no-activation" not in rules, entry.name
        assert "softmax-before-loss" not in rules, entry.name


def test_every_rule_is_in_the_list_once():
    assert len(set(RULES)) == len(RULES) == 5


def test_an_answer_is_kept_for_the_very_report_only():
    with_hint = infer(chain([("image", {}), *SMALL, ("flatten", {}), ("dense", {"units": 16}), ("classes", {})]), FACTS)
    sound = infer(chain([("image", {}), *SMALL, *END]), FACTS)
    assert advice(with_hint) is advice(with_hint)
    assert advice(sound) == () and advice(with_hint)
