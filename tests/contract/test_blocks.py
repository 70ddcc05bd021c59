"""Every built-in block: what it says without torch is what torch then does."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import instances
from engine.compile import Facts, infer
from engine.compile.module import build_block
from engine.errors import EngineError, ShapeMismatch
from engine.layers import LAYERS, BlockKind
from engine.spec import NetworkSpec, Node
from engine.spec.files import network_from_raw, network_to_raw

BLOCKS = [pytest.param(kind, id=kind.name) for kind in LAYERS if issubclass(kind, BlockKind)]
FACTS = Facts((3, 16, 16), 2)
sides = st.sampled_from([1, 2, 3, 7, 8])


def inputs_of(kind, x):
    """Shapes that fit together: the second input of a step up is twice as large as the first."""
    return (x,) if kind.arity == (1, 1) else (x, (x[0], 2 * x[1], 2 * x[2]))


def small(layer):
    """The same block with few channels, so that it is quick."""
    return type(layer)(
        **{name: min(value, 9) if type(value) is int else value for name, value in layer.values().items()}
    )


def check(layer, shapes):
    report = infer(layer.draw(*shapes), FACTS, shapes)
    assert report.problems == ()
    torch.manual_seed(0)
    module = build_block(layer, *shapes)
    given_in = [torch.randn(3, *shape, requires_grad=True) for shape in shapes]
    out = module(*given_in)
    output = list(report.nodes.values())[-1]
    assert tuple(out.shape[1:]) == output.shape
    assert report.parameters == sum(p.numel() for p in module.parameters())
    (out * torch.randn_like(out)).sum().backward()
    assert all(torch.isfinite(one.grad).all() for one in given_in)
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_as_it_comes(kind):
    layer = kind()
    assert 1 <= kind.help().count(". ") + 1 <= 3 and kind.more_about.startswith("https://")
    assert len(layer.said()) < 60
    check(layer, inputs_of(kind, (8, 8, 8)))
    node = Node("b", kind.name, layer.values())
    raw = json.loads(json.dumps(network_to_raw(NetworkSpec((node,)))))
    assert network_from_raw(raw, pytest.fail).nodes == (node,)


@pytest.mark.parametrize("kind", BLOCKS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_block_with_any_settings_on_any_image(kind, data):
    layer = small(data.draw(instances(kind)))
    shapes = inputs_of(kind, (data.draw(st.integers(1, 6)), data.draw(sides), data.draw(sides)))
    try:
        report = infer(layer.draw(*shapes), FACTS, shapes)
    except ShapeMismatch as refusal:
        assert refusal.what and refusal.why and refusal.fix
        return
    if not report.problems:
        try:
            check(layer, shapes)
        except ValueError as error:  # a batch normalisation over one number, in training
            assert "more than 1 value per channel" in str(error)


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_refuses_a_list(kind):
    with pytest.raises(EngineError) as refused:
        kind().draw(*[(12,)] * kind.arity[0])
    assert refused.value.fix
