"""One layer on the canvas."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.compile import NetworkReport
from gui.canvas.face import Face
from gui.canvas.inside import BlockInside
from gui.canvas.look import look
from gui.canvas.volume import paint_volume
from gui.theme import theme
from gui.theme.icons import paint_icon

SMALLEST_DRAWN = 0.22  # zoom below which a card is a few pixels
SMALLEST_READABLE = 0.35  # zoom below which words are left out
WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


@dataclass(frozen=True)
class Cost:
    """What a layer costs: its share of the dearest layer's, 0 to 1, and the figure in words."""

    share: float
    text: str


@dataclass(frozen=True)
class Light:
    """How a layer does in training: a colour of the theme, and why in one sentence."""

    token: str
    text: str


class LayerCard(QGraphicsItem):
    """A card: family colour, block, title, settings, output shape, parameters, and what is wrong.

    Its origin is the middle of its upper edge. It shows a `Face` and knows nothing of networks.
    """

    def __init__(self, node_id: str, face: Face):
        super().__init__()
        self.node_id = node_id
        self.face = face
        self.paints_as_selected = False
        self.is_lifted = False
        self._reason = ""
        self._found = False
        self._presence = 1.0
        self._cost: Cost | None = None
        self._light: Light | None = None
        self.inside: BlockInside | None = None
        self._height = self._wanted_height()
        self._fit()
        self._tell()

    def show_face(self, face: Face) -> bool:
        """Show another face. Returns whether the card's height changed."""
        self.face = face
        self._tell()
        self.update()
        return self.measure()

    def measure(self) -> bool:
        """Fit the height to the text, anew when the text size changed. Returns whether it changed."""
        wanted = self._wanted_height()
        changed = wanted != self._height
        if changed:
            self.prepareGeometryChange()
            self._height = wanted
            self._fit()
        return changed

    def show_inside(self, report: NetworkReport | None, opened: Collection[str] = ()) -> bool:
        """Draw the inside of a block on its card, where `opened` has its id. Returns whether the size changed."""
        wanted = report if self.node_id in opened else None
        mine = frozenset(one for one in opened if one.startswith(f"{self.node_id}."))
        if self.inside is not None and self.inside.report is wanted and self.inside.opened == mine:
            return False
        if self.inside is None and wanted is None:
            return False
        self.prepareGeometryChange()
        if self.inside is not None:
            self.inside.remove()
        self.inside = BlockInside(self, wanted, opened) if wanted is not None else None
        self._height = self._wanted_height()
        self._fit()
        self.update()
        return True

    def show_cost(self, cost: Cost | None) -> None:
        """Draw a bar for what the layer costs; None draws none."""
        if self.inside is not None:  # figures of another sort beside this one would be taken for the same
            for card in self.inside.cards.values():
                card.show_cost(None if cost is None else Cost(0.0, ""))
        if cost != self._cost:
            self._cost = cost
            self.update()

    def show_light(self, light: Light | None) -> None:
        """Draw a light in the corner; None draws none."""
        if light != self._light:
            self._light = light
            self._tell()
            self.update()

    @property
    def width(self) -> float:
        return max(look().width, self.inside.width) if self.inside is not None else look().width

    @property
    def can_open(self) -> bool:
        """Whether there is an inside to show."""
        return self.face.family == "block" and self.face.shape is not None

    def fold_mark(self) -> QRectF:
        """Where the mark is that opens and closes the inside, in its own coordinates."""
        side = theme().px(20)
        return QRectF(self._text_left() - theme().px(4), (look().height - side) / 2, side, side)

    def wear(self) -> None:
        """Fit to the look that is on."""
        self.prepareGeometryChange()
        if self.inside is not None:
            self.inside.wear()
        self._height = self._wanted_height()
        self._fit()

    def set_selected(self, selected: bool) -> None:
        """Draw the card as the selected one, or not."""
        if selected != self.paints_as_selected:
            self.paints_as_selected = selected
            self.update()

    def set_lifted(self, lifted: bool) -> None:
        """Draw the card faintly while a copy of it is dragged."""
        self.is_lifted = lifted
        self._fade()

    def set_presence(self, presence: float) -> None:
        """Draw the card as far as it has appeared, 0 to 1."""
        self._presence = presence
        self._fade()

    def _fade(self) -> None:
        self.setOpacity(self._presence * (0.35 if self.is_lifted else 0.3 if self._reason else 1.0))

    def set_dimmed(self, reason: str) -> None:
        """Draw the card pale because of `reason`, which the tool tip says; empty: as usual."""
        self._reason = reason
        self._fade()
        self._tell()

    @property
    def is_found(self) -> bool:
        return self._found

    def set_found(self, found: bool) -> None:
        """Mark the card as one that was looked for."""
        if found != self._found:
            self._found = found
            self.update()

    def input_point(self) -> QPointF:
        """Where a link ends, in the scene."""
        return self.pos()

    def output_point(self) -> QPointF:
        """Where links begin, in the scene."""
        return self.pos() + QPointF(0, self._height)

    @property
    def height(self) -> float:
        return self._height

    def frame(self) -> QRectF:
        """The visible card, in its own coordinates."""
        return self._frame

    def _fit(self) -> None:
        """Keep the rectangles that are asked for many times in every frame."""
        self._frame = QRectF(-self.width / 2, 0, self.width, self._height)
        self._bounds = self._frame.adjusted(-2, -2, 2, 6)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.frame())
        return path

    def _tell(self) -> None:
        tip = [self.face.problem, self.face.advice] if self.face.problem else [self.face.hint]
        tip = [self._reason] if self._reason else tip
        if self._light is not None and not self._reason:
            tip = [self._light.text, *tip]
        self.setToolTip("\n".join(filter(None, tip)))

    # ---- measures

    def _text_left(self) -> float:
        return self.frame().left() + theme().px(64)

    def _words_left(self) -> float:
        """Where words begin: behind the mark that opens a block."""
        return self._text_left() + (theme().px(20) if self.can_open else 0.0)

    def _text_right(self) -> float:
        return self.frame().right() - theme().px(12)

    def _problem_room(self) -> QRectF:
        left = self._words_left() + theme().px(18)
        return QRectF(left, look().height / 2 + 1, self._text_right() - left, 10 * look().line)

    def _wanted_height(self) -> float:
        if self.inside is not None:
            return look().height + self.inside.height + theme().px(10)
        if not self.face.problem:
            return look().height
        # The frame of the height of now serves for left and right only.
        self._height = getattr(self, "_height", look().height)
        self._fit()
        text = look().body_metrics().boundingRect(self._problem_room(), WRAPPED, self.face.problem)
        return max(look().height, round(text.bottom() + theme().px(9)))

    # ---- painting

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        if zoom < SMALLEST_DRAWN:
            self._paint_from_afar(painter)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_frame(painter, zoom)
        room = QRectF(self.frame().left() + theme().px(9), 4, theme().px(48), look().height - 8)
        if self.face.shape:
            paint_volume(painter, room, self.face.shape, theme().color(f"family.{self.face.family}"), theme().scale)
        if zoom >= SMALLEST_READABLE:
            if self.can_open:
                name = "chevron-down" if self.inside is not None else "chevron-right"
                paint_icon(painter, name, self.fold_mark().adjusted(3, 3, -3, -3), "dim")
            self._paint_first_line(painter)
            self._paint_second_line(painter)
            self._paint_cost(painter)
            self._paint_port(painter)
        if self._light is not None:
            self._paint_light(painter, zoom)

    def _paint_from_afar(self, painter: QPainter) -> None:
        """A few pixels: the family's colour and whether it is chosen or wrong are all that can be seen."""
        color, body = theme().color, self.frame()
        if self.inside is None:
            painter.fillRect(body, color("selection" if self.paints_as_selected else "panel"))
        family = color(f"family.{self.face.family}")
        painter.fillRect(QRectF(body.left(), body.top(), body.width() * 0.12, body.height()), family)
        edge = "accent" if self.paints_as_selected or self._found else "bad" if self.face.problem else "line"
        pen = QPen(color(edge), 0)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(body)

    def _paint_frame(self, painter: QPainter, zoom: float) -> None:
        color, radius = theme().color, theme().tokens.radius
        body = self.frame().adjusted(0.5, 0.5, -0.5, -0.5)
        outline = QPainterPath()
        outline.addRoundedRect(body, radius, radius)
        if self.inside is None:
            painter.fillPath(outline, color("selection" if self.paints_as_selected else "panel"))
        else:  # an open block is a frame on the ground
            painter.fillPath(outline, color("window"))
        # From far away the colour is all that tells layers apart: the bar stays visible. It is cut to the rounded
        # corners as a shape, not by clipping, which files of pictures do not know.
        bar = QPainterPath()
        bar.addRect(QRectF(body.left(), body.top(), theme().px(4) / min(1.0, max(zoom, 0.1)), body.height()))
        painter.fillPath(outline.intersected(bar), color(f"family.{self.face.family}"))
        edge = "accent" if self.paints_as_selected or self._found else "bad" if self.face.problem else "line"
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(color(edge), 1.0 if edge == "line" else 1.6 / min(1.0, max(zoom, 0.1)))
        if self.inside is not None:
            pen.setColor(color("faint" if edge == "line" else edge))
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawPath(outline)
        if self.paints_as_selected and self.face.problem:  # both are said: the problem by an inner line
            painter.setPen(QPen(color("bad"), 1))
            painter.drawRoundedRect(body.adjusted(3, 3, -3, -3), radius - 3, radius - 3)

    def _paint_port(self, painter: QPainter) -> None:
        """A dot at the lower edge, from which a link can be drawn."""
        if self.face.family != "output":
            painter.setPen(QPen(theme().color("window"), 1.5))
            painter.setBrush(theme().color("accent" if self.paints_as_selected else "faint"))
            painter.drawEllipse(QPointF(0, self._height), theme().px(3.5), theme().px(3.5))

    def _paint_light(self, painter: QPainter, zoom: float) -> None:
        """A dot in the upper corner, with a ring that sets it off the volume behind it; it stays visible from afar."""
        radius = theme().px(4.5) / min(1.0, max(zoom, 0.4))
        middle = QPointF(self.frame().left() + theme().px(8) + radius, theme().px(5) + radius)
        painter.setPen(QPen(theme().color("selection" if self.paints_as_selected else "panel"), theme().px(2)))
        painter.setBrush(theme().color(self._light.token))
        painter.drawEllipse(middle, radius, radius)

    def _line_room(self, second: bool) -> QRectF:
        middle = look().height / 2
        top = middle + 1 if second else middle - look().title_metrics().height() - 1
        height = look().line if second else look().title_metrics().height()
        if not second and not self.face.said and not self.face.problem and not self._number():
            top = middle - height / 2  # alone on its card
        return QRectF(self._words_left(), top, self._text_right() - self._words_left(), height)

    def _number(self) -> str:
        """What stands at the right of the second line: the cost that is shown, else the parameters."""
        return self._cost.text if self._cost is not None else self.face.parameters_text

    def _paint_cost(self, painter: QPainter) -> None:
        """A bar on the lower edge, as long as this layer's share of the largest one's cost."""
        if self._cost is None or self._cost.share <= 0:
            return
        left, right = self._text_left(), self._text_right()
        height = theme().px(3)
        bottom = (look().height if self.inside is not None else self._height) - theme().px(4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("line"))
        painter.drawRoundedRect(QRectF(left, bottom - height, right - left, height), height / 2, height / 2)
        painter.setBrush(theme().color(f"family.{self.face.family}"))
        length = max(height, (right - left) * min(1.0, self._cost.share))
        painter.drawRoundedRect(QRectF(left, bottom - height, length, height), height / 2, height / 2)

    def _paint_first_line(self, painter: QPainter) -> None:
        room = self._line_room(second=False)
        painter.setFont(look().figures)
        painter.setPen(theme().color("text" if self.face.shape else "dim"))
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.face.shape_text)
        taken = painter.fontMetrics().horizontalAdvance(self.face.shape_text) + theme().px(10)
        painter.setFont(look().title)
        painter.setPen(theme().color("text"))
        if self.face.hint:
            taken += look().line + theme().px(4)
        title_room = room.adjusted(0, 0, -taken, 0)
        self._draw_elided(painter, title_room, self.face.title)
        if self.face.hint:
            side = look().line
            words = min(painter.fontMetrics().horizontalAdvance(self.face.title), title_room.width())
            place = QRectF(room.left() + words + theme().px(6), room.center().y() - side / 2, side, side)
            paint_icon(painter, "info", place, "train")

    def _paint_second_line(self, painter: QPainter) -> None:
        room = self._line_room(second=True)
        painter.setFont(look().body)
        if self.face.problem:
            side = look().line
            paint_icon(painter, "warning", QRectF(room.left(), room.top(), side, side), "bad")
            painter.setPen(theme().color("bad"))
            painter.drawText(self._problem_room(), int(WRAPPED), self.face.problem)
            return
        painter.setPen(theme().color("dim"))
        number = self._number()
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        taken = painter.fontMetrics().horizontalAdvance(number) + theme().px(10)
        self._draw_elided(painter, room.adjusted(0, 0, -taken, 0), self.face.said)

    @staticmethod
    def _draw_elided(painter: QPainter, room: QRectF, text: str) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
