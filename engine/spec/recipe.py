"""All settings of a training."""

from dataclasses import dataclass, field

from engine.params import Declared, param
from engine.spec.data import Chosen


@dataclass(frozen=True)
class RecipeSpec(Declared):
    """How a network is trained.

    Attributes:
        optimizer: an entry of `engine.train.optimizers.OPTIMIZERS`.
        schedule: an entry of `engine.train.schedules.SCHEDULES`.
    """

    epochs: int = param(
        20, low=1, high=100_000, label="Epochs", help="How many times the network sees every training image."
    )
    batch_size: int = param(
        32,
        low=1,
        high=65_536,
        label="Batch size",
        unit="images",
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
        help="Stop when the validation loss has not improved for this many epochs. The best epoch is kept anyway.",
    )
    class_weights: str = param(
        "none",
        choices={"none": "every image the same", "balanced": "every class the same"},
        label="Weights",
        help="The network leans towards classes with more images; weights let each class count the same in the loss.",
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
