"""Half and double width: every template, own blocks, and what cannot be scaled."""

import pytest

from engine.compile import Facts, infer
from engine.edits.blocks import make_own, promote
from engine.edits.definitions import block_name
from engine.edits.scale import scaled
from engine.errors import EngineError
from engine.spec.network import chain
from engine.templates import fitted, templates

FACTS = Facts((3, 64, 64), 10)
END = [("global_avg_pool", {}), ("classes", {})]
NAMES = [entry.name for entry in templates() if entry.name != "perceptron"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_every_template_has_half_and_double_width(name, factor):
    network = fitted(name, FACTS)
    changed = scaled(network, factor, FACTS)
    before, after = infer(network, FACTS), infer(changed, FACTS)
    assert after.is_ready, after.problems
    assert [node.id for node in changed.nodes] == [node.id for node in network.nodes]
    ratio = after.parameters / before.parameters
    # Between two hidden layers the number goes with the square, at the ends of the network with the width.
    assert (0.2 < ratio < 0.65) if factor < 1 else (1.7 < ratio < 4.5), ratio
    assert after.nodes[changed.nodes[-1].id].shape == (10,)


@pytest.mark.parametrize("name", ["lenet", "small-vgg", "resnet18", "googlenet"])
def test_double_of_half_is_the_same_where_numbers_are_even(name):
    network = fitted(name, FACTS)
    there_and_back = scaled(scaled(network, 2.0, FACTS), 0.5, FACTS)
    assert infer(there_and_back, FACTS).parameters == infer(network, FACTS).parameters


def test_a_perceptron_has_no_width():
    with pytest.raises(EngineError) as caught:
        scaled(fitted("perceptron", FACTS), 0.5, FACTS)
    assert "wider or narrower" in caught.value.what


def test_own_blocks_are_scaled_inside_and_so_are_their_settings():
    network = chain([("image", {}), ("residual", {"filters": 32}), ("global_avg_pool", {}), ("classes", {})])
    network = make_own(network, "residual_1", FACTS)
    name = block_name(network["residual_1"].kind)
    network = promote(network, name, "conv1", "filters")
    half = scaled(network, 0.5, FACTS)
    assert infer(half, FACTS).is_ready
    assert infer(half, FACTS).nodes["residual_1"].shape == (16, 64, 64)


def test_what_no_longer_fits_is_told():
    network = chain([("image", {}), ("conv2d", {"filters": 4}), ("self_attention", {"heads": 4}), *END])
    assert infer(network, FACTS).is_ready
    with pytest.raises(EngineError) as caught:
        scaled(network, 0.5, FACTS)
    assert "self_attention_1" in caught.value.why


def test_groups_still_divide_the_filters():
    network = chain([("image", {}), ("conv2d", {"filters": 12}), ("conv2d", {"filters": 12, "groups": 3}), *END])
    assert scaled(network, 0.5, FACTS)["conv2d_2"].params["filters"] == 6
