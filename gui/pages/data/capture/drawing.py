"""Images drawn by hand, as digits and signs are."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QSlider, QVBoxLayout, QWidget

from gui.pages.data.capture.pad import PAPERS, DrawingPad
from gui.pages.data.side_scroll import SideScroll
from gui.pages.shared.strips import paint_picture
from gui.theme import icon, theme
from gui.widgets.fields import SpinBox
from gui.widgets.panel import dim_label, text_label
from gui.widgets.segmented import Segmented

SMALLEST, LARGEST, USUAL = 28, 256, 64  # px: the handwritten digits of MNIST have 28
THINNEST, THICKEST, USUAL_BRUSH = 2, 24, 8  # percent of the side of the pad
SIDE = 210  # px at 100 % text size, the column of settings


class SavedView(QWidget):
    """The drawing as it will be saved, pixel for pixel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)

    def set_image(self, image: QImage) -> None:
        """Show `image`."""
        self._image = image
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(84), theme().px(84))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_picture(painter, QRectF(self.rect()), self._image)


class DrawingPanel(QWidget):
    """A pad, its brush, and how the drawing is saved.

    Signals:
        taken(QImage): a drawing to be kept, grey.
    """

    taken = Signal(object)

    def __init__(self, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings, self._class_name = settings, ""
        self.pad = DrawingPad()
        self.pad.setObjectName("collect.drawing.pad")
        self.pad.setAccessibleName(self.tr("Drawing; Enter adds it, Delete clears it"))
        self.pad.kept.connect(self.keep)
        self.pad.changed.connect(self._show_state)
        self._make_settings()
        self._make_buttons()
        self._lay_out()
        self._remember()
        self._show_state()

    def _make_settings(self) -> None:
        self.brush = QSlider(Qt.Orientation.Horizontal)
        self.brush.setObjectName("collect.drawing.brush")
        self.brush.setAccessibleName(self.tr("Brush width"))
        self.brush.setRange(THINNEST, THICKEST)
        self.ink = Segmented()
        self.ink.setObjectName("collect.drawing.ink")
        self.ink.setAccessibleName(self.tr("Ink"))
        self.ink.add("black", self.tr("Black"), tool_tip=self.tr("Black on white"))
        self.ink.add("white", self.tr("White"), tool_tip=self.tr("White on black, as in MNIST"))
        self.side = SpinBox()
        self.side.setObjectName("collect.drawing.size")
        self.side.setAccessibleName(self.tr("Size in pixels"))
        self.side.setRange(SMALLEST, LARGEST)
        self.side.setSuffix(self.tr(" px"))
        self.saved = SavedView()
        self.saved.setAccessibleName(self.tr("As it will be saved"))

    def _make_buttons(self) -> None:
        self.add = self._button("add", "")
        self.add.setProperty("primary", True)
        # Reached with Tab, Enter presses it as it does on the pad; elsewhere Enter does nothing (see the dialog).
        self.add.setAutoDefault(True)
        self.add.clicked.connect(self.keep)
        self.undo = self._button("undo", self.tr("Undo stroke"), "undo")
        self.undo.setToolTip(self.tr("Take back the last stroke (Ctrl+Z)"))
        self.undo.clicked.connect(self.pad.undo)
        self.clear = self._button("clear", self.tr("Clear"), "trash")
        self.clear.setToolTip(self.tr("Wipe the pad (Delete)"))
        self.clear.clicked.connect(self.pad.clear)

    def _button(self, name: str, text: str, icon_name: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"collect.drawing.{name}")
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        if icon_name:
            button.setIcon(icon(icon_name))
        return button

    def _lay_out(self) -> None:
        tokens = theme().tokens
        left = QVBoxLayout()
        left.setSpacing(tokens.space)
        left.addWidget(self.pad, 1)
        left.addWidget(self.add)
        column = QVBoxLayout()
        column.setContentsMargins(2, 2, tokens.space, 2)
        column.setSpacing(tokens.space_small)
        for text, field in (
            (self.tr("Brush width"), self.brush),
            (self.tr("Ink"), self.ink),
            (self.tr("Size"), self.side),
            ("", self.undo),
            ("", self.clear),
            (self.tr("As it will be saved"), self.saved),
        ):
            if text:
                label = text_label(text)
                label.setBuddy(field)
                column.addSpacing(tokens.space_small)
                column.addWidget(label)
            column.addWidget(field)
        column.addSpacing(tokens.space_small)
        column.addWidget(dim_label(self.tr("Keys 1 to 9 choose the class, Enter adds the drawing."), wrap=True))
        column.addStretch(1)
        inside = QWidget()
        inside.setLayout(column)
        side = SideScroll(inside)
        side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        side.setFixedWidth(max(theme().px(SIDE), side.minimumSizeHint().width()))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.space_large)
        row.addLayout(left, 1)
        row.addWidget(side)

    # ---- settings

    def _remember(self) -> None:
        """Fill the fields with what was chosen last, and keep what will be."""
        value = self._settings.value
        self.brush.setValue(value("collect/brush", USUAL_BRUSH, type=int))
        self.side.setValue(value("collect/side", USUAL, type=int))
        ink = str(value("collect/ink", "black"))
        self.ink.set_current(ink if ink in PAPERS else "black")
        self._obey()
        self.brush.valueChanged.connect(self._on_setting)
        self.side.valueChanged.connect(self._on_setting)
        self.ink.chosen.connect(self._on_setting)

    def _on_setting(self) -> None:
        self._settings.setValue("collect/brush", self.brush.value())
        self._settings.setValue("collect/side", self.side.value())
        self._settings.setValue("collect/ink", self.ink.current())
        self._obey()

    def _obey(self) -> None:
        self.pad.brush = self.brush.value() / 100
        self.pad.set_ink(self.ink.current())

    # ---- keeping

    def set_class(self, class_name: str) -> None:
        """Say which class drawings are of; empty while there is none."""
        self._class_name = class_name
        self._show_state()

    def keep(self) -> None:
        """Hand the drawing over and begin the next, if there is anything to keep and a class for it."""
        if self.add.isEnabled():
            image = self.pad.render_image(self.side.value())
            self.pad.forget()
            self.pad.setFocus()
            self.taken.emit(image)

    def _show_state(self) -> None:
        self.saved.set_image(self.pad.render_image(self.side.value()))
        empty = self.pad.is_empty()
        self.undo.setEnabled(self.pad.can_undo())
        self.clear.setEnabled(not empty)
        self.add.setEnabled(not empty and bool(self._class_name))
        add = self.tr("Add to {name} (Enter)").format(name=_short(self._class_name))
        text = add if self._class_name else self.tr("Choose a class first")
        self.add.setText(text)
        self.add.setAccessibleName(text)


def _short(name: str) -> str:
    """A class name as it fits on a button, with “&” as itself."""
    return (name if len(name) <= 24 else name[:23] + "…").replace("&", "&&")
