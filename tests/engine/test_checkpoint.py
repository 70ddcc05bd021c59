"""Weights and training state on disk: exact, whole or not there, and unable to run code."""

import errno
import os
import pickle
from dataclasses import dataclass

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from engine import files
from engine.compile import Facts
from engine.compile.module import build
from engine.errors import EngineError
from engine.spec.network import chain
from engine.train.checkpoint import load_state, load_weights, save_state, save_weights


def small(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    layers = [("image", {}), ("conv2d", {"filters": 3}), ("batch_norm", {}), ("global_avg_pool", {}), ("classes", {})]
    return build(chain(layers), Facts((1, 6, 6), 2))


def trained(steps: int = 2) -> tuple[nn.Module, torch.optim.Optimizer]:
    network = small()
    optimizer = torch.optim.AdamW(network.parameters())
    for _ in range(steps):
        network(torch.randn(4, 1, 6, 6)).square().sum().backward()
        optimizer.step()
    return network, optimizer


def test_weights_are_named_as_the_layers_and_come_back_exactly(tmp_path):
    network, _ = trained()
    facts = {"epoch": 3, "classes": ["Hund", "犬"], "mean": [0.1]}
    save_weights(tmp_path / "best.safetensors", network, facts)
    tensors, read = load_weights(tmp_path / "best.safetensors")
    assert read == facts and os.listdir(tmp_path) == ["best.safetensors"]
    assert tensors.keys() == network.state_dict().keys() and "conv2d_1.weight" in tensors
    assert all(torch.equal(tensors[name], value) for name, value in network.state_dict().items())
    assert load_file(tmp_path / "best.safetensors").keys() == tensors.keys()


def test_weights_in_channels_last_order_come_back_exactly(tmp_path):
    network, _ = trained()
    network.to(memory_format=torch.channels_last)
    save_weights(tmp_path / "w", network, {})
    tensors, _ = load_weights(tmp_path / "w")
    assert all(torch.equal(tensors[name], value) for name, value in network.state_dict().items())


def test_a_state_holds_the_moments_too(tmp_path):
    network, optimizer = trained()
    save_state(tmp_path / "last", network, optimizer, {"epoch": 2})
    again = small(5)
    fresh = torch.optim.AdamW(again.parameters())
    assert load_state(tmp_path / "last", again, fresh) == {"epoch": 2}
    saved, loaded = optimizer.state_dict()["state"], fresh.state_dict()["state"]
    assert saved.keys() == loaded.keys() and len(saved) == 6
    for place, moments in saved.items():
        assert all(torch.equal(loaded[place][name], value) for name, value in moments.items())


def test_a_state_before_the_first_step(tmp_path):
    network, optimizer = trained(0)
    save_state(tmp_path / "last", network, optimizer, {})
    again = small(5)
    load_state(tmp_path / "last", again, torch.optim.AdamW(again.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))


def test_a_full_disk_keeps_the_former_file(tmp_path, monkeypatch):
    network, optimizer = trained()
    save_state(tmp_path / "last", network, optimizer, {"epoch": 1})

    def no_space(*_args) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", no_space)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        save_state(tmp_path / "last", network, optimizer, {"epoch": 2})
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        save_weights(tmp_path / "last", network, {"epoch": 2})
    assert load_weights(tmp_path / "last")[1] == {"epoch": 1} and os.listdir(tmp_path) == ["last"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(EngineError) as caught:
        load_weights(tmp_path / "best.safetensors")
    assert "“best.safetensors”" in caught.value.what and str(tmp_path) in caught.value.why and caught.value.fix


@dataclass
class Trap:
    """What a malicious file would carry: a call that happens when it is unpickled."""

    path: str

    def __reduce__(self):
        return open, (self.path, "w")


def damages(tmp_path) -> dict[str, bytes]:
    network, _ = trained()
    save_weights(tmp_path / "whole", network, {})
    whole = (tmp_path / "whole").read_bytes()
    return {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "cut by one": whole[:-1],
        "no header": whole[100:],
        "noise": bytes(range(256)) * 8,
        "endless header": b"\xff" * 8 + whole,
        "pickle": pickle.dumps(Trap(str(tmp_path / "sprung"))),
    }


def test_damaged_files_are_named_and_never_run(tmp_path):
    network = small()
    for name, content in damages(tmp_path).items():
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(content)
        for load in (load_weights, lambda p: load_state(p, network, torch.optim.SGD(network.parameters()))):
            with pytest.raises(EngineError) as caught:
                load(path)
            assert path.name in caught.value.what and "damaged" in caught.value.why and caught.value.fix
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["optimizer.x.step", "optimizer.0", "optimizer.99.exp_avg", "network.more"])
def test_a_state_with_tensors_of_an_unknown_place_is_damaged_or_harmless(tmp_path, name):
    network, optimizer = trained()
    save_state(tmp_path / "last", network, optimizer, {})
    save_file({**load_file(tmp_path / "last"), name: torch.zeros(1)}, tmp_path / "odd")
    again = small(5)
    fresh = torch.optim.AdamW(again.parameters())
    if name == "optimizer.99.exp_avg":
        load_state(tmp_path / "odd", again, fresh)
        assert torch.equal(again.conv2d_1.weight, network.conv2d_1.weight)
    else:
        with pytest.raises(EngineError, match="damaged"):
            load_state(tmp_path / "odd", again, fresh)


@pytest.mark.parametrize("facts", ["[1]", "3", "{", "null", "[" * 100_000])
def test_facts_that_are_none_are_damage(tmp_path, facts):
    save_file({"a": torch.zeros(1)}, tmp_path / "odd", metadata={"atelier": facts})
    with pytest.raises(EngineError, match="damaged"):
        load_weights(tmp_path / "odd")


def test_a_state_of_another_network_is_refused(tmp_path):
    network, optimizer = trained()
    save_state(tmp_path / "last", network, optimizer, {})
    other = nn.Linear(2, 2)
    with pytest.raises(EngineError, match="do not belong to this network"):
        load_state(tmp_path / "last", other, torch.optim.AdamW(other.parameters()))
