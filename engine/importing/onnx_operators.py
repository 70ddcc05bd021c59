"""What each ONNX operator is among our layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.importing.drawing import Drawing, Pads, convolution, short
from engine.params import Value


@dataclass
class OnnxFile:
    """What the graph says besides its operators.

    Attributes:
        shapes: of the initializers by name.
        constants: small ones as flat lists of numbers.
    """

    drawing: Drawing
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    constants: dict[str, list[float]] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        """A constant of a single number."""
        found = self.constants.get(name, [])
        return found[0] if len(found) == 1 else None

    def whole(self, name: str) -> list[int] | None:
        """A constant of whole numbers."""
        return [int(one) for one in self.constants[name]] if name in self.constants else None


@dataclass(frozen=True)
class Operator:
    """One operator: its attributes by name, and which of its inputs follow from the images."""

    name: str
    inputs: tuple[str, ...]
    live: tuple[str, ...]
    output: str
    attributes: dict[str, Any]

    def ints(self, name: str, default: Sequence[int]) -> list[int]:
        return [int(one) for one in self.attributes.get(name, default)]

    def number(self, name: str, default: float) -> float:
        return float(self.attributes.get(name, default))

    def flag(self, name: str, default: int = 0) -> int:
        return int(self.attributes.get(name, default))

    def text(self, name: str, default: str) -> str:
        found = self.attributes.get(name, default)
        return found.decode("ascii", "replace") if isinstance(found, bytes) else str(found)

    def given(self, place: int) -> str:
        """The name of an input that may be missing; empty then."""
        return self.inputs[place] if place < len(self.inputs) else ""


# ---- each draws its layer, or returns False where none can say it


def _kernel(op: Operator, file: OnnxFile) -> list[int]:
    weights = file.shapes.get(op.given(1), ())
    return op.ints("kernel_shape", weights[2:])


def _pads(op: Operator, kernel: list[int], stride: list[int], spread: list[int]) -> Pads | None:
    """None stands for TensorFlow's "same" with the odd pixel at the end, which our "same" is."""
    how = op.text("auto_pad", "NOTSET")
    if how == "SAME_UPPER":
        return None
    if how == "SAME_LOWER":
        whole = [size * (side - 1) for size, side in zip(spread, kernel, strict=True)]
        if stride == [1, 1]:
            return (whole[0] + 1) // 2, (whole[1] + 1) // 2, whole[0] // 2, whole[1] // 2
    top, left, bottom, right = op.ints("pads", (0, 0, 0, 0))
    return (0, 0, 0, 0) if how == "VALID" else (top, left, bottom, right)


def _convolution(file: OnnxFile, op: Operator) -> bool | None:
    weights, kernel = file.shapes.get(op.given(1), ()), _kernel(op, file)
    if len(weights) != 4 or len(kernel) != 2:
        return False
    stride, spread, groups = op.ints("strides", (1, 1)), op.ints("dilations", (1, 1)), op.flag("group", 1)
    kind, params = convolution(
        weights[1] * groups, weights[0], tuple(kernel), tuple(stride), tuple(spread), groups, bool(op.given(2))
    )
    pads = _pads(op, kernel, stride, spread)
    if pads is None:
        file.drawing.layer(kind, {**params, "padding": "same"}, op.live[:1], op.output, op.name)
    else:
        file.drawing.window(kind, params, pads, op.live[:1], op.output, op.name)
    return None


def _transposed(file: OnnxFile, op: Operator) -> bool | None:
    weights, kernel = file.shapes.get(op.given(1), ()), _kernel(op, file)
    pads, extra = op.ints("pads", (0, 0, 0, 0)), op.ints("output_padding", (0, 0))
    plain = op.flag("group", 1) == 1 and op.ints("dilations", (1, 1)) == [1, 1] and "output_shape" not in op.attributes
    if len(weights) != 4 or not plain or len(set(pads)) != 1 or len(set(extra)) != 1:
        return False
    params: dict[str, Value] = {"filters": weights[1], "kernel": short(kernel), "padding": pads[0]}
    params |= {"stride": short(op.ints("strides", (1, 1))), "output_padding": extra[0], "bias": bool(op.given(2))}
    file.drawing.layer("transposed_conv", params, op.live[:1], op.output, op.name)
    return None


def _pooling(kind: str) -> Callable[[OnnxFile, Operator], bool | None]:
    def draw(file: OnnxFile, op: Operator) -> bool | None:
        kernel, stride = op.ints("kernel_shape", ()), op.ints("strides", (1, 1))
        if len(kernel) != 2 or op.ints("dilations", (1, 1)) != [1, 1]:
            return False
        params: dict[str, Value] = {"kernel": short(kernel), "stride": short(stride)}
        params["ceil"] = bool(op.flag("ceil_mode"))
        pads = _pads(op, kernel, stride, [1, 1])
        if kind == "avg_pool" and (pads is None or any(pads)):
            params["count_padding"] = bool(op.flag("count_include_pad"))
        if pads is None:
            file.drawing.layer(kind, {**params, "padding": "same"}, op.live[:1], op.output, op.name)
        else:
            file.drawing.window(kind, params, pads, op.live[:1], op.output, op.name)
        return None

    return draw


def _dense(file: OnnxFile, op: Operator) -> bool | None:
    weights = file.shapes.get(op.given(1), ())
    if len(weights) != 2 or op.given(0) not in op.live:
        return False
    is_turned = op.name == "Gemm" and op.flag("transB")
    units = weights[0] if is_turned else weights[1]
    params = {"units": units, "bias": op.name == "Gemm" and bool(op.given(2))}
    file.drawing.layer("dense", params, op.live[:1], op.output, op.name)
    return None


def _plain(kind: str, **names: tuple[str, float]) -> Callable[[OnnxFile, Operator], bool | None]:
    """A layer whose settings are attributes: setting=("attribute", what ONNX takes where it is missing)."""

    def draw(file: OnnxFile, op: Operator) -> bool | None:
        params: dict[str, Value] = {setting: op.number(name, usual) for setting, (name, usual) in names.items()}
        file.drawing.layer(kind, params, op.live[:1], op.output, op.name)
        return None

    return draw


def _batch_norm(file: OnnxFile, op: Operator) -> bool | None:
    # ONNX's momentum is what stays, ours what is taken.
    params = {"epsilon": op.number("epsilon", 1e-5), "momentum": max(0.0001, round(1 - op.number("momentum", 0.9), 6))}
    file.drawing.layer("batch_norm", params, op.live[:1], op.output, op.name)
    return None


def _instance_norm(file: OnnxFile, op: Operator) -> bool | None:
    file.drawing.layer("instance_norm", {"epsilon": op.number("epsilon", 1e-5)}, op.live[:1], op.output, op.name)
    return None


def _group_norm(file: OnnxFile, op: Operator) -> bool | None:
    params = {"groups": op.flag("num_groups", 1), "epsilon": op.number("epsilon", 1e-5)}
    file.drawing.layer("group_norm", params, op.live[:1], op.output, op.name)
    return None


def _layer_norm(file: OnnxFile, op: Operator) -> bool | None:
    scale = file.shapes.get(op.given(1), ())
    if len(scale) not in (1, 3):
        return False
    over = "all" if len(scale) == 3 else "channels"
    params: dict[str, Value] = {"epsilon": op.number("epsilon", 1e-5), "over": over}
    file.drawing.layer("layer_norm", params, op.live[:1], op.output, op.name)
    return None


def _local_response(file: OnnxFile, op: Operator) -> bool | None:
    params: dict[str, Value] = {"size": op.flag("size", 5), "alpha": op.number("alpha", 1e-4)}
    params |= {"beta": op.number("beta", 0.75), "k": op.number("bias", 1.0)}
    file.drawing.layer("local_response_norm", params, op.live[:1], op.output, op.name)
    return None


def _clip(file: OnnxFile, op: Operator) -> bool | None:
    low = op.attributes.get("min", file.number(op.given(1)))
    high = op.attributes.get("max", file.number(op.given(2)))
    if low == 0 and high == 6:
        file.drawing.layer("relu6", {}, op.live[:1], op.output, op.name)
    elif low == 0 and high is None:
        file.drawing.layer("relu", {}, op.live[:1], op.output, op.name)
    else:
        return False
    return None


def _hard_sigmoid(file: OnnxFile, op: Operator) -> bool | None:
    alpha, beta = op.number("alpha", 0.2), op.number("beta", 0.5)
    if not math.isclose(alpha, 1 / 6, rel_tol=1e-3) or not math.isclose(beta, 0.5, rel_tol=1e-3):
        file.drawing.notes.append("A hard sigmoid of another slope was drawn as the usual one.")
    file.drawing.layer("hard_sigmoid", {}, op.live[:1], op.output, op.name)
    return None


def _prelu(file: OnnxFile, op: Operator) -> bool | None:
    slopes = math.prod(file.shapes.get(op.given(1), (1,)))
    file.drawing.layer("prelu", {"slopes": "one" if slopes == 1 else "channels"}, op.live[:1], op.output, op.name)
    return None


def _merge(kind: str) -> Callable[[OnnxFile, Operator], bool | None]:
    def draw(file: OnnxFile, op: Operator) -> bool | None:
        if len(op.live) == 1:
            file.drawing.same(op.output, op.live[0])
        else:
            file.drawing.layer(kind, {}, [one for one in op.inputs if one in op.live], op.output, op.name)
        return None

    return draw


def _concatenate(file: OnnxFile, op: Operator) -> bool | None:
    if op.flag("axis") not in (1, -3, -1) or len(op.live) != len(op.inputs):
        return False
    return _merge("concatenate")(file, op)


def _arithmetic(kind: str, mark: str) -> Callable[[OnnxFile, Operator], bool | None]:
    def draw(file: OnnxFile, op: Operator) -> bool | None:
        if kind and len([one for one in op.inputs if one in op.live]) == 2:
            file.drawing.layer(kind, {}, op.inputs, op.output, op.name)
            return None
        constant = next((one for one in op.inputs if one not in op.live), "")
        if kind == "add" and len(file.shapes.get(constant, ())) == 1 and file.drawing.bias(op.live[0], op.output):
            return None
        number = file.number(constant)
        if number is None:
            return False
        if mark == "subtract":
            mark_name, number = "add", -number
        else:
            mark_name = mark
        if mark == "divide" and op.inputs[0] not in op.live:
            return False
        file.drawing.mark(mark_name, number, op.live[:1], op.output, op.name)
        return None

    return draw


def _erf(file: OnnxFile, op: Operator) -> bool | None:
    file.drawing.mark("erf", 0.0, op.live[:1], op.output, op.name)
    return None


def _mean(file: OnnxFile, op: Operator) -> bool | None:
    axes = op.ints("axes", file.whole(op.given(1)) or ())
    if sorted(axes) not in ([2, 3], [-2, -1]):
        return False
    kept = op.flag("keepdims", 1)
    kind, params = ("adaptive_avg_pool", {"size": 1}) if kept else ("global_avg_pool", {})
    file.drawing.layer(kind, params, op.live[:1], op.output, op.name)  # type: ignore[arg-type]
    return None


def _global_average(file: OnnxFile, op: Operator) -> bool | None:
    file.drawing.layer("adaptive_avg_pool", {"size": 1}, op.live[:1], op.output, op.name)
    return None


def _flatten(file: OnnxFile, op: Operator) -> bool | None:
    if op.flag("axis", 1) not in (1, -3):
        return False
    file.drawing.layer("flatten", {}, op.live[:1], op.output, op.name)
    return None


def _reshape(file: OnnxFile, op: Operator) -> bool | None:
    sizes = file.whole(op.given(1))
    if sizes is not None and len(sizes) == 2:
        file.drawing.layer("flatten", {}, op.live[:1], op.output, op.name)
        return None
    if sizes is not None and len(sizes) == 4 and all(side > 0 for side in sizes[1:]):
        params: dict[str, Value] = {"channels": sizes[1], "height": sizes[2], "width": sizes[3]}
        file.drawing.layer("reshape", params, op.live[:1], op.output, op.name)
        return None
    if sizes is None:  # (batch, -1), computed from the size of the batch: by far the usual case
        file.drawing.layer("flatten", {}, op.live[:1], op.output, op.name)
        return None
    return False


def _squeeze(file: OnnxFile, op: Operator) -> bool | None:
    axes = op.ints("axes", file.whole(op.given(1)) or ())
    if sorted(axes) not in ([2, 3], [-2, -1]):
        return False
    file.drawing.layer("flatten", {}, op.live[:1], op.output, op.name)
    return None


def _pad(file: OnnxFile, op: Operator) -> bool | None:
    pads = op.ints("pads", file.whole(op.given(1)) or ())
    value = op.number("value", file.number(op.given(2)) or 0.0)
    if op.text("mode", "constant") != "constant" or value != 0 or len(pads) != 8 or any(pads[:2] + pads[4:6]):
        return False
    top, left, bottom, right = pads[2], pads[3], pads[6], pads[7]
    if min(top, left, bottom, right) < 0:
        return False
    if not any((top, left, bottom, right)):
        file.drawing.same(op.output, op.live[0])
    else:
        sides = {"top": top, "bottom": bottom, "left": left, "right": right}
        file.drawing.layer("zero_padding", sides, op.live[:1], op.output, op.name)
    return None


def _resize(file: OnnxFile, op: Operator) -> bool | None:
    scales = next((file.constants[one] for one in op.inputs[1:] if len(file.constants.get(one, ())) == 4), [])
    if not scales:
        scales = [float(one) for one in op.attributes.get("scales", ())]
    modes = {"nearest": "nearest", "linear": "bilinear"}
    mode = op.text("mode", "nearest")
    if len(scales) != 4 or scales[:2] != [1.0, 1.0] or scales[2] != scales[3] or scales[2] != int(scales[2]) < 2:
        return False
    if mode not in modes:
        return False
    file.drawing.layer("upsample", {"factor": int(scales[2]), "mode": modes[mode]}, op.live[:1], op.output, op.name)
    return None


def _dropout(file: OnnxFile, op: Operator) -> bool | None:
    rate = op.number("ratio", file.number(op.given(1)) or 0.5)
    file.drawing.layer("dropout", {"rate": min(0.95, rate)}, op.live[:1], op.output, op.name)
    return None


def _same(file: OnnxFile, op: Operator) -> bool | None:
    file.drawing.same(op.output, op.live[0])
    return None


OPERATORS: dict[str, Callable[[OnnxFile, Operator], bool | None]] = {
    "Conv": _convolution,
    "ConvTranspose": _transposed,
    "MaxPool": _pooling("max_pool"),
    "AveragePool": _pooling("avg_pool"),
    "GlobalAveragePool": _global_average,
    "GlobalMaxPool": _plain("global_max_pool"),
    "ReduceMean": _mean,
    "Gemm": _dense,
    "MatMul": _dense,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "BatchNormalization": _batch_norm,
    "InstanceNormalization": _instance_norm,
    "GroupNormalization": _group_norm,
    "LayerNormalization": _layer_norm,
    "LRN": _local_response,
    "Relu": _plain("relu"),
    "Clip": _clip,
    "LeakyRelu": _plain("leaky_relu", slope=("alpha", 0.01)),
    "PRelu": _prelu,
    "Elu": _plain("elu", alpha=("alpha", 1.0)),
    "Selu": _plain("selu"),
    "Gelu": _plain("gelu"),
    "Sigmoid": _plain("sigmoid"),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _plain("hard_swish"),
    "Swish": _plain("silu"),
    "Mish": _plain("mish"),
    "Tanh": _plain("tanh"),
    "Softplus": _plain("softplus"),
    "Softmax": _plain("softmax"),
    "Add": _arithmetic("add", "add"),
    "Sub": _arithmetic("", "subtract"),
    "Mul": _arithmetic("multiply", "multiply"),
    "Div": _arithmetic("", "divide"),
    "Erf": _erf,
    "Sum": _merge("add"),
    "Mean": _merge("average"),
    "Max": _merge("maximum"),
    "Concat": _concatenate,
    "Dropout": _dropout,
    "Identity": _same,
    "Cast": _same,
    "Pad": _pad,
    "Resize": _resize,
    "Upsample": _resize,
}
"""A new operator is one entry."""
