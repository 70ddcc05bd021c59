"""A square to draw on; strokes are kept as lines, so that they are sharp at any size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import theme

PAPERS = {"black": (QColor("white"), QColor("black")), "white": (QColor("black"), QColor("white"))}
"""Ground and ink by the name of the ink; what is saved does not follow the theme, so no tokens."""


@dataclass(frozen=True)
class Stroke:
    """One line. Points and width are fractions of the side of the pad; without points, it wipes the pad clean."""

    points: tuple[tuple[float, float], ...] = ()
    width: float = 0.0


class DrawingPad(QWidget):
    """Draw with the mouse or a pen. Enter keeps the drawing, Delete wipes the pad, Ctrl+Z takes back the last stroke.

    Signals:
        changed(): another drawing is shown.
        kept(): Enter was pressed.
    """

    changed = Signal()
    kept = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.brush = 0.08  # of the side
        self._ink = "black"
        self._strokes: list[Stroke] = []
        self._points: list[tuple[float, float]] = []  # of the stroke that is being drawn
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # ---- the drawing

    def is_empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not self._shown() and not self._points

    def can_undo(self) -> bool:
        """Whether there is a stroke, or a wiping, to take back."""
        return bool(self._strokes)

    def set_ink(self, ink: str) -> None:
        """Draw in "black" on white, or in "white" on black; the strokes that are there change too."""
        self._ink = ink
        self._tell()

    def clear(self) -> None:
        """Wipe the pad; can be taken back like a stroke."""
        self._points = []
        if self._shown():
            self._strokes.append(Stroke())
        self._tell()

    def forget(self) -> None:
        """Begin anew, with nothing to take back."""
        self._strokes, self._points = [], []
        self._tell()

    def undo(self) -> None:
        """Take back the last stroke or wiping."""
        if self._strokes:
            self._strokes.pop()
            self._tell()

    def render_image(self, side: int) -> QImage:
        """The drawing as a grey image of `side` × `side` pixels, antialiased."""
        image = QImage(side, side, QImage.Format.Format_Grayscale8)
        with QPainter(image) as painter:
            self._paint(painter, QRectF(0, 0, side, side))
        return image

    def _shown(self) -> list[Stroke]:
        """The strokes since the pad was last wiped."""
        wiped = max((place for place, stroke in enumerate(self._strokes) if not stroke.points), default=-1)
        return self._strokes[wiped + 1 :]

    def _tell(self) -> None:
        self.update()
        self.changed.emit()

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton:
            self._points = [self._place(event.position())]
            self._tell()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._points and event.buttons() & Qt.MouseButton.LeftButton:
            self._points.append(self._place(event.position()))
            self._tell()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._points:
            self._strokes.append(Stroke(tuple(self._points), self.brush))
            self._points = []
            self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.kept.emit()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.clear()
        else:
            super().keyPressEvent(event)

    def _place(self, position: QPointF) -> tuple[float, float]:
        paper = self.paper()
        return (position.x() - paper.x()) / paper.width(), (position.y() - paper.y()) / paper.width()

    # ---- painting

    def paper(self) -> QRectF:
        """The square that is drawn on, in the middle of the widget."""
        side = min(self.width(), self.height()) - 6.0  # room for the focus ring
        paper = QRectF(0, 0, side, side)
        paper.moveCenter(QRectF(self.rect()).center())
        return paper

    def sizeHint(self) -> QSize:
        return QSize(theme().px(360), theme().px(360))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(160), theme().px(160))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint(painter, self.paper())
        focused = self.hasFocus()
        painter.setClipping(False)
        painter.setPen(QPen(theme().color("accent" if focused else "line"), 2 if focused else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self.paper().adjusted(-1.5, -1.5, 1.5, 1.5))

    def _paint(self, painter: QPainter, paper: QRectF) -> None:
        """Draw ground and strokes into the square `paper`."""
        ground, ink = PAPERS[self._ink]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(paper, ground)
        painter.setClipRect(paper)
        being_drawn = [Stroke(tuple(self._points), self.brush)] if self._points else []
        for stroke in [*self._shown(), *being_drawn]:
            style = (Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            painter.setPen(QPen(ink, stroke.width * paper.width(), *style))
            points = [paper.topLeft() + QPointF(x, y) * paper.width() for x, y in stroke.points]
            if len(set(stroke.points)) == 1:
                painter.drawPoint(points[0])
            else:
                painter.drawPath(_curve(points))


def _curve(points: list[QPointF]) -> QPainterPath:
    """A smooth line: through the middle of every two points, bent towards the points themselves."""
    path = QPainterPath(points[0])
    for here, there in pairwise(points[1:]):
        path.quadTo(here, (here + there) / 2)
    path.lineTo(points[-1])
    return path
