"""One step of a training: the gradients of a group of batches, cut to a length and applied.

A batch that does not fit into memory is taken in pieces whose gradients are added up: the step is the same, but for
batch norm, which then compares the images of a piece, and has measured those of the pass that failed.
"""

import gc
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from engine.data.batches import Batches
from engine.jobs import Cancelled
from engine.spec import RecipeSpec
from engine.tasks import Classification
from engine.train.average import Average
from engine.train.device import Placement
from engine.train.memory import out_of_memory

log = logging.getLogger(__name__)

Batch = tuple[Tensor, Tensor]


class Taken(NamedTuple):
    """What a step was about: mean loss, right answers (both still on the device) and images."""

    loss: Tensor
    correct: Tensor
    images: int


class Stepper:
    """Takes steps, and finds another way where one cannot be taken.

    Attributes:
        pieces: that each batch is cut into; saved with the run, which then goes on as it was.
        average: follows every step; None where it is not wanted.
        stage: of the step that is being taken: its batch is made, its gradients are computed, the weights are moved.
    """

    def __init__(
        self,
        network: nn.Module,
        task: Classification,
        placement: Placement,
        optimizer: torch.optim.Optimizer,
        recipe: RecipeSpec,
        batch_size: int,
    ):
        self.network, self.optimizer = network, optimizer
        self.pieces = 1
        self.stage: Literal["batch", "gradients", "update"] = "batch"
        self.average = Average(network, recipe.average_decay) if recipe.average_decay else None
        # Keeps small gradients alive in float16; does nothing in other formats.
        self.scaler = torch.amp.GradScaler(placement.device.type, enabled=placement.precision == "float16")
        self._task, self._placement, self._clip = task, placement, recipe.clip_norm
        self._learnt = [weight for weight in network.parameters() if weight.requires_grad]
        self._batch_size = batch_size
        compares = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())
        self._smallest = min(2, batch_size) if compares else 1
        # A graph of CUDA calls starts a whole pass at once, which is most of the time of small layers on a fast card.
        # Its gradients lie where the next pass writes its own: they cannot be added up over several.
        self._has_graph = recipe.compiled and placement.device.type == "cuda" and recipe.accumulate == 1
        self._forward: Callable[[Tensor], Tensor] = network
        self._is_compiled, self._was_retried = False, False
        self._shape: tuple[int, ...] = ()
        self._proven: set[tuple[int, ...]] = set()  # shapes of batches for which the compiled network has worked
        if recipe.compiled:
            self._compile()

    def _compile(self) -> None:
        mode = "reduce-overhead" if self._has_graph else "default"
        self._forward = torch.compile(self.network, mode=mode)
        self._is_compiled = True
        self._proven.clear()  # compiling happens at the first batch of each shape, and may fail there

    # ---- a step

    def take(self, batches: Iterator[Batch], sizes: list[int], number: int, between: Callable[[], None]) -> Taken:
        """Take the next batches and go one step along the mean gradient of their images.

        Args:
            sizes: images of each of these batches.
            number: of the step in the run, 1-based.
            between: called before each batch, to pause or leave.
        """
        if self._has_graph and self.pieces > 1:
            self._has_graph = False
            self._compile()
        images, losses, hits = sum(sizes), [], []
        self.optimizer.zero_grad(set_to_none=True)
        for _ in sizes:
            self.stage = "batch"
            between()
            batch = next(batches)
            self.stage = "gradients"
            for inputs, labels in self._cut(*batch):
                self._shape = tuple(inputs.shape)
                if self._has_graph:
                    torch.compiler.cudagraph_mark_step_begin()
                with self._placement.autocast():
                    outputs = self._forward(inputs)
                loss = self._task.loss(outputs, labels)
                if len(labels) != images:
                    loss = loss * (len(labels) / images)  # every image counts the same, however batches are cut
                self.scaler.scale(loss).backward()
                self._proven.add(self._shape)
                losses.append(loss.detach())
                with torch.no_grad():
                    hits.append(self._task.hits(outputs, labels))
        self.stage = "update"
        self._apply(number)
        self.stage, self._was_retried = "batch", False
        return Taken(_sum(losses), _sum(hits), images)

    def _cut(self, inputs: Tensor, labels: Tensor) -> Iterator[Batch]:
        pieces = min(self.pieces, max(1, len(labels) // self._smallest))
        if pieces == 1:
            return iter(((inputs, labels),))
        return zip(inputs.tensor_split(pieces), labels.tensor_split(pieces), strict=True)

    def _apply(self, number: int) -> None:
        if self._clip:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self._learnt, self._clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.follow(number)

    # ---- another way

    def recover(self, error: Exception) -> str:
        """Find another way to take a step that failed with `error`.

        There is none once the weights began to move: taken again, the step would count twice for some of them.

        Returns: in a sentence, what is done from now on; nothing where there is no other way.
        """
        if isinstance(error, Cancelled) or self.stage == "update":
            return ""
        if out_of_memory(error):
            # Smaller pieces are cut from a batch that is there: they do not help to make it.
            return self._halve() if self.stage == "gradients" else self._once_more()
        is_new = self._is_compiled and self.stage == "gradients" and self._shape not in self._proven
        return self._stay_uncompiled(error) if is_new else ""

    def _once_more(self) -> str:
        if self._was_retried:
            return ""
        self._was_retried = True
        return "The memory was too small to prepare a batch; with what could be given back, it is tried once more."

    def _halve(self) -> str:
        most = self._batch_size // self._smallest
        if self.pieces >= most:
            return ""
        self.pieces = min(2 * self.pieces, most)
        self.optimizer.zero_grad(set_to_none=True)
        return (
            f"The memory is too small for batches of {self._batch_size} images: each is taken in {self.pieces} pieces, "
            "whose gradients are added up."
        )

    def _stay_uncompiled(self, error: Exception) -> str:
        log.warning("the network could not be compiled", exc_info=error)
        self._forward, self._is_compiled, self._has_graph = self.network, False, False
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return f"The network could not be compiled and is trained as it is ({reason.rstrip('.')[:160]})."


class StepsOfEpoch:
    """The steps of one epoch, in their order, each taken in whatever way it can be.

    Args:
        source: of the batches.
        groups: for each step, how many images each of its batches has.
        epoch: its number, 1-based.
    """

    def __init__(self, stepper: Stepper, source: Batches, groups: Sequence[list[int]], epoch: int):
        self._stepper, self._source, self._groups, self._epoch = stepper, source, groups, epoch
        self._batches = source.epoch(epoch)

    def take(self, step: int, number: int, between: Callable[[], None]) -> Generator[str, None, Taken]:
        """Take the next step, again and in another way where it fails. Yields a sentence for every such change.

        Args:
            step: its number in the epoch, 1-based.
            number: in the run.
            between: called before each batch, to pause or leave.
        Raises:
            What it failed with, where there is no other way.
        """
        while True:
            try:
                return self._stepper.take(self._batches, self._groups[step - 1], number, between)
            except Exception as error:
                sentence = self._stepper.recover(error)
                if not sentence:
                    raise
            # Not above: as long as an exception is handled, it holds on to the memory of the step that failed.
            make_room(self._source.device)
            yield sentence
            before = sum(map(len, self._groups[: step - 1]))
            self._batches = islice(self._source.epoch(self._epoch), before, None)


def make_room(device: torch.device) -> None:
    """Give back what a failed step held; call it where its exception is not handled any more, which holds it too."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def _sum(numbers: list[Tensor]) -> Tensor:
    return numbers[0] if len(numbers) == 1 else torch.stack(numbers).sum()
