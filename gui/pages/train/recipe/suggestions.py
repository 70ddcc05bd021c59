"""What would suit the data and the network, each with its reason, and one button that takes it all."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from engine.data.augment import AUGMENTATIONS
from engine.data.index import TRAIN
from engine.params import params_of, short_number
from engine.spec import RecipeSpec
from engine.train.defaults import Choice, applied, suggested
from gui.theme import theme
from gui.widgets.fold import Fold
from gui.widgets.panel import dim_label, text_label


class Suggestions(QWidget):
    """A fold with the reasons; hidden until the images are known and the network works."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._document = studio, studio.document
        self._choices: tuple[Choice, ...] = ()
        self.fold = Fold(self.tr("Why these values?"), key="train.why")
        self.fold.header.setObjectName("recipe.why")
        self._rows = QVBoxLayout()
        self._rows.setSpacing(theme().tokens.space_small)
        self.fold.body.addLayout(self._rows)
        self._labels: dict[str, tuple] = {}
        self.button = QPushButton(self.tr("Take all suggestions"))
        self.button.setObjectName("recipe.suggest")
        self.button.setAccessibleName(self.button.text())
        self.button.clicked.connect(self.take)
        self.fold.body.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        for signal in (studio.data.index_changed, self._document.recipe_changed, self._document.report_changed):
            signal.connect(self.refresh)
        self._document.data_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Bring the reasons to the present data, network and recipe."""
        index, document = self._studio.data.index, self._document
        is_known = index is not None and document.is_open and len(document.network) > 0 and document.report.is_ready
        self.setVisible(is_known)
        if not is_known:
            return
        self._choices = suggested(document.spec, int((index.splits == TRAIN).sum()))
        differs = applied(document.spec, self._choices) != document.spec
        self.button.setVisible(differs)
        self.fold.set_title(self.tr("Suggested values") if differs else self.tr("Why these values?"))
        for choice in self._choices:
            self._show_choice(choice)

    def _show_choice(self, choice: Choice) -> None:
        if choice.name not in self._labels:
            head, reason = text_label(wrap=True, small=True), dim_label(wrap=True, small=True)
            self._labels[choice.name] = head, reason
            self._rows.addWidget(head)
            self._rows.addWidget(reason)
        head, reason = self._labels[choice.name]
        head.setText(f"{_label(choice)}: {_value(choice)}")
        reason.setText(choice.reason)

    def take(self) -> None:
        """Apply everything as one step to undo."""
        spec = applied(self._document.spec, self._choices)
        self._document.edit(self.tr("Take suggestions"), data=spec.data, recipe=spec.recipe)


def _label(choice: Choice) -> str:
    if choice.name == "augment":
        return _tr("Augmentation")
    return next(setting.label for setting in params_of(RecipeSpec) if setting.name == choice.name)


def _value(choice: Choice) -> str:
    if choice.name == "augment":
        names = [AUGMENTATIONS[chosen.kind].title.lower() for chosen in choice.value if chosen.kind in AUGMENTATIONS]
        return ", ".join(names) or _tr("none")
    return short_number(choice.value)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Suggestions", text)
