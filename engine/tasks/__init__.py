"""What is learnt: how outputs become a loss, a score and an answer."""

from engine.tasks.classification import Classification, balanced_weights
from engine.tasks.losses import LOSSES
from engine.tasks.mirror import answer

__all__ = ["LOSSES", "Classification", "answer", "balanced_weights"]
