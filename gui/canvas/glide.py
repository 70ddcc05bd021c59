"""Cards glide to their new places, so that the eye can follow what a change did."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEasingCurve, QObject, QPointF, QVariantAnimation
from PySide6.QtGui import QTransform

from gui.canvas.card import LayerCard
from gui.canvas.layout import Point, Route
from gui.canvas.marks import Link

DURATION_MS = 180
MOST_CARDS = 400
"""With more, a frame of the movement would take longer than the eye allows."""


class Glide(QObject):
    """Moves only what is seen: where a card is, for every question about places, is where it belongs already.

    Off until `is_on` is set: whoever draws without a window wants the result.
    """

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.is_on = False
        self._cards: list[tuple[LayerCard, QPointF]] = []
        self._links: list[tuple[Link, tuple[Point, ...] | None]] = []
        self._fresh: list[LayerCard] = []
        self._movement = QVariantAnimation(self, startValue=0.0, endValue=1.0, duration=DURATION_MS)
        self._movement.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._movement.valueChanged.connect(self._show)
        self._movement.finished.connect(self.finish)

    @property
    def is_running(self) -> bool:
        return self._movement.state() == QVariantAnimation.State.Running

    def start(
        self,
        places: Mapping[str, QPointF],
        routes: Mapping[object, Route],
        cards: Mapping[str, LayerCard],
        links: Mapping[object, Link],
    ) -> None:
        """Begin to move from the former `places` and `routes`; what had none before appears."""
        if not self.is_on or not places or len(cards) > MOST_CARDS:
            return
        self._cards = [(card, places[i] - card.pos()) for i, card in cards.items() if i in places]
        self._cards = [(card, way) for card, way in self._cards if not way.isNull()]
        self._fresh = [card for i, card in cards.items() if i not in places]
        self._links = []
        for key, link in links.items():
            route, former = link.route, routes.get(key)
            if route is not None and route != former:
                same = former is not None and len(former.points) == len(route.points)
                self._links.append((link, former.points if same else None))  # type: ignore[union-attr]
        if self._cards or self._fresh or self._links:
            self._show(0.0)
            self._movement.start()

    def finish(self) -> None:
        """Put everything where it belongs at once."""
        self._movement.stop()
        for card, _ in self._cards:
            card.setTransform(QTransform())
        for card in self._fresh:
            card.set_presence(1.0)
        for link, _ in self._links:
            link.rest()
            link.setOpacity(1.0)
        self._cards, self._links, self._fresh = [], [], []

    def _show(self, done: float) -> None:
        left = 1.0 - done
        for card, way in self._cards:
            card.setTransform(QTransform.fromTranslate(way.x() * left, way.y() * left))
        for card in self._fresh:
            card.set_presence(done)
        for link, former in self._links:
            route = link.route
            if former is None or route is None:
                link.setOpacity(done)
            else:
                pairs = zip(former, route.points, strict=True)
                link.bend([(a[0] * left + b[0] * done, a[1] * left + b[1] * done) for a, b in pairs])
