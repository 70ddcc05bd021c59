"""The last images that were added, each with a way to take it back."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QScrollArea, QSizePolicy, QWidget

from gui.pages.shared.strips import paint_picture
from gui.theme import theme
from gui.theme.icons import paint_icon

MOST = 24
TILE = 60  # px at 100 % text size


class Shot(QAbstractButton):
    """One image that was added; pressing it takes it back."""

    def __init__(self, image: QImage, class_name: str, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        side = theme().px(TILE) * 2  # sharp on dense screens, without keeping whole frames
        large = max(image.width(), image.height()) > side
        smooth = Qt.TransformationMode.SmoothTransformation
        self._image = image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, smooth) if large else image
        self.class_name, self.path = class_name, path
        words = self.tr("Remove {file} from “{name}”").format(file=path.name, name=class_name)
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.setObjectName("collect.shot")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        line = theme().px(16)
        return QSize(theme().px(TILE), theme().px(TILE) + line)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        # The scroll area follows the focus only where a widget asks for it.
        area = self.parentWidget().parentWidget().parentWidget() if self.parentWidget() is not None else None
        if isinstance(area, QScrollArea):
            area.ensureWidgetVisible(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = float(self.width())
        paint_picture(painter, QRectF(0, 0, side, side), self._image)
        self._paint_cross(painter, side)
        painter.setFont(theme().font(11))
        painter.setPen(theme().color("dim"))
        line = QRectF(0, side, side, self.height() - side)
        name = painter.fontMetrics().elidedText(self.class_name, Qt.TextElideMode.ElideRight, int(side))
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, name)

    def _paint_cross(self, painter: QPainter, side: float) -> None:
        lively = self.underMouse() or self.hasFocus()
        radius = theme().px(9)
        middle = QPointF(side - radius - 2, radius + 2)
        painter.setPen(QPen(theme().color("accent"), 2) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("hover" if lively else "panel"))
        painter.drawEllipse(middle, radius, radius)
        inside = QRectF(0, 0, radius, radius)
        inside.moveCenter(middle)
        paint_icon(painter, "close", inside, "bad" if lively else "dim")


class ShotStrip(QScrollArea):
    """The newest at the left.

    Signals:
        remove_wanted(str, Path): take this image of a class back.
    """

    remove_wanted = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("collect.shots")
        self.setAccessibleName(self.tr("Images added last"))
        self._shots: list[Shot] = []
        inside = QWidget()
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme().tokens.space)
        self._row.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(theme().px(TILE + 16 + 12))

    def shots(self) -> list[Shot]:
        """Those that are shown, the newest first."""
        return list(self._shots)

    def add(self, image: QImage, class_name: str, path: Path) -> None:
        """Show one more; the oldest gives way."""
        shot = Shot(image, class_name, path)
        shot.clicked.connect(self._on_clicked)
        self._shots.insert(0, shot)
        self._row.insertWidget(0, shot)
        for old in self._shots[MOST:]:
            self._drop(old)

    def remove(self, paths: list[Path]) -> None:
        """Show these no longer."""
        for shot in [shot for shot in self._shots if shot.path in paths]:
            self._drop(shot)

    def _drop(self, shot: Shot) -> None:
        self._shots.remove(shot)
        shot.hide()
        shot.deleteLater()

    def _on_clicked(self) -> None:
        shot = self.sender()
        shot.setEnabled(False)  # once is enough
        self.remove_wanted.emit(shot.class_name, shot.path)
