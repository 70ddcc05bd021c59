"""The one virtualised grid of pictures: model, delegate, view. Nothing here is made per picture."""

from gui.pictures.model import Answers, Badge, Pictured, PictureModel, answers_from
from gui.pictures.view import DRAGGED, PictureView, dragged_numbers

__all__ = ["DRAGGED", "Answers", "Badge", "PictureModel", "PictureView", "Pictured", "answers_from", "dragged_numbers"]
