"""The receptive field: against published figures, and against what really changes an output."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compile import Facts, infer
from engine.compile.field import Field, fields, receptive_field
from engine.compile.module import build_block
from engine.layers.blocks.base import BlockKind, Sketch
from engine.spec.network import NetworkSpec, chain
from engine.templates import fitted, template

IMAGE = Facts((3, 224, 224), 1000)


@pytest.mark.parametrize(
    ("name", "extent"),
    # Araujo et al., 2019; ResNet-50 with the stride at the 3×3 convolution as in torchvision.
    [("alexnet", 195), ("vgg16", 212), ("inception-v3", 1311), ("resnet18", 435), ("resnet50", 427)],
)
def test_published_networks_see_what_is_published(name, extent):
    assert receptive_field(infer(template(name).network, IMAGE)).extent == (extent, extent)


@pytest.mark.parametrize("name", ["perceptron", "mlp", "row-lstm"])
def test_without_convolutions_there_is_none(name):
    assert receptive_field(infer(fitted(name, IMAGE), IMAGE)) is None


def test_squeeze_and_excitation_knows_no_places_but_attention_does():
    layers = [("image", {}), ("conv2d", {}), ("squeeze_excitation", {}), ("conv2d", {}), ("self_attention", {})]
    network = chain([*layers, ("global_avg_pool", {}), ("classes", {})])
    found = fields(infer(network, Facts((3, 32, 32), 2)))
    assert found["conv2d_2"] == Field((5.0, 5.0))
    assert found["self_attention_1"].extent == (math.inf, math.inf)
    assert found["self_attention_1"].is_everything


def test_a_layer_with_a_problem_has_none():
    network = chain([("image", {}), ("flatten", {}), ("conv2d", {})])
    assert set(fields(infer(network, Facts((3, 32, 32), 2)))) == {"image_1", "flatten_1"}


class _Drawn(BlockKind):
    title = "Drawn"
    network = NetworkSpec()

    def draw(self, x):
        return self.network


KINDS = ("conv2d", "depthwise_conv", "max_pool", "avg_pool", "branch")
WINDOWS = st.tuples(
    st.sampled_from(("conv2d", "depthwise_conv", "max_pool", "avg_pool", "branch")),
    st.integers(1, 4),
    st.integers(1, 2),
)


@settings(max_examples=40, deadline=None)
@given(layers=st.lists(WINDOWS, min_size=1, max_size=4))
def test_it_is_what_changes_an_output(layers):
    """The gradient of one output pixel reaches exactly as many pixels as the field has."""
    sketch = Sketch()
    last = sketch.port
    for place, (kind, kernel, stride) in enumerate(layers):
        settings = {"kernel": kernel, "stride": stride, "padding": "valid"}
        if kind == "branch":  # a short way and one of two windows meet again
            side = 2 * (kernel // 2) + 1
            one = sketch.add(f"a{place}", "conv2d", {"filters": 2, "kernel": side, "padding": "same"}, last)
            two = sketch.add(f"b{place}", "conv2d", {"filters": 2, "kernel": 1, "padding": "same"}, last)
            last = sketch.add(f"sum{place}", "add", {}, one, two)
        else:
            last = sketch.add(f"n{place}", kind, settings | ({"filters": 2} if kind == "conv2d" else {}), last)
    block = type("Drawn", (_Drawn,), {"network": sketch.network()})()
    shape = (2, 96, 96)
    report = infer(block.draw(shape), Facts(), (shape,))
    expected = fields(report)[last]
    module = build_block(block, shape).double()
    for name, weights in module.named_parameters():
        torch.nn.init.constant_(weights, 0.5 if "bias" not in name else 0.0)
    # A smooth picture that grows to the lower right would hide all but one pixel from max pooling: what can change the
    # output is asked by counting which pixels do so for some of many random pictures.
    touched = torch.zeros(96, 96, dtype=torch.bool)
    generator = torch.Generator().manual_seed(0)
    for _ in range(1 if not any(kind == "max_pool" for kind, *_ in layers) else 60):
        picture = torch.randn(1, *shape, dtype=torch.float64, generator=generator, requires_grad=True)
        output = module(picture)
        middle = output.shape[-1] // 2
        output[0, :, middle, middle].sum().backward()
        touched |= picture.grad[0].abs().sum(0) > 0
    rows = touched.any(1).nonzero().flatten()
    seen = int(rows[-1] - rows[0]) + 1
    if any(kind == "max_pool" for kind, *_ in layers):
        assert seen <= expected.extent[0]
    else:
        assert seen == expected.extent[0]
