"""Pieces of advice, one box each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.compile.advice import Advice
from gui.pages.network.problem_box import Action, ProblemBox
from gui.theme import theme


class AdviceList(QWidget):
    """Hidden while there is none."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme().tokens.space)
        self._boxes: list[ProblemBox] = []
        self._shown: Sequence[Advice] = ()
        self.hide()

    def show_advice(self, entries: Sequence[tuple[Advice, Sequence[Action]]]) -> None:
        """Show these, each with its buttons."""
        while len(self._boxes) < len(entries):
            box = ProblemBox(is_advice=True)
            self._column.addWidget(box)
            self._boxes.append(box)
        self._shown = [advice for advice, _ in entries]
        for place, box in enumerate(self._boxes):
            advice, actions = entries[place] if place < len(entries) else (None, ())
            box.show_problem(advice, actions)
        self.setVisible(bool(entries))

    def shown(self) -> list[Advice]:
        """What is shown, from the top."""
        return list(self._shown)

    def boxes(self) -> list[ProblemBox]:
        """The boxes that are shown, from the top."""
        return self._boxes[: len(self._shown)]
