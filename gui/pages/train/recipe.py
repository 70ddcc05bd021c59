"""The recipe: how the network is trained."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.params import Value
from engine.spec.data import Chosen
from engine.train.optimizers import OPTIMIZERS
from engine.train.schedules import SCHEDULES
from gui.forms import ChosenForm, DeclaredForm
from gui.theme import theme


def with_optimizer(recipe: object, chosen: Chosen) -> object:
    """Return `recipe` with another optimizer.

    A learning rate that was still the usual one of the old optimizer becomes the usual one of the new: 0.001 suits
    AdamW and gets SGD nowhere. One that somebody chose stays.
    """
    old = recipe.optimizer.kind
    changed = replace(recipe, optimizer=chosen)
    if chosen.kind == old or chosen.kind not in OPTIMIZERS or old not in OPTIMIZERS:
        return changed
    if recipe.learning_rate == OPTIMIZERS[old].usual_learning_rate:
        return replace(changed, learning_rate=OPTIMIZERS[chosen.kind].usual_learning_rate)
    return changed


class RecipeForm(QWidget):
    """All settings of the recipe; edits go to the document and come back from it."""

    def __init__(self, document: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.form = DeclaredForm("recipe")
        self.form.changed.connect(self._on_changed)
        self.optimizer = ChosenForm(OPTIMIZERS, self.tr("Optimizer"), "recipe.optimizer")
        self.optimizer.changed.connect(self._on_optimizer)
        self.schedule = ChosenForm(SCHEDULES, self.tr("Schedule"), "recipe.schedule")
        self.schedule.changed.connect(self._on_schedule)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addWidget(self.form)
        self._show()
        self._place_choices(column)
        document.recipe_changed.connect(self._show)
        document.replaced.connect(self._on_replaced)

    def _place_choices(self, column: QVBoxLayout) -> None:
        """Put the two choices first among the folded settings."""
        fold = self.form.fold()
        target = fold.body if fold is not None else column
        at = 0 if fold is not None else column.count()
        for offset, widget in enumerate((self.optimizer, self.schedule)):
            target.insertWidget(at + offset, widget)

    def _show(self) -> None:
        recipe = self._document.recipe
        self.form.show(recipe)
        self.optimizer.show(recipe.optimizer)
        self.schedule.show(recipe.schedule)
        # Three folds called "More" under each other would say nothing.
        for chosen in (self.optimizer, self.schedule):
            fold = chosen.form.fold()
            if fold is not None:
                fold.set_title(self.tr("More on {name}").format(name=chosen.combo.currentText()))

    def _on_replaced(self) -> None:
        self.form.start_afresh()

    def _on_changed(self, name: str, value: Value, merge_key: str) -> None:
        label = self.form.row(name).setting.label
        self._edit(self.tr("Set {setting}").format(setting=label), merge_key, **{name: value})

    def _on_optimizer(self, chosen: Chosen, merge_key: str) -> None:
        recipe = with_optimizer(self._document.recipe, chosen)
        self._document.edit(self.tr("Set optimizer"), recipe=recipe, merge_key=self._key(merge_key))

    def _on_schedule(self, chosen: Chosen, merge_key: str) -> None:
        self._edit(self.tr("Set schedule"), merge_key, schedule=chosen)

    def _edit(self, text: str, merge_key: str, **changes: object) -> None:
        recipe = replace(self._document.recipe, **changes)
        self._document.edit(text, recipe=recipe, merge_key=self._key(merge_key))

    @staticmethod
    def _key(merge_key: str) -> str:
        return f"recipe.{merge_key}" if merge_key else ""
