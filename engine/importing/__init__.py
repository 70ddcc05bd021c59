"""Networks that come from elsewhere: ONNX files, models of torchvision, networks saved alone.

Only what is computed is drawn, not the weights. Nothing that is opened runs code.
"""

from __future__ import annotations

from pathlib import Path

from engine.errors import EngineError
from engine.importing.drawing import Imported

SUFFIXES = (".onnx", ".json")

__all__ = ["SUFFIXES", "Imported", "read"]


def read(path: Path) -> Imported:
    """The network of a file, chosen by its suffix. Raises: EngineError, where there is none in it."""
    if path.suffix.lower() == ".onnx":
        from engine.importing.onnx_file import read_onnx

        return read_onnx(path)
    if path.suffix.lower() == ".json":
        from engine.importing.network_file import load_network

        return load_network(path)
    raise EngineError(
        f"“{path.name}” holds no network that can be read.",
        why="Networks are read from .onnx and .json files.",
        fix="Export the network as ONNX, or save it from Atelier.",
    )
