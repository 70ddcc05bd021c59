"""What is wrong with a layer or the network: what, why, what to do, and the buttons that do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.compile.advice import Advice
from engine.compile.infer import Problem
from gui.theme import theme
from gui.widgets.empty import IconView
from gui.widgets.panel import text_label

Action = tuple[str, Callable[[], object]]


class _WideButton(QPushButton):
    """As wide as the box, its words in two lines where one is too short; they never make the panel wider."""

    def __init__(self, text: str):
        super().__init__()
        self._words = text
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        lines = self._lines(self.width() - theme().px(40))
        self.setText("\n".join(lines).replace("&", "&&"))
        self.setToolTip("" if " ".join(lines) == self._words else self._words)

    def _lines(self, room: int) -> list[str]:
        """The words in at most two lines, the second shortened where even that is too little."""
        metrics, words = self.fontMetrics(), self._words.split(" ")
        if metrics.horizontalAdvance(self._words) <= room:
            return [self._words]
        fitting = (n for n in range(len(words) - 1, 0, -1) if metrics.horizontalAdvance(" ".join(words[:n])) <= room)
        first = next(fitting, 1)
        rest = [" ".join(words[:first]), " ".join(words[first:])]
        return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, room) for line in rest if line]


class ProblemBox(QFrame):
    """Hidden while there is no problem.

    Args:
        is_advice: in a quieter look, for what is no error.
    """

    def __init__(self, parent: QWidget | None = None, *, is_advice: bool = False):
        super().__init__(parent)
        self.setObjectName("network.advice" if is_advice else "network.problem")
        self.setProperty("notice", "info" if is_advice else "error")
        self.what = text_label(wrap=True, strong=True)
        self.why = text_label(wrap=True, dim=True)
        self.fix = text_label(wrap=True)
        tokens = theme().tokens
        head = QHBoxLayout()
        head.setSpacing(tokens.space)
        head.addWidget(IconView("info", 18, color="train") if is_advice else IconView("warning", 18, color="bad"))
        head.addWidget(self.what, 1)
        self._buttons = QVBoxLayout()
        self._buttons.setSpacing(tokens.space_small + 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[tokens.space_large] * 4)
        column.setSpacing(tokens.space_small + 2)
        column.addLayout(head)
        column.addWidget(self.why)
        column.addWidget(self.fix)
        column.addLayout(self._buttons)
        self._actions: dict[QPushButton, Callable[[], object]] = {}
        self.hide()

    def show_problem(self, problem: Problem | Advice | None, actions: Sequence[Action] = ()) -> None:
        """Show `problem` with buttons (text, what to do); None hides the box."""
        self.setVisible(problem is not None)
        if problem is None:
            return
        for label, text in ((self.what, problem.what), (self.why, problem.why), (self.fix, problem.fix)):
            label.setText(text)
            label.setVisible(bool(text))
        self.setAccessibleName(" ".join(filter(None, (problem.what, problem.why, problem.fix))))
        self._show_buttons(actions)

    def buttons(self) -> list[QPushButton]:
        """The buttons from the top."""
        return list(self._actions)

    def _show_buttons(self, actions: Sequence[Action]) -> None:
        for button in self._actions:
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._actions = {}
        for text, action in actions:
            button = _WideButton(text)
            button.clicked.connect(self._on_clicked)
            self._buttons.addWidget(button)
            self._actions[button] = action

    def _on_clicked(self) -> None:
        self._actions[self.sender()]()  # type: ignore[index]
