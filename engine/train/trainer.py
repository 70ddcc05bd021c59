"""The training loop.

`train` is a generator of typed events. It only steps, records, checkpoints and obeys; what is computed is the task's
business, what pictures look like the batches', what is kept on disk the checkpoint's and history's.

Everything random in an epoch follows from the seed and the epoch's number alone. That is what makes a run that was
killed go on exactly: its last checkpoint and the number of the next epoch are all it needs.
"""

import logging
import statistics
import time
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.compile import Facts, infer
from engine.compile.module import build
from engine.data.batches import Batches
from engine.data.cache import Pictures, normalisation
from engine.data.choose import make
from engine.data.index import TRAIN, VALIDATION
from engine.errors import EngineError, OutOfMemory, TrainingDiverged
from engine.files import sweep_parts
from engine.jobs import Cancelled, JobControl
from engine.spec import ProjectSpec
from engine.tasks import Classification
from engine.train import history, runs
from engine.train.checkpoint import BEST, LAST, load_state, save_state, save_weights
from engine.train.device import place
from engine.train.events import BatchDone, EpochDone, RunStarted, RunSummary, TrainEvent, Watched
from engine.train.fingerprint import fingerprint
from engine.train.history import EpochLine
from engine.train.memory import largest_fitting_batch, out_of_memory
from engine.train.optimizers import OPTIMIZERS, parameter_groups
from engine.train.pace import Due, Pace
from engine.train.schedules import SCHEDULES
from engine.train.watch import WatchFolder, choose_watched

BATCH_NEWS = 0.05
"""Seconds between two `BatchDone`: as often as a screen can use, however fast batches are."""

WATCH_EVERY = 0.25
"""Seconds between two predictions of the watched pictures."""

log = logging.getLogger(__name__)

Events = Generator[TrainEvent, None, RunSummary]


def train(
    project: ProjectSpec,
    pictures: Pictures,
    project_path: Path,
    control: JobControl | None = None,
    resume: int | None = None,
) -> Events:
    """Train the project's network on its decoded pictures.

    Args:
        project: what to train; for a resumed run, what `runs.read_run_spec` gives for it.
        pictures: decoded as `project.data` says.
        project_path: the project's document; the run is kept in `runs/` beside it.
        control: for pause and stop from other threads.
        resume: number of a run to continue.
    Returns:
        The summary, when it came to its end. When it is stopped, `Cancelled` goes through, after the run was closed:
        kept with its best epoch, or removed.
    Raises:
        EngineError: the network or data cannot be trained, the device or disk gave up.
        TrainingDiverged: the loss is no number any more; the best epoch so far is kept.
    """
    run = _Run(project, pictures, project_path, control or JobControl(), resume)
    state, reason = "failed", ""
    try:
        run.open()
        yield run.started()
        ended = yield from run.epochs()
        state = "finished"
        return run.summary(ended)
    except (Cancelled, GeneratorExit):
        state = "stopped"
        raise
    except (OSError, MemoryError, RuntimeError) as error:
        told = run.explain(error)
        reason = str(told)
        raise told from error
    except EngineError as error:
        reason = str(error)
        raise
    finally:
        run.close(state, reason)


@dataclass
class _Sums:
    """Loss and hits of many batches, added up on the device so that nothing waits for it."""

    loss: Tensor
    correct: Tensor
    images: int = 0

    @classmethod
    def on(cls, device: torch.device) -> "_Sums":
        return cls(torch.zeros((), device=device), torch.zeros((), device=device))

    def add(self, loss: Tensor, correct: Tensor, images: int) -> None:
        self.loss += loss * images
        self.correct += correct
        self.images += images

    def means(self) -> tuple[float, float]:
        """(loss, accuracy); waits for the device."""
        return self.loss.item() / self.images, self.correct.item() / self.images


class _Run:
    """One training, from its folder on disk to its last epoch."""

    def __init__(
        self, project: ProjectSpec, pictures: Pictures, project_path: Path, control: JobControl, resume: int | None
    ):
        self.project, self.pictures, self.project_path = project, pictures, project_path
        self.control, self.resumed = control, resume
        self.recipe = project.recipe
        self.folder: Path | None = None
        self.claimed = False
        self.lines: list[EpochLine] = []

    # ---- before the first step

    def open(self) -> None:
        """Make everything ready for the first step. Raises: EngineError."""
        self.task = Classification(len(self.pictures.index.classes))
        self._choose_pictures()
        facts = Facts(self.project.data.shape, self.task.classes)
        report = infer(self.project.network, facts)
        self.placement = self._place(report)
        torch.manual_seed(self.recipe.seed)
        self.network = build(self.project.network, facts).to(self.placement.device, memory_format=torch.channels_last)
        self.parameters = sum(p.numel() for p in self.network.parameters())
        kind = make(OPTIMIZERS, self.recipe.optimizer)
        groups = parameter_groups(self.network, kind.weight_decay)
        if not groups:
            raise EngineError("This network has nothing to learn.", fix="Add a layer with parameters.")
        self.optimizer = kind.build(groups, self.recipe.learning_rate)
        self.schedule = make(SCHEDULES, self.recipe.schedule)
        self.scaler = torch.amp.GradScaler(self.placement.device.type, enabled=self.placement.precision == "float16")
        self._make_batches()
        self._open_folder()
        self.first_epoch = len(self.lines) + 1
        self.watch = WatchFolder(self.folder)
        self.watch.begin(self.pictures.index, self.validation_numbers)
        left = self.recipe.epochs - len(self.lines)
        self.pace = Pace(left * len(self.training), left)

    def _choose_pictures(self) -> None:
        self.training_numbers = self.pictures.readable(TRAIN)
        self.validation_numbers = self.pictures.readable(VALIDATION)
        if not len(self.training_numbers):
            raise EngineError(
                "There are no images to train on.",
                why="None of the training images can be read.",
                fix="Choose another folder in Data.",
            )
        if not len(self.validation_numbers):
            raise EngineError(
                "There are no images to validate with.",
                why="Without them nobody could tell learning from memorising.",
                fix="Add images, at least three for each class, or raise the share for validation in Data.",
            )

    def _place(self, report):
        recipe = self.recipe
        if self.resumed is not None:
            # Go on as the run began, not as the machine would choose today: only then do the numbers continue exactly.
            state = runs.read_state(runs.run_folder(self.project_path, self.resumed))
            try:
                return place(state.get("device", "auto"), state.get("precision", "auto"), report)
            except EngineError as error:
                log.warning("the run cannot go on where it began: %s", error)
        return place(recipe.device, recipe.precision, report)

    def _make_batches(self) -> None:
        mean, std = normalisation(self.project.data, self.pictures)
        self.statistics = {"mean": mean.tolist(), "std": std.tolist()}
        shared = {"device": self.placement.device, "mean": mean, "std": std, "channels_last": True}
        size, seed, data = self.recipe.batch_size, self.recipe.seed, self.project.data
        self.training = Batches(self.pictures, self.training_numbers, data, size, training=True, seed=seed, **shared)
        # Without gradients twice the batch needs less memory than one batch in training.
        self.validation = Batches(
            self.pictures, self.validation_numbers, data, 2 * size, training=False, seed=seed, **shared
        )
        self.watched_numbers = choose_watched(self.pictures.index.labels, self.validation_numbers)
        watched = Batches(
            self.pictures,
            np.array(self.watched_numbers),
            data,
            len(self.watched_numbers),
            training=False,
            seed=0,
            **shared,
        )
        self.watched_pictures = next(iter(watched.epoch(0)))[0]

    def _open_folder(self) -> None:
        found = fingerprint(self.pictures.index)
        if self.resumed is None:
            facts = {
                "epochs": self.recipe.epochs,
                "network": self.project.network.template or "",
                "parameters": self.parameters,
                "device": self.placement.device.type,
                "precision": self.placement.precision,
                "pictures": found,
                "classes": list(self.pictures.index.classes),
                "torch": torch.__version__,
            }
            self.number, self.folder = runs.create_run(self.project_path, self.project, facts)
        else:
            self.number, self.folder = self.resumed, runs.run_folder(self.project_path, self.resumed)
        runs.claim(self.folder)
        self.claimed = True
        if self.resumed is not None:
            self._continue(found)

    def _continue(self, found: str) -> None:
        stored = runs.read_state(self.folder).get("pictures")
        if stored != found:
            raise EngineError(
                "This run cannot go on: the images have changed since.",
                why="Files were added, removed or replaced, so its history would mix two different data sets.",
                fix="Start a new run, or bring the former images back.",
            )
        for folder in (self.folder, self.folder / "watch"):
            sweep_parts(folder)  # what a killed process left half written
        if (self.folder / LAST).exists():
            facts = load_state(self.folder / LAST, self.network, self.optimizer)
            self.scaler.load_state_dict(facts["scaler"])
            self.lines = history.read(self.folder)[: facts["epoch"]]
        # Epochs after the checkpoint were not kept: they are done again, with the same numbers.
        history.rewrite(self.folder, self.lines)
        runs.write_state(self.folder, {"state": "running", "reason": ""})

    def started(self) -> RunStarted:
        """The first event."""
        where = self.placement
        self._note(
            f"run {self.number} on {where.device} ({where.device_reason}), "
            f"{where.precision} ({where.precision_reason}), "
            f"{self.parameters} parameters, from epoch {self.first_epoch} of {self.recipe.epochs}"
        )
        return RunStarted(
            run=self.number,
            folder=self.folder,
            device=where.device.type,
            device_reason=where.device_reason,
            precision=where.precision,
            precision_reason=where.precision_reason,
            parameters=self.parameters,
            epochs=self.recipe.epochs,
            first_epoch=self.first_epoch,
            steps_per_epoch=len(self.training),
            batch_size=self.recipe.batch_size,
            classes=self.pictures.index.classes,
            train_images=len(self.training_numbers),
            validation_images=len(self.validation_numbers),
            watched=self.watched_numbers,
            left_out=len(self.pictures.failures),
        )

    # ---- the loop

    def epochs(self) -> Generator[TrainEvent, None, str]:
        """All epochs that are left. Returns why it ended."""
        self.news, self.look = Due(BATCH_NEWS), Due(WATCH_EVERY, at_once=True)
        for epoch in range(self.first_epoch, self.recipe.epochs + 1):
            if self._should_stop_early():
                return "early"
            began, images = self.pace.now(), len(self.training_numbers)
            sums = yield from self._training_epoch(epoch)
            seconds_trained = self.pace.now() - began
            event = self._validated(epoch, sums, began, images / seconds_trained)
            yield self._watched(epoch, epoch * len(self.training))
            yield event
            self._checkpoint()
        return "early" if self._should_stop_early() else "finished"

    def _should_stop_early(self) -> bool:
        patience = self.recipe.patience
        return patience > 0 and history.epochs_without_improvement(self.lines) >= patience

    def _checkpoint(self) -> None:
        """Between two steps: wait while paused, leave when stopped."""
        before = time.perf_counter()
        self.control.checkpoint()
        self.pace.waited(time.perf_counter() - before)

    def _training_epoch(self, epoch: int) -> Generator[TrainEvent, None, _Sums]:
        torch.manual_seed(self.recipe.seed * 1_000_003 + epoch)  # for dropout; batches have random numbers of their own
        self.network.train()
        whole, recent = _Sums.on(self.placement.device), _Sums.on(self.placement.device)
        steps = len(self.training)
        for step, (inputs, labels) in enumerate(self.training.epoch(epoch), start=1):
            self._checkpoint()
            total = (epoch - 1) * steps + step
            loss, correct = self._step(inputs, labels, total)
            whole.add(loss, correct, len(labels))
            recent.add(loss, correct, len(labels))
            self.pace.step(len(labels))
            if self.news() or total == 1:
                yield self._batch_news(epoch, step, total, recent)
                recent = _Sums.on(self.placement.device)
            if self.look():
                yield self._watched(epoch, total)
        return whole

    def _step(self, inputs: Tensor, labels: Tensor, total: int) -> tuple[Tensor, Tensor]:
        self._set_learning_rate(total)
        with self.placement.autocast():
            outputs = self.network(inputs)
        loss = self.task.loss(outputs, labels)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        with torch.no_grad():
            return loss.detach(), (self.task.answers(outputs) == labels).sum()

    def _set_learning_rate(self, total: int) -> None:
        progress = (total - 1) / max(1, self.recipe.epochs * len(self.training) - 1)
        self.learning_rate = self.recipe.learning_rate * self.schedule.factor(progress)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate

    def _batch_news(self, epoch: int, step: int, total: int, recent: _Sums) -> BatchDone:
        loss, accuracy = recent.means()
        self._must_be_finite(loss, epoch)
        self.pace.mark()
        return BatchDone(
            epoch,
            step,
            total,
            loss,
            accuracy,
            self.learning_rate,
            self.pace.images_per_second(),
            self.pace.seconds_left(),
        )

    def _must_be_finite(self, loss: float, epoch: int) -> None:
        if not np.isfinite(loss):
            best = history.best_of(self.lines)
            raise TrainingDiverged(
                f"The training diverged in epoch {epoch}: the loss is no longer a number.",
                why=f"The steps were too large (learning rate {self.recipe.learning_rate:g}).",
                fix="Try a tenth of the learning rate, or add batch normalisation."
                + (f" Epoch {best.epoch} was kept." if best else ""),
            )

    # ---- looking at it

    @torch.no_grad()
    def _watched(self, epoch: int, total: int) -> Watched:
        self.network.eval()
        with self.placement.autocast():
            outputs = self.network(self.watched_pictures)
        self.network.train()
        return Watched(epoch, total, self.watched_numbers, self.task.probabilities(outputs).cpu().numpy())

    @torch.no_grad()
    def _validate(self) -> tuple[float, float, np.ndarray]:
        """(loss, accuracy, probabilities (N, classes)) of all validation pictures."""
        self.network.eval()
        sums, answers = _Sums.on(self.placement.device), []
        for inputs, labels in self.validation.epoch(0):
            self._checkpoint()
            with self.placement.autocast():
                outputs = self.network(inputs)
            correct = (self.task.answers(outputs) == labels).sum()
            sums.add(self.task.loss(outputs, labels), correct, len(labels))
            answers.append(self.task.probabilities(outputs))
        return *sums.means(), torch.cat(answers).cpu().numpy()

    def _validated(self, epoch: int, sums: _Sums, began: float, speed: float) -> EpochDone:
        train_loss, train_accuracy = sums.means()
        self._must_be_finite(train_loss, epoch)
        validating = self.pace.now()
        loss, accuracy, probabilities = self._validate()
        self._must_be_finite(loss, epoch)
        now = self.pace.now()
        rate = self.learning_rate
        line = EpochLine(epoch, train_loss, train_accuracy, loss, accuracy, rate, now - began, speed, False)
        is_best = history.is_better(line, history.best_of(self.lines))
        event = EpochDone(
            epoch,
            train_loss,
            train_accuracy,
            loss,
            accuracy,
            rate,
            now - began,
            speed,
            is_best,
            self.validation_numbers,
            probabilities,
        )
        self._keep(event)
        self.pace.validated(self.pace.now() - validating)
        return event

    # ---- what stays

    def _keep(self, event: EpochDone) -> None:
        """Write everything about an epoch; `last` comes at the end, since resuming believes it."""
        line = EpochLine.of(event)
        self.lines.append(line)
        self.watch.store(event.epoch, event.probabilities)
        if event.is_best:
            facts = {"epoch": event.epoch, "classes": list(self.pictures.index.classes), **self.statistics}
            save_weights(self.folder / BEST, self.network, facts)
        history.append(self.folder, line)
        facts = {"epoch": event.epoch, "scaler": self.scaler.state_dict()}
        save_state(self.folder / LAST, self.network, self.optimizer, facts)
        self._note(
            f"epoch {event.epoch}: loss {event.train_loss:.4f} / {event.validation_loss:.4f}, "
            f"accuracy {event.train_accuracy:.4f} / {event.validation_accuracy:.4f}, {event.seconds:.2f} s"
        )

    def _note(self, text: str) -> None:
        with open(self.folder / "log.txt", "a", encoding="utf-8") as file:
            file.write(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {text}\n")

    def summary(self, ended: str) -> RunSummary:
        """What is left to say at the end."""
        best = history.best_of(self.lines)
        return RunSummary(
            run=self.number,
            reason=ended,
            epochs=len(self.lines),
            best_epoch=best.epoch,
            train_loss=best.train_loss,
            train_accuracy=best.train_accuracy,
            validation_loss=best.validation_loss,
            validation_accuracy=best.validation_accuracy,
            images_per_second=statistics.median(line.images_per_second for line in self.lines),
            seconds=sum(line.seconds for line in self.lines),
            device=self.placement.device.type,
            precision=self.placement.precision,
            parameters=self.parameters,
        )

    def explain(self, error: Exception) -> Exception:
        """An error of the machine as a sentence; anything else stays what it is: our bug."""
        if isinstance(error, OSError):
            return EngineError(
                "The training stopped: its files could not be written.",
                why=f"{error.strerror or error}.",
                fix="Free some space and resume the run; all finished epochs are kept.",
            )
        if not out_of_memory(error):
            return error
        fitting = largest_fitting_batch(
            self.network, self.task, self.watched_pictures, self.recipe.batch_size, self.placement
        )
        fix = f"Set the batch size to {fitting}." if fitting else "Use a smaller network or smaller images."
        return OutOfMemory(
            f"There is too little memory for batches of {self.recipe.batch_size} images.",
            why="The outputs of all layers, for all images of a batch, must be kept for the way back.",
            fix=fix,
            fitting_batch=fitting,
        )

    def close(self, state: str, reason: str) -> None:
        """Leave the run's folder as its end demands; never fails itself."""
        if self.folder is None or not self.claimed:
            return
        if state == "stopped" and self.control.is_discarding:
            runs.discard(self.folder)
            return
        try:
            if state == "stopped" and not self.control.is_stopping:
                state = "interrupted"  # nobody asked for a stop: the window or the program is closing
            runs.write_state(self.folder, {"state": state, "reason": reason})
            runs.release(self.folder)
            self._note(f"{state} {reason}".strip())
        except OSError:
            log.exception("the end of run %s could not be noted; it will count as interrupted", self.number)
