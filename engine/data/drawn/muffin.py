"""A muffin: a domed top with chips or blueberries over a pleated paper cup."""

import math
from random import Random

import numpy as np

from engine.data.drawn.canvas import (
    Details,
    Frame,
    blend,
    blurred,
    both_sides,
    closed_curve,
    colour,
    ellipse,
    paint,
    roughened,
    shifted,
    texture,
)
from engine.data.drawn.scene import Look

WHITE = colour(0xFFFFFF)


def _dome(rng: Random) -> np.ndarray:
    """Outline of the top; its crumbly unevenness differs from muffin to muffin."""
    wide, high = rng.uniform(0.9, 1.1), rng.uniform(0.85, 1.15)
    half = ((0, -0.74), (0.33, -0.68), (0.6, -0.48), (0.76, -0.18), (0.72, 0.06), (0.5, 0.14), (0.24, 0.19), (0, 0.2))
    outline = both_sides([(x * wide, 0.2 + (y - 0.2) * high) for x, y in half])
    return roughened(closed_curve(roughened(outline, 0.05, rng)), 0.012, rng)


def _cup(rng: Random) -> tuple[np.ndarray, float, float]:
    """Outline of the cup, and its half widths at y = 0 and y = 0.85."""
    top, bottom = rng.uniform(0.55, 0.66), rng.uniform(0.38, 0.5)
    floor = rng.uniform(0.72, 0.92)
    curve = [(bottom * (1 - step / 4), floor + 0.045 * (1 - (1 - step / 4) ** 2)) for step in range(5)]
    return both_sides([(0, 0), (top, 0), *curve]), top, bottom


def _places(rng: Random) -> list[tuple[float, float]]:
    """Where the 3 to 9 dots lie; now and then they happen to look like two eyes and a nose."""
    if rng.random() < 0.15:
        apart, height = rng.uniform(0.2, 0.3), rng.uniform(-0.36, -0.22)
        face = [(-apart, height), (apart, height), (rng.uniform(-0.06, 0.06), height + rng.uniform(0.24, 0.34))]
        return [(x + rng.gauss(0, 0.02), y + rng.gauss(0, 0.02)) for x, y in face]
    wanted, places = rng.randint(3, 9), []
    for _ in range(60):
        angle, far = rng.uniform(0, 2 * math.pi), math.sqrt(rng.random())
        x, y = 0.58 * far * math.cos(angle), -0.27 + 0.34 * far * math.sin(angle)
        if all(math.hypot(x - other_x, y - other_y) > 0.2 for other_x, other_y in places):
            places.append((x, y))
        if len(places) == wanted:
            break
    return places


def _add_berry(details: Details, x: float, y: float, size: float, look: Look, rng: Random) -> None:
    glow, (right, down) = blend(look.dark, look.coat, 0.3), look.light
    details.add(ellipse(x, y + size * 0.12, size * 1.12, size * 1.05), blend(look.coat, look.dark, 0.55))
    details.add(ellipse(x, y, size, size), look.dark)
    details.add(ellipse(x - right * size * 0.2, y - down * size * 0.25, size * 0.7, size * 0.68), glow)
    details.add(ellipse(x, y, size * 0.72, size * 0.68), look.dark)
    shine = size * rng.uniform(0.16, 0.26)
    details.add(ellipse(x + right * size * 0.42, y + down * size * 0.42, shine, shine), blend(look.dark, WHITE, 0.7))


def _add_chip(details: Details, x: float, y: float, size: float, look: Look, rng: Random) -> None:
    outline = ellipse(x, y, size * rng.uniform(0.8, 1.15), size * 0.85, rng.uniform(0, 3), corners=9)
    details.add(roughened(outline, 0.16, rng), look.dark)
    right, down = look.light[0] * size * 0.35, look.light[1] * size * 0.35
    details.add(ellipse(x + right, y + down, size * 0.34, size * 0.2, 0.4), blend(look.dark, look.coat, 0.3))


def _add_dots(details: Details, look: Look, rng: Random) -> None:
    add, radius = _add_berry if rng.random() < 0.4 else _add_chip, rng.uniform(0.06, 0.095)
    for x, y in _places(rng):
        add(details, x, y, radius * rng.uniform(0.85, 1.2), look, rng)


def draw_muffin(picture: np.ndarray, frame: Frame, look: Look, rng: Random) -> None:
    """Paint a muffin on `picture` (3, side, side)."""
    u, v = frame.grid
    outline, (cup_outline, top, bottom) = _dome(rng), _cup(rng)
    dome, cup = frame.mask(outline), frame.mask(cup_outline)
    soft = blurred(np.maximum(dome, cup), frame.size * 0.13)
    picture *= 1 - np.float32(0.45) * shifted(soft, -look.light[0] * frame.size * 0.12, frame.size * 0.1)

    across = np.clip(u / (top + (bottom - top) * v.clip(0, 0.85) / 0.85), -1, 1)
    pleats = np.cos(np.arcsin(across) * rng.randint(9, 14))
    light = 1 + look.depth * look.light[0] * across - 0.22 * across**2 + rng.uniform(0.1, 0.19) * pleats
    dome_soft = blurred(dome, frame.size * 0.1)
    light -= 0.5 * shifted(dome_soft, 0, frame.size * 0.08)  # the shadow of the top on its cup
    paint(picture, cup, look.accent[:, None, None] * (light + 0.06))

    body = look.coat[:, None, None] * (1 + look.grain * texture("crumb", frame.side, rng))
    baked = np.clip((v + 0.02) * 2.6, 0, 1) * rng.uniform(0.1, 0.4)  # a paler or darker seam above the cup
    body += baked * (blend(look.coat, look.pale, 0.6)[:, None, None] - body)
    for _ in range(rng.randint(2, 4)):  # bumps
        bump = frame.spot(
            rng.uniform(-0.45, 0.45), rng.uniform(-0.6, 0), rng.uniform(0.12, 0.3), rng.uniform(0.08, 0.2)
        )
        body *= 1 + np.float32(rng.uniform(-0.1, 0.14)) * bump
    if rng.random() < 0.7:  # sugar
        sugar = frame.spot(
            rng.uniform(-0.2, 0.2), rng.uniform(-0.5, -0.1), rng.uniform(0.2, 0.42), rng.uniform(0.16, 0.3)
        )
        paint(body, np.float32(rng.uniform(0.35, 0.85)) * sugar, look.pale)
    slope = look.light[0] * u + look.light[1] * (v + 0.3)
    paint(picture, dome, body * (1 + look.depth * slope) * (0.62 + 0.42 * dome_soft))
    details = Details(frame)
    _add_dots(details, look, rng)
    details.paint_on(picture)
