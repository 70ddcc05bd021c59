"""What both kinds of drawing are made with: curves, smooth masks, paint and texture.

A picture in progress is a float32 array (3, side, side), 0..1: channels first, since a mask (side, side) then spreads
over the channels without a copy. Crisp shapes are drawn by Pillow at three times the size and reduced; everything soft
(light, fur patches, cheeks) is computed directly on the pixels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

OVERSAMPLE = 3
NOISE_SIDE = 256  # side of the stored textures; pictures take random windows of it
TEXTURE_WINDOW = (
    128  # textures are defined at this side and resized for others, so that a drawing looks alike at any side
)

Points = np.ndarray  # (N, 2) float, x to the right and y down
Colour = np.ndarray  # (3,) float32, 0..1


def colour(hex_value: int) -> Colour:
    """(3,) float32 of 0xRRGGBB."""
    return np.array([hex_value >> 16 & 255, hex_value >> 8 & 255, hex_value & 255], dtype=np.float32) / 255


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """`share` = 0 gives `first`, 1 gives `second`."""
    return first + np.float32(share) * (second - first)


def as_bytes(value: Colour) -> tuple[int, int, int]:
    red, green, blue = (np.clip(value, 0, 1) * 255 + 0.5).astype(int).tolist()
    return red, green, blue


@cache
def _spline_weights(count: int, steps: int) -> np.ndarray:
    """(count * steps, count): weights of a closed Catmull-Rom spline through `count` points."""
    t = np.arange(steps) / steps
    near = np.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], axis=1) / 2
    weights = np.zeros((count * steps, count))
    for segment in range(count):
        for offset in range(4):
            weights[segment * steps : (segment + 1) * steps, (segment + offset - 1) % count] += near[:, offset]
    return weights


def closed_curve(points: Sequence[tuple[float, float]] | Points, steps: int = 6) -> Points:
    """A smooth closed curve through `points` (at least 4), `steps` corners per piece."""
    corners = np.asarray(points, dtype=float)
    return _spline_weights(len(corners), steps) @ corners


def both_sides(half: Sequence[tuple[float, float]]) -> Points:
    """Close a half outline (from the top middle down the right-hand side) by its mirror image."""
    right = np.asarray(half, dtype=float)
    left = right[::-1] * (-1, 1)
    return np.concatenate([right, left[np.abs(left[:, 0]) > 1e-9]])


@cache
def _circle(corners: int) -> Points:
    angles = np.arange(corners) * (2 * math.pi / corners)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def ellipse(x: float, y: float, width: float, height: float, angle: float = 0.0, corners: int = 22) -> Points:
    """Outline of an ellipse with half axes `width` and `height`, turned by `angle` radians."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    return (_circle(corners) * (width, height)) @ turn + (x, y)


def roughened(outline: Points, amount: float, rng: Random) -> Points:
    """Push every corner in or out from the middle by up to `amount` of its distance: fur, or a crumbly edge."""
    middle = outline.mean(axis=0)
    factors = np.array([1 + amount * rng.uniform(-1, 1) for _ in range(len(outline))])
    return middle + (outline - middle) * factors[:, None]


@dataclass(frozen=True)
class Frame:
    """Where an object stands in the picture: its own coordinates run from about -1 to 1, y down."""

    side: int  # pixels
    x: float  # centre, pixels
    y: float
    size: float  # pixels per unit
    angle: float  # radians, clockwise

    def pixels(self, points: Points) -> Points:
        """(N, 2) own coordinates to (N, 2) pixels."""
        cosine, sine = math.cos(self.angle) * self.size, math.sin(self.angle) * self.size
        return points @ np.array([[cosine, sine], [-sine, cosine]]) + (self.x, self.y)

    @cached_property
    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Own coordinates (u, v) of every pixel centre, each (side, side) float32."""
        steps = np.arange(self.side, dtype=np.float32) + np.float32(0.5)
        right, down = (steps - np.float32(self.x))[None, :], (steps - np.float32(self.y))[:, None]
        cosine, sine = np.float32(math.cos(self.angle) / self.size), np.float32(math.sin(self.angle) / self.size)
        return cosine * right + sine * down, cosine * down - sine * right

    def mask(self, *outlines: Points) -> np.ndarray:
        """(side, side) float32, 1 inside any of the outlines, smooth at the edge."""
        image = Image.new("L", (self.side * OVERSAMPLE, self.side * OVERSAMPLE))
        draw = ImageDraw.Draw(image)
        for outline in outlines:
            draw.polygon((self.pixels(outline) * OVERSAMPLE).ravel().tolist(), fill=255)
        return np.asarray(image.reduce(OVERSAMPLE), dtype=np.float32) / 255

    def spot(self, x: float, y: float, width: float, height: float) -> np.ndarray:
        """(side, side) float32: a soft round patch, 1 in its middle, 0.37 at the given half axes."""
        u, v = self.grid
        return np.exp(
            -(((u - np.float32(x)) / np.float32(width)) ** 2) - ((v - np.float32(y)) / np.float32(height)) ** 2
        )


class Details:
    """Small crisp shapes of many colours (eyes, chips), collected first and put on the picture in one go."""

    def __init__(self, frame: Frame):
        self._frame = frame
        self._shapes: list[tuple[Points, Colour, float]] = []

    def add(self, outline: Points, fill: Colour) -> None:
        self._shapes.append((self._frame.pixels(outline) * OVERSAMPLE, fill, 0.0))

    def line(self, points: Points, fill: Colour, width: float) -> None:
        """An open line; `width` in the object's own units."""
        self._shapes.append((self._frame.pixels(points) * OVERSAMPLE, fill, width * self._frame.size * OVERSAMPLE))

    def paint_on(self, picture: np.ndarray) -> None:
        """Draw all shapes, in the order they were added, over the part of the picture they touch."""
        corners = np.concatenate([points for points, _, _ in self._shapes])
        limit = self._frame.side
        low = np.clip(np.floor(corners.min(axis=0) / OVERSAMPLE).astype(int) - 2, 0, limit)
        high = np.clip(np.ceil(corners.max(axis=0) / OVERSAMPLE).astype(int) + 3, 0, limit)
        (left, top), (right, bottom) = low.tolist(), high.tolist()
        if right <= left or bottom <= top:
            return  # everything lies outside the picture
        # Drawn over an enlarged copy of the picture itself: reducing that mixes the edges with what really lies behind.
        window = picture[:, top:bottom, left:right]
        image = Image.fromarray(to_bytes(window)).resize(
            ((right - left) * OVERSAMPLE, (bottom - top) * OVERSAMPLE), Image.Resampling.NEAREST
        )
        draw = ImageDraw.Draw(image)
        for points, fill, width in self._shapes:
            flat = (points - low * OVERSAMPLE).ravel().tolist()
            if width:
                draw.line(flat, fill=as_bytes(fill), width=max(1, round(width)), joint="curve")
            else:
                draw.polygon(flat, fill=as_bytes(fill))
        picture[:, top:bottom, left:right] = from_image(image.reduce(OVERSAMPLE))


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """(3, H, W) float32 0..1 to (H, W, 3) uint8."""
    return np.ascontiguousarray(
        (picture.clip(0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8).transpose(1, 2, 0)
    )


def from_image(image: Image.Image) -> np.ndarray:
    """An RGB image to (3, H, W) float32 0..1."""
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1), dtype=np.float32) / np.float32(255)


def paint(picture: np.ndarray, mask: np.ndarray, fill: np.ndarray) -> None:
    """Lay `fill` ((3,) or (3, side, side)) over the picture where the mask (side, side) is 1. Changes `picture`."""
    if fill.ndim == 1:
        fill = fill[:, None, None]
    picture += mask * (fill - picture)


def blurred(mask: np.ndarray, radius: float) -> np.ndarray:
    """(side, side) float32, box-blurred twice (near to a Gaussian, and much faster); `radius` in pixels."""
    image = Image.fromarray((mask * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(radius))
    return np.asarray(image.filter(ImageFilter.BoxBlur(radius)), dtype=np.float32) / 255


def shifted(mask: np.ndarray, right: float, down: float) -> np.ndarray:
    """The mask moved by whole pixels; what comes in at the border is 0."""
    columns, rows = round(right), round(down)
    moved = np.zeros_like(mask)
    height, width = mask.shape
    target = moved[max(rows, 0) : height + min(rows, 0), max(columns, 0) : width + min(columns, 0)]
    target[...] = mask[max(-rows, 0) : height - max(rows, 0), max(-columns, 0) : width - max(columns, 0)]
    return moved


@cache
def _texture(kind: str) -> np.ndarray:
    """(NOISE_SIDE, NOISE_SIDE) float32 with mean 0 and deviation 1; a constant, made once per process (about 20 ms)."""
    # Filtered in frequency space: the texture then closes at its borders and windows can be taken anywhere.
    noise = np.fft.rfft2(np.random.default_rng(20).standard_normal((NOISE_SIDE, NOISE_SIDE)))
    down, right = np.fft.fftfreq(NOISE_SIDE)[:, None], np.fft.rfftfreq(NOISE_SIDE)[None, :]
    wave = np.hypot(down, right)
    shape = {
        "grain": np.ones_like(wave),
        "crumb": np.exp(-((wave / 0.16) ** 2)) * (0.25 + (wave > 0.03)),
        "fur": np.exp(-((right / 0.3) ** 2) - (down / 0.12) ** 2) * (0.3 + (wave > 0.03)),
        "cloud": np.exp(-((wave / 0.022) ** 2)),
        "wood": np.exp(-((right / 0.006) ** 2) - (down / 0.12) ** 2),
    }[kind]
    field = np.fft.irfft2(noise * shape, (NOISE_SIDE, NOISE_SIDE))
    return ((field - field.mean()) / field.std()).astype(np.float32)


def texture(kind: str, side: int, rng: Random) -> np.ndarray:
    """(side, side) float32: a random window of "grain" (per pixel), "crumb", "fur", "cloud" or "wood"."""
    window = side if kind == "grain" else TEXTURE_WINDOW
    top, left = rng.randrange(NOISE_SIDE), rng.randrange(NOISE_SIDE)
    rows, columns = (top + np.arange(window)) % NOISE_SIDE, (left + np.arange(window)) % NOISE_SIDE
    field = _texture(kind)[rows[:, None], columns[None, :]]
    if rng.random() < 0.5:
        field = field[:, ::-1]
    if window != side:
        field = np.asarray(Image.fromarray(field).resize((side, side), Image.Resampling.BILINEAR))
    return field
