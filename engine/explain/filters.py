"""Learnt weights as small pictures: what a layer looks for.

As in Zeiler and Fergus, 2014, "Visualizing and understanding convolutional networks", for the first layer; deeper
filters are shown as the mean over the channels that they receive, which says where they look, not at what.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.compile import NetworkReport
from engine.compile.names import free_name
from engine.errors import EngineError

MOST = 64
"""Filters that are shown; of more, those with the largest weights."""

SMALLEST = 2
"""Pixels a side from which there is anything to see."""


@dataclass(frozen=True, eq=False)
class Filters:
    """The filters of one layer.

    Attributes:
        tiles: (n, h, w), or (n, h, w, 3) where they look at colours; -1 to 1, each filter by its own largest weight, 0
            for no weight.
        numbers: (n,) which outputs of the layer they belong to.
        total: how many the layer has.
        epoch: after which they were kept.
    """

    tiles: np.ndarray
    numbers: np.ndarray
    total: int
    epoch: int


def filters(weights: Path, report: NetworkReport, node_id: str) -> Filters | None:
    """The filters of a layer of the network that `report` is about; None where it has none that can be seen, or where
    the weights are those of another network.

    Args:
        weights: a file of `engine.train.checkpoint.save_weights`.
    Raises:
        EngineError: the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    entry = report.nodes.get(node_id)
    if entry is None or entry.shape is None or entry.inside is not None:
        return None
    name = f"{free_name(node_id, list(report.nodes))}.weight"
    try:
        with safe_open(weights, framework="numpy") as file:
            if name not in file.keys():  # noqa: SIM118 - not a mapping
                return None
            values = np.asarray(file.get_tensor(name), dtype=np.float32)
            facts = json.loads((file.metadata() or {}).get("atelier", "{}"))
    except FileNotFoundError:
        return None
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise EngineError(
            f"The weights “{weights.name}” cannot be read.", why=f"{error}.", fix="Train again, or choose another run."
        ) from error
    tiles = _tiles(values, report, node_id)
    if tiles is None:
        return None
    epoch = facts.get("epoch", 0) if isinstance(facts, dict) else 0
    strength = np.abs(tiles).reshape(len(tiles), -1).max(1)
    numbers = np.sort(np.argsort(-strength, kind="stable")[:MOST])
    scale = np.where(strength > 0, strength, 1.0)[numbers].reshape(-1, *[1] * (tiles.ndim - 1))
    return Filters(tiles[numbers] / scale, numbers, len(tiles), int(epoch) if isinstance(epoch, int) else 0)


def _tiles(values: np.ndarray, report: NetworkReport, node_id: str) -> np.ndarray | None:
    """(n, h, w) or (n, h, w, 3); None where nothing can be seen, or where they do not belong to the layer."""
    entry = report.nodes[node_id]
    if values.size == 0 or values.size > entry.parameters or not np.isfinite(values).all():
        return None
    if values.ndim == 4 and min(values.shape[2:]) >= SMALLEST:
        inward = values.shape[1]
        if inward == 3 and entry.inputs[0][0] == 3:
            return values.transpose(0, 2, 3, 1)
        return values.mean(1)
    if values.ndim == 2:
        return _templates(values, report, node_id)
    return None


def _templates(values: np.ndarray, report: NetworkReport, node_id: str) -> np.ndarray | None:
    """Of a dense layer that sees the flattened image itself, the weights in the image's own form: what each neuron
    compares every image with."""
    before = report.nodes.get(report.nodes[node_id].node.inputs[0])
    if before is None or before.node.kind != "flatten" or len(before.inputs[0]) != 3:
        return None
    channels, height, width = before.inputs[0]
    source = report.nodes.get(before.node.inputs[0])
    is_image = source is not None and source.node.kind == "image"
    if values.shape[1] != channels * height * width or not is_image:
        return None
    tiles = values.reshape(-1, channels, height, width)
    return tiles.transpose(0, 2, 3, 1) if channels == 3 else tiles.mean(1)
