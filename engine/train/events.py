"""What a training tells while it runs: one small class for every sort of news."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.train.layer_health import LayersSeen


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The first event of a run, also when it is resumed.

    Attributes:
        run: its number in the project.
        folder: where it is kept.
        device, device_reason: for example "cpu", "no graphics processor was found".
        precision, precision_reason: for example "bfloat16", "this processor computes it natively".
        first_epoch: 1, or where a resumed run goes on.
        steps_per_epoch: batches, or groups of them where gradients are accumulated.
        batch_size, batch_reason: images per batch, and why so many.
        train_images, validation_images: that can be read.
        watched: picture numbers of the index that are predicted again and again.
        left_out: pictures that cannot be read.
    """

    run: int
    folder: Path
    device: str
    device_reason: str
    precision: str
    precision_reason: str
    parameters: int
    epochs: int
    first_epoch: int
    steps_per_epoch: int
    batch_size: int
    classes: tuple[str, ...]
    train_images: int
    validation_images: int
    watched: tuple[int, ...]
    left_out: int
    batch_reason: str = ""


@dataclass(frozen=True, slots=True)
class BatchDone:
    """News from within an epoch, about 20 times a second however fast batches are.

    Attributes:
        epoch, step, total_step: 1-based; `step` counts within the epoch.
        loss, accuracy: means over the pictures since the last such event.
        images_per_second: over the last seconds, pauses left out.
        seconds_left: until the planned end.
    """

    epoch: int
    step: int
    total_step: int
    loss: float
    accuracy: float
    learning_rate: float
    images_per_second: float
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Watched:
    """Fresh predictions of the watched pictures, at most every 0.25 s.

    Attributes:
        numbers: picture numbers of the index.
        probabilities: (len(numbers), classes) float32.
        photographs: pictures that are not of the index, as `engine.train.pins.Pins` names them.
        photograph_probabilities: (len(photographs), classes) float32.
    """

    epoch: int
    total_step: int
    numbers: tuple[int, ...]
    probabilities: np.ndarray
    photographs: tuple[str, ...] = ()
    photograph_probabilities: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))


@dataclass(frozen=True, slots=True)
class EpochDone:
    """An epoch with its validation; everything about it is on disk when this event is sent.

    Attributes:
        train_loss, train_accuracy: means over the epoch, measured while the weights were changing.
        validation_loss, validation_accuracy: of the weights at its end.
        learning_rate: of its last step.
        seconds: wall clock of this epoch, validation included, pauses not.
        is_best: the best validation accuracy so far (at equal accuracy, the lower loss).
        numbers: (N,) picture numbers of the validation pictures.
        probabilities: (N, classes) float32.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float
    images_per_second: float
    is_best: bool
    numbers: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True, slots=True)
class Told:
    """Something goes another way than was asked for, or takes its time: a sentence for the user, also in the log."""

    text: str


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a run ended; what `train` returns and the command line prints.

    Attributes:
        reason: "finished", "early" (no improvement), "stopped" (by the user).
        epochs: done in all.
        best_epoch: whose weights were kept; the losses and accuracies are those of this epoch.
        images_per_second: the median of all epochs.
        seconds: of all epochs together.
    """

    run: int
    reason: str
    epochs: int
    best_epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    images_per_second: float
    seconds: float
    device: str
    precision: str
    parameters: int


TrainEvent = RunStarted | BatchDone | Watched | LayersSeen | EpochDone | Told
