"""All settings of a training."""

from dataclasses import dataclass, field

from engine.params import Declared, param
from engine.spec.data import Chosen

USUAL_BATCH = 32


@dataclass(frozen=True)
class RecipeSpec(Declared):
    """How a network is trained.

    Attributes:
        optimizer: an entry of `engine.train.optimizers.OPTIMIZERS`.
        schedule: an entry of `engine.train.schedules.SCHEDULES`.
        loss: an entry of `engine.tasks.LOSSES`.
    """

    epochs: int = param(
        20, low=1, high=100_000, label="Epochs", help="How many times the network sees every training image."
    )
    batch_size: int = param(
        USUAL_BATCH,
        low=0,
        high=65_536,
        label="Batch size",
        unit="images",
        zero_means="automatic",
        help="Images per step. Larger batches use the hardware better; smaller ones often learn in fewer epochs.",
    )
    learning_rate: float = param(
        0.001,
        low=1e-8,
        high=100.0,
        label="Learning rate",
        help="Size of the steps. Too large and the loss jumps or explodes; too small and nothing seems to happen.",
    )
    patience: int = param(
        0,
        low=0,
        high=10_000,
        label="Early stopping",
        unit="epochs",
        zero_means="off",
        help="Stop when validation has not improved for this many epochs. The best epoch is kept anyway.",
    )
    stop_metric: str = param(
        "loss",
        choices={"loss": "validation loss", "accuracy": "validation accuracy"},
        label="Stops early by",
        help="What must improve for the training not to stop early.",
        more=True,
    )
    stop_change: float = param(
        0.0,
        low=0.0,
        high=1.0,
        label="Least change",
        zero_means="any",
        help="By how much it must improve to count: 0.01 of the loss, or one point of accuracy.",
        more=True,
    )
    class_weights: str = param(
        "none",
        choices={"none": "equal images", "balanced": "equal classes"},
        label="Class weights",
        help="The network leans towards classes with more images; weights let each class count the same in the loss.",
        more=True,
    )
    decay_all: bool = param(
        False,
        label="Decay biases too",
        help="Let biases and the scales of normalisation shrink like weights do. They are spared otherwise.",
        more=True,
    )
    clip_norm: float = param(
        0.0,
        low=0.0,
        high=1e6,
        label="Gradient clipping",
        zero_means="off",
        help="The longest a gradient may be, as a norm over all weights: longer ones are cut to it. 1 is usual.",
        more=True,
    )
    accumulate: int = param(
        1,
        low=1,
        high=1024,
        label="Batches per step",
        help="Gradients of so many batches are added up before a step, as if one large batch had been in memory.",
        more=True,
    )
    average_decay: float = param(
        0.0,
        low=0.0,
        high=0.99999,
        label="Weight average",
        zero_means="off",
        help="Validate and keep a moving average of the weights: 0.999 averages over about a thousand steps.",
        more=True,
    )
    mirror_test: bool = param(
        False,
        label="Test-time mirror",
        help="Answer for an image and for its mirror image, and take the mean. Predicting takes twice as long.",
        more=True,
    )
    compiled: bool = param(
        False,
        label="Compile",
        help="Let PyTorch write code for this network, on an NVIDIA GPU with CUDA graphs. Starting takes a minute; "
        "long trainings then gain.",
        more=True,
    )
    deterministic: bool = param(
        False,
        label="Deterministic",
        help="The same numbers each time on a GPU too. Its steps then take longer, and some layers cannot.",
        more=True,
    )
    precision: str = param(
        "auto",
        choices={"auto": "automatic", "float32": "float32", "bfloat16": "bfloat16", "float16": "float16"},
        label="Precision",
        help="Number format of the computation. Automatic takes bfloat16 where this machine computes it faster.",
        more=True,
    )
    device: str = param(
        "auto",
        choices={"auto": "automatic", "cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"},
        label="Device",
        help="Where to compute. Automatic takes the graphics processor when there is one.",
        more=True,
    )
    seed: int = param(
        0,
        low=0,
        high=2**31 - 1,
        label="Seed",
        help="Start of the random numbers: the same seed gives the same training again.",
        more=True,
    )
    optimizer: Chosen = field(default_factory=lambda: Chosen("adamw"))
    schedule: Chosen = field(default_factory=lambda: Chosen("one_cycle"))
    loss: Chosen = field(default_factory=lambda: Chosen("cross_entropy"))

    @property
    def assumed_batch_size(self) -> int:
        """The batch size for estimates; the usual one where it is chosen when the training begins."""
        return self.batch_size or USUAL_BATCH
