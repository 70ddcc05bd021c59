"""A max pool comes before the ReLU in front of it: to the last bit the same, in less time."""

import torch
from torch import nn

from engine.compile import Facts
from engine.compile.module import Network, build
from engine.layers import LAYERS
from engine.spec.network import NetworkSpec, Node, chain
from engine.templates import fitted

FACTS = Facts((3, 16, 16), 3)


def vgg() -> Network:
    torch.manual_seed(0)
    layers = [("image", {}), ("conv2d", {"filters": 4}), ("relu", {}), ("max_pool", {}), ("conv2d", {"filters": 5})]
    return build(chain([*layers, ("relu", {}), ("max_pool", {}), ("flatten", {}), ("classes", {})]), FACTS)


def as_drawn(network: Network) -> Network:
    for module in network.modules():
        if isinstance(module, Network):
            module._pooled_first = {}
    return network


def order_of_computation(network: Network) -> list[type]:
    seen: list[type] = []
    for module in network.modules():
        if isinstance(module, nn.ReLU | nn.MaxPool2d):
            module.register_forward_hook(lambda module, *_: seen.append(type(module)))
    network(torch.rand(2, *FACTS.shape))
    return seen


def test_outputs_and_gradients_are_the_same_to_the_last_bit():
    x = torch.randn(8, *FACTS.shape)
    x[:, :, :4] = 0  # whole windows of equal numbers, and of negative ones after the convolution
    fast, slow = vgg(), as_drawn(vgg())
    assert order_of_computation(vgg()) == [nn.MaxPool2d, nn.ReLU] * 2
    assert order_of_computation(as_drawn(vgg())) == [nn.ReLU, nn.MaxPool2d] * 2
    for network in (fast, slow):
        network(x).square().sum().backward()
    assert torch.equal(fast(x), slow(x))
    for ours, theirs in zip(fast.parameters(), slow.parameters(), strict=True):
        assert torch.equal(ours.grad, theirs.grad) and ours.grad.abs().sum() > 0


def test_who_looks_between_them_sees_what_is_drawn():
    network, x = vgg(), torch.randn(2, *FACTS.shape)
    output, seen = network.tapped(x, ["relu_1", "max_pool_1"])
    assert torch.equal(output, network(x))
    assert seen["relu_1"].shape == (2, 4, 16, 16) and seen["max_pool_1"].shape == (2, 4, 8, 8)
    assert torch.equal(nn.functional.max_pool2d(seen["relu_1"], 2), seen["max_pool_1"])


def test_a_relu_that_something_else_reads_stays_where_it_is():
    drawn = chain([("image", {}), ("relu", {}), ("max_pool", {}), ("flatten", {}), ("classes", {})])
    pool = drawn.nodes[2]
    again = Node("average_1", "avg_pool", inputs=(drawn.nodes[1].id,))
    nodes = list(drawn.nodes)
    assert pool.kind == "max_pool" and "avg_pool" in {kind.name for kind in LAYERS}
    both = Node("both", "concatenate", inputs=(pool.id, again.id))
    flat = Node(nodes[3].id, nodes[3].kind, nodes[3].params, ("both",))
    network = build(NetworkSpec((*nodes[:3], again, both, flat, nodes[4])), FACTS)
    assert network._pooled_first == {}
    assert order_of_computation(network) == [nn.ReLU, nn.MaxPool2d]


def test_networks_inside_blocks_do_the_same():
    network = build(fitted("resnet18", Facts((3, 64, 64), 3)), Facts((3, 64, 64), 3))
    x = torch.randn(2, 3, 64, 64)
    network.eval()
    assert network._pooled_first, "its stem pools after a ReLU"
    assert torch.equal(network(x), as_drawn(network)(x))
