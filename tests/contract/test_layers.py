"""Every layer kind: what it says without torch is what torch then does."""

import json
import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from contract import instances, just_outside
from engine.errors import ShapeMismatch
from engine.layers import EVERYWHERE, FAMILIES, LAYERS, BlockKind, grouped
from engine.layers.activation import Softmax, Step
from engine.layers.convolution import Convolution
from engine.layers.pooling import AveragePooling, MaxPooling
from engine.params import both, params_of
from engine.spec import NetworkSpec, Node
from engine.spec.files import network_from_raw, network_to_raw

PLAIN = [kind for kind in LAYERS if not issubclass(kind, BlockKind)]
KINDS = [pytest.param(kind, id=kind.name) for kind in PLAIN]
USUAL = ((3, 16, 16), (12,), (5, 6))

pictures = st.tuples(st.integers(1, 6), st.integers(1, 13), st.integers(1, 13))
shapes = pictures | st.tuples(st.integers(1, 24)) | st.tuples(st.integers(1, 5), st.integers(1, 6))
quick = settings(max_examples=25, deadline=None)


def inputs_of(layer, x):
    """As many inputs of shape `x` as the layer must have, and one where it has none: the network's own."""
    return (x,) * max(1, layer.arity[0])


def infer_or_complain(layer, x):
    """The output's shape, or None after a refusal that says what, why and what to do."""
    try:
        return layer.infer(*inputs_of(layer, x))
    except ShapeMismatch as refusal:
        assert refusal.what and refusal.why and refusal.fix
        return None


def accepted(kind):
    """The usual shapes that the kind takes with one output per class known."""
    layer = kind(**{setting.name: 10 for setting in params_of(kind) if setting.fact})
    return [(layer, x) for x in USUAL if infer_or_complain(layer, x) is not None]


def takes_pictures(kind) -> bool:
    return any(len(x) == 3 for _, x in accepted(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_can_be_used_as_it_comes(kind):
    assert kind.family in FAMILIES
    assert accepted(kind), "no usual shape is accepted"
    assert kind.help() == " ".join(kind.__doc__.split("\n\n")[0].split())
    assert 1 <= kind.help().count(". ") + 1 <= 2, "one paragraph of about two sentences"


@pytest.mark.parametrize("kind", KINDS)
def test_the_card_stays_short(kind):
    for setting in params_of(kind):
        values = [*setting.choices]
        if setting.low is not None:
            values += [setting.low, setting.high]
        for value in values:
            assert len(kind(**{setting.name: value}).said()) < 60


@pytest.mark.parametrize("kind", KINDS)
@quick
@given(data=st.data())
def test_what_is_said_is_what_torch_does(kind, data):
    layer, x = data.draw(instances(kind)), data.draw(shapes)
    shape = infer_or_complain(layer, x)
    if shape is None:
        return
    torch.manual_seed(0)
    shapes_in = inputs_of(layer, x)
    module = layer.build(*shapes_in)
    given_in = [torch.randn(2, *one, requires_grad=True) for one in shapes_in]
    out = module(*given_in)
    assert tuple(out.shape[1:]) == shape
    assert layer.parameters(*shapes_in) == sum(p.numel() for p in module.parameters() if p.requires_grad)

    (out * torch.randn_like(out)).sum().backward()
    gradients = [*(one.grad for one in given_in), *(p.grad for p in module.parameters())]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)

    formula = layer.formula(*shapes_in)
    if layer.parameters(*shapes_in):
        assert formula.endswith(f"= {grouped(layer.parameters(*shapes_in))}")
    else:
        assert formula == ""
    assert layer.multiply_adds(*shapes_in) >= 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if takes_pictures(*kind.values)])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_channels_last_changes_nothing_but_speed(kind, data):
    layer, x = data.draw(instances(kind)), data.draw(pictures)
    if infer_or_complain(layer, x) is None:
        return
    torch.manual_seed(0)
    module = layer.build(*inputs_of(layer, x)).eval()
    batch = [torch.randn(2, *one) for one in inputs_of(layer, x)]
    plain = module(*batch)
    turned = module.to(memory_format=torch.channels_last)(*(b.to(memory_format=torch.channels_last) for b in batch))
    torch.testing.assert_close(turned, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["conv2d", "dense", "classes"])
@quick
@given(data=st.data())
def test_multiply_adds_are_those_torch_counts(name, data):
    layer, x = data.draw(instances(LAYERS[name])), data.draw(shapes)
    if infer_or_complain(layer, x) is None:
        return
    module = layer.build(x)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.zeros(1, *x))
    assert counter.get_total_flops() == 2 * layer.multiply_adds(x)


def test_only_layers_with_maps_multiply():
    element_wise = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "layer_scale", "prelu"}
    for kind in PLAIN:
        for layer, x in accepted(kind):
            shapes_in = inputs_of(layer, x)
            weighs = layer.parameters(*shapes_in) > 0 and kind.name not in element_wise
            assert (layer.multiply_adds(*shapes_in) > 0) == weighs, kind.name


@pytest.mark.parametrize("kind", KINDS)
def test_what_code_says_is_what_the_module_does(kind):
    """Readable code may write an expression in place of a module: it must compute the same, in training too."""
    for layer, x in accepted(kind):
        shapes_in = inputs_of(layer, x)
        made = layer.made(*shapes_in)
        if not made.expression:
            continue
        batch = [torch.randn(2, *one) for one in shapes_in]
        names = {f"x{place}": one for place, one in enumerate(batch)}
        said = eval(made.expression.format(*names), {"torch": torch, **names})  # our own declaration, no user's text
        module = made.build().train()
        assert not list(module.parameters())
        torch.testing.assert_close(module(*batch), said)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_layer_survives_its_file(kind, data):
    layer = data.draw(instances(kind))
    node = Node("n", kind.name, layer.values())
    notes = []
    raw = json.loads(json.dumps(network_to_raw(NetworkSpec((node,)))))
    assert network_from_raw(raw, notes.append).nodes == (node,) and not notes


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_an_output_sees_what_reach_says(kind, data):
    """Outside of the window that `reach` gives, an output pixel depends on nothing."""
    layer, x = data.draw(instances(kind)), data.draw(pictures)
    shape = infer_or_complain(layer, x)
    shapes_in = inputs_of(layer, x)
    if shape is None or len(shape) != 3 or layer.reach(*shapes_in) == EVERYWHERE:
        return
    reach, module = layer.reach(*shapes_in), layer.build(*shapes_in).eval()
    batch = [torch.rand(1, *one, requires_grad=True) for one in shapes_in]
    out = module(*batch)
    (out[:, :, out.shape[2] // 2, out.shape[3] // 2]).sum().backward()
    seen = batch[0].grad.abs().sum(dim=(0, 1)) > 0
    for axis in (0, 1):
        lines = seen.any(dim=1 - axis).nonzero().flatten().tolist()
        if lines:
            assert lines[-1] - lines[0] + 1 <= math.ceil(reach.extent[axis]) + 1


@quick
@given(pictures, st.integers(1, 7), st.integers(1, 5), st.integers(1, 3))
@example((1, 1, 1), 7, 5, 3)
def test_same_padding_divides_by_the_stride_and_rounds_up(x, kernel, stride, dilation):
    wanted = (math.ceil(x[1] / stride), math.ceil(x[2] / stride))
    convolution = Convolution(filters=2, kernel=kernel, stride=stride, padding="same", dilation=dilation)
    assert convolution.infer(x) == (2, *wanted)
    for pooling in (MaxPooling, AveragePooling):
        assert pooling(kernel=kernel, stride=stride, padding="same").infer(x) == (x[0], *wanted)


def test_same_and_numbered_padding_agree_with_plain_torch():
    batch = torch.randn(2, 3, 9, 12)
    for padding, pixels in (("same", 1), ("valid", 0), (2, 2)):
        module = Convolution(filters=4, kernel=3, padding=padding).build((3, 9, 12))
        plain = torch.nn.functional.conv2d(batch, module.weight, module.bias, padding=pixels)
        torch.testing.assert_close(module(batch), plain)


def test_an_uneven_border_goes_to_the_bottom_and_right():
    module = Convolution(filters=1, kernel=2, padding="same", bias=False).build((1, 2, 2))
    torch.nn.init.ones_(module.weight)
    picture = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert module(picture).tolist() == [[[[10.0, 6.0], [7.0, 4.0]]]]


def test_groups_must_divide_both_channel_counts():
    for x, filters, groups, told in (((3, 8, 8), 4, 2, "incoming"), ((4, 8, 8), 6, 4, "filters")):
        with pytest.raises(ShapeMismatch, match=told):
            Convolution(filters=filters, groups=groups).infer(x)


@quick
@given(pictures, st.integers(1, 5), st.integers(0, 5), st.sampled_from(["same", 0, 1, 2, 3]))
def test_an_average_over_the_border_counts_real_pixels_only(x, kernel, stride, padding):
    pooling = AveragePooling(kernel=kernel, stride=stride, padding=padding)
    if infer_or_complain(pooling, x) is None:
        return
    pooled = pooling.build(x)(torch.full((1, *x), 3.0))
    torch.testing.assert_close(pooled, torch.full_like(pooled, 3.0))


def test_the_average_in_a_corner():
    picture = torch.arange(9.0).reshape(1, 1, 3, 3)
    pooled = AveragePooling(kernel=3, stride=1, padding="same").build((1, 3, 3))(picture)
    assert pooled[0, 0, 0, 0] == pytest.approx((0 + 1 + 3 + 4) / 4)
    assert pooled[0, 0, 1, 1] == pytest.approx(4)


@quick
@given(pictures, st.integers(1, 5), st.integers(0, 5), st.sampled_from(["same", 0, 1, 2, 3]))
def test_padding_never_wins_a_maximum(x, kernel, stride, padding):
    pooling = MaxPooling(kernel=kernel, stride=stride, padding=padding)
    if infer_or_complain(pooling, x) is None:
        return
    pooled = pooling.build(x)(-1 - torch.rand(1, *x))
    assert torch.isfinite(pooled).all() and (pooled <= -1).all()


@pytest.mark.parametrize("kind", [MaxPooling, AveragePooling])
def test_a_pooling_window_may_not_lie_on_padding_alone(kind):
    with pytest.raises(ShapeMismatch, match="at most 1"):
        kind(kernel=(2, 3), padding=2).infer((1, 8, 8))
    assert kind(kernel=(2, 3), padding=1).infer((1, 8, 8)) == (1, 5, 3)


@pytest.mark.parametrize("kind", [MaxPooling, AveragePooling])
def test_a_pooling_stride_of_zero_is_the_window_in_each_direction(kind):
    assert kind(kernel=(2, 4)).infer((1, 8, 8)) == (1, 4, 2)
    assert kind(kernel=(2, 4), stride=(0, 1)).infer((1, 8, 8)) == (1, 4, 5)
    assert kind(kernel=(2, 4), stride=(1, 0)).infer((1, 8, 8)) == (1, 7, 2)


def test_a_window_larger_than_the_picture_is_refused():
    with pytest.raises(ShapeMismatch, match="larger than its image"):
        Convolution(kernel=5, padding="valid").infer((1, 4, 9))
    with pytest.raises(ShapeMismatch, match="larger than its image"):
        MaxPooling(kernel=(1, 3)).infer((1, 4, 2))


def test_the_step_answers_hard_and_learns_straight_through():
    x = torch.tensor([[-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]], requires_grad=True)
    out = Step().build((7,))(x)
    assert out.tolist() == [[0, 0, 0, 0, 1, 1, 1]]
    out.backward(torch.arange(1.0, 8.0).reshape(1, 7))
    assert x.grad.tolist() == [[0, 2, 3, 4, 5, 6, 0]]


@pytest.mark.parametrize(("x", "axis"), [((5,), 1), ((5, 4, 3), 1), ((4, 5), 2)])
def test_softmax_gives_shares(x, axis):
    out = Softmax().build(x)(torch.randn(2, *x) * 10)
    torch.testing.assert_close(out.sum(dim=axis), torch.ones(out.sum(dim=axis).shape))
    assert (out >= 0).all()


def test_dropout_is_off_when_the_network_is_used():
    module = LAYERS["dropout"](rate=0.9).build((1000,))
    batch = torch.ones(1, 1000)
    assert torch.equal(module.eval()(batch), batch)
    assert (module.train()(batch) == 0).float().mean() > 0.8


def test_the_settings_that_stand_for_two_numbers():
    assert both(3) == (3, 3) and both((3, 5)) == (3, 5)
    kernel = next(setting for setting in params_of(Convolution) if setting.name == "kernel")
    assert just_outside(kernel) == (0, 64)
