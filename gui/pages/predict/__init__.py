"""Predict: drop pictures, see what the trained network takes them for."""

from gui.pages.predict.page import PredictPage

__all__ = ["PredictPage"]
