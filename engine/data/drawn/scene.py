"""Everything around the object, drawn without knowing which object it will be: colours, place, light, background.

That ignorance is what makes the sample fair: nothing decided here can tell the classes apart.
"""

import math
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from engine.data.drawn.canvas import (
    Colour,
    Frame,
    as_bytes,
    blend,
    colour,
    from_image,
    paint,
    texture,
    to_bytes,
)

COATS = tuple(map(colour, (0xE7C08C, 0xDBA566, 0xCB8B48, 0xB87536, 0x9B5E30, 0xE9CFA6, 0xC79A6B, 0x80502E)))
DARKS = tuple(map(colour, (0x22150F, 0x2B1A12, 0x1C1518, 0x231E33)))
ACCENTS = tuple(
    map(
        colour,
        (0xF3EEE4, 0xD9C2A0, 0x8A5A36, 0xE7A6B0, 0x9CCFC0, 0x8FB6DC, 0xC9463D, 0x33476B, 0xE3B23C, 0xA98CC4, 0x5E7F4E),
    )
)
WALLS = tuple(
    map(
        colour,
        (0xBAA385, 0x7D6A85, 0x6D805E, 0x8FA5B0, 0xCBC2B4, 0xA3B5C9, 0x39424F, 0xB9694F, 0xEFEAE0, 0x27304A, 0xD8A7A0,
         0xE6C878, 0x4F7C7B, 0x5A4036),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """Colours and light of one picture; both classes take theirs from the same distributions."""

    coat: Colour  # crumb or fur
    pale: Colour  # sugar or muzzle
    dark: Colour  # chips or eyes
    accent: Colour  # paper cup or pullover
    light: tuple[float, float]  # unit vector towards the light, in the object's coordinates
    depth: float  # how strongly light models the object, 0.15..0.4
    grain: float  # strength of the crumb's or fur's texture


def choose_look(rng: Random) -> Look:
    coat = blend(rng.choice(COATS), rng.choice(COATS), rng.uniform(0, 0.6)) * rng.uniform(0.9, 1.08)
    angle = rng.uniform(-2.6, -0.55)  # from above, as lamps and windows are
    return Look(
        coat=coat.astype(np.float32),
        pale=blend(coat, colour(0xFBF0DF), rng.uniform(0.45, 0.85)),
        dark=rng.choice(DARKS),
        accent=blend(rng.choice(ACCENTS), coat, rng.uniform(0, 0.3)),
        light=(math.cos(angle), math.sin(angle)),
        depth=rng.uniform(0.15, 0.4),
        grain=rng.uniform(0.035, 0.085),
    )


def choose_frame(side: int, rng: Random) -> Frame:
    scale = rng.uniform(0.6, 1.0)
    # Small objects wander further than large ones; one picture in eight is cut by the border.
    room = 0.07 + 0.42 * (1 - scale) + (0.12 if rng.random() < 0.12 else 0.0)
    x, y = 0.5 + rng.uniform(-room, room), 0.5 + rng.uniform(-room, room)
    return Frame(side, x * side, y * side, scale * side * 0.47, rng.gauss(0, 0.2))


def _tones(rng: Random) -> tuple[Colour, Colour]:
    """Two colours of a background that belong together, from very dark to very light."""
    first = np.clip(rng.choice(WALLS) * rng.uniform(0.65, 1.15), 0, 1)
    second = blend(first, rng.choice(WALLS), rng.uniform(0.25, 0.7)) * rng.uniform(0.75, 1.15)
    return first, np.clip(second, 0, 1)


def _gradient(side: int, tones: tuple[Colour, Colour], rng: Random) -> np.ndarray:
    angle = rng.uniform(0, 2 * math.pi)
    steps = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    ramp = np.clip(0.5 + steps[None, :] * math.cos(angle) + steps[:, None] * math.sin(angle), 0, 1).astype(np.float32)
    return tones[0][:, None, None] + ramp * (tones[1] - tones[0])[:, None, None]


def _table(side: int, tones: tuple[Colour, Colour], rng: Random) -> np.ndarray:
    """A wall above a table, its edge slightly tilted."""
    steps = np.arange(side, dtype=np.float32) / side
    edge = steps[:, None] - np.float32(rng.uniform(0.35, 0.8)) + np.float32(rng.gauss(0, 0.05)) * (steps[None, :] - 0.5)
    below = np.clip(edge * side / rng.uniform(1, 5) + 0.5, 0, 1)
    wood = 1 + texture("wood", side, rng) * np.float32(rng.uniform(0.0, 0.07))
    wall = tones[0][:, None, None] * (1 - 0.18 * np.exp(-np.abs(edge) * 14))
    return wall + below * (tones[1][:, None, None] * wood - wall)


def _plain(side: int, tones: tuple[Colour, Colour], rng: Random) -> np.ndarray:
    cloud = 1 + texture("cloud", side, rng) * np.float32(rng.uniform(0.0, 0.05))
    return tones[0][:, None, None] * cloud


def _blobs(side: int, tones: tuple[Colour, Colour], rng: Random) -> np.ndarray:
    """Lights and things far out of focus."""
    # A quarter of the size is plenty for what will be blurred anyway.
    small = max(8, side // 4)
    image = Image.new("RGB", (small, small), as_bytes(tones[0]))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(4, 9)):
        x, y, radius = rng.uniform(0, small), rng.uniform(0, small), small * rng.uniform(0.06, 0.24)
        fill = blend(tones[1], rng.choice(WALLS), rng.uniform(0, 0.6)) * rng.uniform(0.85, 1.2)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=as_bytes(fill))
    image = _out_of_focus(image, small * rng.uniform(0.02, 0.055))
    return from_image(image.resize((side, side), Image.Resampling.BICUBIC))


def draw_background(side: int, rng: Random) -> np.ndarray:
    """(3, side, side) float32: a wall, gradient, table or blurred room, often with things lying about."""
    kind = rng.choices((_plain, _gradient, _table, _blobs), weights=(2, 3, 4, 3))[0]
    tones = _tones(rng)
    picture = np.ascontiguousarray(kind(side, tones, rng), dtype=np.float32)
    if rng.random() < 0.55:
        picture = _with_clutter(picture, side, rng)
    return picture


def _out_of_focus(image: Image.Image, radius: float) -> Image.Image:
    """Blur twice with a box: round enough, and Pillow's Gaussian blur takes three passes."""
    return image.filter(ImageFilter.BoxBlur(radius)).filter(ImageFilter.BoxBlur(radius))


def _add_plates(draw: ImageDraw.ImageDraw, side: int, fill: Colour, rng: Random) -> None:
    plate, rim = as_bytes(fill), as_bytes(fill * 0.82)
    for _ in range(rng.randint(1, 3)):
        x, y, radius = rng.uniform(0, side), rng.uniform(0.2, 1) * side, rng.uniform(0.12, 0.36) * side
        for share, tone in ((1.0, rim), (0.93, plate), (0.62, rim), (0.58, plate)):
            wide, high = radius * share, radius * share / 2
            draw.ellipse((x - wide, y - high, x + wide, y + high), fill=tone)


def _add_dots(draw: ImageDraw.ImageDraw, side: int, fill: Colour, rng: Random) -> None:
    radius, tone = rng.uniform(0.018, 0.045) * side, as_bytes(fill)
    for _ in range(rng.randint(5, 22)):
        x, y, own = rng.uniform(0, side), rng.uniform(0, side), radius * rng.uniform(0.7, 1.3)
        draw.ellipse((x - own, y - own, x + own, y + own), fill=tone)


def _add_bunting(draw: ImageDraw.ImageDraw, side: int, fill: Colour, rng: Random) -> None:
    """A row of little flags, hanging down or standing up: triangles that are no ears."""
    across, height = rng.uniform(0.1, 0.22) * side, rng.uniform(0.1, 0.24) * side
    top, slope = rng.uniform(-0.05, 0.85) * side, rng.gauss(0, 0.12)
    drop = -height if rng.random() < 0.5 else height
    for step in range(-1, int(side / across) + 1):
        x, y = step * across, top + slope * step * across
        tone = rng.choice(ACCENTS) if step % 2 else fill
        corners = (x, y, x + across * 0.9, y + slope * across, x + across * 0.45, y + drop)
        draw.polygon(corners, fill=as_bytes(tone))


def _add_stripes(draw: ImageDraw.ImageDraw, side: int, fill: Colour, rng: Random) -> None:
    width, slant, tone = rng.uniform(0.04, 0.12) * side, rng.uniform(-0.5, 0.5) * side, as_bytes(fill)
    for step in range(-6, int(side / width / 2) + 6):
        x = 2 * step * width
        draw.polygon((x, 0, x + width, 0, x + width + slant, side, x + slant, side), fill=tone)


def _with_clutter(picture: np.ndarray, side: int, rng: Random) -> np.ndarray:
    """Plates, dots, bunting or stripes behind the object, a little out of focus."""
    plain = Image.fromarray(to_bytes(picture))
    image = plain.copy()
    add = rng.choices((_add_plates, _add_dots, _add_bunting, _add_stripes), weights=(3, 4, 3, 2))[0]
    add(ImageDraw.Draw(image), side, rng.choice((*WALLS, *ACCENTS, *DARKS)) * rng.uniform(0.8, 1.1), rng)
    if add is _add_stripes:  # they fill the whole picture and would otherwise shout down the object
        image = Image.blend(plain, image, rng.uniform(0.15, 0.5))
    return from_image(_out_of_focus(image, side / 128 * rng.uniform(0.6, 1.9)))


def cover_part(picture: np.ndarray, side: int, rng: Random) -> None:
    """In one picture of seven, something round stands in front and hides a part near the border."""
    if rng.random() > 0.15:
        return
    radius, angle = rng.uniform(0.14, 0.3) * side, rng.uniform(0, 2 * math.pi)
    distance = rng.uniform(0.46, 0.62) * side
    middle = (side / 2 + distance * math.cos(angle), side / 2 + distance * math.sin(angle))
    steps = np.arange(side, dtype=np.float32) + np.float32(0.5)
    away = np.hypot(
        steps[None, :] - np.float32(middle[0]), (steps[:, None] - np.float32(middle[1])) * rng.uniform(0.8, 1.3)
    )
    softness = side / 128 * rng.uniform(1, 5)
    fill = rng.choice((*ACCENTS, *WALLS)) * rng.uniform(0.7, 1.05)
    shade = 1 - 0.25 * (away / radius).clip(0, 1) ** 2
    paint(picture, ((radius - away) / softness + 0.5).clip(0, 1), fill[:, None, None] * shade.astype(np.float32))


def develop(picture: np.ndarray, side: int, rng: Random) -> Image.Image:
    """Take the photograph: light falling off, exposure, white balance, focus, noise, and a mirror for half of them."""
    angle, fall = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.28)
    steps = np.linspace(-1, 1, side, dtype=np.float32)
    light = 1 + np.float32(fall) * (
        steps[None, :] * np.float32(math.cos(angle)) + steps[:, None] * np.float32(math.sin(angle))
    )
    warmth, exposure = rng.gauss(0, 0.045), rng.uniform(0.78, 1.16)
    balance = np.array([1 + warmth, 1 + rng.gauss(0, 0.015), 1 - warmth], dtype=np.float32) * np.float32(exposure)
    picture = picture * (light * balance[:, None, None])
    contrast = np.float32(rng.uniform(0.82, 1.12))
    picture = (picture - np.float32(0.5)) * contrast + np.float32(0.5)
    if rng.random() < 0.5:
        picture = picture + texture("grain", side, rng) * np.float32(rng.uniform(0.004, 0.022))
    image = Image.fromarray(to_bytes(picture[:, :, ::-1] if rng.random() < 0.5 else picture))
    if rng.random() < 0.25:
        image = _out_of_focus(image, side / 128 * rng.uniform(0.3, 0.7))
    return image
