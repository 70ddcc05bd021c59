"""Blocks: layers that are small networks themselves. Built-in ones stand in the modules of this package, a family each;
those that users fold are kept in the network that they are part of (`own`)."""

import importlib
import pkgutil

from engine.layers.blocks.base import BlockKind

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["BlockKind"]
