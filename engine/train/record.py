"""What a training leaves on disk while it goes: its folder, every epoch in it, and how it ended."""

import logging
from datetime import datetime
from pathlib import Path

import torch

from engine.compile import Facts
from engine.errors import EngineError
from engine.files import sweep_parts
from engine.jobs import JobControl
from engine.templates import title_of
from engine.train import history, runs
from engine.train.checkpoint import BEST, LAST, load_state, save_state, save_weights
from engine.train.events import EpochDone
from engine.train.fingerprint import fingerprint
from engine.train.history import EpochLine
from engine.train.setup import Setup
from engine.train.watch import WatchFolder

log = logging.getLogger(__name__)


class Record:
    """The folder of a run that this process writes.

    Args:
        resume: number of the run to continue; None makes a new one.

    Attributes:
        lines: the epochs done so far.
    """

    def __init__(self, project_path: Path, resume: int | None):
        self._project_path = project_path
        self._resume = resume
        self._claimed = False
        self.lines: list[EpochLine] = []

    def began(self) -> dict | None:
        """What was noted when the run to continue began; None for a new run."""
        return None if self._resume is None else runs.read_state(runs.run_folder(self._project_path, self._resume))

    def open(self, setup: Setup) -> None:
        """Make the folder, or put network and optimizer of `setup` where the run had come to.

        Raises: EngineError, OSError.
        """
        self._setup = setup
        if self._resume is None:
            self.number, self.folder = runs.create_run(self._project_path, setup.project, self._facts())
            self._claim()
        else:
            self.number, self.folder = self._resume, runs.run_folder(self._project_path, self._resume)
            # Before it is claimed: a run that is refused stays as it was, and goes on once the images are back.
            self._refuse_other_pictures()
            self._claim()
            self._continue()
        self.watch = WatchFolder(self.folder)
        self.watch.begin(setup.pictures.index, setup.validation.numbers)

    def _facts(self) -> dict:
        setup = self._setup
        return {
            "epochs": setup.recipe.epochs,
            "network": title_of(setup.project.network, Facts(setup.project.data.shape, len(setup.classes))),
            "parameters": setup.parameters,
            "device": setup.placement.device.type,
            "precision": setup.placement.precision,
            "pictures": fingerprint(setup.pictures.index),
            "classes": list(setup.classes),
            "torch": torch.__version__,
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
        for folder in (self.folder, self.folder / "watch"):
            sweep_parts(folder)  # what a killed process left half written
        if (self.folder / LAST).exists():
            facts = load_state(self.folder / LAST, self._setup.network, self._setup.optimizer)
            self._setup.scaler.load_state_dict(facts["scaler"])
            self.lines = history.read(self.folder)[: facts["epoch"]]
            if len(self.lines) < facts["epoch"]:
                raise EngineError(
                    "This run cannot go on: its history is damaged.",
                    why=f"{facts['epoch']} epochs were done, and “{history.NAME}” holds {len(self.lines)}.",
                    fix="Start a new run; the best epoch of this one is kept.",
                )
        # Epochs after the checkpoint were not kept: they are done again, with the same numbers.
        history.rewrite(self.folder, self.lines)
        runs.write_state(self.folder, {"state": "running", "reason": ""})

    def keep(self, event: EpochDone) -> None:
        """Write everything about an epoch; `last` comes at the end, since resuming believes it. Raises: OSError."""
        setup, line = self._setup, EpochLine.of(event)
        self.watch.store(event.epoch, event.probabilities)
        if event.is_best:
            facts = {"epoch": event.epoch, "classes": list(setup.classes), **setup.statistics}
            save_weights(self.folder / BEST, setup.network, facts)
        history.append(self.folder, line)
        facts = {"epoch": event.epoch, "scaler": setup.scaler.state_dict()}
        save_state(self.folder / LAST, setup.network, setup.optimizer, facts)
        self.lines.append(line)
        self.note(
            f"epoch {event.epoch}: loss {event.train_loss:.4f} / {event.validation_loss:.4f}, "
            f"accuracy {event.train_accuracy:.4f} / {event.validation_accuracy:.4f}, {event.seconds:.2f} s"
        )

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
            lambda: runs.write_state(self.folder, {"state": state, "reason": reason}),
            lambda: runs.release(self.folder),  # also where nothing can be written: else it would count as running
            lambda: self.note(f"{state} {reason}".strip()),
        ):
            try:
                step()
            except OSError:
                log.exception("the end of run %s could not be noted; without it, it counts as interrupted", self.number)
