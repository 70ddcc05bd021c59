"""Train: the recipe, the runs, the curves, and what the network says of each picture."""

from gui.pages.train.page import TrainPage

__all__ = ["TrainPage"]
