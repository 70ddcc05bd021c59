"""One drawn picture from its class and seed, and a folder full of them."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from PIL import Image

from engine.data.drawn.chihuahua import draw_chihuahua
from engine.data.drawn.muffin import draw_muffin
from engine.data.drawn.scene import choose_frame, choose_look, cover_part, develop, draw_background
from engine.data.whole_folder import write_whole_folder

_PAINTERS = {"chihuahua": draw_chihuahua, "muffin": draw_muffin}
CLASSES = tuple(sorted(_PAINTERS))
# JPEG rather than PNG: the noise of a photograph makes a PNG three times as large and three times as slow to write.
_JPEG_QUALITY = 92


def draw(class_name: str, seed: int, side: int = 128) -> Image.Image:
    """Draw one picture: RGB, side x side pixels; the same (class, seed, side) gives the same pixels.

    Another `side` gives the same scene, only its noise differs.

    Raises:
        KeyError: `class_name` is none of `CLASSES`.
    """
    painter = _PAINTERS[class_name]
    rng = Random(f"{class_name} {seed}")
    look, frame = choose_look(rng), choose_frame(side, rng)
    picture = draw_background(side, rng)
    painter(picture, frame, look, rng)
    cover_part(picture, side, rng)
    return develop(picture, side, rng)


def write_sample(
    folder: Path,
    count: int = 600,
    seed: int = 0,
    side: int = 128,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write `count` pictures, split evenly, as `folder`/<class>/<class>-0001.jpg and so on.

    `folder` appears whole or not at all; where it already holds the classes it is left as it is, whatever its count.

    Args:
        progress: called with (pictures done, `count`) after each picture; what it raises ends the work cleanly.
    Raises:
        EngineError: the folder holds something else, or cannot be written.
    """

    def fill(place: Path) -> None:
        for class_name in CLASSES:
            (place / class_name).mkdir()
        for done in range(count):
            # Classes in turn, so that an early preview shows both.
            number, index = divmod(done, len(CLASSES))
            name = CLASSES[index]
            picture = draw(name, seed * 1_000_003 + number, side)
            picture.save(place / name / f"{name}-{number + 1:04d}.jpg", quality=_JPEG_QUALITY)
            if progress is not None:
                progress(done + 1, count)

    write_whole_folder(folder, CLASSES, fill)
