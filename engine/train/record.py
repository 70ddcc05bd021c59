"""What a training leaves on disk while it goes: its folder, every epoch in it, and how it ended."""

import logging
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.compile import Facts
from engine.errors import EngineError
from engine.files import part_name, sweep_dead_parts
from engine.jobs import JobControl
from engine.templates import title_of
from engine.train import history, kept, layer_looks, runs, step_curve
from engine.train.checkpoint import BEST, LAST, read_facts, save_weights
from engine.train.events import EpochDone
from engine.train.fingerprint import fingerprint
from engine.train.history import EpochLine
from engine.train.kept import KeptWeights
from engine.train.layer_looks import LookWriter
from engine.train.runs import FORMER_BEST
from engine.train.setup import Setup
from engine.train.step_curve import StepWriter
from engine.train.watch import WatchFolder

log = logging.getLogger(__name__)


class Record:
    """The folder of a run that this process writes.

    Args:
        resume: number of the run to continue; None makes a new one.
        facts: more to note in the state of a new run.

    Attributes:
        lines: the epochs done so far.
        steps: the curve within epochs; None before the folder is there.
        looks: at the layers; there once the folder is open.
        restarted_after: epochs that were done when the run was continued beyond its plan; see `continuing`.
        best: of them the one whose weights are kept; None before the first.
    """

    def __init__(self, project_path: Path, resume: int | None, facts: Mapping[str, Any] | None = None):
        self._project_path = project_path
        self._resume = resume
        self._more_facts = dict(facts or {})
        self.restarted_after = 0
        self._claimed = False
        self.steps: StepWriter | None = None
        self.lines: list[EpochLine] = []
        self.best: EpochLine | None = None
        self.diverged = False  # the loss was no number any more

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is something to go on from."""
        return self._claimed and (self.folder / LAST).exists()

    def began(self) -> dict | None:
        """What was noted when the run to continue began; None for a new run."""
        return None if self._resume is None else runs.read_state(runs.run_folder(self._project_path, self._resume))

    def open(self, setup: Setup) -> None:
        """Make the folder, or put network and optimizer of `setup` where the run had come to.

        Raises: EngineError, OSError.
        """
        self._setup = setup
        runs.sweep(self._project_path)
        if self._resume is None:
            self.number, self.folder = runs.create_run(self._project_path, setup.project, self._facts())
            self._claimed = True
        else:
            self.number, self.folder = self._resume, runs.run_folder(self._project_path, self._resume)
            # Before it is claimed: a run that is refused stays as it was, and goes on once the images are back.
            self._refuse_other_pictures()
            self._claim()
            self._continue()
        self.kept = KeptWeights(self.folder, setup.recipe.epochs)
        self.steps = StepWriter(self.folder, setup.steps)
        self.looks = LookWriter(self.folder)
        self.watch = WatchFolder(self.folder)
        self.watch.begin(setup.pictures.index, setup.validation.numbers)

    def _facts(self) -> dict:
        setup, labels = self._setup, self._setup.pictures.index.labels
        return {
            "epochs": setup.recipe.epochs,
            "network": title_of(setup.project.network, Facts(setup.project.data.shape, len(setup.classes))),
            "parameters": setup.parameters,
            "train_images": len(setup.training.numbers),
            "train_counts": np.bincount(labels[setup.training.numbers], minlength=len(setup.classes)).tolist(),
            "validation_counts": np.bincount(labels[setup.validation.numbers], minlength=len(setup.classes)).tolist(),
            "device": setup.placement.device.type,
            "precision": setup.placement.precision,
            "batch_size": setup.batch_size,
            "pictures": fingerprint(setup.pictures.index),
            "classes": list(setup.classes),
            "torch": torch.__version__,
            **self._more_facts,
        }

    def _claim(self) -> None:
        runs.claim(self.folder)
        self._claimed = True

    def _refuse_other_pictures(self) -> None:
        if runs.read_state(self.folder).get("pictures") != fingerprint(self._setup.pictures.index):
            raise EngineError(
                "This run cannot go on: the images have changed since.",
                why="Files were added, removed or replaced, so its history would mix two different data sets.",
                fix="Start a new run, or bring the former images back.",
            )

    def _continue(self) -> None:
        self.restarted_after = runs.restarted_after(self.folder)
        for folder in (self.folder, self.folder / "watch", self.folder / kept.FOLDER):
            sweep_dead_parts(folder)  # not what another thread writes: a note, for example
        if (self.folder / LAST).exists():
            epoch = self._setup.restore(self.folder / LAST)
            self.lines = history.read(self.folder)[:epoch]
            if len(self.lines) < epoch:
                raise EngineError(
                    "This run cannot go on: its history is damaged.",
                    why=f"{epoch} epochs were done, and “{history.NAME}” holds {len(self.lines)}.",
                    fix="Start a new run; the best epoch of this one is kept.",
                )
        self.best = history.best_of(self.lines)
        self._bring_best_back()
        # Epochs after the checkpoint were not kept: they are done again, with the same numbers.
        history.rewrite(self.folder, self.lines)
        step_curve.cut(self.folder, len(self.lines))
        layer_looks.cut(self.folder, len(self.lines))
        runs.write_state(self.folder, {"state": "running", "reason": ""})

    def keep(self, event: EpochDone) -> None:
        """Write everything about an epoch; `last` comes at the end, since resuming believes it. Raises: OSError."""
        setup, line = self._setup, EpochLine.of(event)
        self.watch.store(event.epoch, event.probabilities)
        facts = {"epoch": event.epoch, "classes": list(setup.classes), **setup.statistics}
        if event.is_best:
            self._set_best_aside()
            save_weights(self.folder / BEST, setup.judged, facts)
        self.kept.keep(event.epoch, setup.judged, facts)
        self.steps.write()
        history.append(self.folder, line)
        setup.save(self.folder / LAST, event.epoch)
        self._forget_former_best()
        self.lines.append(line)
        self.best = line if event.is_best else self.best
        self.note(
            f"epoch {event.epoch}: loss {event.train_loss:.4f} / {event.validation_loss:.4f}, "
            f"accuracy {event.train_accuracy:.4f} / {event.validation_accuracy:.4f}, {event.seconds:.2f} s"
        )

    def _set_best_aside(self) -> None:
        """Keep the best weights so far until the epoch with the better ones is there whole: it may never be."""
        best, former = self.folder / BEST, self.folder / FORMER_BEST
        if not best.exists():
            return
        try:
            former.unlink(missing_ok=True)
            _link_or_copy(best, former)
        except OSError as error:  # it matters only where the process dies while it writes the next files
            log.warning("the best weights so far are not set aside: %s", error)

    def _bring_best_back(self) -> None:
        """Have the weights of the best epoch there is, where a process died while it wrote those of a later one."""
        best, former = self.folder / BEST, self.folder / FORMER_BEST
        if self.best is None:
            best.unlink(missing_ok=True)
        elif former.exists():
            with suppress(EngineError):  # a damaged one is none: what stands in its place may be older, but it is whole
                if read_facts(former).get("epoch") == self.best.epoch:
                    os.replace(former, best)
        self._forget_former_best()

    def _forget_former_best(self) -> None:
        # It may be open in a prediction, and Windows then removes it for nobody: it is tried again the next time.
        with suppress(OSError):
            (self.folder / FORMER_BEST).unlink(missing_ok=True)

    def note(self, text: str) -> None:
        """Add a line to the run's log. Raises: OSError."""
        with open(self.folder / "log.txt", "a", encoding="utf-8") as file:
            file.write(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {text}\n")

    def close(self, state: str, reason: str, control: JobControl) -> None:
        """Leave the folder as the run's end demands; never fails itself.

        Args:
            state: "finished", "failed", "interrupted" or "stopped"; the last counts only where `control` was asked to
                stop: otherwise the window or the program is closing.
        """
        if not self._claimed:
            return
        if state == "stopped" and control.is_discarding:
            runs.discard(self.folder)
            return
        if state == "stopped" and not control.is_stopping:
            state = "interrupted"
        for step in (
            lambda: runs.write_state(self.folder, {"state": state, "reason": reason, "diverged": self.diverged}),
            lambda: runs.release(self.folder),  # also where nothing can be written: else it would count as running
            lambda: self.note(f"{state} {reason}".strip()),
            lambda: self.steps.write() if self.steps else None,  # of the epoch it ended in
        ):
            try:
                step()
            except OSError:
                log.exception("the end of run %s could not be noted; without it, it counts as interrupted", self.number)


def _link_or_copy(file: Path, copy: Path) -> None:
    """Have the same file by another name, whole or not at all. Raises: OSError."""
    try:
        os.link(file, copy)  # weights may be large
    except OSError:  # some file systems have one name for a file only
        part = copy.with_name(part_name(copy.name))
        try:
            shutil.copyfile(file, part)
            os.replace(part, copy)
        finally:
            part.unlink(missing_ok=True)
