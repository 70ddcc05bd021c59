"""Frozen data that describe a project, pure edits of it, and its file format."""

from engine.spec.data import Chosen, DataEdits, DataSpec
from engine.spec.network import BlockSetting, BlockSpec, NetworkSpec, Node
from engine.spec.project import ProjectSpec
from engine.spec.recipe import RecipeSpec

__all__ = [
    "BlockSetting",
    "BlockSpec",
    "Chosen",
    "DataEdits",
    "DataSpec",
    "NetworkSpec",
    "Node",
    "ProjectSpec",
    "RecipeSpec",
]
