"""Small drawings of numbers: shares, probabilities, a line over epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.theme import theme


def percent(value: float, digits: int = 1) -> str:
    """Return 0.987 as "98.7 %" in the user's locale; what is not quite 0 or 1 never reads as 0 or 100 %."""
    if not math.isfinite(value):
        return "–"
    step = 10.0**-digits
    shown = round(value * 100, digits)
    if shown >= 100 and value < 1:
        return f"> {QLocale().toString(100 - step, 'f', digits)} %"
    if shown <= 0 < value:
        return f"< {QLocale().toString(step, 'f', digits)} %"
    return f"{QLocale().toString(shown, 'f', digits)} %"


def number(value: float) -> str:
    """Return a count with thin spaces ("2 412"), or a share with one decimal."""
    whole = float(value).is_integer()
    return f"{value:,.0f}".replace(",", "\u202f") if whole else QLocale().toString(float(value), "f", 1)


@dataclass(frozen=True)
class Part:
    """One share of a stacked bar: its words, how much, and the colour token it is drawn in."""

    label: str
    amount: float
    token: str


class _StackedBar(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[Part, ...] = ()
        self._total = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)

    def set_parts(self, parts: Sequence[Part], total: float | None = None) -> None:
        """Show `parts` from left to right.

        Args:
            total: what the whole width stands for, by default the sum; more leaves the rest empty, so that several
                bars share one scale.
        """
        self._parts = tuple(parts)
        amount = sum(part.amount for part in parts)
        self._total = amount if total is None else max(total, amount)
        self.setAccessibleDescription(", ".join(self._words(part) for part in self._parts))
        self.updateGeometry()
        self.update()

    def parts(self) -> tuple[Part, ...]:
        """Return what is shown."""
        return self._parts

    def _words(self, part: Part) -> str:
        return f"{part.label} {number(part.amount)}"

    def _bar_height(self) -> int:
        return self.height()

    def _rects(self) -> list[tuple[Part, QRectF]]:
        if self._total <= 0 or not self._parts:
            return []
        ends = [self.width() * amount / self._total for amount in accumulate(part.amount for part in self._parts)]
        starts = [0.0, *ends[:-1]]
        spans = zip(self._parts, starts, ends, strict=True)
        return [(part, QRectF(start, 0, end - start, self._bar_height())) for part, start, end in spans]

    def _paint_parts(self, painter: QPainter, radius: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        bar = QRectF(0, 0, self.width(), self._bar_height())
        outline.addRoundedRect(bar, radius, radius)
        painter.setClipPath(outline)
        painter.fillRect(bar, theme().color("line"))
        for part, rect in self._rects():
            painter.fillRect(rect, theme().color(part.token))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            under = [part for part, rect in self._rects() if rect.contains(QPointF(event.pos()))]
            QToolTip.showText(event.globalPos(), self._words(under[0]) if under else "", self)
            return True
        return super().event(event)


class SplitBar(_StackedBar):
    """How a whole is divided: train 70 · validation 15 · test 15.

    The words stand inside the parts; where those are too narrow, under the bar, each with its colour.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def has_legend(self, width: int | None = None) -> bool:
        """Whether the words stand under the bar at this width in px, by default the present one."""
        width = self.width() if width is None else width
        measure = self.fontMetrics().horizontalAdvance
        rooms = [(part, width * part.amount / self._total - 6) for part in self._parts if self._total > 0]
        return any(measure(self._words(part)) > room for part, room in rooms)

    def _bar_height(self) -> int:
        return self._height_at(self.width())

    def _height_at(self, width: int) -> int:
        return theme().px(14) if self.has_legend(width) else self.fontMetrics().height() + theme().px(10)

    def _legend(self, width: int) -> list[tuple[Part, QPoint]]:
        """Where each entry of the legend begins, in as many lines as it needs."""
        line, mark = self.fontMetrics().height() + 2, theme().px(12)
        x, y = 0, self._height_at(width) + theme().tokens.space_small
        placed: list[tuple[Part, QPoint]] = []
        for part in self._parts:
            needed = mark + self.fontMetrics().horizontalAdvance(self._words(part))
            if x and x + needed > width:
                x, y = 0, y + line
            placed.append((part, QPoint(x, y)))
            x += needed + theme().tokens.space
        return placed

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if not self.has_legend(width):
            return self._height_at(width)
        return self._legend(width)[-1][1].y() + self.fontMetrics().height() + 2

    def sizeHint(self) -> QSize:
        return QSize(theme().px(200), self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(60), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_parts(painter, 4)
        painter.setClipping(False)
        if self.has_legend():
            self._paint_legend(painter)
            return
        for part, rect in self._rects():
            painter.setPen(theme().tokens.readable_on(theme().tokens.color(part.token)))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._words(part))

    def _paint_legend(self, painter: QPainter) -> None:
        height, dot = self.fontMetrics().height(), theme().px(8)
        for part, place in self._legend(self.width()):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color(part.token))
            painter.drawRoundedRect(QRectF(place.x(), place.y() + (height - dot) / 2, dot, dot), 2, 2)
            painter.setPen(theme().color("dim"))
            painter.drawText(place.x() + theme().px(12), place.y() + self.fontMetrics().ascent(), self._words(part))


class ClassBar(_StackedBar):
    """The thin bar of one class: its splits side by side, on the scale of the largest class (`total`)."""

    def sizeHint(self) -> QSize:
        return QSize(theme().px(120), theme().px(5))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(30), theme().px(5))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_parts(painter, self.height() / 2)
        painter.end()


class ProbabilityBar(QWidget):
    """A class, a bar and a percentage on one line."""

    def __init__(
        self, label: str = "", value: float = 0.0, *, token: str = "accent", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._label, self._value, self._token = label, value, token
        self._label_width: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)
        self.set_value(label, value, token=token)

    def set_value(self, label: str, value: float, *, token: str | None = None) -> None:
        """Show `value`, 0..1 (NaN draws no bar), for the class `label` in the colour `token`."""
        self._label, self._value, self._token = label, value, token or self._token
        self.setAccessibleName(f"{label} {percent(value)}")
        self.setToolTip(self.accessibleName())
        self.updateGeometry()
        self.update()

    def value(self) -> float:
        """Return what is shown, 0..1."""
        return self._value

    def set_label_width(self, width: int | None) -> None:
        """Give the words `width` px, so that several bars begin at one line; None: as they need. At most 40 %."""
        self._label_width = width
        self.update()

    def label_width_hint(self) -> int:
        """Return the px that the words need."""
        return self.fontMetrics().horizontalAdvance(self._label) + theme().tokens.space

    def _figure_width(self) -> int:
        widest = max((percent(1.0), percent(0.99999)), key=self.fontMetrics().horizontalAdvance)
        return self.fontMetrics().horizontalAdvance(widest) + theme().tokens.space

    def sizeHint(self) -> QSize:
        return QSize(theme().px(240), self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._figure_width() + theme().px(60), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color, whole, metrics = theme().color, self.rect(), self.fontMetrics()
        words = self._label_width if self._label_width is not None else self.label_width_hint()
        words = min(words, int(whole.width() * 0.4))
        figure = self._figure_width()
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(color("text"))
        shown = metrics.elidedText(self._label, Qt.TextElideMode.ElideRight, words - theme().tokens.space_small)
        painter.drawText(whole, Qt.AlignmentFlag.AlignLeft | middle, shown)
        painter.drawText(whole, Qt.AlignmentFlag.AlignRight | middle, percent(self._value))
        self._paint_bar(painter, QRectF(words, 0, whole.width() - words - figure, whole.height()))

    def _paint_bar(self, painter: QPainter, room: QRectF) -> None:
        thick = theme().px(7)
        track = QRectF(room.x(), room.center().y() - thick / 2, max(0.0, room.width()), thick)
        painter.setPen(QPen(theme().color("line"), 1))
        painter.setBrush(theme().color("raised"))
        painter.drawRoundedRect(track, 3, 3)
        value = min(1.0, max(0.0, self._value)) if math.isfinite(self._value) else 0.0
        if value > 0:
            # At least a hair: a small probability is not none.
            filled = QRectF(track.x(), track.y(), max(2.0, track.width() * value), thick)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color(self._token))
            painter.drawRoundedRect(filled, min(3.0, filled.width() / 2), 3)


class Sparkline(QWidget):
    """A tiny line of values 0..1 over epochs."""

    def __init__(self, *, token: str = "good", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: tuple[float, ...] = ()
        self._total, self._marker, self._token = 0, -1, token
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_values(self, values: Sequence[float], *, total: int = 0, token: str | None = None) -> None:
        """Show `values`, 0..1, oldest first; NaN leaves a gap.

        Args:
            total: how many values the whole width stands for; 0: just these.
        """
        self._values, self._total, self._token = tuple(values), total, token or self._token
        last = next((value for value in reversed(self._values) if math.isfinite(value)), math.nan)
        sentence = QCoreApplication.translate("Sparkline", "{count} values, the last {last}")
        self.setAccessibleDescription(sentence.format(count=len(self._values), last=percent(last)))
        self.update()

    def set_marker(self, index: int) -> None:
        """Put a dot on value `index`, the epoch that is being replayed; -1 takes it away."""
        self._marker = index
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(100), theme().px(18))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(24), theme().px(12))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().color("line"), 1))
        painter.drawLine(QPointF(2, self.height() - 1.5), QPointF(self.width() - 2, self.height() - 1.5))
        painter.setPen(QPen(theme().color(self._token), 1.5))
        for piece in self._pieces():
            if len(piece) == 1:
                painter.drawEllipse(piece[0], 0.8, 0.8)
            painter.drawPolyline(QPolygonF(piece))
        if 0 <= self._marker < len(self._values) and math.isfinite(self._values[self._marker]):
            painter.setBrush(theme().color(self._token))
            painter.drawEllipse(self._point(self._marker), 2, 2)

    def _point(self, index: int) -> QPointF:
        steps = max(self._total, len(self._values)) - 1
        x = 3 + (self.width() - 6) * index / steps if steps > 0 else self.width() / 2
        value = min(1.0, max(0.0, self._values[index]))
        return QPointF(x, 3 + (self.height() - 6) * (1 - value))

    def _pieces(self) -> list[list[QPointF]]:
        """Return the drawn points, cut where a value is missing; of thousands, two for each pixel."""
        count = len(self._values)
        step = max(1, count // max(1, 2 * self.width()))
        pieces: list[list[QPointF]] = [[]]
        for index in sorted({*range(0, count, step), count - 1} - {-1}):
            if math.isfinite(self._values[index]):
                pieces[-1].append(self._point(index))
            elif pieces[-1]:
                pieces.append([])
        return [piece for piece in pieces if piece]
