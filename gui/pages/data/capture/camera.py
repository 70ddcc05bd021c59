"""Real cameras, through QtMultimedia; it is imported when the first source is made, never before."""

from __future__ import annotations

import importlib
from types import ModuleType

from PySide6.QtCore import QCameraPermission, QCoreApplication, QElapsedTimer, QObject, Qt

from engine.errors import EngineError
from gui.pages.data.capture.frames import Camera, FrameSource

HEIGHT = 720  # lines: more is slow to write, and far more than networks receive
FASTEST = 33  # ms between two frames: more of them only make the window busy


def _tr(text: str) -> str:
    return QCoreApplication.translate("CameraSource", text)


def load_multimedia() -> ModuleType:
    """QtMultimedia. Raises: EngineError, where it is not installed or cannot be loaded."""
    what = _tr("The camera cannot be used.")
    try:
        return importlib.import_module("PySide6.QtMultimedia")
    except ModuleNotFoundError as error:
        raise EngineError(
            what,
            why=_tr("The part of Qt that reads cameras is not installed."),
            fix=_tr("Install the Python package PySide6-Addons, then start Atelier again."),
        ) from error
    except Exception as error:  # a library of the system is missing or does not fit: ImportError, OSError, ...
        raise EngineError(
            what,
            why=_tr("The part of Qt that reads cameras cannot be loaded: {reason}.").format(reason=_one_line(error)),
            fix=_how_to_install(str(error)),
        ) from error


def _how_to_install(reason: str) -> str:
    """What to do about a library of the system that is missing: Qt's sound and camera need one that servers lack."""
    if "libpulse" in reason:
        return _tr("Install it (Debian and Ubuntu: libpulse0, Fedora: pulseaudio-libs), then start Atelier again.")
    return _tr("Install what is missing, then start Atelier again.")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def no_camera() -> EngineError:
    """There is none."""
    return EngineError(
        _tr("No camera was found."),
        why=_tr("None is connected, or it is switched off."),
        fix=_tr("Connect a camera, then try again."),
    )


def not_allowed() -> EngineError:
    """The system does not let this program use cameras."""
    return EngineError(
        _tr("Atelier may not use the camera."),
        why=_tr("The privacy settings of this computer forbid it."),
        fix=_tr("Allow it in the system's settings, under Privacy and Camera, then try again."),
    )


def not_working(name: str, reason: str = "") -> EngineError:
    """The camera is there, but gives nothing; usually another program has it."""
    maybe = _tr("Another program may be using it, or the privacy settings forbid it.")
    said = _tr("The system says: {reason}.").format(reason=reason.rstrip(".")) if reason else ""
    return EngineError(
        _tr("The camera “{name}” sends no images.").format(name=name),
        why=f"{maybe} {said}".strip(),
        fix=_tr("Close other programs that use it, or choose another camera, then try again."),
    )


class CameraSource(FrameSource):
    """The cameras of this computer."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Raises: EngineError, where QtMultimedia is missing or broken."""
        super().__init__(parent)
        self._multimedia = load_multimedia()
        self._devices = self._multimedia.QMediaDevices(self)
        self._devices.videoInputsChanged.connect(self.cameras_changed)
        self._session = self._multimedia.QMediaCaptureSession(self)
        self._sink = self._multimedia.QVideoSink(self)
        self._session.setVideoSink(self._sink)
        self._sink.videoFrameChanged.connect(self._on_frame)
        self._camera: QObject | None = None
        self._name, self._wanted = "", ""
        self._is_wanted = False
        self._since = QElapsedTimer()

    def cameras(self) -> list[Camera]:
        return [Camera(_id(device), device.description()) for device in self._found()]

    def start(self, camera_id: str = "") -> None:
        self.stop()
        self._wanted, self._is_wanted = camera_id, True
        app, permission = QCoreApplication.instance(), QCameraPermission()
        status = app.checkPermission(permission)
        if status == Qt.PermissionStatus.Undetermined:
            app.requestPermission(permission, self, self._on_answered)
        else:
            self._open(status == Qt.PermissionStatus.Granted)

    def stop(self) -> None:
        self._is_wanted = False
        camera, self._camera = self._camera, None
        if camera is None:
            return
        camera.errorOccurred.disconnect(self._on_error)
        camera.stop()
        self._session.setCamera(None)
        camera.deleteLater()

    def _found(self) -> list:
        usual = self._multimedia.QMediaDevices.defaultVideoInput()
        devices = list(self._multimedia.QMediaDevices.videoInputs())
        return sorted(devices, key=lambda device: device != usual)

    def _on_answered(self, permission: object) -> None:
        """The user has answered the system's question."""
        if self._is_wanted:
            self._open(QCoreApplication.instance().checkPermission(permission) == Qt.PermissionStatus.Granted)

    def _open(self, allowed: bool) -> None:
        devices = self._found()
        if not allowed:
            self._give_up(not_allowed())
        elif not devices:
            self._give_up(no_camera())
        else:
            device = next((device for device in devices if _id(device) == self._wanted), devices[0])
            self._name = device.description()
            self._camera = camera = self._multimedia.QCamera(device, self)
            camera.errorOccurred.connect(self._on_error)
            form = _best_format(device.videoFormats())
            if form is not None:
                camera.setCameraFormat(form)
            self._session.setCamera(camera)
            camera.start()

    def _on_error(self, error: object, reason: str) -> None:
        if error != self._multimedia.QCamera.Error.NoError:
            self._give_up(not_working(self._name, reason))

    def _give_up(self, problem: EngineError) -> None:
        self.stop()
        self.problem_found.emit(problem)

    def _on_frame(self, frame: object) -> None:
        if self._camera is None or (self._since.isValid() and self._since.elapsed() < FASTEST):
            return
        image = frame.toImage()
        if not image.isNull():
            self._since.start()
            self.frame_arrived.emit(image)


def _id(device: object) -> str:
    return bytes(device.id()).decode("utf-8", "replace")


def _best_format(formats: list) -> object | None:
    """The format nearest to `HEIGHT` lines; of those, the one with the most frames in a second up to 30."""
    return min(
        formats,
        key=lambda form: (abs(form.resolution().height() - HEIGHT), -min(30.0, form.maxFrameRate())),
        default=None,
    )
