"""The window in which images are taken or drawn, class by class."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QImage, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import EngineError
from gui.pages.data.capture.classes import ClassChooser
from gui.pages.data.capture.drawing import DrawingPanel
from gui.pages.data.capture.shots import ShotStrip
from gui.pages.data.capture.webcam import MakeSource, WebcamPanel, open_camera
from gui.pages.data.capture.writer import Counted, ImageWriter, Removed, Written
from gui.pages.shared.qimages import pixels
from gui.theme import theme
from gui.widgets.notice import ErrorBar
from gui.widgets.panel import dim_label
from gui.widgets.segmented import Segmented

TELL = 700  # ms: images that are added in quick succession are told of together
MOST_WAITING = 20  # images in memory: where the disk is slower than the camera, some are passed over


class CollectDialog(QDialog):
    """Takes images with a camera, or has them drawn, and adds them to a data folder.

    Not modal; deletes itself once it was closed and everything is written.

    Signals:
        added(list[Path]): new files, told of at most once in `TELL` ms.
        removed(list[Path]): files that the user has taken back.
    """

    added = Signal(object)
    removed = Signal(object)

    def __init__(
        self,
        folder: Path,
        classes: tuple[str, ...],
        split: str,
        settings: QSettings,
        parent: QWidget | None = None,
        *,
        make_source: MakeSource = open_camera,
    ) -> None:
        """Make the window; `show` it.

        Args:
            folder: the data folder, as in its source.
            classes: names, in the order of the network's outputs; may be empty.
            split: what the images are for, "train", "validation" or "test", where the folder brings splits.
            settings: where the choices are kept, under "collect/".
            make_source: gives the camera when it is first wanted; may raise EngineError.
        """
        super().__init__(parent)
        self._settings = settings
        self._new: list[Path] = []
        self._is_leaving = False
        self.setObjectName("collect")
        self.setWindowTitle(self.tr("Collect images"))
        self.setModal(False)
        self.writer = ImageWriter(folder, classes, split, self)
        self._tell = QTimer(self)
        self._tell.setSingleShot(True)
        self._tell.setInterval(TELL)
        self._tell.timeout.connect(self._tell_added)
        self._make_parts(classes, make_source)
        self._lay_out(folder)
        self._connect_parts()
        self._remember()
        self.writer.count(self.classes.names())
        self.resize(theme().px(780), theme().px(620))

    # ---- parts

    def _make_parts(self, classes: tuple[str, ...], make_source: MakeSource) -> None:
        self.ways = Segmented()
        self.ways.setObjectName("collect.ways")
        self.ways.setAccessibleName(self.tr("Way to collect images"))
        self.ways.add("webcam", self.tr("Webcam"))
        self.ways.add("drawing", self.tr("Drawing"))
        self.classes = ClassChooser(classes)
        self.notice = ErrorBar()
        self.webcam = WebcamPanel(self._settings, make_source)
        self.drawing = DrawingPanel(self._settings)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.webcam)
        self.stack.addWidget(self.drawing)
        self.strip = ShotStrip()
        self.empty = dim_label(self.tr("The images you add appear here; press one to remove it again."), wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setFixedHeight(self.strip.height())
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.setObjectName("collect.close")
        self.close_button.setAccessibleName(self.tr("Close"))
        self.close_button.setAutoDefault(False)

    def _lay_out(self, folder: Path) -> None:
        tokens = theme().tokens
        top = QHBoxLayout()
        top.setSpacing(tokens.space_large)
        beside = QVBoxLayout()
        beside.setContentsMargins(0, 2, 0, 0)  # a segment is that much lower than the buttons of the same line
        beside.addWidget(self.ways)
        beside.addStretch(1)
        top.addLayout(beside)
        top.addWidget(self.classes, 1)
        foot = QHBoxLayout()
        foot.setSpacing(tokens.space_large)
        foot.addWidget(self.strip, 1)
        foot.addWidget(self.empty, 1)
        foot.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignBottom)
        self.strip.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(*[tokens.space_large] * 4)
        column.setSpacing(tokens.space_large)
        column.addLayout(top)
        column.addWidget(self.notice)
        column.addWidget(self.stack, 1)
        column.addLayout(foot)

    def _connect_parts(self) -> None:
        self.ways.chosen.connect(self._on_way_chosen)
        self.classes.chosen.connect(self._on_class_chosen)
        self.classes.settled.connect(self._focus)  # the next key takes an image; in the list it would open that again
        self.webcam.taken.connect(self._on_shot)
        self.drawing.taken.connect(self._on_drawn)
        self.strip.remove_wanted.connect(self._on_remove)
        self.close_button.clicked.connect(self.close)
        self.writer.written.connect(self._on_written)
        self.writer.removed.connect(self._on_removed)
        self.writer.counted.connect(self._on_counted)
        self.writer.failed.connect(self._on_failed)
        self.writer.idled.connect(self._leave_if_wanted)

    def _remember(self) -> None:
        way = str(self._settings.value("collect/way", "webcam"))
        self._show_way(way if way in self.ways.keys() else "webcam")  # noqa: SIM118 - a method, not a mapping
        self.classes.choose(str(self._settings.value("collect/class", "")))
        self._show_class(self.classes.current())

    def _show_way(self, way: str) -> None:
        self.ways.set_current(way)
        self.stack.setCurrentWidget(self.webcam if way == "webcam" else self.drawing)

    def _show_class(self, name: str) -> None:
        self.webcam.set_class(name)
        self.drawing.set_class(name)

    def _use_way(self) -> None:
        """Let the camera run while it is looked at, and the keys go where they are wanted."""
        if self.ways.current() == "webcam":
            self.webcam.start()
        else:
            self.webcam.stop()
        self._focus()

    def _focus(self) -> None:
        if not self.classes.current():
            self.classes.name.setFocus()
        elif self.ways.current() == "webcam":
            self.webcam.focus()
        else:
            self.drawing.pad.setFocus()

    # ---- what the user does

    def _on_way_chosen(self, way: str) -> None:
        self._settings.setValue("collect/way", way)
        self._show_way(way)
        self._use_way()

    def _on_class_chosen(self, name: str) -> None:
        self._settings.setValue("collect/class", name)
        self._show_class(name)

    def _on_shot(self, image: QImage) -> None:
        if self.writer.waiting < MOST_WAITING:
            self._add(image, "webcam")

    def _on_drawn(self, image: QImage) -> None:
        self._add(image, "drawing")

    def _add(self, image: QImage, prefix: str) -> None:
        # A QImage is shared and never changed in place: the thread may read it while the window shows it.
        grey = image.isGrayscale() if prefix == "drawing" else False
        take = slice(0, 1) if grey else slice(None)
        self.writer.add(self.classes.current(), lambda: [pixels(image)[..., take]], prefix=prefix, tag=image)

    def _on_remove(self, class_name: str, path: Path) -> None:
        self.writer.remove(class_name, [path])

    # ---- what was done

    def _on_written(self, written: Written) -> None:
        self.classes.count(written.class_name, len(written.paths))
        for path in written.paths:
            self.strip.add(written.tag, written.class_name, path)
        self._new += written.paths
        if not self._tell.isActive():
            self._tell.start()
        self._show_strip()

    def _on_removed(self, removed: Removed) -> None:
        self._tell_added()
        self.classes.count(removed.class_name, -len(removed.paths))
        self.strip.remove([*removed.paths, *removed.kept])
        self._show_strip()
        for path in removed.kept:
            what = self.tr("“{name}” was not removed.").format(name=path.name)
            why = self.tr("It was changed, moved or protected since it was added.")
            self.notice.show_message("info", what, why, self.tr("Remove it in your file manager if you want."))
        if removed.paths:
            self.removed.emit(removed.paths)

    def _on_counted(self, counted: Counted) -> None:
        self.classes.set_counts(counted.counts)

    def _on_failed(self, error: Exception) -> None:
        self.webcam.burst.stop()
        if not isinstance(error, EngineError):
            raise error
        self.notice.show_error(error.what, error.why, error.fix)

    def _tell_added(self) -> None:
        self._tell.stop()
        new, self._new = self._new, []
        if new:
            self.added.emit(new)

    def _show_strip(self) -> None:
        has_shots = bool(self.strip.shots())
        self.strip.setVisible(has_shots)
        self.empty.setVisible(not has_shots)

    # ---- coming and going

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not event.spontaneous():
            self._is_leaving = False
            self._use_way()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():  # a minimised window goes on
            self.webcam.stop()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # The key's release goes to the other window: without this the images would never end.
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.webcam.burst.release()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self._leave()

    def reject(self) -> None:
        super().reject()
        self._leave()

    def _leave(self) -> None:
        self._is_leaving = True
        self.webcam.stop()
        self._leave_if_wanted()

    def _leave_if_wanted(self) -> None:
        if self._is_leaving and not self.writer.waiting:
            self._tell_added()
            self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no field has used."""
        key = event.key()
        if Qt.Key.Key_1 <= key <= Qt.Key.Key_9 and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.classes.choose_number(key - Qt.Key.Key_1)
        elif key == Qt.Key.Key_Escape and self.webcam.burst.is_running:
            self.webcam.burst.stop()
        elif event.matches(QKeySequence.StandardKey.Undo) and self.ways.current() == "drawing":
            self.drawing.pad.undo()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            pass  # it was for the field it was typed into; QDialog would press a button that has no focus
        else:
            super().keyPressEvent(event)
