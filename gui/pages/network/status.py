"""The line below the canvas: can it be trained, and what does it cost."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from engine.compile import NetworkReport
from engine.layers import grouped
from gui.pages.network.edits import unjudged
from gui.pages.network.words import batch_in_words, bytes_in_words, counted, field_in_words
from gui.theme import icon, theme
from gui.widgets.panel import text_label


class NetworkStatus(QFrame):
    """State, layers, parameters, multiply-adds, memory; what does not fit is left out from the right.

    Signals:
        problem_clicked(node_id): the user wants to see the first problem; empty where it is of the whole network.
    """

    problem_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("bar", "bottom")
        self.setObjectName("network.status")
        self._where = ""
        self.state = QPushButton()
        self.state.setProperty("quiet", True)
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.state.clicked.connect(lambda: self.problem_clicked.emit(self._where))
        self._full_state = ""
        labels = (text_label(dim=True) for _ in range(6))
        self.layers, self.parameters, self.cost, self.memory, self.field, self.batch = labels
        self.parameters.setTextFormat(Qt.TextFormat.RichText)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme().tokens.space, 0, theme().tokens.space_large, 0)
        row.setSpacing(theme().px(18))
        row.addWidget(self.state, 1)
        for label in self._labels():
            row.addWidget(label)
        theme().changed.connect(self._wear)
        self._wear()

    def show_report(self, report: NetworkReport, batch_size: int, hints: int = 0, device_memory: int = 0) -> None:
        """Show the figures of a network.

        Args:
            hints: how many pieces of advice there are.
            device_memory: bytes that training can use; 0 while that is not known.
        """
        problem = report.problems[0] if report.problems else None
        self._where = problem.node_id if problem else ""
        ready = self.tr("No problem inside") if report.inputs else self.tr("Ready to train")
        if hints:
            ready += self.tr(" · 1 hint") if hints == 1 else self.tr(" · {count} hints").format(count=hints)
        self._full_state = problem.what if problem else ready
        # "Ready" leads nowhere, but disabled it would be grey.
        self.state.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, problem is None)
        self.state.setFocusPolicy(Qt.FocusPolicy.StrongFocus if problem else Qt.FocusPolicy.NoFocus)
        advice = " ".join(filter(None, (problem.why, problem.fix))) if problem else ""
        self.state.setToolTip(f"{problem.what}\n{advice}" if problem else "")
        self.state.setIcon(
            icon("warning", color="bad", active="bad") if problem else icon("check", color="good", active="good")
        )
        self._color_state("bad" if problem else "good")
        self.state.setAccessibleName(f"{'!' if problem else '✓'} {self._full_state}")
        count = len(report.nodes)
        self.layers.setText(self.tr("1 layer") if count == 1 else self.tr("{count} layers").format(count=count))
        figure = f"<b style='color: {theme().tokens.text}'>{grouped(report.parameters)}</b>"
        is_part = unjudged(report) > 0  # behind a problem nothing is counted: the sums are not those of the network
        words = self.tr("{count} parameters so far") if is_part else self.tr("{count} parameters")
        self.parameters.setText(words.format(count=figure))
        cost = self.tr("{count} multiply-adds / image").format(count=counted(report.multiply_adds))
        memory = self.tr("≈ {memory} at batch {size}").format(
            memory=bytes_in_words(report.memory(batch_size)), size=batch_size
        )
        self.cost.setText("" if is_part else cost)
        self.memory.setText("" if is_part else memory)
        self.field.setText("" if is_part else field_in_words(report))
        self.field.setToolTip(self.tr("The receptive field: how many pixels one output of the last window sees."))
        device_memory = 0 if report.inputs else device_memory  # a block alone is not what is trained
        largest = report.largest_batch(device_memory)
        self.batch.setText("" if is_part or not device_memory else batch_in_words(largest))
        self.batch.setToolTip(self.tr("About the largest batch that fits into the memory training can use here."))
        self._fit()

    def _color_state(self, token: str) -> None:
        color = theme().color(token).name()
        rule = f"QPushButton {{ color: {color}; text-align: left; }}"
        if self.state.styleSheet() != rule:
            self.state.setStyleSheet(rule)

    def _labels(self) -> tuple[QWidget, ...]:
        return self.layers, self.parameters, self.cost, self.memory, self.field, self.batch

    def text(self) -> str:
        """All that the line says, also what does not fit."""
        words = " · ".join(label.text() for label in self._labels() if label.text())
        return f"{self.state.accessibleName()} · {words}"

    def _wear(self) -> None:
        self.setFixedHeight(theme().px(34))
        self.state.setIconSize(QSize(theme().px(15), theme().px(15)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Keep at least 40 % for the state; drop figures that then have no room (the inspector has them all)."""
        spacing = self.layout().spacing()
        needed = self.state.fontMetrics().horizontalAdvance(self._full_state) + theme().px(50)
        room = self.width() - min(needed, int(self.width() * 0.45)) - 2 * spacing
        for label in (self.parameters, self.layers, self.memory, self.cost, self.field, self.batch):
            room -= label.sizeHint().width() + spacing
            label.setVisible(room >= 0 and bool(label.text()))
        shown = sum(label.sizeHint().width() + spacing for label in self._labels() if not label.isHidden())
        text_room = self.width() - shown - theme().px(60)
        self.state.setText(
            self.state.fontMetrics().elidedText(self._full_state, Qt.TextElideMode.ElideRight, max(40, text_room))
        )
