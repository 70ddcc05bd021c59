"""Images of a camera: hold the space bar to take a burst of them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import EngineError
from gui.pages.data.capture.burst import Burst
from gui.pages.data.capture.frames import FrameSource
from gui.pages.data.capture.popup_box import PopupBox
from gui.pages.data.capture.viewfinder import Viewfinder, middle_square
from gui.pages.data.side_scroll import SideScroll
from gui.theme import theme
from gui.widgets.empty import EmptyState
from gui.widgets.fields import SpinBox
from gui.widgets.panel import dim_label, text_label

MakeSource = Callable[[QObject], FrameSource]

PATIENCE = 6000  # ms without a frame after which a camera counts as not working; some take four to wake up
COUNTDOWN = 3  # seconds
SIDE = 210  # px at 100 % text size, the column of settings


def open_camera(parent: QObject) -> FrameSource:
    """The computer's own cameras. Raises: EngineError, where QtMultimedia is missing or broken."""
    from gui.pages.data.capture.camera import CameraSource

    return CameraSource(parent)


class WebcamPanel(QWidget):
    """A live view, and images taken from it. The camera is in use between `start` and `stop` only.

    Signals:
        taken(QImage): an image to be kept, not mirrored, cut to the square where that is wanted.
    """

    taken = Signal(object)

    def __init__(
        self, settings: QSettings, make_source: MakeSource = open_camera, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._settings, self._make_source = settings, make_source
        self._source: FrameSource | None = None
        self._is_started, self._is_fresh, self._class_name = False, False, ""
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.timeout.connect(self._on_silence)
        self.burst = Burst(self)
        self.burst.shot_due.connect(self._take)
        self.burst.running_changed.connect(self._show_button)
        self._make_view()
        self._make_settings()
        self._lay_out()
        self._remember()
        self._show_button()

    # ---- parts

    def _make_view(self) -> None:
        self.view = Viewfinder()
        self.view.setObjectName("collect.webcam.view")
        self.view.setAccessibleName(self.tr("Live image; hold the space bar to take images"))
        self.view.pressed.connect(self._press)
        self.view.released.connect(self.burst.release)
        self.burst.counted.connect(self.view.show_count)
        self.trouble = EmptyState("warning", "")
        self.again = self.trouble.add_button(self.tr("Try again"))
        self.again.setObjectName("collect.webcam.again")
        self.again.setAccessibleName(self.tr("Try the camera again"))
        self.again.setAutoDefault(False)
        self.again.clicked.connect(self.start)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.view)
        self.trouble_scroll = SideScroll(self.trouble)  # in a small window its sentences need more than there is
        self.stack.addWidget(self.trouble_scroll)
        self.button = QPushButton()
        self.button.setObjectName("collect.webcam.take")
        self.button.setProperty("primary", True)
        self.button.setAutoDefault(False)
        self.button.pressed.connect(self._press)
        self.button.released.connect(self.burst.release)

    def _make_settings(self) -> None:
        self.camera = PopupBox()
        self.camera.setObjectName("collect.webcam.camera")
        self.camera.setAccessibleName(self.tr("Camera"))
        self.camera.activated.connect(self._on_camera_chosen)
        self.camera.folded.connect(self.focus)
        self.rate = _spin("collect.webcam.rate", self.tr("Images per second"), 1, 15)
        self.countdown = QCheckBox(self.tr("Count down first"))
        self.countdown.setToolTip(
            self.tr("Wait {seconds} seconds, then take images without a hand on the key.").format(seconds=COUNTDOWN)
        )
        self.number = _spin("collect.webcam.number", self.tr("Images after the countdown"), 1, 500)
        self.mirror = QCheckBox(self.tr("Mirror the view"))
        self.mirror.setToolTip(self.tr("As in a mirror, on screen only; the images are kept as the camera sees them."))
        self.square = QCheckBox(self.tr("Keep the square only"))
        self.square.setToolTip(self.tr("Cut off what lies beside the middle square; else the whole image is kept."))
        for box, name in ((self.countdown, "countdown"), (self.mirror, "mirror"), (self.square, "square")):
            box.setObjectName(f"collect.webcam.{name}")
            box.setAccessibleName(box.text())
            box.setAccessibleDescription(box.toolTip())

    def _lay_out(self) -> None:
        tokens = theme().tokens
        left = QVBoxLayout()
        left.setSpacing(tokens.space)
        left.addWidget(self.stack, 1)
        left.addWidget(self.button)
        column = QVBoxLayout()
        column.setContentsMargins(2, 2, tokens.space, 2)
        column.setSpacing(tokens.space_small)
        self.number_label = text_label(self.tr("Images then"))
        for label, field in (
            (text_label(self.tr("Camera")), self.camera),
            (text_label(self.tr("Images per second")), self.rate),
            (None, self.countdown),
            (self.number_label, self.number),
            (None, self.mirror),
            (None, self.square),
        ):
            if label is not None:
                label.setBuddy(field)
                column.addWidget(label)
            column.addWidget(field)
            column.addSpacing(tokens.space_small)
        self.hint = dim_label(
            self.tr("Turn and move between images: many that look alike teach little more than one."), wrap=True
        )
        column.addWidget(self.hint)
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
        self.rate.setValue(value("collect/rate", self.burst.rate, type=int))
        self.number.setValue(value("collect/number", self.burst.number, type=int))
        self.countdown.setChecked(value("collect/countdown", False, type=bool))
        self.mirror.setChecked(value("collect/mirror", True, type=bool))
        self.square.setChecked(value("collect/square", True, type=bool))
        self._obey()
        for field in (self.rate, self.number):
            field.valueChanged.connect(self._on_setting)
        for box in (self.countdown, self.mirror, self.square):
            box.toggled.connect(self._on_setting)

    def _on_setting(self) -> None:
        for name in ("rate", "number"):
            self._settings.setValue(f"collect/{name}", getattr(self, name).value())
        for name in ("countdown", "mirror", "square"):
            self._settings.setValue(f"collect/{name}", getattr(self, name).isChecked())
        self._obey()

    def _obey(self) -> None:
        """Let the parts do what the fields say."""
        counts = self.countdown.isChecked()
        self.burst.stop()
        self.burst.rate, self.burst.number = self.rate.value(), self.number.value()
        self.burst.countdown = COUNTDOWN if counts else 0
        self.number.setEnabled(counts)
        self.number_label.setEnabled(counts)
        self.view.is_mirrored, self.view.keeps_square = self.mirror.isChecked(), self.square.isChecked()
        self.view.update()
        self._show_button()

    # ---- the camera

    def start(self) -> None:
        """Use the camera from now on."""
        self.stop()
        self._is_started = True
        try:
            source = self._source or self._made_source()
        except EngineError as error:
            self._show_problem(error)
            return
        self._list_cameras()
        self._show_problem(None)
        self._silence.start(PATIENCE)
        source.start(self.camera.currentData() or "")

    def stop(self) -> None:
        """Let the camera go."""
        self._is_started = False
        self.burst.stop()
        self._silence.stop()
        if self._source is not None:
            self._source.stop()
        self.view.show_image(QImage())
        self._is_fresh = False
        self._show_button()

    def _made_source(self) -> FrameSource:
        source = self._make_source(self)
        source.frame_arrived.connect(self._on_frame)
        source.problem_found.connect(self._on_problem)
        source.cameras_changed.connect(self._on_cameras_changed)
        # Whoever deletes the window lets the camera go, also where nobody has closed it before.
        self.destroyed.connect(source.stop)
        self._source = source
        return source

    def _list_cameras(self) -> None:
        wanted = self.camera.currentData() or self._settings.value("collect/camera", "")
        self.camera.clear()
        for camera in self._source.cameras():
            self.camera.addItem(camera.name, camera.id)
        place = self.camera.findData(wanted)
        self.camera.setCurrentIndex(place if place >= 0 else min(0, self.camera.count() - 1))
        self.camera.setEnabled(self.camera.count() > 0)
        self.camera.setToolTip(self.camera.currentText())

    def _on_camera_chosen(self) -> None:
        self._settings.setValue("collect/camera", self.camera.currentData())
        self.start()

    def _on_cameras_changed(self) -> None:
        if not self._is_started:
            return
        running = self.camera.currentData()
        self._list_cameras()
        if self.stack.currentWidget() is self.trouble_scroll or self.camera.currentData() != running:
            self.start()

    def _on_frame(self, image: QImage) -> None:
        if not self._is_started:
            return
        self._silence.start(PATIENCE)
        first = self.view.image().isNull()
        self._is_fresh = True
        self.view.show_image(image)
        if first:
            self._show_problem(None)

    def _on_silence(self) -> None:
        from gui.pages.data.capture.camera import not_working

        name = self.camera.currentText() or self.tr("Camera")
        self._source.stop()
        self._on_problem(not_working(name))

    def _on_problem(self, problem: EngineError) -> None:
        if self._is_started:
            self._silence.stop()
            self.burst.stop()
            self.view.show_image(QImage())
            self._is_fresh = False
            self._show_problem(problem)

    def _show_problem(self, problem: EngineError | None) -> None:
        self.stack.setCurrentWidget(self.view if problem is None else self.trouble_scroll)
        self.button.setVisible(problem is None)
        if problem is not None:
            self.trouble.set_text(problem.what, f"{problem.why} {problem.fix}".strip())
        self._show_button()

    def focus(self) -> None:
        """Let the space bar take images; where there is a problem, try again."""
        (self.view if self.stack.currentWidget() is self.view else self.again).setFocus()

    # ---- taking images

    def set_class(self, class_name: str) -> None:
        """Say which class images are taken for; empty while there is none."""
        self._class_name = class_name
        if not class_name:
            self.burst.stop()
        self._show_button()

    def _press(self) -> None:
        if self.button.isEnabled():
            self.burst.press()

    def _take(self) -> None:
        """Keep the frame that is shown, unless it was kept already."""
        if not self._is_fresh:
            self.burst.missed()
            return
        self._is_fresh = False
        image = self.view.image()
        self.view.flash()
        self.taken.emit(image.copy(middle_square(image.size())) if self.square.isChecked() else image)

    def _show_button(self) -> None:
        sees = self._is_started and not self.view.image().isNull()
        self.button.setEnabled(sees and bool(self._class_name))
        if not self._class_name:
            text = self.tr("Choose a class first")
        elif self.burst.countdown and self.burst.is_running:
            text = self.tr("Stop (Space)")
        elif self.burst.countdown:
            text = self.tr("Count down, then take {number} (Space)").format(number=self.burst.number)
        else:
            text = self.tr("Hold to take images (Space)")
        self.button.setText(text)
        self.button.setAccessibleName(text)


def _spin(name: str, label: str, low: int, high: int) -> SpinBox:
    box = SpinBox()
    box.setObjectName(name)
    box.setAccessibleName(label)
    box.setRange(low, high)
    return box
