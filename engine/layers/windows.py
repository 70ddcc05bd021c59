"""The arithmetic of windows that slide over an image, shared by convolution and pooling."""

from dataclasses import dataclass

from engine.errors import ShapeMismatch
from engine.layers.base import Pair, Reach
from engine.params import both


@dataclass(frozen=True)
class Window:
    """A window of `kernel` (height, width), its step, its padding and its spread."""

    kernel: Pair
    stride: Pair
    padding: str | int  # "same", "valid" or pixels on every side
    dilation: Pair = (1, 1)
    ceil: bool = False  # windows that reach over the border count too, as torch's `ceil_mode`

    @classmethod
    def of(cls, kernel: int | Pair, stride: int | Pair, padding: str | int, dilation: int | Pair = 1) -> "Window":
        """Build a window from settings in which one number stands for both directions."""
        return cls(both(kernel), both(stride), padding, both(dilation))

    def pads(self, size: Pair) -> tuple[Pair, Pair]:
        """Pixels added ((top, bottom), (left, right)) to an image of `size` (height, width).

        "same" makes the output ceil(input / stride) as in Dumoulin and Visin, 2016, "A guide to convolution
        arithmetic"; an odd number of pixels puts the extra one at the bottom and right, as TensorFlow does.
        """
        return tuple(self._pad_one(axis, size[axis]) for axis in (0, 1))  # type: ignore[return-value]

    def _pad_one(self, axis: int, length: int) -> Pair:
        if self.padding == "valid":
            return 0, 0
        if isinstance(self.padding, int):
            return self.padding, self.padding
        steps = -(-length // self.stride[axis])
        total = max(0, (steps - 1) * self.stride[axis] + self._reach(axis) - length)
        return total // 2, total - total // 2

    def _reach(self, axis: int) -> int:
        return self.dilation[axis] * (self.kernel[axis] - 1) + 1

    def slide(self, size: Pair, who: str) -> Pair:
        """(height, width) of the output for an image of `size`. Raises: ShapeMismatch when the window is larger."""
        result = []
        for axis, (before, after) in enumerate(self.pads(size)):
            room = size[axis] + before + after - self._reach(axis)
            if room < 0:
                raise ShapeMismatch(
                    f"{who} has a window larger than its image.",
                    why=f"The window reaches over {self._reach(0)} × {self._reach(1)} pixels, "
                    f"the image has {size[0]} × {size[1]}.",
                    fix="Use a smaller window, padding “same”, or fewer pooling layers before it.",
                )
            steps = -(-room // self.stride[axis]) if self.ceil else room // self.stride[axis]
            if self.ceil and steps * self.stride[axis] >= size[axis] + before:
                steps -= 1  # a window must begin inside the image, as in torch
            result.append(steps + 1)
        return result[0], result[1]

    def filled_pads(self, size: Pair, who: str) -> tuple[Pair, Pair]:
        """Like `pads`, with what `ceil` needs at the bottom and right so that every window is full."""
        result = []
        for axis, (before, after) in enumerate(self.pads(size)):
            needed = (self.slide(size, who)[axis] - 1) * self.stride[axis] + self._reach(axis)
            result.append((before, max(after, needed - size[axis] - before)))
        return result[0], result[1]

    def reach(self) -> Reach:
        """What one output pixel sees."""
        return Reach((self._reach(0), self._reach(1)), self.stride)

    def said(self) -> str:
        """In words: "3×3, stride 2, same"."""
        padding = f"padding {self.padding}" if isinstance(self.padding, int) else self.padding
        spread = "" if self.dilation == (1, 1) else f", dilation {_times(self.dilation)}"
        return f"{self.kernel[0]}×{self.kernel[1]}, stride {_times(self.stride)}, {padding}{spread}"


def _times(pair: Pair) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}×{pair[1]}"
