"""The sample "Muffin or chihuahua (drawn)": pictures of our own, made on the spot, free of anybody's rights.

Both classes share palettes, sizes, places, light, backgrounds and clutter, so that neither colour nor position tells
them apart; ears, eyes and the paper cup do. How hard that is for which network is measured by
`tests/benchmarks/drawn_difficulty.py`.
"""

from engine.data.drawn.sample import CLASSES, draw, write_sample

__all__ = ["CLASSES", "draw", "write_sample"]
