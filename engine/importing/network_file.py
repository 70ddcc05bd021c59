"""A network alone, as JSON: to keep it, to send it, to use it in another project."""

from __future__ import annotations

import json
from pathlib import Path

from engine.errors import EngineError
from engine.files import save_for_user
from engine.importing.drawing import Imported
from engine.spec.files import network_from_raw, network_to_raw
from engine.spec.network import NetworkSpec

MARK = "atelier-network"
FORMAT = 1
LARGEST = 64 * 2**20
"""Bytes; a network is far smaller."""


def save_network(network: NetworkSpec, path: Path) -> None:
    """Write a network with the blocks it uses. Raises: EngineError, where the file cannot be written."""
    text = json.dumps({MARK: FORMAT, **network_to_raw(network)}, indent=1, ensure_ascii=True) + "\n"
    save_for_user(path, text)


def load_network(path: Path) -> Imported:
    """Read what `save_network` wrote, or the network of a whole project; `notes` says what could not be understood.

    Raises: EngineError, where the file cannot be read or holds no network.
    """
    refusal = EngineError(
        f"“{path.name}” holds no network.",
        why="It is no file that Atelier wrote.",
        fix="Choose a file made by “Save the network”, or an .onnx file.",
    )
    try:
        if path.stat().st_size > LARGEST:
            raise refusal
        raw = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise EngineError(
            f"“{path.name}” cannot be read.", why=f"{error.strerror or error}.", fix="Choose another file."
        ) from error
    except (ValueError, RecursionError):
        raise refusal from None
    if not isinstance(raw, dict) or not isinstance(raw.get(MARK), int):
        raise refusal
    if raw[MARK] > FORMAT:
        raise EngineError(
            f"“{path.name}” was written by a newer Atelier.",
            why=f"Its format is {raw[MARK]}; this one knows up to {FORMAT}.",
            fix="Update Atelier.",
        )
    notes: list[str] = []
    network = network_from_raw({name: value for name, value in raw.items() if name != MARK}, notes.append)
    if not len(network):
        raise refusal
    return Imported(network, notes=tuple(notes))
