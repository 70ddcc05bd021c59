"""A dashed well that takes files and folders dropped on it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QImage,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from gui.theme import icon, restyle, theme
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.panel import dim_label, text_label


def dropped_paths(data: QMimeData) -> list[Path]:
    """Return the local files and folders in `data`, in order; addresses on the web are left out."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def dropped_image(data: QMimeData) -> QImage | None:
    """Return the picture in `data` (copied from a browser or an editor), or None."""
    if not data.hasImage():
        return None
    image = QImage(data.imageData())
    return None if image.isNull() else image


class CentredFlow(FlowLayout):
    """A flow layout that keeps a single line in the middle."""

    def setGeometry(self, rect: QRect) -> None:
        hints = [item.sizeHint().width() for item in self._items if not item.isEmpty()]
        width = sum(hints) + self.spacing() * max(0, len(hints) - 1)
        spare = max(0, rect.width() - width) // 2
        super().setGeometry(rect.adjusted(spare, 0, 0, 0))


class DropWell(QFrame):
    """Title, subtitle and buttons in a dashed rounded frame that lights up while something fitting hangs over it."""

    dropped = Signal(object)  # list[Path], files and folders in the order they came
    image_dropped = Signal(object)  # QImage that was no file; only with `images`

    def __init__(
        self,
        title: str,
        subtitle: str = "",
        *,
        images: bool = False,
        prominent: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Make a well.

        Args:
            images: also take a picture that is not a file.
            prominent: the frame is in the accent colour at rest, for the one well that starts a page.
        """
        super().__init__(parent)
        self._images, self._prominent, self._hovered = images, prominent, False
        self.setAcceptDrops(True)
        self._title = text_label(title, wrap=True, title=prominent)
        self._subtitle = dim_label(subtitle, wrap=True)
        self._button_box = QWidget()
        self._buttons = CentredFlow(self._button_box, spacing=theme().tokens.space)
        column = QVBoxLayout(self)
        margin = theme().tokens.space_large * (2 if prominent else 1)
        column.setContentsMargins(theme().tokens.space_large, margin, theme().tokens.space_large, margin)
        column.setSpacing(theme().tokens.space)
        column.addStretch(1)
        for label in (self._title, self._subtitle):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addWidget(self._button_box)
        column.addStretch(1)
        self._button_box.hide()
        self.set_text(title, subtitle)

    def set_text(self, title: str, subtitle: str = "") -> None:
        """Change the words."""
        self._title.setText(title)
        self._subtitle.setText(subtitle)
        self._subtitle.setVisible(bool(subtitle))
        self.setAccessibleName(title)
        self.setAccessibleDescription(subtitle)

    def add_button(self, text: str, *, primary: bool = False, icon_name: str = "") -> QPushButton:
        """Add a button under the words and return it; connect its `clicked`."""
        button = QPushButton(text)
        button.setProperty("primary", primary)
        if icon_name:
            token = "on_accent" if primary else "dim"
            button.setIcon(icon(icon_name, color=token, active=token))
        self._buttons.addWidget(button)
        self._button_box.show()
        return button

    def is_hovered(self) -> bool:
        """Return whether something that the well takes hangs over it."""
        return self._hovered

    def _takes(self, data: QMimeData) -> bool:
        return bool(dropped_paths(data)) or (self._images and data.hasImage())

    def _set_hovered(self, hovered: bool) -> None:
        self._hovered = hovered
        restyle(self._subtitle, dim=not hovered)
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._takes(event.mimeData()):
            self._set_hovered(True)
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self._takes(event.mimeData()):
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_hovered(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_hovered(False)
        paths = dropped_paths(event.mimeData())
        # Browsers send a file of their cache and the picture; the file keeps its name.
        image = dropped_image(event.mimeData()) if self._images and not paths else None
        if not paths and image is None:
            event.ignore()
            return
        event.acceptProposedAction()
        if paths:
            self.dropped.emit(paths)
        else:
            self.image_dropped.emit(image)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lively = self._hovered or self._prominent
        pen = QPen(theme().color("accent" if lively else "faint"), 2)
        pen.setDashPattern([3.5, 2.5])
        painter.setPen(pen)
        painter.setBrush(theme().color("selection" if self._hovered else "panel"))
        radius = theme().tokens.radius + 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)
