"""One picture large, beside what the network receives of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QLocale, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.data.pictures import PictureFacts, picture_facts
from engine.errors import EngineError
from engine.params import both
from engine.spec.data import DataSpec
from gui.pages.shared.background import LatestAnswer
from gui.pages.shared.preview import Example, example
from gui.pages.shared.splits import split_word
from gui.pages.shared.strips import paint_picture
from gui.pictures import PictureModel
from gui.theme import restyle, theme
from gui.widgets.bars import ProbabilityBar
from gui.widgets.bars import number as in_figures
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import dim_label, heading, text_label

LARGE_SIDE = 1200  # px
MOST_BARS = 4


@dataclass(frozen=True, eq=False)
class Told:
    """What a network says of one picture.

    Attributes:
        when: in words, for example "epoch 5".
        classes: names, in the order of the network's outputs.
        probabilities: (classes,), 0..1.
    """

    when: str
    classes: Sequence[str]
    probabilities: np.ndarray


def colours_in_words(mode: str) -> str:
    """Return what the colours of a file are; `mode` is Pillow's name for them."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("PictureViewer", text)

    words = {
        "1": tr("black and white"),
        "L": tr("grey"),
        "LA": tr("grey, transparent"),
        "P": tr("palette"),
        "PA": tr("palette, transparent"),
        "RGB": tr("colour"),
        "RGBA": tr("colour, transparent"),
        "CMYK": tr("print colours"),
        "YCbCr": tr("colour"),
        "F": tr("grey, fractions"),
        "I": tr("grey, 32 bits"),
    }
    return tr("grey, 16 bits") if mode.startswith("I;16") else words.get(mode, mode)


class AnswerBox(QWidget):
    """What the network says of the picture: right or wrong, and how probable the likeliest classes are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = heading("")
        self.verdict = text_label(wrap=True, strong=True)
        self.bars = [ProbabilityBar() for _ in range(MOST_BARS)]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space_small)
        for widget in (self.title, self.verdict, *self.bars):
            column.addWidget(widget)

    def show_told(self, told: Told | None, truth: str) -> None:
        """Show an answer to a picture of class `truth` (empty: not known); None hides the box."""
        self.setVisible(told is not None)
        if told is None:
            return
        order = np.argsort(-told.probabilities, kind="stable")
        answer = told.classes[order[0]]
        right = answer == truth
        self.title.setText(self.tr("Answer at {when}").format(when=told.when))
        sentence = self.tr("✓ {answer}, which is right") if right else self.tr("✗ {answer}, but it is {truth}")
        self.verdict.setText(sentence.format(answer=answer, truth=truth) if truth else answer)
        restyle(self.verdict, tone=("good" if right else "bad") if truth else "")
        self._show_bars(told, self._chosen(told, order, truth), answer, truth)

    @staticmethod
    def _chosen(told: Told, order: np.ndarray, truth: str) -> list[int]:
        """Return the likeliest classes; the right one is always among them."""
        chosen = order[:MOST_BARS].tolist()
        place = list(told.classes).index(truth) if truth in told.classes else -1
        return chosen if place < 0 or place in chosen else [*chosen[:-1], place]

    def _show_bars(self, told: Told, chosen: list[int], answer: str, truth: str) -> None:
        for bar in self.bars[len(chosen) :]:
            bar.hide()
        shown = self.bars[: len(chosen)]
        for bar, place in zip(shown, chosen, strict=True):
            name = told.classes[place]
            token = "good" if name == truth else "bad" if name == answer and truth else "accent"
            bar.set_value(name, float(told.probabilities[place]), token=token)
            bar.show()
        width = max((bar.label_width_hint() for bar in shown), default=0)
        for bar in shown:
            bar.set_label_width(width)


@dataclass(frozen=True)
class Shown:
    """What is known of one picture once it was read."""

    facts: PictureFacts
    example: Example
    bytes: int


def read(path: Path, data: DataSpec) -> Shown:
    """Read a picture and its facts. Raises: PictureError."""
    shown = example(path, data, LARGE_SIDE)
    return Shown(picture_facts(path), shown, path.stat().st_size)


class Large(QWidget):
    """One picture as large as there is room."""

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side, self._image = side, QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_image(self, image: QImage) -> None:
        """Show `image`; a null one clears the place."""
        self._image = image
        self.update()

    def image(self) -> QImage:
        """What is shown."""
        return self._image

    def sizeHint(self) -> QSize:
        return QSize(theme().px(self._side), theme().px(self._side))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(100), theme().px(100))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_picture(painter, QRectF(self.rect()), self._image)


class PictureViewer(QDialog):
    """Walks through the pictures of a model with the arrow keys."""

    walked = Signal(int)  # the picture number that is shown now

    def __init__(
        self,
        model: PictureModel,
        data: DataSpec,
        number: int,
        parent: QWidget | None = None,
        *,
        told: Callable[[int], Told | None] | None = None,
    ) -> None:
        """Show picture `number` of `model`.

        Args:
            data: says what the network receives.
            told: what the network says of a picture number; without it, no answers are shown.
        """
        super().__init__(parent)
        self._model, self._data, self._told = model, data, told
        self._row = -1
        self.setObjectName("data.viewer")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme().px(860), theme().px(560))
        self.original, self.received = Large(480), Large(260)
        self.name = ElidedLabel(middle=True)
        self.name.setProperty("strong", True)
        self.answer = AnswerBox()
        self.facts = dim_label(wrap=True)
        self.problem = text_label(wrap=True, tone="bad")
        self.place = dim_label()
        self._reader = LatestAnswer(self)
        self._reader.answered.connect(self._show_read)
        self._reader.failed.connect(self._show_problem)
        self._lay_out()
        self.show_row(model.row_of(number))

    def _lay_out(self) -> None:
        tokens = theme().tokens
        sides = QHBoxLayout()
        sides.setSpacing(tokens.space_large)
        for title, widget, share in (
            (self.tr("Original"), self.original, 2),
            (self.tr("What the network receives"), self.received, 1),
        ):
            column = QVBoxLayout()
            column.addWidget(heading(title))
            column.addWidget(widget, 1)
            sides.addLayout(column, share)
        column.addWidget(self.answer)
        foot = QHBoxLayout()
        foot.setSpacing(tokens.space)
        foot.addWidget(self.place)
        foot.addStretch(1)
        self.back = self._add_button(foot, self.tr("Previous"), -1)
        self.forth = self._add_button(foot, self.tr("Next"), 1)
        close = QPushButton(self.tr("Close"))
        close.setAutoDefault(False)
        close.clicked.connect(self.close)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[tokens.space_large] * 4)
        column.setSpacing(tokens.space)
        column.addLayout(sides, 1)
        for widget in (self.name, self.facts, self.problem):
            column.addWidget(widget)
        column.addLayout(foot)

    def _add_button(self, row: QHBoxLayout, text: str, step: int) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setProperty("step", step)
        button.clicked.connect(self._on_step)
        row.addWidget(button)
        return button

    def row(self) -> int:
        """The row that is shown."""
        return self._row

    def show_row(self, row: int) -> None:
        """Show a row of the model; others are out of range and do nothing."""
        if not 0 <= row < self._model.rowCount():
            return
        self._row = row
        source = self._model.source(row)
        data = self._data
        self.original.set_image(QImage())
        self.received.set_image(QImage())
        self.problem.hide()
        self.name.setText(str(source))
        self.facts.setText(self._said(None))
        number = self._model.number(row)
        self.answer.show_told(self._told(number) if self._told is not None else None, self._model.label(row))
        self.setWindowTitle(source.name)
        count = in_figures(self._model.rowCount())
        self.place.setText(self.tr("{row} of {count}").format(row=in_figures(row + 1), count=count))
        self.back.setEnabled(row > 0)
        self.forth.setEnabled(row < self._model.rowCount() - 1)
        self._reader.ask(lambda: read(source, data))
        self.walked.emit(number)

    def _said(self, shown: Shown | None) -> str:
        parts = [self._model.label(self._row), split_word(self._model.split(self._row))]
        if shown is not None:
            facts = shown.facts
            size = QLocale().formattedDataSize(shown.bytes, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)
            parts += [f"{facts.width} × {facts.height}", facts.format, colours_in_words(facts.mode), size]
            if facts.frames > 1:
                parts.append(self.tr("first of {count} pictures in the file").format(count=facts.frames))
        height, width = both(self._data.size)
        colour = self.tr("colour") if self._data.colour == "rgb" else self.tr("grey")
        parts.append(
            self.tr("received as {width} × {height}, {colour}").format(width=width, height=height, colour=colour)
        )
        return " · ".join(part for part in parts if part)

    def _show_read(self, shown: Shown) -> None:
        self.original.set_image(shown.example.before)
        self.received.set_image(shown.example.after)
        self.facts.setText(self._said(shown))

    def _show_problem(self, error: Exception) -> None:
        if not isinstance(error, (EngineError, OSError)):
            raise error
        self.problem.setText(str(error))
        self.problem.show()

    def _on_step(self) -> None:
        self.show_row(self._row + self.sender().property("step"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = self._model.rowCount() - 1
        targets = {
            Qt.Key.Key_Left: self._row - 1,
            Qt.Key.Key_Up: self._row - 1,
            Qt.Key.Key_Right: self._row + 1,
            Qt.Key.Key_Down: self._row + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() in targets:
            self.show_row(targets[event.key()])
        else:
            super().keyPressEvent(event)
