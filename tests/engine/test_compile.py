"""From a drawn network to a torch module."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compile import Facts, infer
from engine.compile.module import build
from engine.errors import EngineError
from engine.spec.network import NetworkSpec, Node, chain, connect

FACTS = Facts((3, 12, 10), 4)

shrinking = st.sampled_from(
    [
        ("conv2d", {"filters": 4}),
        ("conv2d", {"filters": 3, "kernel": 2, "stride": 2}),
        ("batch_norm", {}),
        ("relu", {}),
        ("max_pool", {"padding": "same"}),
        ("dropout", {"rate": 0.2}),
    ]
)


def small() -> NetworkSpec:
    return chain([("image", {}), ("conv2d", {"filters": 4}), ("relu", {}), ("flatten", {}), ("classes", {})])


@settings(max_examples=25, deadline=None)
@given(st.lists(shrinking, max_size=7))
def test_the_report_is_what_the_module_does_at_every_layer(layers):
    network = chain([("image", {}), *layers, ("global_avg_pool", {}), ("classes", {})])
    report = infer(network, FACTS)
    module = build(network, FACTS)
    batch = torch.randn(2, *FACTS.shape)
    out, taps = module.tapped(batch, [node.id for node in network.nodes])
    assert {node_id: tuple(tap.shape[1:]) for node_id, tap in taps.items()} == {
        node_id: entry.shape for node_id, entry in report.nodes.items()
    }
    assert out.shape == (2, 4) and taps["classes_1"] is out and torch.equal(taps["image_1"], batch)
    assert sum(p.numel() for p in module.parameters()) == report.parameters


def test_weights_carry_the_ids_of_their_layers():
    names = set(build(small(), FACTS).state_dict())
    assert names == {"conv2d_1.weight", "conv2d_1.bias", "classes_1.weight", "classes_1.bias"}


def test_the_order_of_the_list_does_not_matter_only_the_links():
    forward = small()
    backward = NetworkSpec(tuple(reversed(forward.nodes)))
    torch.manual_seed(0)
    module = build(forward, FACTS)
    again = build(backward, FACTS)
    again.load_state_dict(module.state_dict())
    batch = torch.randn(3, *FACTS.shape)
    assert torch.equal(module(batch), again(batch))


def test_the_same_random_state_gives_the_same_weights():
    torch.manual_seed(5)
    first = build(small(), FACTS).state_dict()
    torch.manual_seed(5)
    second = build(small(), FACTS).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_tapping_does_not_change_the_answer_and_untapped_layers_are_left_out():
    module = build(small(), FACTS).eval()
    batch = torch.randn(2, *FACTS.shape)
    out, taps = module.tapped(batch, ["relu_1"])
    assert list(taps) == ["relu_1"] and (taps["relu_1"] >= 0).all()
    assert torch.equal(out, module(batch))


def test_the_first_problem_is_raised_with_its_layer():
    with pytest.raises(EngineError) as caught:
        build(connect(small(), "classes_1", ["relu_1"]), FACTS)
    assert "flat list" in caught.value.what and "“classes_1”" in caught.value.what and caught.value.fix
    with pytest.raises(EngineError, match="no input"):
        build(NetworkSpec(), FACTS)


@pytest.mark.parametrize("node_id", ["forward", "children", "type", "training", "eval", "_plan", "tapped", "half"])
def test_a_layer_may_be_called_like_anything_torch_itself_uses(node_id):
    nodes = (Node("image_1", "image"), Node(node_id + "_", "flatten", {}, ("image_1",)))
    network = NetworkSpec((*nodes, Node(node_id, "classes", {}, (node_id + "_",))))
    module = build(network, FACTS)
    out, taps = module.train().tapped(torch.randn(2, *FACTS.shape), [node_id])
    assert out.shape == (2, 4) and taps[node_id] is out
    assert set(module.state_dict()) == {f"{node_id}__.weight", f"{node_id}__.bias"}
