"""What is learnt: how outputs become a loss, a score and an answer."""

from engine.tasks.classification import Classification, balanced_weights

__all__ = ["Classification", "balanced_weights"]
