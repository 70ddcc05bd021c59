"""Layers that make a picture smaller by summing up neighbourhoods; nothing is learnt here."""

from __future__ import annotations

from engine.errors import ShapeMismatch
from engine.layers.base import EVERYWHERE, LayerKind, Reach, Shape, layer_kind, picture
from engine.layers.made import Made, made
from engine.layers.windows import Window
from engine.params import both, param


class _Pooling(LayerKind):
    """What max and average pooling share: a window that moves in steps."""

    @property
    def window(self) -> Window:
        kernel = both(self.kernel)  # type: ignore[attr-defined]
        steps = (step or size for step, size in zip(both(self.stride), kernel, strict=True))  # type: ignore[attr-defined]
        return Window.of(kernel, tuple(steps), self.padding)  # type: ignore[attr-defined]

    def infer(self, x: Shape) -> Shape:
        channels, height, width = picture(x, self.title)
        smallest = min(self.window.kernel)
        if isinstance(self.padding, int) and self.padding >= smallest:  # type: ignore[attr-defined]
            raise ShapeMismatch(
                f"{self.title} has more padding than window.",
                why=f"With {self.padding} pixels of padding, some windows would see no pixel of the picture at all.",
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


@layer_kind("max_pool", "Max pooling", "pooling")
class MaxPooling(_Pooling):
    """Keeps only the strongest answer of each neighbourhood. The picture shrinks, small shifts stop to matter, and
    the next filters see a larger part of the image."""

    kernel: int | tuple[int, int] = _kernel()
    stride: int | tuple[int, int] = _stride()
    padding: str | int = _padding()

    def made(self, x: Shape) -> Made:
        window = self.window
        return made("PaddedMaxPool2d", window.pads(x[1:]), window.kernel, window.stride)


@layer_kind("avg_pool", "Average pooling", "pooling")
class AveragePooling(_Pooling):
    """Takes the mean of each neighbourhood. The picture shrinks and fine detail is smoothed away.

    Padding does not take part in the mean.
    """

    kernel: int | tuple[int, int] = _kernel()
    stride: int | tuple[int, int] = _stride()
    padding: str | int = _padding()

    def made(self, x: Shape) -> Made:
        window = self.window
        return made("PaddedAvgPool2d", window.pads(x[1:]), window.kernel, window.stride)


@layer_kind("global_avg_pool", "Global average pooling", "pooling")
class GlobalAveragePooling(LayerKind):
    """Turns every channel into one number, its mean over the whole picture. What was found counts, no longer where;
    far fewer inputs reach the next layer than after Flatten.

    Lin et al., 2013, "Network in network".
    """

    def infer(self, x: Shape) -> Shape:
        return (picture(x, self.title)[0],)

    def made(self, x: Shape) -> Made:
        return made("GlobalAvgPool", expression="{0}.mean(dim=(2, 3))")

    def reach(self, x: Shape) -> Reach:
        return EVERYWHERE
