"""The training loop.

`train` is a generator of typed events. It only steps, records, checkpoints and obeys; what is computed is the task's
business, what pictures look like the batches', what is made ready before the first step is in `setup`, and what stays
on disk in `record`.

Everything random in an epoch follows from the seed and the epoch's number alone. That is what makes a run that was
killed go on exactly: its last checkpoint and the number of the next epoch are all it needs.
"""

import statistics
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.allocator import give_back, keep_freed_memory
from engine.data.cache import Pictures
from engine.errors import EngineError, TrainingDiverged
from engine.jobs import Cancelled, JobControl
from engine.params import params_of, short_number
from engine.spec import ProjectSpec, RecipeSpec
from engine.tasks import answer
from engine.train import history
from engine.train.determinism import deterministic, impossible
from engine.train.events import BatchDone, EpochDone, RunStarted, RunSummary, Told, TrainEvent
from engine.train.history import EpochLine
from engine.train.layer_health import LayerHealth, LayersSeen
from engine.train.memory import explained, out_of_memory
from engine.train.pace import Due, Pace
from engine.train.record import Record
from engine.train.schedules import share_done
from engine.train.setup import Setup, set_up
from engine.train.step import StepsOfEpoch, Taken, make_room
from engine.train.watching import Watching
from engine.transfer import Question, Questions

BATCH_NEWS = 0.05
"""Seconds between two `BatchDone`: as often as a screen can use, however fast batches are."""

WATCH_EVERY = 0.25
"""Seconds between two predictions of the watched pictures, or more where they take long; see `Watching`."""

Events = Generator[TrainEvent, None, RunSummary]


def train(
    project: ProjectSpec,
    pictures: Pictures,
    project_path: Path,
    control: JobControl | None = None,
    resume: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Events:
    """Train the project's network on its decoded pictures.

    Args:
        project: what to train; for a resumed run, what `runs.read_run_spec` gives for it.
        pictures: decoded as `project.data` says.
        project_path: the project's document; the run is kept in `runs/` beside it.
        control: for pause and stop from other threads.
        resume: number of a run to continue.
        facts: more to note in the state of a new run: where it comes from, for example its `parent`.
    Returns:
        The summary, when it came to its end. When it is stopped, `Cancelled` goes through, after the run was closed:
        kept with its best epoch, or removed.
    Raises:
        EngineError: the network or data cannot be trained, the device or disk gave up. A run that the disk stopped can
            be resumed.
        TrainingDiverged: the loss is no number any more; the best epoch so far is kept.
    """
    control = control or JobControl()
    keep_freed_memory()
    record, setup, loop = Record(project_path, resume, facts), None, None
    state, reason = "failed", ""
    try:
        with deterministic(project.recipe.deterministic):
            setup = set_up(project, pictures, record.began())
            record.open(setup)
            loop = _Loop(setup, record, control)
            yield loop.started()
            ended = yield from loop.epochs()
        state, reason = "finished", early_in_words(project.recipe) if ended == "early" else ""
        return _summary(setup, record, ended)
    except (Cancelled, GeneratorExit, KeyboardInterrupt):
        state = "stopped"
        raise
    except OSError as error:
        told = EngineError(
            "The training stopped: its files could not be written.",
            why=f"{error.strerror or error}.",
            fix="Free some space and resume the run; all finished epochs are kept.",
        )
        state, reason = "interrupted", str(told)
        raise told from error
    except (MemoryError, RuntimeError) as error:
        # What the machine could not do now it may do later, and nothing that is on disk has suffered.
        state, reason = "interrupted" if record.has_checkpoint else "failed", str(error)
        told = impossible(error) if project.recipe.deterministic else None
        if told is None and out_of_memory(error):
            told = explained(setup, setup.batch_size if setup else project.recipe.assumed_batch_size)
        if told is None:
            raise  # our bug
        reason = str(told)
        raise told from error
    except EngineError as error:
        reason, record.diverged = str(error), isinstance(error, TrainingDiverged)
        if record.has_checkpoint and not record.diverged:
            state = "interrupted"
        raise
    except Exception as error:  # our bug: the next version may know better
        state, reason = "interrupted" if record.has_checkpoint else "failed", str(error)
        raise
    finally:
        record.close(state, reason, control)
        setup = loop = None  # what they held can go back, too
        give_back()


def early_in_words(recipe: RecipeSpec) -> str:
    """Why a training ended before its planned end."""
    told = {one.name: one for one in params_of(RecipeSpec)}["stop_metric"]
    metric = told.choice_labels[told.choices.index(recipe.stop_metric)].capitalize()
    span = "1 epoch" if recipe.patience == 1 else f"{recipe.patience} epochs"
    return f"{metric} did not improve for {span}."


def _summary(setup: Setup, record: Record, ended: str) -> RunSummary:
    """What is left to say at the end."""
    lines, best = record.lines, history.best_of(record.lines)
    return RunSummary(
        run=record.number,
        reason=ended,
        epochs=len(lines),
        best_epoch=best.epoch,
        train_loss=best.train_loss,
        train_accuracy=best.train_accuracy,
        validation_loss=best.validation_loss,
        validation_accuracy=best.validation_accuracy,
        images_per_second=statistics.median(line.images_per_second for line in lines),
        seconds=sum(line.seconds for line in lines),
        device=setup.placement.device.type,
        precision=setup.placement.precision,
        parameters=setup.parameters,
    )


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

    def whole(self) -> Tensor:
        """(2,) both sums, on the device."""
        return torch.stack((self.loss, self.correct))

    def means(self, whole: Tensor) -> tuple[float, float]:
        """(loss, accuracy), from what `whole` gave; waits for the device where that is still there."""
        loss, correct = whole.tolist()
        return loss / self.images, correct / self.images


class _Loop:
    """The epochs of one training, from its first step to its last."""

    def __init__(self, setup: Setup, record: Record, control: JobControl):
        self.setup, self.record, self.control = setup, record, control
        self.recipe, self.placement = setup.recipe, setup.placement
        self.network, self.task = setup.network, setup.task
        self.judge = setup.task.judge()
        self.first_epoch = len(record.lines) + 1
        left = self.recipe.epochs - len(record.lines)
        self.pace = Pace(left * setup.steps, left)
        self.learning_rate = self.recipe.learning_rate
        self.pieces = 1  # that batches are validated in: their answers are the same

    def started(self) -> RunStarted:
        """The first event."""
        setup, where = self.setup, self.placement
        self.record.note(
            f"run {self.record.number} on {where.device} ({where.device_reason}), "
            f"{where.precision} ({where.precision_reason}), "
            f"{setup.parameters} parameters, batches of {setup.batch_size} ({setup.batch_reason}), "
            f"{'deterministic, ' if self.recipe.deterministic else ''}"
            f"from epoch {self.first_epoch} of {self.recipe.epochs}"
        )
        return RunStarted(
            run=self.record.number,
            folder=self.record.folder,
            device=where.device.type,
            device_reason=where.device_reason,
            precision=where.precision,
            precision_reason=where.precision_reason,
            parameters=setup.parameters,
            epochs=self.recipe.epochs,
            first_epoch=self.first_epoch,
            steps_per_epoch=setup.steps,
            batch_size=setup.batch_size,
            classes=setup.classes,
            train_images=len(setup.training.numbers),
            validation_images=len(setup.validation.numbers),
            watched=setup.watched_numbers,
            left_out=len(setup.pictures.failures),
            batch_reason=setup.batch_reason,
        )

    # ---- the loop

    def epochs(self) -> Generator[TrainEvent, None, str]:
        """All epochs that are left. Returns why it ended."""
        self.news, self.watching = Due(BATCH_NEWS), Watching(self.setup, self.record.folder, WATCH_EVERY)
        self.health = LayerHealth.of(self.setup)
        if self.recipe.compiled:
            yield self._told("The network is compiled first: the first steps may take a minute.")
        for epoch in range(self.first_epoch, self.recipe.epochs + 1):
            if self._should_stop_early():
                return "early"
            began, images = self.pace.now(), len(self.setup.training.numbers)
            sums = yield from self._training_epoch(epoch)
            means = sums.means(sums.whole())  # waits for the device: what it still has to do is part of the time
            trained = self.pace.now()
            event = self._validated(epoch, *means, began, images / (trained - began))
            self.record.keep(event)
            self.pace.validated(self.pace.now() - trained)
            is_shown = self.watching.is_due() or (self.watching.has_pins and epoch == self.recipe.epochs)
            if is_shown or self.watching.is_due_to_keep(epoch):
                self._watch(epoch, epoch * self.setup.steps, shown=is_shown)
                yield from (seen for seen in self.questions.answered(wait=True) if is_shown)
            yield event
            self._checkpoint()
        return "finished"  # also where patience ends with the plan

    def _should_stop_early(self) -> bool:
        recipe, record = self.recipe, self.record
        if not recipe.patience:
            return False
        waited = history.epochs_without_improvement(
            record.lines, record.restarted_after, recipe.stop_metric, recipe.stop_change
        )
        return waited >= recipe.patience

    def _told(self, sentence: str) -> Told:
        self.record.note(sentence)
        return Told(sentence)

    def _checkpoint(self) -> None:
        """Between two steps: wait while paused, leave when stopped."""
        before = time.perf_counter()
        self.control.checkpoint()
        self.pace.waited(time.perf_counter() - before)

    def _training_epoch(self, epoch: int) -> Generator[TrainEvent, None, _Sums]:
        torch.manual_seed(self.recipe.seed * 1_000_003 + epoch)  # for dropout; batches have random numbers of their own
        self.network.train()
        self._listen_to_validation()
        whole, recent = _Sums.on(self.placement.device), _Sums.on(self.placement.device)
        self.questions: Questions[TrainEvent] = Questions()
        steps = StepsOfEpoch(self.setup.stepper, self.setup.training, self.setup.groups, epoch)
        for step in range(1, self.setup.steps + 1):
            total = (epoch - 1) * self.setup.steps + step
            self._set_learning_rate(total)
            taken = yield from self._step(steps.take(step, total, self._checkpoint))
            whole.add(*taken)
            recent.add(*taken)
            self.pace.step(taken.images)
            is_last = step == self.setup.steps  # curves reach the end of each epoch
            if is_last or total == 1 or (not len(self.questions) and self.news()):
                self.questions.ask(self._batch_news(epoch, step, total, recent))
                recent = _Sums.on(self.placement.device)
            # The last step but one has the last one looked at: what is said of a run that is over is about its end.
            is_near_the_end = total == self.recipe.epochs * self.setup.steps - 1
            if (layers := self.health.after_step(epoch, total, look_next=is_near_the_end)) is not None:
                self.questions.ask(layers)
            if self.watching.is_due():
                self._watch(epoch, total)
            for event in self.questions.answered(wait=is_last):
                if isinstance(event, LayersSeen):
                    self.record.looks.add(event)
                yield event
        return whole

    def _step(self, way: Generator[str, None, Taken]) -> Generator[TrainEvent, None, Taken]:
        while True:
            try:
                sentence = next(way)
            except StopIteration as done:
                return done.value
            yield self._told(sentence)

    def _listen_to_validation(self) -> None:
        """Once per epoch: what the schedule makes of the validation losses so far."""
        lines = self.record.lines[self.record.restarted_after :]
        self.rate_of_epoch = self.recipe.learning_rate * self.setup.schedule.answer(
            [line.validation_loss for line in lines]
        )

    def _set_learning_rate(self, total: int) -> None:
        steps = self.setup.steps
        done = share_done(total, self.recipe.epochs * steps, before=self.record.restarted_after * steps)
        self.learning_rate = self.rate_of_epoch * self.setup.schedule.factor(done)
        for group in self.setup.optimizer.param_groups:
            group["lr"] = self.learning_rate

    def _batch_news(self, epoch: int, step: int, total: int, recent: _Sums) -> Question[BatchDone]:
        place, learning_rate = self.pace.place(), self.learning_rate

        def told(sums: Tensor) -> BatchDone:
            loss, accuracy = recent.means(sums)
            self._must_be_finite(loss, epoch)
            self.pace.mark(place)
            speed, left = self.pace.images_per_second(), self.pace.seconds_left()
            event = BatchDone(epoch, step, total, loss, accuracy, learning_rate, speed, left)
            self.record.steps.add(event)
            return event

        return Question(recent.whole(), told)

    def _must_be_finite(self, loss: float, epoch: int) -> None:
        if not np.isfinite(loss):
            best = history.best_of(self.record.lines)
            raise TrainingDiverged(
                f"The training diverged in epoch {epoch}: the loss is no longer a number.",
                why=f"The steps were too large (learning rate {short_number(self.recipe.learning_rate)}).",
                fix="Try a tenth of the learning rate, or add batch normalisation."
                + (f" Epoch {best.epoch} was kept." if best else ""),
            )

    # ---- looking at it

    @torch.no_grad()
    def _watch(self, epoch: int, total: int, *, shown: bool = True) -> None:
        pictures = self.watching.pictures()
        self.network.eval()
        outputs = self._outputs(pictures)
        self.network.train()
        probabilities = self.task.probabilities(outputs)
        self.questions.ask(self.watching.question(epoch, total, probabilities, shown=shown))

    def _outputs(self, inputs: Tensor) -> Tensor:
        """What the network that is judged makes of images, in pieces where they are too many for the memory."""
        while True:
            pieces = min(max(self.pieces, self.setup.stepper.pieces), len(inputs))
            try:
                with self.placement.autocast():
                    parts = inputs.tensor_split(pieces) if pieces > 1 else (inputs,)
                    outputs = [answer(self.setup.judged, part, mirror=self.recipe.mirror_test) for part in parts]
                return torch.cat(outputs) if pieces > 1 else outputs[0]
            except (MemoryError, RuntimeError) as error:
                if not out_of_memory(error) or pieces == len(inputs):
                    raise
            make_room(self.placement.device)
            self.pieces = 2 * pieces
            self.record.note(f"too little memory for {len(inputs)} images at once: they are looked at in pieces")

    @torch.no_grad()
    def _validate(self) -> tuple[float, float, np.ndarray]:
        """(loss, accuracy, probabilities (N, classes)) of all validation pictures."""
        self.network.eval()
        sums, answers = _Sums.on(self.placement.device), []
        for inputs, labels in self.setup.validation.epoch(0):
            self._checkpoint()
            outputs = self._outputs(inputs)
            sums.add(self.judge.loss(outputs, labels), self.task.hits(outputs, labels), len(labels))
            answers.append(self.task.probabilities(outputs))
        return *sums.means(sums.whole()), torch.cat(answers).cpu().numpy()

    def _validated(self, epoch: int, train_loss: float, train_accuracy: float, began: float, speed: float) -> EpochDone:
        self._must_be_finite(train_loss, epoch)
        loss, accuracy, probabilities = self._validate()
        self._must_be_finite(loss, epoch)
        seconds = self.pace.now() - began
        line = EpochLine(
            epoch, train_loss, train_accuracy, loss, accuracy, self.learning_rate, seconds, speed, is_best=False
        )
        return EpochDone(
            epoch,
            train_loss,
            train_accuracy,
            loss,
            accuracy,
            self.learning_rate,
            seconds,
            speed,
            history.is_better(line, self.record.best),
            self.setup.validation.numbers,
            probabilities,
        )
