"""A form made from a declaration: one row for each of its settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.params import Declared, Param, Value, params_of
from gui.forms.row import Row
from gui.theme import theme
from gui.widgets.fold import Fold


class DeclaredForm(QWidget):
    """Settings with their labels at the left and editors at the right; rarely needed ones are folded away.

    Signals:
        changed(name, value, merge_key): the user set a setting to an acceptable value. Hand `merge_key` to the undo
            stack, with the name of the edited thing in front: typing in one field is then one step.
    """

    changed = Signal(str, object, str)

    def __init__(self, key: str = "", parent: QWidget | None = None):
        """Make an empty form.

        Args:
            key: names the form ("recipe"); the editors' object names begin with it ("recipe.epochs"), and the fold
                remembers its state under it.
        """
        super().__init__(parent)
        self._key = key
        self._shown: tuple[type[Declared] | None, tuple[str, ...]] = (None, ())
        self._rows: dict[str, Row] = {}
        self._fold: Fold | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme().tokens.space)

    def show(
        self,
        declared: type[Declared] | Declared | None = None,
        values: Mapping[str, Value] | None = None,
        hide: Collection[str] = (),
    ) -> None:
        """Show the settings of `declared`; without arguments, the widget itself, as in every QWidget.

        Args:
            declared: the class, or an instance whose values are shown where `values` has none.
            values: by name; a missing one shows its default.
            hide: names that get no row.

        A field keeps what is being typed as long as the value it stands for does not change.
        """
        if declared is None:
            super().show()
            return
        kind = declared if isinstance(declared, type) else type(declared)
        known = {} if isinstance(declared, type) else declared.values()
        known.update(values or {})
        hidden = tuple(sorted(hide))
        is_new = self._shown != (kind, hidden)
        if is_new:
            self._shown = (kind, hidden)
            self._rebuild([setting for setting in params_of(kind) if setting.name not in hide])
        for name, row in self._rows.items():
            value = known.get(name, row.setting.default)
            if is_new:
                row.force_value(value)
            else:
                row.show_value(value)

    def start_afresh(self) -> None:
        """Forget what is shown: the next `show` is about another thing of the same kind, so text that was refused
        for the one before must go."""
        for row in self._rows.values():
            row.force_value(row.value)

    def is_empty(self) -> bool:
        """Whether there is nothing to set."""
        return not self._rows

    def names(self) -> tuple[str, ...]:
        """The settings that have a row."""
        return tuple(self._rows)

    def row(self, name: str) -> Row:
        """The row of one setting. Raises: KeyError."""
        return self._rows[name]

    def editor(self, name: str) -> QWidget:
        """The widget that edits one setting. Raises: KeyError."""
        return self._rows[name].editor.widget

    def add_below(self, name: str, widget: QWidget) -> None:
        """Put a widget of the page (a button, a hint) under the row of `name`. Raises: KeyError."""
        self._rows[name].layout().addWidget(widget)

    def fold(self) -> Fold | None:
        """The section of rarely needed settings, where there is one."""
        return self._fold

    def _rebuild(self, settings: list[Param]) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._rows, self._fold = {}, None
        for setting in settings:
            row = self.make_row(setting)
            row.changed.connect(self.changed)
            self._rows[setting.name] = row
            self._place(row)

    def make_row(self, setting: Param) -> Row:
        """The row of one setting, for forms with editors of their own."""
        return Row(setting, self._key)

    def _place(self, row: Row) -> None:
        if not row.setting.more:
            self._column.insertWidget(len(self._rows) - 1 - self._folded(), row)
            return
        if self._fold is None:
            self._fold = Fold(self.tr("More"), key=f"forms.{self._key}" if self._key else "")
            self._column.addWidget(self._fold)
        self._fold.body.addWidget(row)

    def _folded(self) -> int:
        return self._fold.body.count() if self._fold is not None else 0
