"""Pick an entry of a registry and set its settings: an optimizer, a schedule, an augmentation."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from engine.params import Declared, Value
from engine.spec.data import Chosen
from gui.forms.beginning import Beginning
from gui.forms.declared_form import DeclaredForm
from gui.forms.row import Label, labelled
from gui.forms.text_editors import QuietCombo
from gui.theme import theme


class ChosenForm(QWidget):
    """A combo box of a registry's entries over the form of the chosen one.

    Signals:
        changed(chosen, merge_key): the user picked another entry (with the settings it last had here) or changed a
            setting; see `DeclaredForm.changed`.
    """

    changed = Signal(object, str)

    def __init__(self, registry: Iterable[type[Declared]], label: str, key: str = "", parent: QWidget | None = None):
        """Make the form.

        Args:
            registry: its entries, for example `engine.train.optimizers.OPTIMIZERS`.
            label: what is picked, "Optimizer".
            key: as of `DeclaredForm`; the combo box has it as its object name.
        """
        super().__init__(parent)
        self._kinds = {kind.name: kind for kind in registry}
        self._chosen = Chosen("")
        self._remembered: dict[str, dict[str, Value]] = {}
        self._beginning = Beginning()
        self.combo = QuietCombo()
        self.combo.setObjectName(key)
        self.combo.setAccessibleName(label)
        self.combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for kind in self._kinds.values():
            self.combo.addItem(kind.title, kind.name)
        self.combo.activated.connect(self._on_picked)
        self.form = DeclaredForm(key)
        self.form.changed.connect(self._on_setting)
        words = Label(label)
        words.setBuddy(self.combo)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addLayout(labelled(words, self.combo))
        column.addWidget(self.form)

    def show(self, chosen: Chosen | None = None) -> None:
        """Show `chosen`; without it, the widget itself, as in every QWidget."""
        if chosen is None:
            super().show()
            return
        self._chosen = chosen
        self._remembered[chosen.kind] = dict(chosen.params)
        index = self.combo.findData(chosen.kind)
        if index < 0:  # of a newer version: it is shown and kept until another one is picked
            self.combo.addItem(self.tr("“{name}” (unknown here)").format(name=chosen.kind), chosen.kind)
            index = self.combo.count() - 1
        self.combo.setCurrentIndex(index)
        kind = self._kinds.get(chosen.kind)
        self.form.setVisible(kind is not None)
        help_text = " ".join((kind.__doc__ or "").split("\n\n")[0].split()) if kind else ""
        self.combo.setToolTip(f"<p>{help_text}</p>" if help_text else "")
        self.combo.setWhatsThis(help_text)
        self.combo.setAccessibleDescription(help_text)
        if kind is not None:
            self.form.show(kind, chosen.params)
            self.form.setVisible(not self.form.is_empty())

    def _on_picked(self, index: int) -> None:
        name = self.combo.itemData(index)
        if name == self._chosen.kind:
            return
        chosen = Chosen(name, dict(self._remembered.get(name, {})))
        self.show(chosen)
        self.changed.emit(chosen, "")

    def _on_setting(self, name: str, value: Value, merge_key: str) -> None:
        default = self.form.row(name).setting.default
        params = self._beginning.with_value(self._chosen.params, name, value, default, merge_key)
        self._chosen = Chosen(self._chosen.kind, params)
        self._remembered[self._chosen.kind] = dict(self._chosen.params)
        self.changed.emit(self._chosen, merge_key)
