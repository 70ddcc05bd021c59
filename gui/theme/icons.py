"""Icons from `resources/icons`, drawn in the colours of the current theme at any pixel ratio."""

from __future__ import annotations

from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.theme.svg import icon_names, tinted_svg
from gui.theme.theme import theme

__all__ = ["icon", "icon_names", "paint_icon", "pixmap"]


@lru_cache(maxsize=256)
def _renderer(name: str, color: str) -> QSvgRenderer:
    renderer = QSvgRenderer(QByteArray(tinted_svg(name, color).encode()))
    renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
    return renderer


def paint_icon(painter: QPainter, name: str, rect: QRectF, color: str) -> None:
    """Draw the icon `name` into `rect` in the colour token `color` ("dim", "family.dense") of the current theme."""
    _renderer(name, theme().tokens.color(color)).render(painter, rect)


def pixmap(name: str, size: int, *, color: str = "dim", ratio: float = 1.0) -> QPixmap:
    """Return the icon `name` as a square pixmap of `size` device-independent pixels, in today's colours.

    Unlike `icon` it does not follow a later switch of theme.
    """
    return QPixmap(_draw(name, theme().tokens.color(color), size, size, ratio))


@lru_cache(maxsize=512)
def _draw(name: str, color: str, width: int, height: int, ratio: float) -> QPixmap:
    result = QPixmap(max(1, round(width * ratio)), max(1, round(height * ratio)))
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _renderer(name, color).render(painter, QRectF(result.rect()))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result


class _TokenIconEngine(QIconEngine):
    """Looks its colour up when it is asked to draw, so that an icon follows the theme without being set again."""

    def __init__(self, name: str, color: str, active: str) -> None:
        super().__init__()
        self._name, self._color, self._active = name, color, active

    def _hex(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        tokens = theme().tokens
        if mode == QIcon.Mode.Disabled:
            return tokens.faint
        lively = mode in (QIcon.Mode.Active, QIcon.Mode.Selected) or state == QIcon.State.On
        return tokens.color(self._active if lively else self._color)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        _renderer(self._name, self._hex(mode, state)).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        # Qt 6.11 hands over device-independent pixels and keeps the ratio set here. A Qt that hands over device pixels
        # gets a drawing larger than it asked for and corrects the ratio itself: sharp either way.
        return QPixmap(_draw(self._name, self._hex(mode, state), size.width(), size.height(), scale))

    def clone(self) -> QIconEngine:
        # Qt takes the copy over, PySide does not notice: without a reference here it is freed under Qt's hands.
        _CLONES.append(_TokenIconEngine(self._name, self._color, self._active))
        return _CLONES[-1]


_CLONES: list[_TokenIconEngine] = []


@cache
def icon(name: str, *, color: str = "dim", active: str = "text") -> QIcon:
    """Return the icon `name` from `resources/icons`.

    Args:
        color: colour token at rest.
        active: colour token under the mouse, when checked, and in a selected row.

    It follows the theme by itself; disabled, it is `faint`.

    Raises:
        KeyError: there is no such icon or colour.
    """
    tinted_svg(name, theme().tokens.color(color))  # a wrong name shows here, not in a paint event
    theme().tokens.color(active)
    return QIcon(_TokenIconEngine(name, color, active))
