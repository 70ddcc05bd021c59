"""The watched pictures of a running training: which they are now, how often they are answered, what is kept of it."""

import json
import logging
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.data.batches import Batches, to_input
from engine.data.pictures import read_array
from engine.errors import EngineError
from engine.params import both
from engine.train.events import Watched
from engine.train.pins import ANSWERS, NAME, Pins, found_at, read_pins
from engine.train.setup import Setup
from engine.transfer import Question, Stopwatch

log = logging.getLogger(__name__)

SHARE = 0.015
"""Of the time of a training that looking at the watched pictures may take; 3 % is promised, and clocks waver."""

RECORD_SHARE = 0.005
"""The same for looks at what is pinned, at the end of an epoch, which are kept and not shown. Where epochs are shorter
than the time between two looks that are shown, many more of them can so be looked back at."""

MOST_LINES = 1000
"""Epochs of which the answers to pinned pictures are kept; of longer trainings, evenly spread ones."""


class Watching:
    """Decides when to look and at what; the trainer computes the answers.

    What the user has pinned comes first, then some pictures of each class. The pins are read again when their file
    changes. A look is due every `every` seconds, or so much later that all looks together take no more than `SHARE`
    of the time: a large network is looked at less often rather than held up.

    Args:
        run_folder: of the run; the pins lie beside `runs/`.
        every: seconds between two looks at least; 0: every time somebody asks.
    """

    def __init__(self, setup: Setup, run_folder: Path, every: float):
        self._setup, self._every = setup, every
        self._project_folder, self._kept = run_folder.parent.parent, run_folder / "watch" / ANSWERS
        self._next = self._next_check = self._next_record = 0.0
        self._read_from: tuple[int, int] | None = None  # the file of pins, as `_version` says
        self._pins = Pins()
        self._pinned: tuple[int, ...] = ()
        self._photographs: tuple[str, ...] = ()
        self.numbers, self._inputs = setup.watched_numbers, setup.watched_pictures
        self._epochs_a_line = max(1, -(-setup.recipe.epochs // MOST_LINES))

    def is_due(self) -> bool:
        """Whether it is time to look again, or something was pinned since the last look."""
        now = time.perf_counter()
        if now >= self._next:
            return True
        if now < self._next_check:
            return False
        self._next_check = now + self._every
        return self._version() != self._read_from

    @property
    def has_pins(self) -> bool:
        """Whether something is pinned: its last answers are then worth a last look."""
        return len(self._pins) > 0 or self._version() != self._read_from

    def is_due_to_keep(self, epoch: int) -> bool:
        """Whether the answers to what is pinned can be kept at the end of an epoch, without showing them."""
        # The clock first: whether something is pinned is asked of the disk.
        return time.perf_counter() >= self._next_record and self._is_kept(epoch) and self.has_pins

    def _is_kept(self, epoch: int) -> bool:
        return epoch % self._epochs_a_line == 0 or epoch == self._setup.recipe.epochs

    def pictures(self) -> Tensor:
        """(n, C, H, W), ready for the network: numbered ones, then photographs. The time of the look begins here."""
        self._take_pins()  # once after each change, and no part of what looking costs
        self._watch = Stopwatch(self._setup.placement.device)
        return self._inputs

    def question(self, epoch: int, total_step: int, probabilities: Tensor, *, shown: bool = True) -> Question[Watched]:
        """Of (n, classes) answers to `pictures()`; the time of the look ends here.

        Args:
            shown: it is for the user to see now, and the next one of that sort has to wait.
        """
        watch, numbers, pinned, photographs = self._watch, self.numbers, self._pinned, self._photographs
        watch.stop()
        self._next_record = math.inf  # until it is known how long this look took
        if shown:
            self._next = math.inf

        def told(values: Tensor) -> Watched:
            rows = values.numpy()
            event = Watched(epoch, total_step, numbers, rows[: len(numbers)], photographs, rows[len(numbers) :])
            if total_step == epoch * self._setup.steps:
                self._keep(event, pinned)
            now = time.perf_counter()
            self._next_record = now + watch.seconds() / RECORD_SHARE
            if shown:
                self._next = now + max(self._every, watch.seconds() / SHARE) if self._every > 0 else now
            return event

        return Question(probabilities, told)

    # ---- pins

    def _take_pins(self) -> None:
        version = self._version()
        if version != self._read_from:
            self._read_from = version
            self._pins = read_pins(self._project_folder / NAME) if version else Pins()
            self._use_pins()

    def _version(self) -> tuple[int, int] | None:
        """When the file of pins was written, and its size; None without one."""
        try:
            facts = (self._project_folder / NAME).stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size

    def _use_pins(self) -> None:
        setup = self._setup
        index, rows = setup.pictures.index, setup.pictures.row_of
        places = [np.flatnonzero(index.paths == path)[:1] for path in self._pins.images]
        found = [int(place[0]) for place in places if len(place)]
        self._pinned = tuple(number for number in dict.fromkeys(found) if rows[number] >= 0)
        chosen = tuple(number for number in setup.watched_numbers if number not in self._pinned)
        self.numbers = self._pinned + chosen
        parts = [setup.watched_pictures]
        if self._pinned:
            there = torch.tensor(
                [setup.watched_numbers.index(n) for n in chosen], dtype=torch.long, device=parts[0].device
            )
            parts = [self._numbered(self._pinned), parts[0].index_select(0, there)]
        self._photographs, photographs = self._read_photographs()
        if photographs is not None:
            parts.append(photographs)
        joined = torch.cat(parts) if len(parts) > 1 else parts[0]
        self._inputs = joined.contiguous(memory_format=torch.channels_last)

    def _numbered(self, numbers: tuple[int, ...]) -> Tensor:
        setup = self._setup
        mean, std = (np.array(setup.statistics[name]) for name in ("mean", "std"))
        batches = Batches(
            setup.pictures,
            np.array(numbers),
            setup.project.data,
            len(numbers),
            setup.placement.device,
            mean,
            std,
            training=False,
            seed=setup.recipe.seed,
            channels_last=True,
        )
        return next(iter(batches.epoch(0)))[0]

    def _read_photographs(self) -> tuple[tuple[str, ...], Tensor | None]:
        """The photographs that can be read, and (n, C, H, W) of them; None without any."""
        data, setup = self._setup.project.data, self._setup
        height, width = both(data.size)
        read: dict[str, np.ndarray] = {}
        for name in self._pins.photographs:
            try:
                path = found_at(name, self._project_folder)
                read[name] = read_array(path, height, width, data.colour, data.fit)
            except (EngineError, OSError) as error:
                log.warning("the pinned photograph “%s” is not watched: %s", name, error)
        if not read:
            return (), None
        mean, std = (np.array(setup.statistics[name]) for name in ("mean", "std"))
        return tuple(read), to_input(np.stack(list(read.values())), mean, std, setup.placement.device)

    # ---- what is kept

    def _keep(self, event: Watched, pinned: tuple[int, ...]) -> None:
        """Add the answers to what is pinned at the end of an epoch; losing them is no reason to stop a training."""
        if not len(self._pins) or not self._is_kept(event.epoch):
            return
        index = self._setup.pictures.index
        images = {str(index.paths[number]): row for row, number in enumerate(pinned)}
        line = {
            "epoch": event.epoch,
            "images": {path: _rounded(event.probabilities[row]) for path, row in images.items()},
            "photographs": {
                name: _rounded(row) for name, row in zip(event.photographs, event.photograph_probabilities, strict=True)
            },
        }
        try:
            with open(self._kept, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            log.warning("the answers to pinned images of epoch %d are not kept: %s", event.epoch, error)


def _rounded(row: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in row]
