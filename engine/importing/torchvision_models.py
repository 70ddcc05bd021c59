"""Models of torchvision as drawings: traced symbolically, without weights and without computing anything."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.importing.drawing import Drawing, Imported, convolution, pair_of, short
from engine.params import Value
from engine.templates import templates

if TYPE_CHECKING:
    from torch import fx, nn

SIDES = {"inception_v3": 299}
"""Of the images that a model expects, where it is not 224."""

NOT_DRAWN = ("maxvit", "swin", "vit")


@cache
def torchvision_names() -> tuple[str, ...]:
    """The names of its models for classification, without those made of attention, for which there are no layers."""
    from torchvision import models

    return tuple(sorted(name for name in models.list_models(module=models) if not name.startswith(NOT_DRAWN)))


def read_torchvision(name: str) -> Imported:
    """Draw a model.

    Raises: EngineError, for an unknown name, or a model that cannot be followed.
    """
    import torch
    from torchvision import models

    if name not in torchvision_names():
        raise EngineError(f"torchvision has no network “{name}”.", fix="Choose one of the list, for example resnet18.")
    options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    try:
        with torch.device("meta"):  # shapes only: nothing is drawn at random, no memory is filled
            model = models.get_model(name, weights=None, **options).eval()
    except NotImplementedError:  # some compute their widths with tensors, which then need numbers
        model = models.get_model(name, weights=None, **options).eval()
    side = SIDES.get(name, 224)
    found = read_module(model, (3, side, side))
    known = next((entry for entry in templates() if entry.name.replace("-", "") == name.replace("_", "")), None)
    notes = (*found.notes, *((f"“{known.title}” is among the templates too, drawn with blocks.",) if known else ()))
    return Imported(found.network, found.shape, found.unmapped, notes)


def read_module(model: nn.Module, shape: tuple[int, int, int]) -> Imported:
    """Draw a torch module that receives images of `shape` (channels, height, width).

    Raises: EngineError, where its program cannot be followed symbolically.
    """
    from torch import fx

    tracer = _tracer()
    try:
        graph = tracer.trace(model)
    except (TypeError, ValueError, AttributeError, RuntimeError, fx.proxy.TraceError) as error:
        raise EngineError(
            "This network cannot be drawn.",
            why=f"What it computes depends on the images themselves ({type(error).__name__}).",
            fix="Export it as ONNX and open that file.",
        ) from error
    drawing = Drawing()
    modules = dict(model.named_modules())
    output = ""
    for node in graph.nodes:
        if node.op == "placeholder":
            drawing.image(node.name, shape)
        elif node.op == "output":
            output = _first(node.args[0])
        elif node.op == "call_module":
            _draw_module(drawing, modules[str(node.target)], node)
        elif node.op in ("call_function", "call_method"):
            _draw_function(drawing, node)
    return drawing.finished(output)


def _first(value: Any) -> str:
    """The name of the value that leaves the network; of several, of the first."""
    if isinstance(value, tuple | list):
        value = value[0]
    if isinstance(value, dict):
        value = next(iter(value.values()))
    return value.name


def _tracer() -> fx.Tracer:
    from torch import fx
    from torchvision import ops
    from torchvision.models import convnext

    whole = (ops.SqueezeExcitation, ops.StochasticDepth, convnext.CNBlock, convnext.LayerNorm2d)

    class Tracer(fx.Tracer):
        def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
            return isinstance(m, whole) or super().is_leaf_module(m, module_qualified_name)

    return Tracer()


def _inputs(node: fx.Node) -> list[str]:
    return [one.name for one in node.all_input_nodes]


# ---- modules

Params = dict[str, Value]


def _draw_module(drawing: Drawing, module: nn.Module, node: fx.Node) -> None:
    kind = type(module).__name__
    inputs = [one for one in _inputs(node) if drawing.knows(one)]
    if not inputs:
        return
    if kind in ("Identity", "Sequential"):
        drawing.same(node.name, inputs[0])
    elif kind in WINDOWS:
        name, params, padding = WINDOWS[kind](module)
        drawing.window(name, params, (*padding, *padding), inputs, node.name, kind)
    elif kind in MODULES and (found := MODULES[kind](module)) is not None:
        drawing.layer(*found, inputs, node.name, kind)
    else:
        drawing.unknown(kind, inputs, node.name)


def _convolution(module: Any) -> tuple[str, Params, tuple[int, int]]:
    return (*convolution(
        module.in_channels, module.out_channels, module.kernel_size, module.stride, module.dilation, module.groups,
        module.bias is not None,
    ), pair_of(module.padding if not isinstance(module.padding, str) else (0, 0)))  # fmt: skip


def _pooling(kind: str) -> Callable[[Any], tuple[str, Params, tuple[int, int]]]:
    def read(module: Any) -> tuple[str, Params, tuple[int, int]]:
        params: Params = {
            "kernel": short(module.kernel_size),
            "stride": short(module.stride or module.kernel_size),
            "ceil": bool(module.ceil_mode),
        }
        padding = pair_of(module.padding)
        if kind == "avg_pool" and any(padding):
            params["count_padding"] = bool(module.count_include_pad)
        return kind, params, padding

    return read


WINDOWS: dict[str, Callable[[Any], tuple[str, Params, tuple[int, int]]]] = {
    "Conv2d": _convolution,
    "MaxPool2d": _pooling("max_pool"),
    "AvgPool2d": _pooling("avg_pool"),
}

Found = tuple[str, Params]


def _plain(kind: str, **fixed: Value) -> Callable[[Any], Found]:
    return lambda module: (kind, dict(fixed))


def _normalisation(kind: str) -> Callable[[Any], Found]:
    return lambda module: (kind, {"epsilon": float(module.eps)})


def _batch_norm(module: Any) -> Found:
    return "batch_norm", {"epsilon": float(module.eps), "momentum": round(float(module.momentum or 0.1), 6)}


def _transposed(module: Any) -> Found | None:
    if module.groups != 1 or pair_of(module.dilation) != (1, 1):
        return None
    height, width = pair_of(module.padding)
    extra = pair_of(module.output_padding)
    if height != width or extra[0] != extra[1]:
        return None
    params: Params = {"filters": module.out_channels, "kernel": short(module.kernel_size)}
    params |= {"stride": short(module.stride), "padding": height, "output_padding": extra[0]}
    return "transposed_conv", {**params, "bias": module.bias is not None}


def _linear(module: Any) -> Found:
    return "dense", {"units": module.out_features, "bias": module.bias is not None}


def _adaptive(module: Any) -> Found | None:
    size = module.output_size
    sides = pair_of(size) if None not in (size if isinstance(size, tuple | list) else (size,)) else None
    return ("adaptive_avg_pool", {"size": sides[0] if sides[0] == sides[1] else sides}) if sides else None


def _excitation(module: Any) -> Found | None:
    bends, gates = {"ReLU": "relu", "SiLU": "silu"}, {"Sigmoid": "sigmoid", "Hardsigmoid": "hard_sigmoid"}
    bend, gate = type(module.activation).__name__, type(module.scale_activation).__name__
    if bend not in bends or gate not in gates:
        return None
    params: Params = {"squeezed": module.fc1.out_channels, "activation": bends[bend], "gate": gates[gate]}
    return "squeeze_excitation", params


def _local_response(module: Any) -> Found:
    numbers = {"alpha": float(module.alpha), "beta": float(module.beta), "k": float(module.k)}
    return "local_response_norm", {"size": int(module.size), **numbers}


def _upsample(module: Any) -> Found | None:
    factor = module.scale_factor
    if factor is None or len({*(factor if isinstance(factor, tuple) else (factor,))}) != 1:
        return None
    factor = float(factor[0] if isinstance(factor, tuple) else factor)
    if module.mode not in ("nearest", "bilinear") or factor != int(factor):
        return None
    return "upsample", {"factor": int(factor), "mode": module.mode}


MODULES: dict[str, Callable[[Any], Found | None]] = {
    "ConvTranspose2d": _transposed,
    "Linear": _linear,
    "NonDynamicallyQuantizableLinear": _linear,
    "BatchNorm2d": _batch_norm,
    "LayerNorm2d": _normalisation("layer_norm"),
    "GroupNorm": lambda module: ("group_norm", {"groups": module.num_groups, "epsilon": float(module.eps)}),
    "InstanceNorm2d": lambda module: ("instance_norm", {"affine": bool(module.affine), "epsilon": float(module.eps)}),
    "LocalResponseNorm": _local_response,
    "ReLU": _plain("relu"),
    "ReLU6": _plain("relu6"),
    "LeakyReLU": lambda module: ("leaky_relu", {"slope": float(module.negative_slope)}),
    "PReLU": lambda module: ("prelu", {"slopes": "one" if module.num_parameters == 1 else "channels"}),
    "ELU": lambda module: ("elu", {"alpha": float(module.alpha)}),
    "SELU": _plain("selu"),
    "GELU": _plain("gelu"),
    "SiLU": _plain("silu"),
    "Mish": _plain("mish"),
    "Sigmoid": _plain("sigmoid"),
    "Hardsigmoid": _plain("hard_sigmoid"),
    "Hardswish": _plain("hard_swish"),
    "Tanh": _plain("tanh"),
    "Softplus": _plain("softplus"),
    "Softmax": _plain("softmax"),
    "Dropout": lambda module: ("dropout", {"rate": float(module.p)}),
    "Dropout2d": lambda module: ("spatial_dropout", {"rate": float(module.p)}),
    "StochasticDepth": lambda module: ("stochastic_depth", {"rate": min(0.95, float(module.p))}),
    "AdaptiveAvgPool2d": _adaptive,
    "Flatten": _plain("flatten"),
    "SqueezeExcitation": _excitation,
    "Upsample": _upsample,
    "ChannelShuffle": lambda module: ("channel_shuffle", {"groups": module.groups}),
    "CNBlock": lambda module: ("convnext", {"drop": min(0.9, float(module.stochastic_depth.p))}),
}


# ---- functions and methods


def _draw_function(drawing: Drawing, node: fx.Node) -> None:
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
    known = [one for one in _inputs(node) if drawing.knows(one)]
    if not known:
        return  # computes with sizes only
    if name in ("getattr", "size", "dim"):
        return  # what follows from it follows from no image
    values = known
    if name in ("add", "iadd", "add_", "mul", "imul", "mul_", "truediv"):
        _draw_arithmetic(drawing, node, name.strip("_").removeprefix("i"), values)
    elif name in ("cat", "concat"):
        # A value that is joined with itself counts twice, which `all_input_nodes` does not tell.
        joined = [one.name for one in node.args[0]]
        if len(joined) == 1:
            drawing.same(node.name, joined[0])
        else:
            drawing.layer("concatenate", {}, joined, node.name, name)
    elif name in ("contiguous", "detach", "clone") or node.target is operator.getitem:
        drawing.same(node.name, values[0])
    elif name == "flatten" or (name in ("view", "reshape") and _dimensions(node) == 2):
        drawing.layer("flatten", {}, values[:1], node.name, name)
    elif name == "mean" and _means_over_pixels(node):
        drawing.layer("global_avg_pool", {}, values[:1], node.name, name)
    elif name in ("avg_pool2d", "max_pool2d"):
        _draw_pooling(drawing, node, name, values)
    elif name == "adaptive_avg_pool2d":
        drawing.layer("adaptive_avg_pool", {"size": short(_argument(node, 1, "output_size"))}, values[:1], node.name)
    elif name in FUNCTIONS:
        drawing.layer(FUNCTIONS[name], {}, values[:1], node.name, name)
    elif name == "dropout":
        drawing.layer("dropout", {"rate": float(_argument(node, 1, "p", 0.5))}, values[:1], node.name)
    else:
        drawing.unknown(name, values, node.name)


FUNCTIONS = {
    "relu": "relu", "relu_": "relu", "relu6": "relu6", "gelu": "gelu", "silu": "silu", "sigmoid": "sigmoid",
    "hardswish": "hard_swish", "hardsigmoid": "hard_sigmoid", "tanh": "tanh", "softmax": "softmax",
    "elu": "elu", "selu": "selu", "mish": "mish", "softplus": "softplus",
}  # fmt: skip


def _dimensions(node: fx.Node) -> int:
    """Of what `view` or `reshape` makes."""
    sizes = node.args[1:]
    return len(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else len(sizes)


def _argument(node: fx.Node, place: int, name: str, default: Any = None) -> Any:
    return node.args[place] if len(node.args) > place else node.kwargs.get(name, default)


def _means_over_pixels(node: fx.Node) -> bool:
    dims = _argument(node, 1, "dim", ())
    keeps = _argument(node, 2, "keepdim", False)
    return tuple(dims if isinstance(dims, tuple | list) else (dims,)) in ((2, 3), (-2, -1)) and not keeps


def _draw_arithmetic(drawing: Drawing, node: fx.Node, name: str, values: list[str]) -> None:
    both = [one.name for one in node.args if hasattr(one, "name") and drawing.knows(one.name)]
    kind = {"add": "add", "mul": "multiply"}.get(name)
    if kind is not None and len(both) == 2:
        drawing.layer(kind, {}, both, node.name, name)
        return
    number = next((float(one) for one in node.args if isinstance(one, int | float)), None)
    if number is None:
        drawing.unknown(name, values, node.name)
    else:
        mark = {"add": "add", "mul": "multiply", "truediv": "divide"}[name]
        drawing.mark(mark, number, values[:1], node.name, name)


def _draw_pooling(drawing: Drawing, node: fx.Node, name: str, values: list[str]) -> None:
    kernel = _argument(node, 1, "kernel_size")
    stride = _argument(node, 2, "stride") or kernel
    padding = pair_of(_argument(node, 3, "padding", 0))
    kind = "max_pool" if name == "max_pool2d" else "avg_pool"
    params: Params = {"kernel": short(kernel), "stride": short(stride)}
    params["ceil"] = bool(node.kwargs.get("ceil_mode", False))
    if kind == "avg_pool" and any(padding):
        params["count_padding"] = bool(node.kwargs.get("count_include_pad", True))
    drawing.window(kind, params, (*padding, *padding), values[:1], node.name, name)
