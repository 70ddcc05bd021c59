"""Every optimizer: goes downhill, spares biases, and goes on exactly from what was saved."""

import pytest
import torch
from torch import nn

from engine.params import params_of
from engine.train.checkpoint import load_state, save_state
from engine.train.optimizers import OPTIMIZERS, parameter_groups

KINDS = [pytest.param(kind, id=kind.name) for kind in OPTIMIZERS]


def small_network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))


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
def test_every_setting_can_be_used_at_both_ends(kind):
    for settings in extremes(kind):
        network = small_network()
        optimizer = optimizer_of(kind, network, **settings)
        assert [group["lr"] for group in optimizer.param_groups] == [kind.usual_learning_rate] * 2
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
    held = [id(p) for group in parameter_groups(network, 0.1) for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in network.parameters() if p.requires_grad)
    assert parameter_groups(nn.Linear(2, 2, bias=False), 0.1)[0]["weight_decay"] == 0.1
    assert len(parameter_groups(nn.Linear(2, 2, bias=False), 0.1)) == 1


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
