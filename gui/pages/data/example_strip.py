"""A few images in a row, each with its class below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.pages.shared.background import LatestAnswer
from gui.pages.shared.strips import paint_picture
from gui.theme import theme

SIDE = 76  # px of a tile at 100 % text size
SHARPNESS = 2  # decoded this much larger, for screens of double density

Example = tuple[Path, str]


class ExampleStrip(QWidget):
    """Decodes off the GUI thread; a file that cannot be read keeps an empty tile."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examples: tuple[Example, ...] = ()
        self._images: dict[Path, QImage] = {}
        self._reader = LatestAnswer(self)
        self._reader.answered.connect(self._take)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)

    def set_examples(self, examples: Sequence[Example]) -> None:
        """Show these (file, class); what was decoded before is not read again."""
        if tuple(examples) == self._examples:
            return
        self._examples = tuple(examples)
        self._images = {path: self._images[path] for path, _ in examples if path in self._images}
        self.setAccessibleDescription(", ".join(name for _, name in examples))
        self.update()
        wanted = [path for path, _ in examples if path not in self._images]
        if wanted:
            side = SHARPNESS * theme().px(SIDE)
            self._reader.ask(lambda: _decoded(wanted, side))
        else:
            self._reader.forget()

    def examples(self) -> tuple[Example, ...]:
        """What is shown."""
        return self._examples

    def decoded(self) -> int:
        """How many of the tiles have their image by now."""
        return sum(path in self._images and not self._images[path].isNull() for path, _ in self._examples)

    def _take(self, images: dict[Path, QImage]) -> None:
        self._images |= images
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(4 * SIDE), theme().px(SIDE) + theme().tokens.space_small + self._line())

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(SIDE), self.sizeHint().height())

    def _line(self) -> int:
        return self.fontMetrics().height()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side, gap = theme().px(SIDE), theme().tokens.space
        painter.setPen(theme().color("dim"))
        for place, (path, name) in enumerate(self._examples):
            left = place * (side + gap)
            if left + side > self.width():
                break  # whole tiles only
            paint_picture(painter, QRectF(left, 0, side, side), self._images.get(path))
            words = QRectF(left, side + theme().tokens.space_small, side, self._line())
            said = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, side)
            painter.drawText(words, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, said)


def _decoded(paths: Sequence[Path], side: int) -> dict[Path, QImage]:
    from engine.data.pictures import sample_thumbnail  # here, on a worker: the window is up before Pillow is needed
    from engine.errors import PictureError
    from gui.pages.shared.qimages import qimage

    images: dict[Path, QImage] = {}
    for path in paths:
        try:
            images[path] = qimage(sample_thumbnail(path, side))
        except PictureError:
            images[path] = QImage()
    return images
