"""Start, pause and stop."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QWidget

from gui.theme import icon, theme
from gui.widgets.single_clicks import only_single_clicks

RUNNING = ("preparing", "training", "paused", "stopping")


class TrainControls(QWidget):
    """The buttons that act on the training; which of them are shown follows its state."""

    def __init__(self, training: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.start = self._button("train.start", self.tr("Train"), "play")
        self.start.clicked.connect(self._start)
        self.pause = self._button("train.pause", self.tr("Pause"), "pause")
        self.pause.clicked.connect(self._pause_or_resume)
        self.stop = self._button("train.stop", self.tr("Stop"), "stop")
        self.stop.setMenu(self._stop_menu())
        self.stop.setProperty("menu", True)
        only_single_clicks(self.start, self.pause, self.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().tokens.space)
        for button in (self.start, self.pause, self.stop):
            row.addWidget(button)
        training.state_changed.connect(self.update_state)
        self.update_state()

    def _button(self, name: str, text: str, icon_name: str) -> QPushButton:
        button = QPushButton(icon(icon_name), text)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return button

    def _stop_menu(self) -> QMenu:
        menu = QMenu(self)
        self.keep = QAction(self.tr("Stop and keep the best"), self)
        self.keep.setObjectName("train.stop.keep")
        self.keep.triggered.connect(self._stop_and_keep)
        self.discard = QAction(self.tr("Stop and discard"), self)
        self.discard.setObjectName("train.stop.discard")
        self.discard.triggered.connect(self._stop_and_discard)
        menu.addActions([self.keep, self.discard])
        return menu

    def update_state(self) -> None:
        """Show the buttons that mean something now."""
        state = self._training.state
        running = state in RUNNING
        self.start.setVisible(not running)
        self.pause.setVisible(running)
        self.stop.setVisible(running)
        self.pause.setEnabled(state in ("training", "paused"))
        self.stop.setEnabled(state != "stopping")
        paused = state == "paused"
        self.pause.setText(self.tr("Resume") if paused else self.tr("Pause"))
        self.pause.setAccessibleName(self.pause.text())
        self.pause.setIcon(icon("play" if paused else "pause"))
        self.stop.setText(self.tr("Stopping…") if state == "stopping" else self.tr("Stop"))

    def set_blocked(self, sentence: str) -> None:
        """Say why training cannot start; empty when it can."""
        self.start.setEnabled(not sentence)
        self.start.setToolTip(sentence)

    def _start(self) -> None:
        self._training.start()

    def _pause_or_resume(self) -> None:
        if self._training.state == "paused":
            self._training.resume()
        else:
            self._training.pause()

    def _stop_and_keep(self) -> None:
        self._training.stop(keep=True)

    def _stop_and_discard(self) -> None:
        self._training.stop(keep=False)
