"""A chihuahua's face: two large pointed ears, two dark eyes, a nose on a pale muzzle, often a pullover."""

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
PINK = colour(0xD9908A)


def _head(rng: Random) -> np.ndarray:
    """The apple-shaped skull that narrows to a small muzzle."""
    wide, cheeks = rng.uniform(0.93, 1.1), rng.uniform(0.9, 1.15)
    half = (
        (0, -0.55),
        (0.3, -0.51),
        (0.53, -0.28),
        (0.57, 0.0),
        (0.45 * cheeks, 0.24),
        (0.27 * cheeks, 0.43),
        (0.15, 0.56),
        (0, 0.6),
    )
    return roughened(closed_curve(both_sides([(x * wide, y) for x, y in half])), 0.018, rng)


def _ears(rng: Random) -> list[tuple[np.ndarray, np.ndarray]]:
    """Outline and inside of the right and the left ear; one dog in twelve lets an ear hang."""
    spread, length = rng.uniform(-0.2, 0.22), rng.uniform(0.9, 1.12)
    hanging = rng.choice((0, 1)) if rng.random() < 0.08 else None
    pairs = []
    for index, mirror in enumerate((1, -1)):
        tip = (0.98, -0.3) if index == hanging else (0.72, -1.04)
        outer = (0.86, -0.55) if index == hanging else (0.82, -0.58)
        ear = np.array([(0.12, -0.42), (0.38, -0.76), tip, outer, (0.56, -0.04), (0.32, -0.1)])
        turn = spread + rng.gauss(0, 0.07)
        cosine, sine = math.cos(turn), math.sin(turn)
        root = np.array((0.36, -0.26))
        ear = (ear - root) @ np.array([[cosine, sine], [-sine, cosine]]) * length + root
        middle = np.array((0.5, -0.48)) * 0.55 + ear.mean(axis=0) * 0.45
        inside = middle + (ear - middle) * 0.62
        pairs.append((closed_curve(ear) * (mirror, 1), closed_curve(inside) * (mirror, 1)))
    return pairs


def _paint_body(picture: np.ndarray, frame: Frame, look: Look, head_shadow: np.ndarray, rng: Random) -> None:
    """Neck and shoulders, in a pullover of the accent colour or in fur, running out of the picture or ending softly."""
    u, v = frame.grid
    wide, end = rng.uniform(0.5, 0.72), rng.uniform(0.78, 1.05)
    half = [(0, 0.2), (0.28, 0.3), (wide * 0.86, 0.58), (wide, end * 0.92), (wide * 0.9, end), (0, end + 0.03)]
    body = frame.mask(closed_curve(both_sides(half)))
    across = u / wide
    light = 1.1 + look.depth * look.light[0] * across - 0.22 * across**2 - 0.45 * head_shadow
    if rng.random() < 0.72:
        fill = look.accent[:, None, None]
        # Ribs of the wool run across or along, as pleats of a cup would.
        ribs = np.cos((v * 0.8 + 0.1 * u**2 if rng.random() < 0.5 else u) * rng.uniform(24, 44))
        light = light + rng.uniform(0.02, 0.07) * ribs
    else:
        fill = look.coat[:, None, None] * (1 + look.grain * texture("fur", frame.side, rng))
        paint(fill, 0.7 * frame.spot(0, 0.75, 0.28, 0.3), look.pale)
    paint(picture, body, fill * light)


def _add_eyes(details: Details, look: Look, turn: float, rng: Random) -> None:
    apart, y, radius = rng.uniform(0.21, 0.27), rng.uniform(-0.08, 0.02), rng.uniform(0.11, 0.14)
    rim, glow, shine = blend(look.coat, look.dark, 0.6), blend(look.dark, look.coat, 0.45), radius * 0.28
    right, down = look.light[0] * radius * 0.42, look.light[1] * radius * 0.42
    for mirror in (-1, 1):
        x = turn + mirror * apart
        details.add(ellipse(x, y + 0.008, radius * 1.16, radius * 1.08, mirror * 0.2), rim)
        details.add(ellipse(x, y, radius, radius), look.dark)
        details.add(ellipse(x, y + radius * 0.22, radius * 0.74, radius * 0.68), glow)
        details.add(ellipse(x, y, radius * 0.66, radius * 0.66), look.dark)
        details.add(ellipse(x + right, y + down, shine, shine), WHITE)
        small = ellipse(x - right, y + radius * 0.45, shine * 0.4, shine * 0.4)
        details.add(small, blend(glow, WHITE, 0.6))


def _add_mouth(details: Details, look: Look, turn: float, rng: Random) -> None:
    """Nose and smile, and in one dog of five the tip of the tongue."""
    x, y, size = turn * 1.7, rng.uniform(0.27, 0.33), rng.uniform(0.085, 0.11)
    line, corner = blend(look.coat, look.dark, 0.75), rng.uniform(0.1, 0.15)
    details.line(np.array([(x, y + size * 0.6), (x, y + size * 1.5)]), line, 0.022)
    if rng.random() < 0.22:
        tongue = both_sides([(0, 0.13), (0.055, 0.15), (0.05, 0.25), (0, 0.27)])
        details.add(closed_curve(tongue + np.array((x, y))), PINK)
    for mirror in (-1, 1):
        smile = [
            (x, y + size * 1.5),
            (x + mirror * corner * 0.5, y + size * 1.8),
            (x + mirror * corner, y + size * 1.45),
        ]
        details.line(np.array(smile), line, 0.022)
    nose = np.array([(0, 0.8), (-1, -0.35), (0, -0.6), (1, -0.35)]) * size + (x, y)
    details.add(closed_curve(nose), look.dark)
    shine = ellipse(x + look.light[0] * size * 0.3, y - size * 0.3, size * 0.3, size * 0.15)
    details.add(shine, blend(look.dark, WHITE, 0.55))


def draw_chihuahua(picture: np.ndarray, frame: Frame, look: Look, rng: Random) -> None:
    """Paint a chihuahua on `picture` (3, side, side)."""
    u, v = frame.grid
    turn = rng.uniform(-0.07, 0.07)  # the face looks a little to one side
    ears = _ears(rng)
    head, ear = frame.mask(_head(rng)), frame.mask(*(outline for outline, _ in ears))
    inside = frame.mask(*(inner for _, inner in ears))
    head_soft = blurred(head, frame.size * 0.1)
    soft = blurred(np.maximum(head, ear), frame.size * 0.13)
    picture *= 1 - np.float32(0.45) * shifted(soft, -look.light[0] * frame.size * 0.12, frame.size * 0.1)
    _paint_body(picture, frame, look, shifted(head_soft, 0, frame.size * 0.1), rng)

    fur = look.coat[:, None, None] * (1 + look.grain * texture("fur", frame.side, rng))
    slope = look.light[0] * u + look.light[1] * v
    light = 1 + look.depth * slope
    ear_fur = fur * (light * rng.uniform(0.82, 1.0))
    rosy = blend(look.coat * 0.72, PINK, rng.uniform(0.25, 0.65))
    paint(ear_fur, inside * rng.uniform(0.7, 0.95), rosy)
    paint(picture, ear, ear_fur * (1 - 0.35 * head_soft))

    muzzle = frame.spot(turn * 1.6, 0.38, rng.uniform(0.2, 0.3), rng.uniform(0.15, 0.24))
    paint(fur, np.float32(rng.uniform(0.4, 0.9)) * muzzle, look.pale)
    if rng.random() < 0.4:  # a blaze down the forehead
        paint(fur, np.float32(rng.uniform(0.3, 0.7)) * frame.spot(turn, -0.3, 0.1, 0.3), look.pale)
    for mirror in (-1, 1):  # pale brows
        fur += 0.35 * frame.spot(turn + mirror * 0.22, -0.2, 0.09, 0.06) * (look.pale[:, None, None] - fur)
    paint(picture, head, fur * light * (0.62 + 0.42 * head_soft))
    details = Details(frame)
    _add_eyes(details, look, turn, rng)
    _add_mouth(details, look, turn, rng)
    details.paint_on(picture)
