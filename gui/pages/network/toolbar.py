"""The row above the canvas: templates at the left, search and zoom at the right."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QToolButton, QWidget

from gui.theme import icon, theme
from gui.widgets.segmented import Segmented


class CanvasToolbar(QWidget):
    """Knows no canvas: it only asks.

    Signals:
        zoom_wanted(zoom): 1.0 is drawn size.
        fit_wanted(): the whole network.
        view_wanted(name): "canvas", "table" or "code".
        search_changed(text): of the layers to mark; empty ends it.
        search_next(): to the next of them.
    """

    zoom_wanted = Signal(float)
    fit_wanted = Signal()
    view_wanted = Signal(str)
    search_changed = Signal(str)
    search_next = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._zoom = 1.0
        self._has_layers = True
        self._is_narrow = False
        self.views = Segmented()
        self.views.add("canvas", self.tr("Canvas"), tool_tip=self.tr("The network as a drawing"))
        self.views.add("table", self.tr("Table"), tool_tip=self.tr("One row per layer, to sort and to copy"))
        code = self.views.add("code", self.tr("PyTorch code"), tool_tip=self.tr("The same network as a program"))
        code.setObjectName("network.show_code")
        self.views.chosen.connect(self._on_view)
        self.templates = QPushButton(self.tr("Templates"))
        self.templates.setObjectName("network.templates")
        self.templates.setIcon(icon("chevron-down"))
        self.templates.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow behind the word
        self.templates.setToolTip(self.tr("Start from a network that is known to work, fitted to your data"))
        self.more = QToolButton()
        self.more.setObjectName("network.more")
        self.more.setIcon(icon("menu"))
        self.more.setToolTip(self.tr("Bars, width, pictures, import"))
        self.more.setAccessibleName(self.tr("More for the network"))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.search = QLineEdit()
        self.search.setObjectName("network.find")
        self.search.setPlaceholderText(self.tr("Find a layer"))
        self.search.setAccessibleName(self.tr("Find a layer in the network"))
        self.search.setToolTip(self.tr("By name or kind (Ctrl+F); Enter goes to the next one"))
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.zoom_box = QFrame()
        self.zoom_box.setProperty("card", True)
        self.smaller = self._tool("minus", self.tr("Smaller (Ctrl −)"))
        self.larger = self._tool("plus", self.tr("Larger (Ctrl +)"))
        self.level = QPushButton("100 %")
        self.level.setProperty("quiet", True)
        self.level.setToolTip(self.tr("Drawn size (Ctrl 0)"))
        self.fit = QPushButton(self.tr("Fit"))
        self.fit.setProperty("quiet", True)
        self.fit.setToolTip(self.tr("Show the whole network"))
        box = QHBoxLayout(self.zoom_box)
        box.setContentsMargins(2, 1, 2, 1)
        box.setSpacing(0)
        for widget in (self.smaller, self.level, self.larger, self.fit):
            box.addWidget(widget)
        row = QHBoxLayout(self)
        row.setContentsMargins(*[theme().tokens.space_large] * 2, theme().tokens.space_large, theme().tokens.space)
        row.setSpacing(theme().tokens.space)
        row.addWidget(self.views)
        row.addWidget(self.templates)
        row.addWidget(self.more)
        row.addStretch(1)
        row.addWidget(self.search)
        row.addWidget(self.zoom_box)
        self.search.textChanged.connect(self.search_changed)
        self.search.installEventFilter(self)
        theme().changed.connect(self._wear)
        self._wear()
        self.smaller.clicked.connect(lambda: self.zoom_wanted.emit(self._zoom / 1.2))
        self.larger.clicked.connect(lambda: self.zoom_wanted.emit(self._zoom * 1.2))
        self.level.clicked.connect(lambda: self.zoom_wanted.emit(1.0))
        self.fit.clicked.connect(self.fit_wanted)

    def _wear(self) -> None:
        self.search.setFixedWidth(theme().px(120))

    def set_narrow(self, narrow: bool) -> None:
        """With little room, the search field takes the place of the templates while it is used."""
        self._is_narrow = narrow
        self.views.set_label("code", self.tr("Code") if narrow else self.tr("PyTorch code"))
        self.level.setVisible(not narrow)
        self._show_parts()

    def show_found(self, count: int) -> None:
        """Say by the colour of the text when nothing was found."""
        nothing = bool(self.search.text().strip()) and not count
        self.search.setStyleSheet(f"QLineEdit {{ color: {theme().tokens.color('bad')}; }}" if nothing else "")
        self.search.setAccessibleDescription(self.tr("Nothing found") if nothing else "")

    def least_width(self) -> int:
        """How narrow the row can be as it is now: layouts learn of shorter words only later, by themselves."""
        for part in (self.views, self.zoom_box):
            part.layout().invalidate()
            part.updateGeometry()
        self.layout().invalidate()
        return self.layout().minimumSize().width()

    def start_search(self) -> None:
        """Put the focus into the search field; layers are found on the canvas."""
        if self.views.current() != "canvas":
            self.views.set_current("canvas")
            self._on_view("canvas")
        self.search.setVisible(True)
        self.templates.setVisible(not self._is_narrow)
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.search_next.emit()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.search.clear()
                self._show_parts()
                return True
        return False

    @staticmethod
    def _tool(icon_name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(icon_name))
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

    def show_zoom(self, zoom: float) -> None:
        """Say how large the drawing is."""
        self._zoom = zoom
        self.level.setText(f"{zoom * 100:.0f} %")

    def show_zoom_buttons(self, shown: bool) -> None:
        """There is nothing to zoom, to find or to look at in another way while nothing is drawn."""
        self._has_layers = shown
        self._show_parts()

    def _on_view(self, name: str) -> None:
        self._show_parts()
        self.view_wanted.emit(name)

    def _show_parts(self) -> None:
        is_canvas = self.views.current() == "canvas"
        self.views.setVisible(self._has_layers)
        self.zoom_box.setVisible(self._has_layers and is_canvas)
        in_use = bool(self.search.text()) and self._is_narrow
        self.search.setVisible(self._has_layers and is_canvas and (not self._is_narrow or in_use))
        self.templates.setVisible(not in_use)
