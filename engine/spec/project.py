"""A whole project as one frozen value."""

from dataclasses import dataclass, field

from engine.spec.data import DataSpec
from engine.spec.network import NetworkSpec
from engine.spec.recipe import RecipeSpec


@dataclass(frozen=True)
class ProjectSpec:
    """Data, network and recipe: all that a run needs, and all that the document holds."""

    data: DataSpec = field(default_factory=DataSpec)
    network: NetworkSpec = field(default_factory=NetworkSpec)
    recipe: RecipeSpec = field(default_factory=RecipeSpec)
    notes: str = ""
