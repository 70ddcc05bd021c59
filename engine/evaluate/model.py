"""A trained network, ready to answer."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.compile import Facts, infer
from engine.compile.module import Network, build
from engine.data.batches import to_input
from engine.data.choose import make
from engine.errors import EngineError
from engine.spec import DataSpec
from engine.tasks import LOSSES, Classification, answer
from engine.train import runs
from engine.train.checkpoint import BEST, load_weights
from engine.train.device import Placement, place


@dataclass(frozen=True, eq=False)
class Model:
    """The best epoch of a run.

    Attributes:
        mean, std: (C,) of the training pictures, in 0..1.
        mirror: answer for each picture and its mirror image, as the run was validated.
    """

    run: int
    epoch: int
    network: Network
    task: Classification
    classes: tuple[str, ...]
    data: DataSpec
    mean: np.ndarray
    std: np.ndarray
    placement: Placement
    mirror: bool = False

    @torch.no_grad()
    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """(B, H, W, C) uint8, as `engine.data.pictures.read_array` makes them -> (B, classes) float32."""
        inputs = to_input(pictures, self.mean, self.std, self.placement.device)
        with self.placement.autocast():
            outputs = answer(self.network, inputs, mirror=self.mirror)
        return self.task.probabilities(outputs).cpu().numpy()


def load_model(run_folder: Path, device: str = "auto") -> Model:
    """Open the best epoch of a run, in float32: the exact answers, and a single picture gains nothing from less.

    Raises: EngineError, when the run has no usable weights.
    """
    project = runs.read_run_spec(run_folder)
    weights, facts = load_weights(run_folder / BEST)
    try:
        classes, mean, std = tuple(facts["classes"]), np.array(facts["mean"]), np.array(facts["std"])
        shape_facts = Facts(project.data.shape, len(classes))
        # On the meta device no weight is drawn: a training in this process keeps its random numbers.
        with torch.device("meta"):
            network = build(project.network, shape_facts)
        network.load_state_dict(weights, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise EngineError(
            f"The weights of run {int(run_folder.name)} do not belong to its network.",
            why="Files of different runs were mixed, or they are damaged.",
            fix="Train again, or choose another run.",
        ) from error
    placement = place(device, "float32", infer(project.network, shape_facts))
    network = network.to(placement.device, memory_format=torch.channels_last).eval()
    task = Classification(len(classes), kind=make(LOSSES, project.recipe.loss))
    number, epoch = int(run_folder.name), int(facts.get("epoch", 0))
    mirror = project.recipe.mirror_test
    return Model(number, epoch, network, task, classes, project.data, mean, std, placement, mirror)
