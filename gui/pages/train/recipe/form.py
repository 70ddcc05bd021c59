"""The recipe: how the network is trained."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.data.index import TRAIN
from engine.params import Value
from engine.spec import ProjectSpec, RecipeSpec
from engine.spec.data import Chosen
from engine.tasks import LOSSES
from engine.train.defaults import suggested_rate
from engine.train.optimizers import OPTIMIZERS
from engine.train.schedules import SCHEDULES
from gui.forms import ChosenForm, DeclaredForm
from gui.pages.train.recipe.finder_panel import FinderPanel
from gui.pages.train.recipe.suggestions import Suggestions
from gui.theme import theme


def with_optimizer(project: ProjectSpec, chosen: Chosen, images: int = 0) -> RecipeSpec:
    """Return the recipe of `project` with another optimizer.

    A learning rate that was still the usual one of the old optimizer, or the one suggested for it, becomes that of
    the new: 0.001 suits AdamW and gets SGD nowhere. One that somebody chose stays.

    Args:
        images: for training; 0 while they are not known.
    """
    recipe, old = project.recipe, project.recipe.optimizer.kind
    changed = replace(recipe, optimizer=chosen)
    if chosen.kind == old or chosen.kind not in OPTIMIZERS or old not in OPTIMIZERS:
        return changed
    # Suggested first: where both are the same, what suits the network is the better guess.
    for rate in (partial(suggested_rate, images=images), suggested_rate, _usual_rate):
        if recipe.learning_rate == rate(project):
            return replace(changed, learning_rate=rate(replace(project, recipe=changed)))
    return changed


def _usual_rate(project: ProjectSpec) -> float:
    return OPTIMIZERS[project.recipe.optimizer.kind].usual_learning_rate


GROUPS = (
    ("stop_metric", "stop_change"),
    ("optimizer", "decay_all", "clip_norm", "accumulate", "average_decay"),
    ("schedule",),
    ("loss", "class_weights"),
    ("mirror_test", "seed"),
    ("device", "precision", "compiled", "deterministic"),
)
"""The folded settings in the order in which they are shown; what belongs together stands together."""


class RecipeForm(QWidget):
    """All settings of the recipe; edits go to the document and come back from it."""

    def __init__(self, document: object, parent: QWidget | None = None, studio: object | None = None) -> None:
        """Make the form.

        Args:
            studio: where there is one, the form also offers to find a learning rate and to take what suits the data.
        """
        super().__init__(parent)
        self._document, self._studio = document, studio
        self.finder: FinderPanel | None = None
        self.form = DeclaredForm("recipe")
        self.form.changed.connect(self._on_changed)
        self.optimizer = ChosenForm(OPTIMIZERS, self.tr("Optimizer"), "recipe.optimizer")
        self.optimizer.changed.connect(self._on_optimizer)
        self.schedule = ChosenForm(SCHEDULES, self.tr("Schedule"), "recipe.schedule")
        self.schedule.changed.connect(self._on_schedule)
        self.loss = ChosenForm(LOSSES, self.tr("Loss"), "recipe.loss")
        self.loss.changed.connect(self._on_loss)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addWidget(self.form)
        self._show()
        self._place_choices(column)
        if studio is not None:
            self._offer_help(column)
        document.recipe_changed.connect(self._show)
        document.replaced.connect(self._on_replaced)

    def _place_choices(self, column: QVBoxLayout) -> None:
        """Put the three choices among the folded settings, each with what belongs to it."""
        fold = self.form.fold()
        target = fold.body if fold is not None else column
        if fold is not None:
            fold.header.setObjectName("recipe.more")
        chosen = {"optimizer": self.optimizer, "schedule": self.schedule, "loss": self.loss}
        for group in GROUPS:
            for name in group:
                target.addWidget(chosen[name] if name in chosen else self.form.row(name))
            if group != GROUPS[-1]:
                target.addSpacing(theme().tokens.space)

    def _offer_help(self, column: QVBoxLayout) -> None:
        """Put the finder's link into the field of the learning rate, and the suggestions under everything."""
        field = self.form.editor("learning_rate")
        self._find = FindLink(field)
        QWidget.setTabOrder(field, self._find.button)
        self._find.button.clicked.connect(self.open_finder)
        self._studio.training.state_changed.connect(self._on_training)
        self._on_training()
        self.suggestions = Suggestions(self._studio)
        fold = self.form.fold()
        self.form.layout().insertWidget(self.form.layout().indexOf(fold) if fold is not None else -1, self.suggestions)

    def _on_training(self) -> None:
        is_idle = self._studio.training.state == "idle"
        self._find.button.setEnabled(is_idle)
        tip = self.tr("Try growing learning rates on a copy of the network, and suggest one.")
        self._find.button.setToolTip(tip if is_idle else self.tr("A training is running: wait for it, or stop it."))

    def open_finder(self) -> FinderPanel:
        """Open the panel that looks for a learning rate, and begin."""
        if self.finder is None:
            self.finder = FinderPanel(self._studio, self)
            self.finder.finished.connect(self._on_finder_closed)
            self.finder.running_changed.connect(self._on_finder)
            self.finder.show()
            self.finder.start()
        self.finder.raise_()
        return self.finder

    def _on_finder_closed(self) -> None:
        self.finder = None
        self._studio.training.tell_beside("")

    def _on_finder(self) -> None:
        is_running = self.finder is not None and self.finder.is_running
        self._studio.training.tell_beside(self.tr("Looking for a learning rate…") if is_running else "")

    def _show(self) -> None:
        recipe = self._document.recipe
        self.form.show(recipe)
        self.optimizer.show(recipe.optimizer)
        self.schedule.show(recipe.schedule)
        self.loss.show(recipe.loss)
        # Three folds called "More" under each other would say nothing.
        for chosen in (self.optimizer, self.schedule, self.loss):
            fold = chosen.form.fold()
            if fold is not None:
                fold.set_title(self.tr("More on {name}").format(name=chosen.combo.currentText()))
                fold.set_inner()

    def _on_replaced(self) -> None:
        self.form.start_afresh()

    def _on_changed(self, name: str, value: Value, merge_key: str) -> None:
        label = self.form.row(name).setting.label
        self._edit(self.tr("Set {setting}").format(setting=label), merge_key, **{name: value})

    def _on_optimizer(self, chosen: Chosen, merge_key: str) -> None:
        index = self._studio.data.index if self._studio is not None else None
        images = int((index.splits == TRAIN).sum()) if index is not None else 0
        recipe = with_optimizer(self._document.spec, chosen, images)
        self._document.edit(self.tr("Set optimizer"), recipe=recipe, merge_key=self._key(merge_key))

    def _on_schedule(self, chosen: Chosen, merge_key: str) -> None:
        self._edit(self.tr("Set schedule"), merge_key, schedule=chosen)

    def _on_loss(self, chosen: Chosen, merge_key: str) -> None:
        self._edit(self.tr("Set loss"), merge_key, loss=chosen)

    def _edit(self, text: str, merge_key: str, **changes: object) -> None:
        recipe = replace(self._document.recipe, **changes)
        self._document.edit(text, recipe=recipe, merge_key=self._key(merge_key))

    @staticmethod
    def _key(merge_key: str) -> str:
        return f"recipe.{merge_key}" if merge_key else ""


class FindLink(QObject):
    """The words "find…" at the right end of a field, inside of it."""

    def __init__(self, field: QLineEdit) -> None:
        super().__init__(field)
        self._field = field
        self.button = QPushButton(self.tr("find…"))
        self.button.setObjectName("recipe.learning_rate.find")
        self.button.setAccessibleName(self.tr("Find a learning rate"))
        self.button.setProperty("link", True)
        row = QHBoxLayout(field)
        row.setContentsMargins(0, 0, theme().tokens.space_small, 0)
        row.addStretch(1)
        row.addWidget(self.button)
        field.installEventFilter(self)
        self._make_room()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.FontChange, QEvent.Type.Show):
            self._make_room()
        return False

    def _make_room(self) -> None:
        """Keep the figures out of the link's way."""
        self._field.setTextMargins(0, 0, self.button.sizeHint().width(), 0)
