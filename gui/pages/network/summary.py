"""The whole network in figures, shown while no layer is selected."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from engine.compile import NetworkReport
from engine.compile.infer import Problem
from engine.layers import grouped
from gui.pages.network.advice_list import AdviceList
from gui.pages.network.edits import unjudged
from gui.pages.network.problem_box import Action, ProblemBox
from gui.pages.network.words import bytes_in_words, counted, field_in_words
from gui.theme import theme
from gui.widgets.panel import dim_label, heading, separator, text_label


class NetworkSummary(QWidget):
    """Layers, parameters, cost, memory; the first problem; a hint what to do."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.title = heading("")
        self.problem = ProblemBox()
        self.advice = AdviceList()
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(theme().tokens.space)
        self._grid.setColumnStretch(1, 1)  # a figure wraps where it must, and is never cut into another one
        self._figures: dict[str, QLabel] = {}
        for name, words, tip in self._lines():
            self._add_line(name, words, tip)
        self.hint = dim_label(
            self.tr(
                "Select a layer to see and change its settings. Drag layers to reorder them; press / to add one by "
                "name, Delete to remove the selected one."
            ),
            wrap=True,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space_large)
        column.addWidget(self.title)
        column.addWidget(self.problem)
        column.addWidget(self.advice)
        column.addLayout(self._grid)
        column.addWidget(separator())
        column.addWidget(self.hint)
        column.addStretch(1)

    def _lines(self) -> tuple[tuple[str, str, str], ...]:
        return (
            ("layers", self.tr("Layers"), ""),
            ("input", self.tr("Input"), self.tr("Channels × height × width of one picture.")),
            ("classes", self.tr("Classes"), self.tr("How many classes the data have.")),
            ("parameters", self.tr("Parameters"), self.tr("Numbers that training adjusts.")),
            ("cost", self.tr("Multiply-adds"), self.tr("Multiplications with addition for one picture.")),
            (
                "memory",
                self.tr("Memory"),
                self.tr(
                    "About what training takes: the outputs of all layers for one batch, and every parameter with "
                    "its gradient and what the optimizer remembers of it."
                ),
            ),
            (
                "field",
                self.tr("Receptive field"),
                self.tr("How many pixels of the image one output of the last window sees."),
            ),
            (
                "batch",
                self.tr("Largest batch"),
                self.tr("About how many images fit at once into the memory that training can use on this machine."),
            ),
        )

    def _add_line(self, name: str, words: str, tip: str) -> None:
        label, figure = dim_label(words), text_label(wrap=True)
        figure.setAlignment(Qt.AlignmentFlag.AlignRight)
        label.setToolTip(tip)
        figure.setToolTip(tip)
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(figure, row, 1)
        self._figures[name] = figure

    def show_report(
        self,
        title: str,
        report: NetworkReport,
        batch_size: int,
        problem: Problem | None,
        actions: list[Action],
        device_memory: int = 0,
    ) -> None:
        """Show the figures, and `problem` with buttons for it."""
        self.title.setText(title or self.tr("Network"))
        self.problem.show_problem(problem, actions)
        largest = (
            report.largest_batch(device_memory) if device_memory and not report.inputs and not unjudged(report) else 0
        )
        shown = {
            "layers": str(len(report.nodes)),
            "input": "; ".join(" × ".join(map(str, shape)) for shape in report.inputs or (report.facts.shape,)),
            "classes": "–" if report.inputs else str(report.facts.classes or self.tr("not known yet")),
            **self._totals(report, batch_size),
            "field": field_in_words(report, short=True) or "–",
            "batch": "≈ " + counted(largest) if largest else "–",
        }
        for name, text in shown.items():
            self._figures[name].setText(text)

    def _totals(self, report: NetworkReport, batch_size: int) -> dict[str, str]:
        parameters = grouped(report.parameters)
        if unjudged(report):  # behind a problem nothing is counted: the sums are not those of the network
            unknown = self.tr("not known yet")
            parameters = self.tr("{count} so far").format(count=parameters) if report.parameters else unknown
            return {"parameters": parameters, "cost": unknown, "memory": unknown}
        memory = bytes_in_words(report.memory(batch_size))
        return {
            "parameters": parameters,
            "cost": self.tr("{count} / image").format(count=counted(report.multiply_adds)),
            "memory": self.tr("≈ {memory} at batch {size}").format(memory=memory, size=batch_size),
        }

    def figure(self, name: str) -> str:
        """The text of one line, by name: "layers", "parameters", ..."""
        return self._figures[name].text()
