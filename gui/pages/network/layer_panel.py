"""Everything about the selected layer."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from engine.compile import NodeReport
from engine.compile.infer import Problem
from engine.params import Declared, Param, Value, params_of
from engine.spec import DataSpec
from gui.forms import DeclaredForm
from gui.forms.row import Row
from gui.pages.network.advice_list import AdviceList
from gui.pages.network.problem_box import Action, ProblemBox
from gui.pages.network.sights import Sights
from gui.theme import icon, mono_font, theme
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import dim_label, heading, separator, text_label

DATA_SETTINGS = ("size", "colour")


class LayerPanel(QWidget):
    """Settings, name, parameters, explanation, problem.

    Signals:
        setting_changed(name, value, merge_key): of the layer.
        data_changed(name, value, merge_key): size or colour of the pictures, shown at the input.
        label_changed(text, merge_key).
        duplicate_wanted(), remove_wanted().
        open_wanted(), unfold_wanted(), keep_wanted(): of a block: show its inside, put its layers in its place, put it
            on the user's own palette.
        shared_changed(setting, on): let a setting of a layer inside a block be one of the block.
    """

    setting_changed = Signal(str, object, str)
    data_changed = Signal(str, object, str)
    label_changed = Signal(str, str)
    duplicate_wanted = Signal()
    remove_wanted = Signal()
    open_wanted = Signal()
    unfold_wanted = Signal()
    keep_wanted = Signal()
    shared_changed = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._node_id = ""
        self._link = ""
        self._followed: frozenset[str] = frozenset()
        self.title = ElidedLabel()
        self.title.setProperty("heading", True)
        self.place = dim_label()
        self.problem = ProblemBox()
        self.advice = AdviceList()
        self.form = DeclaredForm("layer")
        self.data_form = DeclaredForm("input")
        self.data_note = dim_label(
            self.tr("Size and colour are those of the data: every image is brought to them."), wrap=True, small=True
        )
        self.name_row = Row(Param("name", "text", "", self.tr("Name"), self.tr("What you call this layer.")), "layer")
        self.formula = text_label(wrap=True)
        self.help = text_label(wrap=True)
        self.help.setProperty("dim", True)
        self.duplicate = self._button(self.tr("Duplicate"), "duplicate", "network.duplicate", "Ctrl+D")
        self.remove = self._button(self.tr("Delete"), "trash", "network.delete", self.tr("Delete"))
        self.open = self._button(self.tr("Open"), "open", "network.open_block", self.tr("Enter"))
        self.unfold = self._button(self.tr("Unfold"), "network", "network.unfold", "Ctrl+Shift+G")
        self.keep = self._button(
            self.tr("Keep in my palette"), "plus", "network.keep_block", self.tr("for all your projects")
        )
        self.more = QLabel()
        self.more.setOpenExternalLinks(True)
        self.shared = QToolButton()
        self.shared.setText(self.tr("Settings of the block"))
        self.shared.setToolTip(self.tr("Which of these settings the block is to have as its own"))
        self.shared.setObjectName("network.shared")
        self.shared.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._shared_menu = QMenu(self.shared)
        self.shared.setMenu(self._shared_menu)
        self._lay_out()
        self.open.clicked.connect(self.open_wanted)
        self.unfold.clicked.connect(self.unfold_wanted)
        self.keep.clicked.connect(self.keep_wanted)
        self.form.changed.connect(self.setting_changed)
        self.data_form.changed.connect(self.data_changed)
        self.name_row.changed.connect(lambda _, text, key: self.label_changed.emit(text, key))
        self.duplicate.clicked.connect(self.duplicate_wanted)
        self.remove.clicked.connect(self.remove_wanted)
        theme().changed.connect(self._wear)
        self._wear()

    @staticmethod
    def _button(text: str, icon_name: str, object_name: str, keys: str) -> QPushButton:
        button = QPushButton(text)
        button.setIcon(icon(icon_name))
        button.setObjectName(object_name)
        button.setToolTip(f"{text} ({keys})")
        return button

    def _lay_out(self) -> None:
        tokens = theme().tokens
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.place)
        buttons = QHBoxLayout()
        buttons.setSpacing(tokens.space)
        buttons.addWidget(self.duplicate, 1)
        buttons.addWidget(self.remove, 1)
        self.formula_part = self._part(self.tr("Parameters"), self.formula)
        self.help_part = self._part(self.tr("What it does"), self.help)
        self.sights = Sights()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.space_large)
        column.addLayout(head)
        column.addWidget(self.problem)
        column.addWidget(self.advice)
        fields = QVBoxLayout()
        fields.setSpacing(tokens.space)
        for widget in (self.form, self.shared, self.data_form, self.data_note, self.name_row):
            fields.addWidget(widget)
        column.addLayout(fields)
        self.block_part = QWidget()
        block = QGridLayout(self.block_part)
        block.setContentsMargins(0, 0, 0, 0)
        block.setSpacing(tokens.space)
        block.addWidget(self.open, 0, 0)
        block.addWidget(self.unfold, 0, 1)
        block.addWidget(self.keep, 1, 0, 1, 2)
        column.addWidget(self.block_part)
        column.addWidget(self.formula_part)
        column.addWidget(self.help_part)
        column.addWidget(self.more)
        column.addWidget(self.sights)
        column.addWidget(separator())
        column.addLayout(buttons)
        column.addStretch(1)

    @staticmethod
    def _part(title: str, content: QWidget) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addWidget(separator())
        column.addWidget(heading(title))
        column.addWidget(content)
        return part

    def _show_link(self) -> None:
        words = self.tr("Read the paper") if "arxiv" in self._link else self.tr("Read more")
        colour = theme().tokens.text  # in the text itself, where a style sheet does not reach
        self.more.setText(f'<a href="{self._link}" style="color: {colour}">{words}</a>' if self._link else "")
        self.more.setToolTip(self._link)
        self.more.setVisible(bool(self._link))

    def _wear(self) -> None:
        self._show_link()
        self.formula.setFont(mono_font(12))

    def show_layer(
        self,
        report: NodeReport,
        place: int,
        data: DataSpec,
        problem: Problem | None,
        actions: list[Action],
        shared: frozenset[str] | None = None,
    ) -> None:
        """Show one layer; the same layer again only updates what changed.

        Args:
            place: 1 for the first layer.
            actions: buttons for `problem`.
            shared: inside of a block, the settings that follow those of the block; None elsewhere.
        """
        node = report.node
        kind = report.kind
        is_another = node.id != self._node_id
        self._node_id = node.id
        self.title.setText(kind.title if kind else node.kind)
        self.place.setText(self.tr("layer {number}").format(number=place))
        self.problem.show_problem(problem, actions)
        if is_another:
            self.form.start_afresh()
        self._show_shared(kind, shared)
        self._show_settings(kind, dict(node.params), is_input=node.kind == "image", data=data)
        self._show_name(node.label, node.id, is_another)
        self.duplicate.setVisible(kind is None or kind.family not in ("input", "output"))
        formula = report.layer.formula(*report.inputs) if report.layer and report.shape else ""
        self.formula.setText(formula)
        self.formula_part.setVisible(bool(formula))
        is_block = kind is not None and kind.family == "block"
        is_own = is_block and getattr(kind, "own", False)
        self.open.setText(self.tr("Open") if is_own else self.tr("Edit a copy"))
        self.open.setToolTip(
            self.tr("Show its inside, to edit it (Enter)")
            if is_own
            else self.tr("Make it a block of this project, and open it to edit its layers")
        )
        self.block_part.setVisible(is_block)
        self._link = kind.more_about if kind is not None else ""
        self._show_link()
        self.help.setText(kind.help() if kind else self.tr("This layer is unknown to this version of Atelier."))

    def _show_shared(self, kind: type[Declared] | None, shared: frozenset[str] | None) -> None:
        self._followed = shared or frozenset()
        settings = params_of(kind) if kind is not None and shared is not None else ()
        self.shared.setVisible(bool(settings))
        self._shared_menu.clear()
        for setting in settings:
            action = self._shared_menu.addAction(setting.label)
            action.setCheckable(True)
            action.setChecked(setting.name in self._followed)
            action.triggered.connect(lambda on, name=setting.name: self.shared_changed.emit(name, on))

    def _show_settings(
        self, kind: type[Declared] | None, params: dict[str, Value], *, is_input: bool, data: DataSpec
    ) -> None:
        self.data_form.setVisible(is_input)
        self.data_note.setVisible(is_input)
        if is_input:
            hidden = [name for name in data.values() if name not in DATA_SETTINGS]
            self.data_form.show(DataSpec, data.values(), hide=hidden)
        self.form.setVisible(kind is not None)
        if kind is not None:
            self.form.show(kind, params, hide=sorted(self._followed))
            self.form.setVisible(not self.form.is_empty())

    def _show_name(self, label: str, node_id: str, is_another: bool) -> None:
        line = self.name_row.editor.widget
        line.setPlaceholderText(node_id)
        if is_another:
            self.name_row.force_value(label)
        elif label != str(self.name_row.value).strip():  # a blank at the end that is being typed is not lost
            self.name_row.show_value(label)
