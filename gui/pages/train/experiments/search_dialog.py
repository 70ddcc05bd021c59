"""Which settings to search, and what to try of each."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.errors import EngineError
from engine.spec import ProjectSpec
from engine.train.experiments.plans import FEW_TRIALS, MOST_TRIALS, SearchPlan
from engine.train.experiments.settings import Setting, first_tries, parse_choice, settings_of
from gui.studio.experiment_words import halving_in_words
from gui.theme import icon, theme
from gui.widgets.fields import ComboBox, SpinBox
from gui.widgets.panel import dim_label, heading, text_label
from gui.widgets.segmented import Segmented

WIDTH = 620  # px at 100 % text size
MOST_ROWS = 6
FIRST = "learning_rate"


class ChoiceRow(QWidget):
    """One setting and what to try of it."""

    changed = Signal()
    removed = Signal()

    def __init__(
        self,
        project: ProjectSpec,
        settings: tuple[Setting, ...],
        chosen: str,
        place: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._project = project
        self._settings = {setting.name: setting for setting in settings}
        self.setting = ComboBox()
        self.setting.setObjectName(f"search.setting.{place}")
        self.setting.setAccessibleName(self.tr("Setting"))
        for setting in settings:
            self.setting.addItem(setting.label, setting.name)
        self.setting.setCurrentIndex(max(0, self.setting.findData(chosen)))
        self.setting.setMinimumContentsLength(18)
        self.setting.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.values = QLineEdit()
        self.values.setObjectName(f"search.values.{place}")
        self.values.setAccessibleName(self.tr("Values to try"))
        remove = QToolButton()
        remove.setIcon(icon("close"))
        remove.setObjectName(f"search.remove.{place}")
        remove.setAccessibleName(self.tr("Leave this setting out"))
        remove.clicked.connect(self.removed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.setting, 2)
        row.addWidget(self.values, 3)
        row.addWidget(remove)
        self.setting.currentIndexChanged.connect(self._on_setting)
        self.values.textChanged.connect(self.changed)
        self._suggest()

    def name(self) -> str:
        """Return the setting's name."""
        return self.setting.currentData()

    def _on_setting(self) -> None:
        self._suggest()
        self.changed.emit()

    def _suggest(self) -> None:
        """Begin with something that makes sense for the setting."""
        setting = self._settings[self.name()]
        param = setting.param
        self.values.setText(first_tries(self._project, setting))
        self.values.setToolTip(self.tr("{label} takes {values}.").format(label=param.label, values=param.accepts()))


class SearchDialog(QDialog):
    """Makes a plan of a search.

    Signals:
        wanted(SearchPlan): it was accepted; the dialog has closed.
    """

    wanted = Signal(object)

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = studio.document
        self._settings = settings_of(self._document.spec)
        self._rows: list[ChoiceRow] = []
        self._made = 0
        self.setObjectName("search")
        self.setWindowTitle(self.tr("Search settings"))
        self.setAccessibleName(self.windowTitle())
        studio.closing.connect(self.reject)
        studio.document.replaced.connect(self.reject)
        self._make_parts()
        self._lay_out()
        self.add_row(FIRST)
        self._rows[0].values.setFocus()
        self.setMinimumWidth(theme().px(WIDTH))

    def _make_parts(self) -> None:
        self.method = Segmented()
        self.method.setAccessibleName(self.tr("How to search"))
        for method, words, tip in (
            (
                "halving",
                self.tr("Halving"),
                self.tr("Train all a little; the best third goes on, again and again"),
            ),
            ("random", self.tr("Random"), self.tr("Train random combinations to their end")),
            ("grid", self.tr("Grid"), self.tr("Train every combination of the listed values")),
        ):
            self.method.add(method, words, tool_tip=tip).setObjectName(f"search.method.{method}")
        self.method.set_current("halving")
        self.method.chosen.connect(self._on_method)
        self.count = SpinBox()
        self.count.setObjectName("search.count")
        self.count.setAccessibleName(self.tr("Combinations to try"))
        self.count.setRange(2, MOST_TRIALS)
        self.count.setValue(FEW_TRIALS)
        self.count.valueChanged.connect(self._check)
        self.add_button = QPushButton(self.tr("Another setting"))
        self.add_button.setObjectName("search.add")
        self.add_button.setAccessibleName(self.add_button.text())
        self.add_button.setAutoDefault(False)
        self.add_button.clicked.connect(lambda: self.add_row())
        self.sentence = text_label(wrap=True)
        self.sentence.setObjectName("search.sentence")
        self.start = QPushButton(self.tr("Start"))
        self.start.setObjectName("search.start")
        self.start.setAccessibleName(self.tr("Start the search"))
        self.start.setProperty("primary", True)
        self.start.setDefault(True)
        keys = QKeySequence(Qt.Modifier.CTRL | Qt.Key.Key_Return)
        self.start.setToolTip(keys.toString(QKeySequence.SequenceFormat.NativeText))
        self.start.clicked.connect(self._on_start)

    def _lay_out(self) -> None:
        tokens = theme().tokens
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*[2 * tokens.space] * 4)
        outer.setSpacing(tokens.space)
        what = self.tr("Values: “0.001, 0.01” tries these; “0.0001 .. 0.1” draws from a range.")
        outer.addWidget(dim_label(what, wrap=True))
        self._choices = QVBoxLayout()
        self._choices.setSpacing(tokens.space)
        outer.addLayout(self._choices)
        add = QHBoxLayout()
        add.addWidget(self.add_button)
        add.addStretch(1)
        outer.addLayout(add)
        outer.addSpacing(tokens.space)
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.space_large)
        grid.addWidget(heading(self.tr("Method")), 0, 0)
        grid.addWidget(self.method, 0, 1)
        self._count_label = heading(self.tr("Combinations"))
        grid.addWidget(self._count_label, 1, 0)
        grid.addWidget(self.count, 1, 1)
        grid.setColumnStretch(2, 1)
        outer.addLayout(grid)
        outer.addWidget(self.sentence)
        outer.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setObjectName("search.cancel")
        cancel.setAccessibleName(cancel.text())
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.start)
        outer.addLayout(foot)

    # ---- what is searched

    def add_row(self, name: str = "") -> None:
        """Add a setting, by default one that is not searched yet."""
        taken = {row.name() for row in self._rows}
        name = name or next(setting.name for setting in self._settings if setting.name not in taken)
        row = ChoiceRow(self._document.spec, self._settings, name, self._made)
        self._made += 1
        row.changed.connect(self._check)
        row.removed.connect(self._on_removed)
        self._rows.append(row)
        self._choices.addWidget(row)
        self._check()

    def _on_removed(self) -> None:
        row = self.sender()
        self._rows.remove(row)
        self._choices.removeWidget(row)
        row.hide()
        row.deleteLater()
        self._check()

    def _on_method(self) -> None:
        is_grid = self.method.current() == "grid"
        self.count.setVisible(not is_grid)
        self._count_label.setVisible(not is_grid)
        self._check()

    def plan(self) -> SearchPlan:
        """Return what the user asks for. Raises: EngineError, when it makes no sense yet."""
        names = [row.name() for row in self._rows]
        if len(set(names)) < len(names):
            raise EngineError(self.tr("A setting is there twice."), fix=self.tr("Write all its values in one line."))
        spec = self._document.spec
        choices = tuple(parse_choice(spec, row.name(), row.values.text()) for row in self._rows)
        return SearchPlan(self.method.current(), choices, self.count.value())

    def _check(self) -> None:
        """Say what the search will do, or why it cannot begin."""
        self.add_button.setEnabled(len(self._rows) < min(MOST_ROWS, len(self._settings)))
        try:
            plan = self.plan()
            trials, rungs = plan.trials(self._document.spec), plan.rungs(self._document.spec)
        except EngineError as error:
            self._say(str(error))
            self.start.setEnabled(False)
            return
        self.start.setEnabled(True)
        self._say(self._in_words(len(trials), rungs))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return in a field confirms what it holds; a search of hours begins with the button, or with Ctrl."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.start.click()

    def _say(self, words: str) -> None:
        """Say it, in a window that is high enough: Qt does not count the lines of wrapped text."""
        self.sentence.setText(words)
        self.layout().activate()
        needed = self.layout().totalHeightForWidth(self.width())
        if needed > self.height():
            self.resize(self.width(), needed)

    def _in_words(self, trials: int, rungs: tuple[int, ...]) -> str:
        epochs = self._document.recipe.epochs
        if len(rungs) < 2:
            words = self.tr("{count} trainings of {epochs} epochs.")
            if self.method.current() == "halving":
                words = self.tr(
                    "{count} trainings of {epochs} epochs: with so few, none is given up early, and halving does what "
                    "random does."
                )
            return words.format(count=trials, epochs=epochs)
        return halving_in_words(trials, rungs, SearchPlan.factor)

    def _on_start(self) -> None:
        plan = self.plan()
        self.accept()
        self.wanted.emit(plan)
