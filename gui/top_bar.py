"""The bar on top of every page: the project, what it consists of, undo, and the button that trains."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QWidget

from engine.layers import grouped
from engine.templates import title_of
from gui.about import AboutDialog, ShortcutsDialog
from gui.studio import Studio
from gui.theme import icon, theme
from gui.widgets.chip import Chip
from gui.widgets.empty import IconView
from gui.widgets.single_clicks import only_single_clicks

WIDE = 1180
"""Window width in px, at 100 % text, from which the bar also says what it runs on."""


class TopBar(QFrame):
    """Follows the studio; emits what the user wants from the window itself."""

    place_wanted = Signal(str)
    open_wanted = Signal()
    save_as_wanted = Signal()
    mode_wanted = Signal(str)
    settings_wanted = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None):
        super().__init__(parent)
        self._studio = studio
        self.setProperty("bar", "top")
        self.project = Chip(value="", menu=True)
        self.project.setObjectName("top.project")
        self.data = self._place_chip(self.tr("Data"), "data")
        self.network = self._place_chip(self.tr("Network"), "network")
        self.device = Chip(self.tr("Device"), "…")
        self.undo = self._tool("undo", self.tr("Undo"), studio.document.undo_stack.createUndoAction(self))
        self.redo = self._tool("redo", self.tr("Redo"), studio.document.undo_stack.createRedoAction(self))
        self.train = self._button(self.tr("Train"), "play", "top.train", primary=True)
        self.pause = self._button(self.tr("Pause"), "pause", "top.pause")
        self.stop = self._button(self.tr("Stop"), "stop", "top.stop")
        only_single_clicks(self.train, self.pause, self.stop)
        self._lay_out()
        self._make_menus()
        self._connect()
        self.refresh()

    def _place_chip(self, caption: str, place: str) -> Chip:
        chip = Chip(caption, clickable=True)
        chip.setObjectName(f"top.{place}")
        chip.clicked.connect(lambda: self.place_wanted.emit(place))
        return chip

    def _tool(self, name: str, text: str, action: QAction) -> QToolButton:
        action.setIcon(icon(name))
        action.setShortcuts(QKeySequence.keyBindings(getattr(QKeySequence.StandardKey, name.capitalize())))
        button = QToolButton()
        button.setObjectName(f"top.{name}")
        button.setProperty("raised", True)
        button.setDefaultAction(action)
        button.setAccessibleName(text)
        button.setIconSize(QSize(theme().px(16), theme().px(16)))
        return button

    def _button(self, text: str, name: str, object_name: str, primary: bool = False) -> QPushButton:
        token = "on_accent" if primary else "text"
        button = QPushButton(icon(name, color=token, active=token), text)
        button.setObjectName(object_name)
        button.setProperty("primary", primary)
        button.setAccessibleName(text)
        return button

    def _lay_out(self) -> None:
        tokens = theme().tokens
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.space_large, tokens.space, tokens.space_large, tokens.space)
        row.setSpacing(tokens.space)
        row.addWidget(IconView("atelier", 16, color="accent"))
        name = QLabel("Atelier")
        name.setProperty("strong", True)
        row.addWidget(name)
        row.addSpacing(tokens.space_large)
        for chip in (self.project, self.data, self.network, self.device):
            row.addWidget(chip)
        row.addStretch(1)
        for button in (self.undo, self.redo, self.train, self.pause, self.stop):
            row.addWidget(button)

    def _make_menus(self) -> None:
        stop = QMenu(self)
        stop.addAction(self.tr("Stop and keep the best"), lambda: self._studio.training.stop(True))
        stop.addAction(self.tr("Stop and discard"), lambda: self._studio.training.stop(False))
        self.stop.setMenu(stop)
        self.menu = QMenu(self)
        self.save_action = self._action(self.tr("Save"), self._studio.save, QKeySequence.StandardKey.Save)
        self.menu.addAction(self.save_action)
        self.menu.addAction(
            self._action(self.tr("Save as…"), self.save_as_wanted.emit, QKeySequence.StandardKey.SaveAs)
        )
        self.menu.addSeparator()
        self.menu.addAction(self._action(self.tr("Open…"), self.open_wanted.emit, QKeySequence.StandardKey.Open))
        home = self._action(self.tr("Start page"), lambda: self.place_wanted.emit("home"), QKeySequence("Ctrl+Home"))
        self.menu.addAction(home)
        self.menu.addSeparator()
        look = self.menu.addMenu(self.tr("Appearance"))
        self._modes: dict[str, QAction] = {}
        for mode, text in (
            ("system", self.tr("As the desktop")),
            ("dark", self.tr("Dark")),
            ("light", self.tr("Light")),
        ):
            self._modes[mode] = self._mode_action(mode, text)
            look.addAction(self._modes[mode])
        theme().changed.connect(self._show_mode)
        self._show_mode()
        self.menu.addAction(self._action(self.tr("Settings…"), self.settings_wanted.emit, QKeySequence("Ctrl+,")))
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Keyboard shortcuts"), lambda: ShortcutsDialog(self.window()).show())
        self.menu.addAction(self.tr("About Atelier"), lambda: AboutDialog(self.window()).show())
        self.project.clicked.connect(self._show_menu)

    def _action(self, text: str, call: object, keys: QKeySequence.StandardKey | QKeySequence) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda: call())
        self.addAction(action)  # the shortcut works while the menu is closed
        return action

    def _mode_action(self, mode: str, text: str) -> QAction:
        action = QAction(text, self, checkable=True)
        action.setObjectName(f"top.mode.{mode}")
        action.triggered.connect(lambda: self._choose_mode(mode))
        return action

    def _choose_mode(self, mode: str) -> None:
        self.mode_wanted.emit(mode)
        self._show_mode()  # the theme tells nothing where the desktop's look is the chosen one already

    def _show_mode(self) -> None:
        for mode, action in self._modes.items():
            action.setChecked(theme().mode == mode)

    def _show_menu(self) -> None:
        self.menu.popup(self.project.mapToGlobal(self.project.rect().bottomLeft()))

    def _connect(self) -> None:
        studio = self._studio
        self.train.clicked.connect(self._on_train)
        self.pause.clicked.connect(self._on_pause)
        for signal in (studio.document.state_changed, studio.document.report_changed):
            signal.connect(self.refresh)
        for signal in (studio.data.index_changed, studio.data.pictures_changed, studio.training.state_changed):
            signal.connect(self.refresh)

    def _on_train(self) -> None:
        self.place_wanted.emit("train")
        self._studio.training.start()

    def _on_pause(self) -> None:
        training = self._studio.training
        training.resume() if training.state == "paused" else training.pause()

    def set_device(self, text: str) -> None:
        """Say what training runs on."""
        self.device.set_value(text)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        self.device.setVisible(self.width() >= theme().px(WIDE))

    def refresh(self) -> None:
        """Bring everything up to date with the studio."""
        document, training = self._studio.document, self._studio.training
        is_open = document.is_open
        self.project.set_value((document.name + (" •" if document.is_modified else "")) or self.tr("No project"))
        self.project.setToolTip(str(document.path) if is_open else self.tr("Open a project"))
        self.save_action.setEnabled(is_open)
        for chip in (self.data, self.network):
            chip.setVisible(is_open)
        self.data.set_value(self._data_text())
        self.network.set_value(self._network_text())
        active = training.is_active
        self.train.setVisible(is_open and not active)
        blocker = training.blocker()
        self.train.setEnabled(blocker is None)
        self.train.setToolTip("" if blocker is None else f"{blocker.what} {blocker.fix}".strip())
        self.pause.setVisible(active)
        self.stop.setVisible(active)
        self.stop.setEnabled(training.state != "stopping")
        self.pause.setEnabled(training.state in ("training", "paused"))
        paused = training.state == "paused"
        self.pause.setText(self.tr("Resume") if paused else self.tr("Pause"))
        self.pause.setIcon(icon("play" if paused else "pause", color="text", active="text"))

    def _data_text(self) -> str:
        index, pictures = self._studio.data.index, self._studio.data.pictures
        if index is None:
            return self.tr("none yet")
        images = len(index) if pictures is None else int((pictures.row_of >= 0).sum())  # only those that can be read
        classes = len(index.classes)
        words = self.tr("{0} class · {1} images") if classes == 1 else self.tr("{0} classes · {1} images")
        return words.format(classes, grouped(images))

    def _network_text(self) -> str:
        document = self._studio.document
        if not len(document.network):
            return self.tr("empty")
        if document.report.problems:
            return self.tr("not ready")
        name = title_of(document.network, document.facts)
        return f"{name} · {_short(document.report.parameters)}"


def _short(count: int) -> str:
    """A number of parameters in few characters: 650, 21.7 k, 2.1 M."""
    if count < 1000:
        return str(count)
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if count >= size:
            return f"{count / size:.1f} {letter}"
    return f"{count / 1e3:.1f} k"
