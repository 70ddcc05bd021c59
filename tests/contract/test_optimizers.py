"""Every optimizer: goes downhill, spares biases, and goes on exactly from what was saved."""

import pytest
import torch
from torch import nn

from engine.layers.modules import LayerScale
from engine.params import params_of
from engine.train.checkpoint import load_state, save_state
from engine.train.lion import Lion
from engine.train.muon import Muon, orthogonal, with_hidden_apart
from engine.train.optimizers import OPTIMIZERS, parameter_groups

KINDS = [pytest.param(kind, id=kind.name) for kind in OPTIMIZERS]


def small_network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers = (nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 6))
    return nn.Sequential(*layers, nn.ReLU(), nn.Linear(6, 2)).to(memory_format=torch.channels_last)


def optimizer_of(kind, network, **settings):
    made = kind(**settings)
    return made.build(parameter_groups(network, made.weight_decay), kind.usual_learning_rate)


def step(network, optimizer, seed: int) -> float:
    pictures = torch.randn(4, 1, 6, 6, generator=torch.Generator().manual_seed(seed))
    loss = network(pictures).square().mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


def extremes(kind):
    """The defaults, then each setting at either end."""
    yield {}
    for setting in params_of(kind):
        ends = (False, True) if setting.sort == "switch" else (setting.low, setting.high)
        yield from ({setting.name: end} for end in ends)


@pytest.mark.parametrize("kind", KINDS)
def test_one_step_goes_downhill(kind):
    network = nn.Linear(4, 3)
    optimizer = optimizer_of(kind, network)

    def height() -> torch.Tensor:
        return sum((p - 5).square().sum() for p in network.parameters())

    before = height()
    before.backward()
    optimizer.step()
    assert height() < before


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns(kind):
    torch.manual_seed(0)
    network = small_network()
    optimizer = optimizer_of(kind, network)
    pictures, labels = torch.randn(16, 1, 6, 6), torch.arange(16) % 2
    losses = []
    for _ in range(120):
        loss = nn.functional.cross_entropy(network(pictures), labels)
        losses.append(loss.item())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    # Lion's usual rate is small: 120 steps move a weight by 0.012 at most.
    assert losses[-1] < (0.97 if kind.name == "lion" else 0.6) * losses[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_can_be_used_at_both_ends(kind):
    for settings in extremes(kind):
        network = small_network()
        optimizer = optimizer_of(kind, network, **settings)
        assert {group["lr"] for group in optimizer.param_groups} == {kind.usual_learning_rate}
        step(network, optimizer, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_weight_decay_shrinks_weights_and_spares_biases(kind):
    network = small_network()
    optimizer = optimizer_of(kind, network, weight_decay=0.5)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    for p in network.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    for name, p in network.named_parameters():
        if p.ndim > 1:
            assert p.norm() < before[name].norm(), name
        else:
            assert torch.equal(p, before[name]), name


def test_the_groups_hold_what_is_learnt_once():
    network = small_network()
    network[0].weight.requires_grad_(False)
    everything = parameter_groups(network, 0.1, everything=True)
    assert [group["weight_decay"] for group in everything] == [0.1]
    assert {id(p) for p in everything[0]["params"]} == {id(p) for p in network.parameters() if p.requires_grad}
    held = [id(p) for group in parameter_groups(network, 0.1) for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in network.parameters() if p.requires_grad)
    assert parameter_groups(nn.Linear(2, 2, bias=False), 0.1)[0]["weight_decay"] == 0.1
    assert len(parameter_groups(nn.Linear(2, 2, bias=False), 0.1)) == 1


@pytest.mark.parametrize(
    "layer",
    [
        nn.LayerNorm((3, 4, 4)),
        nn.BatchNorm2d(3),
        nn.GroupNorm(1, 3),
        nn.InstanceNorm2d(3, affine=True),
        nn.RMSNorm((3, 4, 4)),
        LayerScale((3, 1, 1), 0.1),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_scales_and_biases_do_not_decay_whatever_their_shape(layer):
    network = nn.Sequential(nn.Conv2d(3, 3, 3), layer, nn.LSTM(4, 4), nn.MultiheadAttention(4, 2))
    decays = {id(p) for group in parameter_groups(network, 0.1) if group["weight_decay"] for p in group["params"]}
    named = {name for name, p in network.named_parameters() if id(p) in decays}
    attention = {"3.in_proj_weight", "3.out_proj.weight"}
    assert named == {"0.weight", "2.weight_ih_l0", "2.weight_hh_l0"} | attention


def test_a_bias_of_several_dimensions_does_not_decay():
    network = nn.Linear(3, 4)
    network.place_bias = nn.Parameter(torch.zeros(2, 3))
    spared = [group for group in parameter_groups(network, 0.1) if not group["weight_decay"]]
    assert {id(p) for group in spared for p in group["params"]} == {id(network.bias), id(network.place_bias)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_state_goes_on_to_the_last_bit(kind, tmp_path):
    everything_on = {
        setting.name: setting.high or True for setting in params_of(kind) if setting.name != "weight_decay"
    }
    for settings in ({}, everything_on):
        network = small_network()
        optimizer = optimizer_of(kind, network, **settings)
        for seed in range(3):
            step(network, optimizer, seed)
        save_state(tmp_path / "last.safetensors", network, optimizer, {"epoch": 3})
        wanted = [step(network, optimizer, seed) for seed in range(3, 6)]

        again = small_network(seed=9)
        resumed = optimizer_of(kind, again, **settings)
        assert load_state(tmp_path / "last.safetensors", again, resumed) == {"epoch": 3}
        assert [step(again, resumed, seed) for seed in range(3, 6)] == wanted, settings
        for one, other in zip(network.state_dict().values(), again.state_dict().values(), strict=True):
            assert torch.equal(one, other), settings


# ---- those that are our own


def test_lion_is_that_of_the_paper():
    weight = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    optimizer = Lion([weight], lr=0.1, betas=(0.9, 0.99), weight_decay=0.5)
    expected, momentum = weight.detach().clone(), torch.zeros(3)
    for gradient in (torch.tensor([0.3, -0.2, 0.0]), torch.tensor([-0.1, -5.0, 0.4]), torch.tensor([-9.0, 0.1, -0.1])):
        direction = torch.sign(0.9 * momentum + 0.1 * gradient)
        expected = expected - 0.1 * (direction + 0.5 * expected)
        momentum = 0.99 * momentum + 0.01 * gradient
        weight.grad = gradient.clone()
        optimizer.step()
    assert torch.allclose(weight, expected, atol=1e-6)
    assert torch.allclose(optimizer.state[weight]["momentum"], momentum, atol=1e-7)


def test_muon_leaves_first_last_and_small_layers_to_adamw():
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 8, 3, groups=8),  # each filter sees one channel
        nn.Conv2d(8, 4, 3),
        nn.Linear(4, 4),
        nn.Linear(4, 2),
    )
    groups = with_hidden_apart(parameter_groups(network, 0.1))
    hidden = [p for group in groups if group["hidden"] for p in group["params"]]
    assert [id(p) for p in hidden] == [id(network[3].weight), id(network[4].weight)]
    held = sorted(id(p) for group in groups for p in group["params"])
    assert held == sorted(id(p) for p in network.parameters())
    assert all(group["params"] for group in groups)


@pytest.mark.parametrize("shape", [(6, 40), (40, 6), (16, 16)])
def test_a_step_of_muon_turns_in_all_directions_alike(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(*shape) * torch.logspace(-2, 2, shape[1])))
    assert values.max() < 1.3 and values.median() > 0.6
    assert orthogonal(torch.zeros(3, 4)).abs().max() == 0


@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_is_that_of_torch(nesterov):
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has none")
    torch.manual_seed(0)
    ours = torch.randn(12, 30, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    settings = {"lr": 0.01, "momentum": 0.9, "nesterov": nesterov}
    mine = Muon([{"params": [ours], "hidden": True, "weight_decay": 0.3}], **settings)
    reference = torch.optim.Muon([theirs], weight_decay=0.3, adjust_lr_fn="match_rms_adamw", **settings)
    for _ in range(4):
        ours.grad = torch.randn(12, 30)
        theirs.grad = ours.grad.clone()
        start = ours.detach().clone()
        mine.step()
        reference.step()
        step = (ours - start).detach()
        # Theirs multiplies in bfloat16, with three digits.
        assert (ours - theirs).norm() < 0.03 * step.norm()
        theirs.data.copy_(ours.data)


def test_the_other_half_of_muon_is_adamw():
    torch.manual_seed(0)
    ours = [torch.randn(5, requires_grad=True), torch.randn(3, 4, requires_grad=True)]
    theirs = [p.detach().clone().requires_grad_() for p in ours]
    mine = Muon([{"params": ours, "hidden": False, "weight_decay": 0.1}], lr=0.01)
    reference = torch.optim.AdamW(theirs, lr=0.01, weight_decay=0.1)
    for _ in range(4):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        mine.step()
        reference.step()
    assert all(torch.allclose(one, other, atol=1e-7) for one, other in zip(ours, theirs, strict=True))


def test_filters_are_matrices_to_muon_in_any_memory_format():
    torch.manual_seed(0)
    filters, gradient = torch.randn(6, 4, 3, 3), torch.randn(6, 4, 3, 3)
    ends = []
    for layout in (torch.contiguous_format, torch.channels_last):
        weight = filters.clone(memory_format=layout).requires_grad_()
        weight.grad = gradient.to(memory_format=layout)
        Muon([{"params": [weight], "hidden": True}], lr=0.1).step()
        ends.append(weight.detach())
    assert torch.allclose(*ends, atol=1e-6)
    step = (ends[0] - filters).flatten(1)
    assert step.square().mean().sqrt().item() == pytest.approx(0.02, rel=0.3), "about as long as a step of AdamW"
