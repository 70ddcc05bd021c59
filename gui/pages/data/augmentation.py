"""The augmentations: a check mark and settings for each, in folds, and what is switched on in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from engine.data.augment import AUGMENTATIONS, GROUPS
from engine.params import Declared, Param, Value, params_of
from engine.spec.data import Chosen, DataSpec
from gui.forms import Beginning
from gui.forms.row import Row
from gui.forms.slider_editors import SLIDER_EDITORS
from gui.pages.shared.roomy_form import RoomyForm
from gui.theme import theme
from gui.widgets.fold import Fold

OPEN_AT_FIRST = "position"


def with_augmentation(data: DataSpec, name: str, params: Mapping[str, Value] | None) -> DataSpec:
    """`data` with the augmentation `name` set to `params`, or without it (None).

    A new one takes its place in the order of the registry; what is not registered here stays where it is.
    """
    others = tuple(entry for entry in data.augment if entry.kind != name)
    if params is None:
        return replace(data, augment=others)
    entry = Chosen(name, dict(params))
    if len(others) < len(data.augment):
        return replace(data, augment=tuple(entry if old.kind == name else old for old in data.augment))
    order = AUGMENTATIONS.names()
    after = order[order.index(name) + 1 :] if name in order else ()
    place = next((place for place, other in enumerate(others) if other.kind in after), len(others))
    return replace(data, augment=(*others[:place], entry, *others[place:]))


def group_title(group: str) -> str:
    """What a fold is called."""
    return {
        "position": QCoreApplication.translate("AugmentationRows", "Position"),
        "colour": QCoreApplication.translate("AugmentationRows", "Colour"),
        "texture": QCoreApplication.translate("AugmentationRows", "Texture"),
        "mixing": QCoreApplication.translate("AugmentationRows", "Mixing"),
    }[group]


class SliderForm(RoomyForm):
    """Numbers have a slider beside them: what counts is what is seen in the strip, not the number."""

    TIGHT = True

    def __init__(self, key: str, parent: QWidget | None = None) -> None:
        super().__init__(key, parent)
        self._prefix = key

    def words(self, row: Row) -> Iterable[str]:
        # Those of all forms, so that the sliders of the page stand in one column.
        return (setting.label for kind in AUGMENTATIONS for setting in params_of(kind))

    def make_row(self, setting: Param) -> Row:
        row = Row(setting, self._prefix, editors=SLIDER_EDITORS)
        slider = getattr(row.editor, "slider", None)
        if slider is not None:
            slider.setObjectName(f"{row.editor.widget.objectName()}.slider")
        return row


class AugmentationRow(QWidget):
    """One augmentation."""

    switched = Signal(str, bool)
    setting_changed = Signal(str, str, object, str)  # augmentation, setting, value, merge key

    def __init__(self, name: str, kind: type[Declared] | None, parent: QWidget | None = None) -> None:
        """Make a row; `kind` is None for an augmentation that is unknown here and can only be removed."""
        super().__init__(parent)
        self.name, self._kind = name, kind
        title = kind.title if kind else self.tr("“{name}” (unknown here)").format(name=name)
        self.check = QCheckBox(title)
        self.check.setObjectName(f"data.augment.{name}")
        help_text = " ".join((kind.__doc__ or "").split()) if kind else ""
        self.check.setToolTip(f"<p>{help_text}</p>" if help_text else "")
        self.check.setAccessibleDescription(help_text)
        self.check.clicked.connect(self._on_clicked)
        self.form = SliderForm(f"data.augment.{name}")
        self.form.changed.connect(self._on_setting)
        self.form.setContentsMargins(theme().px(24), 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space_small)
        column.addWidget(self.check)
        column.addWidget(self.form)

    def show_entry(self, entry: Chosen | None) -> None:
        """Show the augmentation as `entry` has it; None: it is off."""
        self.check.setChecked(entry is not None)
        if self._kind is not None and entry is not None:
            self.form.show(self._kind, entry.params)
        self.form.setVisible(entry is not None and self._kind is not None and not self.form.is_empty())

    def _on_clicked(self, on: bool) -> None:
        self.switched.emit(self.name, on)

    def _on_setting(self, name: str, value: Value, merge_key: str) -> None:
        self.setting_changed.emit(self.name, name, value, merge_key)


class AugmentationRows(QWidget):
    """All augmentations, a fold for each group; edits leave as whole new `DataSpec`s."""

    edited = Signal(str, object, str)  # text for undo, DataSpec, merge key

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data = DataSpec()
        self._rows: dict[str, AugmentationRow] = {}
        self._remembered: dict[str, dict[str, Value]] = {}
        self._beginning = Beginning()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme().tokens.space_small)
        self._folds = {group: self._make_fold(group) for group in GROUPS}
        for kind in AUGMENTATIONS:
            self._add_row(kind.name, kind, self._folds[kind.group].body)

    def _make_fold(self, group: str) -> Fold:
        fold = Fold(group_title(group), key=f"data.augment.{group}", opened=group == OPEN_AT_FIRST)
        fold.header.setObjectName(f"data.augment.{group}")
        fold.body.setContentsMargins(theme().tokens.space, 0, 0, theme().tokens.space_small)
        fold.body.setSpacing(theme().tokens.space_small)
        self._column.addWidget(fold)
        return fold

    def row(self, name: str) -> AugmentationRow:
        """The row of one augmentation. Raises: KeyError."""
        return self._rows[name]

    def fold(self, group: str) -> Fold:
        """The fold of one of `GROUPS`. Raises: KeyError."""
        return self._folds[group]

    def show_spec(self, data: DataSpec) -> None:
        """Show the augmentations of `data`."""
        self._data = data
        entries = {entry.kind: entry for entry in data.augment}
        for name in entries.keys() - self._rows.keys():
            self._add_row(name, None, self._column)
        for name, row in self._rows.items():
            row.show_entry(entries.get(name))
            if name in entries:
                self._remembered[name] = dict(entries[name].params)
            if name not in AUGMENTATIONS:
                row.setVisible(name in entries)
        self._count(entries.keys())

    def _count(self, switched_on: Collection[str]) -> None:
        """Say in each header how much of it is on: a closed fold must not hide that."""
        for group, fold in self._folds.items():
            count = sum(kind.group == group and kind.name in switched_on for kind in AUGMENTATIONS)
            title = group_title(group)
            fold.set_title(self.tr("{group} ({count} on)").format(group=title, count=count) if count else title)

    def _add_row(self, name: str, kind: type[Declared] | None, column: QVBoxLayout) -> None:
        row = AugmentationRow(name, kind)
        row.switched.connect(self._on_switched)
        row.setting_changed.connect(self._on_setting)
        self._rows[name] = row
        column.addWidget(row)

    def _on_switched(self, name: str, on: bool) -> None:
        params = self._remembered.get(name, {}) if on else None
        title = self._rows[name].check.text()
        text = self.tr("Augment: {name}") if on else self.tr("Do not augment: {name}")
        self.edited.emit(text.format(name=title), with_augmentation(self._data, name, params), "")

    def _on_setting(self, name: str, setting: str, value: Value, merge_key: str) -> None:
        default = self._rows[name].form.row(setting).setting.default
        params = self._beginning.with_value(self._remembered.get(name, {}), setting, value, default, merge_key)
        text = self.tr("Set {name}").format(name=self._rows[name].check.text())
        self.edited.emit(text, with_augmentation(self._data, name, params), merge_key)
