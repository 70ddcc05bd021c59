"""Augmentations: every training image a little different each time, so that the network learns what does not matter.

One module for each group of them; a new one is one decorated class in the module of its group, and form, file format
and contract tests follow. Every image of a batch gets settings of its own. Random numbers are drawn on the CPU, from
the generator that is handed in: the same seed then gives the same images on every device.
"""

from engine.data.augment.base import (
    AUGMENTATIONS,
    GROUPS,
    Augmentation,
    Augmenter,
    Mixing,
    Move,
    Recolour,
    Repaint,
    augmentation,
    mixed_labels,
)

# Not sorted: what is imported first is registered first, and stands first in the window and in a project.
# isort: off
from engine.data.augment.geometry import Elastic, Flip, Mirror, Perspective, Rotate, Shear, Shift, Zoom
from engine.data.augment.colour import Brightness, Contrast, Hue, Invert, Permute, Saturation
from engine.data.augment.texture import Blur, Erase, Jpeg, Noise
from engine.data.augment.mixing import CutMix, MixUp
# isort: on

__all__ = [
    "AUGMENTATIONS",
    "GROUPS",
    "Augmentation",
    "Augmenter",
    "Blur",
    "Brightness",
    "Contrast",
    "CutMix",
    "Elastic",
    "Erase",
    "Flip",
    "Hue",
    "Invert",
    "Jpeg",
    "Mirror",
    "MixUp",
    "Mixing",
    "Move",
    "Noise",
    "Permute",
    "Perspective",
    "Recolour",
    "Repaint",
    "Rotate",
    "Saturation",
    "Shear",
    "Shift",
    "Zoom",
    "augmentation",
    "mixed_labels",
]
