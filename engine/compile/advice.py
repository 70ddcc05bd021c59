"""What works and will probably disappoint: advice for a network, with its reason. Nothing here keeps anybody from
training.

Each rule is one function; a new one is added to `RULES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.compile.field import receptive_field
from engine.compile.infer import NetworkReport, NodeReport
from engine.compile.remembered import remembered
from engine.layers import grouped

FEW = 50_000
"""Parameters below which it does not matter where they are."""

LION = 0.95
"""The share of all parameters from which one dense layer is told of."""


@dataclass(frozen=True)
class Advice:
    """A piece of advice about one layer, in the parts of `EngineError`.

    Attributes:
        rule: which one it is, as "no-activation" or "shrunk-early".
    """

    node_id: str
    rule: str
    what: str
    why: str
    fix: str


@remembered
def advice(report: NetworkReport) -> tuple[Advice, ...]:
    """Advice for a network that works, at most one of each rule; none for one that has a problem: that comes first."""
    if report.problems:
        return ()
    return tuple(found for rule in RULES if (found := next(rule(report), None)) is not None)


def shrinks_early(report: NetworkReport) -> bool:
    """Whether windows slide over an image of which a single pixel is left."""
    return next(_shrunk_early(report), None) is not None


# ---- the rules


def _no_activation(report: NetworkReport) -> Iterator[Advice]:
    """Two linear maps in a row are one linear map."""
    for node_id, entry in report.nodes.items():
        if not _is_dense(entry) and not _is_full_convolution(entry):
            continue
        before = _before(report, entry, passing=_is_linear)
        if before is None or not (
            _is_dense(before) or (_is_full_convolution(before) and _is_full_convolution(entry) and not _narrows(before))
        ):
            continue
        yield Advice(
            node_id,
            "no-activation",
            f"There is no activation between “{_title(before)}” and “{_title(entry)}”.",
            "Two linear maps in a row can do no more than a single one: only a bend between them lets the network "
            "learn curved borders.",
            f"Add ReLU before “{_title(entry)}”.",
        )


def _softmax_before_loss(report: NetworkReport) -> Iterator[Advice]:
    """The loss has a softmax of its own."""
    for entry in report.nodes.values():
        if entry.kind is None or entry.kind.family != "output":
            continue
        before = _before(report, entry, passing=lambda one: one.node.kind in ("flatten", "dropout", "linear"))
        if before is not None and before.node.kind == "softmax":
            yield Advice(
                before.node.id,
                "softmax-before-loss",
                f"“{_title(before)}” stands right before the output, which has one of its own.",
                "Squeezed twice, answers can hardly differ, and the gradients that should teach them become tiny.",
                "Delete it, or put ReLU in its place.",
            )


def _shrunk_early(report: NetworkReport) -> Iterator[Advice]:
    """A window on a single pixel sees padding only."""
    for node_id, entry in report.nodes.items():
        for inner in _layers(entry):
            if inner.inputs and inner.inputs[0][-2:] == (1, 1) and len(inner.inputs[0]) == 3 and _window(inner) > 1:
                side = _window(inner)
                yield Advice(
                    node_id,
                    "shrunk-early",
                    f"The image has shrunk to 1 × 1 before “{_title(entry)}”.",
                    f"Its {side} × {side} window looks at one pixel and for the rest at padding: most of its weights "
                    "never meet an image.",
                    "Take larger images, or a stride or pooling out of the layers before it.",
                )


def _one_dense_layer(report: NetworkReport) -> Iterator[Advice]:
    """Nearly all that is learnt stands in one dense layer."""
    holders = [entry for entry in report.nodes.values() if entry.parameters]
    if len(holders) < 2:
        return
    largest = max(holders, key=lambda entry: entry.parameters)
    share = largest.parameters / report.parameters
    if largest.parameters < FEW or share < LION or not (_is_dense(largest)):
        return
    percent = f"{share * 100:.1f}".rstrip("0").rstrip(".") if share < 0.9995 else "99.9"
    inputs = largest.inputs[0][0]
    convolves = any(_window(inner) for entry in report.nodes.values() for inner in _layers(entry))
    yield Advice(
        largest.node.id,
        "one-dense-layer",
        f"{percent} % of all parameters stand in “{_title(largest)}”.",
        f"Each of its neurons has a weight for every one of {grouped(inputs)} inputs. So many numbers learn single "
        "images by heart more easily than what they have in common.",
        "Use global average pooling in place of Flatten, or pool once more before it."
        if convolves
        else "Let convolutions and pooling bring the image to fewer numbers before it, or take smaller images.",
    )


def _short_sighted(report: NetworkReport) -> Iterator[Advice]:
    """Where places are never compared by a dense layer, what no window spans is never seen together."""
    field = receptive_field(report)
    if field is None or report.inputs:
        return
    image = report.facts.shape[-2:]
    if all(2 * seen >= side for seen, side in zip(field.extent, image, strict=True)):
        return
    for node_id, entry in report.nodes.items():
        if _sums_up(entry):
            seen = " × ".join(f"{size:.0f}" for size in field.extent)
            yield Advice(
                node_id,
                "short-sighted",
                f"What “{_title(entry)}” sums up has seen {seen} of {image[0]} × {image[1]} pixels at a time.",
                "The receptive field is smaller than half the image: parts that lie farther apart are counted, but "
                "never seen together.",
                "Add a convolution or a pooling layer before it, or take smaller images.",
            )


RULES: tuple[Callable[[NetworkReport], Iterator[Advice]], ...] = (
    _softmax_before_loss,
    _no_activation,
    _shrunk_early,
    _one_dense_layer,
    _short_sighted,
)


# ---- what the rules ask


def _title(entry: NodeReport) -> str:
    return entry.node.label or (entry.kind.title if entry.kind else entry.node.kind)


def _is_dense(entry: NodeReport) -> bool:
    return entry.node.kind in ("dense", "classes") and len(entry.inputs) == 1


def _is_full_convolution(entry: NodeReport) -> bool:
    """A convolution over places and channels. Depthwise and 1×1 ones are often left linear on purpose (MobileNet)."""
    return entry.node.kind == "conv2d" and _window(entry) > 1 and getattr(entry.layer, "groups", 1) == 1


def _narrows(entry: NodeReport) -> bool:
    """Whether fewer channels come out than go in: a map that is split in two to save parameters."""
    return entry.shape is not None and entry.shape[0] < entry.inputs[0][0]


def _is_linear(entry: NodeReport) -> bool:
    """Whether a layer keeps a linear map linear."""
    family = entry.kind.family if entry.kind else ""
    return (
        family in ("normalisation", "regularisation", "reshape")
        or entry.node.kind in ("avg_pool", "global_avg_pool", "adaptive_avg_pool", "linear", "upsample")
    ) and entry.inside is None


def _before(report: NetworkReport, entry: NodeReport, passing: Callable[[NodeReport], bool]) -> NodeReport | None:
    """The layer before `entry`, and before all those that `passing` says not to count; None where branches meet."""
    while len(entry.node.inputs) == 1:
        entry = report.nodes[entry.node.inputs[0]]
        if not passing(entry):
            return entry
    return None


def _layers(entry: NodeReport) -> Iterator[NodeReport]:
    """A layer; of a block, all layers inside."""
    if entry.inside is None:
        yield entry
    else:
        for inner in entry.inside.nodes.values():
            yield from _layers(inner)


def _window(entry: NodeReport) -> int:
    """The larger side of a sliding window of learnt weights; 0 where there is none."""
    if entry.layer is None or entry.kind is None or entry.kind.family != "convolution" or not entry.inputs:
        return 0
    extent = entry.layer.reach(*entry.inputs).extent
    return int(max(extent)) if math.inf not in extent else 0


def _sums_up(entry: NodeReport) -> bool:
    """Whether a layer takes one number of every channel, wherever in the image that comes from."""
    if entry.node.kind in ("global_avg_pool", "global_max_pool", "class_maps"):
        return True
    return entry.node.kind == "adaptive_avg_pool" and entry.shape is not None and entry.shape[1:] == (1, 1)
