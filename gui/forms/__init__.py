"""Forms made from declared settings: see `engine.params`."""

from gui.forms.beginning import Beginning
from gui.forms.chosen_form import ChosenForm
from gui.forms.declared_form import DeclaredForm
from gui.forms.text_editors import TextEditor

__all__ = ["Beginning", "ChosenForm", "DeclaredForm", "TextEditor"]
