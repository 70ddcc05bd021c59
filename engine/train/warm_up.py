"""Load everything that a first training would otherwise wait for."""

import torch

from engine.train import trainer  # noqa: F401 - what training imports
from engine.train.device import Machine, machine


def warm_up() -> Machine:
    """Import what training needs, including what torch itself loads only when the first optimizer is made (hundreds of
    modules, most of a second). Returns: what "auto" will compute on.
    """
    weight = torch.zeros(2, 2, requires_grad=True)
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimizer.step()
    return machine()
