"""Layers that make an image smaller by summing up neighbourhoods; nothing is learnt here."""

from __future__ import annotations

import math
from dataclasses import replace

from engine.errors import ShapeMismatch
from engine.layers.base import EVERYWHERE, LayerKind, Reach, Shape, layer_kind, picture
from engine.layers.made import Made, made, short, unlike
from engine.layers.windows import Window
from engine.params import both, param


class _Pooling(LayerKind):
    """What max and average pooling share: a window that moves in steps."""

    @property
    def window(self) -> Window:
        kernel = both(self.kernel)  # type: ignore[attr-defined]
        steps = (step or size for step, size in zip(both(self.stride), kernel, strict=True))  # type: ignore[attr-defined]
        return replace(Window.of(kernel, tuple(steps), self.padding), ceil=self.ceil)  # type: ignore[attr-defined]

    def infer(self, x: Shape) -> Shape:
        channels, height, width = picture(x, self.title)
        smallest = min(self.window.kernel)
        if isinstance(self.padding, int) and self.padding >= smallest:  # type: ignore[attr-defined]
            raise ShapeMismatch(
                f"{self.title} has more padding than window.",
                why=f"With {self.padding} pixels of padding, some windows would see no pixel of the image at all.",
                fix=f"Set the padding to at most {smallest - 1}, or to “same”.",
            )
        return channels, *self.window.slide((height, width), self.title)

    def reach(self, x: Shape) -> Reach:
        return self.window.reach()

    def said(self) -> str:
        return self.window.said()


def _kernel() -> int | tuple[int, int]:
    return param(
        2, pair=True, low=1, high=63, label="Window", unit="pixels", help="Height and width of a neighbourhood."
    )


def _stride() -> int | tuple[int, int]:
    return param(
        0,
        pair=True,
        low=0,
        high=63,
        label="Stride",
        unit="pixels",
        zero_means="as the window",
        help="Step of the window. As large as the window, neighbourhoods do not overlap.",
    )


def _padding() -> str | int:
    return param(
        "valid",
        choices={"valid": "valid", "same": "same"},
        low=0,
        high=31,
        label="Padding",
        help="“valid” leaves out what is over at the border, “same” keeps it; or a number of pixels.",
        more=True,
    )


def _ceil() -> bool:
    return param(
        False,
        label="Keep the rest",
        help="At the lower and right border, let a window that reaches over it count (“ceil mode”).",
        more=True,
    )


def _plain(window: Window, x: Shape) -> dict[str, object] | None:
    """The options of torch's own pooling where it does the same: equal padding on opposite sides, at most half of the
    window; else None."""
    pads = window.pads(x[1:])
    if any(before != after or 2 * before > side for (before, after), side in zip(pads, window.kernel, strict=True)):
        return None
    stride = {} if window.stride == window.kernel else {"stride": short(window.stride)}
    padding = short((pads[0][0], pads[1][0]))
    return {**stride, **unlike({"padding": 0, "ceil_mode": False}, padding=padding, ceil_mode=window.ceil)}


@layer_kind("max_pool", "Max pooling", "pooling")
class MaxPooling(_Pooling):
    """Keeps only the strongest answer of each neighbourhood. The image shrinks, small shifts stop to matter, and
    the next filters see a larger part of the image."""

    more_about = "https://d2l.ai/chapter_convolutional-neural-networks/pooling.html"

    kernel: int | tuple[int, int] = _kernel()
    stride: int | tuple[int, int] = _stride()
    padding: str | int = _padding()
    ceil: bool = _ceil()

    def made(self, x: Shape) -> Made:
        window = self.window
        if (plain := _plain(window, x)) is not None:
            return made("nn.MaxPool2d", short(window.kernel), **plain)
        return made("PaddedMaxPool2d", window.filled_pads(x[1:], self.title), window.kernel, window.stride)


@layer_kind("avg_pool", "Average pooling", "pooling")
class AveragePooling(_Pooling):
    """Takes the mean of each neighbourhood. The image shrinks and fine detail is smoothed away.

    Padding does not take part in the mean.
    """

    more_about = "https://d2l.ai/chapter_convolutional-neural-networks/pooling.html"

    kernel: int | tuple[int, int] = _kernel()
    stride: int | tuple[int, int] = _stride()
    padding: str | int = _padding()
    ceil: bool = _ceil()
    count_padding: bool = param(
        False,
        label="Padding counts",
        help="Let the zeros of the padding take part in the mean, as torch does by default.",
        more=True,
    )

    def made(self, x: Shape) -> Made:
        window = self.window
        if (plain := _plain(window, x)) is not None:
            if "padding" in plain and not self.count_padding:
                plain["count_include_pad"] = False
            return made("nn.AvgPool2d", short(window.kernel), **plain)
        return made(
            "PaddedAvgPool2d", window.filled_pads(x[1:], self.title), window.kernel, window.stride, self.count_padding
        )


@layer_kind("global_avg_pool", "Global average pooling", "pooling")
class GlobalAveragePooling(LayerKind):
    """Turns every channel into one number, its mean over the whole image. What was found counts, no longer where;
    far fewer inputs reach the next layer than after Flatten.

    Lin et al., 2013, "Network in network".
    """

    more_about = "https://arxiv.org/abs/1312.4400"

    def infer(self, x: Shape) -> Shape:
        return (picture(x, self.title)[0],)

    def made(self, x: Shape) -> Made:
        return made("GlobalAvgPool", expression="{0}.mean(dim=(2, 3))")

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE


@layer_kind("global_max_pool", "Global max pooling", "pooling")
class GlobalMaxPooling(LayerKind):
    """Turns every channel into one number, its strongest answer anywhere in the image. One clear sign is enough,
    wherever it is."""

    more_about = "https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html"

    def infer(self, x: Shape) -> Shape:
        return (picture(x, self.title)[0],)

    def made(self, x: Shape) -> Made:
        return made("GlobalMaxPool", expression="{0}.amax(dim=(2, 3))")

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE


@layer_kind("adaptive_avg_pool", "Adaptive average pooling", "pooling")
class AdaptiveAveragePooling(LayerKind):
    """Divides the image into a fixed grid and takes the mean of each cell. Whatever the size of the images, what comes
    out is equally large."""

    more_about = "https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html"

    size: int | tuple[int, int] = param(
        7, pair=True, low=1, high=512, label="Grid", unit="cells", help="Rows and columns that come out."
    )

    def infer(self, x: Shape) -> Shape:
        return picture(x, self.title)[0], *both(self.size)

    def made(self, x: Shape) -> Made:
        return made("nn.AdaptiveAvgPool2d", short(both(self.size)))

    def reach(self, x: Shape) -> Reach:
        steps = [large / small for large, small in zip(x[1:], both(self.size), strict=True)]
        return Reach((math.ceil(steps[0]), math.ceil(steps[1])), (steps[0], steps[1]))

    def said(self) -> str:
        rows, columns = both(self.size)
        return f"{rows} × {columns} cells"
