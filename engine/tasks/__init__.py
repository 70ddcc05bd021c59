"""What is learnt: how outputs become a loss, a score and an answer."""

from engine.tasks.classification import Classification

__all__ = ["Classification"]
