"""ONNX files as drawings. The file is read, never run; external data are not looked for."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.importing.drawing import Drawing, Imported
from engine.importing.onnx_operators import OPERATORS, OnnxFile, Operator

LARGEST = 2 * 2**30
"""Bytes; the format itself ends there."""

LARGEST_CONSTANT = 64
"""Numbers; only shapes, sizes and factors are read, never weights."""


def read_onnx(path: Path) -> Imported:
    """Draw the network of an ONNX file, as far as there are layers for its operators.

    Raises: EngineError, where the file cannot be read, is no ONNX file, or holds nothing that can be drawn.
    """
    try:
        import onnx
    except ImportError as error:
        raise EngineError(
            "ONNX files cannot be read here.",
            why="The package “onnx” is not installed.",
            fix="Install Atelier's packages again, or run: pip install onnx.",
        ) from error
    try:
        if path.stat().st_size > LARGEST:
            raise EngineError(
                f"“{path.name}” is too large.", why="An ONNX file holds at most 2 GB.", fix="Export it again."
            )
        model = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise EngineError(
            f"“{path.name}” cannot be read.", why=f"{error.strerror or error}.", fix="Choose another file."
        ) from error
    except Exception as error:  # protobuf raises errors of its own, which differ from version to version
        if isinstance(error, EngineError | MemoryError):
            raise
        raise _no_onnx(path) from error
    if not len(model.graph.node):
        raise _no_onnx(path)
    try:
        return _drawn(model.graph)
    except EngineError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError) as error:
        raise EngineError(
            f"“{path.name}” is damaged.",
            why=f"An operator in it is not as the format says ({type(error).__name__}).",
            fix="Export the network again.",
        ) from error


def _no_onnx(path: Path) -> EngineError:
    return EngineError(
        f"“{path.name}” is no ONNX file.",
        why="Its content is something else, or it is damaged.",
        fix="Export the network again, for example by torch.onnx.export.",
    )


def _drawn(graph: Any) -> Imported:
    drawing = Drawing()
    file = OnnxFile(drawing)
    for initializer in graph.initializer:
        _take(file, initializer.name, initializer)
    inputs = [one for one in graph.input if one.name not in file.shapes]
    if not inputs or not graph.output:
        raise EngineError(
            "The file has no input or no output.", why="Nothing says where images come in.", fix="Export it again."
        )
    shape = _image_shape(inputs[0])
    drawing.image(inputs[0].name, shape)
    if len(inputs) > 1:
        drawing.notes.append(f"Of its {len(inputs)} inputs only the first, “{inputs[0].name}”, was drawn.")
    for node in graph.node:
        _draw(file, node)
    if len(graph.output) > 1:
        drawing.notes.append(f"Of its {len(graph.output)} outputs only the first was drawn.")
    return drawing.finished(graph.output[0].name)


def _image_shape(value: Any) -> tuple[int, int, int] | None:
    """(C, H, W), where the file fixes it."""
    sides = [one.dim_value for one in value.type.tensor_type.shape.dim]
    if len(sides) == 4 and all(0 < side <= 65_536 for side in sides[1:]):
        return sides[1], sides[2], sides[3]
    return None


def _take(file: OnnxFile, name: str, tensor: Any) -> None:
    """Know the shape of a constant, and its numbers where they are few."""
    from onnx import numpy_helper

    shape = tuple(int(side) for side in tensor.dims)
    file.shapes[name] = shape
    if math.prod(shape) <= LARGEST_CONSTANT and not tensor.external_data:
        try:
            numbers = numpy_helper.to_array(tensor).reshape(-1).tolist()
        except (ValueError, TypeError, RuntimeError):
            return
        file.constants[name] = [float(one) for one in numbers if isinstance(one, int | float | bool)]


def _draw(file: OnnxFile, node: Any) -> None:
    from onnx import helper

    if node.op_type == "Constant":
        for attribute in node.attribute:
            value = helper.get_attribute_value(attribute)
            if attribute.name == "value":
                _take(file, node.output[0], value)
            elif attribute.name in ("value_float", "value_int"):
                file.constants[node.output[0]] = [float(value)]
            elif attribute.name in ("value_floats", "value_ints"):
                file.constants[node.output[0]] = [float(one) for one in value]
        return
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    inputs = tuple(node.input)
    live = tuple(one for one in inputs if file.drawing.knows(one))
    if not live or node.op_type in ("Shape", "Size"):
        _compute(file, node.op_type, inputs, node.output[0], attributes)
        return
    op = Operator(node.op_type, inputs, live, node.output[0], attributes)
    draw = OPERATORS.get(node.op_type)
    if draw is None or draw(file, op) is False:
        file.drawing.unknown(node.op_type, op.live, op.output)


def _compute(file: OnnxFile, name: str, inputs: tuple[str, ...], output: str, attributes: dict[str, Any]) -> None:
    """Constants that are only handed on keep their numbers; what is computed from the size of a batch is unknown."""
    if name in ("Identity", "Cast", "Unsqueeze", "Squeeze") and inputs and inputs[0] in file.constants:
        file.constants[output] = file.constants[inputs[0]]
