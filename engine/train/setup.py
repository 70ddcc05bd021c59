"""All that a training needs before its first step, made from the project and its pictures. Nothing is written here."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.compile import Facts, NetworkReport, infer
from engine.compile.module import build
from engine.data.batches import Batches, bytes_of, place_of
from engine.data.cache import Pictures, normalisation
from engine.data.choose import make
from engine.data.index import TRAIN, VALIDATION
from engine.errors import EngineError
from engine.spec import ProjectSpec, RecipeSpec
from engine.tasks import LOSSES, Classification, balanced_weights
from engine.train.batch_size import automatic_batch_size
from engine.train.checkpoint import load_state, save_state
from engine.train.device import Placement, place
from engine.train.optimizers import OPTIMIZERS, parameter_groups
from engine.train.schedules import SCHEDULES, ScheduleKind
from engine.train.step import Stepper
from engine.train.watch import choose_watched

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Setup:
    """What is trained, with what, on which pictures and where.

    Attributes:
        stepper: takes the steps, and holds what else they need.
        batch_size, batch_reason: images per batch, and why so many, in words.
        training, validation: batches; `.numbers` says of which pictures of the index.
        groups: for each step of an epoch, how many images each of its batches has.
        watched_numbers: pictures of the index that are predicted again and again.
        watched_pictures: (len(watched_numbers), C, H, W), ready for the network.
        statistics: "mean" and "std" (C,) of the normalisation, as plain lists.
    """

    project: ProjectSpec
    pictures: Pictures
    task: Classification
    placement: Placement
    network: nn.Module
    parameters: int
    optimizer: torch.optim.Optimizer
    schedule: ScheduleKind
    stepper: Stepper
    batch_size: int
    batch_reason: str
    training: Batches
    validation: Batches
    groups: list[list[int]]
    watched_numbers: tuple[int, ...]
    watched_pictures: Tensor
    statistics: dict[str, list[float]]

    @property
    def recipe(self) -> RecipeSpec:
        return self.project.recipe

    @property
    def classes(self) -> tuple[str, ...]:
        return self.pictures.index.classes

    @property
    def steps(self) -> int:
        """Steps per epoch."""
        return len(self.groups)

    @property
    def judged(self) -> nn.Module:
        """The network that is validated, watched and kept: the average of the weights, where one is wanted."""
        return self.stepper.average.network if self.stepper.average else self.network

    def save(self, path: Path, epoch: int) -> None:
        """Write all that is needed to go on after `epoch` exactly. Raises: OSError."""
        stepper = self.stepper
        facts = {"epoch": epoch, "scaler": stepper.scaler.state_dict(), "pieces": stepper.pieces}
        save_state(path, self.network, self.optimizer, facts, stepper.average and stepper.average.network)

    def restore(self, path: Path) -> int:
        """Put a file of `save` back. Returns: its epoch. Raises: EngineError."""
        stepper = self.stepper
        facts = load_state(path, self.network, self.optimizer, stepper.average and stepper.average.network)
        stepper.scaler.load_state_dict(facts["scaler"])
        stepper.pieces = facts.get("pieces", 1)
        return facts["epoch"]


def set_up(project: ProjectSpec, pictures: Pictures, began: Mapping[str, Any] | None) -> Setup:
    """Make everything ready for the first step.

    Args:
        began: "device", "precision" and "batch_size" of a run that goes on; None for a new one.
    Raises:
        EngineError: the network or the data cannot be trained, or not on the wanted device.
    """
    recipe, index = project.recipe, pictures.index
    training, validation = _chosen_pictures(pictures)
    counts = np.bincount(index.labels[training], minlength=len(index.classes)).tolist()
    weights = balanced_weights(counts) if recipe.class_weights == "balanced" else ()
    task = Classification(len(index.classes), weights, make(LOSSES, recipe.loss))
    facts = Facts(project.data.shape, task.classes)
    report = infer(project.network, facts)
    placement = _place(recipe, began, report)
    resident = sum(
        bytes_of(pictures, len(numbers))
        for numbers in (training, validation)
        if place_of(pictures, len(numbers), placement.device) == "gpu"
    )
    batch_size, batch_reason = _batch_size(recipe, began, report, placement, len(training), resident)
    _refuse_single_values(report, smallest_batch=min(batch_size, len(training)))
    torch.manual_seed(recipe.seed)
    network = build(project.network, facts).to(placement.device, memory_format=torch.channels_last)
    kind = make(OPTIMIZERS, recipe.optimizer)
    groups = parameter_groups(network, kind.weight_decay, recipe.decay_all)
    if not groups:
        raise EngineError("This network has nothing to learn.", fix="Add a layer with parameters.")
    optimizer = kind.build(groups, recipe.learning_rate)
    mean, std = normalisation(project.data, pictures)

    def batches(numbers: np.ndarray, size: int, *, training: bool = False) -> Batches:
        where = placement.device
        more = {"training": training, "seed": recipe.seed, "channels_last": True}
        return Batches(pictures, numbers, project.data, size, where, mean, std, **more)

    watched = choose_watched(index.labels, validation)
    train_batches = batches(training, batch_size, training=True)
    sizes, together = train_batches.sizes(), recipe.accumulate
    return Setup(
        project=project,
        pictures=pictures,
        task=task,
        placement=placement,
        network=network,
        parameters=sum(p.numel() for p in network.parameters()),
        optimizer=optimizer,
        schedule=make(SCHEDULES, recipe.schedule),
        stepper=Stepper(network, task, placement, optimizer, recipe, batch_size),
        batch_size=batch_size,
        batch_reason=batch_reason,
        training=train_batches,
        # Without gradients twice the batch needs less memory than one batch in training.
        validation=batches(validation, 2 * batch_size),
        groups=[sizes[start : start + together] for start in range(0, len(sizes), together)],
        watched_numbers=watched,
        watched_pictures=next(iter(batches(np.array(watched), len(watched)).epoch(0)))[0],
        statistics={"mean": mean.tolist(), "std": std.tolist()},
    )


def _chosen_pictures(pictures: Pictures) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the pictures for training and for validation."""
    training, validation = pictures.readable(TRAIN), pictures.readable(VALIDATION)
    if not len(training):
        raise EngineError(
            "There are no images to train on.",
            why="None of the training images can be read.",
            fix="Choose another folder in Data.",
        )
    if not len(validation):
        raise EngineError(
            "There are no images to validate with.",
            why="Without them nobody could tell learning from memorising.",
            fix="Add images, at least three for each class, or raise the share for validation in Data.",
        )
    return training, validation


def _refuse_single_values(report: NetworkReport, smallest_batch: int) -> None:
    """Batch normalisation of one picture needs several values per channel; torch would stop at the first step."""
    for node_id, entry in report.nodes.items():
        if entry.inside is not None:
            _refuse_single_values(entry.inside, smallest_batch)
        if smallest_batch == 1 and entry.node.kind == "batch_norm" and entry.shape and prod(entry.shape[1:]) == 1:
            raise EngineError(
                f"Batch normalisation cannot learn from one image at a time (layer “{node_id}”).",
                why="It receives one number per channel, and compares the numbers of a batch.",
                fix="Set the batch size to 2 or more, and have at least two images to train with.",
            )


def _batch_size(
    recipe: RecipeSpec,
    began: Mapping[str, Any] | None,
    report: NetworkReport,
    placement: Placement,
    images: int,
    resident: int,
) -> tuple[int, str]:
    if recipe.batch_size:
        return recipe.batch_size, "as the recipe says"
    chosen = (began or {}).get("batch_size")
    if isinstance(chosen, int) and chosen > 0:
        return chosen, "as the run began"
    return automatic_batch_size(report, placement, images, resident)


def _place(recipe: RecipeSpec, began: Mapping[str, Any] | None, report: NetworkReport) -> Placement:
    if began is not None:
        # Go on as the run began, not as the machine would choose today: only then do the numbers continue exactly.
        try:
            return place(str(began.get("device", "auto")), str(began.get("precision", "auto")), report)
        except EngineError as error:
            log.warning("the run cannot go on where it began: %s", error)
    return place(recipe.device, recipe.precision, report)
