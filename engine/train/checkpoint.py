"""Weights and training state on disk, as safetensors: tensors and plain text, nothing that could run code.

One file holds everything needed to go on, so that it can be replaced in one atomic step.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from engine.errors import EngineError
from engine.files import write_atomically
from engine.train.runs import BEST, LAST

__all__ = ["BEST", "LAST", "load_state", "load_weights", "save_state", "save_weights"]

_NETWORK, _OPTIMIZER, _AVERAGE = "network.", "optimizer.", "average."


def save_weights(path: Path, network: torch.nn.Module, facts: Mapping[str, Any]) -> None:
    """Write the network's weights, named as its layers are, with `facts` (plain JSON values) about them.

    Raises: OSError, when there is no space or no permission; the former file stays.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_atomically(path, to_bytes(tensors, metadata={"atelier": json.dumps(facts)}))


def load_weights(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read a file of `save_weights`. Raises: EngineError, when it is missing or damaged."""
    return _load(path)


def read_facts(path: Path) -> dict[str, Any]:
    """What a file of `save_weights` says about its weights, which are not read. Raises: as `load_weights`."""
    return _load(path, with_tensors=False)[1]


def save_state(
    path: Path,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    facts: Mapping[str, Any],
    average: torch.nn.Module | None = None,
) -> None:
    """Write all that is needed to continue exactly: weights, the optimizer's moments, and `facts`.

    Args:
        average: a network of the same sort with averaged weights.
    Raises:
        OSError.
    """
    tensors = {_NETWORK + name: tensor for name, tensor in network.state_dict().items()}
    if average is not None:
        tensors.update({_AVERAGE + name: tensor for name, tensor in average.state_dict().items()})
    for place, moments in optimizer.state_dict()["state"].items():
        for name, value in moments.items():
            if value is not None:
                tensors[f"{_OPTIMIZER}{place}.{name}"] = torch.as_tensor(value)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, to_bytes(tensors, metadata={"atelier": json.dumps(facts)}))


def load_state(
    path: Path,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    average: torch.nn.Module | None = None,
) -> dict[str, Any]:
    """Put a file of `save_state` back. Returns: its facts. Raises: EngineError."""
    tensors, facts = _load(path)
    moments: dict[int, dict[str, torch.Tensor]] = {}
    try:
        for name, tensor in tensors.items():
            if name.startswith(_OPTIMIZER):
                place, key = name.removeprefix(_OPTIMIZER).split(".", 1)
                moments.setdefault(int(place), {})[key] = tensor
        network.load_state_dict(_named(tensors, _NETWORK))
        if average is not None:
            average.load_state_dict(_named(tensors, _AVERAGE))
        _must_fit(optimizer, moments)
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        _lay_out_as_weights(optimizer)
        _put_counts_back(optimizer, moments)
    except (RuntimeError, ValueError, KeyError) as error:
        raise _damaged(path, "its weights do not belong to this network") from error
    return facts


def _named(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _lay_out_as_weights(optimizer: torch.optim.Optimizer) -> None:
    """Give moments the memory format of their weights (channels-last), as they had it before they were stored.

    Moments in another format give the same numbers, but torch then leaves its fast path for every step.
    """
    for weight, moments in optimizer.state.items():
        for name, moment in moments.items():
            is_like = isinstance(weight, torch.Tensor) and isinstance(moment, torch.Tensor)
            if is_like and moment.shape == weight.shape:
                moments[name] = torch.empty_like(weight).copy_(moment)


def _must_fit(optimizer: torch.optim.Optimizer, stored: Mapping[int, Mapping[str, torch.Tensor]]) -> None:
    """Raises: ValueError, where moments are of other weights: torch would take them, and fail at the next step."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for weight, moments in zip(weights, (stored.get(place, {}) for place in range(len(weights))), strict=True):
        if any(moment.ndim and moment.shape != weight.shape for moment in moments.values()):
            raise ValueError("moments of other weights")


def _put_counts_back(optimizer: torch.optim.Optimizer, stored: Mapping[int, Mapping[str, torch.Tensor]]) -> None:
    """Have single numbers on the CPU, where optimizers make them.

    Torch takes them to the device of the weights (all but the number of steps), where a look at one of them, such as
    NAdam's product of momenta, waits for all that the device still has to do.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for place, moments in stored.items():
        if not 0 <= place < len(weights):
            continue  # torch has passed over it, too
        optimizer.state[weights[place]].update({name: value for name, value in moments.items() if value.ndim == 0})


def _load(path: Path, with_tensors: bool = True) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get("atelier", "{}"))
            if not isinstance(facts, dict):
                raise ValueError("what it says about itself makes no sense")
            names = list(file.keys()) if with_tensors else []
            return {name: file.get_tensor(name) for name in names}, facts
    except FileNotFoundError:
        raise EngineError(
            f"The weights “{path.name}” of this run are missing.",
            why=f"There is no such file in “{path.parent}”.",
            fix="Train again, or choose another run.",
        ) from None
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, why: str) -> EngineError:
    return EngineError(
        f"The weights “{path.name}” in “{path.parent.name}” cannot be used.",
        why=f"The file is damaged: {why}.",
        fix="Train again, or choose another run.",
    )
